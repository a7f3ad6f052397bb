/* Asking a curve: single points, bounds, and the columns of a chart. */
#include "engine/runs/run-series-private.h"

/* The first point with x >= (or, `above`, > ) the given place, at or after `from`: steps that
 * double from there, then halving. Columns are asked from left to right, so the place is near. */
static gsize
seek(const SgSeries *s, gsize from, double x, gboolean above)
{
  gsize low = from, step = 1, high = s->length;
#define IS_LEFT(i) (above ? s->x[i] <= x : s->x[i] < x)
  while (low + step <= s->length && IS_LEFT(low + step - 1)) {
    low += step;
    step *= 2;
  }
  high = MIN(high, low + step);
  while (low < high) {
    gsize middle = low + (high - low) / 2;
    if (IS_LEFT(middle))
      low = middle + 1;
    else
      high = middle;
  }
#undef IS_LEFT
  return low;
}

/* The summary of the points [first, end): up the pyramid as far as whole nodes fit. */
static SgSeriesNode
summary(const SgSeries *s, gsize first, gsize end)
{
  SgSeriesNode a;
  sg_series_node_clear(&a);
  while (first < end && first % SG_SERIES_FANOUT != 0)
    sg_series_node_add(&a, s->y[first++]);
  while (end > first && end % SG_SERIES_FANOUT != 0)
    sg_series_node_add(&a, s->y[--end]);
  for (int k = 0; k < SG_SERIES_LEVELS && first < end; k++) {
    const SgSeriesNode *nodes = s->levels[k].nodes;
    gboolean top = k == SG_SERIES_LEVELS - 1;
    first /= SG_SERIES_FANOUT;
    end /= SG_SERIES_FANOUT;
    while (first < end && (top || first % SG_SERIES_FANOUT != 0))
      sg_series_node_merge(&a, &nodes[first++]);
    while (end > first && end % SG_SERIES_FANOUT != 0)
      sg_series_node_merge(&a, &nodes[--end]);
  }
  return a;
}

static double
smoothed(const SgSeries *s, gsize i)
{
  return (double)(s->factor > 0 ? s->smooth[i] : s->y[i]);
}

gboolean
sg_series_point(SgSeries *s, gsize i, double *x, double *y)
{
  g_mutex_lock(&s->lock);
  gboolean have = i < s->length;
  if (have)
    *x = s->x[i], *y = (double)s->y[i];
  g_mutex_unlock(&s->lock);
  return have;
}

gboolean
sg_series_nearest(SgSeries *s, double x, double *px, double *py, double *smooth)
{
  g_mutex_lock(&s->lock);
  gboolean have = s->length > 0 && !isnan(x);
  if (have) {
    gsize i = seek(s, 0, x, FALSE);
    if (i == s->length || (i > 0 && x - s->x[i - 1] <= s->x[i] - x))
      i--;
    *px = s->x[i], *py = (double)s->y[i];
    if (smooth)
      *smooth = smoothed(s, i);
  }
  g_mutex_unlock(&s->lock);
  return have;
}

gboolean
sg_series_bounds(SgSeries *s, double x0, double x1, gboolean positive, double *first, double *last,
                 double *min, double *max)
{
  g_mutex_lock(&s->lock);
  gsize from = seek(s, 0, x0, FALSE), end = seek(s, from, x1, TRUE);
  SgSeriesNode a = summary(s, from, end);
  gboolean have = positive ? a.max > 0 : a.n > 0;
  if (have) {
    *first = s->x[from], *last = s->x[end - 1];
    *min = (double)(positive ? a.positive : a.min), *max = (double)a.max;
  }
  g_mutex_unlock(&s->lock);
  return have;
}

/* The points [first, end) as one column. */
static SgSeriesColumn
column(const SgSeries *s, gsize first, gsize end)
{
  SgSeriesColumn c = {0, NAN, NAN, NAN, NAN, NAN};
  if (first >= end)
    return c;
  SgSeriesNode a = summary(s, first, end);
  c.n = end - first;
  c.x = s->x[first];
  if (a.n > 0)
    c.min = (double)a.min, c.max = (double)a.max, c.mean = a.sum / a.n;
  c.smooth = smoothed(s, end - 1);
  return c;
}

void
sg_series_query(SgSeries *s, double x0, double x1, guint n, SgSeriesColumn *columns,
                SgSeriesColumn *left, SgSeriesColumn *right)
{
  g_mutex_lock(&s->lock);
  gsize at = seek(s, 0, x0, FALSE);
  if (left)
    *left = column(s, at > 0 ? at - 1 : 0, at);
  for (guint i = 0; i < n; i++) {
    double to = i + 1 == n ? x1 : x0 + (x1 - x0) * (i + 1) / n;
    gsize end = seek(s, at, to, FALSE);
    columns[i] = column(s, at, end);
    at = end;
  }
  if (right)
    *right = column(s, at, MIN(at + 1, s->length));
  g_mutex_unlock(&s->lock);
}
