#include "engine/directions/relations.h"
#include "engine/directions/matrix.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

/* What remains of a direction that the others hold is rounding below this. */
#define NOTHING 1e-9

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

/* a = (A A^T)^-1 A d, [n]. */
static double *
parts(const SgNamedDirection *d, guint n, const SgNamedDirection *const *others, int dim,
      GError **error)
{
  g_autofree double *gram = g_new(double, n *n), *ad = g_new(double, n);

  for (guint i = 0; i < n; i++) {
    ad[i] = sg_dot(others[i]->vector, d->vector, dim);
    for (guint j = 0; j < n; j++)
      gram[i * n + j] = sg_dot(others[i]->vector, others[j]->vector, dim);
  }
  g_autofree double *inverse = sg_matrix_root((int)n, gram, -1, error);
  double *a = inverse ? g_new(double, n) : NULL;
  if (a)
    sg_matrix_multiply((int)n, (int)n, 1, inverse, ad, a);
  return a;
}

SgNamedDirection *
sg_direction_without(const SgNamedDirection *d, guint n, const SgNamedDirection *const *others,
                     const SgMoments *m, GError **error)
{
  g_autofree double *a = n ? parts(d, n, others, m->dim, error) : NULL;
  g_autoptr(SgNamedDirection) rest = sg_named_direction_copy(d, m->dim);
  double before = sqrt(sg_dot(d->vector, d->vector, m->dim));

  if (n && !a)
    return NULL;
  for (guint i = 0; i < n; i++)
    for (int k = 0; k < m->dim; k++)
      rest->vector[k] -= a[i] * others[i]->vector[k];
  double length = sqrt(sg_dot(rest->vector, rest->vector, m->dim));
  if (!(length > NOTHING * before)) {
    sg_broken(error, "the other directions hold all of %s: nothing is left of it", d->name);
    return NULL;
  }
  for (int k = 0; k < m->dim; k++)
    rest->vector[k] /= length;
  rest->sigma = sg_moments_sigma(m, rest->vector);
  rest->auc = NAN; /* that of the whole direction does not hold for the rest */
  if (rest->sigma > 0)
    return g_steal_pointer(&rest);
  sg_broken(error, "w does not vary along what is left of %s", d->name);
  return NULL;
}
