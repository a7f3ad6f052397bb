#include "engine/directions/pca.h"
#include "engine/directions/eigen.h"
#include "engine/directions/matrix.h"
#include <math.h>
#include <string.h>

static void
mirror(int n, double *a)
{
  for (int i = 0; i < n; i++)
    for (int j = 0; j < i; j++) {
      double *x = a + (gsize)i * (gsize)n + j, *y = a + (gsize)j * (gsize)n + i;
      *x = *y = (*x + *y) / 2;
    }
}

/* The direction's entry of largest magnitude is positive, as an eigenvector's would be. */
static void
fix_sign(int n, double *direction, double *score)
{
  int largest = 0;

  for (int i = 1; i < n; i++)
    if (fabs(direction[i]) > fabs(direction[largest]))
      largest = i;
  double sign = direction[largest] < 0 ? -1 : 1;
  for (int i = 0; i < n; i++) {
    score[i] *= sign;
    direction[i] *= sign;
  }
}

static SgPca *
pca_of(const SgMoments *m, const double *gram, GError **error)
{
  g_autoptr(SgPca) p = g_new0(SgPca, 1);
  int n = m->dim;
  gsize size = (gsize)n * (gsize)n;
  g_autofree double *vectors = g_memdup2(m->covariance, size * sizeof(double));
  g_autofree double *values = g_new(double, n);

  if (!sg_eigen_symmetric(n, vectors, values, error))
    return NULL;
  g_autofree double *root = sg_matrix_power(n, vectors, values, 0.5);
  g_autofree double *inverse = sg_matrix_power(n, vectors, values, -0.5);
  g_autofree double *half = g_new(double, size), *heard = g_new(double, size);
  p->dim = n;
  p->variance = g_new(double, n);
  p->directions = g_new(double, size);
  p->score = g_new(double, size);
  if (gram) {
    sg_matrix_multiply(n, n, n, root, gram, half);
    sg_matrix_multiply(n, n, n, half, root, heard);
    mirror(n, heard);
  } else
    memcpy(heard, m->covariance, size * sizeof(double));
  if (!sg_eigen_symmetric(n, heard, p->variance, error))
    return NULL;
  /* Rows v of `heard` are white coordinates: w = mean + L g, g = L^-1 (w - mean). */
  sg_matrix_multiply(n, n, n, heard, root, p->directions);
  sg_matrix_multiply(n, n, n, heard, inverse, p->score);
  for (int k = 0; k < n; k++) {
    p->variance[k] = MAX(p->variance[k], 0);
    p->total += p->variance[k];
    fix_sign(n, p->directions + (gsize)k * (gsize)n, p->score + (gsize)k * (gsize)n);
  }
  return g_steal_pointer(&p);
}

SgPca *
sg_pca_new(const SgMoments *m, const GPtrArray *affines, GError **error)
{
  g_autofree double *gram = affines ? sg_affines_gram(affines, m->dim) : NULL;
  return pca_of(m, gram, error);
}

void
sg_pca_free(SgPca *p)
{
  if (!p)
    return;
  g_free(p->variance);
  g_free(p->directions);
  g_free(p->score);
  g_free(p);
}

int
sg_pca_count_for(const SgPca *p, double share)
{
  double sum = 0;

  for (int k = 0; k < p->dim; k++) {
    sum += p->variance[k];
    if (sum >= share * p->total)
      return k + 1;
  }
  return p->dim;
}

double
sg_pca_participation(const SgPca *p)
{
  double squares = 0;

  for (int k = 0; k < p->dim; k++)
    squares += p->variance[k] * p->variance[k];
  return squares > 0 ? p->total * p->total / squares : 0;
}

void
sg_pca_cumulative(const SgPca *p, double *out)
{
  out[0] = 0;
  for (int k = 0; k < p->dim; k++)
    out[k + 1] = out[k] + p->variance[k] / (p->total > 0 ? p->total : 1);
}

void
sg_pca_scores(const SgPca *p, const double *mean, int k, int n, const float *w, int step,
              double *out)
{
  gsize dim = (gsize)p->dim;
  const double *row = p->score + (gsize)k * dim;

  for (int i = 0; i < n; i++) {
    double s = 0;
    for (gsize j = 0; j < dim; j++)
      s += row[j] * ((double)w[(gsize)i * dim + j] - mean[j]);
    out[(gsize)i * (gsize)step] = s;
  }
}

void
sg_pca_name(const SgPca *p, int count, const char *prefix, SgDirectionSet *set)
{
  for (int k = 0; k < MIN(count, p->dim); k++) {
    g_autofree char *name = g_strdup_printf("%s%d", prefix, k + 1);
    SgNamedDirection *d = sg_direction_set_add(set, name, p->directions + (gsize)k * (gsize)p->dim);
    if (d)
      d->share = p->total > 0 ? p->variance[k] / p->total : NAN;
  }
}
