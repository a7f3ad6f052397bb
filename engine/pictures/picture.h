/* Picture files: PNG (with the recipe inside), JPEG and WebP for reading. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Refuse pictures beyond this many pixels: a file's header may claim anything. */
#define SG_PICTURE_MAX_PIXELS (64 * 1024 * 1024)
gboolean sg_picture_check_size(guint64 width, guint64 height, GError **error);
/* …where they are made smaller while they are read (PNG, lossy WebP): 16 times as many. */
gboolean sg_picture_check_stored(guint64 width, guint64 height, GError **error);

/* The word of IPTC's vocabulary for pictures that a trained model made, and an XMP packet that says
 * it. */
#define SG_PICTURE_SOURCE_TYPE                                                                     \
  "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
const char *sg_picture_mark(gsize *length);

/* Writes 8-bit RGB PNG through a temporary file renamed over `path` when complete. `recipe_json`
 * (may be NULL) goes into an iTXt chunk with keyword "vitrine"; with it an XMP packet
 * ("XML:com.adobe.xmp") that says IPTC DigitalSourceType trainedAlgorithmicMedia; "" gives the
 * packet alone. Errors name the path (full disk…). */
gboolean sg_png_write(const char *path, const guint8 *rgb, int width, int height,
                      const char *recipe_json, GError **error);
/* Encodes to memory instead; free with g_bytes_unref(). */
GBytes *sg_png_encode(const guint8 *rgb, int width, int height, const char *recipe_json,
                      GError **error);
/* Of 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGB and alpha) channels. */
GBytes *sg_png_encode_channels(const guint8 *pixels, int width, int height, int channels,
                               const char *recipe_json, GError **error);
/* What a network of so many channels has drawn, k_drawn_bytes() a pixel, as it is: a grey picture
 * is written as grey, and alpha is kept. */
gboolean sg_png_write_drawn(const char *path, const guint8 *pixels, int width, int height,
                            int channels, const char *recipe_json, GError **error);
gboolean sg_png_write_channels(const char *path, const guint8 *pixels, int width, int height,
                               int channels, const char *recipe_json, GError **error);
/* A picture as it is meant to be seen: what EXIF says about its orientation has been done. */
typedef struct {
  guint8 *pixels; /* [height, width, channels] */
  int width, height;
  int channels;    /* 3: RGB, 4: RGB and alpha */
  gboolean grey;   /* the file has no colour; the three are equal */
  int orientation; /* 1 to 8: the EXIF orientation that the file states; 1: none */
  int frames;      /* 1; 2: the file has several, of which this is the first */
} SgPixels;

/* What kind of picture a file is by its first bytes, "PNG" or "AVIF"; NULL: none that is known.
 * *readable: whether this program was built to read it. */
const char *sg_picture_kind(const guint8 *data, gsize size, gboolean *readable);
/* The size that a file states in its header, as it is stored. Only for what sg_probe() does not
 * know: BMP, GIF, TIFF. */
gboolean sg_picture_stored_size(const guint8 *data, gsize size, guint *width, guint *height,
                                GError **error);

/* Decodes PNG, JPEG, WebP, BMP and, where there are libraries, GIF and TIFF of any colour type;
 * of an animation the first frame. `name` is only for messages. */
gboolean sg_pixels_decode(SgPixels *p, const char *name, const guint8 *data, gsize size,
                          GError **error);
/* The same of one of the pictures that a GIF, a TIFF or a moving WebP holds, as it is shown. */
gboolean sg_pixels_decode_frame(SgPixels *p, const char *name, const guint8 *data, gsize size,
                                guint frame, GError **error);
/* How many pictures a file holds, at most SG_PICTURE_MAX_FRAMES; 1 for what holds one or is
 * none. */
#define SG_PICTURE_MAX_FRAMES 10000
guint sg_picture_frames(const guint8 *data, gsize size);
gboolean sg_pixels_load(SgPixels *p, const char *path, GError **error);
/* To 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGB and alpha) channels: alpha goes over white
 * where it is dropped and is opaque where there was none; grey is ITU-R 601 luma. */
void sg_pixels_convert(SgPixels *p, int channels);
void sg_pixels_clear(SgPixels *p);

/* The same as 8-bit RGB, alpha over white. `rgb` is g_malloc'd. */
gboolean sg_picture_read(const char *path, guint8 **rgb, int *width, int *height, GError **error);
gboolean sg_picture_read_memory(const char *name, const guint8 *data, gsize size, guint8 **rgb,
                                int *width, int *height, GError **error);
/* The recipe inside a PNG: JSON text, NULL without error if it has none. */
char *sg_png_read_recipe(const char *path, GError **error);
char *sg_png_read_recipe_memory(const char *name, const guint8 *data, gsize size, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgPixels, sg_pixels_clear)

G_END_DECLS
