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

/* Says what the picture is instead of what is read here; FALSE. */
gboolean sg_picture_refuse_kind(const guint8 *data, gsize size, GError **error);

/* ---- BMP, GIF, TIFF (picture-bmp.c, picture-gif.c, picture-tiff.c) ---- */

gboolean sg_bmp_recognise(const guint8 *data, gsize size);
gboolean sg_bmp_size(const guint8 *data, gsize size, guint *width, guint *height, GError **error);
gboolean sg_bmp_decode(SgPixels *p, const guint8 *data, gsize size, GError **error);
/* Where giflib and libtiff were found (SG_HAVE_GIF, SG_HAVE_TIFF). */
gboolean sg_gif_decode(SgPixels *p, const guint8 *data, gsize size, GError **error);
gboolean sg_tiff_decode(SgPixels *p, const guint8 *data, gsize size, GError **error);

/* ---- WebP (picture-webp.c) ---- */

gboolean sg_webp_recognise(const guint8 *data, gsize size);
gboolean sg_webp_decode(SgPixels *p, const guint8 *data, gsize size, GError **error);

G_END_DECLS
