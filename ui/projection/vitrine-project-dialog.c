#include "ui/projection/vitrine-project-dialog.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/session/vitrine-store.h"
#include "app/work/vitrine-projecting.h"
#include "ui/charts/vitrine-plot.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-number.h"
#include "ui/parts/vitrine-pixels.h"
#include "ui/projection/vitrine-face-points.h"

struct _VitrineProjectDialog {
  AdwWindow parent_instance;
  VitrineSession *session;
  char *path;
  guint task;           /* 0: nothing runs */
  GArray *steps, *psnr; /* of double: what the curve shows */

  GtkPicture *target, *picture, *difference;
  GtkStack *target_stack;
  VitrineFacePoints *points;
  AdwComboRow *how_row, *crop_row;
  GtkSpinButton *steps_spin;
  GtkWidget *settings;
  VitrinePlot *curve;
  GtkLabel *status;
  GtkProgressBar *progress;
  GtkWidget *start_button, *cancel_button;
};

G_DEFINE_FINAL_TYPE(VitrineProjectDialog, vitrine_project_dialog, ADW_TYPE_WINDOW)

/* ---- what is shown --------------------------------------------------------------------------- */

static void
show_state(VitrineProjectDialog *self)
{
  gboolean running = self->task != 0;

  gtk_widget_set_visible(self->cancel_button, running);
  gtk_widget_set_visible(self->start_button, !running);
  gtk_widget_set_sensitive(self->settings, !running);
  gtk_widget_set_visible(GTK_WIDGET(self->progress), running);
}

static void
show_pixels(GtkPicture *widget, const guint8 *rgb, int size)
{
  g_autoptr(GBytes) bytes = g_bytes_new(rgb, 3 * (gsize)size * (gsize)size);
  g_autoptr(GdkTexture) texture =
      gdk_memory_texture_new(size, size, GDK_MEMORY_R8G8B8, bytes, 3 * (gsize)size);
  g_autoptr(GdkPaintable) pixels = vitrine_pixels_new(texture);

  gtk_picture_set_paintable(widget, pixels);
}

static void
show_news(VitrineProjectDialog *self, const VitrineProjectNews *news)
{
  double step = news->done, psnr = MIN(news->psnr, 99);
  g_autofree char *text =
      g_strdup_printf(_("Step %d of %d, %.1f dB"), news->done, news->total, psnr);

  show_pixels(self->target, news->target, news->size);
  show_pixels(self->picture, news->picture, news->size);
  show_pixels(self->difference, news->difference, news->size);
  gtk_label_set_text(self->status, text);
  gtk_progress_bar_set_fraction(self->progress, step / MAX(1, news->total));
  if (self->steps->len && g_array_index(self->steps, double, self->steps->len - 1) >= step)
    return;
  g_array_append_val(self->steps, step);
  g_array_append_val(self->psnr, psnr);
  vitrine_plot_set_x_range(self->curve, 0, news->total);
  vitrine_plot_set_series(self->curve, 0, _("likeness"), VITRINE_PLOT_LINE, self->steps->len,
                          (const double *)(gpointer)self->steps->data,
                          (const double *)(gpointer)self->psnr->data);
}

/* ---- the work -------------------------------------------------------------------------------- */

static void
stop(VitrineProjectDialog *self)
{
  if (self->task)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
}

static void
open_face(VitrineProjectDialog *self, const char *path)
{
  g_autoptr(GFile) file = g_file_new_for_path(path);

  vitrine_opener_open(vitrine_session_get_opener(self->session), file);
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrineProjectDialog *self = user_data;
  const VitrineProjectNews *news = data;

  if (finished) {
    self->task = 0;
    show_state(self);
    return;
  }
  if (news->picture)
    show_news(self, news);
  if (news->error)
    vitrine_dialogs_message(GTK_WINDOW(self), _("The Face Was Not Found"), news->error);
  if (news->face) {
    g_autofree char *text =
        g_strdup_printf(_("Found to %.1f dB; it is in the window now"), MIN(news->psnr, 99));
    gtk_label_set_text(self->status, text);
    open_face(self, news->face);
  }
}

static gboolean
is_aligning(VitrineProjectDialog *self)
{
  return adw_combo_row_get_selected(self->crop_row) == 3;
}

/* The points lie on the picture itself, not on its square. */
static void
crop_cb(VitrineProjectDialog *self)
{
  if (is_aligning(self))
    gtk_label_set_text(self->status,
                       _("Drag the points to the eyes and to the middle of the mouth"));
  gtk_stack_set_visible_child_name(self->target_stack, is_aligning(self) ? "points" : "target");
}

static void
start_cb(VitrineProjectDialog *self)
{
  static const SgTransform crops[] = {SG_TRANSFORM_CENTER_CROP, SG_TRANSFORM_PAD,
                                      SG_TRANSFORM_STRETCH, SG_TRANSFORM_CENTER_CROP};
  const VitrineTaskClass class = vitrine_projecting_class(news_cb);
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);

  if (self->task || !recipe)
    return;
  g_array_set_size(self->steps, 0);
  g_array_set_size(self->psnr, 0);
  gtk_label_set_text(self->status, _("The model's w are sampled…"));
  gtk_progress_bar_set_fraction(self->progress, 0);
  gpointer job = vitrine_projecting_job_new(
      self->path, (VitrineProjectHow)adw_combo_row_get_selected(self->how_row),
      crops[adw_combo_row_get_selected(self->crop_row)],
      gtk_spin_button_get_value_as_int(self->steps_spin), recipe->label, NULL);
  if (is_aligning(self)) {
    double points[6];
    vitrine_face_points_get(self->points, points);
    vitrine_projecting_job_align(job, points);
  }
  gtk_stack_set_visible_child_name(self->target_stack, "target");
  self->task = vitrine_view_start_task(vitrine_session_get_view(self->session), &class, job, self);
  show_state(self);
}

/* The window knows who does it. */
static void
examine_cb(VitrineProjectDialog *self)
{
  GtkWindow *window = gtk_window_get_transient_for(GTK_WINDOW(self));
  g_autofree char *text = vitrine_store_encode_path(self->path);

  if (window)
    g_action_group_activate_action(G_ACTION_GROUP(window), "examine-path",
                                   g_variant_new_string(text));
}

static void
cancel_cb(VitrineProjectDialog *self)
{
  stop(self);
  gtk_label_set_text(self->status, _("Cancelled; nothing was written"));
  show_state(self);
}

/* ---- the dialog ------------------------------------------------------------------------------ */

/* The session has ended every task without news. */
static void
model_changed_cb(VitrineSession *session, VitrineProjectDialog *self)
{
  self->task = 0;
  show_state(self);
}

static void
set_path(VitrineProjectDialog *self, const char *path, GdkTexture *preview)
{
  g_autofree char *name = g_filename_display_basename(path);

  stop(self);
  g_free(self->path);
  self->path = g_strdup(path);
  gtk_window_set_title(GTK_WINDOW(self), name);
  gtk_picture_set_paintable(self->target, GDK_PAINTABLE(preview));
  vitrine_face_points_set_texture(self->points, preview);
  gtk_picture_set_paintable(self->picture, NULL);
  gtk_picture_set_paintable(self->difference, NULL);
  gtk_label_set_text(self->status, "");
  show_state(self);
}

static void
vitrine_project_dialog_dispose(GObject *object)
{
  VitrineProjectDialog *self = VITRINE_PROJECT_DIALOG(object);

  if (self->session) {
    stop(self);
    g_signal_handlers_disconnect_by_data(self->session, self);
  }
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_project_dialog_parent_class)->dispose(object);
}

static void
vitrine_project_dialog_finalize(GObject *object)
{
  VitrineProjectDialog *self = VITRINE_PROJECT_DIALOG(object);

  g_free(self->path);
  g_array_unref(self->steps);
  g_array_unref(self->psnr);
  G_OBJECT_CLASS(vitrine_project_dialog_parent_class)->finalize(object);
}

static void
bind_children(GtkWidgetClass *class)
{
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, target);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, target_stack);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, points);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, picture);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, difference);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, how_row);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, crop_row);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, steps_spin);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, settings);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, curve);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, status);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, progress);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, start_button);
  gtk_widget_class_bind_template_child(class, VitrineProjectDialog, cancel_button);
}

static void
vitrine_project_dialog_class_init(VitrineProjectDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  g_type_ensure(VITRINE_TYPE_PLOT);
  g_type_ensure(VITRINE_TYPE_FACE_POINTS);
  G_OBJECT_CLASS(class)->dispose = vitrine_project_dialog_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_project_dialog_finalize;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-project-dialog.ui");
  bind_children(widget_class);
  gtk_widget_class_bind_template_callback(widget_class, start_cb);
  gtk_widget_class_bind_template_callback(widget_class, cancel_cb);
  gtk_widget_class_bind_template_callback(widget_class, examine_cb);
  gtk_widget_class_bind_template_callback(widget_class, crop_cb);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static void
vitrine_project_dialog_init(VitrineProjectDialog *self)
{
  self->steps = g_array_new(FALSE, FALSE, sizeof(double));
  self->psnr = g_array_new(FALSE, FALSE, sizeof(double));
  gtk_widget_init_template(GTK_WIDGET(self));
  vitrine_plot_set_labels(self->curve, _("step"), _("dB"));
}

static void
forget(GtkWidget *dialog, GObject *parent)
{
  g_object_set_data(parent, "vitrine-project-dialog", NULL);
}

GtkWidget *
vitrine_project_dialog_present(GtkWindow *parent, VitrineSession *session, const char *path,
                               GdkTexture *preview)
{
  VitrineProjectDialog *self = g_object_get_data(G_OBJECT(parent), "vitrine-project-dialog");

  if (!self) {
    self = g_object_new(VITRINE_TYPE_PROJECT_DIALOG, NULL);
    vitrine_dialogs_attach(GTK_WINDOW(self), parent);
    self->session = g_object_ref(session);
    g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self, 0);
    g_object_set_data(G_OBJECT(parent), "vitrine-project-dialog", self);
    g_signal_connect_object(self, "destroy", G_CALLBACK(forget), parent, 0);
    vitrine_accessible_name_all(GTK_WIDGET(self));
    vitrine_numeric_all(GTK_WIDGET(self));
    gtk_widget_grab_focus(self->start_button);
  }
  set_path(self, path, preview);
  gtk_window_present(GTK_WINDOW(self));
  return GTK_WIDGET(self);
}
