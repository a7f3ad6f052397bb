#include "engine/pictures/provenance.h"
#include "engine/formats/source.h"
#include "engine/pictures/picture-private.h"
#include <string.h>

/* Text of a file that is kept. */
#define MAX_TEXT 200

static gboolean
begins(const guint8 *data, gsize size, const char *with, gsize n)
{
  return size >= n && memcmp(data, with, n) == 0;
}

/* ---- text inside ----------------------------------------------------------------------------- */

static const guint8 *
find(const guint8 *data, gsize size, const char *what)
{
  return memmem(data, size, what, strlen(what));
}

/* Behind `name` the value of an XML attribute (name="value") or element (<name>value<). */
static char *
xml_value(const guint8 *data, gsize size, const char *name)
{
  const guint8 *at = find(data, size, name), *end = data + size;

  if (!at)
    return NULL;
  at += strlen(name);
  while (at < end && (*at == '=' || *at == '"' || *at == '\'' || *at == '>' || *at == ' '))
    at++;
  const guint8 *stop = at;
  while (stop < end && *stop != '"' && *stop != '\'' && *stop != '<' && stop - at < MAX_TEXT)
    stop++;
  return stop > at ? g_strndup((const char *)at, (gsize)(stop - at)) : NULL;
}

static void
read_xmp(SgProvenance *p, const guint8 *data, gsize size)
{
  g_autofree char *type = xml_value(data, size, "DigitalSourceType");

  p->has_xmp = TRUE;
  p->has_recipe |= find(data, size, "<vitrine:Recipe>") != NULL;
  if (type && !p->source_type) {
    const char *slash = strrchr(type, '/');
    p->source_type = g_strdup(slash ? slash + 1 : type);
  }
  if (!p->creator_tool)
    p->creator_tool = xml_value(data, size, "CreatorTool");
}

/* ---- JPEG ------------------------------------------------------------------------------------ */

/* ITU-T T.81, annex K: brightness and colour, in natural order. libjpeg scales these. */
static const guint8 luma_table[64] = {16,  11,  10,  16,  24, 40, 51,  61,  12,  12,  14,  19,  26,
                                      58,  60,  55,  14,  13, 16, 24,  40,  57,  69,  56,  14,  17,
                                      22,  29,  51,  87,  80, 62, 18,  22,  37,  56,  68,  109, 103,
                                      77,  24,  35,  55,  64, 81, 104, 113, 92,  49,  64,  78,  87,
                                      103, 121, 120, 101, 72, 92, 95,  98,  112, 100, 103, 99};

static const guint8 zigzag[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                  58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/* The quality whose table of brightness this is (libjpeg's jpeg_set_quality), or 0. */
static int
quality_of(const guint16 table[64])
{
  for (int quality = 1; quality <= 100; quality++) {
    int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality, i = 0;
    while (i < 64 && table[i] == CLAMP((luma_table[i] * scale + 50) / 100, 1, 255))
      i++;
    if (i == 64)
      return quality;
  }
  return 0;
}

static void
read_tables(SgProvenance *p, const guint8 *data, gsize size)
{
  while (size > 0) {
    gsize wide = data[0] >> 4 ? 2 : 1, number = data[0] & 15;
    if (number > 3 || size < 1 + 64 * wide)
      return;
    for (gsize i = 0; i < 64; i++)
      p->table[number][zigzag[i]] =
          wide == 2 ? (guint16)(data[1 + 2 * i] << 8 | data[2 + 2 * i]) : data[1 + i];
    p->tables = MAX(p->tables, (int)number + 1);
    data += 1 + 64 * wide;
    size -= 1 + 64 * wide;
  }
}

static void
read_segment(SgProvenance *p, guint8 marker, const guint8 *data, gsize size)
{
  if (marker == 0xe1 && begins(data, size, "Exif\0", 5))
    p->has_exif = TRUE;
  else if (marker == 0xe1 && begins(data, size, "http://ns.adobe.com/x", 21))
    read_xmp(p, data, size);
  else if (marker == 0xed && begins(data, size, "Photoshop 3.0", 14))
    p->has_iptc = memmem(data, size, "8BIM\x04\x04", 6) != NULL;
  else if (marker == 0xeb && find(data, size, "c2pa"))
    p->has_c2pa = TRUE; /* JPEG universal metadata boxes (ISO 19566-5) */
  else if (marker == 0xdb)
    read_tables(p, data, size);
}

static void
read_jpeg(SgProvenance *p, const guint8 *data, gsize size)
{
  for (gsize at = 2; at + 4 <= size && data[at] == 0xff;) {
    guint8 marker = data[at + 1];
    gsize length = (gsize)data[at + 2] << 8 | data[at + 3];
    if (marker == 0xff || (marker >= 0xd0 && marker <= 0xd8) || marker == 0x01) {
      at += marker == 0xff ? 1 : 2; /* fill bytes, markers without a length */
      continue;
    }
    if (marker == 0xda || marker == 0xd9 || length < 2 || length > size - at - 2)
      break;
    read_segment(p, marker, data + at + 4, length - 2);
    at += 2 + length;
  }
  p->quality = p->tables > 0 ? quality_of(p->table[0]) : 0;
}

/* ---- PNG, WebP ------------------------------------------------------------------------------- */

static void
read_chunk(SgProvenance *p, const guint8 *type, const guint8 *data, gsize size)
{
  gboolean text = memcmp(type, "iTXt", 4) == 0 || memcmp(type, "tEXt", 4) == 0;
  gboolean packed = memcmp(type, "zTXt", 4) == 0; /* its keyword is not */

  if (memcmp(type, "eXIf", 4) == 0 || memcmp(type, "EXIF", 4) == 0)
    p->has_exif = TRUE;
  else if (memcmp(type, "caBX", 4) == 0 || memcmp(type, "C2PA", 4) == 0)
    p->has_c2pa = TRUE;
  else if (memcmp(type, "XMP ", 4) == 0 || (text && begins(data, size, "XML:com.adobe.xmp", 18)))
    read_xmp(p, data, size);
  else if (text && begins(data, size, "vitrine", 8))
    p->has_recipe = TRUE;
  else if ((text || packed) && begins(data, size, "Raw profile type iptc", 21))
    p->has_iptc = TRUE;
}

static void
read_png(SgProvenance *p, const guint8 *data, gsize size)
{
  for (gsize at = 8; at + 12 <= size;) {
    gsize length = sg_be32(data + at);
    if (length > size - at - 12)
      return;
    read_chunk(p, data + at + 4, data + at + 8, length);
    at += 12 + length;
  }
}

static void
read_webp(SgProvenance *p, const guint8 *data, gsize size)
{
  for (gsize at = 12; at + 8 <= size;) {
    const guint8 *n = data + at + 4;
    gsize length = (gsize)n[0] | (gsize)n[1] << 8 | (gsize)n[2] << 16 | (gsize)n[3] << 24;
    if (length > size - at - 8)
      return;
    read_chunk(p, data + at, data + at + 8, length);
    at += 8 + length + length % 2;
  }
}

void
sg_provenance_read(SgProvenance *p, const guint8 *data, gsize size)
{
  gboolean readable;

  *p = (SgProvenance){.kind = sg_picture_kind(data, size, &readable)};
  if (g_strcmp0(p->kind, "PNG") == 0)
    read_png(p, data, size);
  else if (g_strcmp0(p->kind, "JPEG") == 0)
    read_jpeg(p, data, size);
  else if (g_strcmp0(p->kind, "WebP") == 0)
    read_webp(p, data, size);
}

void
sg_provenance_clear(SgProvenance *p)
{
  g_clear_pointer(&p->source_type, g_free);
  g_clear_pointer(&p->creator_tool, g_free);
}
