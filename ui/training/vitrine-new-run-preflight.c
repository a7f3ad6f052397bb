/* What a new run would need, as "vitrine train --dry-run" answers it while the person still
 * chooses. */
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "app/runs/vitrine-run.h"
#include "ui/training/vitrine-new-run-private.h"

/* Asking costs the machine some seconds: not for every letter that is typed. */
#define PAUSE_MSEC 800
#define ROWS       8

struct _VitrineNewRunPreflight {
  AdwPreferencesGroup parent_instance;
  VitrineRunSetup *setup;
  gboolean ready;
  guint timer;
  GCancellable *asking;
  char *error;
  char *asked; /* the arguments that were asked about, or answered */
  double speed, duration;
  AdwActionRow *state, *rows[ROWS];
  GtkSpinner *spinner;
};

G_DEFINE_FINAL_TYPE(VitrineNewRunPreflight, vitrine_new_run_preflight, ADW_TYPE_PREFERENCES_GROUP)

static guint answered_signal;

/* ---- the answer ------------------------------------------------------------------------------ */

static void
set_subtitle(AdwActionRow *row, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text(text, -1);
  adw_action_row_set_subtitle(row, escaped);
}

static void
show_state(VitrineNewRunPreflight *self, const char *text)
{
  for (int i = 0; i < ROWS; i++)
    gtk_widget_set_visible(GTK_WIDGET(self->rows[i]), FALSE);
  gtk_widget_set_visible(GTK_WIDGET(self->state), TRUE);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->state), text);
}

/* The trainer speaks English. */
static const char *
title_of(const char *word)
{
  static const char *const words[] = {N_("Preset"), N_("Networks"), N_("Device"),
                                      N_("Memory"), N_("Time"),     N_("Processes")};

  for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
    if (g_str_equal(words[i], word))
      return _(words[i]);
  return word;
}

/* "Memory:        about 0.8 GiB of 5.2 GiB available" */
static void
show_line(VitrineNewRunPreflight *self, const char *line, int *used)
{
  const char *colon = strchr(line, ':');

  if (!colon || *used == ROWS)
    return;
  g_autofree char *title = g_strndup(line, (gsize)(colon - line));
  g_autofree char *text = g_strstrip(g_strdup(colon + 1));
  AdwActionRow *row = self->rows[(*used)++];
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title_of(title));
  set_subtitle(row, text);
  gtk_widget_set_visible(GTK_WIDGET(row), TRUE);
}

/* "16m 40s" or "1d 02h 03m" to seconds; NAN if it is something else. */
static double
parse_time(const char *text)
{
  double sum = 0;

  for (; *text; text++) {
    char *end;
    double value = g_ascii_strtod(text, &end);
    double unit = *end == 'd' ? 86400 : *end == 'h' ? 3600 : *end == 'm' ? 60 : *end == 's' ? 1 : 0;
    if (end == text || unit == 0)
      return NAN;
    sum += value * unit;
    text = end;
    if (text[1] != ' ' || !g_ascii_isdigit(text[2]))
      return sum;
    text++;
  }
  return NAN;
}

/* The answer is the options as JSON, then "Word: what it would be" a line. */
static void
show_answer(VitrineNewRunPreflight *self, const char *text)
{
  const char *rest = g_strrstr(text, "}\n");
  g_auto(GStrv) lines = g_strsplit(rest ? rest + 2 : text, "\n", -1);
  int used = 0;

  gtk_widget_set_visible(GTK_WIDGET(self->state), FALSE);
  for (int i = 0; i < ROWS; i++)
    gtk_widget_set_visible(GTK_WIDGET(self->rows[i]), FALSE);
  for (char **line = lines; *line; line++) {
    show_line(self, *line, &used);
    if (g_str_has_prefix(*line, "Time:")) {
      const char *time = *line + strlen("Time:") + strspn(*line + strlen("Time:"), " ");
      const char *last = g_strrstr(time, ", ");
      self->speed = parse_time(time);
      self->duration = last ? parse_time(last + 2) : NAN;
    }
  }
}

/* ---- asking ---------------------------------------------------------------------------------- */

typedef struct {
  GWeakRef self;
  GCancellable *cancellable;
} Question;

static void
answer_cb(const char *text, const char *error, gpointer user_data)
{
  Question *q = user_data;
  g_autoptr(VitrineNewRunPreflight) self = g_weak_ref_get(&q->self);
  g_autoptr(GCancellable) cancellable = q->cancellable;

  g_weak_ref_clear(&q->self);
  g_free(q);
  if (!self || self->asking != cancellable || g_cancellable_is_cancelled(cancellable))
    return; /* the settings are others by now */
  g_clear_object(&self->asking);
  gtk_spinner_stop(self->spinner);
  self->error = g_strdup(error);
  if (error)
    show_state(self, _("It cannot be started like this."));
  else
    show_answer(self, text);
  g_signal_emit(self, answered_signal, 0);
}

static gboolean
ask_cb(gpointer data)
{
  VitrineNewRunPreflight *self = data;
  g_auto(GStrv) argv = vitrine_run_setup_argv(self->setup);
  Question *q = g_new0(Question, 1);

  self->timer = 0;
  self->asking = g_cancellable_new();
  g_weak_ref_init(&q->self, self);
  q->cancellable = g_object_ref(self->asking);
  vitrine_run_preflight((const char *const *)argv, answer_cb, q, self->asking);
  return G_SOURCE_REMOVE;
}

void
vitrine_new_run_preflight_stop(VitrineNewRunPreflight *self)
{
  g_return_if_fail(VITRINE_IS_NEW_RUN_PREFLIGHT(self));
  g_clear_handle_id(&self->timer, g_source_remove);
  if (self->asking)
    g_cancellable_cancel(self->asking);
  g_clear_object(&self->asking);
  g_clear_pointer(&self->asked, g_free);
  gtk_spinner_stop(self->spinner);
}

/* Asks again when the settings are others than those that were asked about. */
static void
update(VitrineNewRunPreflight *self)
{
  g_autofree char *problem = vitrine_run_setup_problem(self->setup);
  g_auto(GStrv) argv = vitrine_run_setup_argv(self->setup);
  g_autofree char *line = g_strjoinv("\n", argv);

  if (self->ready && !problem && g_strcmp0(line, self->asked) == 0)
    return;
  vitrine_new_run_preflight_stop(self);
  g_clear_pointer(&self->error, g_free);
  self->speed = self->duration = NAN;
  if (self->ready && !problem) {
    show_state(self, _("Trying one step of the training…"));
    gtk_spinner_start(self->spinner);
    self->asked = g_steal_pointer(&line);
    self->timer = g_timeout_add(PAUSE_MSEC, ask_cb, self);
  } else {
    show_state(self, _("Shown once the pictures and settings are known"));
  }
}

void
vitrine_new_run_preflight_set_ready(VitrineNewRunPreflight *self, gboolean ready)
{
  g_return_if_fail(VITRINE_IS_NEW_RUN_PREFLIGHT(self));
  self->ready = ready;
  update(self);
}

const char *
vitrine_new_run_preflight_get_error(VitrineNewRunPreflight *self)
{
  g_return_val_if_fail(VITRINE_IS_NEW_RUN_PREFLIGHT(self), NULL);
  return self->error;
}

gboolean
vitrine_new_run_preflight_is_asking(VitrineNewRunPreflight *self)
{
  g_return_val_if_fail(VITRINE_IS_NEW_RUN_PREFLIGHT(self), FALSE);
  return self->timer || self->asking;
}

double
vitrine_new_run_preflight_get_duration(VitrineNewRunPreflight *self)
{
  g_return_val_if_fail(VITRINE_IS_NEW_RUN_PREFLIGHT(self), NAN);
  return self->duration;
}

double
vitrine_new_run_preflight_get_speed(VitrineNewRunPreflight *self)
{
  g_return_val_if_fail(VITRINE_IS_NEW_RUN_PREFLIGHT(self), 0);
  return self->speed;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
vitrine_new_run_preflight_dispose(GObject *object)
{
  VitrineNewRunPreflight *self = VITRINE_NEW_RUN_PREFLIGHT(object);

  if (self->setup)
    vitrine_new_run_preflight_stop(self);
  g_clear_object(&self->setup);
  G_OBJECT_CLASS(vitrine_new_run_preflight_parent_class)->dispose(object);
}

static void
vitrine_new_run_preflight_finalize(GObject *object)
{
  g_free(VITRINE_NEW_RUN_PREFLIGHT(object)->error);
  G_OBJECT_CLASS(vitrine_new_run_preflight_parent_class)->finalize(object);
}

static void
vitrine_new_run_preflight_class_init(VitrineNewRunPreflightClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_new_run_preflight_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_new_run_preflight_finalize;
  answered_signal = g_signal_new("answered", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_new_run_preflight_init(VitrineNewRunPreflight *self)
{
  AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP(self);

  self->speed = self->duration = NAN;
  adw_preferences_group_set_title(group, _("What It Takes"));
  self->state = ADW_ACTION_ROW(adw_action_row_new());
  self->spinner = GTK_SPINNER(gtk_spinner_new());
  gtk_widget_set_name(GTK_WIDGET(self->state), "preflight-state");
  adw_action_row_set_title_lines(self->state, 0);
  adw_action_row_add_suffix(self->state, GTK_WIDGET(self->spinner));
  adw_preferences_group_add(group, GTK_WIDGET(self->state));
  for (int i = 0; i < ROWS; i++) {
    g_autofree char *name = g_strdup_printf("preflight-%d", i);
    self->rows[i] = ADW_ACTION_ROW(adw_action_row_new());
    gtk_widget_set_name(GTK_WIDGET(self->rows[i]), name);
    adw_action_row_set_subtitle_lines(self->rows[i], 0);
    adw_preferences_group_add(group, GTK_WIDGET(self->rows[i]));
  }
  show_state(self, _("Shown once the pictures and settings are known"));
}

GtkWidget *
vitrine_new_run_preflight_new(VitrineRunSetup *setup)
{
  VitrineNewRunPreflight *self = g_object_new(VITRINE_TYPE_NEW_RUN_PREFLIGHT, NULL);

  self->setup = g_object_ref(setup);
  return GTK_WIDGET(self);
}
