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

typedef struct {
  double value;
  guint32 number;
} Ranked;

static int
by_value(gconstpointer a, gconstpointer b)
{
  const Ranked *x = a, *y = b;

  if (x->value != y->value)
    return (x->value > y->value) - (x->value < y->value);
  return (x->number > y->number) - (x->number < y->number);
}

guint32 *
sg_ranks_order(gsize n, const double *values)
{
  g_autofree Ranked *all = g_new(Ranked, n);
  guint32 *order = g_new(guint32, n);

  for (gsize i = 0; i < n; i++)
    all[i] = (Ranked){values[i], (guint32)i};
  qsort(all, n, sizeof *all, by_value);
  for (gsize i = 0; i < n; i++)
    order[i] = all[i].number;
  return order;
}
