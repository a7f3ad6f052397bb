/* Uncompressed BMP: 1, 4 and 8 bits with a palette, 16 and 32 with masks, 24 as they are. What
 * BITMAPINFOHEADER and its successors say is in Microsoft's description of "Bitmap Storage". */
#include "engine/formats/format-error.h"
#include "engine/pictures/picture-private.h"
#include <string.h>

#define FILE_HEADER 14
#define CORE_HEADER 12
#define INFO_HEADER 40

enum { BI_RGB = 0, BI_BITFIELDS = 3, BI_ALPHABITFIELDS = 6 };

typedef struct {
  guint32 pixels, header; /* where the pixels begin; bytes of the second header */
  gint64 width, height;
  gboolean top_down;
  guint bits, compression, colours, entry; /* entry: bytes of one in the palette */
  guint32 mask[4];                         /* red, green, blue, alpha */
  const guint8 *palette;
} Bmp;

static guint
le16(const guint8 *p)
{
  return (guint)p[1] << 8 | p[0];
}

static guint32
le32(const guint8 *p)
{
  return (guint32)le16(p + 2) << 16 | le16(p);
}

gboolean
sg_bmp_recognise(const guint8 *data, gsize size)
{
  return size >= FILE_HEADER + CORE_HEADER && memcmp(data, "BM", 2) == 0 &&
         (le32(data + 14) == CORE_HEADER ||
          (le32(data + 14) >= INFO_HEADER && le32(data + 14) <= 256));
}

static void
read_masks(Bmp *b, const guint8 *masks)
{
  static const guint32 of_16[3] = {0x7c00, 0x3e0, 0x1f}, of_32[3] = {0xff0000, 0xff00, 0xff};
  gboolean alpha = b->compression == BI_ALPHABITFIELDS || b->header >= 56;

  for (int k = 0; k < 3; k++)
    b->mask[k] = b->compression != BI_RGB ? le32(masks + 4 * k)
                 : b->bits == 16          ? of_16[k]
                                          : of_32[k];
  b->mask[3] = b->compression != BI_RGB && alpha ? le32(masks + 12) : 0;
}

static gboolean
read_header(Bmp *b, const guint8 *data, gsize size, GError **error)
{
  b->pixels = le32(data + 10);
  b->header = le32(data + 14);
  gboolean core = b->header == CORE_HEADER;
  gsize palette = FILE_HEADER + (gsize)b->header;
  if (!core && size < palette)
    return sg_broken(error, "not a readable BMP: it ends in its header");
  gint32 height = core ? (gint32)le16(data + 20) : (gint32)le32(data + 22);
  b->width = core ? (gint32)le16(data + 18) : (gint32)le32(data + 18);
  b->top_down = height < 0;
  b->height = ABS((gint64)height);
  b->bits = le16(data + (core ? 24 : 28));
  b->compression = core ? BI_RGB : le32(data + 30);
  b->colours = core ? 0 : le32(data + 46);
  b->entry = core ? 3 : 4;
  if (b->width < 0 || !sg_picture_check_size((guint64)b->width, (guint64)b->height, error))
    return b->width >= 0 ? FALSE : sg_broken(error, "not a readable BMP: its width is negative");
  if (b->compression != BI_RGB && b->compression != BI_BITFIELDS &&
      b->compression != BI_ALPHABITFIELDS)
    return sg_unsupported(error, "this BMP is compressed (kind %u); save it as PNG",
                          b->compression);
  gboolean own_masks = b->compression != BI_RGB && b->header == INFO_HEADER;
  gsize masks = b->compression == BI_ALPHABITFIELDS ? 16 : 12;
  if (own_masks && size < palette + masks)
    return sg_broken(error, "not a readable BMP: it ends in its header");
  read_masks(b, data + FILE_HEADER + INFO_HEADER);
  b->palette = data + palette;
  return TRUE;
}

static gboolean
check_body(Bmp *b, gsize size, gsize *stride, GError **error)
{
  gsize palette = FILE_HEADER + (gsize)b->header;

  if (b->bits != 1 && b->bits != 4 && b->bits != 8 && b->bits != 16 && b->bits != 24 &&
      b->bits != 32)
    return sg_unsupported(error, "this BMP has %u bits a pixel; 1, 4, 8, 16, 24 and 32 are read",
                          b->bits);
  if (b->bits <= 8 && (b->colours == 0 || b->colours > 1u << b->bits))
    b->colours = 1u << b->bits;
  if (b->bits <= 8 && size < palette + (gsize)b->colours * b->entry)
    return sg_broken(error, "not a readable BMP: it ends in its palette");
  *stride = ((gsize)b->width * b->bits + 31) / 32 * 4;
  if (b->pixels > size || (size - b->pixels) / *stride < (gsize)b->height)
    return sg_broken(error, "the picture ends too early");
  return TRUE;
}

/* The bits of a mask, spread to 0..255. */
static guint8
masked(guint32 v, guint32 mask)
{
  if (!mask)
    return 0;
  guint32 most = mask >> __builtin_ctz(mask), value = (v & mask) >> __builtin_ctz(mask);
  return (guint8)((guint64)value * 255 / most);
}

static void
read_pixel(const Bmp *b, const guint8 *row, gsize x, guint8 *to)
{
  if (b->bits <= 8) {
    guint per = 8 / b->bits, shift = (per - 1 - (guint)(x % per)) * b->bits;
    guint index = row[x / per] >> shift & ((1u << b->bits) - 1);
    const guint8 *colour = b->palette + (gsize)MIN(index, b->colours - 1) * b->entry;
    for (int k = 0; k < 3; k++)
      to[k] = colour[2 - k];
  } else if (b->bits == 24) {
    for (int k = 0; k < 3; k++)
      to[k] = row[3 * x + 2 - (gsize)k];
  } else {
    guint32 v = b->bits == 16 ? le16(row + 2 * x) : le32(row + 4 * x);
    for (int k = 0; k < (b->mask[3] ? 4 : 3); k++)
      to[k] = masked(v, b->mask[k]);
  }
}

gboolean
sg_bmp_size(const guint8 *data, gsize size, guint *width, guint *height, GError **error)
{
  Bmp b = {0};

  if (!read_header(&b, data, size, error))
    return FALSE;
  *width = (guint)b.width;
  *height = (guint)b.height;
  return TRUE;
}

gboolean
sg_bmp_decode(SgPixels *p, const guint8 *data, gsize size, GError **error)
{
  Bmp b = {0};
  gsize stride = 0;

  if (!read_header(&b, data, size, error) || !check_body(&b, size, &stride, error))
    return FALSE;
  p->width = (int)b.width;
  p->height = (int)b.height;
  p->channels = b.bits >= 16 && b.bits != 24 && b.mask[3] ? 4 : 3;
  p->pixels = g_try_malloc_n((gsize)b.width * (gsize)b.height, (gsize)p->channels);
  if (!p->pixels)
    return sg_no_memory(error, "for the picture");
  guint8 *to = p->pixels;
  for (gint64 y = 0; y < b.height; y++) {
    const guint8 *row = data + b.pixels + (gsize)(b.top_down ? y : b.height - 1 - y) * stride;
    for (gsize x = 0; x < (gsize)b.width; x++, to += p->channels)
      read_pixel(&b, row, x, to);
  }
  return TRUE;
}
