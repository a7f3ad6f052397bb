#include "engine/directions/regularisation.h"
#include "engine/formats/format-error.h"
#include <math.h>

/* Below this nothing that is told at all is left. */
#define C_MIN 1e-6
/* Steps of halving log C. */
#define STEPS 40

gboolean
sg_path_point(gsize n, int dim, const float *x, const guint8 *label, const int *fold, double c,
              SgPathPoint *out, GError **error)
{
  g_autoptr(SgLogistic) all = sg_logistic_fit(n, dim, x, label, c, error);

  if (!all)
    return FALSE;
  *out = (SgPathPoint){.c = c, .nonzero = all->nonzero, .auc = NAN, .accuracy = NAN};
  g_autofree float *rows = g_new(float, n *(gsize)dim);
  g_autofree guint8 *labels = g_new(guint8, n);
  gsize used = sg_fold_rows(n, dim, x, label, fold, 0, FALSE, rows, labels);
  g_autoptr(SgLogistic) m = sg_logistic_fit(used, dim, rows, labels, c, error);
  if (!m)
    return FALSE;
  if (m->nonzero == 0)
    return TRUE;
  g_autofree double *score = g_new(double, n);
  used = sg_fold_rows(n, dim, x, label, fold, 0, TRUE, rows, labels);
  for (gsize i = 0; i < used; i++)
    score[i] = sg_logistic_decide(m, rows + i * (gsize)dim);
  out->auc = sg_auc(used, score, labels);
  out->accuracy = sg_balanced_accuracy(used, score, labels);
  return TRUE;
}

SgLogistic *
sg_logistic_fit_sparse(gsize n, int dim, const float *x, const guint8 *label, int most,
                       double c_max, double *c, GError **error)
{
  g_autoptr(SgLogistic) best = NULL;
  double low = log(C_MIN), high = log(c_max);

  for (int i = 0; i < STEPS && high - low > 1e-3; i++) {
    double here = i == 0 ? high : (low + high) / 2, at = i == 0 ? c_max : exp(here);
    g_autoptr(SgLogistic) m = sg_logistic_fit(n, dim, x, label, at, error);
    if (!m)
      return NULL;
    if (m->nonzero > most) {
      high = here;
      continue;
    }
    low = here;
    if (m->nonzero == 0)
      continue;
    gboolean done = m->nonzero == most || i == 0;
    g_clear_pointer(&best, sg_logistic_free);
    best = g_steal_pointer(&m);
    *c = at;
    if (done)
      break;
  }
  if (best)
    return g_steal_pointer(&best);
  sg_broken(error, "no regularisation leaves 1 to %d numbers", most);
  return NULL;
}
