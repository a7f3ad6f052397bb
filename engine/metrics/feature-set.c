#include "engine/metrics/feature-set.h"
#include "engine/base/room.h"
#include "engine/formats/format-error.h"
#include <math.h>

SgFeatureSet *
sg_feature_set_new(int dim, int room, GError **error)
{
  float *rows = g_try_malloc_n((gsize)room, (gsize)dim * sizeof(float));

  if (!rows) {
    sg_no_memory(error, "for features of pictures");
    return NULL;
  }
  SgFeatureSet *s = g_new(SgFeatureSet, 1);
  *s = (SgFeatureSet){dim, 0, room, rows};
  return s;
}

void
sg_feature_set_free(SgFeatureSet *s)
{
  if (s)
    g_free(s->rows);
  g_free(s);
}

gboolean
sg_feature_set_check(const SgFeatureSet *s, int n, const char *whose, GError **error)
{
  gsize count = (gsize)n * (gsize)s->dim;

  for (gsize i = 0; i < count; i++)
    if (!isfinite(s->rows[i]))
      return sg_broken(error,
                       "the network's features of %s picture %" G_GSIZE_FORMAT " are not finite "
                       "numbers: no distance can be told",
                       whose, i / (gsize)s->dim + 1);
  return TRUE;
}

SgFeatureSet
sg_feature_set_head(const SgFeatureSet *s, int n)
{
  return (SgFeatureSet){s->dim, MIN(n, s->n), s->room, s->rows};
}

/* ---- products of rows ------------------------------------------------------------------------ */

#define TILE 4 /* rows of each side whose sums are held in registers */

/* Rows of a tile beyond the last repeat it. */
static void
tile(const double *const a[TILE], const double *const b[TILE], int dim, double sums[TILE][TILE])
{
  double s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  double s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;

#pragma omp simd reduction(+ : s00, s01, s02, s03, s10, s11, s12, s13, s20, s21, s22, s23, s30,    \
                               s31, s32, s33)
  for (int k = 0; k < dim; k++) {
    double p = a[0][k], q = a[1][k], r = a[2][k], t = a[3][k];
    double w = b[0][k], x = b[1][k], y = b[2][k], z = b[3][k];
    s00 += p * w, s01 += p * x, s02 += p * y, s03 += p * z;
    s10 += q * w, s11 += q * x, s12 += q * y, s13 += q * z;
    s20 += r * w, s21 += r * x, s22 += r * y, s23 += r * z;
    s30 += t * w, s31 += t * x, s32 += t * y, s33 += t * z;
  }
  const double all[TILE][TILE] = {
      {s00, s01, s02, s03}, {s10, s11, s12, s13}, {s20, s21, s22, s23}, {s30, s31, s32, s33}};
  for (int i = 0; i < TILE; i++)
    for (int j = 0; j < TILE; j++)
      sums[i][j] = all[i][j];
}

void
sg_row_products(int n, int m, int dim, const double *a, const double *b, double *out)
{
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; i += TILE)
    for (int j = 0; j < m; j += TILE) {
      const double *from[TILE], *to[TILE];
      double sums[TILE][TILE];
      for (int t = 0; t < TILE; t++) {
        from[t] = a + (gsize)MIN(i + t, n - 1) * (gsize)dim;
        to[t] = b + (gsize)MIN(j + t, m - 1) * (gsize)dim;
      }
      tile(from, to, dim, sums);
      for (int u = i; u < MIN(i + TILE, n); u++)
        for (int v = j; v < MIN(j + TILE, m); v++)
          out[(gsize)u * (gsize)m + (gsize)v] = sums[u - i][v - j];
    }
}

static double *
as_doubles(const SgFeatureSet *s)
{
  gsize count = (gsize)s->n * (gsize)s->dim;
  double *v = sg_room(count, sizeof *v);

  for (gsize i = 0; v && i < count; i++)
    v[i] = (double)s->rows[i];
  return v;
}

void
sg_feature_products(const SgFeatureSet *a, const SgFeatureSet *b, double *out)
{
  g_autofree double *x = as_doubles(a);
  g_autofree double *own = a == b ? NULL : as_doubles(b);
  const double *y = a == b ? x : own;

  if (x && y)
    sg_row_products(a->n, b->n, a->dim, x, y, out);
}

void
sg_feature_source_free(SgFeatureSource *s)
{
  if (s)
    s->release(s);
}
