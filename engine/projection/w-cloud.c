#include "engine/projection/w-cloud.h"
#include "engine/base/random.h"
#include "engine/directions/ranks.h"
#include "engine/directions/seeds.h"
#include "engine/base/room.h"
#include <math.h>

#define SEED  123
#define BATCH 500

static gboolean
map_all(const SgMapping *m, int n, int label, float *w, GError **error)
{
  g_autofree float *z = sg_room(BATCH * (gsize)m->z_dim, sizeof *z);
  g_autofree SgRandomState *state = g_new(SgRandomState, 1);
  int labels[BATCH];

  if (!z)
    return sg_room_check(error);
  sg_random_state_seed(state, SEED);
  for (int i = 0; i < n; i += BATCH) {
    int count = MIN(BATCH, n - i);
    for (int k = 0; k < count; k++)
      labels[k] = m->c_dim == 0 ? -1 : sg_seeds_label(m, label, i + k);
    sg_random_state_randn_f32(state, (gsize)count * (gsize)m->z_dim, z);
    if (!sg_mapping_run(m, count, z, labels, w + (gsize)i * (gsize)m->w_dim, error))
      return FALSE;
  }
  return TRUE;
}

static double
squared_distance(const SgWCloud *c, const float *w)
{
  double sum = 0;

  for (int j = 0; j < c->dim; j++)
    sum += ((double)w[j] - c->mean[j]) * ((double)w[j] - c->mean[j]);
  return sum;
}

SgWCloud *
sg_w_cloud_new(const SgMapping *m, int n, int label, GError **error)
{
  gsize dim = (gsize)m->w_dim;
  g_autofree float *w = sg_room((gsize)n * dim, sizeof *w);
  g_autoptr(SgWCloud) c = g_new0(SgWCloud, 1);
  double squares = 0;

  if (!w) {
    sg_room_check(error);
    return NULL;
  }
  if (!map_all(m, n, label, w, error))
    return NULL;
  c->dim = m->w_dim;
  c->n = n;
  c->mean = g_new0(double, dim);
  c->distances = sg_room((gsize)n, sizeof *c->distances);
  if (!c->distances) {
    sg_room_check(error);
    return NULL;
  }
  for (int i = 0; i < n; i++)
    for (gsize j = 0; j < dim; j++)
      c->mean[j] += (double)w[(gsize)i * dim + j] / n;
  for (int i = 0; i < n; i++) {
    double one = squared_distance(c, w + (gsize)i * dim);
    squares += one / n;
    c->distances[i] = sqrt(one);
  }
  c->deviation = sqrt(squares);
  sg_ranks_sort((gsize)n, c->distances);
  return g_steal_pointer(&c);
}

void
sg_w_cloud_free(SgWCloud *c)
{
  if (!c)
    return;
  g_free(c->mean);
  g_free(c->distances);
  g_free(c);
}

double
sg_w_cloud_percentile(const SgWCloud *c, int layers, const double *ws)
{
  double squares = 0;

  for (int l = 0; l < layers; l++)
    for (int j = 0; j < c->dim; j++) {
      double off = ws[(gsize)l * (gsize)c->dim + (gsize)j] - c->mean[j];
      squares += off * off / layers;
    }
  return sg_ranks_percentile((gsize)c->n, c->distances, sqrt(squares));
}
