/* Storing a curve: points, the pyramid above them, and the smoothed curve beside them. Asking is
 * in run-series-query.c. */
#include "engine/runs/run-series.h"

#include <float.h>
#include <string.h>

#include "engine/runs/run-series-private.h"

SgSeries *
sg_series_new(void)
{
  SgSeries *s = g_new0(SgSeries, 1);
  s->references = 1;
  s->weight = 1;
  g_mutex_init(&s->lock);
  return s;
}

SgSeries *
sg_series_ref(SgSeries *s)
{
  g_atomic_int_inc(&s->references);
  return s;
}

void
sg_series_unref(SgSeries *s)
{
  if (!g_atomic_int_dec_and_test(&s->references))
    return;
  for (int k = 0; k < SG_SERIES_LEVELS; k++)
    g_free(s->levels[k].nodes);
  g_free(s->x);
  g_free(s->y);
  g_free(s->smooth);
  g_mutex_clear(&s->lock);
  g_free(s);
}

/* Half as much again: what realloc moved but nobody touched costs no memory. */
static void
make_room(SgSeries *s, gsize n)
{
  if (s->length + n <= s->room)
    return;
  s->room = MAX(MAX(64, s->length + n), s->room + s->room / 2);
  s->x = g_renew(double, s->x, s->room);
  s->y = g_renew(float, s->y, s->room);
  if (s->factor > 0)
    s->smooth = g_renew(float, s->smooth, s->room);
}

static void
push_node(SgSeriesLevel *level, const SgSeriesNode *node)
{
  if (level->length == level->room) {
    level->room = MAX(1, level->room * 2);
    level->nodes = g_renew(SgSeriesNode, level->nodes, level->room);
  }
  level->nodes[level->length++] = *node;
}

/* The summary of at most FANOUT points (k = 0) or nodes of level k - 1 from `from` on. */
static SgSeriesNode
sum_below(const SgSeries *s, int k, gsize from)
{
  gsize end = MIN(from + SG_SERIES_FANOUT, k == 0 ? s->length : s->levels[k - 1].length);
  SgSeriesNode node;

  sg_series_node_clear(&node);
  for (gsize i = from; i < end; i++) {
    if (k == 0)
      sg_series_node_add(&node, s->y[i]);
    else
      sg_series_node_merge(&node, &s->levels[k - 1].nodes[i]);
  }
  return node;
}

/* Nodes for all points and nodes below that fill one; `part`: also for the last few. */
static void
raise_pyramid(SgSeries *s, gboolean part)
{
  gsize below = s->length;

  for (int k = 0; k < SG_SERIES_LEVELS; k++) {
    SgSeriesLevel *level = &s->levels[k];
    gsize whole =
        part ? (below + SG_SERIES_FANOUT - 1) / SG_SERIES_FANOUT : below / SG_SERIES_FANOUT;
    while (level->length < whole) {
      SgSeriesNode node = sum_below(s, k, level->length * SG_SERIES_FANOUT);
      push_node(level, &node);
    }
    below = whole;
  }
}

/* Nodes that are not whole any more. */
static void
lower_pyramid(SgSeries *s)
{
  gsize whole = s->length;

  for (int k = 0; k < SG_SERIES_LEVELS; k++) {
    whole /= SG_SERIES_FANOUT;
    s->levels[k].length = MIN(s->levels[k].length, whole);
  }
}

/* s += (1 - f) · (y - s) from s = 0, divided by 1 - f^n, the share of it that is not the zero it
 * began with (as Adam's moments). Over a gap the curve keeps its height. */
static void
smooth_from(SgSeries *s, gsize first)
{
  if (s->factor <= 0)
    return;
  if (first == 0)
    s->average = 0, s->weight = 1;
  for (gsize i = first; i < s->length; i++) {
    if (isfinite(s->y[i])) {
      s->average += (1 - s->factor) * ((double)s->y[i] - s->average);
      s->weight *= s->factor;
      /* Nothing beside 1, and soon a denormal number, which costs ten times the time. */
      if (s->weight < 1e-17)
        s->weight = 0;
    }
    s->smooth[i] = s->weight < 1 ? (float)(s->average / (1 - s->weight)) : NAN;
  }
}

void
sg_series_append(SgSeries *s, gsize n, const double *x, const double *y)
{
  g_mutex_lock(&s->lock);
  make_room(s, n);
  gsize first = s->length;
  for (gsize i = 0; i < n; i++) {
    if (!isfinite(x[i]) || (s->length > 0 && x[i] <= s->x[s->length - 1]))
      continue;
    s->x[s->length] = x[i];
    /* A finite value too large for single precision is not a gap. */
    s->y[s->length] = isfinite(y[i]) ? (float)CLAMP(y[i], (double)-FLT_MAX, (double)FLT_MAX) : NAN;
    s->length++;
  }
  if (s->length > first) {
    raise_pyramid(s, FALSE);
    smooth_from(s, first);
    s->serial++;
  }
  g_mutex_unlock(&s->lock);
}

void
sg_series_cut(SgSeries *s, double last)
{
  g_mutex_lock(&s->lock);
  gsize low = 0, high = s->length;
  while (low < high) {
    gsize middle = low + (high - low) / 2;
    if (s->x[middle] <= last)
      low = middle + 1;
    else
      high = middle;
  }
  if (low < s->length) {
    s->length = low;
    lower_pyramid(s);
    smooth_from(s, 0);
    s->serial++;
  }
  g_mutex_unlock(&s->lock);
}

/* Two neighbours as one: the first one's place, the mean of those that are finite. */
static void
halve_points(SgSeries *s)
{
  gsize half = (s->length + 1) / 2;
  for (gsize i = 0; i < half; i++) {
    float a = s->y[2 * i], b = 2 * i + 1 < s->length ? s->y[2 * i + 1] : (float)NAN;
    s->x[i] = s->x[2 * i];
    s->y[i] = !isfinite(b) ? a : !isfinite(a) ? b : (float)(((double)a + (double)b) / 2);
  }
  s->length = half;
}

/* The nodes over the halved points: two of the old ones have seen the extremes of one new one.
 * Number and sum are of the points that are left. */
static void
halve_nodes(SgSeries *s)
{
  for (int k = 0; k < SG_SERIES_LEVELS; k++) {
    SgSeriesLevel *level = &s->levels[k];
    gsize half = (level->length + 1) / 2;
    for (gsize i = 0; i < half; i++) {
      SgSeriesNode seen = level->nodes[2 * i], left = sum_below(s, k, i * SG_SERIES_FANOUT);
      if (2 * i + 1 < level->length)
        sg_series_node_merge(&seen, &level->nodes[2 * i + 1]);
      seen.n = left.n, seen.sum = left.sum;
      level->nodes[i] = seen;
    }
    level->length = half;
    level->room = MAX(1, half);
    level->nodes = g_renew(SgSeriesNode, level->nodes, level->room);
  }
}

void
sg_series_thin(SgSeries *s)
{
  g_mutex_lock(&s->lock);
  if (s->length >= 2) {
    raise_pyramid(s, TRUE);
    halve_points(s);
    halve_nodes(s);
    lower_pyramid(s);
    s->room = s->length;
    s->x = g_renew(double, s->x, s->room);
    s->y = g_renew(float, s->y, s->room);
    if (s->factor > 0)
      s->smooth = g_renew(float, s->smooth, s->room);
    smooth_from(s, 0);
    s->serial++;
  }
  g_mutex_unlock(&s->lock);
}

void
sg_series_set_smoothing(SgSeries *s, double factor)
{
  factor = isfinite(factor) ? CLAMP(factor, 0, 0.999999) : 0;
  g_mutex_lock(&s->lock);
  if (factor != s->factor) {
    s->factor = factor;
    if (factor > 0 && !s->smooth)
      s->smooth = g_new(float, MAX(1, s->room));
    else if (factor <= 0)
      g_clear_pointer(&s->smooth, g_free);
    smooth_from(s, 0);
    s->serial++;
  }
  g_mutex_unlock(&s->lock);
}

void
sg_series_replace(SgSeries *s, SgSeries *from)
{
  g_mutex_lock(&from->lock);
  SgSeries taken = *from;
  from->x = NULL, from->y = NULL, from->smooth = NULL;
  from->length = from->room = 0;
  memset(from->levels, 0, sizeof from->levels);
  from->factor = 0;
  from->serial++;
  g_mutex_unlock(&from->lock);

  g_mutex_lock(&s->lock);
  for (int k = 0; k < SG_SERIES_LEVELS; k++) {
    g_free(s->levels[k].nodes);
    s->levels[k] = taken.levels[k];
  }
  g_free(s->x);
  g_free(s->y);
  g_free(s->smooth);
  g_free(taken.smooth);
  s->x = taken.x, s->y = taken.y;
  s->length = taken.length, s->room = taken.room;
  s->smooth = s->factor > 0 ? g_new(float, MAX(1, s->room)) : NULL;
  smooth_from(s, 0);
  s->serial++;
  g_mutex_unlock(&s->lock);
}

gsize
sg_series_length(SgSeries *s)
{
  g_mutex_lock(&s->lock);
  gsize n = s->length;
  g_mutex_unlock(&s->lock);
  return n;
}

gsize
sg_series_bytes(SgSeries *s)
{
  g_mutex_lock(&s->lock);
  gsize n = sizeof(SgSeries) +
            s->room * (sizeof(double) + sizeof(float) + (s->smooth ? sizeof(float) : 0));
  for (int k = 0; k < SG_SERIES_LEVELS; k++)
    n += s->levels[k].room * sizeof(SgSeriesNode);
  g_mutex_unlock(&s->lock);
  return n;
}

guint64
sg_series_serial(SgSeries *s)
{
  g_mutex_lock(&s->lock);
  guint64 n = s->serial;
  g_mutex_unlock(&s->lock);
  return n;
}
