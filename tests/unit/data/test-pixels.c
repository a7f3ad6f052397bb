/* What picture files become: which way up, and with how many channels. */
#include "engine/pictures/picture.h"
#include "tests/unit/data/dataset-support.h"
#include "tests/unit/data/orientation-table.h"
#include <png.h>
#include <zlib.h>
#include <string.h>

static const guint8 colours[6][3] = {{250, 0, 0},   {0, 250, 0},   {0, 0, 250},
                                     {250, 250, 0}, {0, 250, 250}, {250, 0, 250}};

static void
put_be(GByteArray *b, guint32 v, guint bytes)
{
  for (guint i = bytes; i-- > 0;)
    g_byte_array_append(b, &(guint8){(guint8)(v >> 8 * i)}, 1);
}

static void
put_le(GByteArray *b, guint32 v, guint bytes)
{
  for (guint i = 0; i < bytes; i++)
    g_byte_array_append(b, &(guint8){(guint8)(v >> 8 * i)}, 1);
}

/* A TIFF file of one directory: two tags, the second of them Orientation. */
static GByteArray *
make_exif(gboolean big, guint32 orientation, guint type, guint32 count)
{
  void (*put)(GByteArray *, guint32, guint) = big ? put_be : put_le;
  GByteArray *b = g_byte_array_new();

  g_byte_array_append(b, (const guint8 *)(big ? "MM" : "II"), 2);
  put(b, 42, 2);
  put(b, 8, 4);
  put(b, 2, 2);
  put(b, 0x100, 2); /* ImageWidth */
  put(b, 4, 2);
  put(b, 1, 4);
  put(b, 3, 4);
  put(b, 0x112, 2);
  put(b, type, 2);
  put(b, count, 4);
  put(b, orientation, 2);
  put(b, 0, 2);
  put(b, 0, 4);
  return b;
}

/* The picture of 3×2 pixels with an eXIf chunk behind its pixels. */
static GByteArray *
with_exif(const GByteArray *exif)
{
  GByteArray *png = make_png(3, 2, 8, PNG_COLOR_TYPE_RGB, colours[0], 9, NULL, 0);
  g_autoptr(GByteArray) chunk = g_byte_array_new();

  put_be(chunk, exif->len, 4);
  g_byte_array_append(chunk, (const guint8 *)"eXIf", 4);
  g_byte_array_append(chunk, exif->data, exif->len);
  put_be(chunk, (guint32)crc32(0, chunk->data + 4, chunk->len - 4), 4);
  guint8 *end = g_memdup2(png->data + png->len - 12, 12);
  g_byte_array_set_size(png, png->len - 12);
  g_byte_array_append(png, chunk->data, chunk->len);
  g_byte_array_append(png, end, 12);
  g_free(end);
  return png;
}

static void
assert_upright(const GByteArray *png, int orientation)
{
  g_auto(SgPixels) p = {0};
  GError *error = NULL;

  sg_pixels_decode(&p, "test", png->data, png->len, &error);
  g_assert_no_error(error);
  g_assert_cmpint(p.width, ==, upright[orientation - 1].width);
  g_assert_cmpint(p.height, ==, upright[orientation - 1].height);
  g_assert_cmpint(p.orientation, ==, orientation);
  for (gsize i = 0; i < 6; i++)
    g_assert_cmpmem(p.pixels + 3 * i, 3, colours[upright[orientation - 1].pixel[i]], 3);
}

static void
test_png(void)
{
  for (int n = 1; n <= 8; n++)
    for (int big = 0; big < 2; big++) {
      g_autoptr(GByteArray) exif = make_exif(big, (guint32)n, 3, 1);
      g_autoptr(GByteArray) png = with_exif(exif);
      assert_upright(png, n);
    }
}

/* What is no sound orientation turns nothing, wherever the EXIF data end. */
static void
test_unsound(void)
{
  static const struct {
    guint32 orientation, type, count;
  } cases[] = {{0, 3, 1}, {9, 3, 1}, {6, 4, 1}, {6, 3, 2}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) exif =
        make_exif(TRUE, cases[i].orientation, cases[i].type, cases[i].count);
    g_autoptr(GByteArray) png = with_exif(exif);
    assert_upright(png, 1);
  }
  for (guint n = 0; n < 34; n++) {
    g_autoptr(GByteArray) exif = make_exif(FALSE, 6, 3, 1);
    g_byte_array_set_size(exif, n);
    g_autoptr(GByteArray) png = with_exif(exif);
    assert_upright(png, 1);
  }
}

/* Fields of 8×8 pixels; JPEG may be a little off. */
static void
test_files(void)
{
  for (int n = 5; n <= 6; n++)
    for (int webp = 0; webp < 2; webp++) {
      g_autofree char *name = g_strdup_printf("exif-%d.%s", n, webp ? "webp" : "jpg");
      g_autofree char *path = g_test_build_filename(G_TEST_DIST, "cases", "pictures", name, NULL);
      g_autofree guint8 *rgb = NULL;
      GError *error = NULL;
      int width, height;
      sg_picture_read(path, &rgb, &width, &height, &error);
      g_assert_no_error(error);
      g_assert_cmpint(width, ==, 8 * upright[n - 1].width);
      g_assert_cmpint(height, ==, 8 * upright[n - 1].height);
      for (int i = 0; i < 6; i++) {
        int x = i % (width / 8) * 8 + 4, y = i / (width / 8) * 8 + 4;
        for (int c = 0; c < 3; c++)
          g_assert_cmpint(ABS(rgb[3 * (y * width + x) + c] - colours[upright[n - 1].pixel[i]][c]),
                          <=, 6);
      }
    }
}

/* As Pillow turns them: the red corner, top left in the file, goes where the orientation says. */
static void
test_cases(void)
{
  static const struct {
    const char *name;
    gboolean right, bottom;
  } cases[] = {
      {"13_exif3.jpg", TRUE, TRUE}, {"13_exif8.jpg", FALSE, TRUE}, {"14_exif6.png", TRUE, FALSE}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "cases", "pictures", cases[i].name, NULL);
    g_autofree guint8 *rgb = NULL;
    GError *error = NULL;
    int w, h;
    sg_picture_read(path, &rgb, &w, &h, &error);
    g_assert_no_error(error);
    const guint8 *mark =
        rgb + 3 * ((cases[i].bottom ? h - 3 : 2) * w + (cases[i].right ? w - 3 : 2));
    if (mark[0] < 240 || mark[1] > 12 || mark[2] > 12)
      g_error("%s: expected the red corner, found %u %u %u", cases[i].name, mark[0], mark[1],
              mark[2]);
  }
}

/* ---- channels -------------------------------------------------------------------------------- */

static void
assert_converted(int from, const guint8 *colour, int to, const guint8 *expected)
{
  g_autoptr(GByteArray) png = flat_png(2, 2, from, colour);
  g_auto(SgPixels) p = {0};

  g_assert_true(sg_pixels_decode(&p, "test", png->data, png->len, NULL));
  g_assert_cmpint(p.grey, ==, from < 3);
  sg_pixels_convert(&p, to);
  g_assert_cmpint(p.channels, ==, to);
  for (gsize i = 0; i < 4; i++)
    g_assert_cmpmem(p.pixels + i * (gsize)to, (gsize)to, expected, (gsize)to);
}

static void
test_channels(void)
{
  static const guint8 grey[] = {77}, grey_alpha[] = {100, 51}, rgb[] = {10, 20, 30},
                      rgba[] = {255, 0, 0, 102};

  assert_converted(1, grey, 1, grey);
  assert_converted(1, grey, 2, (const guint8[]){77, 255});
  assert_converted(1, grey, 3, (const guint8[]){77, 77, 77});
  assert_converted(1, grey, 4, (const guint8[]){77, 77, 77, 255});
  assert_converted(2, grey_alpha, 2, grey_alpha);
  assert_converted(2, grey_alpha, 4, (const guint8[]){100, 100, 100, 51});
  assert_converted(2, grey_alpha, 1, (const guint8[]){224}); /* 255 * 0.8 + 100 * 0.2 */
  assert_converted(3, rgb, 3, rgb);
  assert_converted(3, rgb, 1, (const guint8[]){18});
  assert_converted(3, rgb, 4, (const guint8[]){10, 20, 30, 255});
  assert_converted(4, rgba, 4, rgba);
  assert_converted(4, rgba, 3, (const guint8[]){255, 153, 153});
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/pixels/orientation/png", test_png);
  g_test_add_func("/pixels/orientation/unsound", test_unsound);
  g_test_add_func("/pixels/orientation/jpeg-and-webp", test_files);
  g_test_add_func("/pixels/orientation/cases", test_cases);
  g_test_add_func("/pixels/channels", test_channels);
  return g_test_run();
}
