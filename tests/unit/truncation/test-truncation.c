/* What faces are drawn towards: a normal distribution that is cut off has SciPy's quantiles and
 * distribution; clusters of points that lie in heaps are the heaps; a recipe says which. */
#include "engine/base/philox.h"
#include "engine/base/random.h"
#include "engine/explore/nets.h"
#include "engine/explore/recipe-table.h"
#include "engine/truncation/clusters.h"
#include "engine/truncation/truncated-normal.h"
#include "tests/support/models.h"
#include "tests/unit/truncation/normal-table.h"
#include <math.h>
#include <stdlib.h>

static void
test_quantiles(void)
{
  for (guint i = 0; i < G_N_ELEMENTS(quantiles); i++) {
    double z = quantiles[i].z, wanted = quantiles[i].truncated;
    sg_truncate_normal(quantiles[i].tau, 1, &z);
    if (fabs(z - wanted) > 1e-15 + 1e-9 * fabs(wanted))
      g_error("tau %g, z %g: %.17g, SciPy has %.17g", quantiles[i].tau, quantiles[i].z, z, wanted);
  }
  double far = 7.9;
  sg_truncate_normal(SG_TAU_OFF, 1, &far);
  g_assert_cmpfloat(far, ==, 7.9);
}

static int
rising(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: of n numbers the distribution function is off by more than 1.95 / √n once
 * in a thousand times. */
static void
test_distribution(void)
{
  enum { N = 20000 };
  g_autofree double *z = g_new(double, N);
  SgRandomState state;

  for (guint i = 0; i < G_N_ELEMENTS(distribution); i++) {
    gsize under = 0;
    if (i == 0 || distribution[i].tau != distribution[i - 1].tau) {
      sg_random_state_seed(&state, 17);
      sg_random_state_randn(&state, N, z);
      sg_truncate_normal(distribution[i].tau, N, z);
      qsort(z, N, sizeof *z, rising);
      g_assert_cmpfloat(z[0], >=, -distribution[i].tau);
      g_assert_cmpfloat(z[N - 1], <=, distribution[i].tau);
    }
    while (under < N && z[under] <= distribution[i].x)
      under++;
    g_assert_cmpfloat(fabs((double)under / N - distribution[i].probability), <, 1.95 / sqrt(N));
  }
}

/* Heaps far apart: centres are their means, whichever point was drawn first. */
static void
test_kmeans(void)
{
  enum { K = 5, EACH = 40, DIM = 11, N = K * EACH };
  g_autofree float *points = g_new(float, N *DIM);
  double means[K][DIM] = {{0}};
  SgPhilox p = {.seed = 1};

  for (int i = 0; i < N; i++)
    for (int j = 0; j < DIM; j++) {
      float v = (float)(20 * (i % K == j) + sg_philox_normal(&p));
      points[i * DIM + j] = v;
      means[i % K][j] += (double)v / EACH;
    }
  for (guint32 seed = 0; seed < 4; seed++) {
    g_autofree double *centres = sg_kmeans(N, DIM, points, K, 30, seed);
    g_autofree double *again = sg_kmeans(N, DIM, points, K, 30, seed);
    g_assert_cmpmem(centres, sizeof(double) * K * DIM, again, sizeof(double) * K * DIM);
    for (int heap = 0; heap < K; heap++) {
      const double *found = centres + DIM * sg_nearest_cluster(K, DIM, centres, means[heap]);
      for (int j = 0; j < DIM; j++)
        g_assert_cmpfloat_with_epsilon(found[j], means[heap][j], 1e-9);
    }
  }
}

/* As many clusters as points: each is one. */
static void
test_every_point(void)
{
  const float points[] = {1, 2, 3, 4, 5, 6};
  g_autofree double *centres = sg_kmeans(3, 2, points, 3, 10, 0);
  g_autofree double *one = sg_kmeans(3, 2, points, 1, 10, 0);

  for (int i = 0; i < 3; i++) {
    const double w[] = {(double)points[2 * i], (double)points[2 * i + 1]};
    g_assert_cmpfloat(centres[2 * sg_nearest_cluster(3, 2, centres, w)], ==, w[0]);
  }
  g_assert_cmpfloat_with_epsilon(one[0], 3, 1e-12);
  g_assert_cmpfloat_with_epsilon(one[1], 4, 1e-12);
}

/* ---- recipes ----------------------------------------------------------------------------- */

static float *
ws_of(SgNets *nets, const SgRecipe *r)
{
  float *ws = g_new(float, nets->net->num_ws * nets->net->w_dim);
  g_autoptr(GError) error = NULL;

  g_assert_true(sg_nets_single_ws(nets, r, ws, &error));
  g_assert_no_error(error);
  return ws;
}

/* psi 0 is the nearest centre itself, psi 0.5 half way there. */
static void
test_towards(void)
{
  const SgPrune none = {0};
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) renderer = test_renderer_new(model, NULL, 0);
  SgNets *nets = sg_renderer_nets(renderer, &none, NULL);
  const int w_dim = model->info.w_dim;
  g_autofree double *centres = sg_clusters_new(nets->mapping, NULL);
  g_autofree double *own = g_new(double, w_dim);
  int different = 0;

  for (guint32 seed = 0; seed < 6; seed++) {
    g_autoptr(SgRecipe) r = sg_recipe_new_for(&model->info);
    r->seed = seed;
    g_autofree float *w = ws_of(nets, r);
    for (int i = 0; i < w_dim; i++)
      own[i] = (double)w[i];
    int nearest = sg_nearest_cluster(SG_CLUSTERS, w_dim, centres, own);
    different += nearest != 0;
    r->towards = SG_TOWARDS_CLUSTER;
    g_autofree float *same = ws_of(nets, r);
    r->psi = 0;
    g_autofree float *at = ws_of(nets, r);
    r->psi = 0.5;
    g_autofree float *half = ws_of(nets, r);
    for (int i = 0; i < w_dim; i++) {
      double centre = centres[nearest * w_dim + i];
      g_assert_cmpfloat(same[i], ==, w[i]);
      g_assert_cmpfloat_with_epsilon(at[i], centre, 1e-6);
      g_assert_cmpfloat_with_epsilon(half[i], 0.5 * (centre + own[i]), 1e-5);
    }
  }
  g_assert_cmpint(different, >, 0);
}

/* Saved pictures carry both, as a version that older programs refuse; without them nothing of a
 * recipe is new. */
static void
test_json(void)
{
  g_autoptr(SgRecipe) r = sg_recipe_new(16, 16);
  g_autofree char *old = sg_recipe_to_json(r, NULL, NULL);
  double z[16], cut[16];

  g_assert_nonnull(strstr(old, "\"vitrine\":1"));
  g_assert_null(strstr(old, "tau"));
  sg_recipe_base_z(r, 0, z);
  r->tau = 0.75;
  r->towards = SG_TOWARDS_CLUSTER;
  g_autofree char *json = sg_recipe_to_json(r, NULL, NULL);
  g_assert_nonnull(strstr(json, "\"vitrine\":4"));
  g_autoptr(SgRecipe) back = sg_recipe_from_json(json, -1, NULL, NULL, NULL);
  g_assert_true(sg_recipe_equal(r, back));
  sg_recipe_base_z(back, 0, cut);
  sg_truncate_normal(0.75, 16, z);
  for (int i = 0; i < 16; i++)
    g_assert_cmpfloat(z[i], ==, cut[i]);
  /* A loaded z is as it was loaded. */
  back->z_base = g_new0(double, 16);
  back->z_base[3] = 5;
  sg_recipe_base_z(back, 0, cut);
  g_assert_cmpfloat(cut[3], ==, 5);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/truncation/quantiles", test_quantiles);
  g_test_add_func("/truncation/distribution", test_distribution);
  g_test_add_func("/truncation/kmeans", test_kmeans);
  g_test_add_func("/truncation/every-point", test_every_point);
  g_test_add_func("/truncation/towards", test_towards);
  g_test_add_func("/truncation/json", test_json);
  return g_test_run();
}
