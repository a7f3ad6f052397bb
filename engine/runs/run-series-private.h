/* What run-series.c (storing) and run-series-query.c (asking) share: the layout of a series.
 *
 * Values are kept in single precision, the x axis in double: a curve of 5 million points is
 * 12 bytes a point, and 1.6 more for the pyramid. */
#pragma once

#include <math.h>

#include "engine/runs/run-series.h"

G_BEGIN_DECLS

/* A node of one level is the summary of FANOUT nodes (or points) of the level below. */
#define SG_SERIES_FANOUT 16
#define SG_SERIES_LEVELS 5 /* the top one is short: a node is a million points */

typedef struct {
  float min, max; /* of the finite values; INFINITY, -INFINITY without any */
  float positive; /* the smallest value > 0, INFINITY without any */
  guint32 n;      /* finite values */
  double sum;     /* of them */
} SgSeriesNode;

typedef struct {
  SgSeriesNode *nodes;
  gsize length, room;
} SgSeriesLevel;

struct _SgSeries {
  gint references;
  GMutex lock;
  double *x;     /* [room], ascending */
  float *y;      /* [room], NAN: a gap */
  float *smooth; /* [room], NULL without smoothing */
  gsize length, room;
  SgSeriesLevel levels[SG_SERIES_LEVELS]; /* [k]: whole nodes, of 16^(k+1) points each */
  double factor;
  double average, weight; /* of the smoothing after the last point: the sum and its bias */
  guint64 serial;
};

static inline void
sg_series_node_clear(SgSeriesNode *a)
{
  *a = (SgSeriesNode){.min = INFINITY, .max = -INFINITY, .positive = INFINITY};
}

static inline void
sg_series_node_add(SgSeriesNode *a, float y)
{
  if (!isfinite(y))
    return;
  a->min = MIN(a->min, y);
  a->max = MAX(a->max, y);
  if (y > 0)
    a->positive = MIN(a->positive, y);
  a->n++;
  a->sum += (double)y;
}

static inline void
sg_series_node_merge(SgSeriesNode *a, const SgSeriesNode *b)
{
  a->min = MIN(a->min, b->min);
  a->max = MAX(a->max, b->max);
  a->positive = MIN(a->positive, b->positive);
  a->n += b->n;
  a->sum += b->sum;
}

/* Takes over everything `from` holds but its smoothing factor, and leaves it empty: who holds `s`
 * sees the new curve at once. */
void sg_series_replace(SgSeries *s, SgSeries *from);

G_END_DECLS
