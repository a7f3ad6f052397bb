/* How far a picture is from another one as the model's discriminator sees it: needs no weights but
 * the model's own, and they know its pictures. */
#pragma once

#include "engine/gradients/networks.h"
#include "engine/perceptual/unit-features.h"

G_BEGIN_DECLS

/* Features of pictures [N, C, H, W], on the tape while it does not record. FALSE: memory
 * (sg_tape_reset() says). */
gboolean sg_features_of(SgTape *t, const SgWeights *d, const SgBuf *pictures, SgFeatures *f);
/* Sum over D's blocks of the mean over pixels of |u - v|², u and v being the blocks' results with
 * unit length along the channels (as LPIPS does without its linear layers: Zhang et al. 2018,
 * equation 1): [N, 1, 1, 1]. */
SgVar *sg_feature_loss(SgTape *t, const SgWeights *d, SgVar *pictures, const SgFeatures *wanted);

G_END_DECLS
