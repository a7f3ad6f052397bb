/* Sliced Wasserstein distance against an independent implementation (tests/golden/make-swd.py), its
 * properties, and the random numbers under it. */
#include "engine/base/philox.h"
#include "engine/metrics/swd.h"
#include "engine/metrics/swd-private.h"
#include <jansson.h>
#include <math.h>
#include <omp.h>
#include <string.h>

static void
test_philox_known(void)
{
  const SgPhilox zero = {0}, ones = {G_MAXUINT64, G_MAXUINT64, 0};
  const guint32 expected[2][4] = {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                  {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}};
  guint32 found[4];

  sg_philox_block(&zero, 0, found);
  g_assert_cmpmem(found, sizeof found, expected[0], sizeof found);
  sg_philox_block(&ones, G_MAXUINT64, found);
  g_assert_cmpmem(found, sizeof found, expected[1], sizeof found);
}

/* Bounds are six standard errors. */
static void
test_philox_normals(void)
{
  enum { N = 100001 };
  SgPhilox rng = {.seed = 3, .stream = 5};
  g_autofree float *v = g_new(float, N);
  double sum = 0, squares = 0, one = 0, one2 = 0;

  sg_philox_normals(&rng, N, v);
  g_assert_cmpuint(rng.index, ==, (N + 3) / 4);
  for (int i = 0; i < N; i++) {
    double x = sg_philox_normal(&rng);
    sum += v[i];
    squares += (double)v[i] * v[i];
    one += x;
    one2 += x * x;
  }
  g_assert_cmpfloat(fabs(sum / N), <, 6 / sqrt(N));
  g_assert_cmpfloat(fabs(squares / N - 1), <, 6 * sqrt(2.0 / N));
  g_assert_cmpfloat(fabs(one / N), <, 6 / sqrt(N));
  g_assert_cmpfloat(fabs(one2 / N - 1), <, 6 * sqrt(2.0 / N));
}

/* Smooth pictures with some noise: [n, C, R, R]. */
static float *
pictures(int n, int channels, int size, guint64 seed, float noise)
{
  SgPhilox rng = {.seed = seed}, grain = {.seed = seed, .stream = 1};
  float *p = g_new(float, (gsize)(n * channels * size * size)), *to = p;

  for (int i = 0; i < n * channels; i++) {
    double fy = 6 * sg_philox_uniform(&rng), fx = 6 * sg_philox_uniform(&rng);
    double phase = 7 * sg_philox_uniform(&rng);
    for (int y = 0; y < size; y++)
      for (int x = 0; x < size; x++)
        *to++ =
            (float)(0.5 * sin(phase + (fy * y + fx * x) / 16) + noise * sg_philox_normal(&grain));
  }
  return p;
}

static SgSwd *
collect(const float *p, int n, int channels, int size, guint64 seed)
{
  GError *error = NULL;
  SgSwd *s = sg_swd_new(channels, size, n, seed, &error);
  g_assert_no_error(error);
  sg_swd_add(s, p, n);
  return s;
}

static SgSwd *
make(int n, int channels, int size, guint64 seed, float noise)
{
  g_autofree float *p = pictures(n, channels, size, seed, noise);
  return collect(p, n, channels, size, 0);
}

static void
test_levels(void)
{
  static const int sizes[][6] = {{256, 128, 64, 32, 16}, {64, 32, 16}, {32, 16}, {16}, {8}, {28}};
  GError *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
    g_autoptr(SgSwd) s = sg_swd_new(1, sizes[i][0], 2, 0, NULL);
    int n = 0;
    while (n < 5 && sizes[i][n])
      n++;
    g_assert_cmpint(sg_swd_levels(s), ==, n);
    for (int k = 0; k < n; k++)
      g_assert_cmpint(sg_swd_level_resolution(s, k), ==, sizes[i][k]);
  }
  g_assert_null(sg_swd_new(3, 4, 2, 0, &error));
  g_assert_nonnull(strstr(error->message, "7×7"));
  g_clear_error(&error);
}

static void
test_properties(void)
{
  g_autoptr(SgSwd) a = make(8, 3, 64, 1, 0.02f), again = make(8, 3, 64, 1, 0.02f);
  g_autoptr(SgSwd) b = make(8, 3, 64, 2, 0.02f);
  double d[3], e[3];

  g_assert_cmpfloat(sg_swd_distance(a, again, 1, d), ==, 0);
  double ab = sg_swd_distance(a, b, 1, d), ba = sg_swd_distance(b, a, 1, e);
  g_assert_cmpfloat(ab, >, 1);
  g_assert_cmpfloat(ab, ==, ba);
  g_assert_cmpmem(d, sizeof d, e, sizeof e);
  g_assert_cmpfloat(fabs((d[0] + d[1] + d[2]) / 3 - ab), <, 1e-9);
  g_assert_cmpfloat(sg_swd_distance(a, b, 2, e), !=, ab);
}

/* More noise is farther away; the coarsest level sees least of it. */
static void
test_noise(void)
{
  g_autoptr(SgSwd) clean = make(8, 1, 64, 1, 0.02f);
  double last[3] = {0}, d[3];

  for (float noise = 0.04f; noise < 0.5f; noise *= 2) {
    g_autoptr(SgSwd) noisy = make(8, 1, 64, 1, noise);
    sg_swd_distance(clean, noisy, 0, d);
    for (int k = 0; k < 3; k++)
      g_assert_cmpfloat(d[k], >, last[k]);
    g_assert_cmpfloat(d[0], >, d[2]);
    memcpy(last, d, sizeof d);
  }
}

/* One colour everywhere has no deviation to divide by. */
static void
test_flat(void)
{
  g_autofree float *p = g_new0(float, 4 * 32 * 32);
  g_autoptr(SgSwd) flat = collect(p, 4, 1, 32, 0), other = make(4, 1, 32, 1, 0.1f);
  double d[2];

  g_assert_cmpfloat(sg_swd_distance(flat, flat, 0, d), ==, 0);
  g_assert_cmpfloat(sg_swd_distance(flat, other, 0, d), >, 1);
  g_assert_true(isfinite(d[0]) && isfinite(d[1]));
}

/* The same numbers to the last bit, pictures added at once or one by one, also beyond the limit,
 * and where patches are kept in place of pictures (256×256). */
static void
test_threads(void)
{
  int most = omp_get_max_threads();

  for (int size = 32; size <= 256; size *= 8) {
    gsize values = (gsize)(3 * size * size);
    g_autofree float *p = pictures(7, 3, size, 1, 0.05f), *q = pictures(7, 3, size, 2, 0.1f);
    double d[2][8];
    for (int i = 0; i < 2; i++) {
      omp_set_num_threads(i == 0 ? 1 : 5);
      g_autoptr(SgSwd) a = sg_swd_new(3, size, 5, 0, NULL), b = collect(q, 5, 3, size, 0);
      for (int k = 0; k < 7; k += i == 0 ? 7 : 1)
        sg_swd_add(a, p + (gsize)k * values, i == 0 ? 7 : 1);
      sg_swd_distance(a, b, 9, d[i]);
    }
    g_assert_cmpmem(d[0], (gsize)(size == 32 ? 2 : 5) * sizeof(double), d[1],
                    (gsize)(size == 32 ? 2 : 5) * sizeof(double));
  }
  omp_set_num_threads(most);
}

/* ---- golden ---- */

/* Picture i of a case as floats: the stored ones, a corner of them, or four tiled (64×64). */
static void
view(const guint8 *stored, int i, int channels, int size, float *to)
{
  for (int c = 0; c < channels; c++)
    for (int y = 0; y < size; y++)
      for (int x = 0; x < size; x++) {
        int k = size == 64 ? 4 * i + y / 32 * 2 + x / 32 : i;
        *to++ = (float)stored[((k * 3 + c) * 32 + y % 32) * 32 + x % 32] / 127.5f - 1;
      }
}

static SgSwd *
golden_set(const guint8 *stored, const json_t *one, guint64 seed)
{
  int n = (int)json_integer_value(json_object_get(one, "n"));
  int c = (int)json_integer_value(json_object_get(one, "channels"));
  int r = (int)json_integer_value(json_object_get(one, "resolution"));
  g_autofree float *p = g_new(float, (n * c * r * r));

  for (int i = 0; i < n; i++)
    view(stored, i, c, r, p + (gsize)i * (gsize)(c * r * r));
  return collect(p, n, c, r, seed);
}

static guint64
golden_seed(const json_t *one, gsize i)
{
  const char *text = json_string_value(json_array_get(json_object_get(one, "seeds"), i));
  return g_ascii_strtoull(text, NULL, 16);
}

static void
test_golden(void)
{
  g_autofree char *json =
      g_test_build_filename(G_TEST_DIST, "golden", "expected", "swd.json", NULL);
  g_autofree char *raw =
      g_test_build_filename(G_TEST_DIST, "golden", "expected", "swd-pictures.u8", NULL);
  g_autofree char *stored = NULL;
  gsize length, i;
  json_t *cases = json_load_file(json, 0, NULL), *one;

  g_assert_true(g_file_get_contents(raw, &stored, &length, NULL));
  g_assert_cmpuint(length, ==, 2 * 12 * 3 * 32 * 32);
  g_assert_cmpuint(json_array_size(cases), ==, 5);
  json_array_foreach (cases, i, one) {
    const guint8 *p = (const guint8 *)stored;
    g_autoptr(SgSwd) a = golden_set(p, one, golden_seed(one, 0));
    g_autoptr(SgSwd) b = golden_set(p + length / 2, one, golden_seed(one, 1));
    const json_t *expected = json_object_get(one, "distances");
    double d[SG_SWD_MAX_LEVELS];
    sg_swd_distance(a, b, golden_seed(one, 2), d);
    g_assert_cmpuint(json_array_size(expected), ==, (gsize)sg_swd_levels(a));
    for (int k = 0; k < sg_swd_levels(a); k++) {
      double e = json_real_value(json_array_get(expected, (gsize)k));
      g_test_message("%s: level %d: %.9g, expected %.9g, off by %.1e",
                     json_string_value(json_object_get(one, "name")), k, d[k], e, d[k] / e - 1);
      g_assert_cmpfloat(fabs(d[k] - e), <, 1e-4 * e);
    }
  }
  json_decref(cases);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/philox/known-answers", test_philox_known);
  g_test_add_func("/philox/normals", test_philox_normals);
  g_test_add_func("/swd/levels", test_levels);
  g_test_add_func("/swd/properties", test_properties);
  g_test_add_func("/swd/noise", test_noise);
  g_test_add_func("/swd/flat", test_flat);
  g_test_add_func("/swd/threads", test_threads);
  g_test_add_func("/swd/golden", test_golden);
  return g_test_run();
}
