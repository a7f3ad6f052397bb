/* Faces side by side: what one picture looks like on the screen and in a saved file. */
#pragma once

#include <gdk/gdk.h>
#include "engine/explore/renderer.h"
#include "engine/gradients/networks.h"

G_BEGIN_DECLS

/* 1 -> 1×1, 4 -> 2×2, 9 -> 3×3, 32 -> 8×4: full rows where a number allows, never a thin strip. */
void vitrine_picture_layout(int faces, int *columns, int *rows);
/* The face under the middle of a part of such a grid of pictures of side × side pixels; the part
 * becomes what of it lies in that face. FALSE: there is none. */
gboolean vitrine_picture_locate(int faces, int width, int height, SgRegion *part, int *face);
/* All faces in that layout, row-major, picture->bytes a pixel, to be freed with g_free(). Unused
 * cells are black, with alpha empty. */
guint8 *vitrine_picture_grid(const SgPicture *picture, int *width, int *height);
/* Data of a texture that has alpha, which wants a ground to be seen on. */
#define VITRINE_TEXTURE_ALPHA "vitrine-alpha"

/* Interleaved pixels [height, width, bytes], each the mean of `by` × `by` of them: [height / by,
 * width / by, bytes], to be freed. */
guint8 *vitrine_pixels_smaller(const guint8 *rgb, int width, int height, int by, int bytes);
/* Data of a texture that is larger than any widget: a smaller one to be drawn in its place, since a
 * texture is scaled on the main thread each time it is drawn. */
#define VITRINE_TEXTURE_SMALLER "vitrine-smaller"
/* RGB pixels (taken) as a texture, beside it one of at most `most` pixels a side. Any thread. NULL
 * of none, for which there was no memory. */
GdkTexture *vitrine_pixels_texture(guint8 *rgb, int width, int height, int most);

/* The same as a texture. Any thread. */
GdkTexture *vitrine_picture_texture(const SgPicture *picture);

G_END_DECLS
