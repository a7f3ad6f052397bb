/* What the chart asks of its series for one picture, and which part of the y axis that needs. */
#include <math.h>
#include "ui/charts/vitrine-chart-private.h"

#define FILLED 0.4  /* of the axis: with less than this in use it is chosen anew */
#define MARGIN 0.04 /* of the values' range, kept free at its ends */

double
vitrine_chart_to_x(const VitrineChartFrame *f, double x)
{
  return f->left + (x - f->x_min) / (f->x_max - f->x_min) * f->width;
}

double
vitrine_chart_from_x(const VitrineChartFrame *f, double x)
{
  return f->x_min + (x - f->left) / f->width * (f->x_max - f->x_min);
}

/* Values far outside must not overflow what cairo counts in. */
double
vitrine_chart_to_y(const VitrineChartFrame *f, double y)
{
  double part = f->logarithmic ? log(y / f->y_min) / log(f->y_max / f->y_min)
                               : (y - f->y_min) / (f->y_max - f->y_min);
  return f->top + f->height - CLAMP(part, -4, 5) * f->height;
}

/* ---- columns ----------------------------------------------------------------------------- */

static void
query_series(SgSeries *s, const VitrineChartFrame *f, SgSeriesColumn **columns)
{
  guint n = f->n_columns;

  *columns = g_renew(SgSeriesColumn, *columns, n + 2);
  sg_series_query(s, f->first, f->first + f->column * n, n, *columns + 1, *columns,
                  *columns + n + 1);
}

void
vitrine_chart_query(VitrineChart *self, VitrineChartFrame *f, double density)
{
  guint pixels = (guint)CLAMP(f->width * density, 16, 16384);
  double start = 0;

  f->column = (f->x_max - f->x_min) / pixels;
  f->column_pixel = f->width / pixels;
  start = floor(f->x_min / f->column);
  f->first = start * f->column;
  f->first_pixel =
      f->left + round((f->first - f->x_min) / f->column) * f->column_pixel; /* a whole pixel */
  f->n_columns = pixels + 2;
  for (guint i = 0; i < self->curves->len; i++) {
    VitrineCurve *curve = vitrine_chart_curve(self, i);
    if (curve->hidden)
      continue;
    query_series(curve->series, f, &curve->columns);
    if (curve->band)
      query_series(curve->band, f, &curve->spread);
  }
}

gboolean
vitrine_chart_span(const VitrineChart *self, const VitrineCurve *curve,
                   const SgSeriesColumn *column, double *low, double *high, double *middle)
{
  double first, last;

  if (column->n == 0 || isnan(column->min))
    return FALSE;
  *low = column->min;
  *high = column->max;
  *middle = self->smoothing > 0 ? column->smooth : column->mean;
  if (!self->logarithmic || column->min > 0)
    return TRUE;
  /* A logarithm is of what is above zero only. */
  const VitrineChartFrame *f = &self->frame;
  double end = f->first + (floor((column->x - f->first) / f->column) + 1 - 1e-9) * f->column;
  if (column->max <= 0 ||
      !sg_series_bounds(curve->series, column->x, column->n > 1 ? end : column->x, TRUE, &first,
                        &last, low, high))
    return FALSE;
  if (self->smoothing > 0)
    *middle = *middle > 0 ? *middle : NAN;
  else
    *middle = sqrt(*low * *high);
  return TRUE;
}

/* ---- the y axis -------------------------------------------------------------------------- */

static void
extend(double range[2], double value)
{
  if (!isfinite(value))
    return;
  range[0] = fmin(range[0], value);
  range[1] = fmax(range[1], value);
}

/* Where the line between two columns crosses x, NAN where none is drawn. */
static double
crossing(VitrineChart *self, const VitrineCurve *curve, const SgSeriesColumn *a,
         const SgSeriesColumn *b, double x)
{
  double low, high, from, to;

  if (!vitrine_chart_span(self, curve, a, &low, &high, &from) ||
      !vitrine_chart_span(self, curve, b, &low, &high, &to) || !(a->x < b->x))
    return NAN;
  if (self->logarithmic)
    from = log10(from), to = log10(to);
  return from + CLAMP((x - a->x) / (b->x - a->x), 0, 1) * (to - from);
}

/* What lines that run out of the picture have at its edges. */
static void
edge_values(VitrineChart *self, const VitrineChartFrame *f, const VitrineCurve *curve,
            double range[2])
{
  const SgSeriesColumn *columns = curve->columns;
  guint first = 1, last = f->n_columns, right = f->n_columns + 1;

  while (first < right && columns[first].n == 0)
    first++;
  while (last > 0 && columns[last].n == 0)
    last--;
  if (columns[0].x < f->x_min)
    extend(range, crossing(self, curve, &columns[0], &columns[first], f->x_min));
  if (columns[right].x > f->x_max)
    extend(range, crossing(self, curve, &columns[last], &columns[right], f->x_max));
}

/* Lowest and highest of what is to be drawn; logarithms on a logarithmic axis. */
static void
visible_values(VitrineChart *self, const VitrineChartFrame *f, double range[2])
{
  gboolean logarithmic = self->logarithmic;
  double low, high, middle;

  range[0] = INFINITY;
  range[1] = -INFINITY;
  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    if (!curve->hidden)
      edge_values(self, f, curve, range);
    for (guint k = 1; !curve->hidden && k <= f->n_columns; k++) {
      const SgSeriesColumn *column = &curve->columns[k];
      if (!vitrine_chart_span(self, curve, column, &low, &high, &middle))
        continue;
      extend(range, logarithmic ? log10(low) : low);
      extend(range, logarithmic ? log10(high) : high);
      double spread = curve->band && !logarithmic ? curve->spread[k].mean : NAN;
      extend(range, middle - spread);
      extend(range, middle + spread);
    }
  }
}

/* Ends with some room, on round numbers. */
static void
round_out(double range[2], const double values[2], int ticks)
{
  double low = values[0], high = values[1];

  if (high - low <= fmax(fabs(low), fabs(high)) * 1e-9) {
    double half = low != 0 ? fabs(low) * 0.1 : 0.5;
    low -= half;
    high += half;
  } else {
    double margin = (high - low) * MARGIN;
    /* What never is negative needs no room below zero. */
    low = low >= 0 && low < margin ? 0 : low - margin;
    high = high <= 0 && -high < margin ? 0 : high + margin;
  }
  double step = vitrine_axes_step(high - low, 5 * ticks);
  range[0] = floor(low / step + 1e-6) * step;
  range[1] = ceil(high / step - 1e-6) * step;
}

/* The axis stays as it is as long as everything fits into it and makes good use of it, so that it
 * does not breathe with every new point or with every pixel panned. While a drag goes on it only
 * grows. */
static void
choose_range(VitrineChart *self, const double values[2], int ticks)
{
  double *range = self->y_range, part = (values[1] - values[0]) / (range[1] - range[0]);
  gboolean fits = values[0] >= range[0] && values[1] <= range[1];
  double wanted[2] = {values[0], values[1]};

  if (self->y_chosen && fits && (part >= FILLED || self->dragging))
    return;
  if (self->y_chosen && self->dragging) {
    wanted[0] = fmin(wanted[0], range[0]);
    wanted[1] = fmax(wanted[1], range[1]);
  }
  round_out(range, wanted, ticks);
  self->y_chosen = TRUE;
}

void
vitrine_chart_choose_y(VitrineChart *self, VitrineChartFrame *f, int ticks)
{
  double values[2];

  visible_values(self, f, values);
  if (values[0] <= values[1])
    choose_range(self, values, ticks);
  f->logarithmic = self->logarithmic;
  f->y_min = self->y_chosen ? self->y_range[0] : 0;
  f->y_max = self->y_chosen ? self->y_range[1] : 1;
  f->y_step = vitrine_axes_step(f->y_max - f->y_min, ticks);
  if (!f->logarithmic)
    return;
  /* Within one decade or so the steps are those of the values, else decades. */
  gboolean decades = f->y_max - f->y_min > 1.2;
  f->y_min = pow(10, CLAMP(f->y_min, -300, 300));
  f->y_max = pow(10, CLAMP(f->y_max, -299, 301));
  f->y_step = decades ? 0 : vitrine_axes_step(f->y_max - f->y_min, ticks);
}
