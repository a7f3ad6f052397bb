/* What noise does: nothing at strength 0, the moments of the draws, and what theory says of the
 * last convolution, whose noise reaches a pixel through one linear step. */
#include "engine/explore/causes/noise-variance.h"
#include "engine/explore/nets.h"
#include "tests/support/models.h"
#include <math.h>
#include <string.h>

#define SIZE_OF(map) ((gsize)(map)->h * (gsize)(map)->w)

static SgNoiseVariance *
draws(SgRenderer *r, const SgRecipe *recipe, int n)
{
  SgNoiseVariance *v = sg_noise_variance_new();
  g_autoptr(GError) error = NULL;

  for (int i = 0; i < n; i++) {
    g_assert_true(sg_noise_variance_draw(v, r, recipe, 0, &error));
    g_assert_no_error(error);
  }
  return v;
}

static int
num_convs(SgRenderer *r)
{
  const SgPrune none = {0};
  return ((SgNets *)sg_renderer_nets(r, &none, NULL))->net->num_convs;
}

static void
test_zero(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new_for(&model->info);
  g_autofree double *none = g_new0(double, num_convs(r));

  g_autoptr(SgNoiseVariance) some = draws(r, recipe, 5);
  g_assert_cmpfloat(sg_noise_variance_mean(some), >, 0);
  sg_recipe_set_noise_gain(recipe, num_convs(r), none);
  g_autoptr(SgNoiseVariance) v = draws(r, recipe, 5);
  g_autoptr(SgHeatMap) map = sg_noise_variance_map(v);
  for (gsize i = 0; i < SIZE_OF(map); i++)
    g_assert_cmpfloat(map->change[i], ==, 0);
  g_assert_cmpfloat(sg_noise_variance_mean(v), ==, 0);
}

/* Grey levels of a face, [size, size]. */
static double *
grey(SgRenderer *r, const SgRecipe *recipe)
{
  g_autoptr(SgTensor) t = test_render(r, recipe);
  gsize n = (gsize)t->shape[2] * (gsize)t->shape[3];
  double *out = g_new0(double, n);

  for (gsize i = 0; i < n; i++) {
    for (gint64 c = 0; c < t->shape[1]; c++)
      out[i] += (double)t->data[(gsize)c * n + i];
    out[i] = 127.5 * (out[i] / (double)t->shape[1] + 1);
  }
  return out;
}

/* Moments of the same pictures, the plain way. */
static void
test_moments(void)
{
  enum { N = 6 };
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new_for(&model->info);
  double *pictures[N];

  recipe->seed = 3;
  recipe->noise_seed = 40;
  g_autoptr(SgNoiseVariance) v = draws(r, recipe, N);
  g_autoptr(SgHeatMap) map = sg_noise_variance_map(v);
  recipe->noise_mode = SG_NOISE_RANDOM;
  for (guint32 i = 0; i < N; i++) {
    recipe->noise_seed = 40 + i;
    pictures[i] = grey(r, recipe);
  }
  for (gsize k = 0; k < SIZE_OF(map); k++) {
    double mean = 0, squares = 0;
    for (int i = 0; i < N; i++)
      mean += pictures[i][k] / N;
    for (int i = 0; i < N; i++)
      squares += (pictures[i][k] - mean) * (pictures[i][k] - mean);
    g_assert_cmpfloat_with_epsilon(v->mean[k], mean, 1e-3);
    g_assert_cmpfloat_with_epsilon(map->change[k], sqrt(squares / (N - 1)), 1e-3);
  }
  for (int i = 0; i < N; i++)
    g_free(pictures[i]);
}

/* The plane of noise that the model keeps for its last convolution. */
static float *
last_plane(SgRenderer *r, gsize *n)
{
  const SgPrune none = {0};
  const SgNets *nets = sg_renderer_nets(r, &none, NULL);
  float *plane = NULL;

  for (guint i = 0; i < nets->net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(nets->net, i);
    if (stage->kind != SG_STAGE_CONV)
      continue;
    g_free(plane);
    g_assert_nonnull(stage->noise_const);
    *n = (gsize)stage->resolution * (gsize)stage->resolution;
    plane = g_new(float, *n);
    stage->noise_const->backend->download(stage->noise_const, plane);
  }
  return plane;
}

/* The last convolution's noise is added to its output, goes through a leaky ReLU and a 1×1
 * convolution: as long as no activation changes its sign a pixel moves by g * noise. g comes from
 * the one plane that the model keeps, and the deviation over draws has to be |g|. */
static void
test_theory(void)
{
  const double small = 0.02;
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new_for(&model->info);
  const int last = num_convs(r) - 1;
  g_autofree double *gain = g_new0(double, last + 1);
  gsize n = 0, used = 0;
  double ratio = 0;

  sg_recipe_set_noise_gain(recipe, last + 1, gain);
  g_autofree double *without = grey(r, recipe);
  gain[last] = small;
  sg_recipe_set_noise_gain(recipe, last + 1, gain);
  g_autofree double *with = grey(r, recipe);
  g_autofree float *plane = last_plane(r, &n);
  g_autoptr(SgNoiseVariance) v = draws(r, recipe, 60);
  for (gsize i = 0; i < n; i++) {
    double g = (with[i] - without[i]) / (double)plane[i];
    if (fabs((double)plane[i]) < 0.5 || fabs(g) < 1e-3) /* lost in rounding */
      continue;
    ratio += v->squares[i] / (v->draws - 1) / (g * g);
    used++;
  }
  g_test_message("variance is %.3f of theory over %zu pixels", ratio / (double)used, used);
  g_assert_cmpuint(used, >, n / 4);
  g_assert_cmpfloat_with_epsilon(ratio / (double)used, 1, 0.05);
}

/* Single layers' noise, and groups: what is off is off. */
static void
test_only(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new_for(&model->info);
  const int n = num_convs(r);
  g_autofree double *gain = g_new(double, n);

  for (int k = 0; k < n; k++)
    gain[k] = 1 + k;
  sg_recipe_set_noise_gain(recipe, n, gain);
  for (int conv = SG_NOISE_FINE; conv < n; conv++) {
    g_autoptr(SgRecipe) only = sg_noise_only(r, recipe, conv, NULL);
    for (int k = 0; k < n; k++) {
      int resolution = k == 0 ? 4 : 4 << (k + 1) / 2;
      gboolean on = conv >= 0                 ? k == conv
                    : conv == SG_NOISE_COARSE ? resolution <= 32
                                              : resolution >= 64;
      g_assert_cmpfloat(only->num_noise ? only->noise_gain[k] : 1, ==, on ? gain[k] : 0);
    }
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/noise-variance/zero", test_zero);
  g_test_add_func("/noise-variance/moments", test_moments);
  g_test_add_func("/noise-variance/theory", test_theory);
  g_test_add_func("/noise-variance/only", test_only);
  return g_test_run();
}
