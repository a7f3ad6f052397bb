#include "engine/directions/ranks.h"
#include <stdlib.h>

static int
rising(gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

void
sg_ranks_sort(gsize n, double *values)
{
  qsort(values, n, sizeof(double), rising);
}

double
sg_ranks_median(gsize n, const double *values)
{
  g_autofree double *sorted = g_memdup2(values, n * sizeof(double));

  sg_ranks_sort(n, sorted);
  return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

double
sg_ranks_percentile(gsize n, const double *sorted, double value)
{
  gsize low = 0, high = n; /* sorted[low - 1] < value <= sorted[high] */

  while (low < high) {
    gsize middle = (low + high) / 2;
    if (sorted[middle] < value)
      low = middle + 1;
    else
      high = middle;
  }
  return 100.0 * (double)low / (double)n;
}
