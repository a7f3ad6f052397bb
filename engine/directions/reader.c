#include "engine/directions/reader.h"
#include "engine/directions/logistic.h"
#include <math.h>
#include <string.h>

/* Weak enough that thousands of features do not learn a few thousand pictures by heart. */
#define C 0.001

static gboolean
is_for_fitting(gsize i)
{
  return i % 10 < 7;
}

typedef struct {
  double *mean, *factor; /* [dim]: (x - mean) * factor has deviation 1 */
} Standard;

static void
standardise(Standard *s, gsize n, int dim, const float *x)
{
  g_autofree double *squares = g_new0(double, dim);
  double used = 0;

  s->mean = g_new0(double, dim);
  s->factor = g_new0(double, dim);
  for (gsize i = 0; i < n; i++)
    for (int j = 0; is_for_fitting(i) && j < dim; j++)
      s->mean[j] += (double)x[i * (gsize)dim + (gsize)j];
  for (gsize i = 0; i < n; i++)
    used += is_for_fitting(i);
  for (int j = 0; j < dim; j++)
    s->mean[j] /= used;
  for (gsize i = 0; i < n; i++)
    for (int j = 0; is_for_fitting(i) && j < dim; j++) {
      double v = (double)x[i * (gsize)dim + (gsize)j] - s->mean[j];
      squares[j] += v * v;
    }
  for (int j = 0; j < dim; j++)
    s->factor[j] = squares[j] > 0 ? 1 / sqrt(squares[j] / used) : 0;
}

/* The samples to fit, standardised. Returns how many. */
static gsize
fitting_part(gsize n, int dim, const float *x, const guint8 *label, const Standard *s, float *rows,
             guint8 *labels)
{
  gsize used = 0;

  for (gsize i = 0; i < n; i++) {
    if (!is_for_fitting(i))
      continue;
    for (int j = 0; j < dim; j++)
      rows[used * (gsize)dim + (gsize)j] =
          (float)(((double)x[i * (gsize)dim + (gsize)j] - s->mean[j]) * s->factor[j]);
    labels[used++] = label[i];
  }
  return used;
}

/* A regression on standardised features as one on the features themselves. */
static SgReader *
from_logistic(const SgLogistic *m, const Standard *s)
{
  SgReader *r = g_new0(SgReader, 1);

  r->dim = m->dim;
  r->beta = g_new(double, m->dim);
  r->bias = m->bias;
  for (int j = 0; j < m->dim; j++) {
    r->beta[j] = m->beta[j] * s->factor[j];
    r->bias -= r->beta[j] * s->mean[j];
  }
  return r;
}

static double
judge(const SgReader *r, gsize n, const float *x, const guint8 *label)
{
  g_autofree double *score = g_new(double, n);
  g_autofree guint8 *labels = g_new(guint8, n);
  gsize used = 0;

  for (gsize i = 0; i < n; i++)
    if (!is_for_fitting(i)) {
      score[used] = sg_reader_decide(r, x + i * (gsize)r->dim);
      labels[used++] = label[i];
    }
  return sg_auc(used, score, labels);
}

SgReader *
sg_reader_new(gsize n, int dim, const float *x, const guint8 *label, GError **error)
{
  g_autofree float *rows = g_new(float, n *(gsize)dim);
  g_autofree guint8 *labels = g_new(guint8, n);
  SgReader *r = NULL;
  Standard s;

  standardise(&s, n, dim, x);
  gsize used = fitting_part(n, dim, x, label, &s, rows, labels);
  g_autoptr(SgLogistic) m = sg_logistic_fit_l2(used, dim, rows, labels, C, error);
  if (m) {
    r = from_logistic(m, &s);
    r->auc = judge(r, n, x, label);
  }
  g_free(s.mean);
  g_free(s.factor);
  return r;
}

void
sg_reader_free(SgReader *r)
{
  if (!r)
    return;
  g_free(r->beta);
  g_free(r);
}

double
sg_reader_decide(const SgReader *r, const float *x)
{
  double s = r->bias;

  for (int j = 0; j < r->dim; j++)
    s += r->beta[j] * (double)x[j];
  return s;
}
