#include "engine/truncation/truncated-normal.h"
#include <math.h>

/* Φ(x) for x <= 0, exact in its small numbers. */
static double
below(double x)
{
  return erfc(-x * G_SQRT2 / 2) / 2;
}

/* x in [low, 0] with Φ(x) = p, for 0 < p <= 1/2: Newton's method on log Φ, which is concave, kept
 * inside a bracket. */
static double
quantile(double p, double low)
{
  double high = 0, x = low / 2;

  for (int i = 0; i < 100 && high - low > 1e-15 * (1 - low); i++) {
    double at = below(x);
    *(at > p ? &high : &low) = x;
    double density = exp(-x * x / 2) / sqrt(2 * G_PI);
    double next = at > 0 && density > 0 ? x - log(at / p) * at / density : low;
    if (next == x)
      break;
    x = next > low && next < high ? next : (low + high) / 2;
  }
  return x;
}

void
sg_truncate_normal(double tau, int n, double *z)
{
  const double cut = below(-tau);

  if (tau >= SG_TAU_OFF)
    return;
  for (int i = 0; i < n; i++) {
    double x = quantile(cut + below(-fabs(z[i])) * (1 - 2 * cut), -tau);
    z[i] = z[i] < 0 ? x : -x;
  }
}
