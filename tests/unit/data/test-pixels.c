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

/* ---- rare kinds ------------------------------------------------------------------------------ */

/* Alpha that libtiff has multiplied in and that is divided out again may be a little off; what
 * cannot be seen has no colour. */
static void
assert_same_pixels(const char *name, const SgPixels *a, const SgPixels *b, int tolerance)
{
  g_assert_cmpint(a->width, ==, b->width);
  g_assert_cmpint(a->height, ==, b->height);
  for (int i = 0; i < a->width * a->height; i++) {
    const guint8 *x = a->pixels + 4 * i, *y = b->pixels + 4 * i;
    if (x[3] != y[3])
      g_error("%s: pixel %d: found alpha %u, expected %u", name, i, x[3], y[3]);
    for (int k = 0; k < 3 && x[3] > 0; k++)
      if (ABS(x[k] - y[k]) > tolerance)
        g_error("%s: pixel %d: found %u, expected %u", name, i, x[k], y[k]);
  }
}

/* As Pillow reads them (kinds.py). */
static void
test_kinds(void)
{
  g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "cases", "pictures", "kinds", NULL);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  const char *base;
  int n = 0;

  while ((base = g_dir_read_name(dir))) {
    g_autofree char *path = g_build_filename(folder, base, NULL), *png = g_strdup(path);
    g_auto(SgPixels) found = {0}, expected = {0};
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    gboolean readable;
    gsize size;
    if (g_str_has_suffix(base, ".png"))
      continue;
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    g_assert_nonnull(sg_picture_kind((const guint8 *)bytes, size, &readable));
    g_assert_true(sg_pixels_load(&found, path, &error) == readable);
    if (!readable) { /* no library: named */
      g_assert_nonnull(strstr(error->message, "picture of the kind"));
      continue;
    }
    strcpy(strrchr(png, '.'), ".png");
    g_assert_true(sg_pixels_load(&expected, png, NULL));
    sg_pixels_convert(&found, 4);
    sg_pixels_convert(&expected, 4);
    assert_same_pixels(base, &found, &expected, g_str_has_prefix(base, "tif-rgba") ? 1 : 0);
    n++;
  }
  g_assert_cmpint(n, >=, 6); /* BMP always */
}

/* Every length, and every byte turned over: it may fail, but not crash or hang. */
static void
test_broken_kinds(void)
{
  static const char *const names[] = {"bmp-p.bmp", "bmp-565.bmp", "gif-interlaced.gif",
                                      "tif-l.tif"};

  for (gsize k = 0; k < G_N_ELEMENTS(names); k++) {
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "cases", "pictures", "kinds", names[k], NULL);
    g_autofree char *bytes = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    for (gsize n = 0; n < 2 * size; n++) {
      g_autofree guint8 *part = g_memdup2(bytes, MAX(size, 1));
      g_auto(SgPixels) p = {0};
      if (n >= size)
        part[n - size] ^= 0xff;
      gboolean ok = sg_pixels_decode(&p, "part", part, n < size ? n : size, NULL);
      g_assert_true(ok == (p.pixels != NULL));
    }
  }
}

static void
test_named(void)
{
  static const struct {
    const char *bytes, *kind;
  } cases[] = {{"\0\0\0\x20"
                "ftypavif\0\0\0\0",
                "AVIF"},
               {"\0\0\0\x20"
                "ftypheic\0\0\0\0",
                "HEIC"},
               {"\0\0\0\x0cJXL \r\n\x87\n....", "JPEG XL"},
               {"\0\0\0\x0cjP  \r\n\x87\n....", "JPEG 2000"}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_auto(SgPixels) p = {0};
    g_assert_false(sg_pixels_decode(&p, "x", (const guint8 *)cases[i].bytes, 16, &error));
    g_assert_nonnull(strstr(error->message, cases[i].kind));
  }
}

/* Animations give their first frame and say that there are others; a JPEG without its end is cut
 * off, as it is for Pillow. */
static void
test_frames(void)
{
  g_autofree char *moving =
      g_test_build_filename(G_TEST_DIST, "cases", "pictures", "45_anim.webp", NULL);
  g_autofree char *cut =
      g_test_build_filename(G_TEST_DIST, "cases", "pictures", "34_noEOI.jpg", NULL);
  g_auto(SgPixels) p = {0}, none = {0};
  g_autoptr(GError) error = NULL;

  g_assert_true(sg_pixels_load(&p, moving, &error));
  g_assert_cmpint(p.width, ==, 64);
  g_assert_cmpint(p.frames, ==, 2);
  g_assert_false(sg_pixels_load(&none, cut, &error));
  g_assert_nonnull(strstr(error->message, "before its end marker"));
}

/* ---- large pictures -------------------------------------------------------------------------- */

/* A JPEG of more pixels than are decoded is read at a half. */
static void
test_large(void)
{
  const int w = 12000, h = 6000; /* 72 million */
  g_autoptr(GByteArray) jpeg = flat_jpeg(w, h, 1 /* grey */, (const guint8[]){90});
  g_auto(SgPixels) p = {0};
  GError *error = NULL;

  sg_pixels_decode(&p, "large", jpeg->data, jpeg->len, &error);
  g_assert_no_error(error);
  g_assert_cmpint(p.width, ==, w / 2);
  g_assert_cmpint(p.height, ==, h / 2);
  g_assert_cmpint(ABS(p.pixels[3 * (w / 2) * (h / 4)] - 90), <=, 1);
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
  g_test_add_func("/pixels/kinds/read", test_kinds);
  g_test_add_func("/pixels/kinds/broken", test_broken_kinds);
  g_test_add_func("/pixels/kinds/named", test_named);
  g_test_add_func("/pixels/frames", test_frames);
  g_test_add_func("/pixels/large", test_large);
  g_test_add_func("/pixels/channels", test_channels);
  return g_test_run();
}
