/* Alignment against the formulas of FFHQ in NumPy, and Pillow's QUAD (make-align.py). */
#include "engine/data/align.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

static json_t *expected;

static double
at(const json_t *array, size_t i, size_t k)
{
  return json_number_value(json_array_get(json_array_get(array, i), k));
}

static void
test_quads(void)
{
  size_t i;
  json_t *one;

  g_assert_cmpuint(json_array_size(json_object_get(expected, "quads")), >=, 4);
  json_array_foreach (json_object_get(expected, "quads"), i, one) {
    const json_t *points = json_object_get(one, "points"), *wanted = json_object_get(one, "quad");
    g_autoptr(GError) error = NULL;
    SgPoint p[3], q[4];
    for (size_t k = 0; k < 3; k++)
      p[k] = (SgPoint){at(points, k, 0), at(points, k, 1)};
    sg_align_quad(p, q, &error);
    g_assert_no_error(error);
    for (size_t k = 0; k < 4; k++) {
      g_assert_cmpfloat_with_epsilon(q[k].x, at(wanted, k, 0), 1e-3);
      g_assert_cmpfloat_with_epsilon(q[k].y, at(wanted, k, 1), 1e-3);
    }
  }
}

static void
make_picture(SgPixels *p)
{
  *p = (SgPixels){.width = 120, .height = 100, .channels = 3};
  p->pixels = g_malloc(3 * 120 * 100);
  for (int y = 0; y < 100; y++)
    for (int x = 0; x < 120; x++) {
      guint8 *pixel = p->pixels + 3 * (y * 120 + x);
      pixel[0] = (guint8)((5 * x + 3 * y) % 256);
      pixel[1] = (guint8)(x * y % 256 / 2);
      pixel[2] = (guint8)(255 - 2 * y);
    }
}

static void
test_warp(void)
{
  const json_t *quad =
      json_object_get(json_array_get(json_object_get(expected, "quads"), 0), "quad");
  g_autofree char *path =
      g_test_build_filename(G_TEST_DIST, "golden", "expected", "align.png", NULL);
  g_autoptr(GError) error = NULL;
  g_auto(SgPixels) picture = {0}, wanted = {0}, found = {0};
  SgPoint q[4];

  make_picture(&picture);
  for (size_t k = 0; k < 4; k++)
    q[k] = (SgPoint){(at(quad, k, 0) - 60) * 0.4 + 60, (at(quad, k, 1) - 50) * 0.4 + 50};
  sg_pixels_load(&wanted, path, &error);
  g_assert_no_error(error);
  sg_align(&picture, q, 48, &found, &error);
  g_assert_no_error(error);
  for (int i = 0; i < 48 * 48 * 3; i++)
    g_assert_cmpint(abs(found.pixels[i] - wanted.pixels[i]), <=, 1);
}

/* A large picture is averaged first, and stays where it was. */
static void
test_shrinks(void)
{
  const SgPoint q[4] = {{-0.5, -0.5}, {-0.5, 399.5}, {399.5, 399.5}, {399.5, -0.5}};
  g_auto(SgPixels) p = {.width = 400, .height = 400, .channels = 3}, out = {0};
  g_autoptr(GError) error = NULL;

  p.pixels = g_malloc(3 * 400 * 400);
  for (int i = 0; i < 400 * 400; i++) /* a ramp, and stripes of one pixel that must not alias */
    for (int k = 0; k < 3; k++)
      p.pixels[3 * i + k] = (guint8)(k == 2 ? 255 * (i % 2) : i % 400 / 2);
  sg_align(&p, q, 20, &out, &error);
  g_assert_no_error(error);
  for (int x = 1; x < 19; x++) {
    g_assert_cmpint(abs(out.pixels[3 * (200 + x)] - (x * 20 + 10) / 2), <=, 1);
    g_assert_cmpint(abs(out.pixels[3 * (200 + x) + 2] - 128), <=, 1);
  }
}

static void
test_refused(void)
{
  const SgPoint same[3] = {{5, 5}, {5, 5}, {5, 5}};
  const SgPoint far[4] = {{-1e9, 0}, {0, 1}, {1, 1}, {1, 0}}, nan[4] = {{NAN, 0}, {0, 1}, {1, 1}};
  const SgPoint *bad[] = {far, nan};
  g_auto(SgPixels) p = {0};
  SgPoint q[4];

  make_picture(&p);
  for (int i = 0; i < 3; i++) {
    g_autoptr(GError) error = NULL;
    g_auto(SgPixels) out = {0};
    g_assert_false(i == 2 ? sg_align_quad(same, q, &error) : sg_align(&p, bad[i], 8, &out, &error));
    g_assert_nonnull(error);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_autofree char *path =
      g_test_build_filename(G_TEST_DIST, "golden", "expected", "align.json", NULL);
  expected = json_load_file(path, 0, NULL);
  g_assert_nonnull(expected);
  g_test_add_func("/align/quads", test_quads);
  g_test_add_func("/align/warp", test_warp);
  g_test_add_func("/align/shrinks", test_shrinks);
  g_test_add_func("/align/refused", test_refused);
  int status = g_test_run();
  json_decref(expected);
  return status;
}
