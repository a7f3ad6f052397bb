/* How the plot looks. Axes, grid and curves are drawn once into a render node, which stays as it is
 * while the pointer moves; marker and readout are drawn over it in every frame. */
#include <math.h>
#include "ui/charts/vitrine-axes.h"
#include "ui/charts/vitrine-plot-private.h"

#define GAP VITRINE_AXES_GAP

/* ---- legend ------------------------------------------------------------------------------ */

/* The series' names in rows of what fits, the y axis' name before them; its height. Draws when
 * `draw`. */
static double
legend(const VitrinePen *pen, gboolean draw)
{
  VitrinePlot *self = VITRINE_PLOT(pen->widget);
  double x = 0, y = 0, width, height, line = 0;
  int named = 0;

  for (guint i = 0; i < VITRINE_PLOT_SERIES; i++)
    named += self->series[i].n > 0 && self->series[i].label;
  if (self->y_label && *self->y_label) {
    g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, self->y_label);
    vitrine_pen_layout_size(layout, &width, &line);
    if (draw)
      vitrine_pen_put(pen, layout, 0, 0, vitrine_pen_faint(pen, 0.7f));
    x = width + 3 * GAP;
  }
  for (guint i = 0; i < VITRINE_PLOT_SERIES && named > 1; i++) {
    const VitrinePlotSeries *s = &self->series[i];
    if (s->n == 0 || !s->label)
      continue;
    g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, s->label);
    vitrine_pen_layout_size(layout, &width, &height);
    double item = 14 + GAP + width;
    if (x > 0 && x + item > pen->width) {
      x = 0;
      y += line + 2;
    }
    line = fmax(line, height);
    if (draw) {
      double thick = s->style == VITRINE_PLOT_BARS ? 8 : 3;
      double middle = y + (height - thick) / 2;
      if (s->style == VITRINE_PLOT_DASHED) {
        vitrine_pen_rect(pen, x, middle, 6, thick, vitrine_pen_colour(pen, i));
        vitrine_pen_rect(pen, x + 8, middle, 6, thick, vitrine_pen_colour(pen, i));
      } else {
        vitrine_pen_rect(pen, x, middle, 14, thick, vitrine_pen_colour(pen, i));
      }
      vitrine_pen_put(pen, layout, x + 14 + GAP, y, pen->text);
    }
    x += item + 2 * GAP;
  }
  return y + line;
}

/* ---- axes -------------------------------------------------------------------------------- */

static VitrineAxesFrame
make_frame(const VitrinePen *pen)
{
  VitrinePlot *self = VITRINE_PLOT(pen->widget);
  VitrineAxesFrame f = {0};
  double width, line;
  g_autoptr(PangoLayout) sample = vitrine_pen_layout(pen, "0.00");
  gboolean x_named = self->x_label && *self->x_label;

  vitrine_pen_layout_size(sample, &width, &line);
  vitrine_plot_ranges(self, &f);
  f.top = legend(pen, FALSE) + GAP + line / 2;
  f.height = fmax(pen->height - f.top - line * (x_named ? 2 : 1) - 1.5 * GAP, 20);
  f.y_step = vitrine_axes_step(f.y_max - f.y_min, MAX(2, (int)(f.height / (2.2 * line))));
  if (self->y_range[0] == self->y_range[1]) { /* from the data: whole steps, and room for ends */
    f.y_min = floor(f.y_min / f.y_step + 1e-6) * f.y_step;
    f.y_max = ceil(f.y_max / f.y_step - 1e-6) * f.y_step;
  }
  f.left = ceil(vitrine_pen_widest_tick(pen, &f) + GAP);
  f.width = fmax(pen->width - f.left - width / 2 - 2, 20);
  f.x_step = vitrine_axes_step(f.x_max - f.x_min, MAX(2, (int)(f.width / (1.9 * width))));
  return f;
}

/* ---- curves ------------------------------------------------------------------------------ */

static void
trace_bars(cairo_t *cr, const VitrineAxesFrame *f, const VitrinePlotSeries *s)
{
  double zero = vitrine_axes_to_y(f, CLAMP(0, f->y_min, f->y_max));

  for (gsize k = 0; k + 1 < s->n; k++) {
    if (!isfinite(s->y[k]))
      continue;
    double from = vitrine_axes_to_x(f, s->x[k]), to = vitrine_axes_to_x(f, s->x[k + 1]),
           y = vitrine_axes_to_y(f, s->y[k]);
    double gap = to - from > 4 ? 1 : 0;
    cairo_rectangle(cr, from, fmin(y, zero), fmax(to - from - gap, 0.5), fabs(zero - y));
  }
}

/* Of the points within one column of pixels only the first, the ends of their range and the last
 * are drawn: a million points cost no more than the width. */
static void
trace_line(cairo_t *cr, const VitrineAxesFrame *f, const VitrinePlotSeries *s)
{
  gboolean pen_down = FALSE;

  for (gsize k = 0; k < s->n;) {
    if (!isfinite(s->y[k])) {
      pen_down = FALSE;
      k++;
      continue;
    }
    double x = vitrine_axes_to_x(f, s->x[k]), column = floor(x);
    double low = vitrine_axes_to_y(f, s->y[k]), high = low, last = low;
    (pen_down ? cairo_line_to : cairo_move_to)(cr, x, low);
    pen_down = TRUE;
    gsize first = k++;
    for (; k < s->n && isfinite(s->y[k]) && floor(vitrine_axes_to_x(f, s->x[k])) == column; k++) {
      last = vitrine_axes_to_y(f, s->y[k]);
      low = fmin(low, last);
      high = fmax(high, last);
    }
    if (k - first > 1) {
      cairo_line_to(cr, x, low);
      cairo_line_to(cr, x, high);
      cairo_line_to(cr, x, last);
    }
  }
}

static void
draw_series(const VitrinePen *pen, const VitrineAxesFrame *f)
{
  graphene_rect_t all = GRAPHENE_RECT_INIT(0, 0, (float)pen->width, (float)pen->height);
  cairo_t *cr = gtk_snapshot_append_cairo(pen->snapshot, &all);

  cairo_rectangle(cr, f->left, f->top - 2, f->width, f->height + 3);
  cairo_clip(cr);
  cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
  for (guint i = 0; i < VITRINE_PLOT_SERIES; i++) {
    const VitrinePlotSeries *s = &VITRINE_PLOT(pen->widget)->series[i];
    GdkRGBA colour = vitrine_pen_colour(pen, i);
    if (s->n == 0)
      continue;
    cairo_new_path(cr);
    if (s->style == VITRINE_PLOT_BARS) {
      colour.alpha = 0.75f;
      gdk_cairo_set_source_rgba(cr, &colour);
      trace_bars(cr, f, s);
      cairo_fill(cr);
      continue;
    }
    gdk_cairo_set_source_rgba(cr, &colour);
    cairo_set_line_width(cr, 2);
    cairo_set_dash(cr, (double[]){6, 5}, s->style == VITRINE_PLOT_DASHED ? 2 : 0, 0);
    trace_line(cr, f, s);
    cairo_stroke(cr);
  }
  cairo_destroy(cr);
}

/* ---- marker and readout ------------------------------------------------------------------ */

static void
draw_marker(const VitrinePen *pen, const VitrineAxesFrame *f)
{
  double x = VITRINE_PLOT(pen->widget)->marker;

  if (isnan(x) || x < f->x_min || x > f->x_max)
    return;
  vitrine_pen_rect(pen, round(vitrine_axes_to_x(f, x)) - 1, f->top - 4, 2, f->height + 4,
                   vitrine_pen_faint(pen, 0.85f));
}

static void
draw_dots(const VitrinePen *pen, const VitrineAxesFrame *f, double x)
{
  for (guint i = 0; i < VITRINE_PLOT_SERIES; i++) {
    const VitrinePlotSeries *s = &VITRINE_PLOT(pen->widget)->series[i];
    int at = s->style == VITRINE_PLOT_BARS ? -1 : vitrine_plot_nearest(s, x);
    if (at < 0 || fabs(vitrine_axes_to_x(f, s->x[at]) - vitrine_axes_to_x(f, x)) > 1 ||
        !isfinite(s->y[at]) || s->y[at] < f->y_min || s->y[at] > f->y_max)
      continue;
    vitrine_pen_rounded(pen,
                        GRAPHENE_RECT_INIT((float)vitrine_axes_to_x(f, s->x[at]) - 4,
                                           (float)vitrine_axes_to_y(f, s->y[at]) - 4, 8, 8),
                        4, vitrine_pen_colour(pen, i));
  }
}

static char *
readout_markup(const VitrinePen *pen, double x)
{
  VitrinePlot *self = VITRINE_PLOT(pen->widget);
  GString *text = g_string_new(NULL);
  g_autofree char *where = vitrine_plot_x_text(self, x);
  g_autofree char *head = g_markup_printf_escaped(
      "<b>%s%s%s</b>", self->x_label ? self->x_label : "", self->x_label ? " " : "", where);

  g_string_append(text, head);
  for (guint i = 0; i < VITRINE_PLOT_SERIES; i++) {
    g_autofree char *value = vitrine_plot_value(self, i, x);
    if (!value)
      continue;
    const char *label = self->series[i].label;
    g_autofree char *line = g_markup_printf_escaped("\n<span color=\"%s\">●</span> %s%s%s",
                                                    vitrine_axes_colour(i, pen->dark),
                                                    label ? label : "", label ? "  " : "", value);
    g_string_append(text, line);
  }
  return g_string_free(text, FALSE);
}

/* Beside the line, on the side with more room. */
static void
draw_readout(const VitrinePen *pen, const VitrineAxesFrame *f)
{
  double x = VITRINE_PLOT(pen->widget)->cursor, width, height;

  if (isnan(x) || x < f->x_min || x > f->x_max)
    return;
  g_autofree char *markup = readout_markup(pen, x);
  g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, NULL);
  g_autofree char *scaled = g_strdup_printf("<span size=\"85%%\">%s</span>", markup);
  pango_layout_set_attributes(layout, NULL);
  pango_layout_set_markup(layout, scaled, -1);
  vitrine_pen_layout_size(layout, &width, &height);
  double at = round(vitrine_axes_to_x(f, x));
  vitrine_pen_rect(pen, at, f->top, 1, f->height, vitrine_pen_faint(pen, 0.5f));
  draw_dots(pen, f, x);
  width += 16;
  height += 10;
  double left = at + 10 + width <= pen->width ? at + 10 : at - 10 - width;
  left = CLAMP(left, 0, fmax(pen->width - width, 0));
  vitrine_pen_box(pen, layout, left, f->top, width, height);
}

void
vitrine_plot_draw(VitrinePlot *self, GtkSnapshot *snapshot)
{
  g_return_if_fail(VITRINE_IS_PLOT(self));
  VitrinePen pen = vitrine_pen(GTK_WIDGET(self), snapshot);

  if (!self->drawn) {
    pen.snapshot = gtk_snapshot_new();
    self->frame = make_frame(&pen);
    legend(&pen, TRUE);
    vitrine_pen_axes(&pen, &self->frame, self->x_label);
    draw_series(&pen, &self->frame);
    self->drawn = gtk_snapshot_free_to_node(pen.snapshot);
    pen.snapshot = snapshot;
  }
  if (self->drawn)
    gtk_snapshot_append_node(snapshot, self->drawn);
  draw_marker(&pen, &self->frame);
  draw_readout(&pen, &self->frame);
  vitrine_pen_focus(&pen);
}
