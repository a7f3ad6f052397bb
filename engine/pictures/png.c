/* PNG with our recipe inside. Pixels go through libpng; the recipe is found by walking the chunks
 * ourselves, since libpng would decode all pixels before it reports text that follows them. */
#include "engine/pictures/picture.h"
#include "engine/formats/format-error.h"
#include "engine/formats/source.h"
#include "engine/formats/writer.h"
#include "engine/kernels/element.h"
#include <png.h>
#include <string.h>

#define KEYWORD    "vitrine"
#define MAX_RECIPE (16 * 1024 * 1024)

/* IPTC's vocabulary for pictures that a trained model made; programs that show "made with AI" read
 * it. */
static const char xmp_packet[] =
    "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
    " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
    "  <rdf:Description rdf:about=\"\"\n"
    "    xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n"
    "    xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"\n"
    "    xmp:CreatorTool=\"Vitrine\"\n"
    "    Iptc4xmpExt:DigitalSourceType=\"" SG_PICTURE_SOURCE_TYPE "\"/>\n"
    " </rdf:RDF>\n"
    "</x:xmpmeta>\n"
    "<?xpacket end=\"w\"?>";

const char *
sg_picture_mark(gsize *length)
{
  *length = sizeof xmp_packet - 1;
  return xmp_packet;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* A file that is being written. A GByteArray ends the program where there is no memory. */
typedef struct {
  guint8 *data;
  gsize n, room;
} Out;

static void
out_free(Out *out)
{
  g_free(out->data);
  g_free(out);
}

static void
append_cb(png_structp png, png_bytep data, png_size_t n)
{
  Out *out = png_get_io_ptr(png);

  if (out->room - out->n < n) {
    gsize room = MAX(2 * out->room, out->n + n);
    guint8 *larger = g_try_realloc(out->data, room);
    if (!larger) {
      sg_no_memory(png_get_error_ptr(png), "to write the picture");
      png_longjmp(png, 1);
    }
    out->data = larger;
    out->room = room;
  }
  memcpy(out->data + out->n, data, n);
  out->n += n;
}

static void
flush_cb(png_structp png)
{
}

static void
png_error_cb(png_structp png, png_const_charp message)
{
  GError **error = png_get_error_ptr(png);
  sg_broken(error, "libpng: %s", message);
  png_longjmp(png, 1);
}

static void
png_warning_cb(png_structp png, png_const_charp message)
{
}

static void
set_texts(png_structp png, png_infop info, const char *recipe_json)
{
  png_text texts[2];
  memset(texts, 0, sizeof texts);
  texts[0].compression = texts[1].compression = PNG_ITXT_COMPRESSION_NONE;
  texts[0].key = (char *)"XML:com.adobe.xmp";
  texts[0].text = (char *)xmp_packet;
  texts[0].itxt_length = sizeof xmp_packet - 1;
  texts[1].key = (char *)KEYWORD;
  texts[1].text = (char *)recipe_json;
  texts[1].itxt_length = strlen(recipe_json);
  png_set_text(png, info, texts, *recipe_json ? 2 : 1);
}

GBytes *
sg_png_encode_channels(const guint8 *pixels, int width, int height, int channels,
                       const char *recipe_json, GError **error)
{
  static const int types[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                              PNG_COLOR_TYPE_RGBA};
  Out *out = g_new0(Out, 1);
  GError *why = NULL;

  g_assert(channels >= 1 && channels <= 4);
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &why, png_error_cb, png_warning_cb);
  png_infop info = png ? png_create_info_struct(png) : NULL;

  if (!info) {
    png_destroy_write_struct(&png, NULL);
    out_free(out);
    g_clear_error(&why);
    sg_no_memory(error, "to write the picture");
    return NULL;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    out_free(out);
    g_propagate_error(error, why);
    return NULL;
  }
  png_set_write_fn(png, out, append_cb, flush_cb);
  png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, types[channels],
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  /* Twice as fast as zlib's default, files a few percent larger. */
  png_set_compression_level(png, 4);
  if (recipe_json)
    set_texts(png, info, recipe_json);
  png_write_info(png, info);
  for (int y = 0; y < height; y++)
    png_write_row(png, pixels + (gsize)y * (gsize)width * (gsize)channels);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  GBytes *bytes = g_bytes_new_take(g_steal_pointer(&out->data), out->n);
  out_free(out);
  return bytes;
}

GBytes *
sg_png_encode(const guint8 *rgb, int width, int height, const char *recipe_json, GError **error)
{
  return sg_png_encode_channels(rgb, width, height, 3, recipe_json, error);
}

gboolean
sg_png_write_channels(const char *path, const guint8 *pixels, int width, int height, int channels,
                      const char *recipe_json, GError **error)
{
  static const char *const endings[] = {".png", NULL};

  if (!sg_check_ending(path, endings, error))
    return FALSE;
  g_autoptr(GBytes) bytes =
      sg_png_encode_channels(pixels, width, height, channels, recipe_json, error);
  if (!bytes) {
    g_prefix_error(error, "%s: ", path);
    return FALSE;
  }
  gsize n;
  gconstpointer data = g_bytes_get_data(bytes, &n);
  return sg_write_file(path, data, n, error);
}

gboolean
sg_png_write_drawn(const char *path, const guint8 *pixels, int width, int height, int channels,
                   const char *recipe_json, GError **error)
{
  gsize n = (gsize)width * (gsize)height, bytes = k_drawn_bytes((unsigned)channels);

  if (channels >= 3)
    return sg_png_write_channels(path, pixels, width, height, (int)bytes, recipe_json, error);
  g_autofree guint8 *grey = g_try_malloc(n * (gsize)channels);
  if (!grey) {
    sg_broken(error, "%s: not enough memory to write the picture", path);
    return FALSE;
  }
  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < (gsize)channels; k++)
      grey[i * (gsize)channels + k] = pixels[i * bytes + (k ? 3 : 0)];
  return sg_png_write_channels(path, grey, width, height, channels, recipe_json, error);
}

gboolean
sg_png_write(const char *path, const guint8 *rgb, int width, int height, const char *recipe_json,
             GError **error)
{
  return sg_png_write_channels(path, rgb, width, height, 3, recipe_json, error);
}

/* ---- the recipe ------------------------------------------------------------------------------ */

static guint32
crc32_of(const guint8 *data, gsize n)
{
  guint32 crc = 0xffffffff;
  for (gsize i = 0; i < n; i++) {
    crc ^= data[i];
    for (int k = 0; k < 8; k++)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

/* Text of an uncompressed iTXt or of a tEXt chunk if its keyword is ours; else NULL. `chunk` starts
 * with the type and holds n bytes of data after it. */
static char *
recipe_of_chunk(const guint8 *chunk, gsize n)
{
  const guint8 *data = chunk + 4, *end = data + n;

  if (n <= sizeof KEYWORD || memcmp(data, KEYWORD, sizeof KEYWORD) != 0)
    return NULL;
  data += sizeof KEYWORD;
  if (memcmp(chunk, "iTXt", 4) == 0) {
    if (end - data < 2 || data[0] != 0)
      return NULL;
    data += 2;
    for (int skip = 0; skip < 2; skip++) { /* the language and the translated keyword */
      const guint8 *zero = memchr(data, 0, (gsize)(end - data));
      if (!zero)
        return NULL;
      data = zero + 1;
    }
  }
  if (!g_utf8_validate((const char *)data, end - data, NULL))
    return NULL;
  return g_strndup((const char *)data, (gsize)(end - data));
}

static char *
read_text_chunk(SgSource *source, guint64 offset, guint32 length, GError **error)
{
  guint8 start[4 + sizeof KEYWORD], crc[4];

  if (length <= sizeof KEYWORD || length > MAX_RECIPE)
    return NULL;
  if (!sg_source_read(source, offset + 4, start, sizeof start, error))
    return NULL;
  if (memcmp(start + 4, KEYWORD, sizeof KEYWORD) != 0)
    return NULL;
  g_autofree guint8 *chunk = g_malloc((gsize)length + 4);
  if (!sg_source_read(source, offset + 4, chunk, (gsize)length + 4, error) ||
      !sg_source_read(source, offset + 8 + length, crc, 4, error))
    return NULL;
  char *text = recipe_of_chunk(chunk, length);
  if (!text || crc32_of(chunk, (gsize)length + 4) != sg_be32(crc)) {
    g_free(text);
    sg_broken(error, "the recipe inside the picture is damaged");
    return NULL;
  }
  return text;
}

static char *
find_recipe(SgSource *source, GError **error)
{
  guint8 head[8];
  guint64 offset = 8, size = sg_source_size(source);
  GError *why = NULL;

  if (size < 8 || !sg_source_read(source, 0, head, 8, &why) || png_sig_cmp(head, 0, 8)) {
    g_clear_error(&why);
    sg_unsupported(error, "this is not a PNG picture");
    return NULL;
  }
  while (offset + 12 <= size && sg_source_read(source, offset, head, 8, &why)) {
    guint32 length = sg_be32(head);
    if (length > G_MAXINT32 || length > size - offset - 12) {
      sg_broken(error, "the picture ends too early");
      return NULL;
    }
    if (memcmp(head + 4, "iTXt", 4) == 0 || memcmp(head + 4, "tEXt", 4) == 0) {
      char *text = read_text_chunk(source, offset, length, &why);
      if (text || why) {
        if (why)
          g_propagate_error(error, why);
        return text;
      }
    }
    if (memcmp(head + 4, "IEND", 4) == 0)
      return NULL;
    offset += 12 + (guint64)length;
  }
  if (why)
    g_propagate_error(error, why);
  else
    sg_broken(error, "the picture ends too early");
  return NULL;
}

static char *
find_recipe_named(SgSource *source, const char *name, GError **error)
{
  GError *why = NULL;
  char *text = find_recipe(source, &why);
  if (why)
    g_propagate_prefixed_error(error, why, "%s: ", name);
  return text;
}

char *
sg_png_read_recipe(const char *path, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(path, error);
  if (!source) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  return find_recipe_named(source, path, error);
}

char *
sg_png_read_recipe_memory(const char *name, const guint8 *data, gsize size, GError **error)
{
  g_autoptr(SgSource) source = sg_source_new_memory(data, size);
  return find_recipe_named(source, name, error);
}
