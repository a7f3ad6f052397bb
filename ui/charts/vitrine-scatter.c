#include "ui/charts/vitrine-scatter.h"
#include <glib/gi18n.h>
#include <math.h>
#include "ui/charts/vitrine-axes.h"
#include "ui/parts/vitrine-number.h"

#define REACH   16 /* pixels: as near is at a point */
#define PICTURE 96
#define GAP     VITRINE_AXES_GAP

struct _VitrineScatter {
  GtkWidget parent_instance;
  char *x_label, *y_label;
  gsize n;
  double *x, *y; /* [n] */
  int pointed;   /* -1: nothing */
  GdkPaintable *picture;
  GskRenderNode *drawn; /* axes and points, NULL when they are out of date */
  VitrineAxesFrame frame;
};

static guint pointed_signal, chosen_signal;

G_DEFINE_FINAL_TYPE(VitrineScatter, vitrine_scatter, GTK_TYPE_WIDGET)

/* ---- drawing ----------------------------------------------------------------------------- */

/* Whole steps around all values. */
static void
choose(gsize n, const double *values, int most, double *min, double *max, double *step)
{
  double low = n ? values[0] : -1, high = n ? values[0] : 1;

  for (gsize i = 1; i < n; i++) {
    low = fmin(low, values[i]);
    high = fmax(high, values[i]);
  }
  if (high - low <= fabs(high) * 1e-12) {
    low -= 1;
    high += 1;
  }
  *step = vitrine_axes_step(high - low, most);
  *min = floor(low / *step) * *step;
  *max = ceil(high / *step) * *step;
}

static VitrineAxesFrame
make_frame(const VitrinePen *pen)
{
  VitrineScatter *self = VITRINE_SCATTER(pen->widget);
  g_autoptr(PangoLayout) sample = vitrine_pen_layout(pen, "0.00");
  VitrineAxesFrame f = {0};
  double width, line;

  vitrine_pen_layout_size(sample, &width, &line);
  f.top = line + GAP + line / 2;
  f.height = fmax(pen->height - f.top - 2 * line - 1.5 * GAP, 20);
  choose(self->n, self->y, MAX(2, (int)(f.height / (2.2 * line))), &f.y_min, &f.y_max, &f.y_step);
  f.left = ceil(vitrine_pen_widest_tick(pen, &f) + GAP);
  f.width = fmax(pen->width - f.left - width / 2 - 2, 20);
  choose(self->n, self->x, MAX(2, (int)(f.width / (1.9 * width))), &f.x_min, &f.x_max, &f.x_step);
  return f;
}

static void
draw_points(const VitrinePen *pen, const VitrineAxesFrame *f)
{
  VitrineScatter *self = VITRINE_SCATTER(pen->widget);
  graphene_rect_t all = GRAPHENE_RECT_INIT(0, 0, (float)pen->width, (float)pen->height);
  cairo_t *cr = gtk_snapshot_append_cairo(pen->snapshot, &all);
  GdkRGBA colour = vitrine_pen_colour(pen, 0);

  colour.alpha = 0.5f;
  gdk_cairo_set_source_rgba(cr, &colour);
  for (gsize i = 0; i < self->n; i++)
    cairo_rectangle(cr, vitrine_axes_to_x(f, self->x[i]) - 1.5,
                    vitrine_axes_to_y(f, self->y[i]) - 1.5, 3, 3);
  cairo_fill(cr);
  cairo_destroy(cr);
}

static void
draw_all(const VitrinePen *pen, const VitrineAxesFrame *f)
{
  VitrineScatter *self = VITRINE_SCATTER(pen->widget);
  g_autoptr(PangoLayout) name = vitrine_pen_layout(pen, self->y_label ? self->y_label : "");

  vitrine_pen_put(pen, name, 0, 0, vitrine_pen_faint(pen, 0.7f));
  vitrine_pen_axes(pen, f, self->x_label);
  draw_points(pen, f);
}

/* The picture stands beside the point, where there is room for it. */
static void
draw_pointed(const VitrinePen *pen, const VitrineAxesFrame *f)
{
  VitrineScatter *self = VITRINE_SCATTER(pen->widget);

  if (self->pointed < 0)
    return;
  double x = vitrine_axes_to_x(f, self->x[self->pointed]);
  double y = vitrine_axes_to_y(f, self->y[self->pointed]);
  vitrine_pen_rounded(pen, GRAPHENE_RECT_INIT((float)x - 6, (float)y - 6, 12, 12), 6,
                      vitrine_pen_faint(pen, 0.8f));
  vitrine_pen_rounded(pen, GRAPHENE_RECT_INIT((float)x - 4, (float)y - 4, 8, 8), 4,
                      vitrine_pen_colour(pen, 1));
  if (!self->picture)
    return;
  double left = x + 14 + PICTURE <= pen->width ? x + 14 : x - 14 - PICTURE;
  double top = CLAMP(y - PICTURE / 2.0, 0, fmax(0, pen->height - PICTURE));
  graphene_rect_t edge =
      GRAPHENE_RECT_INIT((float)left - 2, (float)top - 2, PICTURE + 4, PICTURE + 4);
  vitrine_pen_rounded(pen, edge, 4, vitrine_pen_faint(pen, 0.6f));
  gtk_snapshot_save(pen->snapshot);
  gtk_snapshot_translate(pen->snapshot, &GRAPHENE_POINT_INIT((float)left, (float)top));
  gdk_paintable_snapshot(self->picture, pen->snapshot, PICTURE, PICTURE);
  gtk_snapshot_restore(pen->snapshot);
}

static void
vitrine_scatter_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
  VitrineScatter *self = VITRINE_SCATTER(widget);
  VitrinePen pen = vitrine_pen(widget, snapshot);

  if (!self->drawn) {
    pen.snapshot = gtk_snapshot_new();
    self->frame = make_frame(&pen);
    draw_all(&pen, &self->frame);
    self->drawn = gtk_snapshot_free_to_node(pen.snapshot);
    pen.snapshot = snapshot;
  }
  if (self->drawn)
    gtk_snapshot_append_node(snapshot, self->drawn);
  draw_pointed(&pen, &self->frame);
  vitrine_pen_focus(&pen);
}

static void
redraw(VitrineScatter *self)
{
  g_clear_pointer(&self->drawn, gsk_render_node_unref);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* ---- what it holds ----------------------------------------------------------------------- */

void
vitrine_scatter_set_labels(VitrineScatter *self, const char *x_label, const char *y_label)
{
  g_return_if_fail(VITRINE_IS_SCATTER(self));
  g_free(self->x_label);
  g_free(self->y_label);
  self->x_label = g_strdup(x_label);
  self->y_label = g_strdup(y_label);
  g_autofree char *name = g_strdup_printf(_("%s over %s"), y_label, x_label);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  redraw(self);
}

void
vitrine_scatter_set_points(VitrineScatter *self, gsize n, const double *x, const double *y)
{
  g_return_if_fail(VITRINE_IS_SCATTER(self));
  g_free(self->x);
  g_free(self->y);
  self->n = n;
  self->x = g_memdup2(x, n * sizeof *x);
  self->y = g_memdup2(y, n * sizeof *y);
  vitrine_scatter_point_at(self, -1);
  redraw(self);
}

int
vitrine_scatter_get_pointed(VitrineScatter *self)
{
  g_return_val_if_fail(VITRINE_IS_SCATTER(self), -1);
  return self->pointed;
}

void
vitrine_scatter_point_at(VitrineScatter *self, int point)
{
  g_return_if_fail(VITRINE_IS_SCATTER(self));
  if (point >= (int)self->n || point == self->pointed)
    return;
  self->pointed = MAX(-1, point);
  g_clear_object(&self->picture);
  g_signal_emit(self, pointed_signal, 0, self->pointed);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

void
vitrine_scatter_set_picture(VitrineScatter *self, GdkPaintable *picture, const char *name)
{
  g_return_if_fail(VITRINE_IS_SCATTER(self));
  g_set_object(&self->picture, picture);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                 name ? name : "", -1);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* ---- pointer and keyboard ---------------------------------------------------------------- */

/* The point nearest to a place in the widget; -1: none within reach. */
static int
nearest(VitrineScatter *self, double x, double y)
{
  double best = REACH * REACH;
  int found = -1;

  for (gsize i = 0; self->frame.width > 0 && i < self->n; i++) {
    double dx = vitrine_axes_to_x(&self->frame, self->x[i]) - x;
    double dy = vitrine_axes_to_y(&self->frame, self->y[i]) - y;
    if (dx * dx + dy * dy <= best) {
      best = dx * dx + dy * dy;
      found = (int)i;
    }
  }
  return found;
}

static void
motion_cb(GtkEventControllerMotion *controller, double x, double y, VitrineScatter *self)
{
  vitrine_scatter_point_at(self, nearest(self, x, y));
}

static void
leave_cb(GtkEventControllerMotion *controller, VitrineScatter *self)
{
  if (!gtk_widget_has_focus(GTK_WIDGET(self)))
    vitrine_scatter_point_at(self, -1);
}

static void
released_cb(GtkGestureClick *click, int n_press, double x, double y, VitrineScatter *self)
{
  int point = nearest(self, x, y);

  gtk_widget_grab_focus(GTK_WIDGET(self));
  if (point < 0)
    return;
  vitrine_scatter_point_at(self, point);
  g_signal_emit(self, chosen_signal, 0, point);
}

/* To the nearest point that lies more in that direction than to its sides; without one there, or
 * from none, to the point nearest to the middle. */
static void
move(VitrineScatter *self, double right, double up)
{
  const VitrineAxesFrame *f = &self->frame;
  double from_x = f->left + f->width / 2, from_y = f->top + f->height / 2, best = INFINITY;
  int found = self->pointed;

  if (self->pointed >= 0) {
    from_x = vitrine_axes_to_x(f, self->x[self->pointed]);
    from_y = vitrine_axes_to_y(f, self->y[self->pointed]);
  }
  for (int i = 0; i < (int)self->n; i++) {
    double dx = vitrine_axes_to_x(f, self->x[i]) - from_x;
    double dy = from_y - vitrine_axes_to_y(f, self->y[i]);
    double along = dx * right + dy * up, across = fabs(dx * up) + fabs(dy * right);
    if (i == self->pointed || (self->pointed >= 0 && (along <= 0 || across > along)))
      continue;
    if (dx * dx + dy * dy < best) {
      best = dx * dx + dy * dy;
      found = i;
    }
  }
  vitrine_scatter_point_at(self, found);
}

static gboolean
key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
       VitrineScatter *self)
{
  switch (key) {
  case GDK_KEY_Left:
  case GDK_KEY_KP_Left:
    move(self, -1, 0);
    return GDK_EVENT_STOP;
  case GDK_KEY_Right:
  case GDK_KEY_KP_Right:
    move(self, 1, 0);
    return GDK_EVENT_STOP;
  case GDK_KEY_Up:
  case GDK_KEY_KP_Up:
    move(self, 0, 1);
    return GDK_EVENT_STOP;
  case GDK_KEY_Down:
  case GDK_KEY_KP_Down:
    move(self, 0, -1);
    return GDK_EVENT_STOP;
  case GDK_KEY_Return:
  case GDK_KEY_KP_Enter:
  case GDK_KEY_space:
    if (self->pointed < 0)
      return GDK_EVENT_PROPAGATE;
    g_signal_emit(self, chosen_signal, 0, self->pointed);
    return GDK_EVENT_STOP;
  default:
    return GDK_EVENT_PROPAGATE;
  }
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_scatter_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                        int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = 200;
  *natural = 340;
}

static void
vitrine_scatter_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  redraw(VITRINE_SCATTER(widget));
}

static void
vitrine_scatter_css_changed(GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS(vitrine_scatter_parent_class)->css_changed(widget, change);
  redraw(VITRINE_SCATTER(widget));
}

static void
vitrine_scatter_finalize(GObject *object)
{
  VitrineScatter *self = VITRINE_SCATTER(object);

  g_free(self->x_label);
  g_free(self->y_label);
  g_free(self->x);
  g_free(self->y);
  g_clear_object(&self->picture);
  g_clear_pointer(&self->drawn, gsk_render_node_unref);
  G_OBJECT_CLASS(vitrine_scatter_parent_class)->finalize(object);
}

static void
vitrine_scatter_class_init(VitrineScatterClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  GType type = G_TYPE_FROM_CLASS(class);

  G_OBJECT_CLASS(class)->finalize = vitrine_scatter_finalize;
  widget_class->snapshot = vitrine_scatter_snapshot;
  widget_class->measure = vitrine_scatter_measure;
  widget_class->size_allocate = vitrine_scatter_size_allocate;
  widget_class->css_changed = vitrine_scatter_css_changed;
  gtk_widget_class_set_css_name(widget_class, "plot");
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  pointed_signal = g_signal_new("pointed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_INT);
  chosen_signal = g_signal_new("chosen", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                               1, G_TYPE_INT);
}

static void
add_controller(VitrineScatter *self, GtkEventController *controller, const char *signal,
               GCallback callback)
{
  g_signal_connect(controller, signal, callback, self);
  gtk_widget_add_controller(GTK_WIDGET(self), controller);
}

static void
vitrine_scatter_init(VitrineScatter *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new();

  self->pointed = -1;
  vitrine_numeric(GTK_WIDGET(self)); /* its axes run from left to right */
  gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
  gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
  g_signal_connect(motion, "leave", G_CALLBACK(leave_cb), self);
  add_controller(self, motion, "motion", G_CALLBACK(motion_cb));
  add_controller(self, GTK_EVENT_CONTROLLER(gtk_gesture_click_new()), "released",
                 G_CALLBACK(released_cb));
  add_controller(self, gtk_event_controller_key_new(), "key-pressed", G_CALLBACK(key_cb));
}

GtkWidget *
vitrine_scatter_new(void)
{
  return g_object_new(VITRINE_TYPE_SCATTER, NULL);
}
