/* What the chart says of a place: for the readout and for screen readers. */
#include <glib/gi18n.h>
#include <math.h>
#include "ui/charts/vitrine-chart-private.h"

double
vitrine_chart_snap(VitrineChart *self, double x)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), 0);
  double best = NAN, px, py;

  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    if (curve->hidden || !sg_series_nearest(curve->series, x, &px, &py, NULL))
      continue;
    if (isnan(best) || fabs(px - x) < fabs(best - x))
      best = px;
  }
  return best;
}

/* Four digits of what the y axis shows. */
static char *
number(VitrineChart *self, double value)
{
  double range = self->y_range[1] - self->y_range[0];

  if (self->logarithmic || !self->y_chosen)
    return g_strdup_printf("%.4g", value);
  return vitrine_axes_number(value, range);
}

/* " ± 0.05", empty without a band. */
static char *
spread_text(VitrineChart *self, const VitrineCurve *curve, double x)
{
  double bx, by;

  if (!curve->band || !sg_series_nearest(curve->band, x, &bx, &by, NULL) || bx != x ||
      !isfinite(by))
    return g_strdup("");
  g_autofree char *text = number(self, by);
  return g_strdup_printf(" ± %s", text);
}

char *
vitrine_chart_value(VitrineChart *self, const VitrineCurve *curve, double x, double *px, double *py)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), NULL);
  double first, last, low, high, value, smooth;

  *py = NAN;
  if (!sg_series_nearest(curve->series, x, px, &value, &smooth))
    return NULL;
  /* Before its first and after its last point (by more than a pixel) a curve says nothing; between
   * two it tells of the nearer one. */
  const VitrineChartFrame *f = &self->frame;
  double pixel = f->width > 0 ? (f->x_max - f->x_min) / f->width : 0;
  gboolean near = fabs(*px - x) <= pixel;
  if (!near &&
      (!sg_series_bounds(curve->series, -INFINITY, INFINITY, FALSE, &first, &last, &low, &high) ||
       x < first || x > last))
    return NULL;
  if (!isfinite(value))
    return g_strdup(_("no value"));
  *py = self->smoothing > 0 ? smooth : value;
  g_autofree char *raw = number(self, value);
  g_autofree char *spread = spread_text(self, curve, *px);
  const char *about = near ? "" : "≈";
  const char *out = self->logarithmic && value <= 0 ? _(" (not on this axis)") : "";
  if (self->smoothing <= 0)
    return g_strconcat(about, raw, spread, out, NULL);
  g_autofree char *smoothed = number(self, smooth);
  g_autofree char *both = g_strdup_printf(_("%s%s%s (smoothed %s)"), about, raw, spread, smoothed);
  return g_strconcat(both, out, NULL);
}

char *
vitrine_chart_x_text(VitrineChart *self, double x)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), NULL);
  double x0, x1;
  gboolean named = self->x_label && *self->x_label;

  vitrine_chart_get_range(self, &x0, &x1);
  g_autofree char *where = vitrine_axes_number(x, x1 - x0);
  return g_strconcat(named ? self->x_label : "", named ? " " : "", where, NULL);
}

char *
vitrine_chart_describe(VitrineChart *self, double x)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), NULL);
  double at = vitrine_chart_snap(self, x), px, py;
  g_autofree char *where = vitrine_chart_x_text(self, isnan(at) ? x : at);
  GString *text = g_string_new(where);
  const char *separator = ": ";

  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    g_autofree char *value =
        curve->hidden || isnan(at) ? NULL : vitrine_chart_value(self, curve, at, &px, &py);
    if (!value)
      continue;
    g_string_append_printf(text, "%s%s %s", separator, curve->label, value);
    separator = ", ";
  }
  return g_string_free(text, FALSE);
}

/* The readout, else the legend's entry, else the marker's values, else the newest ones. */
void
vitrine_chart_tell(VitrineChart *self)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  double first, last;
  g_autofree char *text = NULL;

  if (!isnan(self->cursor))
    text = vitrine_chart_describe(self, self->cursor);
  else if (self->legend_at >= 0 && self->legend_at < (int)self->curves->len) {
    const VitrineCurve *curve = vitrine_chart_curve(self, (guint)self->legend_at);
    text = g_strdup_printf(curve->hidden ? _("%s, hidden") : _("%s, shown"), curve->label);
  } else if (!isnan(self->marker))
    text = vitrine_chart_describe(self, self->marker);
  else if (vitrine_chart_bounds(self, &first, &last))
    text = vitrine_chart_describe(self, last);
  else
    text = g_strdup(_("No values yet"));
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text,
                                 -1);
}
