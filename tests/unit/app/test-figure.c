/* Figures: tiles keep every pixel, curves stand where their numbers say, files appear whole. */
#include "app/figures/figure.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "engine/pictures/picture.h"

static char *dir;

static char *
in_dir(const char *name)
{
  return g_build_filename(dir, name, NULL);
}

/* ---- tiles ---- */

#define W 20
#define H 14

static void
fill_tile(guint8 rgb[H * W * 3], guint32 seed)
{
  GRand *rand = g_rand_new_with_seed(seed);

  for (int i = 0; i < H * W * 3; i++)
    rgb[i] = (guint8)g_rand_int_range(rand, 0, 256);
  g_rand_free(rand);
}

/* How often `tile` stands pixel for pixel in the picture; the last place goes to x and y. */
static int
find_tile(const guint8 *rgb, int width, int height, const guint8 *tile, int *x, int *y)
{
  int found = 0;

  for (int j = 0; j + H <= height; j++)
    for (int i = 0; i + W <= width; i++) {
      gboolean same = TRUE;
      for (int k = 0; same && k < H; k++)
        same =
            !memcmp(rgb + ((gsize)(j + k) * (gsize)width + (gsize)i) * 3, tile + k * W * 3, W * 3);
      if (same) {
        *x = i;
        *y = j;
        found++;
      }
    }
  return found;
}

static gboolean
has_ink(const guint8 *rgb, int width, int x0, int y0, int x1, int y1)
{
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++)
      if (rgb[((gsize)y * (gsize)width + (gsize)x) * 3] < 128)
        return TRUE;
  return FALSE;
}

static void
test_tiles_png(void)
{
  static guint8 pixels[5][H * W * 3];
  VitrineTile tiles[5];
  const char *rows[] = {"seed 1", "seed 2"};
  g_autofree char *path = in_dir("tiles.png");
  g_autofree guint8 *rgb = NULL;
  g_autoptr(GError) error = NULL;
  int width, height, x[5] = {0}, y[5] = {0};

  for (guint i = 0; i < 5; i++) {
    fill_tile(pixels[i], i);
    tiles[i] = (VitrineTile){pixels[i], i == 4 ? NULL : i == 2 ? "×2\nlogit −0.5" : "×0.5"};
  }
  g_assert_true(vitrine_figure_tiles(path, "Scale", W, H, 5, tiles, 3, rows, &error));
  g_assert_no_error(error);
  g_assert_true(sg_picture_read(path, &rgb, &width, &height, &error));
  for (int i = 0; i < 5; i++)
    g_assert_cmpint(find_tile(rgb, width, height, pixels[i], &x[i], &y[i]), ==, 1);
  g_assert_true(x[0] < x[1] && x[1] < x[2] && y[0] == y[1] && y[1] == y[2]);
  g_assert_true(x[3] == x[0] && x[4] == x[1] && y[3] == y[4] && y[3] > y[0] + H);
  g_assert_true(has_ink(rgb, width, x[0], y[0] + H, x[0] + W, y[3]));
  g_assert_false(has_ink(rgb, width, x[4], y[4] + H, x[4] + W, height));
  g_assert_true(has_ink(rgb, width, 0, y[0], x[0], y[0] + H));
  g_assert_true(has_ink(rgb, width, 0, 0, width, y[0]));
}

static void
test_tiles_plain(void)
{
  static guint8 pixels[H * W * 3];
  const VitrineTile tile = {pixels, NULL};
  g_autofree char *path = in_dir("plain.png");
  g_autofree guint8 *rgb = NULL;
  g_autoptr(GError) error = NULL;
  int width, height, x = 0, y = 0;

  fill_tile(pixels, 7);
  g_assert_true(vitrine_figure_tiles(path, NULL, W, H, 1, &tile, 8, NULL, &error));
  g_assert_true(sg_picture_read(path, &rgb, &width, &height, &error));
  g_assert_cmpint(find_tile(rgb, width, height, pixels, &x, &y), ==, 1);
  /* One tile and its margins, no empty columns. */
  g_assert_cmpint(width, ==, 2 * x + W);
  g_assert_cmpint(height, ==, 2 * y + H);
}

static int
count(const char *text, const char *part)
{
  int n = 0;

  for (const char *p = strstr(text, part); p; p = strstr(p + 1, part))
    n++;
  return n;
}

static void
test_tiles_svg(void)
{
  static guint8 pixels[3][H * W * 3];
  VitrineTile tiles[3];
  g_autofree char *path = in_dir("tiles.svg"), *svg = NULL;
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 3; i++) {
    fill_tile(pixels[i], i);
    tiles[i] = (VitrineTile){pixels[i], "label \xff with a broken letter"};
  }
  g_assert_true(vitrine_figure_tiles(path, "Title", W, H, 3, tiles, 3, NULL, &error));
  g_assert_true(g_file_get_contents(path, &svg, NULL, &error));
  g_assert_true(g_str_has_prefix(svg, "<?xml"));
  g_assert_cmpint(count(svg, "<image"), ==, 3);
  g_assert_nonnull(strstr(svg, "</svg>"));
}

/* ---- curves ---- */

/* Vertices of the stroked path in this colour: subpaths are counted, points go to xy. */
static int
parse_path(const char *svg, const char *colour, int *moves, double xy[][2])
{
  /* cairo 1.16 writes style="stroke-width:2;…", 1.18 stroke-width="2" …. */
  g_autofree char *pattern = g_strdup_printf("<path [^>]*stroke-width(?::|=\")2[;\"][^>]*"
                                             "stroke(?::|=\")%s[;\"][^>]* d=\"([^\"]*)\"",
                                             colour);
  g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
  g_autoptr(GMatchInfo) match = NULL;
  int n = 0;

  *moves = 0;
  g_assert_true(g_regex_match(regex, svg, 0, &match));
  g_autofree char *d = g_match_info_fetch(match, 1);
  g_auto(GStrv) words = g_strsplit(d, " ", -1);
  for (char **w = words; *w && **w; w += 3, n++) {
    g_assert_true(g_str_equal(*w, "M") || g_str_equal(*w, "L"));
    *moves += **w == 'M';
    xy[n][0] = g_ascii_strtod(w[1], NULL);
    xy[n][1] = g_ascii_strtod(w[2], NULL);
  }
  return n;
}

/* rgb (26, 95, 180), the first curve's colour, as cairo writes it. */
#define BLUE "rgb\\(10\\.196[0-9]*%, ?37\\.254[0-9]*%, ?70\\.588[0-9]*%\\)"

static char *
write_curves(const VitrineAxes *axes, gsize n, const VitrineCurve *curves)
{
  g_autofree char *path = in_dir("curves.svg");
  g_autoptr(GError) error = NULL;
  char *svg = NULL;

  g_assert_true(vitrine_figure_curves(path, axes, n, curves, &error));
  g_assert_no_error(error);
  g_assert_true(g_file_get_contents(path, &svg, NULL, &error));
  return svg;
}

static void
test_curves_svg(void)
{
  const double x[] = {0, 1, 2, 3, 4, 8}, y[] = {0, 0.25, 1, NAN, 0.5, 0.75};
  const double y2[] = {1, 1, 1, 1, 1, 1};
  const VitrineCurve curves[] = {{"score", 6, x, y}, {"remaining", 6, x, y2}};
  const VitrineAxes axes = {"Pruning", "threshold", "share", 0, 1};
  g_autofree char *svg = write_curves(&axes, 2, curves);
  double xy[16][2];
  int moves, n = parse_path(svg, BLUE, &moves, xy);

  g_assert_cmpint(n, ==, 5);
  g_assert_cmpint(moves, ==, 2);
  /* x: 0, 1, 2, 4, 8 and y: 0, ¼, 1, ½, ¾, each up to one scale and shift; y upwards. */
  double ux = xy[1][0] - xy[0][0], uy = xy[2][1] - xy[0][1];
  const double ex[] = {0, 1, 2, 4, 8}, ey[] = {0, 0.25, 1, 0.5, 0.75};
  g_assert_true(ux > 40 && uy < -200);
  for (int i = 0; i < 5; i++) {
    g_assert_cmpfloat_with_epsilon(xy[i][0], xy[0][0] + ex[i] * ux, 0.02);
    g_assert_cmpfloat_with_epsilon(xy[i][1], xy[0][1] + ey[i] * uy, 0.02);
  }
  /* Letters, and one grid line for each of 0, 1 … 8 and 0, 0.2 … 1. */
  g_assert_cmpint(count(svg, "<use "), >, 30);
  g_assert_cmpint(count(svg, "stroke:rgb(87.058824%") + count(svg, "stroke=\"rgb(87.058824%"), ==,
                  9 + 6);
}

/* Points outside the axes, flat curves, gaps alone, nothing at all: a figure all the same. */
static void
test_curves_odd(void)
{
  const double x[] = {0.5, 0.5}, y[] = {3, 3}, gap[] = {NAN, INFINITY};
  const double wide[] = {-1e300, 1e300};
  const VitrineAxes axes = {NULL, NULL, NULL, 0, 0};
  const VitrineCurve same = {"a", 2, x, y}, gaps = {NULL, 2, x, gap}, huge = {"b", 2, x, wide};
  const VitrineCurve none = {NULL, 0, NULL, NULL};
  const VitrineCurve all[] = {same, gaps, huge, none};

  for (guint i = 0; i < 4; i++) {
    g_autofree char *svg = write_curves(&axes, 1, &all[i]);
    g_assert_null(strstr(svg, "nan"));
  }
  g_free(write_curves(&axes, 0, NULL));
  g_free(write_curves(&axes, 4, all));
}

static void
test_curves_png(void)
{
  double x[1001], y[1001];
  const VitrineCurve curve = {NULL, 1001, x, y};
  const VitrineAxes axes = {NULL, NULL, NULL, 0, 2};
  g_autofree char *path = in_dir("curves.png");
  g_autofree guint8 *rgb = NULL;
  g_autoptr(GError) error = NULL;
  int width, height, blue_above = 0, blue_below = 0;

  for (int i = 0; i <= 1000; i++) {
    x[i] = i / 1000.0;
    y[i] = 0.5;
  }
  g_assert_true(vitrine_figure_curves(path, &axes, 1, &curve, &error));
  g_assert_true(sg_picture_read(path, &rgb, &width, &height, &error));
  g_assert_cmpint(width, ==, 1600);
  g_assert_cmpint(height, ==, 1000);
  for (int i = 0; i < width * height; i++)
    if (rgb[3 * i] == 0x1a && rgb[3 * i + 1] == 0x5f && rgb[3 * i + 2] == 0xb4)
      *(i < width * height / 2 ? &blue_above : &blue_below) += 1;
  /* A flat line over most of the width, in the lower half. */
  g_assert_cmpint(blue_above, ==, 0);
  g_assert_cmpint(blue_below, >, 1300 * 3);
}

/* ---- tables ---- */

/* Full colours at the ends of the scale and beyond, white in the middle, nothing where there is no
 * number; texts stand in the fields. */
static void
test_table(void)
{
  static const char *const rows[] = {"one", "two"}, *const columns[] = {"left", "right"};
  static const char *const texts[] = {"mine", "a", "b", "c"};
  const double values[] = {-5, 0, 1, NAN};
  VitrineTable t = {"Title", 2, 2, rows, columns, values, NULL, 0, 1};
  g_autofree char *path = in_dir("table.png"), *svg = in_dir("table.svg"), *text = NULL;
  g_autofree guint8 *rgb = NULL;
  g_autoptr(GError) error = NULL;
  int width, height, below = 0, above = 0;

  g_assert_true(vitrine_figure_table(path, &t, &error));
  g_assert_true(sg_picture_read(path, &rgb, &width, &height, &error));
  for (int i = 0; i < width * height; i++) {
    below += rgb[3 * i] == 0x1a && rgb[3 * i + 1] == 0x5f && rgb[3 * i + 2] == 0xb4;
    above += rgb[3 * i] == 0xe6 && rgb[3 * i + 1] == 0x61 && rgb[3 * i + 2] == 0x00;
  }
  g_assert_cmpint(below, >, 1000);
  g_assert_cmpint(ABS(below - above), <, below / 4); /* one field each */
  t.texts = texts;
  g_assert_true(vitrine_figure_table(svg, &t, &error));
  g_assert_true(g_file_get_contents(svg, &text, NULL, &error));
  g_assert_nonnull(strstr(text, "<svg"));
}

/* ---- files ---- */

static void
test_errors(void)
{
  static guint8 pixels[H * W * 3];
  VitrineTile *many = g_new0(VitrineTile, 4000);
  const VitrineAxes axes = {0};
  g_autofree char *path = in_dir("missing/curves.svg"), *tall = in_dir("tall.png");
  g_autoptr(GError) error = NULL;

  g_assert_false(vitrine_figure_curves(path, &axes, 0, NULL, &error));
  g_assert_true(error->domain == G_FILE_ERROR);
  g_assert_nonnull(strstr(error->message, path));
  g_clear_error(&error);
  for (int i = 0; i < 4000; i++)
    many[i].rgb = pixels;
  g_assert_false(vitrine_figure_tiles(tall, NULL, W, H, 4000, many, 1, NULL, &error));
  g_assert_true(error->domain == G_FILE_ERROR);
  g_assert_nonnull(strstr(error->message, tall));
  g_assert_false(g_file_test(tall, G_FILE_TEST_EXISTS));
  g_free(many);
}

static void
remove_dir(void)
{
  GDir *d = g_dir_open(dir, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name(d))) {
    g_autofree char *path = in_dir(name);
    g_unlink(path);
  }
  g_dir_close(d);
  g_rmdir(dir);
  g_free(dir);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  dir = g_dir_make_tmp("vitrine-figure-XXXXXX", NULL);
  g_test_add_func("/figure/tiles/png", test_tiles_png);
  g_test_add_func("/figure/tiles/plain", test_tiles_plain);
  g_test_add_func("/figure/table", test_table);
  g_test_add_func("/figure/tiles/svg", test_tiles_svg);
  g_test_add_func("/figure/curves/svg", test_curves_svg);
  g_test_add_func("/figure/curves/odd", test_curves_odd);
  g_test_add_func("/figure/curves/png", test_curves_png);
  g_test_add_func("/figure/errors", test_errors);
  int status = g_test_run();
  remove_dir();
  return status;
}
