#include "engine/metrics/manifold.h"
#include "engine/base/room.h"
#include "engine/formats/format-error.h"

#define BLOCK 1024 /* rows whose distances to all others are there at once */

static SgFeatureSet
part(const SgFeatureSet *s, int from)
{
  int n = MIN(BLOCK, s->n - from);
  return (SgFeatureSet){s->dim, n, n, s->rows + (gsize)from * (gsize)s->dim};
}

/* |row|² of each. */
static double *
lengths(const SgFeatureSet *s)
{
  double *l = sg_room0((gsize)s->n, sizeof *l);

  for (int i = 0; l && i < s->n; i++)
    for (int k = 0; k < s->dim; k++) {
      double v = (double)s->rows[(gsize)i * (gsize)s->dim + (gsize)k];
      l[i] += v * v;
    }
  return l;
}

/* distances [rows of a part of a, b->n], squared; from products of rows. */
static void
squared_distances(double *products, int n, int m, const double *la, const double *lb)
{
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; i++)
    for (int j = 0; j < m; j++) {
      double *d = &products[(gsize)i * (gsize)m + (gsize)j];
      *d = MAX(0, la[i] + lb[j] - 2 * *d);
    }
}

/* The k-th smallest of v [n], 0 being the smallest; v is reordered (Hoare's selection). */
static double
select_kth(double *v, int n, int k)
{
  int low = 0, high = n - 1;

  while (low < high) {
    double pivot = v[low + (high - low) / 2];
    int i = low, j = high;
    while (i <= j) {
      while (v[i] < pivot)
        i++;
      while (v[j] > pivot)
        j--;
      if (i <= j) {
        double kept = v[i];
        v[i++] = v[j];
        v[j--] = kept;
      }
    }
    if (k <= j)
      high = j;
    else if (k >= i)
      low = i;
    else
      break;
  }
  return v[k];
}

/* Squared distance of each row to the k-th nearest other one: itself is the nearest, at 0. */
static double *
radii(const SgFeatureSet *s, const double *l, int k, double *products)
{
  double *r = sg_room((gsize)s->n, sizeof *r);

  for (int from = 0; r && from < s->n; from += BLOCK) {
    SgFeatureSet rows = part(s, from);
    sg_feature_products(&rows, s, products);
    squared_distances(products, rows.n, s->n, l + from, l);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < rows.n; i++) {
      products[(gsize)i * (gsize)s->n + (gsize)(from + i)] = 0;
      r[from + i] = select_kth(products + (gsize)i * (gsize)s->n, s->n, k);
    }
  }
  return r;
}

/* The share of `rows` that are within the radius of some row of `of`. */
static double
covered(const SgFeatureSet *rows, const double *l, const SgFeatureSet *of, const double *of_l,
        const double *r, double *products)
{
  int inside = 0;

  for (int from = 0; from < rows->n; from += BLOCK) {
    SgFeatureSet some = part(rows, from);
    sg_feature_products(&some, of, products);
    squared_distances(products, some.n, of->n, l + from, of_l);
#pragma omp parallel for schedule(static) reduction(+ : inside)
    for (int i = 0; i < some.n; i++)
      for (int j = 0; j < of->n; j++)
        if (products[(gsize)i * (gsize)of->n + (gsize)j] <= r[j]) {
          inside++;
          break;
        }
  }
  return (double)inside / rows->n;
}

gboolean
sg_precision_recall(const SgFeatureSet *real, const SgFeatureSet *fake, int k, double *precision,
                    double *recall, GError **error)
{
  int most = MAX(real->n, fake->n);

  g_assert(real->dim == fake->dim && k > 0);
  if (MIN(real->n, fake->n) <= k)
    return sg_unsupported(error,
                          "precision and recall look at the %d nearest neighbours of every "
                          "picture: at least %d are needed of each side, found %d",
                          k, k + 1, MIN(real->n, fake->n));
  g_autofree double *products = sg_room((gsize)MIN(BLOCK, most) * (gsize)most, sizeof *products);
  g_autofree double *lr = lengths(real), *lf = lengths(fake);
  g_autofree double *rr = products && lr ? radii(real, lr, k, products) : NULL;
  g_autofree double *rf = products && lf ? radii(fake, lf, k, products) : NULL;
  if (rr && rf) {
    *precision = covered(fake, lf, real, lr, rr, products);
    *recall = covered(real, lr, fake, lf, rf, products);
  }
  return sg_room_check(error);
}
