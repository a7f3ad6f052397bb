/* A picture as a square for a network. */
#pragma once

#include "engine/data/dataset.h"
#include "engine/pictures/picture.h"

G_BEGIN_DECLS

/* As sg_dataset_read() makes it: `channels` of it (1 to 4), its middle square or what else
 * `transform` says (not the wide crop), resized. `p` is changed. planes [channels, r, r]. */
void sg_picture_square(SgPixels *p, int channels, int r, SgTransform transform, guint8 *planes);

/* The same filter for pictures that grow, whose pixels stay interleaved: pixels [height, width,
 * channels] to `out` of r rows, `stride` bytes apart, [r, channels] each. Alpha would need its
 * colours multiplied by it first: channels is 1 or 3. */
void sg_picture_enlarge(const guint8 *pixels, int width, int height, int channels, int r,
                        guint8 *out, gsize stride);

G_END_DECLS
