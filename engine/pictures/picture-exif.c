/* Which way up a picture is: cameras store it as the sensor lay and say in EXIF how to turn it.
 * JPEG carries EXIF in an APP1 segment, PNG in an eXIf chunk, WebP in an EXIF chunk; in it is a
 * TIFF file whose first directory has the tag Orientation (EXIF 2.32, 4.6.4; TIFF 6.0, page 36). */
#include "engine/formats/format-error.h"
#include "engine/formats/source.h"
#include "engine/pictures/picture-private.h"
#include <string.h>

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT      3

/* ---- the tag --------------------------------------------------------------------------------- */

static guint
get16(const guint8 *p, gboolean big)
{
  return big ? (guint)p[0] << 8 | p[1] : (guint)p[1] << 8 | p[0];
}

static guint32
get32(const guint8 *p, gboolean big)
{
  return big ? sg_be32(p) : (guint32)p[3] << 24 | (guint32)p[2] << 16 | (guint32)p[1] << 8 | p[0];
}

/* `tiff`: from its byte order mark on. */
static int
orientation_of_tiff(const guint8 *tiff, gsize size)
{
  gboolean big = size >= 8 && memcmp(tiff, "MM\0*", 4) == 0;

  if (size < 8 || (!big && memcmp(tiff, "II*\0", 4) != 0))
    return 1;
  gsize at = get32(tiff + 4, big);
  if (at > size || size - at < 2)
    return 1;
  guint entries = get16(tiff + at, big);
  for (at += 2; entries > 0 && size - at >= 12; entries--, at += 12) {
    const guint8 *entry = tiff + at;
    if (get16(entry, big) != TAG_ORIENTATION)
      continue;
    guint value = get16(entry + 8, big);
    gboolean sound = get16(entry + 2, big) == TYPE_SHORT && get32(entry + 4, big) == 1;
    return sound && value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}

/* Some writers put JPEG's mark before it in other formats, too. */
static int
orientation_of_exif(const guint8 *exif, gsize size)
{
  if (size >= 6 && memcmp(exif, "Exif\0", 5) == 0)
    return orientation_of_tiff(exif + 6, size - 6);
  return orientation_of_tiff(exif, size);
}

/* ---- where it is ----------------------------------------------------------------------------- */

static int
orientation_of_jpeg(const guint8 *data, gsize size)
{
  gsize at = 2;

  while (at + 4 <= size && data[at] == 0xff) {
    guint8 marker = data[at + 1];
    if (marker == 0xff) { /* fill byte */
      at++;
      continue;
    }
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) { /* no length */
      at += 2;
      continue;
    }
    gsize length = get16(data + at + 2, TRUE);
    if (marker == 0xd9 || marker == 0xda || length < 2 || length > size - at - 2)
      return 1;
    if (marker == 0xe1 && length >= 8 && memcmp(data + at + 4, "Exif\0", 5) == 0)
      return orientation_of_exif(data + at + 4, length - 2);
    at += 2 + length;
  }
  return 1;
}

static int
orientation_of_png(const guint8 *data, gsize size)
{
  for (gsize at = 8; at + 12 <= size;) {
    gsize length = sg_be32(data + at);
    if (length > size - at - 12)
      return 1;
    if (memcmp(data + at + 4, "eXIf", 4) == 0)
      return orientation_of_exif(data + at + 8, length);
    at += 12 + length;
  }
  return 1;
}

static int
orientation_of_webp(const guint8 *data, gsize size)
{
  for (gsize at = 12; at + 8 <= size;) {
    gsize length = get32(data + at + 4, FALSE);
    if (length > size - at - 8)
      return 1;
    if (memcmp(data + at, "EXIF", 4) == 0)
      return orientation_of_exif(data + at + 8, length);
    at += 8 + length + length % 2;
  }
  return 1;
}

int
sg_picture_find_orientation(const guint8 *data, gsize size)
{
  if (size >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0)
    return orientation_of_png(data, size);
  if (size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
    return orientation_of_jpeg(data, size);
  return sg_webp_recognise(data, size) ? orientation_of_webp(data, size) : 1;
}

/* ---- turning --------------------------------------------------------------------------------- */

/* Where pixel (0, 0) of the upright picture is stored, and how far apart two neighbours of a row
 * and of a column of it are, in pixels of the stored one. */
static void
walk_of(int orientation, gssize w, gssize h, gssize *start, gssize *across, gssize *down)
{
  gboolean from_right = orientation == 2 || orientation == 3 || orientation >= 7;
  gboolean from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  gssize x = from_right ? -1 : 1, y = from_bottom ? -w : w;

  *start = (from_right ? w - 1 : 0) + (from_bottom ? (h - 1) * w : 0);
  *across = orientation > 4 ? y : x;
  *down = orientation > 4 ? x : y;
}

gboolean
sg_pixels_turn(SgPixels *p, int orientation, GError **error)
{
  gsize channels = (gsize)p->channels, n = (gsize)p->width * (gsize)p->height;
  int width = orientation > 4 ? p->height : p->width;
  int height = orientation > 4 ? p->width : p->height;
  gssize start, across, down;

  if (orientation <= 1)
    return TRUE;
  guint8 *turned = g_try_malloc(n * channels), *to = turned;
  if (!turned)
    return sg_no_memory(error, "for the picture");
  walk_of(orientation, p->width, p->height, &start, &across, &down);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++, to += channels)
      memcpy(to, p->pixels + (start + x * across + y * down) * (gssize)channels, channels);
  g_free(p->pixels);
  p->pixels = turned;
  p->width = width;
  p->height = height;
  return TRUE;
}
