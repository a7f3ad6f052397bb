#include "engine/metrics/sliced.h"
#include "engine/base/philox.h"
#include "engine/base/room.h"
#include <math.h>
#include <stdlib.h>

#define STREAM 1004

static int
rising(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* [count, rows], each direction's sorted. */
static double *
project(const SgFeatureSet *s, int count, const double *directions)
{
  gsize n = (gsize)s->n;
  g_autofree double *rows = sg_room(n * (gsize)s->dim, sizeof *rows);
  double *p = sg_room((gsize)count * n, sizeof *p);

  if (!rows || !p)
    return p;
  for (gsize i = 0; i < n * (gsize)s->dim; i++)
    rows[i] = (double)s->rows[i];
  sg_row_products(count, s->n, s->dim, directions, rows, p);
#pragma omp parallel for schedule(static)
  for (int d = 0; d < count; d++)
    qsort(p + (gsize)d * n, n, sizeof *p, rising);
  return p;
}

gboolean
sg_sliced_distance_along(const SgFeatureSet *a, const SgFeatureSet *b, int count,
                         const double *directions, double *distance, GError **error)
{
  int n = MIN(a->n, b->n);
  SgFeatureSet x = sg_feature_set_head(a, n), y = sg_feature_set_head(b, n);
  g_autofree double *px = project(&x, count, directions), *py = project(&y, count, directions);
  double sum = 0;

  g_assert(a->dim == b->dim && n > 0);
  for (gsize i = 0; px && py && i < (gsize)count * (gsize)n; i++)
    sum += (px[i] - py[i]) * (px[i] - py[i]);
  *distance = 3.0 * a->dim * sum / count / n;
  return sg_room_check(error);
}

gboolean
sg_sliced_distance(const SgFeatureSet *a, const SgFeatureSet *b, int directions, guint64 seed,
                   double *distance, GError **error)
{
  SgPhilox rng = {.seed = seed, .stream = STREAM};
  g_autofree double *d = sg_room((gsize)directions * (gsize)a->dim, sizeof *d);

  for (int i = 0; d && i < directions; i++) {
    double *row = d + (gsize)i * (gsize)a->dim, length = 0;
    for (int k = 0; k < a->dim; k++) {
      row[k] = sg_philox_normal(&rng);
      length += row[k] * row[k];
    }
    for (int k = 0; k < a->dim; k++)
      row[k] /= sqrt(length);
  }
  return d ? sg_sliced_distance_along(a, b, directions, d, distance, error) : sg_room_check(error);
}
