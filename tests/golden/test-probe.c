/* What stages compute, against NumPy (make-probe.py), and against the pictures they make. */
#include <math.h>
#include <string.h>
#include "engine/explore/probe.h"
#include "tests/support/models.h"

static SgRenderer *
open_renderer(const char *name, SgModel **model)
{
  g_autoptr(GError) error = NULL;
  *model = test_load_model(name);
  SgRenderer *r = sg_renderer_new(*model, NULL, &error);
  g_assert_no_error(error);
  return r;
}

/* Compares t with the numbers at *expected and goes past them. */
static void
compare(const SgTensor *t, const float **expected, const char *what)
{
  double worst = 0, range = 1e-30;
  for (gsize i = 0; i < t->numel; i++) {
    worst = MAX(worst, fabs((double)t->data[i] - (double)(*expected)[i]));
    range = MAX(range, fabs((double)(*expected)[i]));
  }
  if (worst > 1e-4 * range)
    g_error("%s: off by %g of %g", what, worst, range);
  *expected += t->numel;
}

static void
test_numpy(void)
{
  SgModel *model;
  g_autoptr(SgRenderer) r = open_renderer("sg2.safetensors", &model);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  g_autofree char *path =
      g_test_build_filename(G_TEST_DIST, "golden", "expected", "probe.f32", NULL);
  g_autofree char *data = NULL;
  gsize bytes;
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) stages = sg_probe_stages(r);
  g_autoptr(GPtrArray) parts = sg_probe_contributions(r, recipe, &error);
  guint drawn = 0;

  g_assert_no_error(error);
  g_assert_true(g_file_get_contents(path, &data, &bytes, NULL));
  const float *at = (const float *)data, *end = at + bytes / sizeof(float);
  for (guint i = 0; i < stages->len; i++) {
    const SgProbeStage *stage = &g_array_index(stages, SgProbeStage, i);
    g_autoptr(SgProbe) p = sg_probe_run(r, recipe, i, &error);
    g_assert_no_error(error);
    g_assert_cmpint((int)p->style->numel, ==, stage->in_channels);
    compare(p->style, &at, stage->name);
    if (stage->kind == SG_STAGE_RGB) {
      g_assert_cmpmem(p->contribution->data, p->contribution->numel * sizeof(float),
                      ((SgTensor *)parts->pdata[drawn])->data,
                      ((SgTensor *)parts->pdata[drawn])->numel * sizeof(float));
      drawn++;
    }
    g_assert_true((p->contribution != NULL) == (stage->kind == SG_STAGE_RGB));
    compare(p->contribution ? p->contribution : p->activation, &at, stage->name);
  }
  g_assert_true(at == end);
  g_assert_cmpuint(drawn, ==, parts->len);
  sg_model_unref(model);
}

/* [3, h, w] -> [3, 2h, 2w] by zero insertion and the filter [1, 3, 3, 1] / 8 an axis, gain 4: tap
 * by tap, as the papers define upfirdn. */
static double *
upsampled(const double *x, int size)
{
  static const double taps[] = {0.25, 0.75, 0.75, 0.25};
  int to = 2 * size;
  double *y = g_new0(double, 3 * to * to);

  for (int c = 0; c < 3; c++)
    for (int v = 0; v < to; v++)
      for (int u = 0; u < to; u++)
        for (int b = 0; b < 4; b++)
          for (int a = 0; a < 4; a++) {
            int py = v + b - 2, px = u + a - 2;
            if (py >= 0 && px >= 0 && py % 2 == 0 && px % 2 == 0 && py / 2 < size && px / 2 < size)
              y[(c * to + v) * to + u] +=
                  taps[a] * taps[b] * x[(c * size + py / 2) * size + px / 2];
          }
  return y;
}

/* Upsampled and summed, the contributions are the picture. */
static void
test_sum(void)
{
  SgModel *model;
  g_autoptr(SgRenderer) r = open_renderer("sg2.safetensors", &model);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  g_autoptr(GError) error = NULL;

  recipe->seed = 5;
  g_autoptr(GPtrArray) parts = sg_probe_contributions(r, recipe, &error);
  g_autoptr(SgTensor) picture = sg_renderer_render_float(r, recipe, &error);
  g_assert_no_error(error);
  int size = 4;
  double *sum = g_new0(double, 3 * size * size);
  for (guint i = 0; i < parts->len; i++) {
    const SgTensor *t = parts->pdata[i];
    if (i > 0) {
      double *up = upsampled(sum, size);
      g_free(sum);
      sum = up;
      size *= 2;
    }
    g_assert_cmpint((int)t->shape[1], ==, size);
    for (gsize k = 0; k < t->numel; k++)
      sum[k] += (double)t->data[k];
  }
  for (gsize k = 0; k < picture->numel; k++)
    g_assert_cmpfloat_with_epsilon(sum[k], (double)picture->data[k], 1e-4);
  g_free(sum);
  sg_model_unref(model);
}

/* No gain is no noise, gain 1 is the stored noise, and the cache of stages never shows. */
static void
test_noise(void)
{
  const char *const files[] = {"sg2.safetensors", "simplerick_zip.pt"};

  for (gsize f = 0; f < G_N_ELEMENTS(files); f++) {
    SgModel *model, *other;
    g_autoptr(SgRenderer) r = open_renderer(files[f], &model);
    g_autoptr(SgRenderer) fresh = open_renderer(files[f], &other);
    g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
    g_autoptr(GArray) stages = sg_probe_stages(r);
    double gains[64];
    int convs = 0;

    for (guint i = 0; i < stages->len; i++)
      if (g_array_index(stages, SgProbeStage, i).kind == SG_STAGE_CONV)
        gains[convs++] = 0;
    g_autoptr(SgTensor) stored = sg_renderer_render_float(r, recipe, NULL);
    recipe->noise_mode = SG_NOISE_NONE;
    g_autoptr(SgTensor) silent = sg_renderer_render_float(fresh, recipe, NULL);
    recipe->noise_mode = SG_NOISE_CONST;
    sg_recipe_set_noise_gain(recipe, convs, gains);
    g_autoptr(SgTensor) none = sg_renderer_render_float(r, recipe, NULL);
    g_assert_cmpfloat(test_difference(stored, none), >, 1e-4); /* the noise can be seen */
    g_assert_cmpfloat(test_difference(silent, none), ==, 0);
    gains[convs - 1] = 1.5; /* only the last: most of the cache stays */
    sg_recipe_set_noise_gain(recipe, convs, gains);
    g_autoptr(SgTensor) some = sg_renderer_render_float(r, recipe, NULL);
    sg_renderer_set_cache_budget(fresh, 0);
    g_autoptr(SgTensor) anew = sg_renderer_render_float(fresh, recipe, NULL);
    g_assert_cmpfloat(test_difference(some, anew), ==, 0);
    g_assert_cmpfloat(test_difference(some, none), >, 0);
    sg_recipe_set_noise_gain(recipe, 0, NULL);
    g_autoptr(SgTensor) back = sg_renderer_render_float(r, recipe, NULL);
    g_assert_cmpfloat(test_difference(back, stored), ==, 0);
    gains[0] = 1;
    sg_recipe_set_noise_gain(recipe, convs + 1, gains);
    g_autoptr(GError) error = NULL;
    g_assert_null(sg_renderer_render_float(r, recipe, &error)); /* of another model */
    g_assert_nonnull(error);
    sg_model_unref(model);
    sg_model_unref(other);
  }
}

/* A layer whose weights are all pruned leaves the same number everywhere, but for its noise. */
static void
test_dead(void)
{
  SgModel *model;
  g_autoptr(SgRenderer) r = open_renderer("sg2.safetensors", &model);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  g_autoptr(GError) error = NULL;

  sg_prune_set_layer(&recipe->prune, "synthesis.b8.conv1.weight", 1e9);
  recipe->noise_mode = SG_NOISE_NONE;
  g_autoptr(SgProbe) p = sg_probe_run(r, recipe, 3, &error); /* b4.conv1, b4.torgb, b8.conv0 */
  g_assert_no_error(error);
  g_autofree SgChannelStats *stats = sg_activation_stats(p->activation);
  for (int c = 0; c < (int)p->activation->shape[0]; c++)
    g_assert_true(stats[c].dead);
  sg_prune_clear(&recipe->prune);
  g_autoptr(SgProbe) whole = sg_probe_run(r, recipe, 3, &error);
  g_autofree SgChannelStats *alive = sg_activation_stats(whole->activation);
  g_assert_false(alive[0].dead);
  g_assert_null(sg_probe_run(r, recipe, 1000, &error));
  g_assert_nonnull(error);
  sg_model_unref(model);
}

/* The pictures of an activation whose numbers are known. */
static void
test_pictures(void)
{
  gint64 shape[] = {3, 2, 2};
  g_autoptr(SgTensor) t = sg_tensor_new(3, shape);
  const float v[] = {0, 1, 2, 4, -1, -1, -1, -1, 10, 0, 0, 10};
  int w, h;

  memcpy(t->data, v, sizeof v);
  g_autofree SgChannelStats *s = sg_activation_stats(t);
  g_assert_cmpfloat(s[0].mean, ==, 1.75);
  g_assert_cmpfloat_with_epsilon(s[0].std, sqrt(35. / 16), 1e-12);
  g_assert_cmpfloat(s[2].zeros, ==, 0.5);
  g_assert_true(s[1].dead && !s[0].dead);
  g_autofree guint8 *each = sg_activation_grid(t, 2, SG_NORMALISE_EACH, &w, &h);
  g_assert_cmpint(w, ==, 5);
  g_assert_cmpint(h, ==, 5);
  g_assert_cmpint(each[(1 * 5 + 1) * 3], ==, 255); /* channel 0, bottom right */
  g_assert_cmpint(each[(0 * 5 + 1) * 3], ==, 64);
  g_assert_cmpint(each[(0 * 5 + 3) * 3], ==, 128); /* dead: grey */
  g_assert_cmpint(each[(3 * 5 + 0) * 3], ==, 255); /* channel 2, second row */
  g_assert_cmpint(each[(2 * 5 + 0) * 3], ==, 0);   /* between rows */
  g_autofree guint8 *common = sg_activation_grid(t, 2, SG_NORMALISE_COMMON, &w, &h);
  g_assert_cmpint(common[(1 * 5 + 1) * 3], ==, (int)(5 / 11. * 255 + 0.5));
  g_autofree guint8 *mean = sg_activation_channel(t, -1); /* 3, 0, 1/3, 13/3 */
  g_assert_cmpint(mean[3 * 3], ==, 255);
  g_assert_cmpint(mean[1 * 3], ==, 0);
  g_assert_cmpint(mean[0], ==, (int)(9 / 13. * 255 + 0.5));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/probe/numpy", test_numpy);
  g_test_add_func("/probe/sum", test_sum);
  g_test_add_func("/probe/noise", test_noise);
  g_test_add_func("/probe/dead", test_dead);
  g_test_add_func("/probe/pictures", test_pictures);
  return g_test_run();
}
