/* What a generator's w look like as a cloud: mean and covariance over latents drawn at random. All
 * that looks for directions (PCA, SeFa's units, attributes, conditional sampling, the gauge of an
 * edit) starts from these. */
#pragma once

#include "engine/nets/mapping.h"

G_BEGIN_DECLS

typedef struct {
  int dim;        /* w_dim */
  gint64 samples; /* how many w */
  guint32 seed;
  int label;          /* class of all of them, or -1: sample i has class i mod classes (or none) */
  double *mean;       /* [dim] */
  double *covariance; /* [dim, dim], of samples - 1 */
} SgMoments;

/* Called now and then with how many of `total` are done; FALSE cancels. */
typedef gboolean (*SgDirectionProgress)(gint64 done, gint64 total, gpointer data);
/* Sets the error of a job that its progress callback ended; returns FALSE. */
gboolean sg_directions_cancelled(GError **error);

/* Of `samples` (at least 2) w = mapping (z, class), z row after row from RandomState (seed).randn,
 * sums in double; the result does not depend on the number of threads. NULL and error when the
 * mapping fails, when progress (NULL: none) cancels (G_FILE_ERROR_INTR), or as
 * sg_matrix_check(). */
SgMoments *sg_moments_sample(const SgMapping *mapping, gint64 samples, guint32 seed, int label,
                             SgDirectionProgress progress, gpointer data, GError **error);
/* The moments of rows [n, dim] that are at hand. Errors as sg_matrix_check(). */
SgMoments *sg_moments_of(int dim, gint64 n, const float *rows, GError **error);
void sg_moments_free(SgMoments *m);
/* Standard deviation of d · w, d [dim]: what one σ of a direction is. */
double sg_moments_sigma(const SgMoments *m, const double *direction);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgMoments, sg_moments_free)

G_END_DECLS
