/* Improved precision and recall (Kynkäänniemi et al. 2019): the share of generated pictures that
 * lie in the real ones' manifold, and of real ones in the generated ones'. A set's manifold is a
 * ball round each of its rows that reaches to its k-th nearest other row. */
#pragma once

#include "engine/metrics/feature-set.h"

G_BEGIN_DECLS

/* FALSE: one side has no more than k rows, or memory is short. */
gboolean sg_precision_recall(const SgFeatureSet *real, const SgFeatureSet *fake, int k,
                             double *precision, double *recall, GError **error);

G_END_DECLS
