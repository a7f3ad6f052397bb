#include "engine/directions/moments.h"
#include "engine/base/random.h"
#include "engine/directions/matrix.h"
#include "engine/directions/seeds.h"
#include <math.h>
#include <string.h>

/* Samples that are mapped and added at once: their transposed block stays in the cache. */
#define BATCH 512

/* Sums around a centre near the mean, so that no digits are lost where the mean is large. */
typedef struct {
  int dim;
  gint64 n;
  double *centre;  /* [dim]: mean of the first batch */
  double *sum;     /* [dim] */
  double *product; /* [dim, dim], lower triangle */
  double *block;   /* [dim, BATCH]: centred samples, transposed */
} Sums;

static void
sums_clear(Sums *s)
{
  g_free(s->centre);
  g_free(s->sum);
  g_free(s->product);
  g_free(s->block);
}

static void
sums_init(Sums *s, int dim)
{
  gsize d = (gsize)dim;
  *s = (Sums){.dim = dim,
              .sum = g_new0(double, d),
              .product = g_new0(double, d *d),
              .block = g_new(double, d *BATCH)};
}

static void
find_centre(Sums *s, int count, const float *rows)
{
  s->centre = g_new0(double, s->dim);
  for (int i = 0; i < count; i++)
    for (int j = 0; j < s->dim; j++)
      s->centre[j] += (double)rows[(gsize)i * (gsize)s->dim + (gsize)j] / count;
}

/* Adds rows [count, dim], count at most BATCH. Each sum belongs to one thread, so their number
 * changes nothing. */
static void
sums_add(Sums *s, int count, const float *rows)
{
  int dim = s->dim;

  if (!s->centre)
    find_centre(s, count, rows);
#pragma omp parallel for schedule(static)
  for (int j = 0; j < dim; j++) {
    double *x = s->block + (gsize)j * BATCH;
    for (int i = 0; i < count; i++) {
      x[i] = (double)rows[(gsize)i * (gsize)dim + (gsize)j] - s->centre[j];
      s->sum[j] += x[i];
    }
  }
#pragma omp parallel for schedule(dynamic, 8)
  for (int j = 0; j < dim; j++)
    for (int k = 0; k <= j; k++)
      s->product[(gsize)j * (gsize)dim + (gsize)k] +=
          sg_dot(s->block + (gsize)j * BATCH, s->block + (gsize)k * BATCH, count);
  s->n += count;
}

static SgMoments *
sums_finish(const Sums *s)
{
  SgMoments *m = g_new0(SgMoments, 1);
  gsize d = (gsize)s->dim;
  double n = (double)s->n;

  m->dim = s->dim;
  m->samples = s->n;
  m->label = -1;
  m->mean = g_new(double, d);
  m->covariance = g_new(double, d *d);
  for (gsize j = 0; j < d; j++)
    m->mean[j] = s->centre[j] + s->sum[j] / n;
  for (gsize j = 0; j < d; j++)
    for (gsize k = 0; k <= j; k++)
      m->covariance[j * d + k] = m->covariance[k * d + j] =
          (s->product[j * d + k] - s->sum[j] * s->sum[k] / n) / (n - 1);
  return m;
}

SgMoments *
sg_moments_of(int dim, gint64 n, const float *rows, GError **error)
{
  Sums s;

  if (!sg_matrix_check(dim, error))
    return NULL;
  sums_init(&s, dim);
  for (gint64 i = 0; i < n; i += BATCH)
    sums_add(&s, (int)MIN(BATCH, n - i), rows + (gsize)i * (gsize)dim);
  SgMoments *m = sums_finish(&s);
  sums_clear(&s);
  return m;
}

gboolean
sg_directions_cancelled(GError **error)
{
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INTR, "cancelled");
  return FALSE;
}

/* The next `count` latents through the mapping network: w [count, w_dim]. */
static gboolean
map_batch(const SgMapping *m, SgRandomState *state, gint64 first, int count, int label, float *z,
          float *w, GError **error)
{
  int labels[BATCH];

  for (int i = 0; i < count; i++)
    labels[i] = sg_seeds_label(m, label, first + i);
  sg_random_state_randn_f32(state, (gsize)count * (gsize)m->z_dim, z);
  return sg_mapping_run(m, count, z, labels, w, error);
}

SgMoments *
sg_moments_sample(const SgMapping *mapping, gint64 samples, guint32 seed, int label,
                  SgDirectionProgress progress, gpointer data, GError **error)
{
  if (!sg_matrix_check(mapping->w_dim, error))
    return NULL;
  g_autofree float *z = g_new(float, (gsize)BATCH *(gsize)mapping->z_dim);
  g_autofree float *w = g_new(float, (gsize)BATCH *(gsize)mapping->w_dim);
  g_autofree SgRandomState *state = g_new(SgRandomState, 1);
  SgMoments *m = NULL;
  gboolean ok = TRUE;
  Sums s;

  sg_random_state_seed(state, seed);
  sums_init(&s, mapping->w_dim);
  for (gint64 i = 0; ok && i < samples; i += BATCH) {
    int count = (int)MIN(BATCH, samples - i);
    ok = map_batch(mapping, state, i, count, label, z, w, error);
    if (ok)
      sums_add(&s, count, w);
    if (ok && progress && !progress(i + count, samples, data))
      ok = sg_directions_cancelled(error);
  }
  if (ok) {
    m = sums_finish(&s);
    m->seed = seed;
    m->label = label;
  }
  sums_clear(&s);
  return m;
}

void
sg_moments_free(SgMoments *m)
{
  if (!m)
    return;
  g_free(m->mean);
  g_free(m->covariance);
  g_free(m);
}

double
sg_moments_sigma(const SgMoments *m, const double *direction)
{
  double v = 0;

  for (int j = 0; j < m->dim; j++)
    v += direction[j] * sg_dot(m->covariance + (gsize)j * (gsize)m->dim, direction, m->dim);
  return sqrt(MAX(v, 0));
}
