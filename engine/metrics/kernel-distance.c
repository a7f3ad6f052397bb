#include "engine/metrics/kernel-distance.h"
#include "engine/base/philox.h"
#include "engine/base/room.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <stdlib.h>

/* Up to so many rows of each side the kernel of every pair is kept: 3 · 4096² doubles, 400 MiB. */
#define KEPT      4096
#define REPEATS   200 /* of the bootstrap */
#define STREAM    1002
#define BOOTSTRAP 1003

/* Kernels of pairs. */
typedef struct {
  int n, m;
  double *xx, *yy, *xy; /* [n, n], [m, m], [n, m] */
} Kernels;

static void
kernels_clear(Kernels *k)
{
  g_free(k->xx);
  g_free(k->yy);
  g_free(k->xy);
}

static double *
kernels_between(const SgFeatureSet *a, const SgFeatureSet *b)
{
  gsize count = (gsize)a->n * (gsize)b->n;
  double *k = sg_room(count, sizeof *k);

  if (!k)
    return NULL;
  sg_feature_products(a, b, k);
#pragma omp parallel for schedule(static)
  for (gsize i = 0; i < count; i++) {
    double v = k[i] / a->dim + 1;
    k[i] = v * v * v;
  }
  return k;
}

static gboolean
kernels_fill(Kernels *k, const SgFeatureSet *a, const SgFeatureSet *b, GError **error)
{
  *k = (Kernels){a->n, b->n, kernels_between(a, a), kernels_between(b, b), kernels_between(a, b)};
  return sg_room_check(error);
}

/* ---- an estimate ----------------------------------------------------------------------------- */

/* Sums are taken row by row, and these in order: the same bits whatever the threads do. */
static double
sum_rows(const double *rows, int n)
{
  double sum = 0;

  for (int i = 0; i < n; i++)
    sum += rows[i];
  return sum;
}

/* Of the rows x and y, `size` each. */
static double
estimate(const Kernels *k, const int *x, const int *y, int size)
{
  double s = size;
  g_autofree double *rows = sg_room((gsize)size, sizeof *rows);

  if (!rows)
    return 0;
#pragma omp parallel for schedule(static)
  for (int i = 0; i < size; i++) {
    double within = 0, between = 0;
    for (int j = 0; j < size; j++) {
      if (i != j)
        within += k->xx[(gsize)x[i] * (gsize)k->n + (gsize)x[j]] +
                  k->yy[(gsize)y[i] * (gsize)k->m + (gsize)y[j]];
      between += k->xy[(gsize)x[i] * (gsize)k->m + (gsize)y[j]];
    }
    rows[i] = within / (s * (s - 1)) - 2 * between / (s * s);
  }
  return sum_rows(rows, size);
}

/* `size` of 0…n - 1 without repetition, in `order` [n]. */
static void
shuffle(SgPhilox *rng, int n, int size, int *order)
{
  for (int i = 0; i < n; i++)
    order[i] = i;
  for (int i = 0; i < size; i++) {
    int j = i + (int)sg_philox_below(rng, (guint32)(n - i)), kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}

/* The chosen rows alone. */
static SgFeatureSet
gather(const SgFeatureSet *s, const int *order, int size, float *rows)
{
  for (int i = 0; i < size; i++)
    for (int k = 0; k < s->dim; k++)
      rows[(gsize)i * (gsize)s->dim + (gsize)k] =
          s->rows[(gsize)order[i] * (gsize)s->dim + (gsize)k];
  return (SgFeatureSet){s->dim, size, size, rows};
}

/* One subset of sets whose kernels are too many to keep. */
static double
estimate_anew(const SgFeatureSet *a, const SgFeatureSet *b, const int *x, const int *y, int size)
{
  gsize count = (gsize)size * (gsize)a->dim;
  g_autofree float *rows = sg_room(2 * count, sizeof *rows);
  g_autofree int *order = sg_room((gsize)size, sizeof *order);
  double value = 0;

  if (!rows || !order)
    return 0;
  SgFeatureSet one = gather(a, x, size, rows), two = gather(b, y, size, rows + count);
  Kernels k = {size, size, kernels_between(&one, &one), kernels_between(&two, &two),
               kernels_between(&one, &two)};
  for (int i = 0; i < size; i++)
    order[i] = i;
  if (k.xx && k.yy && k.xy)
    value = estimate(&k, order, order, size);
  kernels_clear(&k);
  return value;
}

/* ---- the bootstrap --------------------------------------------------------------------------- */

/* Sum over j of counts[j] row[j], for every row that was drawn, times its count. */
static double
counted(const double *kernel, const int *x, int n, const int *y, int m, double *rows)
{
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; x[i] && j < m; j++)
      sum += y[j] * kernel[(gsize)i * (gsize)m + (gsize)j];
    rows[i] = x[i] * sum;
  }
  return sum_rows(rows, n);
}

/* The mean over pairs of different rows: one that was drawn twice is no pair with itself, which
 * would make sets look alike. */
static double
counted_within(const double *kernel, const int *counts, int n, double *rows)
{
  double sum = counted(kernel, counts, n, counts, n, rows), pairs = (double)n * n;

  for (int i = 0; i < n; i++) {
    double c = counts[i];
    sum -= c * c * kernel[(gsize)i * (gsize)n + (gsize)i];
    pairs -= c * c;
  }
  return pairs > 0 ? sum / pairs : 0;
}

static int
rising(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void
draw_counts(SgPhilox *rng, int n, int *counts)
{
  for (int i = 0; i < n; i++)
    counts[i] = 0;
  for (int i = 0; i < n; i++)
    counts[sg_philox_below(rng, (guint32)n)]++;
}

static void
bootstrap(const Kernels *k, guint64 seed, SgKernelDistance *out)
{
  SgPhilox rng = {.seed = seed, .stream = BOOTSTRAP};
  g_autofree int *x = sg_room((gsize)k->n, sizeof *x), *y = sg_room((gsize)k->m, sizeof *y);
  g_autofree double *rows = sg_room((gsize)MAX(k->n, k->m), sizeof *rows);
  double values[REPEATS];

  if (!x || !y || !rows)
    return;
  for (int i = 0; i < REPEATS; i++) {
    draw_counts(&rng, k->n, x);
    draw_counts(&rng, k->m, y);
    values[i] = counted_within(k->xx, x, k->n, rows) + counted_within(k->yy, y, k->m, rows) -
                2 * counted(k->xy, x, k->n, y, k->m, rows) / k->n / k->m;
  }
  qsort(values, REPEATS, sizeof *values, rising);
  out->low = values[REPEATS / 40];
  out->high = values[REPEATS - 1 - REPEATS / 40];
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
over_subsets(const SgFeatureSet *a, const SgFeatureSet *b, const Kernels *kept, int subsets,
             int size, guint64 seed, SgKernelDistance *out)
{
  SgPhilox rng = {.seed = seed, .stream = STREAM};
  g_autofree int *x = sg_room((gsize)a->n, sizeof *x), *y = sg_room((gsize)b->n, sizeof *y);
  double sum = 0, squares = 0;

  for (int i = 0; x && y && i < subsets; i++) {
    shuffle(&rng, a->n, size, x);
    shuffle(&rng, b->n, size, y);
    double v = kept ? estimate(kept, x, y, size) : estimate_anew(a, b, x, y, size);
    sum += v;
    squares += v * v;
  }
  out->value = sum / subsets;
  out->deviation = sqrt(MAX(0, squares / subsets - out->value * out->value));
}

gboolean
sg_kernel_distance(const SgFeatureSet *a, const SgFeatureSet *b, int subsets, int size,
                   guint64 seed, SgKernelDistance *out, GError **error)
{
  Kernels k = {0};
  gboolean keep = MAX(a->n, b->n) <= KEPT;

  g_assert(a->dim == b->dim);
  size = MIN(size, MIN(a->n, b->n));
  if (size < 2)
    return sg_unsupported(error, "a kernel distance needs two pictures of each side, found %d",
                          size);
  *out = (SgKernelDistance){.low = NAN, .high = NAN};
  if (keep && !kernels_fill(&k, a, b, error)) {
    kernels_clear(&k);
    return FALSE;
  }
  over_subsets(a, b, keep ? &k : NULL, subsets, size, seed, out);
  if (keep)
    bootstrap(&k, seed, out);
  kernels_clear(&k);
  return sg_room_check(error);
}
