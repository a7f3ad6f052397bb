/* Principal components and SeFa against NumPy (make-directions.py). */
#include "engine/backend/backend-device.h"
#include "engine/base/philox.h"
#include "engine/directions/gauge.h"
#include "engine/directions/matrix.h"
#include "engine/directions/pca.h"
#include "engine/directions/ranks.h"
#include "engine/directions/relations.h"
#include "engine/directions/resample.h"
#include "engine/directions/sefa.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

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
  return sg_moments_of(dimension(), (gint64)count / dimension(), w, NULL);
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

/* By hand: statistics.median() and scipy.stats.percentileofscore (…, "strict") say the same. */
static void
test_ranks(void)
{
  const double odd[] = {3, -1, 2}, even[] = {4, 1, 1e9, 2};
  double sorted[] = {5, 1, 2, 2};

  g_assert_cmpfloat(sg_ranks_median(3, odd), ==, 2);
  g_assert_cmpfloat(odd[0], ==, 3);
  g_assert_cmpfloat(sg_ranks_median(4, even), ==, 3);
  sg_ranks_sort(4, sorted);
  g_assert_cmpmem(sorted, sizeof sorted, ((double[]){1, 2, 2, 5}), sizeof sorted);
  g_assert_cmpfloat(sg_ranks_percentile(4, sorted, 1), ==, 0);
  g_assert_cmpfloat(sg_ranks_percentile(4, sorted, 2), ==, 25);
  g_assert_cmpfloat(sg_ranks_percentile(4, sorted, 2.5), ==, 75);
  g_assert_cmpfloat(sg_ranks_percentile(4, sorted, 6), ==, 100);
}

static void
test_gauge(void)
{
  SgGauge g = {.moments = moments(), .n = 4, .distances = (double[]){1, 2, 3, 4}};
  gsize count;
  g_autofree float *w = floats(json_object_get(expected, "w"), &count);
  GError *error = NULL;
  double found[5], one[12];

  g.white = sg_matrix_root(g.moments->dim, g.moments->covariance, -0.5, &error);
  if (g.white || !skipped(error)) {
    g_assert_no_error(error);
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 12; j++)
        one[j] = (double)w[i * 12 + j];
      found[i] = sg_gauge_distance(&g, one);
    }
    g_assert_cmpfloat(difference("mahalanobis", found), <, 1e-8);
    g_assert_cmpfloat(sg_gauge_percentile(&g, g.moments->mean), ==, 0);
    g_assert_cmpfloat(sg_gauge_percentile(&g, (double[12]){1e6}), ==, 100);
  }
  g_free(g.white);
  sg_moments_free(g.moments);
}

/* Mean and covariance of what is drawn are those of the theory; what is fixed keeps its bits. */
static void
test_conditional(void)
{
  enum { DRAWS = 100000, REST = 9 };
  static const double start[12] = {0, 2.5, 0, 0, -1.25, 0, 0, 0, 0, 7};
  g_autoptr(SgMoments) m = moments();
  GError *error = NULL;
  g_autoptr(SgConditional) c = sg_conditional_new(m, 3, (int[]){1, 4, 9}, &error);
  g_autofree float *drawn = g_new(float, DRAWS *REST);
  SgPhilox random = {.seed = 1};

  if (!c && skipped(error))
    return;
  g_assert_no_error(error);
  g_assert_cmpfloat(difference("regression", c->regression), <, 1e-8);
  for (int i = 0; i < DRAWS; i++) {
    double normals[REST], w[12];
    for (int j = 0; j < REST; j++)
      normals[j] = sg_philox_normal(&random);
    memcpy(w, start, sizeof w);
    sg_conditional_draw(c, normals, w);
    for (int j = 0; j < 3; j++)
      g_assert_cmpmem(&w[c->fixed[j]], sizeof(double), &start[c->fixed[j]], sizeof(double));
    for (int j = 0; j < REST; j++)
      drawn[i * REST + j] = (float)w[c->rest[j]];
  }
  g_autoptr(SgMoments) found = sg_moments_of(REST, DRAWS, drawn, NULL);
  g_assert_cmpfloat(difference("left", found->covariance), <, 0.02);
  for (int i = 0; i < REST; i++) {
    double wanted = m->mean[c->rest[i]];
    for (int j = 0; j < 3; j++)
      wanted += c->regression[i * 3 + j] * (start[c->fixed[j]] - m->mean[c->fixed[j]]);
    g_assert_cmpfloat_with_epsilon(found->mean[i], wanted,
                                   5 * sqrt(found->covariance[i * REST + i] / DRAWS));
  }
}

/* What a direction has that two others have not, against least squares; nothing is left of one that
 * they hold. */
static void
test_without(void)
{
  g_autoptr(SgMoments) m = moments();
  g_autoptr(SgDirectionSet) set = sg_direction_set_new(12, "", "", "");
  gsize count;
  g_autofree double *d = numbers(json_object_get(expected, "d"), &count);
  g_autofree double *others = numbers(json_object_get(expected, "others"), &count);
  GError *error = NULL;
  double both[12];

  sg_direction_set_add(set, "a", others);
  sg_direction_set_add(set, "b", others + 12);
  sg_direction_set_add(set, "d", d);
  const SgNamedDirection *const *list = (const SgNamedDirection *const *)set->list->pdata;
  g_autoptr(SgNamedDirection) rest = sg_direction_without(list[2], 2, list, m, &error);
  if (!rest && skipped(error))
    return;
  g_assert_no_error(error);
  g_assert_cmpfloat(difference("rest_of_d", rest->vector), <, 1e-9);
  g_assert_cmpfloat(difference("rest_sigma", &rest->sigma), <, 1e-9);
  for (int i = 0; i < 2; i++)
    g_assert_cmpfloat(fabs(sg_dot(rest->vector, list[i]->vector, 12)), <, 1e-12);
  for (int j = 0; j < 12; j++)
    both[j] = others[j] - 3 * others[12 + j];
  const SgNamedDirection *held = sg_direction_set_add(set, "held", both);
  g_assert_null(sg_direction_without(held, 2, (gconstpointer)set->list->pdata, m, &error));
  g_assert_nonnull(strstr(error->message, "nothing is left of it"));
  g_error_free(error);
}

/* Row `row` of w as doubles. */
static void
w_row(int row, double *out)
{
  gsize count;
  g_autofree float *w = floats(json_object_get(expected, "w"), &count);

  for (int j = 0; j < 12; j++)
    out[j] = (double)w[row * 12 + j];
}

static void
assert_indices(const char *key, int count, const int *found)
{
  gsize n;
  g_autofree double *wanted = numbers(json_object_get(expected, key), &n);

  g_assert_cmpint(count, ==, (int)n);
  for (int i = 0; i < count; i++)
    g_assert_cmpint(found[i], ==, (int)wanted[i]);
}

/* Which coordinates carry a direction; the copied ones keep their bits and the others theirs; the
 * projection is that of the old one, and nothing moves across it. */
static void
test_keeping(void)
{
  g_autoptr(SgMoments) m = moments();
  gsize size;
  g_autofree double *carried = numbers(json_object_get(expected, "carried"), &size);
  double fresh[12], old[12], w[12];
  int count;
  g_autofree int *all = sg_carriers(carried, m, 0, &count);

  assert_indices("carriers", count, all);
  w_row(6, fresh);
  w_row(7, old);
  memcpy(w, fresh, sizeof w);
  sg_keep_coordinates(count, all, old, w);
  for (int j = 0, k = 0; j < 12; j++) {
    gboolean kept = k < count && all[k] == j;
    g_assert_cmpmem(&w[j], sizeof *w, kept ? &old[j] : &fresh[j], sizeof *w);
    k += kept;
  }
  g_autofree int *three = sg_carriers(carried, m, 3, &count);
  assert_indices("top3", count, three);
  memcpy(w, fresh, sizeof w);
  sg_keep_projection(12, carried, old, w);
  g_assert_cmpfloat(difference("projected", w), <, 1e-12);
  for (int i = 0; i < SG_KEEP_WAYS; i++) {
    SgKeep way;
    g_assert_true(sg_keep_parse(sg_keep_name((SgKeep)i), &way) && (int)way == i);
  }
}

/* A file says how long w is; nobody makes a matrix of the square of what it says. */
static void
test_long(void)
{
  const int dim = SG_MATRIX_MOST + 1;
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  g_autoptr(GError) moments = NULL, sefa = NULL;

  g_assert_null(sg_moments_of(dim, 0, NULL, &moments));
  g_assert_nonnull(strstr(moments->message, "w has 4097 dimensions"));
  g_assert_null(sg_sefa_new(none, dim, &sefa));
  g_assert_cmpstr(sefa->message, ==, moments->message);
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
  g_test_add_func("/directions/long", test_long);
  g_test_add_func("/directions/gauge", test_gauge);
  g_test_add_func("/directions/ranks", test_ranks);
  g_test_add_func("/directions/conditional", test_conditional);
  g_test_add_func("/directions/without", test_without);
  g_test_add_func("/directions/keeping", test_keeping);
  int status = g_test_run();
  json_decref(expected);
  return status;
}
