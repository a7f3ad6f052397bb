/* Splines, ways over the sphere and easing against SciPy (make-journey.py). */
#include "engine/journey/ease.h"
#include "engine/journey/sphere.h"
#include "engine/journey/spline.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

#define TOLERANCE 1e-6

static json_t *expected;

/* An array of numbers, to be freed. */
static double *
numbers(const json_t *object, const char *key, gsize *n)
{
  const json_t *list = json_object_get(object, key);
  double *v;

  *n = json_array_size(list);
  g_assert_cmpuint(*n, >, 0);
  v = g_new(double, *n);
  for (gsize i = 0; i < *n; i++)
    v[i] = json_number_value(json_array_get(list, i));
  return v;
}

static double
number(const json_t *object, const char *key)
{
  g_assert_true(json_is_number(json_object_get(object, key)));
  return json_number_value(json_object_get(object, key));
}

static void
at_moment(const SgSpline *s, double t, const double *y, double *out)
{
  g_autofree double *w = g_new(double, s->n);

  sg_spline_weights(s, t, w);
  memset(out, 0, 3 * sizeof *out);
  for (int i = 0; i < s->n; i++)
    for (int d = 0; d < 3; d++)
      out[d] += w[i] * y[3 * i + d];
}

static void
test_splines(void)
{
  const json_t *one;
  gsize i, n, count, all;

  json_array_foreach (json_object_get(expected, "splines"), i, one) {
    gboolean closed = json_is_true(json_object_get(one, "closed"));
    g_autofree double *at = numbers(one, "at", &n), *y = numbers(one, "y", &all),
                      *t = numbers(one, "t", &count), *values = numbers(one, "values", &all);
    g_autoptr(SgSpline) s = sg_spline_new(SG_CURVE_CUBIC, (int)n, at, closed, number(one, "end"));
    for (gsize k = 0; k < count; k++) {
      double found[3];
      at_moment(s, t[k], y, found);
      for (gsize d = 0; d < 3; d++)
        g_assert_cmpfloat_with_epsilon(found[d], values[3 * k + d], TOLERANCE);
    }
    for (gsize k = 0; k < n; k++) { /* its points themselves, to the last bit */
      double found[3];
      at_moment(s, at[k], y, found);
      g_assert_cmpmem(found, sizeof found, y + 3 * k, sizeof found);
    }
  }
}

/* Value, slope and second derivative a little before the seam and a little after it. */
static void
test_seam(void)
{
  const double at[] = {0, 1, 2.5, 3}, y[] = {1, 0, 2, -3, 1, 0, 0.5, 2, 1, 4, -1, 1}, h = 1e-3;
  g_autoptr(SgSpline) s = sg_spline_new(SG_CURVE_CUBIC, 4, at, TRUE, 5);
  double p[5][3];

  for (int side = -1; side <= 1; side += 2) {
    for (int i = 0; i < 5; i++)
      at_moment(s, 5 + side * i * h, y, p[i]);
    static double first[2][3], second[2][3];
    for (int d = 0; d < 3; d++) {
      /* One-sided differences that are exact for cubics. */
      first[side > 0][d] =
          side * (-11 * p[0][d] + 18 * p[1][d] - 9 * p[2][d] + 2 * p[3][d]) / (6 * h);
      second[side > 0][d] = (2 * p[0][d] - 5 * p[1][d] + 4 * p[2][d] - p[3][d]) / (h * h);
      g_assert_cmpfloat_with_epsilon(p[0][d], y[d], 1e-12);
      if (side > 0) {
        g_assert_cmpfloat_with_epsilon(first[0][d], first[1][d], 1e-6);
        g_assert_cmpfloat_with_epsilon(second[0][d], second[1][d], 1e-6);
        g_assert_cmpfloat(fabs(second[0][d]), >, 1e-3); /* natural ends would be 0 */
      }
    }
  }
}

static void
test_linear(void)
{
  const double at[] = {0, 2, 3};
  double w[3];
  g_autoptr(SgSpline) open = sg_spline_new(SG_CURVE_LINEAR, 3, at, FALSE, 0),
                      closed = sg_spline_new(SG_CURVE_LINEAR, 3, at, TRUE, 4);

  sg_spline_weights(open, 0.5, w);
  g_assert_cmpfloat_with_epsilon(w[0], 0.75, 1e-15);
  g_assert_cmpfloat_with_epsilon(w[1], 0.25, 1e-15);
  sg_spline_weights(open, 9, w);
  g_assert_cmpfloat(w[2], ==, 1);
  sg_spline_weights(closed, 3.25, w);
  g_assert_cmpfloat_with_epsilon(w[0], 0.25, 1e-15);
  sg_spline_weights(closed, 8.5, w); /* the third time round */
  g_assert_cmpfloat_with_epsilon(w[1], 0.25, 1e-15);
}

/* What takes no time stands still, closed or not. */
static void
test_still(void)
{
  const double at[] = {0};
  double w = 0;

  for (int closed = 0; closed < 2; closed++) {
    g_autoptr(SgSpline) s = sg_spline_new(SG_CURVE_CUBIC, 1, at, closed, 0);
    for (int t = -1; t <= 1; t++) {
      sg_spline_weights(s, t, &w);
      g_assert_cmpfloat(w, ==, 1);
    }
  }
}

static void
test_circle(void)
{
  const double at[] = {0, 1};
  double w[2];
  g_autoptr(SgSpline) s = sg_spline_new(SG_CURVE_CIRCLE, 2, at, TRUE, 4);

  for (int i = 0; i <= 8; i++) {
    sg_spline_weights(s, i * 0.5, w);
    g_assert_cmpfloat_with_epsilon(w[0], cos(i * G_PI / 4), 1e-15);
    g_assert_cmpfloat_with_epsilon(w[1], sin(i * G_PI / 4), 1e-15);
  }
}

static void
test_slerps(void)
{
  const json_t *one;
  gsize i, dim, n, all;

  json_array_foreach (json_object_get(expected, "slerps"), i, one) {
    g_autofree double *a = numbers(one, "a", &dim), *b = numbers(one, "b", &dim),
                      *t = numbers(one, "t", &n), *unit = numbers(one, "unit", &all),
                      *length = numbers(one, "length", &all);
    g_autofree double *points = g_new(double, 2 * dim), *out = g_new(double, dim);
    memcpy(points, a, dim * sizeof *a);
    memcpy(points + dim, b, dim * sizeof *b);
    g_assert_cmpfloat_with_epsilon(sg_angle((int)dim, a, b), number(one, "angle"), 1e-9);
    for (gsize k = 0; k < n; k++) {
      const double weights[] = {1 - t[k], t[k]};
      double l = length[0] + t[k] * (length[1] - length[0]);
      sg_sphere_mean(2, (int)dim, points, weights, out);
      for (gsize d = 0; d < dim; d++)
        g_assert_cmpfloat_with_epsilon(out[d], l * unit[k * dim + d], TOLERANCE);
    }
  }
}

static void
test_means(void)
{
  const json_t *one;
  gsize i, n, all;

  json_array_foreach (json_object_get(expected, "means"), i, one) {
    gsize dim = (gsize)number(one, "dim");
    g_autofree double *points = numbers(one, "points", &all),
                      *weights = numbers(one, "weights", &n), *mean = numbers(one, "mean", &all),
                      *out = g_new(double, dim);
    sg_sphere_mean((int)n, (int)dim, points, weights, out);
    for (gsize d = 0; d < dim; d++)
      g_assert_cmpfloat_with_epsilon(out[d], mean[d], TOLERANCE);
  }
}

/* What a file may hold must not hang or give what is no number. */
static void
test_odd_points(void)
{
  const double points[] = {0, 0, 0, 1, 0, 0, -1, 0, 0}, weights[] = {0.2, 0.4, 0.4};
  double out[3];

  sg_sphere_mean(3, 3, points, weights, out);
  for (int d = 0; d < 3; d++)
    g_assert_true(isfinite(out[d]));
  g_assert_cmpfloat(sg_angle(3, points, points + 3), ==, 0);
  g_assert_cmpfloat_with_epsilon(sg_angle(3, points + 3, points + 6), G_PI, 1e-12);
}

static void
test_eases(void)
{
  const json_t *all = json_object_get(expected, "eases");
  gsize n, count;
  g_autofree double *x = numbers(all, "x", &n);

  for (int e = 0; e < SG_EASE_COUNT; e++) {
    g_autofree double *y = numbers(all, sg_ease_words[e], &count);
    for (gsize i = 0; i < n; i++)
      g_assert_cmpfloat_with_epsilon(sg_ease((SgEase)e, x[i]), y[i], 1e-9);
  }
  g_assert_null(sg_ease_words[SG_EASE_COUNT]);
}

int
main(int argc, char **argv)
{
  g_autofree char *path = NULL;

  g_test_init(&argc, &argv, NULL);
  path = g_test_build_filename(G_TEST_DIST, "golden", "expected", "journey.json", NULL);
  expected = json_load_file(path, 0, NULL);
  g_assert_nonnull(expected);
  g_test_add_func("/journey/splines", test_splines);
  g_test_add_func("/journey/seam", test_seam);
  g_test_add_func("/journey/linear", test_linear);
  g_test_add_func("/journey/still", test_still);
  g_test_add_func("/journey/circle", test_circle);
  g_test_add_func("/journey/slerps", test_slerps);
  g_test_add_func("/journey/means", test_means);
  g_test_add_func("/journey/odd-points", test_odd_points);
  g_test_add_func("/journey/eases", test_eases);
  int status = g_test_run();
  json_decref(expected);
  return status;
}
