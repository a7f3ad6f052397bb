/* The Fréchet distance between two sets of features, read as normal distributions (Heusel et al.
 * 2017): |m1 - m2|² + tr (C1 + C2 - 2 (C1 C2)^½). */
#pragma once

#include "engine/metrics/feature-set.h"

G_BEGIN_DECLS

typedef enum {
  SG_COVARIANCE_UNBIASED, /* ÷ (n - 1): pytorch-fid, torch-fidelity, clean-fid */
  SG_COVARIANCE_BIASED,   /* ÷ n: NVlabs */
} SgCovariance;

/* The square root is taken exactly, by LAPACK in double: where C = FᵀF with F [r, dim], the trace
 * of (C1 C2)^½ is the sum of the singular values of F1 F2ᵀ, so few pictures make it quick. At least
 * two rows each. FALSE and errors as sg_eigen_symmetric(), and where memory is short. */
gboolean sg_frechet_distance(const SgFeatureSet *a, const SgFeatureSet *b, SgCovariance how,
                             double *distance, GError **error);

G_END_DECLS
