/* The Inception score (Salimans et al. 2016): exp of the mean divergence of each picture's classes
 * from those of all; over parts of the set, of which mean and standard deviation are told. */
#pragma once

#include "engine/metrics/feature-set.h"

G_BEGIN_DECLS

/* Rows are logits; part s of `splits` is rows s n / splits … (s + 1) n / splits - 1. FALSE: fewer
 * rows than parts. */
gboolean sg_inception_score(const SgFeatureSet *logits, int splits, double *mean, double *deviation,
                            GError **error);

G_END_DECLS
