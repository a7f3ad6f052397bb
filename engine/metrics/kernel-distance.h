/* The kernel distance (Bińkowski et al. 2018, KID): the unbiased estimate of the squared maximum
 * mean discrepancy for the kernel (x · y / dim + 1)³. It does not grow when pictures are few, and
 * may be negative. */
#pragma once

#include "engine/metrics/feature-set.h"

G_BEGIN_DECLS

typedef struct {
  double value;     /* mean over the subsets */
  double deviation; /* their standard deviation (÷ subsets), as torch-fidelity prints it */
  double low, high; /* 95 % of bootstrapped values of the whole sets; NaN if they are too large */
} SgKernelDistance;

/* `subsets` draws without repetition of `size` rows (at most what the smaller set has) of each.
 * FALSE: fewer than two rows, or memory is short. */
gboolean sg_kernel_distance(const SgFeatureSet *a, const SgFeatureSet *b, int subsets, int size,
                            guint64 seed, SgKernelDistance *out, GError **error);

G_END_DECLS
