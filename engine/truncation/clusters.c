#include "engine/truncation/clusters.h"
#include <string.h>
#include "engine/base/philox.h"
#include "engine/directions/seeds.h"

#define LANES 8

/* Squared. Sums side by side, which a compiler may not make of one sum by itself. */
static double
distance(int dim, const double *centre, const float *point)
{
  double sums[LANES] = {0}, sum = 0;
  int i = 0;

  for (; i + LANES <= dim; i += LANES)
    for (int k = 0; k < LANES; k++) {
      double d = (double)point[i + k] - centre[i + k];
      sums[k] += d * d;
    }
  for (; i < dim; i++)
    sum += ((double)point[i] - centre[i]) * ((double)point[i] - centre[i]);
  for (int k = 0; k < LANES; k++)
    sum += sums[k];
  return sum;
}

static void
put(double *centre, const float *point, int dim)
{
  for (int i = 0; i < dim; i++)
    centre[i] = point[i];
}

/* One of the points, each with a chance as its squared distance to the nearest centre; `nearest`
 * [n] follows. */
static gsize
next_centre(gsize n, const double *nearest, SgPhilox *p)
{
  double sum = 0, at;
  gsize i = 0;

  for (gsize k = 0; k < n; k++)
    sum += nearest[k];
  at = sg_philox_uniform(p) * sum;
  while (i + 1 < n && (at -= nearest[i]) >= 0)
    i++;
  return i;
}

static void
begin(gsize n, int dim, const float *points, int k, guint32 seed, double *centres)
{
  SgPhilox p = {.seed = seed, .stream = 0x6b6d65616e73u /* "kmeans" */};
  g_autofree double *nearest = g_new(double, n);
  gsize chosen = sg_philox_below(&p, (guint32)n);

  for (gsize i = 0; i < n; i++)
    nearest[i] = G_MAXDOUBLE;
  for (int c = 0; c < k; c++) {
    double *centre = centres + (gsize)c * (gsize)dim;
    put(centre, points + chosen * (gsize)dim, dim);
    for (gsize i = 0; i < n; i++)
      nearest[i] = MIN(nearest[i], distance(dim, centre, points + i * (gsize)dim));
    chosen = next_centre(n, nearest, &p);
  }
}

/* Every point to its nearest centre; FALSE: none has changed. */
static gboolean
assign(gsize n, int dim, const float *points, int k, const double *centres, int *of)
{
  gboolean changed = FALSE;

  for (gsize i = 0; i < n; i++) {
    double best = G_MAXDOUBLE;
    int nearest = 0;
    for (int c = 0; c < k; c++) {
      double d = distance(dim, centres + (gsize)c * (gsize)dim, points + i * (gsize)dim);
      if (d < best) {
        best = d;
        nearest = c;
      }
    }
    changed |= of[i] != nearest;
    of[i] = nearest;
  }
  return changed;
}

/* A cluster without points stays where it was. */
static void
move(gsize n, int dim, const float *points, int k, const int *of, double *centres)
{
  g_autofree double *sums = g_new0(double, (gsize)k *(gsize)dim);
  g_autofree gsize *counts = g_new0(gsize, k);

  for (gsize i = 0; i < n; i++) {
    double *sum = sums + (gsize)of[i] * (gsize)dim;
    counts[of[i]]++;
    for (int j = 0; j < dim; j++)
      sum[j] += (double)points[i * (gsize)dim + (gsize)j];
  }
  for (int c = 0; c < k; c++)
    for (int j = 0; counts[c] && j < dim; j++)
      centres[(gsize)c * (gsize)dim + (gsize)j] =
          sums[(gsize)c * (gsize)dim + (gsize)j] / (double)counts[c];
}

double *
sg_kmeans(gsize n, int dim, const float *points, int k, int rounds, guint32 seed)
{
  g_return_val_if_fail(n > 0 && n <= G_MAXUINT32 && k > 0 && (gsize)k <= n, NULL);
  double *centres = g_new(double, (gsize)k *(gsize)dim);
  g_autofree int *of = g_new(int, n);

  for (gsize i = 0; i < n; i++)
    of[i] = -1;
  begin(n, dim, points, k, seed, centres);
  while (rounds-- > 0 && assign(n, dim, points, k, centres, of))
    move(n, dim, points, k, of, centres);
  return centres;
}

int
sg_nearest_cluster(int k, int dim, const double *centres, const double *w)
{
  double best = G_MAXDOUBLE;
  int nearest = 0;

  for (int c = 0; c < k; c++) {
    double sum = 0;
    for (int i = 0; i < dim; i++) {
      double d = w[i] - centres[(gsize)c * (gsize)dim + (gsize)i];
      sum += d * d;
    }
    if (sum < best) {
      best = sum;
      nearest = c;
    }
  }
  return nearest;
}

double *
sg_clusters_new(const SgMapping *mapping, GError **error)
{
  g_autofree float *w = g_new(float, (gsize)SG_CLUSTER_FACES *(gsize)mapping->w_dim);

  if (!sg_seeds_map(mapping, 0, SG_CLUSTER_FACES, -1, NULL, w, error))
    return NULL;
  return sg_kmeans(SG_CLUSTER_FACES, mapping->w_dim, w, SG_CLUSTERS, SG_CLUSTER_ROUNDS, 0);
}
