/* What the readers of the picture formats share. */
#pragma once

#include "engine/pictures/picture.h"

G_BEGIN_DECLS

/* ---- orientation (picture-exif.c) ---- */

/* The orientation that a picture file states in its EXIF data, 1 (as stored) to 8; 1 where it
 * states none or none that is sound. */
int sg_picture_find_orientation(const guint8 *data, gsize size);
/* From stored to upright: orientations above 4 change width and height over. FALSE: no memory. */
gboolean sg_pixels_turn(SgPixels *p, int orientation, GError **error);

/* ---- WebP (picture-webp.c) ---- */

gboolean sg_webp_recognise(const guint8 *data, gsize size);
gboolean sg_webp_decode(SgPixels *p, const guint8 *data, gsize size, GError **error);

G_END_DECLS
