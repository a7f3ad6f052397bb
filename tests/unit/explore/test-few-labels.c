/* Directions from few labels: a planted one is found again, and what cannot be learnt says so. */
#include "engine/base/random.h"
#include "engine/directions/few-labels.h"
#include "engine/directions/label-table.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

enum { N = 600, DIM = 24 };

/* Faces whose coordinates are their components, the first heard most. */
static SgFewFaces *
plant(float *w)
{
  double variance[DIM], directions[DIM * DIM] = {0}, mean[DIM] = {0};
  g_autofree SgRandomState *state = g_new(SgRandomState, 1);
  const SgPca pca = {DIM, variance, directions, directions, 1};
  const SgMoments m = {.dim = DIM, .mean = mean};

  for (int k = 0; k < DIM; k++) {
    variance[k] = pow(0.7, k);
    directions[k * DIM + k] = 1;
  }
  sg_random_state_seed(state, 5);
  sg_random_state_randn_f32(state, (gsize)N * DIM, w);
  return sg_few_faces_new(&pca, &m, N, w);
}

static guint8
planted(const float *w, guint32 face)
{
  return w[face * DIM] + 0.8f * w[face * DIM + 2] > 0;
}

static void
test_planted(void)
{
  g_autofree float *w = g_new(float, N *DIM);
  SgFewFaces *faces = plant(w);
  guint32 which[SG_FEW_LABELS];
  guint8 label[SG_FEW_LABELS];
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < SG_FEW_LABELS; i++) {
    which[i] = i;
    label[i] = planted(w, i);
  }
  g_autoptr(SgFewFit) fit = sg_few_fit(faces, SG_FEW_LABELS, which, label, &error);
  g_assert_no_error(error);
  g_assert_cmpint(fit->folds, ==, 10);
  /* Faces that it was not fitted to. */
  guint8 truth[N];
  for (guint32 i = 0; i < N; i++)
    truth[i] = planted(w, i);
  double held_out = sg_auc(N - SG_FEW_LABELS, fit->decision + SG_FEW_LABELS, truth + SG_FEW_LABELS);
  g_assert_cmpfloat(held_out, >, 0.9);
  g_assert_cmpfloat(fabs(fit->judgement.auc - held_out), <, 0.15);
  g_autoptr(SgNamedDirection) d = sg_few_direction(faces, fit, "planted");
  double along = (d->vector[0] + 0.8 * d->vector[2]) / hypot(1, 0.8);
  g_assert_cmpfloat(along, >, 0.9);
  /* Components of variance 1 here: one σ of any direction has length 1. */
  g_assert_cmpfloat_with_epsilon(d->sigma, 1, 1e-9);
  g_assert_cmpint(d->samples, ==, SG_FEW_LABELS);
  sg_few_faces_unref(faces);
}

static void
test_one_kind(void)
{
  g_autofree float *w = g_new(float, N *DIM);
  SgFewFaces *faces = plant(w);
  const guint32 which[] = {1, 2, 3, 4};
  g_autoptr(GError) error = NULL;

  g_assert_null(sg_few_fit(faces, 0, NULL, NULL, &error));
  g_assert_null(sg_few_fit(faces, 4, which, (const guint8[]){1, 1, 1, 1}, &error));
  g_assert_no_error(error);
  /* Two of a kind cannot be judged, but guide what is asked next. */
  g_autoptr(SgFewFit) fit = sg_few_fit(faces, 4, which, (const guint8[]){1, 0, 1, 0}, &error);
  g_assert_cmpint(fit->folds, ==, 0);
  g_assert_nonnull(fit->decision);
  sg_few_faces_unref(faces);
}

static void
test_next(void)
{
  const double decision[] = {-9, 0.1, 5, -0.2, 7, 0.3, -8, 0.05, 6, -7};
  const guint8 taken[10] = {[7] = 1, [4] = 1};
  guint32 out[6];

  /* Three that are least sure, two that are surest, and the first that is left. */
  g_assert_cmpint(sg_few_next(10, decision, taken, 6, out), ==, 6);
  const guint32 expected[] = {1, 3, 5, 8, 2, 0};
  g_assert_cmpmem(out, sizeof out, expected, sizeof expected);
  g_assert_cmpint(sg_few_next(10, NULL, taken, 3, out), ==, 3);
  g_assert_cmpuint(out[2], ==, 2);
  g_assert_cmpint(sg_few_next(2, NULL, (const guint8[]){1, 0}, 6, out), ==, 1);
}

static void
test_tables(void)
{
  static const struct {
    const char *text, *says; /* NULL: it is read */
  } cases[] = {
      {"seed,beard\n7,1\n3,0.5\n", NULL},
      {"seed,beard\r\n7,1\r\n\r\n3,0\r\n", NULL},
      {"", "first line like"},
      {"seed\n1\n", "first line like"},
      {"seed,beard\n", "found none"},
      {"seed,beard\n1,0\n1,1\n", "the seed 1 has two lines"},
      {"seed,beard\n1\n", "expected 2 values in line 2, found 1"},
      {"seed,beard\n-1,0\n", "expected a seed in line 2, found \"-1\""},
      {"seed,beard\n4294967296,0\n", "expected a seed"},
      {"seed,beard\n1,nan\n", "expected a number for beard in line 2"},
      {"seed,beard\n1,\x1b\n", "found \"\\x1b\""},
      {"seed,b\xff\n1,1\n", "table of text"},
  };
  g_autofree char *path = g_build_filename(g_get_tmp_dir(), "few-labels.csv", NULL);

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(path, cases[i].text, -1, NULL));
    g_autoptr(SgLabelTable) t = sg_label_table_read(path, &error);
    if (cases[i].says) {
      g_assert_null(t);
      g_assert_nonnull(strstr(error->message, cases[i].says));
      g_assert_nonnull(strstr(error->message, path));
    } else {
      g_assert_no_error(error);
      g_assert_cmpuint(t->rows, ==, 2);
      g_assert_cmpuint(t->seeds[0], ==, 3);
      g_assert_cmpfloat(t->values[1], ==, 1);
    }
  }
  g_remove(path);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/few-labels/planted", test_planted);
  g_test_add_func("/few-labels/one-kind", test_one_kind);
  g_test_add_func("/few-labels/next", test_next);
  g_test_add_func("/few-labels/tables", test_tables);
  return g_test_run();
}
