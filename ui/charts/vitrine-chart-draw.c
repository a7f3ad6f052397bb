/* How the chart looks around its curves: title, legend, axes; marker, readout and focus are drawn
 * over a render node with the rest, which stays as it is while the pointer moves. */
#include <glib/gi18n.h>
#include <math.h>
#include "ui/charts/vitrine-chart-private.h"

#define GAP    VITRINE_AXES_GAP
#define SWATCH 14.0

/* ---- title and legend -------------------------------------------------------------------- */

static PangoLayout *
title_layout(VitrineChart *self, const VitrinePen *pen)
{
  PangoLayout *layout = gtk_widget_create_pango_layout(pen->widget, self->title);
  PangoAttrList *list = pango_attr_list_new();

  pango_attr_list_insert(list, pango_attr_weight_new(PANGO_WEIGHT_BOLD));
  pango_layout_set_attributes(layout, list);
  pango_attr_list_unref(list);
  pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  return layout;
}

static void
draw_swatch(const VitrinePen *pen, const VitrineCurve *curve, double x, double middle)
{
  GdkRGBA colour = vitrine_pen_colour(pen, curve->colour);

  colour.alpha = curve->hidden ? 0.25f : 1;
  if (curve->dashed) {
    vitrine_pen_rect(pen, x, middle - 1.5, 6, 3, colour);
    vitrine_pen_rect(pen, x + 8, middle - 1.5, 6, 3, colour);
  } else {
    vitrine_pen_rect(pen, x, middle - 1.5, SWATCH, 3, colour);
  }
}

static void
draw_entry(VitrineChart *self, const VitrinePen *pen, guint i, PangoLayout *layout)
{
  VitrineCurve *curve = vitrine_chart_curve(self, i);
  graphene_rect_t area = curve->button;
  double x = area.origin.x + 3, y = area.origin.y + 2;
  double middle = y + (area.size.height - 4) / 2;

  if (self->legend_at == (int)i && gtk_widget_has_visible_focus(pen->widget))
    vitrine_pen_rounded(pen, area, 4, vitrine_pen_faint(pen, 0.15f));
  draw_swatch(pen, curve, x, round(middle));
  GdkRGBA text = curve->hidden ? vitrine_pen_faint(pen, 0.4f) : pen->text;
  vitrine_pen_put(pen, layout, x + SWATCH + GAP, y, text);
  if (curve->hidden)
    vitrine_pen_rect(pen, x + SWATCH + GAP, round(middle), area.size.width - SWATCH - GAP - 6, 1,
                     text);
}

static gboolean
has_legend(VitrineChart *self)
{
  return self->curves->len > 1 ||
         (self->curves->len == 1 &&
          g_strcmp0(vitrine_chart_curve(self, 0)->label, self->title) != 0);
}

double
vitrine_chart_head(VitrineChart *self, const VitrinePen *pen, gboolean draw)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), 0);
  g_autoptr(PangoLayout) title = title_layout(self, pen);
  double x = 0, y = 0, line = 0, width, height, room = fmax(pen->width - self->corner, 60);

  if (self->title && *self->title) {
    pango_layout_set_width(title, (int)(room * PANGO_SCALE));
    vitrine_pen_layout_size(title, &width, &line);
    if (draw)
      vitrine_pen_put(pen, title, 0, 0, pen->text);
    x = width + 2 * GAP;
  }
  for (guint i = 0; i < self->curves->len && has_legend(self); i++) {
    VitrineCurve *curve = vitrine_chart_curve(self, i);
    g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, curve->label);
    vitrine_pen_layout_size(layout, &width, &height);
    double most = room - SWATCH - GAP - 6;
    if (width > most) { /* a name as long as the chart is wide */
      pango_layout_set_width(layout, (int)(most * PANGO_SCALE));
      pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_MIDDLE);
      width = most;
    }
    double item = SWATCH + GAP + width + 6;
    if (x > 0 && x + item > room) {
      x = 0;
      y += line + 2;
      line = 0;
    }
    line = fmax(line, height + 4);
    curve->button =
        GRAPHENE_RECT_INIT((float)x, (float)y, (float)item, (float)fmax(line, height + 4));
    if (draw)
      draw_entry(self, pen, i, layout);
    x += item + GAP;
  }
  return y + line;
}

/* ---- axes -------------------------------------------------------------------------------- */

/* Tick k of the y axis; FALSE after the last one. */
static gboolean
y_tick(const VitrineChartFrame *f, int k, double *value)
{
  if (f->y_step > 0) {
    *value = vitrine_axes_first_tick(f->y_min, f->y_step) + k * f->y_step;
    return *value <= f->y_max + f->y_step * 1e-6;
  }
  /* Decades; so many that not all can be named: every second, third … one. */
  double first = ceil(log10(f->y_min) - 1e-6), last = floor(log10(f->y_max) + 1e-6);
  int every = MAX(1, (int)ceil((last - first + 1) / fmax(f->height / 30, 2)));
  double exponent = ceil(first / every) * every + (double)k * every;
  *value = pow(10, exponent);
  return exponent <= last;
}

static char *
y_text(const VitrineChartFrame *f, double value)
{
  if (f->y_step > 0) {
    char *text = vitrine_axes_tick_text(value, f->y_step);
    if (strlen(text) <= 8)
      return text;
    g_free(text);
  }
  return g_strdup_printf("%.3g", value);
}

static double
widest_y_tick(const VitrinePen *pen, const VitrineChartFrame *f)
{
  double widest = 0, width, height, y;

  for (int k = 0; y_tick(f, k, &y); k++) {
    g_autofree char *text = y_text(f, y);
    g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, text);
    vitrine_pen_layout_size(layout, &width, &height);
    widest = fmax(widest, width);
  }
  return widest;
}

/* Where the axes are, and what of the series lies between them. The left edge is as far in for
 * every chart as far as numbers allow, so that charts below each other have one x axis. */
static void
make_frame(VitrineChart *self, const VitrinePen *pen, double density)
{
  VitrineChartFrame *f = &self->frame;
  double width, line;
  g_autoptr(PangoLayout) sample = vitrine_pen_layout(pen, "0.0000");

  vitrine_pen_layout_size(sample, &width, &line);
  *f = (VitrineChartFrame){.left = ceil(width + GAP)};
  vitrine_chart_get_range(self, &f->x_min, &f->x_max);
  if (!(f->x_max > f->x_min)) {
    f->x_min -= f->x_max == f->x_min && f->x_max != 0 ? fabs(f->x_max) * 0.1 : 0.5;
    f->x_max += f->x_max != 0 ? fabs(f->x_max) * 0.1 : 0.5;
  }
  f->top = ceil(vitrine_chart_head(self, pen, FALSE) + GAP + line / 2);
  gboolean named = self->x_label && *self->x_label;
  f->height = floor(fmax(pen->height - f->top - line * (named ? 2 : 1) - 1.5 * GAP, 20));
  int ticks = MAX(2, (int)(f->height / (2.2 * line)));
  for (int round = 0; round < 2; round++) {
    f->width = floor(fmax(pen->width - f->left - width / 2 - 2, 20));
    vitrine_chart_query(self, f, density);
    vitrine_chart_choose_y(self, f, ticks);
    double wanted = ceil(widest_y_tick(pen, f) + GAP);
    if (wanted <= f->left)
      break;
    f->left = wanted;
  }
  f->x_step = vitrine_axes_step(f->x_max - f->x_min, MAX(2, (int)(f->width / (1.5 * width))));
}

static void
draw_y_axis(const VitrinePen *pen, const VitrineChartFrame *f)
{
  double width, height, y;

  for (int k = 0; y_tick(f, k, &y); k++) {
    g_autofree char *text = y_text(f, y);
    g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, text);
    double at = round(vitrine_chart_to_y(f, y));
    vitrine_pen_layout_size(layout, &width, &height);
    vitrine_pen_rect(pen, f->left, at, f->width, 1, vitrine_pen_faint(pen, 0.12f));
    vitrine_pen_put(pen, layout, f->left - GAP - width, at - height / 2,
                    vitrine_pen_faint(pen, 0.7f));
  }
}

static void
draw_x_axis(VitrineChart *self, const VitrinePen *pen, const VitrineChartFrame *f)
{
  double width, height, bottom = f->top + f->height;
  double first = vitrine_axes_first_tick(f->x_min, f->x_step), free_from = 0;

  for (int k = 0; first + k * f->x_step <= f->x_max + f->x_step * 1e-6; k++) {
    double x = first + k * f->x_step;
    g_autofree char *text = vitrine_axes_tick_text(x, f->x_step);
    g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, text);
    double at = round(vitrine_chart_to_x(f, x));
    vitrine_pen_layout_size(layout, &width, &height);
    vitrine_pen_rect(pen, at, bottom, 1, 4, vitrine_pen_faint(pen, 0.4f));
    double left = CLAMP(at - width / 2, 0, fmax(pen->width - width, 0));
    if (left < free_from)
      continue; /* long numbers, close together: not all can stand there */
    vitrine_pen_put(pen, layout, left, bottom + GAP, vitrine_pen_faint(pen, 0.7f));
    free_from = left + width + GAP;
  }
  vitrine_pen_rect(pen, f->left, round(bottom), f->width, 1, vitrine_pen_faint(pen, 0.4f));
  if (!self->x_label || !*self->x_label)
    return;
  g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, self->x_label);
  vitrine_pen_layout_size(layout, &width, &height);
  vitrine_pen_put(pen, layout, f->left + (f->width - width) / 2, pen->height - height,
                  vitrine_pen_faint(pen, 0.7f));
}

/* Why there is no curve to be seen; NULL when there is one. */
static const char *
empty_text(VitrineChart *self)
{
  double first, last, low, high, middle;
  const VitrineChartFrame *f = &self->frame;
  gboolean any = FALSE, all_hidden = self->curves->len > 0;

  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    any |= sg_series_bounds(curve->series, -INFINITY, INFINITY, FALSE, &first, &last, &low, &high);
    all_hidden &= curve->hidden;
    for (guint k = 0; !curve->hidden && k < f->n_columns + 2; k++)
      if (vitrine_chart_span(self, curve, &curve->columns[k], &low, &high, &middle))
        return NULL;
  }
  if (!any)
    return _("No values yet");
  if (all_hidden)
    return _("All curves are hidden");
  return self->logarithmic ? _("No values above zero here") : _("No values here");
}

static void
draw_empty(VitrineChart *self, const VitrinePen *pen)
{
  const VitrineChartFrame *f = &self->frame;
  const char *text = empty_text(self);
  double width, height;

  if (!text)
    return;
  g_autoptr(PangoLayout) layout = vitrine_pen_layout(pen, text);
  vitrine_pen_layout_size(layout, &width, &height);
  vitrine_pen_put(pen, layout, f->left + (f->width - width) / 2, f->top + (f->height - height) / 2,
                  vitrine_pen_faint(pen, 0.7f));
}

void
vitrine_chart_paint(VitrineChart *self, const VitrinePen *pen, double density)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  make_frame(self, pen, density);
  vitrine_chart_head(self, pen, TRUE);
  draw_y_axis(pen, &self->frame);
  draw_x_axis(self, pen, &self->frame);
  vitrine_chart_draw_curves(self, pen);
  draw_empty(self, pen);
}

/* ---- marker and readout ------------------------------------------------------------------ */

static void
draw_marker(VitrineChart *self, const VitrinePen *pen)
{
  const VitrineChartFrame *f = &self->frame;

  if (isnan(self->marker) || self->marker < f->x_min || self->marker > f->x_max)
    return;
  vitrine_pen_rect(pen, round(vitrine_chart_to_x(f, self->marker)) - 1, f->top - 4, 2,
                   f->height + 4, vitrine_pen_faint(pen, 0.85f));
}

/* The lines of the readout; draws the dots they are about. */
static char *
readout_markup(VitrineChart *self, const VitrinePen *pen, double x, guint most)
{
  const VitrineChartFrame *f = &self->frame;
  g_autofree char *where = vitrine_chart_x_text(self, x);
  g_autofree char *head = g_markup_printf_escaped("<b>%s</b>", where);
  GString *text = g_string_new(head);
  guint lines = 0, left_out = 0;

  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    double px, py;
    g_autofree char *value = curve->hidden ? NULL : vitrine_chart_value(self, curve, x, &px, &py);
    if (!value)
      continue;
    if (!isnan(py) && px >= f->x_min && px <= f->x_max && py >= f->y_min && py <= f->y_max)
      vitrine_pen_rounded(pen,
                          GRAPHENE_RECT_INIT((float)vitrine_chart_to_x(f, px) - 4,
                                             (float)vitrine_chart_to_y(f, py) - 4, 8, 8),
                          4, vitrine_pen_colour(pen, curve->colour));
    if (++lines > most) {
      left_out++;
      continue;
    }
    g_autofree char *line = g_markup_printf_escaped("\n<span color=\"%s\">%s</span> %s  %s",
                                                    vitrine_axes_colour(curve->colour, pen->dark),
                                                    curve->dashed ? "◌" : "●", curve->label, value);
    g_string_append(text, line);
  }
  if (left_out > 0)
    g_string_append_printf(text, _("\n… %u more"), left_out);
  return g_string_free(text, FALSE);
}

/* Beside the line, on the side with more room, within the widget. */
static void
draw_readout(VitrineChart *self, const VitrinePen *pen)
{
  const VitrineChartFrame *f = &self->frame;
  double x = self->cursor, width, height, line;

  if (isnan(x) || x < f->x_min || x > f->x_max)
    return;
  g_autoptr(PangoLayout) sample = vitrine_pen_layout(pen, "0");
  vitrine_pen_layout_size(sample, &width, &line);
  double at = round(vitrine_chart_to_x(f, x));
  vitrine_pen_rect(pen, at, f->top, 1, f->height, vitrine_pen_faint(pen, 0.5f));
  guint most = (guint)fmax((pen->height - 14) / line - 2, 1);
  g_autofree char *markup = readout_markup(self, pen, x, most);
  g_autofree char *scaled = g_strdup_printf("<span size=\"85%%\">%s</span>", markup);
  g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(pen->widget, NULL);
  pango_layout_set_markup(layout, scaled, -1);
  vitrine_pen_layout_size(layout, &width, &height);
  if (width + 22 > pen->width) { /* long names: their middle goes, values stay */
    pango_layout_set_width(layout, (pen->width - 22) * PANGO_SCALE);
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_MIDDLE);
    vitrine_pen_layout_size(layout, &width, &height);
  }
  width += 16;
  height += 10;
  double left = at + 10 + width <= pen->width - 2 ? at + 10 : at - 10 - width;
  left = CLAMP(left, 2, fmax(pen->width - width - 2, 2));
  double top = CLAMP(f->top, 1, fmax(pen->height - height - 1, 1));
  vitrine_pen_box(pen, layout, left, top, width, height);
}

void
vitrine_chart_draw(VitrineChart *self, GtkSnapshot *snapshot)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  VitrinePen pen = vitrine_pen(GTK_WIDGET(self), snapshot);

  if (!self->drawn) {
    pen.snapshot = gtk_snapshot_new();
    vitrine_chart_paint(self, &pen, gtk_widget_get_scale_factor(GTK_WIDGET(self)));
    self->drawn = gtk_snapshot_free_to_node(pen.snapshot);
    pen.snapshot = snapshot;
  }
  if (self->drawn)
    gtk_snapshot_append_node(snapshot, self->drawn);
  draw_marker(self, &pen);
  draw_readout(self, &pen);
  vitrine_pen_focus(&pen);
}
