/* What a projection leaves: a face like any other, and files. */
#pragma once

#include "engine/explore/renderer.h"
#include "engine/projection/projection.h"
#include "engine/projection/tuning.h"

G_BEGIN_DECLS

typedef struct {
  SgRecipe *recipe;      /* w, or one w a layer, and noise maps by their files */
  SgPicture *picture;    /* as the renderer draws that recipe */
  double psnr;           /* of it against the target, 8 bits, dB */
  SgProjectionLoss loss; /* of the last step */
  double percentile;     /* how far out its w lie, sg_w_cloud_percentile() */
} SgProjected;

/* Picture i of the projection (with `tuning`, unless it is NULL, which began with it), whose target
 * is `target` [h, w, bytes] as the renderer's pictures are. Writes to the folder, which exists (and
 * whose path is UTF-8), in this order, each by rename: noise-NN-HASH.npy for each convolution,
 * tuned-HASH.safetensors, projected_w.npz (w [1, num_ws, w_dim], as NVlabs' projector.py),
 * target.png, and proj.png with the recipe. `prefix` stands before the names of the last three (""
 * or "self-test-"). */
gboolean sg_projected_write(const SgProjection *p, int i, const SgTuning *tuning, SgRenderer *r,
                            const guint8 *target, int label, const char *folder, const char *prefix,
                            SgProjected *out, GError **error);
void sg_projected_clear(SgProjected *p);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgProjected, sg_projected_clear)

G_END_DECLS
