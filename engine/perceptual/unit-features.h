/* How far pictures are from others by what a network makes of them: the results of some of its
 * layers, with unit length along the channels (Zhang et al. 2018, equation 1). */
#pragma once

#include "engine/autograd/tape.h"

G_BEGIN_DECLS

#define SG_FEATURE_BLOCKS 8

typedef struct {
  int count;
  SgVar *block[SG_FEATURE_BLOCKS]; /* ACT [N, C, h, w], of unit length along C; constants */
} SgFeatures;

/* Of the layers' results (ACT), which may be NULL where the tape has failed. FALSE: memory
 * (sg_tape_reset() says). */
gboolean sg_features_keep(SgTape *t, int count, SgVar *const *blocks, SgFeatures *f);
void sg_features_clear(SgFeatures *f);
/* The sum over layers of the mean over pixels of |l (u - v)|², u and v being the layers' results
 * with unit length, l a factor for each channel, PLAIN [1, C, 1, 1] (`factors` or one of them NULL:
 * 1): [N, 1, 1, 1]. `blocks` are as many as are wanted. */
SgVar *sg_features_distance(SgTape *t, SgVar *const *blocks, const SgFeatures *wanted,
                            SgVar *const *factors);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgFeatures, sg_features_clear)

G_END_DECLS
