/* The chart as a widget: its curves, which part of them is visible, and following. */
#include "ui/charts/vitrine-chart-private.h"
#include "ui/parts/vitrine-number.h"
#include <glib/gi18n.h>
#include <math.h>

#define MIN_WIDTH    200
#define MIN_HEIGHT   210
#define HEIGHT       240
#define MOST_ZOOM    1e-8 /* of everything: some points even of millions */
#define MANY_POINTS  500000
#define SMOOTH_DELAY 120  /* ms */
#define RIGHT_GRACE  1e-6 /* of the range: as near as this to the end is at the end */

G_DEFINE_FINAL_TYPE(VitrineChart, vitrine_chart, GTK_TYPE_WIDGET)

static guint range_changed_signal;

/* ---- data -------------------------------------------------------------------------------- */

static void
curve_free(gpointer data)
{
  VitrineCurve *curve = data;

  g_free(curve->label);
  g_free(curve->columns);
  g_free(curve->spread);
  sg_series_unref(curve->series);
  g_clear_pointer(&curve->band, sg_series_unref);
  g_free(curve);
}

VitrineCurve *
vitrine_chart_curve(VitrineChart *self, guint i)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), NULL);
  return g_ptr_array_index(self->curves, i);
}

gboolean
vitrine_chart_bounds(VitrineChart *self, double *first, double *last)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), FALSE);
  double x0, x1, low, high;

  *first = INFINITY;
  *last = -INFINITY;
  if (self->extent[0] < self->extent[1]) {
    *first = self->extent[0];
    *last = self->extent[1];
  }
  for (guint i = 0; i < self->curves->len; i++) {
    if (!sg_series_bounds(vitrine_chart_curve(self, i)->series, -INFINITY, INFINITY, FALSE, &x0,
                          &x1, &low, &high))
      continue;
    *first = fmin(*first, x0);
    *last = fmax(*last, x1);
  }
  return *first <= *last;
}

void
vitrine_chart_redraw(VitrineChart *self)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  g_clear_pointer(&self->drawn, gsk_render_node_unref);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

static guint64
serial(VitrineChart *self)
{
  guint64 sum = self->curves->len;

  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    sum += sg_series_serial(curve->series) + (curve->band ? sg_series_serial(curve->band) : 0);
  }
  return sum;
}

static gboolean
at_end(VitrineChart *self, double last)
{
  return self->x1 >= last - (self->x1 - self->x0) * RIGHT_GRACE;
}

/* New points at the right: a range that had the end in view goes along. */
static void
follow(VitrineChart *self)
{
  double first, last;

  if (!vitrine_chart_bounds(self, &first, &last))
    return;
  gboolean longer = last > self->seen_end && last > self->x1;
  gboolean shorter = last < self->seen_end; /* the run went on from an older snapshot */
  if (self->following && !self->everything && (longer || shorter)) {
    double by = last - (longer ? fmax(self->seen_end, self->x1) : self->x1);
    self->x0 += by;
    self->x1 += by;
  }
  self->seen_end = last;
}

static void
data_changed(VitrineChart *self)
{
  self->serial = serial(self);
  follow(self);
  if (!isnan(self->pointer_x))
    vitrine_chart_point_at(self, self->pointer_x, self->pointer_y);
  vitrine_chart_tell(self);
  vitrine_chart_redraw(self);
}

void
vitrine_chart_add(VitrineChart *self, const char *label, guint colour, gboolean dashed,
                  SgSeries *series, SgSeries *band)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  VitrineCurve *curve = g_new0(VitrineCurve, 1);

  curve->label = g_strdup(label ? label : "");
  curve->colour = colour;
  curve->dashed = dashed;
  curve->hidden = g_hash_table_contains(self->hidden_labels, curve->label);
  curve->series = sg_series_ref(series);
  curve->band = band ? sg_series_ref(band) : NULL;
  sg_series_set_smoothing(series, self->smoothing);
  if (band)
    sg_series_set_smoothing(band, self->smoothing);
  g_ptr_array_add(self->curves, curve);
  self->y_chosen = FALSE;
  gtk_widget_queue_resize(GTK_WIDGET(self));
  data_changed(self);
}

void
vitrine_chart_clear(VitrineChart *self)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  g_ptr_array_set_size(self->curves, 0);
  self->legend_at = -1;
  self->y_chosen = FALSE;
  self->cursor = NAN;
  gtk_widget_queue_resize(GTK_WIDGET(self));
  data_changed(self);
}

void
vitrine_chart_refresh(VitrineChart *self)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  if (serial(self) != self->serial)
    data_changed(self);
}

void
vitrine_chart_toggle(VitrineChart *self, guint i)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  if (i >= self->curves->len)
    return;
  VitrineCurve *curve = vitrine_chart_curve(self, i);
  curve->hidden = !curve->hidden;
  if (curve->hidden)
    g_hash_table_add(self->hidden_labels, g_strdup(curve->label));
  else
    g_hash_table_remove(self->hidden_labels, curve->label);
  self->y_chosen = FALSE;
  vitrine_chart_tell(self);
  vitrine_chart_redraw(self);
}

static gboolean
smooth_cb(gpointer data)
{
  VitrineChart *self = data;

  self->smooth_later = 0;
  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    sg_series_set_smoothing(curve->series, self->smoothing);
    if (curve->band)
      sg_series_set_smoothing(curve->band, self->smoothing);
  }
  data_changed(self);
  return G_SOURCE_REMOVE;
}

/* A million points take some 50 ms: many of them wait until the slider rests. */
void
vitrine_chart_set_smoothing(VitrineChart *self, double factor)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  gsize points = 0;

  self->smoothing = isfinite(factor) ? CLAMP(factor, 0, 0.999) : 0;
  for (guint i = 0; i < self->curves->len; i++)
    points += sg_series_length(vitrine_chart_curve(self, i)->series);
  g_clear_handle_id(&self->smooth_later, g_source_remove);
  if (points > MANY_POINTS)
    self->smooth_later = g_timeout_add(SMOOTH_DELAY, smooth_cb, self);
  else
    smooth_cb(self);
}

void
vitrine_chart_set_logarithmic(VitrineChart *self, gboolean on)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  if (self->logarithmic == !!on)
    return;
  self->logarithmic = !!on;
  self->y_chosen = FALSE;
  vitrine_chart_tell(self);
  vitrine_chart_redraw(self);
}

void
vitrine_chart_set_corner(VitrineChart *self, int width)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  self->corner = MAX(width, 0);
  gtk_widget_queue_resize(GTK_WIDGET(self));
}

/* ---- range ------------------------------------------------------------------------------- */

static void
range_is(VitrineChart *self, gboolean everything, double x0, double x1)
{
  double first, last;
  gboolean any = vitrine_chart_bounds(self, &first, &last);

  self->everything = everything || (any && x0 <= first && x1 >= last);
  self->x0 = x0;
  self->x1 = x1;
  self->following = self->everything || !any || at_end(self, last);
  self->seen_end = any ? last : NAN;
  vitrine_chart_redraw(self);
}

void
vitrine_chart_set_range(VitrineChart *self, double x0, double x1)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  gboolean everything = !(x0 < x1) || !isfinite(x0) || !isfinite(x1);

  range_is(self, everything, everything ? 0 : x0, everything ? 0 : x1);
}

void
vitrine_chart_copy_range(VitrineChart *self, VitrineChart *from)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  range_is(self, from->everything, from->x0, from->x1);
}

void
vitrine_chart_set_extent(VitrineChart *self, double x0, double x1)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  gboolean given = isfinite(x0) && isfinite(x1) && x0 < x1;

  if (self->extent[0] == x0 && self->extent[1] == x1)
    return;
  self->extent[0] = given ? x0 : 0;
  self->extent[1] = given ? x1 : 0;
  follow(self);
  vitrine_chart_redraw(self);
}

void
vitrine_chart_get_range(VitrineChart *self, double *x0, double *x1)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  *x0 = self->x0;
  *x1 = self->x1;
  if (self->everything && !vitrine_chart_bounds(self, x0, x1)) {
    *x0 = 0;
    *x1 = 1;
  }
}

gboolean
vitrine_chart_is_following(VitrineChart *self)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), FALSE);
  return self->following;
}

void
vitrine_chart_move_to(VitrineChart *self, double x0, double x1)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  double first, last;

  if (!vitrine_chart_bounds(self, &first, &last) || !(first < last) || !(x0 < x1))
    return;
  double least = fmax((last - first) * MOST_ZOOM, fmax(fabs(x0), fabs(x1)) * 1e-12);
  double width = CLAMP(x1 - x0, least, last - first), centre = (x0 + x1) / 2;
  if (width != x1 - x0)
    x0 = centre - width / 2;
  x0 = CLAMP(x0, first, fmax(last - width, first));
  range_is(self, FALSE, x0, x0 + width >= last - width * RIGHT_GRACE ? last : x0 + width);
  g_signal_emit(self, range_changed_signal, 0);
}

void
vitrine_chart_show_everything(VitrineChart *self)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  self->y_chosen = FALSE;
  range_is(self, TRUE, 0, 0);
  g_signal_emit(self, range_changed_signal, 0);
}

/* ---- marker and readout ------------------------------------------------------------------ */

void
vitrine_chart_set_marker(VitrineChart *self, double x)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  if (x == self->marker || (isnan(x) && isnan(self->marker)))
    return;
  self->marker = x;
  vitrine_chart_tell(self);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

void
vitrine_chart_set_cursor(VitrineChart *self, double x)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  if (x == self->cursor || (isnan(x) && isnan(self->cursor)))
    return;
  self->cursor = x;
  vitrine_chart_tell(self);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

void
vitrine_chart_point_at(VitrineChart *self, double x, double y)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  const VitrineChartFrame *f = &self->frame;

  if (isnan(x) || f->width <= 0 || x < f->left - 8 || x > f->left + f->width + 8 ||
      y < f->top - 8 || y > f->top + f->height + 8) {
    vitrine_chart_set_cursor(self, NAN);
    return;
  }
  x = CLAMP(x, f->left, f->left + f->width);
  vitrine_chart_set_cursor(self, vitrine_chart_snap(self, vitrine_chart_from_x(f, x)));
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_chart_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
  vitrine_chart_draw(VITRINE_CHART(widget), snapshot);
}

static GtkSizeRequestMode
vitrine_chart_request_mode(GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

/* A legend of several rows makes the chart higher, so that the curves keep their room. */
static void
vitrine_chart_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                      int *natural, int *minimum_baseline, int *natural_baseline)
{
  VitrineChart *self = VITRINE_CHART(widget);

  if (orientation == GTK_ORIENTATION_HORIZONTAL) {
    *minimum = MIN_WIDTH;
    *natural = 356;
    return;
  }
  VitrinePen pen = vitrine_pen(widget, NULL);
  pen.width = for_size > 0 ? for_size : MIN_WIDTH;
  int head = (int)vitrine_chart_head(self, &pen, FALSE);
  *minimum = MIN_HEIGHT + MAX(head - 20, 0);
  *natural = HEIGHT + MAX(head - 20, 0);
}

static void
vitrine_chart_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  vitrine_chart_redraw(VITRINE_CHART(widget));
}

/* Another theme or another font. */
static void
vitrine_chart_css_changed(GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS(vitrine_chart_parent_class)->css_changed(widget, change);
  vitrine_chart_redraw(VITRINE_CHART(widget));
}

static void
vitrine_chart_finalize(GObject *object)
{
  VitrineChart *self = VITRINE_CHART(object);

  g_clear_handle_id(&self->smooth_later, g_source_remove);
  g_ptr_array_unref(self->curves);
  g_hash_table_unref(self->hidden_labels);
  g_free(self->title);
  g_free(self->x_label);
  g_clear_pointer(&self->drawn, gsk_render_node_unref);
  G_OBJECT_CLASS(vitrine_chart_parent_class)->finalize(object);
}

static void
vitrine_chart_class_init(VitrineChartClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->finalize = vitrine_chart_finalize;
  widget_class->snapshot = vitrine_chart_snapshot;
  widget_class->get_request_mode = vitrine_chart_request_mode;
  widget_class->measure = vitrine_chart_measure;
  widget_class->size_allocate = vitrine_chart_size_allocate;
  widget_class->css_changed = vitrine_chart_css_changed;
  gtk_widget_class_set_css_name(widget_class, "chart");
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  range_changed_signal = g_signal_new("range-changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST,
                                      0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_chart_init(VitrineChart *self)
{
  vitrine_numeric(GTK_WIDGET(self)); /* its axes run from left to right */
  self->curves = g_ptr_array_new_with_free_func(curve_free);
  self->hidden_labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  self->marker = self->cursor = self->pointer_x = self->pointer_y = self->seen_end = NAN;
  self->everything = self->following = TRUE;
  self->legend_at = -1;
  gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
  gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
  vitrine_chart_add_input(self);
}

GtkWidget *
vitrine_chart_new(const char *title, const char *x_label)
{
  VitrineChart *self = g_object_new(VITRINE_TYPE_CHART, NULL);

  self->title = g_strdup(title ? title : "");
  self->x_label = g_strdup(x_label ? x_label : "");
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, self->title,
                                 -1);
  vitrine_chart_tell(self);
  return GTK_WIDGET(self);
}
