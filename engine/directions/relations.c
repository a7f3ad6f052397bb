#include "engine/directions/relations.h"
#include "engine/directions/matrix.h"
#include <math.h>

void
sg_relations(guint n, const SgNamedDirection *const *d, int w_dim, const SgMoments *m,
             double *cosine, double *moved)
{
  g_autofree double *length = g_new(double, MAX(n, 1)), *sigma = g_new0(double, MAX(n, 1));

  for (guint i = 0; i < n; i++) {
    length[i] = sqrt(sg_dot(d[i]->vector, d[i]->vector, w_dim));
    if (m)
      sigma[i] = sg_moments_sigma(m, d[i]->vector);
  }
  for (guint i = 0; i < n; i++)
    for (guint j = 0; j < n; j++) {
      double dot = sg_dot(d[i]->vector, d[j]->vector, w_dim);
      cosine[i * n + j] = dot / (length[i] * length[j]);
      if (moved)
        moved[i * n + j] = sigma[j] > 0 ? d[i]->sigma * dot / sigma[j] : NAN;
    }
}
