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
gboolean sg_gif_decode(SgPixels *p, const guint8 *data, gsize size, guint frame, GError **error);
gboolean sg_tiff_decode(SgPixels *p, const guint8 *data, gsize size, guint frame, GError **error);
guint sg_gif_frames(const guint8 *data, gsize size);
guint sg_tiff_frames(const guint8 *data, gsize size);

/* ---- WebP (picture-webp.c) ---- */

gboolean sg_webp_recognise(const guint8 *data, gsize size);
gboolean sg_webp_decode(SgPixels *p, const guint8 *data, gsize size, guint frame, GError **error);
guint sg_webp_frames(const guint8 *data, gsize size);

/* ---- pictures of more pixels than are kept (picture-png-large.c) ---- */

/* By how much a side has to be divided so that so many pixels are left: 1, 2, 4…; 0: it is larger
 * than is read at all. */
guint sg_picture_shrink(guint64 width, guint64 height);
/* A PNG row by row, each `shrink` × `shrink` pixels averaged to one. */
gboolean sg_png_decode_shrunk(SgPixels *p, const guint8 *data, gsize size, guint shrink,
                              GError **error);

G_END_DECLS
