#include "tests/unit/data/dataset-support.h"
#include <glib/gstdio.h>
#include <png.h>
#include <stdio.h>
#include <jpeglib.h>
#include <stdlib.h>
#include <string.h>
#include <webp/encode.h>
#include <zip.h>
#include <zlib.h>

/* ---- pictures -------------------------------------------------------------------------------- */

static void
append_cb(png_structp png, png_bytep data, png_size_t n)
{
  g_byte_array_append(png_get_io_ptr(png), data, (guint)n);
}

static void
flush_cb(png_structp png)
{
}

GByteArray *
make_png(int width, int height, int depth, int color_type, const guint8 *rows, gsize row_bytes,
         const guint8 *palette, int colours)
{
  GByteArray *out = g_byte_array_new();
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);

  g_assert_false(setjmp(png_jmpbuf(png)));
  png_set_write_fn(png, out, append_cb, flush_cb);
  png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, depth, color_type,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (palette)
    png_set_PLTE(png, info, (png_const_colorp)palette, colours);
  png_write_info(png, info);
  for (int y = 0; y < height; y++)
    png_write_row(png, rows + (gsize)y * row_bytes);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  return out;
}

static guint8 *
flat_rows(int width, int height, int channels, const guint8 *colour)
{
  guint8 *rows = g_malloc((gsize)width * (gsize)height * (gsize)channels);
  for (gsize i = 0; i < (gsize)width * (gsize)height; i++)
    memcpy(rows + i * (gsize)channels, colour, (gsize)channels);
  return rows;
}

GByteArray *
flat_png(int width, int height, int channels, const guint8 *colour)
{
  static const int types[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                              PNG_COLOR_TYPE_RGBA};
  g_autofree guint8 *rows = flat_rows(width, height, channels, colour);
  return make_png(width, height, 8, types[channels], rows, (gsize)width * (gsize)channels, NULL, 0);
}

GByteArray *
flat_jpeg(int width, int height, int space, const guint8 *colour)
{
  gboolean four = space == JCS_CMYK || space == JCS_YCCK;
  int channels = space == JCS_GRAYSCALE ? 1 : four ? 4 : 3;
  g_autofree guint8 *rows = flat_rows(width, height, channels, colour);
  struct jpeg_compress_struct c;
  struct jpeg_error_mgr errors;
  unsigned char *data = NULL;
  unsigned long size = 0;

  c.err = jpeg_std_error(&errors);
  jpeg_create_compress(&c);
  jpeg_mem_dest(&c, &data, &size);
  c.image_width = (JDIMENSION)width;
  c.image_height = (JDIMENSION)height;
  c.input_components = channels;
  c.in_color_space = channels == 1 ? JCS_GRAYSCALE : four ? JCS_CMYK : JCS_RGB;
  jpeg_set_defaults(&c);
  jpeg_set_colorspace(&c, (J_COLOR_SPACE)space);
  jpeg_set_quality(&c, 95, TRUE);
  jpeg_start_compress(&c, TRUE);
  while (c.next_scanline < c.image_height) {
    guint8 *row = rows + (gsize)c.next_scanline * (gsize)width * (gsize)channels;
    jpeg_write_scanlines(&c, &row, 1);
  }
  jpeg_finish_compress(&c);
  jpeg_destroy_compress(&c);
  GByteArray *out = g_byte_array_new();
  g_byte_array_append(out, data, (guint)size);
  free(data);
  return out;
}

GByteArray *
flat_webp(int width, int height, int channels, const guint8 *colour)
{
  g_autofree guint8 *rows = flat_rows(width, height, channels, colour);
  guint8 *data = NULL;
  gsize size = channels == 4 ? WebPEncodeLosslessRGBA(rows, width, height, width * 4, &data)
                             : WebPEncodeLosslessRGB(rows, width, height, width * 3, &data);
  GByteArray *out = g_byte_array_new();

  g_byte_array_append(out, data, (guint)size);
  WebPFree(data);
  return out;
}

static void
put_le(GByteArray *b, guint64 value, int bytes)
{
  for (int i = 0; i < bytes; i++) {
    guint8 byte = (guint8)(value >> 8 * i);
    g_byte_array_append(b, &byte, 1);
  }
}

static void
put_tag(GByteArray *b, const char *tag, guint32 size)
{
  g_byte_array_append(b, (const guint8 *)tag, 4);
  put_le(b, size, 4);
}

/* One frame around the chunk of a still picture, as the container's specification has it. */
GByteArray *
animated_webp(int width, int height)
{
  const guint8 colour[3] = {1, 2, 3};
  g_autoptr(GByteArray) still = flat_webp(width, height, 3, colour);
  guint frame = still->len - 12;
  GByteArray *b = g_byte_array_new();

  put_tag(b, "RIFF", 4 + 18 + 14 + 24 + frame);
  g_byte_array_append(b, (const guint8 *)"WEBP", 4);
  put_tag(b, "VP8X", 10);
  put_le(b, 2, 4); /* animation */
  put_le(b, (guint32)width - 1, 3);
  put_le(b, (guint32)height - 1, 3);
  put_tag(b, "ANIM", 6);
  put_le(b, 0, 6);
  put_tag(b, "ANMF", 16 + frame);
  put_le(b, 0, 6);
  put_le(b, (guint32)width - 1, 3);
  put_le(b, (guint32)height - 1, 3);
  put_le(b, 100, 4);
  g_byte_array_append(b, still->data + 12, frame);
  return b;
}

/* ---- IDX ------------------------------------------------------------------------------------- */

GByteArray *
make_idx(guint32 magic, int n_sizes, const guint32 *sizes, const guint8 *data, gsize n)
{
  GByteArray *b = g_byte_array_new();
  guint32 v = GUINT32_TO_BE(magic);

  g_byte_array_append(b, (const guint8 *)&v, 4);
  for (int i = 0; i < n_sizes; i++) {
    v = GUINT32_TO_BE(sizes[i]);
    g_byte_array_append(b, (const guint8 *)&v, 4);
  }
  return g_byte_array_append(b, data, (guint)n);
}

void
write_gz(const char *path, const GByteArray *bytes)
{
  gzFile f = gzopen(path, "wb");
  g_assert_cmpint(gzwrite(f, bytes->data, bytes->len), ==, (int)bytes->len);
  g_assert_cmpint(gzclose(f), ==, Z_OK);
}

/* ---- files ----------------------------------------------------------------------------------- */

void
put_bytes(const char *path, gconstpointer data, gsize n)
{
  FILE *f = fopen(path, "wb");
  g_assert_nonnull(f);
  g_assert_true(n == 0 || fwrite(data, 1, n, f) == n);
  g_assert_cmpint(fclose(f), ==, 0);
}

void
put_file(const char *folder, const char *name, GByteArray *bytes)
{
  g_autofree char *path = g_build_filename(folder, name, NULL), *in = g_path_get_dirname(path);
  g_assert_cmpint(g_mkdir_with_parents(in, 0777), ==, 0);
  put_bytes(path, bytes->data, bytes->len);
  g_byte_array_unref(bytes);
}

void
put_text(const char *folder, const char *name, const char *text)
{
  GByteArray *bytes = g_byte_array_new();
  put_file(folder, name, g_byte_array_append(bytes, (const guint8 *)text, (guint)strlen(text)));
}

static void
zip_folder(zip_t *zip, const char *root, const char *inside, gboolean deflate)
{
  g_autofree char *path = g_build_filename(root, inside, NULL);
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  const char *base;

  while ((base = g_dir_read_name(dir))) {
    g_autofree char *name = *inside ? g_strconcat(inside, "/", base, NULL) : g_strdup(base);
    g_autofree char *full = g_build_filename(root, name, NULL);
    if (g_file_test(full, G_FILE_TEST_IS_DIR)) {
      zip_folder(zip, root, name, deflate);
      continue;
    }
    zip_source_t *source = zip_source_file(zip, full, 0, 0);
    zip_int64_t entry = zip_file_add(zip, name, source, 0);
    g_assert_cmpint(entry, >=, 0);
    zip_set_file_compression(zip, (zip_uint64_t)entry, deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
}

void
make_zip(const char *path, const char *folder, gboolean deflate)
{
  zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
  zip_folder(zip, folder, "", deflate);
  g_assert_cmpint(zip_close(zip), ==, 0);
}

char *
make_folder(void)
{
  return g_dir_make_tmp("vitrine-dataset-XXXXXX", NULL);
}

static void
remove_tree(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  const char *base;

  while (dir && (base = g_dir_read_name(dir))) {
    g_autofree char *inside = g_build_filename(path, base, NULL);
    if (g_unlink(inside) < 0)
      remove_tree(inside);
  }
  g_rmdir(path);
}

void
drop_folder(char *folder)
{
  remove_tree(folder);
  g_free(folder);
}

const SgRefusal *
find_refusal(const SgDataset *ds, const char *name)
{
  for (guint i = 0; i < ds->refused->len; i++) {
    const SgRefusal *r = ds->refused->pdata[i];
    if (g_str_equal(r->name, name))
      return r;
  }
  return NULL;
}
