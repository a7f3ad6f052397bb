/* Small pictures of variants of one face, beside the renderer's cache of stages: who drags a slider
 * meanwhile finds it as it was. */
#pragma once

#include "engine/explore/renderer.h"

G_BEGIN_DECLS

/* Face 0 of each of n variants, at most max_resolution pixels high where the architecture has
 * smaller pictures (0: whole ones): unclamped [n, C, h, w]. Noise and pruning are those of
 * the first; random noise is left out. Variants with equal style offsets are drawn together. */
SgTensor *sg_preview_pictures(SgRenderer *r, int n, SgRecipe *const *variants, int max_resolution,
                              GError **error);
/* The same side by side for people: [h, n * w, bytes], to be freed; bytes is 3, or 4 with
 * alpha. */
guint8 *sg_preview_strip(SgRenderer *r, int n, SgRecipe *const *variants, int max_resolution,
                         int *h, int *w, int *bytes, GError **error);

G_END_DECLS
