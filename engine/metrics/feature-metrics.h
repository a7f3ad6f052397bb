/* The rows of the table of metrics that compare what a network makes of pictures. */
#pragma once

#include "engine/metrics/metric.h"

G_BEGIN_DECLS

/* -D: of the model's own discriminator. */
enum {
  SG_FEATURE_FD_D,
  SG_FEATURE_KID_D,
  SG_FEATURE_MIND_D,
  SG_FEATURE_PR_D,
  SG_FEATURE_PPL_D,
  SG_FEATURE_FD_RAND, /* -RAND: of an Inception network with random weights */
  SG_FEATURE_KID_RAND,
  SG_FEATURE_MIND_RAND,
  SG_FEATURE_PR_RAND,
  SG_FEATURE_FID, /* of the trained one */
  SG_FEATURE_KID,
  SG_FEATURE_MIND,
  SG_FEATURE_IS,
  SG_FEATURE_PR,  /* of VGG16 */
  SG_FEATURE_PPL, /* of LPIPS */
  SG_FEATURE_PPL2,
  SG_FEATURE_METRICS
};

extern const SgMetric sg_feature_metrics[SG_FEATURE_METRICS];

G_END_DECLS
