/* Picture and vector files: PNG (with the recipe inside), JPEG and WebP for reading, NumPy .npy. */
#pragma once

#include "engine/base/tensor.h"

G_BEGIN_DECLS

/* Refuse pictures beyond this many pixels: a file's header may claim anything. */
#define SG_PICTURE_MAX_PIXELS (64 * 1024 * 1024)
gboolean sg_picture_check_size(guint64 width, guint64 height, GError **error);

/* Writes 8-bit RGB PNG through a temporary file renamed over `path` when complete. `recipe_json`
 * (may be NULL) goes into an iTXt chunk with keyword "vitrine"; with it an XMP packet
 * ("XML:com.adobe.xmp") that says IPTC DigitalSourceType trainedAlgorithmicMedia. Errors name the
 * path (full disk…). */
gboolean sg_png_write(const char *path, const guint8 *rgb, int width, int height,
                      const char *recipe_json, GError **error);
/* Encodes to memory instead; free with g_bytes_unref(). */
GBytes *sg_png_encode(const guint8 *rgb, int width, int height, const char *recipe_json,
                      GError **error);
GBytes *sg_png_encode_grey(const guint8 *grey, int width, int height, GError **error);
/* Reads PNG, JPEG or a still WebP of any colour type as 8-bit RGB (alpha over white). `rgb` is
 * g_malloc'd. */
gboolean sg_picture_read(const char *path, guint8 **rgb, int *width, int *height, GError **error);
/* The same from memory (tests, fuzzing); `name` is only for messages. */
gboolean sg_picture_read_memory(const char *name, const guint8 *data, gsize size, guint8 **rgb,
                                int *width, int *height, GError **error);
/* The recipe inside a PNG: JSON text, NULL without error if it has none. */
char *sg_png_read_recipe(const char *path, GError **error);
char *sg_png_read_recipe_memory(const char *name, const guint8 *data, gsize size, GError **error);

/* NumPy format 1.0-3.0; float16/32/64, C or Fortran order, little or big endian -> float32/64. */
SgTensor *sg_npy_read(const char *path, GError **error);
SgTensor *sg_npy_read_memory(const char *name, const guint8 *data, gsize size, GError **error);
gboolean sg_npy_write(const char *path, const SgTensor *t, GError **error); /* '<f4' */
gboolean sg_npy_write_double(const char *path, int n, const double *v,
                             GError **error);                               /* '<f8' [n] */
double *sg_npy_read_vector(const char *path, int expected, GError **error); /* any [n], [1,n]… */

G_END_DECLS
