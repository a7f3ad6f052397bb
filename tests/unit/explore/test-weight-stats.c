/* Statistics and histograms of weights against NumPy. */
#include "engine/explore/weights/weight-stats.h"
#include <math.h>
#include <string.h>
#include "engine/models/model.h"
#include "tests/support/models.h"
#include "tests/unit/explore/weight-stats-table.h"

#define N_TENSORS (G_N_ELEMENTS(table) - 1) /* the last line is all of them together */

static void
check(const SgWeightStats *s, gsize row)
{
  g_assert_cmpuint(s->count, ==, table[row].count);
  g_assert_cmpuint(s->zeros, ==, table[row].zeros);
  g_assert_cmpuint(s->not_finite, ==, 0);
  g_assert_cmpfloat(s->min, ==, table[row].min);
  g_assert_cmpfloat(s->max, ==, table[row].max);
  g_assert_cmpfloat_with_epsilon(s->mean, table[row].mean, 1e-13 * (1 + table[row].std));
  g_assert_cmpfloat_with_epsilon(s->std, table[row].std, 1e-12 * (1 + table[row].std));
}

static void
test_numpy(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  SgWeightStats all = sg_weight_stats_none();

  for (gsize i = 0; i < N_TENSORS; i++) {
    SgTensor *t = sg_model_tensor(model, "G_ema.", table[i].name);
    guint64 own[TABLE_BINS] = {0}, normal[TABLE_BINS] = {0}, inside = 0;
    SgWeightStats s = sg_weight_stats_measure(t->data, t->numel);

    check(&s, i);
    sg_weight_stats_add(&all, &s);
    g_assert_cmpuint(sg_weight_histogram(t->data, t->numel, s.min, s.max, TABLE_BINS, own), ==, 0);
    g_assert_cmpmem(own, sizeof own, table[i].own, sizeof own);
    guint64 outside = sg_weight_histogram(t->data, t->numel, -2, 2, TABLE_BINS, normal);
    g_assert_cmpmem(normal, sizeof normal, table[i].normal, sizeof normal);
    for (int b = 0; b < TABLE_BINS; b++)
      inside += normal[b];
    g_assert_cmpuint(inside + outside, ==, s.count);
  }
  check(&all, N_TENSORS);
}

/* A mean far from zero keeps its small spread, alone and in sums; what is not finite is counted. */
static void
test_hard(void)
{
  const float far[] = {1e6f, 1e6f + 1, 1e6f + 2, 1e6f + 3}, bad[] = {NAN, 0, INFINITY, -0.0f, 3};
  SgWeightStats s = sg_weight_stats_measure(far, 2), more = sg_weight_stats_measure(far + 2, 2);
  guint64 counts[4] = {0};

  sg_weight_stats_add(&s, &more);
  g_assert_cmpfloat_with_epsilon(s.mean, 1e6 + 1.5, 1e-6);
  g_assert_cmpfloat_with_epsilon(s.std, sqrt(1.25), 1e-9);
  s = sg_weight_stats_measure(bad, G_N_ELEMENTS(bad));
  g_assert_cmpuint(s.count, ==, 5);
  g_assert_cmpuint(s.not_finite, ==, 2);
  g_assert_cmpuint(s.zeros, ==, 2);
  g_assert_cmpfloat(s.mean, ==, 1);
  g_assert_cmpuint(sg_weight_histogram(bad, 5, -1, 1, 4, counts), ==, 1);
  g_assert_cmpuint(counts[2], ==, 2);
  s = sg_weight_stats_none();
  g_assert_cmpuint(s.count, ==, 0);
  g_assert_cmpfloat(s.std, ==, 0);
  /* One value: everything in the first part. */
  memset(counts, 0, sizeof counts);
  g_assert_cmpuint(sg_weight_histogram(far, 1, 1e6, 1e6, 4, counts), ==, 0);
  g_assert_cmpuint(counts[0], ==, 1);
}

/* Abramowitz & Stegun, table 26.1. */
static void
test_normal(void)
{
  g_assert_cmpfloat_with_epsilon(sg_normal_density(0, 1), 0.398942280401, 1e-11);
  g_assert_cmpfloat_with_epsilon(sg_normal_density(-2, 1), 0.053990966513, 1e-11);
  g_assert_cmpfloat_with_epsilon(sg_normal_density(200, 100), 0.00053990966513, 1e-13);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/weight-stats/numpy", test_numpy);
  g_test_add_func("/weight-stats/hard", test_hard);
  g_test_add_func("/weight-stats/normal", test_normal);
  return g_test_run();
}
