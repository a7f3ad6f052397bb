#include "engine/metrics/frechet.h"
#include "engine/base/room.h"
#include "engine/directions/eigen.h"
#include "engine/directions/matrix.h"
#include <math.h>

/* One set as a normal distribution. */
typedef struct {
  double *mean;   /* [dim] */
  double *factor; /* [r, dim]: factorᵀ factor is the covariance */
  int r;
  double trace; /* of the covariance */
} Normal;

static void
normal_clear(Normal *g)
{
  g_free(g->mean);
  g_free(g->factor);
}

static void
take_mean(const SgFeatureSet *s, double *mean)
{
  for (int i = 0; i < s->n; i++)
    for (int k = 0; k < s->dim; k++)
      mean[k] += (double)s->rows[(gsize)i * (gsize)s->dim + (gsize)k];
  for (int k = 0; k < s->dim; k++)
    mean[k] /= s->n;
}

/* Rows less the mean, times `scale`: [n, dim], or where `across` its transpose. */
static void
centre(const SgFeatureSet *s, const double *mean, double scale, gboolean across, double *out)
{
  gsize n = (gsize)s->n, dim = (gsize)s->dim;

#pragma omp parallel for schedule(static)
  for (gsize k = 0; k < dim; k++)
    for (gsize i = 0; i < n; i++)
      out[across ? k * n + i : i * dim + k] = scale * ((double)s->rows[i * dim + k] - mean[k]);
}

/* Of more rows than numbers in each, the covariance's root says as much. */
static gboolean
take_root(Normal *g, const SgFeatureSet *s, double scale, GError **error)
{
  gsize dim = (gsize)s->dim;
  g_autofree double *across = sg_room(dim * (gsize)s->n, sizeof *across);
  g_autofree double *covariance = sg_room(dim * dim, sizeof *covariance);

  if (!across || !covariance)
    return sg_room_check(error);
  centre(s, g->mean, scale, TRUE, across);
  sg_row_products(s->dim, s->dim, s->n, across, across, covariance);
  for (gsize k = 0; k < dim; k++)
    g->trace += covariance[k * dim + k];
  g->r = s->dim;
  g->factor = sg_matrix_root(s->dim, covariance, 0.5, error);
  return g->factor != NULL;
}

static gboolean
normal_of(Normal *g, const SgFeatureSet *s, SgCovariance how, GError **error)
{
  gsize count = (gsize)s->n * (gsize)s->dim;
  double scale = 1 / sqrt(how == SG_COVARIANCE_BIASED ? s->n : s->n - 1);

  *g = (Normal){.mean = sg_room0((gsize)s->dim, sizeof(double)), .r = s->n};
  if (!g->mean)
    return sg_room_check(error);
  take_mean(s, g->mean);
  if (s->n > s->dim)
    return take_root(g, s, scale, error);
  g->factor = sg_room(count, sizeof(double));
  if (!g->factor)
    return sg_room_check(error);
  centre(s, g->mean, scale, FALSE, g->factor);
  for (gsize i = 0; i < count; i++)
    g->trace += g->factor[i] * g->factor[i];
  return TRUE;
}

/* The sum of the singular values of a bᵀ: roots of the eigenvalues of its smaller square. */
static gboolean
root_trace(const Normal *a, const Normal *b, int dim, double *trace, GError **error)
{
  const Normal *few = a->r <= b->r ? a : b, *many = few == a ? b : a;
  gsize r = (gsize)few->r;
  g_autofree double *product = sg_room(r * (gsize)many->r, sizeof *product);
  g_autofree double *square = sg_room(r * r, sizeof *square);
  g_autofree double *values = sg_room(r, sizeof *values);

  if (!product || !square || !values)
    return sg_room_check(error);
  sg_row_products(few->r, many->r, dim, few->factor, many->factor, product);
  sg_row_products(few->r, few->r, many->r, product, product, square);
  if (!sg_eigenvalues_symmetric(few->r, square, values, error))
    return FALSE;
  *trace = 0;
  for (gsize i = 0; i < r; i++)
    *trace += sqrt(MAX(values[i], 0));
  return TRUE;
}

gboolean
sg_frechet_distance(const SgFeatureSet *a, const SgFeatureSet *b, SgCovariance how,
                    double *distance, GError **error)
{
  Normal x = {0}, y = {0};
  double trace = 0, apart = 0;

  g_assert(a->dim == b->dim && a->n > 1 && b->n > 1);
  gboolean ok = normal_of(&x, a, how, error) && normal_of(&y, b, how, error) &&
                root_trace(&x, &y, a->dim, &trace, error);
  for (int k = 0; ok && k < a->dim; k++)
    apart += (x.mean[k] - y.mean[k]) * (x.mean[k] - y.mean[k]);
  if (ok)
    *distance = apart + x.trace + y.trace - 2 * trace;
  normal_clear(&x);
  normal_clear(&y);
  return ok;
}
