/* A part of a set that is drawn rather than the first pictures of it, whose names may be sorted by
 * what they show. */
#include "engine/base/philox.h"
#include "engine/data/dataset-private.h"
#include <stdlib.h>

/* Keeps these numbers apart from whatever else is drawn from the same seed. */
#define SUBSET_STREAM (G_GUINT64_CONSTANT(0x73756273) << 32)

static int
compare_numbers(gconstpointer a, gconstpointer b)
{
  guint x = *(const guint *)a, y = *(const guint *)b;
  return x < y ? -1 : x > y;
}

/* The first `count` of a permutation (Durstenfeld 1964, "Algorithm 235"). */
guint *
sg_subset_draw(guint n, guint count, guint64 seed)
{
  SgPhilox p = {seed, SUBSET_STREAM, 0};
  guint *all = g_new(guint, MAX(n, 1));

  count = MIN(count, n);
  for (guint i = 0; i < n; i++)
    all[i] = i;
  for (guint i = 0; i < count; i++) {
    guint other = i + sg_philox_below(&p, n - i), kept = all[i];
    all[i] = all[other];
    all[other] = kept;
  }
  qsort(all, count, sizeof *all, compare_numbers);
  return all;
}
