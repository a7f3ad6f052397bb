/* Where a model's w lie: what a projection starts from, and what its result is compared with. */
#pragma once

#include "engine/nets/mapping.h"

G_BEGIN_DECLS

typedef struct {
  int dim;
  double *mean;     /* [dim] */
  double deviation; /* sqrt of the mean of |w - mean|², as NVlabs' projector.py: one number */
  int n;
  double *distances; /* [n], rising: |w - mean| */
} SgWCloud;

/* Of n (NVlabs: 10,000) w of z from RandomState (123).randn; label -1: a model without classes, or
 * sample i has class i mod classes. The result does not depend on the number of threads. NULL and
 * error: memory. */
SgWCloud *sg_w_cloud_new(const SgMapping *m, int n, int label, GError **error);
void sg_w_cloud_free(SgWCloud *c);
/* How many of the sampled w, in per cent, lie nearer to the mean than these, ws [layers, dim], of
 * which the root mean square of the distances counts. */
double sg_w_cloud_percentile(const SgWCloud *c, int layers, const double *ws);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgWCloud, sg_w_cloud_free)

G_END_DECLS
