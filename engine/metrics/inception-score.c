#include "engine/metrics/inception-score.h"
#include "engine/base/room.h"
#include "engine/formats/format-error.h"
#include <math.h>

/* log of a softmax's sum. */
static double
log_sum(const float *row, int dim)
{
  double most = (double)row[0], sum = 0;

  for (int k = 1; k < dim; k++)
    most = MAX(most, (double)row[k]);
  for (int k = 0; k < dim; k++)
    sum += exp((double)row[k] - most);
  return most + log(sum);
}

/* exp of the mean over rows of sum p log (p / q), q the mean of p [dim]. */
static double
score(const SgFeatureSet *l, int from, int to, double *q)
{
  double own = 0, all = 0;

  for (int k = 0; k < l->dim; k++)
    q[k] = 0;
  for (int i = from; i < to; i++) {
    const float *row = l->rows + (gsize)i * (gsize)l->dim;
    double sum = log_sum(row, l->dim);
    for (int k = 0; k < l->dim; k++) {
      double log_p = (double)row[k] - sum, p = exp(log_p);
      own += p * log_p;
      q[k] += p / (to - from);
    }
  }
  for (int k = 0; k < l->dim; k++)
    all += q[k] > 0 ? q[k] * log(q[k]) : 0;
  return exp(own / (to - from) - all);
}

gboolean
sg_inception_score(const SgFeatureSet *logits, int splits, double *mean, double *deviation,
                   GError **error)
{
  double sum = 0, squares = 0;

  if (logits->n < splits)
    return sg_unsupported(error,
                          "an Inception score over %d parts needs as many pictures, found %d",
                          splits, logits->n);
  g_autofree double *q = sg_room((gsize)logits->dim, sizeof *q);
  for (int s = 0; q && s < splits; s++) {
    double v = score(logits, (int)((gint64)logits->n * s / splits),
                     (int)((gint64)logits->n * (s + 1) / splits), q);
    sum += v;
    squares += v * v;
  }
  *mean = sum / splits;
  *deviation = sqrt(MAX(0, squares / splits - *mean * *mean));
  return sg_room_check(error);
}
