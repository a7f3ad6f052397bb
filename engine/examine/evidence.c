#include "engine/examine/evidence.h"
#include "engine/base/philox.h"
#include "engine/directions/logistic.h"
#include "engine/directions/ranks.h"
#include <math.h>
#include <string.h>

#define SEED 1

/* ---- the interval ---------------------------------------------------------------------------- */

static void
draw(SgPhilox *random, int n, const double *from, double *to)
{
  for (int i = 0; i < n; i++)
    to[i] = from[sg_philox_below(random, (guint32)n)];
}

/* Percentile of sorted values, linear between them as NumPy's. */
static double
percentile(gsize n, const double *sorted, double p)
{
  double at = p * (double)(n - 1);
  gsize i = (gsize)at;

  return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

double
sg_auc_interval(int n_one, const double *one, int n_zero, const double *zero, guint64 seed,
                double *low, double *high)
{
  int n = n_one + n_zero;
  g_autofree double *values = g_new(double, MAX(1, n));
  g_autofree guint8 *labels = g_new0(guint8, MAX(1, n));
  g_autofree double *resampled = g_new(double, SG_EVIDENCE_RESAMPLES);
  SgPhilox random = {.seed = seed};

  *low = *high = NAN;
  if (n_one == 0 || n_zero == 0)
    return NAN;
  memset(labels, 1, (gsize)n_one);
  for (int k = 0; k < SG_EVIDENCE_RESAMPLES; k++) {
    draw(&random, n_one, one, values);
    draw(&random, n_zero, zero, values + n_one);
    resampled[k] = sg_auc((gsize)n, values, labels);
  }
  sg_ranks_sort(SG_EVIDENCE_RESAMPLES, resampled);
  *low = percentile(SG_EVIDENCE_RESAMPLES, resampled, 0.025);
  *high = percentile(SG_EVIDENCE_RESAMPLES, resampled, 0.975);
  memcpy(values, one, sizeof *values * (gsize)n_one);
  memcpy(values + n_one, zero, sizeof *values * (gsize)n_zero);
  return sg_auc((gsize)n, values, labels);
}

/* ---- references ------------------------------------------------------------------------------ */

SgEvidence *
sg_evidence_new(int treatments, int n_real, const double *real, int n_generated,
                const double *generated, gboolean high)
{
  SgEvidence *e = g_new0(SgEvidence, 1);

  e->treatments = treatments;
  e->n_real = n_real;
  e->n_generated = n_generated;
  e->high = high;
  e->real = g_memdup2(real, sizeof *real * (gsize)(n_real * treatments));
  e->generated = g_memdup2(generated, sizeof *generated * (gsize)(n_generated * treatments));
  if (high) {
    e->auc = sg_auc_interval(n_generated, generated, n_real, real, SEED, &e->low, &e->high_auc);
  } else {
    /* What is smaller is more like a generated one: the roles of the classes change. */
    e->auc = sg_auc_interval(n_real, real, n_generated, generated, SEED, &e->low, &e->high_auc);
  }
  e->separate = e->low > 0.5;
  return e;
}

void
sg_evidence_free(SgEvidence *e)
{
  if (!e)
    return;
  g_free(e->real);
  g_free(e->generated);
  g_free(e);
}

/* ---- one more picture ------------------------------------------------------------------------ */

/* The share of n values, with the picture's own, that are at least `value`, or at most. */
static double
share(int n, const double *values, double value, gboolean at_least)
{
  int count = 1;

  for (int i = 0; i < n; i++)
    count += at_least ? values[i] >= value : values[i] <= value;
  return (double)count / (n + 1);
}

static double
likeliest(const SgEvidence *e, int n, const double *values, double value, gboolean at_least)
{
  double p = 0;

  for (int t = 0; t < e->treatments; t++)
    p = MAX(p, share(n, values + t * n, value, at_least));
  return n > 0 ? p : NAN;
}

/* Further beyond all generated pictures, on the side away from real ones, than these are apart:
 * then it is like nothing that is known. */
static gboolean
is_far_beyond(const SgEvidence *e, double value)
{
  double least = INFINITY, most = -INFINITY;

  for (int i = 0; i < e->n_generated * e->treatments; i++) {
    least = MIN(least, e->generated[i]);
    most = MAX(most, e->generated[i]);
  }
  return e->high ? value > most + (most - least) : value < least - (most - least);
}

static SgTestimony
measured(const SgEvidence *e, double value)
{
  SgTestimony t = {value, NAN, NAN, SG_VERDICT_CANNOT_TELL, SG_REASON_NOT_MEASURED};

  if (!isfinite(value))
    return t;
  t.p_generated = likeliest(e, e->n_generated, e->generated, value, !e->high);
  t.p_real = likeliest(e, e->n_real, e->real, value, e->high);
  t.reason = SG_REASON_NO_REAL;
  return t;
}

SgTestimony
sg_evidence_ask(const SgEvidence *e, double value)
{
  SgTestimony t = measured(e, value);

  if (t.reason == SG_REASON_NOT_MEASURED || e->n_real == 0)
    return t;
  gboolean generated = t.p_generated > SG_EVIDENCE_RARE, real = t.p_real > SG_EVIDENCE_RARE;
  if (!e->separate) {
    t.reason = SG_REASON_NO_DIFFERENCE;
  } else if (generated && real) {
    t.reason = share(e->n_real, e->real, value, e->high) > SG_EVIDENCE_RARE
                   ? SG_REASON_LIKE_BOTH
                   : SG_REASON_LIKE_DAMAGED;
  } else if (!real && (!generated || is_far_beyond(e, value))) {
    t.reason = SG_REASON_LIKE_NEITHER;
  } else {
    t.reason = generated ? SG_REASON_LIKE_GENERATED : SG_REASON_LIKE_REAL;
    t.verdict = generated ? SG_VERDICT_FITS : SG_VERDICT_DOES_NOT_FIT;
  }
  return t;
}

SgTestimony
sg_evidence_ask_copy(const SgEvidence *e, double value)
{
  SgTestimony t = measured(e, value);

  if (t.reason == SG_REASON_NOT_MEASURED || e->n_real == 0)
    return t;
  /* Smaller than what pictures of the set have among themselves. */
  gboolean copy = share(e->n_real, e->real, value, FALSE) <= SG_EVIDENCE_RARE;
  t.reason = copy ? SG_REASON_COPY : SG_REASON_NO_COPY;
  t.verdict = copy ? SG_VERDICT_FITS : SG_VERDICT_DOES_NOT_FIT;
  return t;
}
