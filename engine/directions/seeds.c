#include "engine/directions/seeds.h"
#include "engine/base/random.h"
#include <string.h>

/* Latents that are mapped at once. */
#define BATCH 500

int
sg_seeds_label(const SgMapping *m, int label, gint64 i)
{
  return label >= 0 || m->c_dim == 0 ? label : (int)(i % m->c_dim);
}

gboolean
sg_seeds_map(const SgMapping *m, guint32 first, int n, int label, float *z, float *w,
             GError **error)
{
  gsize z_dim = (gsize)m->z_dim, w_dim = (gsize)m->w_dim;
  g_autofree float *batch = g_new(float, z_dim *BATCH);
  g_autofree SgRandomState *state = g_new(SgRandomState, 1);
  int labels[BATCH];

  for (int i = 0; i < n; i += BATCH) {
    int count = MIN(BATCH, n - i);
    for (int k = 0; k < count; k++) {
      sg_random_state_seed(state, first + (guint32)(i + k));
      sg_random_state_randn_f32(state, z_dim, batch + (gsize)k * z_dim);
      labels[k] = sg_seeds_label(m, label, (gint64)first + i + k);
    }
    if (z)
      memcpy(z + (gsize)i * z_dim, batch, (gsize)count * z_dim * sizeof(float));
    if (!sg_mapping_run(m, count, batch, labels, w + (gsize)i * w_dim, error))
      return FALSE;
  }
  return TRUE;
}
