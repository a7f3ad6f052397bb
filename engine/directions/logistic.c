#include "engine/directions/logistic.h"
#include "engine/formats/format-error.h"
#include <linear.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where liblinear stops: this gives three digits of every coefficient. */
#define TOLERANCE 1e-5

/* …where only the order of the decisions counts: scikit-learn's own. */
#define COARSE 1e-4

static GMutex one_at_a_time;

static void
say_nothing(const char *text)
{
}

static gboolean
check_data(gsize n, int dim, const float *x, const guint8 *label, GError **error)
{
  gsize ones = 0;

  for (gsize i = 0; i < n; i++)
    ones += label[i] != 0;
  if (ones == 0 || ones == n)
    return sg_broken(
        error, "all %" G_GSIZE_FORMAT " samples have the label %d: there is nothing to tell apart",
        n, ones ? 1 : 0);
  for (gsize i = 0; i < n * (gsize)dim; i++)
    if (!isfinite(x[i]))
      return sg_broken(error, "sample %" G_GSIZE_FORMAT " has a number that is not finite",
                       i / (gsize)dim);
  return TRUE;
}

/* Row i of x as liblinear wants it: numbered from 1, the constant 1 of the bias last. */
static void
fill_row(struct feature_node *row, int dim, const float *x)
{
  int used = 0;

  for (int j = 0; j < dim; j++)
    if (x[j] != 0)
      row[used++] = (struct feature_node){j + 1, (double)x[j]};
  row[used++] = (struct feature_node){dim + 1, 1};
  row[used] = (struct feature_node){-1, 0};
}

static SgLogistic *
from_model(const struct model *fitted, int dim)
{
  SgLogistic *m = g_new0(SgLogistic, 1);
  /* liblinear's weights are those of the label that came first. */
  double sign = fitted->label[0] == 1 ? 1 : -1;

  m->dim = dim;
  m->beta = g_new(double, dim);
  for (int j = 0; j < dim; j++) {
    m->beta[j] = sign * fitted->w[j];
    m->nonzero += m->beta[j] != 0;
  }
  m->bias = sign * fitted->w[dim];
  return m;
}

static SgLogistic *
fit(int solver, double tolerance, gsize n, int dim, const float *x, const guint8 *label, double c,
    GError **error)
{
  gsize stride = (gsize)dim + 2;

  if (!check_data(n, dim, x, label, error))
    return NULL;
  g_autofree struct feature_node *nodes = g_try_malloc_n(n, stride * sizeof *nodes);
  g_autofree struct feature_node **rows = g_new(struct feature_node *, n);
  g_autofree double *y = g_new(double, n);
  if (!nodes) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "not enough memory for a regression over %" G_GSIZE_FORMAT " samples", n);
    return NULL;
  }
  for (gsize i = 0; i < n; i++) {
    rows[i] = nodes + i * stride;
    fill_row(rows[i], dim, x + i * (gsize)dim);
    y[i] = label[i] ? 1 : 0;
  }
  const struct problem problem = {.l = (int)n, .n = dim + 1, .y = y, .x = rows, .bias = 1};
  const struct parameter parameter = {.solver_type = solver, .eps = tolerance, .C = c};
  g_mutex_lock(&one_at_a_time);
  set_print_string_function(say_nothing);
  srand(0);
  struct model *fitted = train(&problem, &parameter);
  g_mutex_unlock(&one_at_a_time);
  SgLogistic *m = from_model(fitted, dim);
  free_and_destroy_model(&fitted);
  return m;
}

SgLogistic *
sg_logistic_fit(gsize n, int dim, const float *x, const guint8 *label, double c, GError **error)
{
  return fit(L1R_LR, TOLERANCE, n, dim, x, label, c, error);
}

SgLogistic *
sg_logistic_fit_l2(gsize n, int dim, const float *x, const guint8 *label, double c, GError **error)
{
  return fit(L2R_LR, 1e-3, n, dim, x, label, c, error);
}

void
sg_logistic_free(SgLogistic *m)
{
  if (!m)
    return;
  g_free(m->beta);
  g_free(m);
}

double
sg_logistic_decide(const SgLogistic *m, const float *x)
{
  double s = m->bias;

  for (int j = 0; j < m->dim; j++)
    s += m->beta[j] * (double)x[j];
  return s;
}

/* ---- judging --------------------------------------------------------------------------------- */

typedef struct {
  double score;
  guint8 label;
} Scored;

static int
by_score(gconstpointer a, gconstpointer b)
{
  double x = ((const Scored *)a)->score, y = ((const Scored *)b)->score;
  return (x > y) - (x < y);
}

double
sg_auc(gsize n, const double *score, const guint8 *label)
{
  g_autofree Scored *all = g_new(Scored, n);
  double ones = 0, below = 0, wins = 0; /* below: of label 0 that score less */

  for (gsize i = 0; i < n; i++)
    all[i] = (Scored){score[i], label[i] != 0};
  qsort(all, n, sizeof *all, by_score);
  for (gsize i = 0, end; i < n; i = end) {
    double equal[2] = {0, 0};
    for (end = i; end < n && all[end].score == all[i].score; end++)
      equal[all[end].label]++;
    wins += equal[1] * (below + equal[0] / 2);
    below += equal[0];
    ones += equal[1];
  }
  return wins / (ones * below);
}

double
sg_balanced_accuracy(gsize n, const double *score, const guint8 *label)
{
  double all[2] = {0, 0}, right[2] = {0, 0};

  for (gsize i = 0; i < n; i++) {
    int of = label[i] != 0;
    all[of]++;
    right[of] += (score[i] > 0) == of;
  }
  return (right[0] / all[0] + right[1] / all[1]) / 2;
}

void
sg_stratified_folds(gsize n, const guint8 *label, int folds, int *fold)
{
  gsize count[2] = {0, 0}, k = (gsize)folds;
  int first = n && label[0] ? 1 : 0; /* classes count in the order in which they appear */

  for (gsize i = 0; i < n; i++)
    count[label[i] != 0]++;
  for (int step = 0; step < 2; step++) {
    int of = step ? 1 - first : first;
    gsize start = step ? count[first] : 0, end = start + count[of];
    gsize f = 0, left = 0;
    /* Fold f gets as many of this class as there are places start…end - 1 that are f modulo k. */
    for (gsize i = 0; i < n; i++) {
      if ((label[i] != 0) != of)
        continue;
      while (left == 0) {
        gsize before = start > f ? (start - f + k - 1) / k : 0;
        gsize upto = end > f ? (end - f + k - 1) / k : 0;
        left = upto - before;
        f++;
      }
      fold[i] = (int)f - 1;
      left--;
    }
  }
}

static void
mean_and_deviation(int n, const double *v, double *mean, double *sd)
{
  double sum = 0, squares = 0;

  for (int i = 0; i < n; i++)
    sum += v[i] / n;
  for (int i = 0; i < n; i++)
    squares += (v[i] - sum) * (v[i] - sum) / n;
  *mean = sum;
  *sd = sqrt(squares);
}

gsize
sg_fold_rows(gsize n, int dim, const float *x, const guint8 *label, const int *fold, int f,
             gboolean inside, float *rows, guint8 *labels)
{
  gsize used = 0;

  for (gsize i = 0; i < n; i++) {
    if ((fold[i] == f) != inside)
      continue;
    memcpy(rows + used * (gsize)dim, x + i * (gsize)dim, (gsize)dim * sizeof(float));
    labels[used++] = label[i];
  }
  return used;
}

static gboolean
enough(gsize n, const guint8 *label, int folds, GError **error)
{
  gsize ones = 0;

  for (gsize i = 0; i < n; i++)
    ones += label[i] != 0;
  if (folds >= 2 && MIN(ones, n - ones) >= (gsize)folds)
    return TRUE;
  return sg_broken(error,
                   "%d folds need %d samples of each label, there are %" G_GSIZE_FORMAT
                   " with 1 and %" G_GSIZE_FORMAT " with 0",
                   folds, folds, ones, n - ones);
}

gboolean
sg_cross_validate(gsize n, int dim, const float *x, const guint8 *label, double c, int folds,
                  SgJudgement *out, GError **error)
{
  if (!enough(n, label, folds, error))
    return FALSE;
  g_autofree int *fold = g_new(int, n);
  g_autofree float *rows = g_new(float, n *(gsize)dim);
  g_autofree guint8 *labels = g_new(guint8, n);
  g_autofree double *auc = g_new(double, folds), *accuracy = g_new(double, folds);
  g_autofree double *score = g_new(double, n);

  sg_stratified_folds(n, label, folds, fold);
  for (int f = 0; f < folds; f++) {
    gsize used = sg_fold_rows(n, dim, x, label, fold, f, FALSE, rows, labels);
    g_autoptr(SgLogistic) m = fit(L1R_LR, COARSE, used, dim, rows, labels, c, error);
    if (!m)
      return FALSE;
    used = sg_fold_rows(n, dim, x, label, fold, f, TRUE, rows, labels);
    for (gsize i = 0; i < used; i++)
      score[i] = sg_logistic_decide(m, rows + i * (gsize)dim);
    auc[f] = sg_auc(used, score, labels);
    accuracy[f] = sg_balanced_accuracy(used, score, labels);
  }
  mean_and_deviation(folds, auc, &out->auc, &out->auc_sd);
  mean_and_deviation(folds, accuracy, &out->accuracy, &out->accuracy_sd);
  return TRUE;
}
