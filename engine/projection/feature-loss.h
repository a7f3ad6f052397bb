/* How far a picture is from another one as the model's discriminator sees it: needs no weights but
 * the model's own, and they know its pictures. */
#pragma once

#include "engine/gradients/networks.h"

G_BEGIN_DECLS

#define SG_FEATURE_BLOCKS 8

typedef struct {
  int count;
  SgVar *block[SG_FEATURE_BLOCKS]; /* ACT, of unit length along the channels; constants */
} SgFeatures;

/* Features of pictures [N, C, H, W], on the tape while it does not record. FALSE: memory
 * (sg_tape_reset() says). */
gboolean sg_features_of(SgTape *t, const SgWeights *d, const SgBuf *pictures, SgFeatures *f);
void sg_features_clear(SgFeatures *f);
/* Sum over D's blocks of the mean over pixels of |u - v|², u and v being the blocks' results with
 * unit length along the channels (as LPIPS does without its linear layers: Zhang et al. 2018,
 * equation 1): [N, 1, 1, 1]. */
SgVar *sg_feature_loss(SgTape *t, const SgWeights *d, SgVar *pictures, const SgFeatures *wanted);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgFeatures, sg_features_clear)

G_END_DECLS
