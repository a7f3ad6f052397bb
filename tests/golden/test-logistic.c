/* Logistic regression, folds and judgements against scikit-learn (make-logistic.py). */
#include "engine/directions/regularisation.h"
#include "engine/formats/format-error.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

static json_t *expected;
static gsize n;
static int dim;
static float *x;
static guint8 *label;

static double
number(const json_t *object, const char *key)
{
  const json_t *v = json_object_get(object, key);
  g_assert_true(json_is_number(v));
  return json_number_value(v);
}

static double
item(const char *key, gsize i)
{
  return json_number_value(json_array_get(json_object_get(expected, key), i));
}

static void
load(void)
{
  n = json_array_size(json_object_get(expected, "label"));
  dim = (int)number(expected, "dim");
  x = g_new(float, n *(gsize)dim);
  label = g_new(guint8, n);
  for (gsize i = 0; i < n * (gsize)dim; i++)
    x[i] = (float)item("x", i);
  for (gsize i = 0; i < n; i++)
    label[i] = (guint8)item("label", i);
}

static void
test_fits(void)
{
  const char *c;
  json_t *wanted;

  json_object_foreach (json_object_get(expected, "fits"), c, wanted) {
    GError *error = NULL;
    g_autoptr(SgLogistic) m = sg_logistic_fit(n, dim, x, label, g_ascii_strtod(c, NULL), &error);
    int nonzero = 0;
    g_assert_no_error(error);
    for (int j = 0; j < dim; j++) {
      double beta = json_number_value(json_array_get(json_object_get(wanted, "beta"), (gsize)j));
      g_assert_cmpfloat_with_epsilon(m->beta[j], beta, 1e-3);
      nonzero += beta != 0;
    }
    g_assert_cmpfloat_with_epsilon(m->bias, number(wanted, "bias"), 1e-3);
    g_assert_cmpint(m->nonzero, ==, nonzero);
    /* The same fit again gives the same bits. */
    g_autoptr(SgLogistic) again = sg_logistic_fit(n, dim, x, label, g_ascii_strtod(c, NULL), NULL);
    g_assert_cmpmem(m->beta, sizeof(double) * (gsize)dim, again->beta, sizeof(double) * (gsize)dim);
  }
}

static void
test_folds(void)
{
  g_autofree int *fold = g_new(int, n);

  sg_stratified_folds(n, label, (int)number(expected, "folds"), fold);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpint(fold[i], ==, (int)item("fold", i));
}

static void
test_judgements(void)
{
  g_autofree double *ties = g_new(double, n);
  GError *error = NULL;
  SgJudgement j;

  for (gsize i = 0; i < n; i++)
    ties[i] = item("ties", i);
  g_assert_cmpfloat_with_epsilon(sg_auc(n, ties, label), number(expected, "ties_auc"), 1e-12);
  g_assert_cmpfloat_with_epsilon(sg_balanced_accuracy(n, ties, label),
                                 number(expected, "ties_accuracy"), 1e-12);
  g_assert_true(sg_cross_validate(n, dim, x, label, 0.1, 10, &j, &error));
  g_assert_no_error(error);
  g_assert_cmpfloat_with_epsilon(j.auc, item("auc", 0), 1e-9);
  g_assert_cmpfloat_with_epsilon(j.auc_sd, item("auc", 1), 1e-9);
  g_assert_cmpfloat_with_epsilon(j.accuracy, item("accuracy", 0), 1e-9);
  g_assert_cmpfloat_with_epsilon(j.accuracy_sd, item("accuracy", 1), 1e-9);
}

static double
entry(const char *key, gsize row, gsize column)
{
  return json_number_value(
      json_array_get(json_array_get(json_object_get(expected, key), row), column));
}

/* What is left at each C, and how well it tells the first fold. */
static void
test_path(void)
{
  g_autofree int *fold = g_new(int, n);
  gsize points = json_array_size(json_object_get(expected, "path"));

  sg_stratified_folds(n, label, 10, fold);
  g_assert_cmpuint(points, >, 4);
  for (gsize i = 0; i < points; i++) {
    GError *error = NULL;
    SgPathPoint p;
    g_assert_true(sg_path_point(n, dim, x, label, fold, entry("path", i, 0), &p, &error));
    g_assert_no_error(error);
    g_assert_cmpint(p.nonzero, ==, (int)entry("path", i, 1));
    if (entry("path", i, 2) < 0) {
      g_assert_true(isnan(p.auc) && isnan(p.accuracy));
    } else {
      g_assert_cmpfloat_with_epsilon(p.auc, entry("path", i, 2), 1e-12);
      g_assert_cmpfloat_with_epsilon(p.accuracy, entry("path", i, 3), 1e-12);
    }
  }
}

static void
test_sparse(void)
{
  for (gsize i = 0; i < json_array_size(json_object_get(expected, "sparse")); i++) {
    GError *error = NULL;
    double c = 0;
    g_autoptr(SgLogistic) m =
        sg_logistic_fit_sparse(n, dim, x, label, (int)entry("sparse", i, 0), 0.1, &c, &error);
    g_assert_no_error(error);
    g_assert_cmpint(m->nonzero, ==, (int)entry("sparse", i, 1));
    g_assert_true(c > 0 && c <= 0.1);
  }
  GError *error = NULL;
  double c;
  g_assert_null(sg_logistic_fit_sparse(n, dim, x, label, 1, 1e-5, &c, &error));
  g_assert_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN);
  g_error_free(error);
}

static void
refused(gsize count, int folds, const char *says)
{
  SgJudgement j;
  GError *error = NULL;

  if (folds)
    g_assert_false(sg_cross_validate(count, dim, x, label, 0.1, folds, &j, &error));
  else
    g_assert_null(sg_logistic_fit(count, dim, x, label, 0.1, &error));
  g_assert_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN);
  g_assert_nonnull(strstr(error->message, says));
  g_error_free(error);
}

static void
test_refusals(void)
{
  refused(1, 0, "nothing to tell apart");
  refused(12, 10, "10 folds need 10 samples of each label");
  float kept = x[dim];
  x[dim] = NAN;
  refused(n, 0, "sample 1 has a number that is not finite");
  x[dim] = kept;
}

int
main(int argc, char **argv)
{
  g_autofree char *path = NULL;

  g_test_init(&argc, &argv, NULL);
  path = g_test_build_filename(G_TEST_DIST, "golden", "expected", "logistic.json", NULL);
  expected = json_load_file(path, 0, NULL);
  g_assert_nonnull(expected);
  load();
  g_test_add_func("/logistic/fits", test_fits);
  g_test_add_func("/logistic/folds", test_folds);
  g_test_add_func("/logistic/judgements", test_judgements);
  g_test_add_func("/logistic/path", test_path);
  g_test_add_func("/logistic/sparse", test_sparse);
  g_test_add_func("/logistic/refusals", test_refusals);
  int status = g_test_run();
  json_decref(expected);
  g_free(x);
  g_free(label);
  return status;
}
