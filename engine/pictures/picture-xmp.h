/* The XMP packet of a picture: that a model made it, and its recipe. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* sg_picture_mark()'s packet with the recipe as the property vitrine:Recipe; to be freed. */
char *sg_xmp_packet(const char *recipe_json);
/* The property's value, to be freed; NULL without error: there is none. Packets are XML that
 * anybody may have written: what cannot be read has none, a recipe that is cut off is an error. */
char *sg_xmp_recipe(const char *packet, gsize size, GError **error);

/* JPEG: the packet as segments (APP1, and where it is longer than one holds XMP's extension) to be
 * put behind the picture's first two bytes. */
GByteArray *sg_xmp_segments(const char *recipe_json);
/* The recipe in a JPEG's segments, or in a WebP's chunk. */
char *sg_xmp_of_jpeg(const guint8 *data, gsize size, GError **error);
char *sg_xmp_of_webp(const guint8 *data, gsize size, GError **error);

G_END_DECLS
