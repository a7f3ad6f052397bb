#include "ui/canvas/vitrine-canvas-private.h"
#include "ui/parts/vitrine-checkerboard.h"

/* A picture of less is none; under it there may be a timeline, in a low window. */
#define MIN_WIDTH  240
#define MIN_HEIGHT 120
/* From here on a person looks at pixels, not at a face. */
#define SHARP_FROM 4.0

enum { VIEW_CHANGED, FACE_ACTIVATED, MOVED, N_SIGNALS };
static guint signals[N_SIGNALS];

enum { PROP_0, PROP_ZOOM, PROP_SHOW_ORIGINAL, PROP_DIVIDER, PROP_DIFFERENCE, N_PROPS };
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE(VitrineCanvas, vitrine_canvas, GTK_TYPE_WIDGET)

/* ---- drawing ----------------------------------------------------------------------------- */

#if !GTK_CHECK_VERSION(4, 10, 0)
/* GTK before 4.10 cannot enlarge a texture without blurring it, cairo can. The surface lives as
 * long as its texture. */
static cairo_surface_t *
surface_of(GdkTexture *texture)
{
  cairo_surface_t *surface = g_object_get_data(G_OBJECT(texture), "vitrine-surface");

  if (!surface) {
    surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, gdk_texture_get_width(texture),
                                         gdk_texture_get_height(texture));
    gdk_texture_download(texture, cairo_image_surface_get_data(surface),
                         (gsize)cairo_image_surface_get_stride(surface));
    cairo_surface_mark_dirty(surface);
    g_object_set_data_full(G_OBJECT(texture), "vitrine-surface", surface,
                           (GDestroyNotify)cairo_surface_destroy);
  }
  return surface;
}
#endif

static void
append_sharp(GtkSnapshot *snapshot, GdkTexture *texture, const graphene_rect_t *rect,
             const graphene_rect_t *visible)
{
#if GTK_CHECK_VERSION(4, 10, 0)
  gtk_snapshot_append_scaled_texture(snapshot, texture, GSK_SCALING_FILTER_NEAREST, rect);
#else
  graphene_rect_t part;

  if (!graphene_rect_intersection(rect, visible, &part))
    return;
  cairo_t *cr = gtk_snapshot_append_cairo(snapshot, &part);
  cairo_translate(cr, rect->origin.x, rect->origin.y);
  cairo_scale(cr, rect->size.width / gdk_texture_get_width(texture),
              rect->size.height / gdk_texture_get_height(texture));
  cairo_set_source_surface(cr, surface_of(texture), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
  cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
  cairo_rectangle(cr, 0, 0, gdk_texture_get_width(texture), gdk_texture_get_height(texture));
  cairo_fill(cr);
  cairo_destroy(cr);
#endif
}

static gboolean
is_sharp(const VitrineCanvas *self)
{
  double zoom = vitrine_canvas_view_zoom(&self->view);

  if (self->scaling == VITRINE_SCALING_AUTO)
    return zoom >= SHARP_FROM;
  return self->scaling == VITRINE_SCALING_SHARP && zoom >= 1;
}

/* A reduced picture is a preview and smooth always. */
void
vitrine_canvas_append(VitrineCanvas *self, GtkSnapshot *snapshot, GdkTexture *texture,
                      const graphene_rect_t *rect, const graphene_rect_t *visible)
{
  gboolean preview = gdk_texture_get_width(texture) < self->view.picture_width;

  vitrine_append_ground(snapshot, texture, rect);
  if (is_sharp(self) && !preview)
    append_sharp(snapshot, texture, rect, visible);
  else
    gtk_snapshot_append_texture(snapshot, texture, rect);
}

static void
vitrine_canvas_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
  static const GdkRGBA shadow = {0, 0, 0, 0.25f};
  VitrineCanvas *self = VITRINE_CANVAS(widget);
  graphene_rect_t rect, visible;
  GskRoundedRect frame;

  if (!self->texture)
    return;
  self->view.device_scale = gtk_widget_get_scale_factor(widget);
  graphene_rect_init(&visible, 0, 0, (float)self->view.width, (float)self->view.height);
  vitrine_canvas_view_rect(&self->view, &rect);
  gtk_snapshot_push_clip(snapshot, &visible);
  gsk_rounded_rect_init_from_rect(&frame, &rect, 0);
  gtk_snapshot_append_outset_shadow(snapshot, &frame, &shadow, 0, 1, 0, 6);
  if (self->show_original && self->original)
    vitrine_canvas_append(self, snapshot, self->original, &rect, &visible);
  else if (self->divider && self->original)
    vitrine_canvas_append_compared(self, snapshot, &rect, &visible);
  else
    vitrine_canvas_append_askew(self, snapshot, &rect, &visible);
  vitrine_canvas_spot_snapshot(self, snapshot, &rect);
  vitrine_canvas_grips_snapshot(self, snapshot, &rect);
  gtk_snapshot_pop(snapshot);
}

static void
vitrine_canvas_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                       int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? MIN_WIDTH : MIN_HEIGHT;
  *natural = 2 * MIN_WIDTH;
}

static void
tell(VitrineCanvas *self)
{
  for (int prop = PROP_ZOOM; prop < N_PROPS; prop++)
    g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
  g_signal_emit(self, signals[VIEW_CHANGED], 0);
}

/* A new size is a new zoom when fitted. Listeners change labels, which they must not during
 * layout. */
static gboolean
notify_cb(gpointer data)
{
  VitrineCanvas *self = data;

  self->notify_source = 0;
  tell(self);
  return G_SOURCE_REMOVE;
}

static void
vitrine_canvas_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  VitrineCanvas *self = VITRINE_CANVAS(widget);

  self->view.width = width;
  self->view.height = height;
  self->view.device_scale = gtk_widget_get_scale_factor(widget);
  vitrine_canvas_view_pan(&self->view, 0, 0);
  if (!self->notify_source)
    self->notify_source = g_idle_add(notify_cb, self);
}

/* ---- what it shows ----------------------------------------------------------------------- */

void
vitrine_canvas_view_changed(VitrineCanvas *self)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  gtk_widget_queue_draw(GTK_WIDGET(self));
  tell(self);
}

void
vitrine_canvas_set_picture(VitrineCanvas *self, GdkTexture *texture, int width, int height)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  gboolean resized = width != self->view.picture_width || height != self->view.picture_height;

  g_set_object(&self->texture, texture);
  vitrine_canvas_lie_reset(self);
  gtk_widget_queue_draw(GTK_WIDGET(self));
  if (!resized)
    return;
  self->view.picture_width = width;
  self->view.picture_height = height;
  self->view.fit = TRUE;
  tell(self);
}

void
vitrine_canvas_set_columns(VitrineCanvas *self, int columns)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  g_return_if_fail(columns >= 1);
  if (self->columns == columns)
    return;
  self->columns = columns;
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

int
vitrine_canvas_face_at(VitrineCanvas *self, double x, double y)
{
  g_return_val_if_fail(VITRINE_IS_CANVAS(self), -1);
  graphene_rect_t rect;
  double side;

  vitrine_canvas_view_rect(&self->view, &rect);
  side = rect.size.width / self->columns;
  x -= rect.origin.x;
  y -= rect.origin.y;
  vitrine_canvas_uncompare(self, &rect, &x, &y);
  if (!self->texture || x < 0 || y < 0 || x >= rect.size.width || y >= rect.size.height)
    return -1;
  return (int)(y / side) * self->columns + (int)(x / side);
}

void
vitrine_canvas_activate_face(VitrineCanvas *self, int face)
{
  g_signal_emit(self, signals[FACE_ACTIVATED], 0, face);
}

void
vitrine_canvas_set_movable(VitrineCanvas *self, gboolean movable)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  self->movable = movable;
}

void
vitrine_canvas_tell_moved(VitrineCanvas *self, double degrees, double x, double y, gboolean key)
{
  g_signal_emit(self, signals[MOVED], 0, degrees, x, y, key);
}

/* As tall as faces are: the view knows the whole picture's proportions only. */
void
vitrine_canvas_cell(VitrineCanvas *self, const graphene_rect_t *rect, int k, graphene_rect_t *face)
{
  float side = rect->size.width / (float)self->columns;

  graphene_rect_init(face, rect->origin.x + (float)(k % self->columns) * side,
                     rect->origin.y + (float)(k / self->columns) * side, side,
                     self->columns == 1 ? rect->size.height : side);
}

void
vitrine_canvas_set_original(VitrineCanvas *self, GdkTexture *original)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  if (g_set_object(&self->original, original) && (self->show_original || self->divider))
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void
vitrine_canvas_set_description(VitrineCanvas *self, const char *description)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, description,
                                 -1);
}

void
vitrine_canvas_zoom_fit(VitrineCanvas *self)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  self->view.fit = TRUE;
  vitrine_canvas_view_changed(self);
}

static void
zoom_at_centre(VitrineCanvas *self, double zoom)
{
  vitrine_canvas_view_zoom_at(&self->view, zoom, self->view.width / 2, self->view.height / 2);
  vitrine_canvas_view_changed(self);
}

void
vitrine_canvas_zoom_one(VitrineCanvas *self)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  zoom_at_centre(self, 1);
}

void
vitrine_canvas_zoom_in(VitrineCanvas *self)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  zoom_at_centre(self, vitrine_canvas_view_next_zoom(&self->view, TRUE));
}

void
vitrine_canvas_zoom_out(VitrineCanvas *self)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  zoom_at_centre(self, vitrine_canvas_view_next_zoom(&self->view, FALSE));
}

double
vitrine_canvas_get_zoom(VitrineCanvas *self)
{
  g_return_val_if_fail(VITRINE_IS_CANVAS(self), 0);
  return vitrine_canvas_view_zoom(&self->view);
}

gboolean
vitrine_canvas_is_fit(VitrineCanvas *self)
{
  g_return_val_if_fail(VITRINE_IS_CANVAS(self), FALSE);
  return self->view.fit;
}

void
vitrine_canvas_set_show_original(VitrineCanvas *self, gboolean show)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  if (self->show_original == show)
    return;
  self->show_original = show;
  vitrine_canvas_view_changed(self);
}

gboolean
vitrine_canvas_get_show_original(VitrineCanvas *self)
{
  g_return_val_if_fail(VITRINE_IS_CANVAS(self), FALSE);
  return self->show_original;
}

void
vitrine_canvas_set_scaling(VitrineCanvas *self, VitrineScaling scaling)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  self->scaling = scaling;
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

void
vitrine_canvas_set_divider(VitrineCanvas *self, gboolean divider)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  if (self->divider == divider)
    return;
  self->divider = divider;
  vitrine_canvas_view_changed(self);
}

void
vitrine_canvas_set_compare(VitrineCanvas *self, VitrineCompare compare)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  self->compare = compare;
  vitrine_canvas_view_changed(self);
}

gboolean
vitrine_canvas_get_divider(VitrineCanvas *self)
{
  g_return_val_if_fail(VITRINE_IS_CANVAS(self), FALSE);
  return self->divider;
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_canvas_dispose(GObject *object)
{
  VitrineCanvas *self = VITRINE_CANVAS(object);

  g_clear_handle_id(&self->notify_source, g_source_remove);
  g_clear_object(&self->texture);
  g_clear_object(&self->original);
  g_clear_object(&self->spot);
  g_clear_object(&self->grips);
  G_OBJECT_CLASS(vitrine_canvas_parent_class)->dispose(object);
}

static void
vitrine_canvas_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineCanvas *self = VITRINE_CANVAS(object);

  if (id == PROP_ZOOM)
    g_value_set_double(value, vitrine_canvas_get_zoom(self));
  else
    g_value_set_boolean(value, id == PROP_DIVIDER ? self->divider
                               : id == PROP_DIFFERENCE
                                   ? self->divider && self->compare == VITRINE_COMPARE_DIFFERENCE
                                   : self->show_original);
}

static void
vitrine_canvas_class_init(VitrineCanvasClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_canvas_dispose;
  G_OBJECT_CLASS(class)->get_property = vitrine_canvas_get_property;
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  props[PROP_ZOOM] = g_param_spec_double("zoom", NULL, NULL, 0, G_MAXDOUBLE, 1, flags);
  props[PROP_SHOW_ORIGINAL] = g_param_spec_boolean("show-original", NULL, NULL, FALSE, flags);
  props[PROP_DIVIDER] = g_param_spec_boolean("divider", NULL, NULL, FALSE, flags);
  props[PROP_DIFFERENCE] = g_param_spec_boolean("difference", NULL, NULL, FALSE, flags);
  g_object_class_install_properties(G_OBJECT_CLASS(class), N_PROPS, props);
  widget_class->snapshot = vitrine_canvas_snapshot;
  widget_class->measure = vitrine_canvas_measure;
  widget_class->size_allocate = vitrine_canvas_size_allocate;
  gtk_widget_class_set_css_name(widget_class, "vitrine-canvas");
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  signals[VIEW_CHANGED] = g_signal_new("view-changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST,
                                       0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FACE_ACTIVATED] =
      g_signal_new("face-activated", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                   NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[MOVED] =
      g_signal_new("moved", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                   G_TYPE_NONE, 4, G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_BOOLEAN);
}

static void
vitrine_canvas_init(VitrineCanvas *self)
{
  vitrine_canvas_view_init(&self->view);
  self->columns = 1;
  self->divider_at = 0.5;
  gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
  gtk_widget_set_hexpand(GTK_WIDGET(self), TRUE);
  gtk_widget_set_vexpand(GTK_WIDGET(self), TRUE);
  gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
  vitrine_canvas_init_input(self);
}

GtkWidget *
vitrine_canvas_new(void)
{
  return g_object_new(VITRINE_TYPE_CANVAS, NULL);
}
