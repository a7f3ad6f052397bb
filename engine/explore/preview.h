/* Small pictures of variants of one face, all in one pass, beside the renderer's cache of stages:
 * who drags a slider meanwhile finds it as it was. */
#pragma once

#include "engine/explore/renderer.h"

G_BEGIN_DECLS

/* Face 0 of each of n variants side by side, at most max_resolution pixels high where the
 * architecture has smaller pictures: [size, n * size, bytes], to be freed. The variants differ in
 * what decides w alone: noise, style offsets and pruning are those of the first; random noise is
 * left out. bytes is 3, or 4 with alpha. */
guint8 *sg_preview_strip(SgRenderer *r, int n, SgRecipe *const *variants, int max_resolution,
                         int *size, int *bytes, GError **error);

G_END_DECLS
