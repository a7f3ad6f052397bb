#include "engine/directions/resample.h"
#include "engine/directions/matrix.h"
#include <math.h>
#include <stdlib.h>

static const char *const names[SG_KEEP_WAYS] = {"coordinates", "projection", "conditional"};

const char *
sg_keep_name(SgKeep way)
{
  return names[way];
}

gboolean
sg_keep_parse(const char *name, SgKeep *way)
{
  for (int i = 0; i < SG_KEEP_WAYS; i++)
    if (g_str_equal(name, names[i])) {
      *way = (SgKeep)i;
      return TRUE;
    }
  return FALSE;
}

typedef struct {
  int index;
  double weight;
} Carrier;

/* Strongest first; of equals the first one. */
static int
by_weight(gconstpointer a, gconstpointer b)
{
  const Carrier *x = a, *y = b;
  return x->weight != y->weight ? (x->weight < y->weight) - (x->weight > y->weight)
                                : (x->index > y->index) - (x->index < y->index);
}

static int
by_index(gconstpointer a, gconstpointer b)
{
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

int *
sg_carriers(const double *direction, const SgMoments *m, int most, int *count)
{
  g_autofree Carrier *all = g_new(Carrier, m->dim);
  int n = 0;

  for (int j = 0; j < m->dim; j++) {
    double variance = m->covariance[(gsize)j * (gsize)m->dim + (gsize)j];
    if (direction[j] != 0)
      all[n++] = (Carrier){j, fabs(direction[j]) * sqrt(MAX(variance, 0))};
  }
  if (most > 0 && n > most) {
    qsort(all, (gsize)n, sizeof *all, by_weight);
    n = most;
  }
  int *out = g_new(int, MAX(n, 1));
  for (int i = 0; i < n; i++)
    out[i] = all[i].index;
  qsort(out, (gsize)n, sizeof *out, by_index);
  *count = n;
  return out;
}

void
sg_keep_coordinates(int count, const int *fixed, const double *from, double *w)
{
  for (int i = 0; i < count; i++)
    w[fixed[i]] = from[fixed[i]];
}

void
sg_keep_projection(int dim, const double *direction, const double *from, double *w)
{
  double squares = sg_dot(direction, direction, dim);
  double by = (sg_dot(direction, from, dim) - sg_dot(direction, w, dim)) / squares;

  for (int j = 0; j < dim; j++)
    w[j] += by * direction[j];
}
