#include "ui/training/vitrine-run-view-private.h"
#include "ui/parts/vitrine-number.h"
#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-path.h"

G_DEFINE_FINAL_TYPE(VitrineRunView, vitrine_run_view, GTK_TYPE_BOX)

static guint open_run_signal;

/* ---- the state line -------------------------------------------------------------------------- */

static const char *
state_text(SgRunState state)
{
  switch (state) {
  case SG_RUN_RUNNING:
    return _("running");
  case SG_RUN_PAUSED:
    return _("paused");
  case SG_RUN_FINISHED:
    return _("finished");
  case SG_RUN_STOPPED:
    return _("stopped");
  case SG_RUN_DIVERGED:
    return _("diverged");
  case SG_RUN_DIED:
    return _("died");
  default:
    return _("read-only");
  }
}

static void
append(GString *text, const char *part)
{
  if (text->len)
    g_string_append(text, " · ");
  g_string_append(text, part);
}

static void
append_age(GString *text, double newest)
{
  double age = (double)g_get_real_time() / G_USEC_PER_SEC - newest;

  if (newest <= 0)
    return;
  g_autofree char *duration = vitrine_duration_text(age);
  g_autofree char *part = g_strdup_printf(_("newest line %s ago"), duration);
  append(text, part);
}

/* "running · 18.1 of 100 kimg · 57 pictures/s · 24 min left" */
static char *
status_line(const SgRunStatus *s, gboolean stopping)
{
  GString *text =
      g_string_new(stopping ? _("stopping, with a last snapshot") : state_text(s->state));

  if (!isnan(s->kimg)) {
    g_autofree char *at = vitrine_run_kimg(s->kimg), *all = vitrine_run_kimg(s->total_kimg);
    g_autofree char *part = !isnan(s->total_kimg) ? g_strdup_printf(_("%s of %s kimg"), at, all)
                                                  : g_strdup_printf(_("%s kimg"), at);
    append(text, part);
  }
  if (s->state == SG_RUN_RUNNING && s->images_per_sec > 0) {
    g_autofree char *part = g_strdup_printf(
        s->images_per_sec < 10 ? _("%.1f pictures/s") : _("%.0f pictures/s"), s->images_per_sec);
    append(text, part);
  }
  if (s->state == SG_RUN_RUNNING && !stopping && !isnan(s->eta)) {
    g_autofree char *time = vitrine_duration_text(s->eta);
    g_autofree char *part = g_strdup_printf(_("%s left"), time);
    append(text, part);
  }
  if (s->state == SG_RUN_FOREIGN)
    append_age(text, s->newest);
  return g_string_free(text, FALSE);
}

/* ---- what can be done ------------------------------------------------------------------------ */

static gboolean
lives(const SgRunStatus *s)
{
  return s && (s->state == SG_RUN_RUNNING || s->state == SG_RUN_PAUSED);
}

/* Why a run cannot be steered; NULL if it can. */
static const char *
why_not(VitrineRunView *self, const SgRunStatus *s)
{
  if (vitrine_run_is_stopping(self->run))
    return _("The training is stopping");
  if (vitrine_run_can_steer(self->run))
    return NULL;
  if (s && s->state == SG_RUN_FOREIGN)
    return _("Another machine or another program trains here: it can only be watched");
  if (!lives(s))
    return _("The training has ended");
  return _("The training does not answer");
}

static void
set_button(GtkWidget *button, const char *tooltip, const char *why)
{
  gtk_widget_set_sensitive(button, why == NULL);
  gtk_widget_set_tooltip_text(button, why ? why : tooltip);
  gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip,
                                 GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, why ? why : "", -1);
}

static gboolean
is_followed(VitrineRunView *self)
{
  VitrineFollowing *following = vitrine_session_get_following(self->session);

  return g_strcmp0(vitrine_following_get_directory(following), vitrine_run_get_path(self->run)) ==
         0;
}

static void
show_buttons(VitrineRunView *self, const SgRunStatus *s)
{
  const char *why = why_not(self, s);
  gboolean paused = s && s->state == SG_RUN_PAUSED;

  gtk_button_set_icon_name(self->pause, paused ? "media-playback-start-symbolic"
                                               : "media-playback-pause-symbolic");
  set_button(GTK_WIDGET(self->pause), paused ? _("Go on") : _("Pause"), why);
  set_button(GTK_WIDGET(self->snapshot), _("Save a snapshot now"), why);
  set_button(GTK_WIDGET(self->stop), _("Stop with a final snapshot"), why);
  gboolean following = is_followed(self);
  /* Of a run that cannot be asked for them the snapshots are shown as they come. */
  gboolean comes = following || lives(s) || (s && s->state == SG_RUN_FOREIGN);
  set_button(GTK_WIDGET(self->follow), _("Explore the newest weights while it trains"),
             comes ? NULL : why);
  gtk_toggle_button_set_active(self->follow, following);
}

static void
changed_cb(VitrineRunView *self)
{
  const SgRunStatus *s = vitrine_run_get_status(self->run);
  const char *error = vitrine_run_get_error(self->run);

  show_buttons(self, s);
  vitrine_run_view_update_actions(self);
  vitrine_run_view_show_advice(self);
  if (!s) {
    gtk_label_set_text(self->state, error ? error : _("Reading…"));
    gtk_widget_set_visible(GTK_WIDGET(self->progress), FALSE);
    return;
  }
  g_autofree char *line = status_line(s, vitrine_run_is_stopping(self->run));
  gtk_label_set_text(self->state, line);
  vitrine_path_tooltip(GTK_WIDGET(self->state), s->path);
  gboolean known = s->total_kimg > 0 && !isnan(s->kimg);
  gtk_widget_set_visible(GTK_WIDGET(self->progress), known);
  if (known)
    gtk_progress_bar_set_fraction(self->progress, CLAMP(s->kimg / s->total_kimg, 0, 1));
}

/* ---- the buttons ----------------------------------------------------------------------------- */

static void
pause_cb(VitrineRunView *self)
{
  const SgRunStatus *s = vitrine_run_get_status(self->run);
  vitrine_run_steer(self->run, s && s->state == SG_RUN_PAUSED ? "resume" : "pause");
}

static void
snapshot_cb(VitrineRunView *self)
{
  vitrine_run_steer(self->run, "snapshot");
}

static void
stop_answer_cb(const char *answer, gpointer data)
{
  g_autoptr(VitrineRun) run = data;

  if (g_str_equal(answer, "stop"))
    vitrine_run_steer(run, "stop");
}

static void
stop_cb(VitrineRunView *self)
{
  static const VitrineChoice choices[] = {
      {"cancel", N_("_Cancel"), VITRINE_CHOICE_PLAIN},
      {"stop", N_("_Stop"), VITRINE_CHOICE_DESTRUCTIVE},
      {NULL},
  };
  GtkWidget *dialog = vitrine_dialogs_ask(
      GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), _("Stop the training?"),
      _("It saves a snapshot first, and can be resumed from there."), choices, NULL, stop_answer_cb,
      g_object_ref(self->run));

  gtk_widget_set_name(dialog, "stop-dialog");
}

static void
follow_cb(VitrineRunView *self)
{
  gboolean wanted = gtk_toggle_button_get_active(self->follow);

  if (wanted == is_followed(self))
    return;
  if (wanted)
    vitrine_following_start(vitrine_session_get_following(self->session),
                            vitrine_run_get_path(self->run));
  else
    vitrine_following_stop(vitrine_session_get_following(self->session));
}

/* ---- news that the window shows -------------------------------------------------------------- */

static void
message_cb(VitrineRun *run, const char *text, gboolean is_error, VitrineSession *session)
{
  vitrine_session_say(session, text, is_error);
}

/* Once a run, however many views it has. */
static void
connect_messages(VitrineRunView *self)
{
  if (g_signal_handler_find(self->run, G_SIGNAL_MATCH_FUNC, 0, 0, NULL, message_cb, NULL))
    return;
  g_signal_connect_object(self->run, "message", G_CALLBACK(message_cb), self->session, 0);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
map_cb(VitrineRunView *self)
{
  vitrine_run_add_viewer(self->run, 1);
}

static void
unmap_cb(VitrineRunView *self)
{
  vitrine_run_add_viewer(self->run, -1);
}

static void
add_page(VitrineRunView *self, GtkWidget *page, const char *name, const char *title)
{
  gtk_stack_add_titled(self->stack, page, name, title);
}

static void
vitrine_run_view_dispose(GObject *object)
{
  VitrineRunView *self = VITRINE_RUN_VIEW(object);

  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_RUN_VIEW);
  g_clear_object(&self->run);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_run_view_parent_class)->dispose(object);
}

static void
vitrine_run_view_finalize(GObject *object)
{
  VitrineRunView *self = VITRINE_RUN_VIEW(object);

  g_hash_table_unref(self->dismissed);
  g_free(self->advice_shown);
  G_OBJECT_CLASS(vitrine_run_view_parent_class)->finalize(object);
}

static void
vitrine_run_view_class_init(VitrineRunViewClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_run_view_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_run_view_finalize;
  open_run_signal = g_signal_new("open-run", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  gtk_widget_class_set_template_from_resource(widget_class,
                                              "/io/github/vitrine/Vitrine/ui/vitrine-run-view.ui");
#define BIND(name) gtk_widget_class_bind_template_child(widget_class, VitrineRunView, name)
  BIND(state);
  BIND(progress);
  BIND(pause);
  BIND(snapshot);
  BIND(stop);
  BIND(follow);
  BIND(menu_button);
  BIND(compare_menu);
  BIND(advice);
  BIND(stack);
#undef BIND
  gtk_widget_class_bind_template_callback(widget_class, pause_cb);
  gtk_widget_class_bind_template_callback(widget_class, snapshot_cb);
  gtk_widget_class_bind_template_callback(widget_class, stop_cb);
  gtk_widget_class_bind_template_callback(widget_class, follow_cb);
}

static void
vitrine_run_view_init(VitrineRunView *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
  self->dismissed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->progress), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("How far the training is"), -1);
}

GtkWidget *
vitrine_run_view_new(VitrineRun *run, VitrineSession *session)
{
  g_return_val_if_fail(VITRINE_IS_RUN(run), NULL);
  VitrineRunView *self = g_object_new(VITRINE_TYPE_RUN_VIEW, NULL);

  self->run = g_object_ref(run);
  self->session = g_object_ref(session);
  self->charts = VITRINE_RUN_CHARTS(vitrine_run_charts_new(run, session));
  add_page(self, GTK_WIDGET(self->charts), "charts", _("Charts"));
  add_page(self, vitrine_run_samples_new(run), "samples", _("Samples"));
  add_page(self, vitrine_run_scores_new(run, session), "scores", _("Scores"));
  add_page(self, vitrine_run_table_new(run), "table", _("Table"));
  add_page(self, vitrine_run_log_new(run), "log", _("Log"));
  vitrine_run_view_init_actions(self);
  connect_messages(self);
  g_signal_connect(self, "map", G_CALLBACK(map_cb), NULL);
  g_signal_connect(self, "unmap", G_CALLBACK(unmap_cb), NULL);
  g_signal_connect_object(run, "changed", G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(run, "files-changed", G_CALLBACK(vitrine_run_view_update_actions), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(vitrine_session_get_following(session), "notify::directory",
                          G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
  changed_cb(self);
  return GTK_WIDGET(self);
}

VitrineRun *
vitrine_run_view_get_run(VitrineRunView *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN_VIEW(self), NULL);
  return self->run;
}

void
vitrine_run_view_show(VitrineRunView *self, const char *page)
{
  g_return_if_fail(VITRINE_IS_RUN_VIEW(self));
  gtk_stack_set_visible_child_name(self->stack, page);
}

const char *
vitrine_run_view_get_page(VitrineRunView *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN_VIEW(self), NULL);
  return gtk_stack_get_visible_child_name(self->stack);
}

GtkWidget *
vitrine_run_view_present_large(VitrineRunView *self, GtkWindow *parent)
{
  g_return_val_if_fail(VITRINE_IS_RUN_VIEW(self), NULL);
  GtkWidget *window = adw_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *view = vitrine_run_view_new(self->run, self->session);
  GtkEventController *keys = gtk_shortcut_controller_new();
  g_autofree char *name = g_filename_display_basename(vitrine_run_get_path(self->run));

  gtk_box_append(GTK_BOX(box), adw_header_bar_new());
  gtk_widget_set_vexpand(view, TRUE);
  gtk_box_append(GTK_BOX(box), view);
  vitrine_run_view_show(VITRINE_RUN_VIEW(view), vitrine_run_view_get_page(self));
  adw_window_set_content(ADW_WINDOW(window), box);
  gtk_shortcut_controller_add_shortcut(
      GTK_SHORTCUT_CONTROLLER(keys),
      gtk_shortcut_new(gtk_shortcut_trigger_parse_string("<Control>w"),
                       gtk_named_action_new("window.close")));
  gtk_widget_add_controller(window, keys);
  gtk_widget_set_name(window, "run-window");
  gtk_window_set_title(GTK_WINDOW(window), name);
  gtk_window_set_default_size(GTK_WINDOW(window), 1100, 760);
  vitrine_dialogs_attach(GTK_WINDOW(window), parent);
  gtk_window_set_destroy_with_parent(GTK_WINDOW(window), TRUE);
  vitrine_accessible_name_all(GTK_WIDGET(window));
  gtk_window_present(GTK_WINDOW(window));
  return window;
}
