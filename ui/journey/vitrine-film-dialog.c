#include "ui/journey/vitrine-film-dialog.h"
#include <glib/gi18n.h>
#include <string.h>
#include "app/journey/vitrine-filming.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-number.h"

struct _VitrineFilmDialog {
  AdwWindow parent_instance;
  VitrineTimeline *timeline;
  guint task; /* 0: nothing is recorded */
  char *path;

  AdwComboRow *kind_row;
  GtkSpinButton *size, *fps;
  GtkSwitch *sharp;
  GtkWidget *settings;
  GtkLabel *status;
  GtkProgressBar *progress;
  GtkWidget *start_button, *cancel_button;
};

G_DEFINE_FINAL_TYPE(VitrineFilmDialog, vitrine_film_dialog, ADW_TYPE_WINDOW)

/* As the rows of the combo. */
static const char *const endings[] = {".webm", ".mp4", ".webp", ".gif", ""};

static void
show_state(VitrineFilmDialog *self)
{
  gboolean running = self->task != 0;

  gtk_widget_set_visible(self->cancel_button, running);
  gtk_widget_set_visible(self->start_button, !running);
  gtk_widget_set_visible(GTK_WIDGET(self->progress), running);
  gtk_widget_set_sensitive(self->settings, !running);
}

static void
show_plan(VitrineFilmDialog *self)
{
  double duration = self->timeline ? vitrine_timeline_duration(self->timeline) : 0;
  int frames = (int)(duration * gtk_spin_button_get_value(self->fps) + 0.5);
  g_autofree char *text =
      duration > 0
          ? g_strdup_printf(ngettext("%'d frame, %.1f s", "%'d frames, %.1f s", (gulong)frames),
                            frames, duration)
          : g_strdup(_("Two keyframes make a film: add them to the timeline first"));

  if (self->task)
    return;
  gtk_label_set_text(self->status, text);
  gtk_widget_set_sensitive(self->start_button, duration > 0);
}

/* ---- recording ------------------------------------------------------------------------------- */

static void
stop(VitrineFilmDialog *self)
{
  VitrineSession *session = vitrine_timeline_get_session(self->timeline);

  if (!self->task)
    return;
  vitrine_view_stop_task(vitrine_session_get_view(session), self->task);
  vitrine_saver_add(vitrine_session_get_saver(session), -1);
  self->task = 0;
}

static void
show_progress(VitrineFilmDialog *self, const VitrineFilmingNews *news)
{
  g_autofree char *text = news->left < 0 ? g_strdup(_("Begins…"))
                                         : g_strdup_printf(_("Frame %'d of %'d, %.0f s left"),
                                                           news->done, news->total, news->left);

  gtk_label_set_text(self->status, text);
  gtk_progress_bar_set_fraction(self->progress, (double)news->done / MAX(news->total, 1));
}

static void
show_end(VitrineFilmDialog *self, const char *error)
{
  g_autofree char *name = g_filename_display_basename(self->path);
  g_autofree char *text = g_strdup_printf(_("Saved %s"), name);

  self->task = 0;
  vitrine_saver_add(vitrine_session_get_saver(vitrine_timeline_get_session(self->timeline)), -1);
  show_state(self);
  show_plan(self);
  if (error)
    vitrine_dialogs_message(GTK_WINDOW(self), _("The Film Was Not Recorded"), error);
  else
    gtk_label_set_text(self->status, text);
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrineFilmDialog *self = user_data;
  const VitrineFilmingNews *news = data;

  if (finished) /* its last news has told */
    return;
  if (news->error || (news->total && news->done == news->total))
    show_end(self, news->error);
  else
    show_progress(self, news);
}

void
vitrine_film_dialog_record(VitrineFilmDialog *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_FILM_DIALOG(self));
  g_autofree char *path = g_file_get_path(file);
  VitrineSession *session = vitrine_timeline_get_session(self->timeline);
  const SgRecordingOptions options = {
      .size = gtk_spin_button_get_value_as_int(self->size),
      .sharp = gtk_switch_get_active(self->sharp),
      .film = {.fps_n = gtk_spin_button_get_value_as_int(self->fps), .fps_d = 1}};

  if (self->task || vitrine_timeline_duration(self->timeline) == 0)
    return;
  if (!path) {
    vitrine_dialogs_message(GTK_WINDOW(self), _("This place cannot be written to"),
                            _("It is not on this computer. Choose a local folder."));
    return;
  }
  g_free(self->path);
  self->path = g_steal_pointer(&path);
  self->task = vitrine_filming_start(self->timeline, self->path, &options, news_cb, self);
  if (!self->task)
    return;
  vitrine_saver_add(vitrine_session_get_saver(session), 1);
  gtk_progress_bar_set_fraction(self->progress, 0);
  gtk_label_set_text(self->status, _("Begins…"));
  show_state(self);
  gtk_widget_grab_focus(self->cancel_button);
}

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineFilmDialog) self = data;

  if (file && self->timeline)
    vitrine_film_dialog_record(self, file);
}

static void
start_cb(VitrineFilmDialog *self)
{
  SgModel *model = vitrine_session_get_model(vitrine_timeline_get_session(self->timeline));
  g_autofree char *base = g_filename_display_basename(model->path);
  char *dot = strrchr(base, '.');

  if (dot && dot != base)
    *dot = '\0';
  g_autofree char *name =
      g_strdup_printf("%s-film%s", base, endings[adw_combo_row_get_selected(self->kind_row)]);
  vitrine_file_dialog_save(GTK_WINDOW(self), _("Record a Film"), name, NULL, chosen_cb,
                           g_object_ref(self));
}

static void
cancel_cb(VitrineFilmDialog *self)
{
  stop(self);
  show_state(self);
  show_plan(self);
  gtk_label_set_text(self->status, _("Cancelled; nothing was written"));
  gtk_widget_grab_focus(self->start_button);
}

static void
setting_cb(VitrineFilmDialog *self)
{
  show_plan(self);
}

/* ---- the dialog ------------------------------------------------------------------------------ */

/* The session has ended every task without news. */
static void
model_changed_cb(VitrineFilmDialog *self)
{
  if (self->task)
    cancel_cb(self);
  show_plan(self);
}

static void
set_timeline(VitrineFilmDialog *self, VitrineTimeline *timeline)
{
  VitrineSession *session = vitrine_timeline_get_session(timeline);
  SgModel *model = vitrine_session_get_model(session);

  self->timeline = g_object_ref(timeline);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(timeline, "changed", G_CALLBACK(show_plan), self, G_CONNECT_SWAPPED);
  if (model)
    gtk_spin_button_set_value(self->size, MAX(512, model->info.img_resolution));
  show_state(self);
  show_plan(self);
}

static void
vitrine_film_dialog_dispose(GObject *object)
{
  VitrineFilmDialog *self = VITRINE_FILM_DIALOG(object);

  if (self->timeline)
    stop(self);
  g_clear_object(&self->timeline);
  G_OBJECT_CLASS(vitrine_film_dialog_parent_class)->dispose(object);
}

static void
vitrine_film_dialog_finalize(GObject *object)
{
  g_free(VITRINE_FILM_DIALOG(object)->path);
  G_OBJECT_CLASS(vitrine_film_dialog_parent_class)->finalize(object);
}

static void
vitrine_film_dialog_class_init(VitrineFilmDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_film_dialog_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_film_dialog_finalize;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-film-dialog.ui");
#define BIND(name) gtk_widget_class_bind_template_child(widget_class, VitrineFilmDialog, name)
  BIND(kind_row);
  BIND(size);
  BIND(fps);
  BIND(sharp);
  BIND(settings);
  BIND(status);
  BIND(progress);
  BIND(start_button);
  BIND(cancel_button);
#undef BIND
  gtk_widget_class_bind_template_callback(widget_class, start_cb);
  gtk_widget_class_bind_template_callback(widget_class, cancel_cb);
  gtk_widget_class_bind_template_callback(widget_class, setting_cb);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static void
vitrine_film_dialog_init(VitrineFilmDialog *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
}

static void
forget(GtkWidget *dialog, GObject *parent)
{
  g_object_set_data(parent, "vitrine-film-dialog", NULL);
}

GtkWidget *
vitrine_film_dialog_present(GtkWindow *parent, VitrineTimeline *timeline)
{
  VitrineFilmDialog *self = g_object_get_data(G_OBJECT(parent), "vitrine-film-dialog");

  if (!self) {
    self = g_object_new(VITRINE_TYPE_FILM_DIALOG, NULL);
    vitrine_dialogs_attach(GTK_WINDOW(self), parent);
    set_timeline(self, timeline);
    g_object_set_data(G_OBJECT(parent), "vitrine-film-dialog", self);
    g_signal_connect_object(self, "destroy", G_CALLBACK(forget), parent, 0);
    vitrine_accessible_set_name(GTK_WIDGET(self->size), _("Pixels of the face"));
    vitrine_accessible_set_name(GTK_WIDGET(self->fps), _("Frames a second"));
    vitrine_accessible_set_name(GTK_WIDGET(self->sharp), _("Enlarged pixels stay squares"));
    vitrine_accessible_name_all(GTK_WIDGET(self));
    vitrine_numeric_all(GTK_WIDGET(self));
    gtk_widget_grab_focus(self->start_button);
  }
  gtk_window_present(GTK_WINDOW(self));
  return GTK_WIDGET(self);
}
