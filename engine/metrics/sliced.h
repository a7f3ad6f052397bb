/* Sliced Wasserstein distance of second order between two sets of features ("MIND",
 * arXiv 2605.06797): 3 dim times the mean over random directions of the mean squared difference of
 * sorted projections. It needs no covariance and settles with few pictures. */
#pragma once

#include "engine/metrics/feature-set.h"

G_BEGIN_DECLS

/* The first min (a->n, b->n) rows of each. FALSE: memory is short. */
gboolean sg_sliced_distance(const SgFeatureSet *a, const SgFeatureSet *b, int directions,
                            guint64 seed, double *distance, GError **error);
/* The same for given directions [count, dim] of length 1. */
gboolean sg_sliced_distance_along(const SgFeatureSet *a, const SgFeatureSet *b, int count,
                                  const double *directions, double *distance, GError **error);

G_END_DECLS
