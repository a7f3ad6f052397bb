/* Pictures as files of the kind that the name's ending says, with their recipe; and made larger. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  int factor;         /* 1 … SG_PICTURE_MAX_FACTOR: each pixel becomes so many across; 0: 1 */
  gboolean sharp;     /* … each a square, else smoothly */
  int quality;        /* 1 … 100, of JPEG and lossy WebP; 0: what suits (92) */
  gboolean lossless;  /* WebP */
  gboolean no_recipe; /* only the mark that says that a model made it */
} SgPictureWrite;

#define SG_PICTURE_MAX_FACTOR 32

/* ".png", ".jpg", ".jpeg", ".webp": can a file of that name be written? Errors name the endings. */
gboolean sg_picture_can_write(const char *path, GError **error);

/* `pixels` are what a network of so many channels has drawn, k_drawn_bytes() a pixel, as for
 * sg_png_write_drawn(). The file is written whole or not at all; in it are the XMP packet that says
 * who made it and, unless it is NULL or not wanted, the recipe: in PNG as sg_png_write() does it,
 * in JPEG and WebP as a property of the packet. JPEG has no alpha: it goes over white. `options`
 * may be NULL. Errors: the ending, more pixels than SG_PICTURE_MAX_PIXELS, memory, disk. */
gboolean sg_picture_write(const char *path, const guint8 *pixels, int width, int height,
                          int channels, const SgPictureWrite *options, const char *recipe_json,
                          GError **error);

/* The recipe inside a PNG, JPEG or WebP: JSON text, NULL without error if it has none (or is
 * another kind of picture). */
char *sg_picture_read_recipe(const char *path, GError **error);
char *sg_picture_read_recipe_memory(const char *name, const guint8 *data, gsize size,
                                    GError **error);

G_END_DECLS
