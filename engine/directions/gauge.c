#include "engine/directions/gauge.h"
#include "engine/base/random.h"
#include "engine/directions/matrix.h"
#include "engine/directions/ranks.h"
#include "engine/directions/seeds.h"
#include <math.h>
#include <string.h>

#define BATCH 500

double
sg_gauge_distance(const SgGauge *g, const double *w)
{
  int dim = g->moments->dim;
  g_autofree double *centred = g_new(double, dim);
  double squares = 0;

  for (int i = 0; i < dim; i++)
    centred[i] = w[i] - g->moments->mean[i];
  for (int i = 0; i < dim; i++) {
    double v = sg_dot(g->white + (gsize)i * (gsize)dim, centred, dim);
    squares += v * v;
  }
  return sqrt(squares);
}

static void
set_distance(SgGauge *g, gsize at, const float *row)
{
  gsize dim = (gsize)g->moments->dim;
  g_autofree double *one = g_new(double, dim);

  for (gsize j = 0; j < dim; j++)
    one[j] = (double)row[j];
  g->distances[at] = sg_gauge_distance(g, one);
}

/* Distances of n w that had no part in the moments. */
static gboolean
sample_distances(SgGauge *g, const SgMapping *m, int label, GError **error)
{
  gsize z_dim = (gsize)m->z_dim, dim = (gsize)m->w_dim;
  g_autofree float *z = g_new(float, BATCH *z_dim), *w = g_new(float, BATCH *dim);
  g_autofree SgRandomState *state = g_new(SgRandomState, 1);
  int labels[BATCH];

  sg_random_state_seed(state, g->moments->seed + 1);
  for (gsize i = 0; i < g->n; i += BATCH) {
    gsize count = MIN(BATCH, g->n - i);
    for (gsize k = 0; k < count; k++)
      labels[k] = sg_seeds_label(m, label, (gint64)(i + k));
    sg_random_state_randn_f32(state, count * z_dim, z);
    if (!sg_mapping_run(m, (int)count, z, labels, w, error))
      return FALSE;
    for (gsize k = 0; k < count; k++)
      set_distance(g, i + k, w + k * dim);
  }
  sg_ranks_sort(g->n, g->distances);
  return TRUE;
}

SgGauge *
sg_gauge_new(const SgMapping *mapping, gsize n, int label, SgDirectionProgress progress,
             gpointer data, GError **error)
{
  g_autoptr(SgGauge) g = g_new0(SgGauge, 1);

  g->n = n;
  g->distances = g_new(double, n);
  g->moments = sg_moments_sample(mapping, (gint64)n, 0, label, progress, data, error);
  g->white =
      g->moments ? sg_matrix_root(g->moments->dim, g->moments->covariance, -0.5, error) : NULL;
  return g->white && sample_distances(g, mapping, label, error) ? g_steal_pointer(&g) : NULL;
}

SgGauge *
sg_gauge_of(int dim, gsize n, const float *rows, GError **error)
{
  g_autoptr(SgGauge) g = g_new0(SgGauge, 1);
  gsize first = n / 5 * 4;

  g->n = n - first;
  g->distances = g_new(double, g->n);
  g->moments = sg_moments_of(dim, (gint64)first, rows, error);
  g->white = g->moments ? sg_matrix_root(dim, g->moments->covariance, -0.5, error) : NULL;
  if (!g->white)
    return NULL;
  for (gsize i = 0; i < g->n; i++)
    set_distance(g, i, rows + (first + i) * (gsize)dim);
  sg_ranks_sort(g->n, g->distances);
  return g_steal_pointer(&g);
}

void
sg_gauge_free(SgGauge *g)
{
  if (!g)
    return;
  sg_moments_free(g->moments);
  g_free(g->white);
  g_free(g->distances);
  g_free(g);
}

double
sg_gauge_percentile(const SgGauge *g, const double *w)
{
  return sg_ranks_percentile(g->n, g->distances, sg_gauge_distance(g, w));
}

/* ---- conditional sampling -------------------------------------------------------------------- */

/* out [rows, columns] = the covariance's entries at the numbered rows and columns. */
static double *
part(const SgMoments *m, int rows, const int *row, int columns, const int *column)
{
  double *out = g_new(double, MAX(1, (gsize)rows * (gsize)columns));

  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      out[(gsize)i * (gsize)columns + (gsize)j] =
          m->covariance[(gsize)row[i] * (gsize)m->dim + (gsize)column[j]];
  return out;
}

static void
split(SgConditional *c, const int *fixed)
{
  g_autofree gboolean *is_fixed = g_new0(gboolean, c->dim);
  int f = 0, r = 0;

  for (int i = 0; i < c->count; i++)
    is_fixed[fixed[i]] = TRUE;
  for (int i = 0; i < c->dim; i++)
    if (is_fixed[i])
      c->fixed[f++] = i;
    else
      c->rest[r++] = i;
}

SgConditional *
sg_conditional_new(const SgMoments *m, int count, const int *fixed, GError **error)
{
  g_autoptr(SgConditional) c = g_new0(SgConditional, 1);
  int rest = m->dim - count;

  c->dim = m->dim;
  c->count = count;
  c->fixed = g_new(int, MAX(1, count));
  c->rest = g_new(int, MAX(1, rest));
  c->mean = g_memdup2(m->mean, (gsize)m->dim * sizeof(double));
  split(c, fixed);
  g_autofree double *ff = part(m, count, c->fixed, count, c->fixed);
  g_autofree double *rf = part(m, rest, c->rest, count, c->fixed);
  g_autofree double *fr = part(m, count, c->fixed, rest, c->rest);
  g_autofree double *rr = part(m, rest, c->rest, rest, c->rest);
  c->regression = g_new0(double, MAX(1, (gsize)rest * (gsize)count));
  if (count > 0) {
    g_autofree double *inverse = sg_matrix_root(count, ff, -1, error);
    g_autofree double *explained = g_new(double, MAX(1, (gsize)rest * (gsize)rest));
    if (!inverse)
      return NULL;
    sg_matrix_multiply(rest, count, count, rf, inverse, c->regression);
    sg_matrix_multiply(rest, count, rest, c->regression, fr, explained);
    for (gsize i = 0; i < (gsize)rest * (gsize)rest; i++)
      rr[i] -= explained[i];
  }
  c->root = rest > 0 ? sg_matrix_root(rest, rr, 0.5, error) : g_new0(double, 1);
  return c->root ? g_steal_pointer(&c) : NULL;
}

void
sg_conditional_free(SgConditional *c)
{
  if (!c)
    return;
  g_free(c->fixed);
  g_free(c->rest);
  g_free(c->regression);
  g_free(c->root);
  g_free(c->mean);
  g_free(c);
}

void
sg_conditional_draw(const SgConditional *c, const double *normals, double *w)
{
  int rest = c->dim - c->count;
  g_autofree double *off = g_new(double, MAX(1, c->count));

  for (int j = 0; j < c->count; j++)
    off[j] = w[c->fixed[j]] - c->mean[c->fixed[j]];
  for (int i = 0; i < rest; i++)
    w[c->rest[i]] = c->mean[c->rest[i]] +
                    sg_dot(c->regression + (gsize)i * (gsize)c->count, off, c->count) +
                    sg_dot(c->root + (gsize)i * (gsize)rest, normals, rest);
}
