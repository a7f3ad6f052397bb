#include "engine/directions/sefa.h"
#include "engine/base/philox.h"
#include "engine/directions/eigen.h"
#include "engine/directions/matrix.h"
#include <math.h>

/* Adds x x^T / |x|² to gram [dim, dim]; a row of zeros adds nothing. */
static void
add_unit_row(int dim, const float *x, double *gram)
{
  double squares = 0;

  for (int i = 0; i < dim; i++)
    squares += (double)x[i] * (double)x[i];
  if (squares == 0)
    return;
#pragma omp parallel for schedule(static)
  for (int i = 0; i < dim; i++) {
    double v = (double)x[i] / squares, *out = gram + (gsize)i * (gsize)dim;
    for (int j = 0; j < dim; j++)
      out[j] += v * (double)x[j];
  }
}

static double *
trained_gram(const GPtrArray *affines, int dim)
{
  double *gram = g_new0(double, (gsize)dim *(gsize)dim);

  for (guint i = 0; i < affines->len; i++) {
    const SgAffine *a = affines->pdata[i];
    for (int r = 0; r < a->rows; r++)
      add_unit_row(dim, a->a + (gsize)r * (gsize)dim, gram);
  }
  return gram;
}

/* What a network has before its first step: normal weights. */
static double *
untrained_gram(int rows, int dim)
{
  double *gram = g_new0(double, (gsize)dim *(gsize)dim);
  g_autofree float *x = g_new(float, dim);
  SgPhilox random = {.seed = 0, .stream = 0};

  for (int r = 0; r < rows; r++) {
    sg_philox_normals(&random, (gsize)dim, x);
    add_unit_row(dim, x, gram);
  }
  return gram;
}

SgSefa *
sg_sefa_new(const GPtrArray *affines, int w_dim, GError **error)
{
  if (!sg_matrix_check(w_dim, error))
    return NULL;
  g_autoptr(SgSefa) s = g_new0(SgSefa, 1);
  g_autofree double *untrained = untrained_gram(sg_affines_rows(affines), w_dim);

  s->dim = w_dim;
  s->directions = trained_gram(affines, w_dim);
  s->values = g_new(double, w_dim);
  s->untrained = g_new(double, w_dim);
  if (!sg_eigen_symmetric(w_dim, s->directions, s->values, error) ||
      !sg_eigen_symmetric(w_dim, untrained, s->untrained, error))
    return NULL;
  return g_steal_pointer(&s);
}

void
sg_sefa_free(SgSefa *s)
{
  if (!s)
    return;
  g_free(s->values);
  g_free(s->directions);
  g_free(s->untrained);
  g_free(s);
}

void
sg_sefa_name(const SgSefa *s, int count, const char *prefix, const SgMoments *m,
             SgDirectionSet *set)
{
  g_autofree double *one = g_new(double, s->dim);
  double all = 0;

  for (int k = 0; k < s->dim; k++)
    all += s->values[k];
  for (int k = 0; k < MIN(count, s->dim); k++) {
    const double *v = s->directions + (gsize)k * (gsize)s->dim;
    double sigma = sg_moments_sigma(m, v);
    g_autofree char *name = g_strdup_printf("%s%d", prefix, k + 1);
    for (int i = 0; i < s->dim; i++)
      one[i] = sigma * v[i];
    SgNamedDirection *d = sg_direction_set_add(set, name, one);
    if (d)
      d->share = all > 0 ? s->values[k] / all : NAN;
  }
}
