#include "engine/metrics/path-length.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <stdlib.h>

static int
rising(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The mean and what its 95 % reach to, of v [n]. */
static void
take_mean(const double *v, int n, SgPathLength *out)
{
  double sum = 0, squares = 0;

  for (int i = 0; i < n; i++)
    sum += v[i];
  out->value = sum / n;
  for (int i = 0; i < n; i++)
    squares += (v[i] - out->value) * (v[i] - out->value);
  double reach = n > 1 ? 1.96 * sqrt(squares / (n - 1) / n) : NAN;
  out->low = out->value - reach;
  out->high = out->value + reach;
}

gboolean
sg_path_length(double *distances, int n, SgPathLength *out, GError **error)
{
  for (int i = 0; i < n; i++)
    if (!isfinite(distances[i]))
      return sg_broken(error,
                       "the network's distance of pair %d is no finite number: no path length can "
                       "be told",
                       i + 1);
  qsort(distances, (gsize)n, sizeof *distances, rising);
  /* numpy.percentile with interpolation "lower" at 1 and "higher" at 99. */
  double low = distances[(int)floor((n - 1) * 0.01)], high = distances[(int)ceil((n - 1) * 0.99)];
  int from = 0, to = n;
  while (distances[from] < low)
    from++;
  while (distances[to - 1] > high)
    to--;
  for (int i = from; i < to; i++)
    distances[i] /= SG_PATH_STEP * SG_PATH_STEP;
  take_mean(distances + from, to - from, out);
  return TRUE;
}
