/* Principal components and SeFa against NumPy (make-directions.py). */
#include "engine/backend/backend-device.h"
#include "engine/directions/pca.h"
#include "engine/directions/sefa.h"
#include <jansson.h>
#include <math.h>

static json_t *expected;

/* The numbers under `key`, to be freed. */
static double *
numbers(const json_t *array, gsize *count)
{
  *count = json_array_size(array);
  double *v = g_new(double, *count);
  for (gsize i = 0; i < *count; i++)
    v[i] = json_number_value(json_array_get(array, i));
  return v;
}

/* Largest difference from what is expected under `key`, relative to the largest expected number. */
static double
difference(const char *key, const double *found)
{
  gsize n;
  g_autofree double *wanted = numbers(json_object_get(expected, key), &n);
  double largest = 0, worst = 0;

  g_assert_cmpuint(n, >, 0);
  for (gsize i = 0; i < n; i++) {
    largest = MAX(largest, fabs(wanted[i]));
    worst = MAX(worst, fabs(wanted[i] - found[i]));
  }
  return worst / largest;
}

static int
dimension(void)
{
  return (int)json_integer_value(json_object_get(expected, "dim"));
}

static float *
floats(const json_t *array, gsize *count)
{
  g_autofree double *v = numbers(array, count);
  float *f = g_new(float, *count);
  for (gsize i = 0; i < *count; i++)
    f[i] = (float)v[i];
  return f;
}

static void
affine_free(gpointer data)
{
  SgAffine *a = data;
  g_free(a->a);
  g_free(a);
}

static GPtrArray *
affines(void)
{
  GPtrArray *all = g_ptr_array_new_with_free_func(affine_free);
  const json_t *layers = json_object_get(expected, "affines");

  for (gsize i = 0; i < json_array_size(layers); i++) {
    SgAffine *a = g_new0(SgAffine, 1);
    gsize count;
    a->a = floats(json_array_get(layers, i), &count);
    a->rows = (int)count / dimension();
    g_ptr_array_add(all, a);
  }
  return all;
}

static SgMoments *
moments(void)
{
  gsize count;
  g_autofree float *w = floats(json_object_get(expected, "w"), &count);
  return sg_moments_of(dimension(), (gint64)count / dimension(), w);
}

static gboolean
skipped(GError *error)
{
  if (!g_error_matches(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_MODULE))
    return FALSE;
  g_test_skip(error->message);
  g_error_free(error);
  return TRUE;
}

static void
test_moments(void)
{
  g_autoptr(SgMoments) m = moments();
  double e0[12] = {1};

  g_assert_cmpfloat(difference("mean", m->mean), <, 1e-12);
  g_assert_cmpfloat(difference("covariance", m->covariance), <, 1e-12);
  g_assert_cmpfloat_with_epsilon(sg_moments_sigma(m, e0), sqrt(m->covariance[0]), 1e-12);
}

static void
test_pca(gconstpointer view)
{
  gboolean styles = GPOINTER_TO_INT(view);
  g_autoptr(SgMoments) m = moments();
  g_autoptr(GPtrArray) a = affines();
  GError *error = NULL;
  g_autoptr(SgPca) p = sg_pca_new(m, styles ? a : NULL, &error);

  if (!p && skipped(error))
    return;
  g_assert_no_error(error);
  g_assert_cmpfloat(difference(styles ? "s_variance" : "w_variance", p->variance), <, 1e-8);
  g_assert_cmpfloat(difference(styles ? "s_directions" : "w_directions", p->directions), <, 1e-8);
  /* A direction moves its own score by one σ, and no other. */
  for (int k = 0; k < p->dim; k++)
    for (int j = 0; j < p->dim; j++) {
      double moved = 0;
      for (int i = 0; i < p->dim; i++)
        moved += p->score[j * p->dim + i] * p->directions[k * p->dim + i];
      g_assert_cmpfloat_with_epsilon(moved, j == k, 1e-9);
    }
  g_assert_cmpint(sg_pca_count_for(p, 1e-9), ==, 1);
  g_assert_cmpfloat(sg_pca_participation(p), >, 1);
  g_assert_cmpfloat(sg_pca_participation(p), <=, p->dim);
}

static void
test_sefa(void)
{
  g_autoptr(GPtrArray) a = affines();
  GError *error = NULL;
  g_autoptr(SgSefa) s = sg_sefa_new(a, dimension(), &error);

  if (!s && skipped(error))
    return;
  g_assert_no_error(error);
  g_assert_cmpfloat(difference("sefa_values", s->values), <, 1e-6);
  g_assert_cmpfloat(difference("sefa_directions", s->directions), <, 1e-6);
  double sum = 0;
  for (int k = 0; k < s->dim; k++)
    sum += s->untrained[k];
  g_assert_cmpfloat_with_epsilon(sum, 16, 1e-9); /* as many as there are channels */
}

int
main(int argc, char **argv)
{
  g_autofree char *path = NULL;
  json_error_t why;

  g_test_init(&argc, &argv, NULL);
  path = g_test_build_filename(G_TEST_DIST, "golden", "expected", "directions.json", NULL);
  expected = json_load_file(path, 0, &why);
  g_assert_nonnull(expected);
  g_test_add_func("/directions/moments", test_moments);
  g_test_add_data_func("/directions/pca-of-w", GINT_TO_POINTER(FALSE), test_pca);
  g_test_add_data_func("/directions/pca-of-styles", GINT_TO_POINTER(TRUE), test_pca);
  g_test_add_func("/directions/sefa", test_sefa);
  int status = g_test_run();
  json_decref(expected);
  return status;
}
