/* A run's page of sample grids: any of them beside real pictures, one face enlarged. */
#include <glib/gi18n.h>
#include "ui/training/vitrine-run-pages.h"
#include "ui/parts/vitrine-number.h"
#include "app/runs/vitrine-run-pictures.h"

#define CACHE_BYTES (64 * 1024 * 1024)
#define PLAY_MSEC   160

struct _VitrineRunSamples {
  GtkBox parent_instance;
  VitrineRun *run;
  VitrineRunPictures *pictures;
  GPtrArray *grids; /* of SgRunFile, the run's, a reference */
  guint legs;
  char *reals_path;
  int at;          /* which grid is wanted; -1: none */
  gboolean newest; /* it is the newest, and stays so */
  int cell;        /* magnified; -1: the whole */
  int file_width, file_height;
  guint play_timer;
  gboolean waiting; /* for the wanted grid */
  GtkPicture *fakes, *reals;
  GtkWidget *reals_box, *pair, *empty, *content;
  GtkScale *scale;
  GtkButton *play;
  GtkLabel *label, *error;
  GtkToggleButton *with_reals;
};

G_DEFINE_FINAL_TYPE(VitrineRunSamples, vitrine_run_samples, GTK_TYPE_BOX)

/* ---- what is shown --------------------------------------------------------------------------- */

static const SgRunFile *
wanted(VitrineRunSamples *self)
{
  return self->grids && self->at >= 0 && (guint)self->at < self->grids->len
             ? self->grids->pdata[self->at]
             : NULL;
}

static int
cell_size(VitrineRunSamples *self)
{
  const SgRunStatus *status = vitrine_run_get_status(self->run);
  return status ? status->resolution : 0;
}

/* In steps, so that a window that is being resized does not decode for every pixel. */
static int
shown_side(GtkWidget *widget)
{
  int side = MAX(gtk_widget_get_width(widget), gtk_widget_get_height(widget)) *
             gtk_widget_get_scale_factor(widget);
  int step = 256;

  while (step < side)
    step *= 2;
  return step;
}

static const VitrineRunPicture *
get(VitrineRunSamples *self, const char *path, gboolean urgent)
{
  const VitrineRunPictureKey key = {path, self->cell, cell_size(self),
                                    shown_side(GTK_WIDGET(self->fakes))};
  return vitrine_run_pictures_get(self->pictures, &key, urgent);
}

static void
show_label(VitrineRunSamples *self, const SgRunFile *file)
{
  g_autofree char *kimg = vitrine_run_kimg(file->kimg);
  g_autofree char *text =
      g_strdup_printf(_("%s kimg (%'d of %'u)"), kimg, self->at + 1, self->grids->len);
  g_autofree char *alternative = g_strdup_printf(_("Generated pictures at %s kimg"), kimg);

  gtk_label_set_text(self->label, text);
  gtk_picture_set_alternative_text(self->fakes, alternative);
}

static void
show_reals(VitrineRunSamples *self)
{
  gboolean wish = self->reals_path && gtk_toggle_button_get_active(self->with_reals);
  const VitrineRunPicture *reals = wish ? get(self, self->reals_path, FALSE) : NULL;

  gtk_widget_set_visible(self->reals_box, wish);
  gtk_widget_set_visible(GTK_WIDGET(self->with_reals), self->reals_path != NULL);
  if (reals && reals->texture)
    gtk_picture_set_paintable(self->reals, GDK_PAINTABLE(reals->texture));
}

/* Beside one another or below, whichever shows larger pictures. */
static void
orient(VitrineRunSamples *self)
{
  double w = gtk_widget_get_width(self->pair), h = gtk_widget_get_height(self->pair);
  double fw = MAX(self->file_width, 1), fh = MAX(self->file_height, 1);
  gboolean beside = MIN(w / 2 / fw, h / fh) > MIN(w / fw, h / 2 / fh);
  GtkOrientation orientation = beside ? GTK_ORIENTATION_HORIZONTAL : GTK_ORIENTATION_VERTICAL;

  if (gtk_orientable_get_orientation(GTK_ORIENTABLE(self->pair)) != orientation)
    gtk_orientable_set_orientation(GTK_ORIENTABLE(self->pair), orientation);
}

/* The wanted grid if it is decoded; the one before stays until then. */
static void
show(VitrineRunSamples *self)
{
  const SgRunFile *file = wanted(self);

  if (!file || !gtk_widget_get_mapped(GTK_WIDGET(self)))
    return;
  const VitrineRunPicture *p = get(self, file->path, TRUE);
  self->waiting = p == NULL;
  if (p) {
    if (p->texture)
      gtk_picture_set_paintable(self->fakes, GDK_PAINTABLE(p->texture));
    self->file_width = p->width;
    self->file_height = p->height;
    gtk_label_set_text(self->error, p->error ? p->error : "");
    gtk_widget_set_visible(GTK_WIDGET(self->error), p->error != NULL);
    show_label(self, file);
    show_reals(self);
    orient(self);
  }
}

static void
loaded_cb(gpointer pictures, gpointer self)
{
  show(self);
}

static void
files_cb(VitrineRunSamples *self)
{
  GPtrArray *grids = vitrine_run_get_grids(self->run);
  SgRunReader *reader = vitrine_run_get_reader(self->run);
  GPtrArray *legs = vitrine_run_get_legs(self->run);
  guint n_legs = legs ? legs->len : 0;

  if (!grids)
    return;
  g_clear_pointer(&self->grids, g_ptr_array_unref);
  self->grids = g_ptr_array_ref(grids);
  g_free(self->reals_path);
  self->reals_path = reader ? sg_run_reader_reals(reader) : NULL;
  if (n_legs != self->legs) /* it went on from an older snapshot: same names, other pictures */
    vitrine_run_pictures_forget(self->pictures);
  self->legs = n_legs;
  gtk_widget_set_visible(self->empty, grids->len == 0);
  gtk_widget_set_visible(self->content, grids->len > 0);
  if (grids->len == 0)
    return;
  if (self->newest || self->at >= (int)grids->len)
    self->at = (int)grids->len - 1;
  gtk_range_set_range(GTK_RANGE(self->scale), 0, grids->len > 1 ? grids->len - 1 : 1);
  gtk_range_set_value(GTK_RANGE(self->scale), self->at);
  gtk_widget_set_sensitive(GTK_WIDGET(self->scale), grids->len > 1);
  gtk_widget_set_sensitive(GTK_WIDGET(self->play), grids->len > 1);
  show(self);
}

/* ---- through time ---------------------------------------------------------------------------- */

static void
go_to(VitrineRunSamples *self, int at)
{
  if (!self->grids || self->grids->len == 0)
    return;
  self->at = CLAMP(at, 0, (int)self->grids->len - 1);
  self->newest = self->at == (int)self->grids->len - 1;
  gtk_range_set_value(GTK_RANGE(self->scale), self->at);
  show(self);
}

static void
scale_cb(VitrineRunSamples *self)
{
  int at = (int)(gtk_range_get_value(GTK_RANGE(self->scale)) + 0.5);

  if (at != self->at)
    go_to(self, at);
}

static void set_playing(VitrineRunSamples *self, gboolean on);

/* No faster than pictures can be decoded. */
static gboolean
play_cb(gpointer data)
{
  VitrineRunSamples *self = data;

  if (self->waiting)
    return G_SOURCE_CONTINUE;
  if (self->at + 1 < (int)self->grids->len) {
    go_to(self, self->at + 1);
    return G_SOURCE_CONTINUE;
  }
  self->play_timer = 0;
  set_playing(self, FALSE);
  return G_SOURCE_REMOVE;
}

static void
set_playing(VitrineRunSamples *self, gboolean on)
{
  g_clear_handle_id(&self->play_timer, g_source_remove);
  if (on && self->grids && self->grids->len > 1) {
    if (self->at == (int)self->grids->len - 1)
      go_to(self, 0);
    self->play_timer = g_timeout_add(PLAY_MSEC, play_cb, self);
  }
  gtk_button_set_icon_name(self->play, self->play_timer ? "media-playback-pause-symbolic"
                                                        : "media-playback-start-symbolic");
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->play), self->play_timer
                                                          ? _("Stop playing")
                                                          : _("Play the pictures through time"));
}

static void
play_clicked_cb(VitrineRunSamples *self)
{
  set_playing(self, self->play_timer == 0);
}

static void
unmap_cb(VitrineRunSamples *self)
{
  set_playing(self, FALSE);
}

/* ---- one cell -------------------------------------------------------------------------------- */

static void
set_cell(VitrineRunSamples *self, int cell)
{
  if (self->cell == cell)
    return;
  self->cell = cell;
  show(self);
}

/* Which cell lies at (x, y) of a picture that is fitted into its widget; -1: none. */
static int
cell_at(VitrineRunSamples *self, GtkWidget *widget, double x, double y)
{
  int size = cell_size(self);

  if (size <= 0 || self->file_width < size || self->file_height < size)
    return -1;
  double w = gtk_widget_get_width(widget), h = gtk_widget_get_height(widget);
  double scale = MIN(w / self->file_width, h / self->file_height);
  double px = (x - (w - self->file_width * scale) / 2) / scale;
  double py = (y - (h - self->file_height * scale) / 2) / scale;
  if (px < 0 || py < 0 || px >= self->file_width || py >= self->file_height)
    return -1;
  int columns = self->file_width / size, column = (int)px / size, row = (int)py / size;
  return column < columns && row < self->file_height / size ? row * columns + column : -1;
}

static void
clicked_cb(GtkGestureClick *click, int n, double x, double y, VitrineRunSamples *self)
{
  GtkWidget *widget = gtk_event_controller_get_widget(GTK_EVENT_CONTROLLER(click));

  gtk_widget_grab_focus(GTK_WIDGET(self->fakes));
  set_cell(self, self->cell >= 0 ? -1 : cell_at(self, widget, x, y));
}

static gboolean
key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
       VitrineRunSamples *self)
{
  int size = cell_size(self);
  int columns = size > 0 ? self->file_width / size : 0;
  int cells = size > 0 ? columns * (self->file_height / size) : 0;
  gboolean shift = (state & GDK_SHIFT_MASK) != 0;

  if (key == GDK_KEY_Left || key == GDK_KEY_Right) {
    int by = key == GDK_KEY_Left ? -1 : 1;
    if (shift && self->cell >= 0)
      set_cell(self, CLAMP(self->cell + by, 0, cells - 1));
    else
      go_to(self, self->at + by);
  } else if (shift && self->cell >= 0 && (key == GDK_KEY_Up || key == GDK_KEY_Down)) {
    set_cell(self, CLAMP(self->cell + (key == GDK_KEY_Up ? -columns : columns), 0, cells - 1));
  } else if (key == GDK_KEY_Return || key == GDK_KEY_KP_Enter) {
    set_cell(self, self->cell >= 0 || cells == 0 ? -1 : 0);
  } else if (key == GDK_KEY_Escape && self->cell >= 0) {
    set_cell(self, -1);
  } else if (key == GDK_KEY_space) {
    set_playing(self, self->play_timer == 0);
  } else if (key == GDK_KEY_Home || key == GDK_KEY_End) {
    go_to(self, key == GDK_KEY_Home ? 0 : G_MAXINT);
  } else {
    return GDK_EVENT_PROPAGATE;
  }
  return GDK_EVENT_STOP;
}

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
tick_cb(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  VitrineRunSamples *self = VITRINE_RUN_SAMPLES(widget);

  show(self);
  return G_SOURCE_REMOVE;
}

static void
vitrine_run_samples_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  GTK_WIDGET_CLASS(vitrine_run_samples_parent_class)
      ->size_allocate(widget, width, height, baseline);
  gtk_widget_add_tick_callback(widget, tick_cb, NULL, NULL);
}

GtkWidget *
vitrine_run_page_scrolled(GtkWidget *page)
{
  GtkWidget *scrolled = gtk_scrolled_window_new();

  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER,
                                 GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), page);
  gtk_widget_set_vexpand(scrolled, TRUE);
  return scrolled;
}

static GtkWidget *
picture_new(VitrineRunSamples *self, GtkPicture **picture, const char *name, const char *title)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2), *heading = gtk_label_new(title);
  GtkGesture *click = gtk_gesture_click_new();

  *picture = GTK_PICTURE(gtk_picture_new());
  gtk_widget_set_name(GTK_WIDGET(*picture), name);
  gtk_widget_set_vexpand(GTK_WIDGET(*picture), TRUE);
  gtk_widget_set_hexpand(GTK_WIDGET(*picture), TRUE);
  gtk_widget_set_size_request(GTK_WIDGET(*picture), -1, 120);
  gtk_widget_add_css_class(heading, "caption");
  gtk_widget_add_css_class(heading, "dim-label");
  g_signal_connect(click, "released", G_CALLBACK(clicked_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(*picture), GTK_EVENT_CONTROLLER(click));
  gtk_widget_set_tooltip_text(GTK_WIDGET(*picture),
                              _("Click a picture to see it large, and again to see all"));
  gtk_box_append(GTK_BOX(box), heading);
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(*picture));
  return box;
}

static GtkWidget *
time_row_new(VitrineRunSamples *self)
{
  GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);

  self->play = GTK_BUTTON(gtk_button_new());
  gtk_widget_set_name(GTK_WIDGET(self->play), "samples-play");
  gtk_widget_add_css_class(GTK_WIDGET(self->play), "flat");
  g_signal_connect_swapped(self->play, "clicked", G_CALLBACK(play_clicked_cb), self);
  self->scale = GTK_SCALE(gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 0, 1, 1));
  gtk_widget_set_name(GTK_WIDGET(self->scale), "samples-scale");
  gtk_widget_set_hexpand(GTK_WIDGET(self->scale), TRUE);
  gtk_range_set_round_digits(GTK_RANGE(self->scale), 0);
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->scale),
                              _("Which picture grid, from first to newest"));
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->scale), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Time of the pictures"), -1);
  g_signal_connect_swapped(self->scale, "value-changed", G_CALLBACK(scale_cb), self);
  self->label = GTK_LABEL(gtk_label_new(NULL));
  gtk_widget_set_name(GTK_WIDGET(self->label), "samples-label");
  vitrine_numeric(GTK_WIDGET(self->label));
  gtk_box_append(GTK_BOX(row), GTK_WIDGET(self->play));
  gtk_box_append(GTK_BOX(row), GTK_WIDGET(self->scale));
  gtk_box_append(GTK_BOX(row), GTK_WIDGET(self->label));
  self->with_reals = GTK_TOGGLE_BUTTON(gtk_toggle_button_new_with_label(_("Real")));
  gtk_widget_set_name(GTK_WIDGET(self->with_reals), "samples-with-reals");
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->with_reals), _("Show real pictures beside them"));
  gtk_toggle_button_set_active(self->with_reals, TRUE);
  g_signal_connect_swapped(self->with_reals, "toggled", G_CALLBACK(show), self);
  gtk_box_append(GTK_BOX(row), GTK_WIDGET(self->with_reals));
  gtk_widget_add_css_class(row, "run-controls");
  return row;
}

static void
vitrine_run_samples_dispose(GObject *object)
{
  VitrineRunSamples *self = VITRINE_RUN_SAMPLES(object);

  g_clear_handle_id(&self->play_timer, g_source_remove);
  g_clear_pointer(&self->pictures, vitrine_run_pictures_free);
  g_clear_pointer(&self->grids, g_ptr_array_unref);
  g_clear_pointer(&self->reals_path, g_free);
  g_clear_object(&self->run);
  G_OBJECT_CLASS(vitrine_run_samples_parent_class)->dispose(object);
}

static void
vitrine_run_samples_class_init(VitrineRunSamplesClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_run_samples_dispose;
  GTK_WIDGET_CLASS(class)->size_allocate = vitrine_run_samples_size_allocate;
}

static void
vitrine_run_samples_init(VitrineRunSamples *self)
{
  GtkEventController *keys = gtk_event_controller_key_new();

  self->at = self->cell = -1;
  self->newest = TRUE;
  self->pictures = vitrine_run_pictures_new(CACHE_BYTES, loaded_cb, self);
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  self->empty = gtk_label_new(_("Picture grids appear here with the first snapshot of the run."));
  gtk_label_set_wrap(GTK_LABEL(self->empty), TRUE);
  gtk_widget_add_css_class(self->empty, "dim-label");
  gtk_widget_set_vexpand(self->empty, TRUE);
  self->content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  self->pair = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  gtk_box_set_homogeneous(GTK_BOX(self->pair), TRUE);
  gtk_widget_set_vexpand(self->pair, TRUE);
  gtk_widget_add_css_class(self->pair, "run-figure");
  gtk_box_append(GTK_BOX(self->pair),
                 picture_new(self, &self->fakes, "samples-fakes", _("Generated")));
  self->reals_box = picture_new(self, &self->reals, "samples-reals", _("Real"));
  gtk_picture_set_alternative_text(self->reals, _("Real pictures"));
  gtk_box_append(GTK_BOX(self->pair), self->reals_box);
  gtk_widget_set_focusable(GTK_WIDGET(self->fakes), TRUE);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(key_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self->fakes), keys);
  gtk_box_append(GTK_BOX(self->content), time_row_new(self));
  self->error = GTK_LABEL(gtk_label_new(NULL));
  gtk_label_set_wrap(self->error, TRUE);
  gtk_widget_add_css_class(GTK_WIDGET(self->error), "error");
  gtk_widget_set_visible(GTK_WIDGET(self->error), FALSE);
  gtk_box_append(GTK_BOX(self->content), GTK_WIDGET(self->error));
  gtk_box_append(GTK_BOX(self->content), self->pair);
  gtk_box_append(GTK_BOX(self), self->empty);
  self->content = vitrine_run_page_scrolled(self->content);
  gtk_box_append(GTK_BOX(self), self->content);
  gtk_widget_set_visible(self->content, FALSE);
  set_playing(self, FALSE);
  g_signal_connect_after(self, "map", G_CALLBACK(files_cb), NULL);
  g_signal_connect(self, "unmap", G_CALLBACK(unmap_cb), NULL);
}

GtkWidget *
vitrine_run_samples_new(VitrineRun *run)
{
  g_return_val_if_fail(VITRINE_IS_RUN(run), NULL);
  VitrineRunSamples *self = g_object_new(VITRINE_TYPE_RUN_SAMPLES, "name", "run-samples", NULL);

  self->run = g_object_ref(run);
  g_signal_connect_object(run, "files-changed", G_CALLBACK(files_cb), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET(self);
}
