/* The plot as a widget: what it holds, what pointer and keyboard do. Drawing:
 * vitrine-plot-draw.c */
#include "ui/charts/vitrine-plot-private.h"
#include "ui/parts/vitrine-number.h"
#include "ui/charts/vitrine-axes.h"
#include <glib/gi18n.h>
#include <math.h>

#define MIN_WIDTH  200
#define MIN_HEIGHT 150
#define EXACT      1e-6 /* of the x axis: as near as this is at a point */
#define PAGE       10   /* points that Page Up and Page Down pass */

G_DEFINE_FINAL_TYPE(VitrinePlot, vitrine_plot, GTK_TYPE_WIDGET)

static guint clicked_signal;

/* ---- numbers ----------------------------------------------------------------------------- */

static void
extend(double range[2], double value)
{
  if (!isfinite(value))
    return;
  range[0] = fmin(range[0], value);
  range[1] = fmax(range[1], value);
}

static void
data_ranges(VitrinePlot *self, double x[2], double y[2])
{
  for (int i = 0; i < VITRINE_PLOT_SERIES; i++) {
    const VitrinePlotSeries *s = &self->series[i];
    gboolean bars = s->style == VITRINE_PLOT_BARS;
    for (gsize k = 0; k < s->n; k++) {
      extend(x, s->x[k]);
      if (!bars || k + 1 < s->n)
        extend(y, s->y[k]);
    }
    if (s->n > 0 && bars)
      extend(y, 0);
  }
}

static void
choose_range(const double set[2], const double data[2], double *min, double *max)
{
  gboolean is_set = set[0] != set[1];

  *min = is_set ? set[0] : data[0];
  *max = is_set ? set[1] : data[1];
  if (!(*min <= *max))
    *min = 0, *max = 1; /* no data yet */
  if (*max - *min <= fabs(*max) * 1e-12) {
    double half = *min != 0 ? fabs(*min) * 0.1 : 0.5;
    *min -= half;
    *max += half;
  }
}

void
vitrine_plot_ranges(VitrinePlot *self, VitrineAxesFrame *frame)
{
  g_return_if_fail(VITRINE_IS_PLOT(self));
  double x[2] = {INFINITY, -INFINITY}, y[2] = {INFINITY, -INFINITY};

  data_ranges(self, x, y);
  choose_range(self->x_range, x, &frame->x_min, &frame->x_max);
  choose_range(self->y_range, y, &frame->y_min, &frame->y_max);
}

int
vitrine_plot_nearest(const VitrinePlotSeries *s, double x)
{
  gsize low = 0, high = s->n; /* the first point beyond x is in low..high */

  if (s->n == 0 || (s->style == VITRINE_PLOT_BARS && s->n < 2) || isnan(x))
    return -1;
  while (low < high) {
    gsize middle = (low + high) / 2;
    if (s->x[middle] <= x)
      low = middle + 1;
    else
      high = middle;
  }
  if (s->style == VITRINE_PLOT_BARS)
    return (int)MIN(low > 0 ? low - 1 : 0, s->n - 2);
  if (low == s->n || (low > 0 && x - s->x[low - 1] <= s->x[low] - x))
    low--;
  return (int)low;
}

const VitrinePlotSeries *
vitrine_plot_first(VitrinePlot *self)
{
  g_return_val_if_fail(VITRINE_IS_PLOT(self), NULL);
  for (int i = 0; i < VITRINE_PLOT_SERIES; i++)
    if (self->series[i].n > 0)
      return &self->series[i];
  return NULL;
}

double
vitrine_plot_snap(VitrinePlot *self, double x)
{
  g_return_val_if_fail(VITRINE_IS_PLOT(self), 0);
  double best = NAN;

  for (int i = 0; i < VITRINE_PLOT_SERIES; i++) {
    const VitrinePlotSeries *s = &self->series[i];
    int at = vitrine_plot_nearest(s, x);
    if (at < 0)
      continue;
    if (s->style == VITRINE_PLOT_BARS)
      return CLAMP(x, s->x[0], s->x[s->n - 1]); /* a bar is wide: any place on it will do */
    if (isnan(best) || fabs(s->x[at] - x) < fabs(best - x))
      best = s->x[at];
  }
  return best;
}

char *
vitrine_plot_value(VitrinePlot *self, guint i, double x)
{
  g_return_val_if_fail(VITRINE_IS_PLOT(self), NULL);
  const VitrinePlotSeries *s = &self->series[i];
  int at = vitrine_plot_nearest(s, x);
  VitrineAxesFrame frame;

  if (at < 0 || !isfinite(s->y[at]))
    return NULL;
  vitrine_plot_ranges(self, &frame);
  double range = frame.y_max - frame.y_min;
  if (s->style == VITRINE_PLOT_BARS || fabs(s->x[at] - x) <= (frame.x_max - frame.x_min) * EXACT)
    return vitrine_axes_number(s->y[at], range);
  int other = s->x[at] < x ? at + 1 : at - 1;
  if (other < 0 || other >= (int)s->n || !isfinite(s->y[other]))
    return NULL;
  double part = (x - s->x[at]) / (s->x[other] - s->x[at]);
  g_autofree char *between = vitrine_axes_number(s->y[at] + part * (s->y[other] - s->y[at]), range);
  return g_strconcat("≈", between, NULL);
}

char *
vitrine_plot_x_text(VitrinePlot *self, double x)
{
  g_return_val_if_fail(VITRINE_IS_PLOT(self), NULL);
  const VitrinePlotSeries *s = vitrine_plot_first(self);
  VitrineAxesFrame frame;

  vitrine_plot_ranges(self, &frame);
  double range = frame.x_max - frame.x_min;
  int at = s && s->style == VITRINE_PLOT_BARS ? vitrine_plot_nearest(s, x) : -1;
  if (at < 0)
    return vitrine_axes_number(x, range);
  g_autofree char *from = vitrine_axes_number(s->x[at], range);
  g_autofree char *to = vitrine_axes_number(s->x[at + 1], range);
  return g_strdup_printf("%s … %s", from, to);
}

char *
vitrine_plot_describe(VitrinePlot *self, double x)
{
  g_return_val_if_fail(VITRINE_IS_PLOT(self), NULL);
  double at = vitrine_plot_snap(self, x);
  g_autofree char *where = vitrine_plot_x_text(self, isnan(at) ? x : at);
  GString *text = g_string_new(NULL);

  if (self->x_label && *self->x_label)
    g_string_append_printf(text, "%s ", self->x_label);
  g_string_append(text, where);
  const char *separator = ": ";
  for (guint i = 0; i < VITRINE_PLOT_SERIES; i++) {
    g_autofree char *value = vitrine_plot_value(self, i, at);
    if (!value)
      continue;
    const char *label = self->series[i].label;
    g_string_append_printf(text, "%s%s%s%s", separator, label ? label : "", label ? " " : "",
                           value);
    separator = ", ";
  }
  return g_string_free(text, FALSE);
}

/* ---- what it holds ----------------------------------------------------------------------- */

static void
redraw(VitrinePlot *self)
{
  g_clear_pointer(&self->drawn, gsk_render_node_unref);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* What a screen reader says: the readout, or else the marker's values. */
static void
tell(VitrinePlot *self)
{
  double x = isnan(self->cursor) ? self->marker : self->cursor;
  g_autofree char *text = isnan(x) ? g_strdup("") : vitrine_plot_describe(self, x);

  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text,
                                 -1);
}

void
vitrine_plot_set_labels(VitrinePlot *self, const char *x_label, const char *y_label)
{
  g_return_if_fail(VITRINE_IS_PLOT(self));
  g_free(self->x_label);
  g_free(self->y_label);
  self->x_label = g_strdup(x_label);
  self->y_label = g_strdup(y_label);
  g_autofree char *name =
      g_strdup_printf(_("%s over %s"), y_label ? y_label : "", x_label ? x_label : "");
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  redraw(self);
}

void
vitrine_plot_set_x_range(VitrinePlot *self, double min, double max)
{
  g_return_if_fail(VITRINE_IS_PLOT(self));
  self->x_range[0] = min;
  self->x_range[1] = max;
  redraw(self);
}

void
vitrine_plot_set_y_range(VitrinePlot *self, double min, double max)
{
  g_return_if_fail(VITRINE_IS_PLOT(self));
  self->y_range[0] = min;
  self->y_range[1] = max;
  redraw(self);
}

static void
clear_series(VitrinePlotSeries *s)
{
  g_free(s->label);
  g_free(s->x);
  g_free(s->y);
  *s = (VitrinePlotSeries){0};
}

void
vitrine_plot_set_series(VitrinePlot *self, guint index, const char *label, VitrinePlotStyle style,
                        gsize n, const double *x, const double *y)
{
  g_return_if_fail(index < VITRINE_PLOT_SERIES);
  VitrinePlotSeries *s = &self->series[index];

  clear_series(s);
  if (n > 0)
    *s = (VitrinePlotSeries){g_strdup(label), style, n, g_memdup2(x, sizeof(double) * n),
                             g_memdup2(y, sizeof(double) * n)};
  tell(self);
  redraw(self);
}

void
vitrine_plot_set_marker(VitrinePlot *self, double x)
{
  g_return_if_fail(VITRINE_IS_PLOT(self));
  if (x == self->marker || (isnan(x) && isnan(self->marker)))
    return;
  self->marker = x;
  tell(self);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void
set_cursor(VitrinePlot *self, double x)
{
  if (x == self->cursor || (isnan(x) && isnan(self->cursor)))
    return;
  self->cursor = x;
  tell(self);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* ---- pointer and keyboard ---------------------------------------------------------------- */

/* NAN beside the axes (a few pixels of grace) and before the first drawing. */
static double
x_at(VitrinePlot *self, double x, double y)
{
  const VitrineAxesFrame *f = &self->frame;

  if (f->width <= 0 || x < f->left - 8 || x > f->left + f->width + 8 || y < f->top - 8 ||
      y > f->top + f->height + 8)
    return NAN;
  double part = CLAMP((x - f->left) / f->width, 0, 1);
  return f->x_min + part * (f->x_max - f->x_min);
}

static void
motion_cb(GtkEventControllerMotion *controller, double x, double y, VitrinePlot *self)
{
  set_cursor(self, vitrine_plot_snap(self, x_at(self, x, y)));
}

static void
leave_cb(GtkEventControllerMotion *controller, VitrinePlot *self)
{
  set_cursor(self, NAN);
}

static void
released_cb(GtkGestureClick *click, int n_press, double x, double y, VitrinePlot *self)
{
  double at = x_at(self, x, y);

  gtk_widget_grab_focus(GTK_WIDGET(self));
  if (!isnan(at))
    g_signal_emit(self, clicked_signal, 0, at);
}

/* The readout goes from point to point of the first series. */
static void
move(VitrinePlot *self, int by)
{
  const VitrinePlotSeries *s = vitrine_plot_first(self);
  double from = !isnan(self->cursor) ? self->cursor : self->marker;

  if (!s)
    return;
  int last = (int)s->n - (s->style == VITRINE_PLOT_BARS ? 2 : 1);
  int at = vitrine_plot_nearest(s, isnan(from) ? s->x[0] : from);
  if (at < 0)
    return;
  at = by == G_MININT ? 0 : by == G_MAXINT ? last : CLAMP(at + by, 0, last);
  set_cursor(self, s->x[at]);
}

static gboolean
key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
       VitrinePlot *self)
{
  switch (key) {
  case GDK_KEY_Left:
  case GDK_KEY_KP_Left:
    move(self, state & GDK_CONTROL_MASK ? -PAGE : -1);
    return GDK_EVENT_STOP;
  case GDK_KEY_Right:
  case GDK_KEY_KP_Right:
    move(self, state & GDK_CONTROL_MASK ? PAGE : 1);
    return GDK_EVENT_STOP;
  case GDK_KEY_Home:
    move(self, G_MININT);
    return GDK_EVENT_STOP;
  case GDK_KEY_End:
    move(self, G_MAXINT);
    return GDK_EVENT_STOP;
  case GDK_KEY_Return:
  case GDK_KEY_KP_Enter:
  case GDK_KEY_space:
    if (isnan(self->cursor))
      return GDK_EVENT_PROPAGATE;
    g_signal_emit(self, clicked_signal, 0, self->cursor);
    return GDK_EVENT_STOP;
  case GDK_KEY_Escape:
    if (isnan(self->cursor))
      return GDK_EVENT_PROPAGATE;
    set_cursor(self, NAN);
    return GDK_EVENT_STOP;
  default:
    return GDK_EVENT_PROPAGATE;
  }
}

static void
unfocus_cb(GtkEventControllerFocus *controller, VitrinePlot *self)
{
  set_cursor(self, NAN);
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_plot_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
  vitrine_plot_draw(VITRINE_PLOT(widget), snapshot);
}

static void
vitrine_plot_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                     int *natural, int *minimum_baseline, int *natural_baseline)
{
  gboolean across = orientation == GTK_ORIENTATION_HORIZONTAL;

  *minimum = across ? MIN_WIDTH : MIN_HEIGHT;
  *natural = across ? 356 : 220;
}

static void
vitrine_plot_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  redraw(VITRINE_PLOT(widget));
}

/* Another theme or another font. */
static void
vitrine_plot_css_changed(GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS(vitrine_plot_parent_class)->css_changed(widget, change);
  redraw(VITRINE_PLOT(widget));
}

static void
vitrine_plot_finalize(GObject *object)
{
  VitrinePlot *self = VITRINE_PLOT(object);

  for (int i = 0; i < VITRINE_PLOT_SERIES; i++)
    clear_series(&self->series[i]);
  g_free(self->x_label);
  g_free(self->y_label);
  g_clear_pointer(&self->drawn, gsk_render_node_unref);
  G_OBJECT_CLASS(vitrine_plot_parent_class)->finalize(object);
}

static void
vitrine_plot_class_init(VitrinePlotClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->finalize = vitrine_plot_finalize;
  widget_class->snapshot = vitrine_plot_snapshot;
  widget_class->measure = vitrine_plot_measure;
  widget_class->size_allocate = vitrine_plot_size_allocate;
  widget_class->css_changed = vitrine_plot_css_changed;
  gtk_widget_class_set_css_name(widget_class, "plot");
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  clicked_signal = g_signal_new("clicked", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 1, G_TYPE_DOUBLE);
}

static void
add_controller(VitrinePlot *self, GtkEventController *controller, const char *signal,
               GCallback callback)
{
  g_signal_connect(controller, signal, callback, self);
  gtk_widget_add_controller(GTK_WIDGET(self), controller);
}

static void
vitrine_plot_init(VitrinePlot *self)
{
  vitrine_numeric(GTK_WIDGET(self)); /* its axes run from left to right */
  GtkEventController *motion = gtk_event_controller_motion_new();

  self->marker = self->cursor = NAN;
  gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
  gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
  g_signal_connect(motion, "leave", G_CALLBACK(leave_cb), self);
  add_controller(self, motion, "motion", G_CALLBACK(motion_cb));
  add_controller(self, GTK_EVENT_CONTROLLER(gtk_gesture_click_new()), "released",
                 G_CALLBACK(released_cb));
  add_controller(self, gtk_event_controller_key_new(), "key-pressed", G_CALLBACK(key_cb));
  add_controller(self, gtk_event_controller_focus_new(), "leave", G_CALLBACK(unfocus_cb));
}

GtkWidget *
vitrine_plot_new(void)
{
  return g_object_new(VITRINE_TYPE_PLOT, NULL);
}
