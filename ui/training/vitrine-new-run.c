#include "ui/training/vitrine-new-run.h"
#include "ui/parts/vitrine-number.h"
#include <glib/gi18n.h>
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/training/vitrine-run-pages.h"
#include "app/runs/vitrine-run.h"
#include "app/session/vitrine-store.h"
#include "ui/training/vitrine-new-run-private.h"

/* Of a training: more is asked about before it starts. */
#define LONG_SECONDS (2 * 86400)

struct _VitrineNewRun {
  AdwWindow parent_instance;
  VitrineRunSetup *setup;
  GCancellable *starting; /* NULL: nothing is */
  char *start_error;      /* of the newest attempt */
  gboolean wanted;        /* as soon as it is known what it takes */
  GtkWidget *dialog;      /* weak: the question whether really */
  AdwPreferencesPage *page;
  GtkLabel *problem;
  GtkSpinner *spinner;
  GtkWidget *start_button;
  VitrineNewRunData *data;
  VitrineNewRunOrigin *origin;
  VitrineNewRunPreflight *preflight;
  GtkWidget *options;
};

G_DEFINE_FINAL_TYPE(VitrineNewRun, vitrine_new_run, ADW_TYPE_WINDOW)

static guint started_signal;

/* ---- where runs are kept --------------------------------------------------------------------- */

static void
recall_outdir(VitrineNewRun *self)
{
  json_t *root = vitrine_store_load("training");
  const char *kept = json_string_value(json_object_get(root, "outdir"));
  g_autofree char *home = g_build_filename(g_get_home_dir(), "vitrine-runs", NULL);

  vitrine_run_setup_set(self->setup, "outdir", kept ? kept : home, NULL);
  json_decref(root);
}

static void
remember_outdir(VitrineNewRun *self)
{
  json_t *root = vitrine_store_load("training");

  json_object_set_new(root, "outdir", json_string(vitrine_run_setup_get(self->setup, "outdir")));
  vitrine_store_save("training", root);
  json_decref(root);
}

/* ---- can it be started? ---------------------------------------------------------------------- */

static gboolean
resumes(VitrineNewRun *self)
{
  return vitrine_run_setup_get_origin(self->setup) == VITRINE_FROM_RUN;
}

static void
show_problem(VitrineNewRun *self)
{
  g_autofree char *problem = vitrine_run_setup_problem(self->setup);
  const char *asked = vitrine_new_run_preflight_get_error(self->preflight);
  gboolean good = resumes(self) || vitrine_new_run_data_is_good(self->data);
  const char *error = self->start_error ? self->start_error : asked;
  const char *text = error ? error : problem;

  gtk_label_set_text(self->problem, self->starting ? _("Starting…")
                                    : self->wanted ? _("Starts once it is known what it takes…")
                                    : text         ? text
                                                   : "");
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->problem), text);
  if (error && !self->starting)
    gtk_widget_add_css_class(GTK_WIDGET(self->problem), "error");
  else
    gtk_widget_remove_css_class(GTK_WIDGET(self->problem), "error");
  gtk_widget_set_sensitive(self->start_button,
                           good && !problem && !asked && !self->starting && !self->wanted);
  gtk_widget_set_sensitive(GTK_WIDGET(self->page), !self->starting);
}

/* A run that goes on has its data: shown like any other. */
static void
show_data_of_run(VitrineNewRun *self)
{
  g_autofree char *path = NULL;

  if (!resumes(self) || !vitrine_run_setup_get_origin_path(self->setup) ||
      vitrine_run_setup_get(self->setup, "data"))
    return;
  path = vitrine_run_setup_effective(self->setup, "data");
  if (path && *path)
    vitrine_new_run_data_open(self->data, path);
}

static void
changed_cb(VitrineNewRun *self)
{
  self->wanted = FALSE;
  g_clear_pointer(&self->start_error, g_free);
  show_data_of_run(self);
  vitrine_new_run_preflight_set_ready(self->preflight,
                                      !self->starting && vitrine_new_run_data_is_good(self->data));
  vitrine_new_run_options_set_speed(self->options,
                                    vitrine_new_run_preflight_get_speed(self->preflight));
  show_problem(self);
}

static void consider(VitrineNewRun *self);

static void
answered_cb(VitrineNewRun *self)
{
  gboolean wanted = self->wanted;

  self->wanted = FALSE;
  vitrine_new_run_options_set_speed(self->options,
                                    vitrine_new_run_preflight_get_speed(self->preflight));
  show_problem(self);
  if (wanted && !vitrine_new_run_preflight_get_error(self->preflight))
    consider(self);
}

/* ---- starting -------------------------------------------------------------------------------- */

static void
started_cb(const char *run_dir, const char *error, gpointer user_data)
{
  g_autoptr(VitrineNewRun) self = user_data;

  gtk_spinner_stop(self->spinner);
  g_clear_object(&self->starting);
  if (!self->setup) /* the dialog was closed meanwhile */
    return;
  if (error) {
    self->start_error = g_strdup(error);
    show_problem(self);
    return;
  }
  remember_outdir(self);
  g_signal_emit(self, started_signal, 0, run_dir);
  gtk_window_destroy(GTK_WINDOW(self));
}

static void
start(VitrineNewRun *self)
{
  g_auto(GStrv) argv = vitrine_run_setup_argv(self->setup);

  if (self->starting)
    return;
  vitrine_new_run_preflight_stop(self->preflight); /* two at once would slow each other down */
  g_clear_pointer(&self->start_error, g_free);
  self->starting = g_cancellable_new();
  gtk_spinner_start(self->spinner);
  show_problem(self);
  vitrine_run_start((const char *const *)argv, started_cb, g_object_ref(self), self->starting);
}

static void
really_cb(const char *answer, gpointer data)
{
  g_autoptr(VitrineNewRun) self = data;

  if (self->setup && g_str_equal(answer, "start"))
    start(self);
}

/* What gives pause, as sentences; NULL: nothing. */
static char *
concerns(VitrineNewRun *self)
{
  double seconds = vitrine_new_run_preflight_get_duration(self->preflight);
  const char *first = NULL;
  guint refused = vitrine_new_run_data_get_refused(self->data, &first);
  GString *text = g_string_new(NULL);

  if (seconds >= LONG_SECONDS) {
    g_autofree char *time = vitrine_duration_text(seconds);
    g_string_append_printf(text, _("It would take about %s on this device."), time);
  }
  if (refused > 0)
    g_string_append_printf(text,
                           ngettext("%s%'u file cannot be used and is left out: %s",
                                    "%s%'u files cannot be used and are left out; the first is %s",
                                    refused),
                           text->len ? "\n\n" : "", refused, first ? first : "");
  return g_string_free(text, text->len == 0);
}

/* What runs for days, or on less than was given, is asked about. */
static void
consider(VitrineNewRun *self)
{
  static const VitrineChoice choices[] = {
      {"cancel", N_("_Cancel"), VITRINE_CHOICE_PLAIN},
      {"start", N_("_Start"), VITRINE_CHOICE_SUGGESTED},
      {NULL},
  };
  g_autofree char *text = concerns(self);

  if (!text) {
    start(self);
    return;
  }
  g_set_weak_pointer(&self->dialog,
                     vitrine_dialogs_ask(GTK_WINDOW(self), _("Start this training?"), text, choices,
                                         NULL, really_cb, g_object_ref(self)));
  gtk_widget_set_name(self->dialog, "new-run-question");
}

static void
start_cb(VitrineNewRun *self)
{
  if (self->starting || self->wanted || self->dialog)
    return;
  self->wanted = vitrine_new_run_preflight_is_asking(self->preflight);
  if (self->wanted)
    show_problem(self);
  else
    consider(self);
}

GtkWidget *
vitrine_new_run_get_question(VitrineNewRun *self)
{
  g_return_val_if_fail(VITRINE_IS_NEW_RUN(self), NULL);
  return self->dialog;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
vitrine_new_run_dispose(GObject *object)
{
  VitrineNewRun *self = VITRINE_NEW_RUN(object);

  if (self->setup)
    g_signal_handlers_disconnect_by_data(self->setup, self);
  g_clear_object(&self->setup);
  g_clear_weak_pointer(&self->dialog);
  G_OBJECT_CLASS(vitrine_new_run_parent_class)->dispose(object);
}

static void
vitrine_new_run_finalize(GObject *object)
{
  VitrineNewRun *self = VITRINE_NEW_RUN(object);

  g_clear_object(&self->starting);
  g_free(self->start_error);
  G_OBJECT_CLASS(vitrine_new_run_parent_class)->finalize(object);
}

static void
vitrine_new_run_class_init(VitrineNewRunClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_new_run_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_new_run_finalize;
  started_signal = g_signal_new("started", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  gtk_widget_class_set_template_from_resource(widget_class,
                                              "/io/github/vitrine/Vitrine/ui/vitrine-new-run.ui");
  gtk_widget_class_bind_template_child(widget_class, VitrineNewRun, page);
  gtk_widget_class_bind_template_child(widget_class, VitrineNewRun, problem);
  gtk_widget_class_bind_template_child(widget_class, VitrineNewRun, spinner);
  gtk_widget_class_bind_template_child(widget_class, VitrineNewRun, start_button);
  gtk_widget_class_bind_template_callback(widget_class, start_cb);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static void
add_group(VitrineNewRun *self, GtkWidget *group)
{
  adw_preferences_page_add(self->page, ADW_PREFERENCES_GROUP(group));
}

static void
vitrine_new_run_init(VitrineNewRun *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
  self->setup = vitrine_run_setup_new();
  recall_outdir(self);
  self->data = VITRINE_NEW_RUN_DATA(vitrine_new_run_data_new(self->setup));
  self->origin = VITRINE_NEW_RUN_ORIGIN(vitrine_new_run_origin_new(self->setup));
  self->options = vitrine_new_run_options_new(self->setup);
  self->preflight = VITRINE_NEW_RUN_PREFLIGHT(vitrine_new_run_preflight_new(self->setup));
  add_group(self, GTK_WIDGET(self->data));
  add_group(self, GTK_WIDGET(self->origin));
  add_group(self, self->options);
  add_group(self, GTK_WIDGET(self->preflight));
  g_signal_connect_swapped(self->setup, "changed", G_CALLBACK(changed_cb), self);
  g_signal_connect_swapped(self->preflight, "answered", G_CALLBACK(answered_cb), self);
  changed_cb(self);
}

VitrineNewRun *
vitrine_new_run_present(GtkWindow *parent)
{
  VitrineNewRun *self = g_object_new(VITRINE_TYPE_NEW_RUN, NULL);
  vitrine_dialogs_attach(GTK_WINDOW(self), parent);

  vitrine_accessible_name_all(GTK_WIDGET(self));
  gtk_window_present(GTK_WINDOW(self));
  return self;
}

void
vitrine_new_run_set_data(VitrineNewRun *self, const char *path)
{
  g_return_if_fail(VITRINE_IS_NEW_RUN(self));
  vitrine_new_run_data_open(self->data, path);
}

void
vitrine_new_run_set_origin(VitrineNewRun *self, VitrineRunOrigin origin, const char *path)
{
  g_return_if_fail(VITRINE_IS_NEW_RUN(self));
  vitrine_new_run_origin_set(self->origin, origin, path);
}

VitrineRunSetup *
vitrine_new_run_get_setup(VitrineNewRun *self)
{
  g_return_val_if_fail(VITRINE_IS_NEW_RUN(self), NULL);
  return self->setup;
}
