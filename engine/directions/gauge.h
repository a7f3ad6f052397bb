/* How far from what the mapping network gives a w lies, and w that keep what they are asked to
 * keep: both read the cloud of w as one normal distribution (moments.h). */
#pragma once

#include "engine/directions/moments.h"

G_BEGIN_DECLS

typedef struct {
  SgMoments *moments; /* owned */
  double *white;      /* [dim, dim]: white (w - mean) has covariance 1 where w varies at all */
  gsize n;
  double *distances; /* [n], rising: of sampled w */
} SgGauge;

/* Samples n (at least 100) w for the percentiles and as many for the moments, from two different
 * seeds. Errors as sg_moments_sample() and sg_eigen_symmetric(). */
SgGauge *sg_gauge_new(const SgMapping *mapping, gsize n, int label, SgDirectionProgress progress,
                      gpointer data, GError **error);
/* Of rows [n, dim] that are at hand, n at least 500: the first four fifths give the moments, the
 * rest the distances. */
SgGauge *sg_gauge_of(int dim, gsize n, const float *rows, GError **error);
void sg_gauge_free(SgGauge *g);
/* Mahalanobis distance of w [dim] from the mean, in σ. */
double sg_gauge_distance(const SgGauge *g, const double *w);
/* The share of sampled w that lie nearer, in per cent: past 99.9 no z is likely to give this w. */
double sg_gauge_percentile(const SgGauge *g, const double *w);

/* Given coordinates `fixed` [count] of w, the rest of a normal distribution with these moments is
 * normal too: w_R | w_F ~ N (m_R + C_RF C_FF^-1 (w_F - m_F), C_RR - C_RF C_FF^-1 C_FR). */
typedef struct {
  int dim, count;
  int *fixed;         /* [count], rising */
  int *rest;          /* [dim - count] */
  double *regression; /* [dim - count, count]: C_RF C_FF^-1 */
  double *root;       /* [dim - count, dim - count]: symmetric root of the rest's covariance */
  double *mean;       /* [dim] */
} SgConditional;

/* Directions that C_FF hardly varies in are left out of the regression. Errors as
 * sg_eigen_symmetric(). */
SgConditional *sg_conditional_new(const SgMoments *m, int count, const int *fixed, GError **error);
void sg_conditional_free(SgConditional *c);
/* w [dim]: its fixed coordinates stay as they are, the rest is drawn from `normals` [dim - count],
 * N (0, 1). */
void sg_conditional_draw(const SgConditional *c, const double *normals, double *w);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgGauge, sg_gauge_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgConditional, sg_conditional_free)

G_END_DECLS
