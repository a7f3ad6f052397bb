/* SgSeries: one curve that grows, and answers at any zoom in the time of what is visible.
 *
 * Points with ascending x in full resolution, above them a pyramid of (minimum, maximum, mean), so
 * that a query costs in the order of the columns asked for and not of the points. A run's reader
 * appends on its thread while the charts ask on the main one: every function locks the series for
 * itself. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SgSeries SgSeries;

/* What one column of a chart shows: the points with x in [x0, x1) of the column. */
typedef struct {
  guint64 n;             /* 0: none, the rest is NAN */
  double x;              /* of the first point in it */
  double min, max, mean; /* of the finite values; NAN if there is none */
  double smooth;         /* the smoothed curve at the last point of the column */
} SgSeriesColumn;

SgSeries *sg_series_new(void);
SgSeries *sg_series_ref(SgSeries *s);
void sg_series_unref(SgSeries *s);

/* Appends n points; an x that is not above the last one is dropped. A y that is not finite is a
 * gap. */
void sg_series_append(SgSeries *s, gsize n, const double *x, const double *y);
/* Forgets every point with x > last (a run went on from an older snapshot). */
void sg_series_cut(SgSeries *s, double last);
/* Halves the number of points: neighbours become one with their mean; extremes are kept in the
 * pyramid. Bounds the memory of runs without end. */
void sg_series_thin(SgSeries *s);

gsize sg_series_length(SgSeries *s);
gsize sg_series_bytes(SgSeries *s);
/* Grows with every change: a chart draws anew when it differs. */
guint64 sg_series_serial(SgSeries *s);
/* The i-th point; FALSE beyond the end. */
gboolean sg_series_point(SgSeries *s, gsize i, double *x, double *y);
/* The point nearest to x; FALSE when there is none. `smooth` may be NULL. */
gboolean sg_series_nearest(SgSeries *s, double x, double *px, double *py, double *smooth);
/* FALSE when empty. Finite values only; `positive`: only values > 0 (for a logarithmic axis). */
gboolean sg_series_bounds(SgSeries *s, double x0, double x1, gboolean positive, double *first,
                          double *last, double *min, double *max);
/* Exponential smoothing as in TensorBoard's chart: s += (1 - factor) · (y - s), with its start-up
 * bias divided out; 0 ≤ factor < 1, 0: none. Kept until another factor is asked for; appending
 * extends it. */
void sg_series_set_smoothing(SgSeries *s, double factor);
/* columns[n] for n equal parts of [x0, x1). `edge`: also the nearest point left of x0 and right of
 * x1 are given in left and right (n = 0 there when none), so that a line can run out of the
 * picture. */
void sg_series_query(SgSeries *s, double x0, double x1, guint n, SgSeriesColumn *columns,
                     SgSeriesColumn *left, SgSeriesColumn *right);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgSeries, sg_series_unref)

G_END_DECLS
