/* Pictures as PNG, JPEG and WebP, larger, with their recipe and without. */
#include "engine/formats/source.h"
#include "engine/pictures/picture-write.h"
#include "engine/pictures/picture-xmp.h"
#include "engine/pictures/picture.h"
#include "engine/pictures/provenance.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define W 24
#define H 16

static const char recipe[] = "{\"name\": \"a <b> & \\\"c\\\" é ]]>\", \"seed\": 7}";

static char *folder;

/* Smooth, as faces are. */
static void
fill(guint8 *pixels, int bytes)
{
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++)
      for (int c = 0; c < bytes; c++)
        pixels[(y * W + x) * bytes + c] =
            (guint8)(c == 3 ? 10 * x : 128 + 90 * sin(0.2 * x + 0.3 * y + c));
}

static char *
path_of(const char *name)
{
  return g_build_filename(folder, name, NULL);
}

/* Recipes of any length, read back and called Vitrine's. */
static void
test_recipe(gconstpointer name)
{
  g_autofree char *path = path_of(name), *data = NULL;
  guint8 pixels[W * H * 3];
  GError *error = NULL;

  fill(pixels, 3);
  for (gsize size = 0; size < 300000; size = 3 * size + 64000) { /* and beyond one JPEG segment */
    g_autofree char *more = g_strnfill(size, 'x');
    g_autofree char *json = g_strdup_printf("%s%s", recipe, more);
    gsize length;
    g_assert_true(sg_picture_write(path, pixels, W, H, 3, NULL, json, &error));
    g_assert_no_error(error);
    g_autofree char *back = sg_picture_read_recipe(path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(back, ==, json);
    g_assert_true(g_file_get_contents(path, &data, &length, NULL));
    g_auto(SgProvenance) p;
    sg_provenance_read(&p, (const guint8 *)data, length);
    g_assert_cmpstr(p.source_type, ==, "trainedAlgorithmicMedia");
    g_assert_true(p.has_recipe);
    g_clear_pointer(&data, g_free);
  }
  /* Without: the mark alone. */
  const SgPictureWrite bare = {.no_recipe = TRUE};
  gsize length;
  g_assert_true(sg_picture_write(path, pixels, W, H, 3, &bare, recipe, &error));
  g_assert_null(sg_picture_read_recipe(path, &error));
  g_assert_no_error(error);
  g_assert_true(g_file_get_contents(path, &data, &length, NULL));
  g_assert_null(memmem(data, length, "seed", 4));
  g_auto(SgProvenance) p;
  sg_provenance_read(&p, (const guint8 *)data, length);
  g_assert_cmpstr(p.source_type, ==, "trainedAlgorithmicMedia");
  g_assert_false(p.has_recipe);
}

static void
read_pixels(const char *path, SgPixels *p)
{
  g_autoptr(GError) error = NULL;

  sg_pixels_load(p, path, &error);
  g_assert_no_error(error);
}

static double
psnr(const guint8 *a, const guint8 *b, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  return 10 * log10(255.0 * 255.0 * (double)n / MAX(sum, 1e-9));
}

static void
test_kinds(void)
{
  const char *names[] = {"a.png", "a.jpg", "a.JPEG", "a.webp"};
  guint8 pixels[W * H * 3];

  fill(pixels, 3);
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    for (int lossless = 0; lossless < 2; lossless++) {
      g_autofree char *path = path_of(names[i]);
      const SgPictureWrite options = {.lossless = lossless};
      SgPixels p;
      g_assert_true(sg_picture_write(path, pixels, W, H, 3, &options, recipe, NULL));
      read_pixels(path, &p);
      g_assert_cmpint(p.width, ==, W);
      g_assert_cmpint(p.height, ==, H);
      g_assert_cmpfloat(psnr(p.pixels, pixels, sizeof pixels), >, i == 3 ? 33 : 35);
      if (i == 0 || (i == 3 && lossless))
        g_assert_cmpmem(p.pixels, sizeof pixels, pixels, sizeof pixels);
      sg_pixels_clear(&p);
    }
}

static void
test_sharp(void)
{
  const SgPictureWrite options = {.factor = 3, .sharp = TRUE};
  g_autofree char *path = path_of("sharp.png");
  guint8 pixels[W * H * 3];
  SgPixels p;

  fill(pixels, 3);
  g_assert_true(sg_picture_write(path, pixels, W, H, 3, &options, NULL, NULL));
  read_pixels(path, &p);
  g_assert_cmpint(p.width, ==, 3 * W);
  g_assert_cmpint(p.height, ==, 3 * H);
  for (int y = 0; y < 3 * H; y++)
    for (int x = 0; x < 3 * W; x++)
      g_assert_cmpmem(p.pixels + (y * 3 * W + x) * 3, 3, pixels + (y / 3 * W + x / 3) * 3, 3);
  sg_pixels_clear(&p);
}

/* Between two pixels are values between theirs, and a plain picture stays plain. */
static void
test_smooth(void)
{
  const SgPictureWrite options = {.factor = 4};
  g_autofree char *path = path_of("smooth.png");
  guint8 pixels[W * H * 3];
  SgPixels p;

  memset(pixels, 77, sizeof pixels);
  g_assert_true(sg_picture_write(path, pixels, W, H, 3, &options, NULL, NULL));
  read_pixels(path, &p);
  for (int i = 0; i < 16 * W * H * 3; i++)
    g_assert_cmpint(p.pixels[i], ==, 77);
  sg_pixels_clear(&p);
  for (int i = 0; i < W * H * 3; i++)
    pixels[i] = (guint8)(i / 3 % W * 10);
  g_assert_true(sg_picture_write(path, pixels, W, H, 3, &options, NULL, NULL));
  read_pixels(path, &p);
  for (int x = 1; x < 4 * W; x++) {
    int step = p.pixels[3 * x] - p.pixels[3 * (x - 1)];
    g_assert_cmpint(step, >=, 0);
    g_assert_cmpint(step, <=, 6); /* of 10 in squares */
  }
  sg_pixels_clear(&p);
}

/* Grey networks are drawn as RGB, those of two or four channels with alpha. */
static void
test_channels(void)
{
  guint8 pixels[W * H * 4];
  g_autofree char *png = path_of("c.png"), *jpg = path_of("c.jpg"), *webp = path_of("c.webp");
  const SgPictureWrite exact = {.lossless = TRUE}, twice = {.factor = 2};
  SgPixels p;

  fill(pixels, 4);
  g_assert_true(sg_picture_write(webp, pixels, W, H, 4, &exact, NULL, NULL));
  read_pixels(webp, &p);
  g_assert_cmpint(p.channels, ==, 4);
  g_assert_cmpmem(p.pixels, sizeof pixels, pixels, sizeof pixels);
  sg_pixels_clear(&p);
  g_assert_true(sg_picture_write(jpg, pixels, W, H, 4, NULL, NULL, NULL));
  read_pixels(jpg, &p);
  g_assert_cmpint(p.channels, ==, 3);
  g_assert_cmpint(p.pixels[0], >, 245); /* where it is clear, white */
  sg_pixels_clear(&p);
  g_assert_true(sg_picture_write(png, pixels, W, H, 4, &twice, NULL, NULL));
  read_pixels(png, &p);
  g_assert_cmpint(p.channels, ==, 4);
  g_assert_cmpint(p.pixels[3], ==, 0);
  sg_pixels_clear(&p);
  fill(pixels, 3);
  for (int i = 0; i < W * H; i++)
    pixels[3 * i + 1] = pixels[3 * i + 2] = pixels[3 * i];
  g_assert_true(sg_picture_write(jpg, pixels, W, H, 1, &twice, NULL, NULL));
  read_pixels(jpg, &p);
  g_assert_true(p.grey);
  g_assert_cmpint(p.width, ==, 2 * W);
  sg_pixels_clear(&p);
}

static void
refused(const char *name, int factor, const char *why)
{
  g_autofree char *path = path_of(name);
  guint8 pixels[W * H * 3] = {0};
  const SgPictureWrite options = {.factor = factor};
  GError *error = NULL;

  g_assert_false(sg_picture_write(path, pixels, W, H, 3, &options, recipe, &error));
  g_assert_nonnull(error);
  g_test_message("%s", error->message);
  g_assert_nonnull(strstr(error->message, why));
  g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
  g_clear_error(&error);
}

static void
test_refused(void)
{
  refused("a.gif", 1, ".png");
  refused("nowhere/a.jpg", 1, "nowhere/a.jpg");
}

/* Files that are cut off anywhere, and bytes that are others: no recipe, or an error, or still a
 * recipe; never more. */
static void
test_damaged(gconstpointer name)
{
  g_autofree char *path = path_of(name), *data = NULL;
  g_autofree char *json = g_strnfill(70000, 'y');
  guint8 pixels[W * H * 3];
  gsize length;

  fill(pixels, 3);
  g_assert_true(sg_picture_write(path, pixels, W, H, 3, NULL, json, NULL));
  g_assert_true(g_file_get_contents(path, &data, &length, NULL));
  for (gsize n = 0; n < length; n += n < 4000 ? 1 : 997) {
    g_autoptr(GError) error = NULL;
    g_autofree char *back = sg_picture_read_recipe_memory("x", (const guint8 *)data, n, &error);
    g_assert_true(!back || g_str_equal(back, json));
    if (n < 3000 || n % 3)
      continue;
    data[n] ^= 0x55;
    g_autofree char *other = sg_picture_read_recipe_memory("x", (const guint8 *)data, length, NULL);
    data[n] ^= 0x55;
  }
}

/* A packet that another program wrote again: other spaces, single quotes, the element elsewhere. */
static void
test_packets(void)
{
  const char *one = "<?xpacket begin='' id='x'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF>"
                    "<rdf:Description/><rdf:Description><vitrine:Recipe >{&quot;a&quot;: 1&#44; "
                    "&lt;}</vitrine:Recipe></rdf:Description></rdf:RDF></x:xmpmeta>";
  const char *open = "<a><vitrine:Recipe>{";
  GError *error = NULL;
  g_autofree char *recipe_of_one = sg_xmp_recipe(one, strlen(one), &error);

  g_assert_no_error(error);
  g_assert_cmpstr(recipe_of_one, ==, "{\"a\": 1, <}");
  g_assert_null(sg_xmp_recipe("not XML <", 9, &error));
  g_assert_no_error(error);
  g_assert_null(sg_xmp_recipe(open, strlen(open), &error));
  g_assert_nonnull(error);
  g_clear_error(&error);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("picture-write-XXXXXX", NULL);
  g_test_add_data_func("/picture-write/recipe/png", "r.png", test_recipe);
  g_test_add_data_func("/picture-write/recipe/jpeg", "r.jpg", test_recipe);
  g_test_add_data_func("/picture-write/recipe/webp", "r.webp", test_recipe);
  g_test_add_func("/picture-write/kinds", test_kinds);
  g_test_add_func("/picture-write/sharp", test_sharp);
  g_test_add_func("/picture-write/smooth", test_smooth);
  g_test_add_func("/picture-write/channels", test_channels);
  g_test_add_func("/picture-write/refused", test_refused);
  g_test_add_data_func("/picture-write/damaged/jpeg", "d.jpg", test_damaged);
  g_test_add_data_func("/picture-write/damaged/webp", "d.webp", test_damaged);
  g_test_add_func("/picture-write/packets", test_packets);
  int result = g_test_run();
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name(dir))) {
    g_autofree char *path = path_of(name);
    g_remove(path);
  }
  g_rmdir(folder);
  g_free(folder);
  return result;
}
