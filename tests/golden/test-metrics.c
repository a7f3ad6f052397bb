/* The formulas of the metrics against pytorch-fid's, torch-fidelity's, scikit-learn's and NumPy's
 * (make-metrics.py), and against what is known without them. */
#include <jansson.h>
#include <math.h>
#include <string.h>
#include "engine/backend/backend-device.h"
#include "engine/base/philox.h"
#include "engine/formats/format-error.h"
#include "engine/metrics/frechet.h"
#include "engine/metrics/inception-score.h"
#include "engine/metrics/kernel-distance.h"
#include "engine/metrics/manifold.h"
#include "engine/metrics/path-length.h"
#include "engine/metrics/sliced.h"

#define NEAR 1e-6

static json_t *expected;

static double
number(const json_t *object, const char *key)
{
  const json_t *v = json_object_get(object, key);
  g_assert_true(json_is_number(v));
  return json_number_value(v);
}

static double
item(const json_t *object, const char *key, gsize i)
{
  return json_number_value(json_array_get(json_object_get(object, key), i));
}

static SgFeatureSet *
set_of(const json_t *c, const char *key)
{
  int dim = (int)number(c, "dim");
  int n = (int)json_array_size(json_object_get(c, key)) / dim;
  SgFeatureSet *s = sg_feature_set_new(dim, n, NULL);

  s->n = n;
  for (gsize i = 0; i < (gsize)n * (gsize)dim; i++)
    s->rows[i] = (float)item(c, key, i);
  return s;
}

/* FALSE: there is no LAPACK here. */
static gboolean
frechet(const SgFeatureSet *a, const SgFeatureSet *b, SgCovariance how, double *value)
{
  g_autoptr(GError) error = NULL;
  gboolean ok = sg_frechet_distance(a, b, how, value, &error);

  if (!ok && !g_error_matches(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_MODULE))
    g_error("%s", error->message);
  return ok;
}

static void
near(double value, double wanted)
{
  if (!(fabs(value - wanted) <= NEAR * MAX(1, fabs(wanted))))
    g_error("%.12g is not %.12g", value, wanted);
}

static void
check_case(const json_t *c)
{
  g_autoptr(SgFeatureSet) real = set_of(c, "real");
  g_autoptr(SgFeatureSet) fake = set_of(c, "fake");
  double value, other;
  SgKernelDistance kernel;

  for (int how = 0; how < 2; how++) {
    if (frechet(real, fake, (SgCovariance)how, &value))
      near(value, item(c, "frechet", (gsize)how));
  }
  g_assert_true(sg_precision_recall(real, fake, 3, &value, &other, NULL));
  near(value, number(c, "precision"));
  near(other, number(c, "recall"));
  g_assert_true(sg_inception_score(real, 3, &value, &other, NULL));
  near(value, item(c, "score", 0));
  near(other, item(c, "score", 1));
  if (!json_object_get(c, "kernel"))
    return;
  g_assert_true(sg_kernel_distance(real, fake, 1, real->n, 1, &kernel, NULL));
  near(kernel.value, number(c, "kernel"));
  g_assert_cmpfloat(kernel.low, <=, kernel.value);
  g_assert_cmpfloat(kernel.high, >=, kernel.value);
  gsize n = json_array_size(json_object_get(c, "directions"));
  g_autofree double *directions = g_new(double, n);
  for (gsize i = 0; i < n; i++)
    directions[i] = item(c, "directions", i);
  g_assert_true(sg_sliced_distance_along(real, fake, (int)n / real->dim, directions, &value, NULL));
  near(value, number(c, "sliced"));
}

static void
test_formulas(void)
{
  json_t *c;
  size_t i;

  json_array_foreach (json_object_get(expected, "cases"), i, c)
    check_case(c);
  g_assert_cmpint((int)i, >=, 4);
}

static void
test_path(void)
{
  gsize n = json_array_size(json_object_get(expected, "distances"));
  g_autofree double *d = g_new(double, n);
  g_autoptr(GError) error = NULL;
  SgPathLength length;

  for (gsize i = 0; i < n; i++)
    d[i] = item(expected, "distances", i);
  g_assert_true(sg_path_length(d, (int)n, &length, NULL));
  near(length.value, number(expected, "path"));
  g_assert_cmpfloat(length.low, <, length.value);
  g_assert_cmpfloat(length.high, >, length.value);
  d[3] = NAN;
  g_assert_false(sg_path_length(d, (int)n, &length, &error));
  g_assert_nonnull(strstr(error->message, "pair 4 is no finite number"));
}

/* N (0, diag s²) against N (m, diag t²): |m|² + sum (s - t)². */
static void
test_two_gaussians(void)
{
  enum { N = 6000, DIM = 4 };
  const double s[DIM] = {1, 2, 0.5, 3}, t[DIM] = {2, 2, 1, 1}, m[DIM] = {1, 0, -1, 0.5};
  SgPhilox rng = {.seed = 4};
  g_autoptr(SgFeatureSet) a = sg_feature_set_new(DIM, N, NULL);
  g_autoptr(SgFeatureSet) b = sg_feature_set_new(DIM, N, NULL);
  double wanted = 0, value;

  a->n = b->n = N;
  for (int i = 0; i < N * DIM; i++) {
    a->rows[i] = (float)(s[i % DIM] * sg_philox_normal(&rng));
    b->rows[i] = (float)(m[i % DIM] + t[i % DIM] * sg_philox_normal(&rng));
  }
  for (int k = 0; k < DIM; k++)
    wanted += m[k] * m[k] + (s[k] - t[k]) * (s[k] - t[k]);
  if (!frechet(a, b, SG_COVARIANCE_UNBIASED, &value))
    return;
  g_assert_cmpfloat_with_epsilon(value, wanted, 0.05 * wanted);
  g_assert_true(frechet(a, a, SG_COVARIANCE_UNBIASED, &value));
  g_assert_cmpfloat_with_epsilon(value, 0, 1e-5);
}

/* Subsets of large sets are estimated without the table of all pairs, to the same value. */
static void
test_many(void)
{
  enum { N = 4100, DIM = 3 };
  SgPhilox rng = {.seed = 5};
  g_autoptr(SgFeatureSet) a = sg_feature_set_new(DIM, N, NULL);
  g_autoptr(SgFeatureSet) b = sg_feature_set_new(DIM, N, NULL);
  SgKernelDistance all, same;

  a->n = b->n = N;
  for (int i = 0; i < N * DIM; i++) {
    a->rows[i] = (float)sg_philox_normal(&rng);
    b->rows[i] = (float)sg_philox_normal(&rng) + 1;
  }
  g_assert_true(sg_kernel_distance(a, b, 5, 200, 1, &all, NULL));
  g_assert_true(isnan(all.low) && all.deviation > 0);
  a->n = b->n = 4000;
  g_assert_true(sg_kernel_distance(a, b, 20, 200, 2, &same, NULL));
  g_assert_false(isnan(same.low));
  g_assert_cmpfloat_with_epsilon(all.value, same.value, 4 * same.deviation / sqrt(5));
  g_assert_cmpfloat(all.value, >, 1);
}

/* One set says nothing of another that it was copied from; a few of it say all of precision. */
static void
test_not_swapped(void)
{
  const json_t *c = json_array_get(json_object_get(expected, "cases"), 0);
  g_autoptr(SgFeatureSet) real = set_of(c, "real");
  SgFeatureSet few = sg_feature_set_head(real, 8);
  double precision, recall;

  g_assert_true(sg_precision_recall(real, &few, 1, &precision, &recall, NULL));
  g_assert_cmpfloat(precision, ==, 1);
  g_assert_cmpfloat(recall, <, 0.9);
}

static void
test_refused(void)
{
  const json_t *c = json_array_get(json_object_get(expected, "cases"), 0);
  g_autoptr(SgFeatureSet) real = set_of(c, "real");
  SgFeatureSet few = sg_feature_set_head(real, 3), one = sg_feature_set_head(real, 1);
  double a, b;
  SgKernelDistance k;
  GError *error = NULL;

  g_assert_false(sg_precision_recall(real, &few, 3, &a, &b, &error));
  g_assert_nonnull(strstr(error->message, "at least 4 are needed of each side, found 3"));
  g_clear_error(&error);
  g_assert_false(sg_kernel_distance(real, &one, 1, 10, 1, &k, &error));
  g_assert_nonnull(strstr(error->message, "found 1"));
  g_clear_error(&error);
  g_assert_false(sg_inception_score(&few, 10, &a, &b, &error));
  g_assert_nonnull(strstr(error->message, "found 3"));
  g_clear_error(&error);
  real->rows[real->dim + 2] = NAN;
  g_assert_false(sg_feature_set_check(real, real->n, "real", &error));
  g_assert_nonnull(strstr(error->message, "real picture 2 are not finite"));
  g_clear_error(&error);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "golden/expected/metrics.json", NULL);
  expected = json_load_file(path, 0, NULL);
  g_assert_nonnull(expected);
  g_test_add_func("/metrics/formulas", test_formulas);
  g_test_add_func("/metrics/path", test_path);
  g_test_add_func("/metrics/two-gaussians", test_two_gaussians);
  g_test_add_func("/metrics/many", test_many);
  g_test_add_func("/metrics/not-swapped", test_not_swapped);
  g_test_add_func("/metrics/refused", test_refused);
  int status = g_test_run();
  json_decref(expected);
  return status;
}
