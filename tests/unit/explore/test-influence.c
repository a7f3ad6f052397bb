/* What moves a region: estimates by gradients against moving every coordinate. */
#include "engine/explore/causes/influence.h"
#include "engine/models/family.h"
#include "tests/support/models.h"
#include <math.h>
#include <string.h>

#define PROBES 128
#define STEP   0.01

typedef struct {
  SgModel *model;
  SgRenderer *renderer;
  SgWeights *g;
  SgRecipe *recipe;
  SgRegion region;
} Setup;

static void
setup_init(Setup *s, const char *fixture)
{
  g_autoptr(GError) error = NULL;

  s->model = test_load_model(fixture);
  s->renderer = test_renderer_new(s->model, NULL, SG_RENDERER_BUDGET);
  s->g = sg_weights_new_generator(sg_renderer_backend(s->renderer), s->model, FALSE, &error);
  g_assert_no_error(error);
  s->recipe = sg_recipe_new(s->model->info.z_dim, s->model->info.w_dim);
  s->recipe->seed = 7;
  s->recipe->w_offset[1] = 0.5;
  if (s->model->info.family == &sg_family_stylegan3) {
    s->recipe->rotate = 20;
    s->recipe->translate_x = 0.1;
  }
  s->region = (SgRegion){3, 2, 6, 5};
}

static void
setup_clear(Setup *s)
{
  sg_recipe_free(s->recipe);
  sg_weights_free(s->g);
  sg_renderer_free(s->renderer);
  sg_model_unref(s->model);
}

/* Root mean square over the region of (a - b) / (2 STEP), in grey levels. */
static double
slope(const Setup *s, const SgRecipe *up, const SgRecipe *down)
{
  g_autoptr(SgTensor) a = test_render(s->renderer, up), b = test_render(s->renderer, down);
  int h = (int)a->shape[2], w = (int)a->shape[3];
  double squares = 0, n = 0;

  for (int c = 0; c < (int)a->shape[1]; c++)
    for (int y = s->region.y; y < s->region.y + s->region.h; y++)
      for (int x = s->region.x; x < s->region.x + s->region.w; x++, n++) {
        gsize i = ((gsize)c * (gsize)h + (gsize)y) * (gsize)w + (gsize)x;
        double d = 127.5 * (double)(a->data[i] - b->data[i]) / (2 * STEP);
        squares += d * d;
      }
  return sqrt(squares / n);
}

static double
moved_w(const Setup *s, int j, const double *direction)
{
  g_autoptr(SgRecipe) up = sg_recipe_copy(s->recipe), down = sg_recipe_copy(s->recipe);

  for (int i = 0; i < up->w_dim; i++) {
    double by = direction ? direction[i] : i == j;
    up->w_offset[i] += STEP * by;
    down->w_offset[i] -= STEP * by;
  }
  return slope(s, up, down);
}

static void
add_style(SgRecipe *r, const SgChannelInfluence *c, double by)
{
  const SgLayerOffset o = {c->layer, c->channel, by};

  if (!r->s_offset)
    r->s_offset = g_array_new(FALSE, FALSE, sizeof(SgLayerOffset));
  g_array_append_val(r->s_offset, o);
}

static double
moved_style(const Setup *s, const SgChannelInfluence *c)
{
  g_autoptr(SgRecipe) up = sg_recipe_copy(s->recipe), down = sg_recipe_copy(s->recipe);

  add_style(up, c, STEP);
  add_style(down, c, -STEP);
  return slope(s, up, down);
}

/* An estimate of `probes` probes lies within five of its standard deviations. */
static void
assert_near(double estimate, double exact, double largest)
{
  g_assert_cmpfloat(fabs(estimate - exact), <, 5 * exact / sqrt(2 * PROBES) + 1e-3 * largest);
}

static int
stronger(gconstpointer a, gconstpointer b)
{
  double x = ((const SgChannelInfluence *)a)->strength;
  double y = ((const SgChannelInfluence *)b)->strength;
  return (x < y) - (x > y);
}

static void
test_against_moving(gconstpointer fixture)
{
  g_autoptr(GError) error = NULL;
  Setup s;

  setup_init(&s, fixture);
  g_autoptr(SgInfluence) i =
      sg_influence_new(s.renderer, s.g, s.recipe, &s.region, PROBES, 3, &error);
  g_assert_no_error(error);
  g_autofree double *exact = g_new(double, i->w_dim), *direction = g_new(double, i->w_dim);
  double largest = 0, mean = 0;
  for (int j = 0; j < i->w_dim; j++) {
    exact[j] = moved_w(&s, j, NULL);
    largest = MAX(largest, exact[j]);
  }
  g_assert_cmpfloat(largest, >, 0);
  for (int j = 0; j < i->w_dim; j++) {
    assert_near(i->w[j], exact[j], largest);
    mean += i->w[j] / exact[j] / i->w_dim;
    direction[j] = cos(j);
  }
  g_assert_cmpfloat_with_epsilon(mean, 1, 0.05); /* it is not biased */
  assert_near(sg_influence_direction(i, direction), moved_w(&s, -1, direction), largest);
  g_array_sort(i->channels, stronger);
  for (guint c = 0; c < 8; c++) {
    const SgChannelInfluence *one = &g_array_index(i->channels, SgChannelInfluence, c);
    assert_near(one->strength, moved_style(&s, one), one->strength);
  }
  setup_clear(&s);
}

/* With a probe for every number of the region nothing is estimated. */
static void
test_exact(void)
{
  g_autoptr(GError) error = NULL;
  double largest = 0;
  Setup s;

  setup_init(&s, "sg2.safetensors");
  s.region = (SgRegion){9, 4, 3, 1};
  g_autoptr(SgInfluence) i = sg_influence_new(s.renderer, s.g, s.recipe, &s.region, 12, 3, &error);
  g_assert_no_error(error);
  for (int j = 0; j < 8; j++)
    largest = MAX(largest, i->w[j]);
  for (int j = 0; j < 8; j++)
    g_assert_cmpfloat_with_epsilon(i->w[j], moved_w(&s, j, NULL), 0.01 * largest);
  setup_clear(&s);
}

/* Equal probes give equal bits, other ones do not; a region beyond the picture is refused. */
static void
test_seed_and_region(void)
{
  g_autoptr(GError) error = NULL;
  Setup s;

  setup_init(&s, "sg2.safetensors");
  g_autoptr(SgInfluence) a = sg_influence_new(s.renderer, s.g, s.recipe, &s.region, 12, 3, NULL);
  g_autoptr(SgInfluence) b = sg_influence_new(s.renderer, s.g, s.recipe, &s.region, 12, 3, NULL);
  g_autoptr(SgInfluence) c = sg_influence_new(s.renderer, s.g, s.recipe, &s.region, 12, 4, NULL);
  g_assert_cmpmem(a->w, sizeof(double) * (gsize)a->w_dim, b->w, sizeof(double) * (gsize)b->w_dim);
  g_assert_cmpfloat(a->w[0], !=, c->w[0]);
  s.region.x = s.model->info.img_resolution - 2;
  g_assert_null(sg_influence_new(s.renderer, s.g, s.recipe, &s.region, 12, 3, &error));
  g_assert_nonnull(strstr(error->message, "does not lie in pictures"));
  setup_clear(&s);
}

/* Over two faces: roots of the mean squares, of directions too. */
static void
test_mean(void)
{
  g_autofree double *direction = NULL;
  Setup s;

  setup_init(&s, "sg2.safetensors");
  g_autoptr(SgInfluence) a = sg_influence_new(s.renderer, s.g, s.recipe, &s.region, 12, 3, NULL);
  s.recipe->seed = 8;
  g_autoptr(SgInfluence) b = sg_influence_new(s.renderer, s.g, s.recipe, &s.region, 6, 4, NULL);
  g_autoptr(SgInfluence) both = sg_influence_mean(2, (SgInfluence *[]){a, b});
  direction = g_new(double, a->w_dim);
  for (int j = 0; j < a->w_dim; j++) {
    direction[j] = sin(j);
    g_assert_cmpfloat_with_epsilon(both->w[j], hypot(a->w[j], b->w[j]) / sqrt(2), 1e-9);
  }
  g_assert_cmpfloat_with_epsilon(
      sg_influence_direction(both, direction),
      hypot(sg_influence_direction(a, direction), sg_influence_direction(b, direction)) / sqrt(2),
      1e-9);
  double x = g_array_index(a->channels, SgChannelInfluence, 2).strength;
  double y = g_array_index(b->channels, SgChannelInfluence, 2).strength;
  g_assert_cmpfloat_with_epsilon(g_array_index(both->channels, SgChannelInfluence, 2).strength,
                                 hypot(x, y) / sqrt(2), 1e-9);
  setup_clear(&s);
}

/* In bf16 the numbers are other ones, and nearly the same. */
static void
test_rough(void)
{
  SgBackend *rough = sg_backend_rough(sg_backend_cpu());
  g_autoptr(GError) error = NULL;
  double off = 0, squares = 0;

  if (!rough) {
    g_test_skip("this processor has no matrix units");
    return;
  }
  g_autoptr(SgModel) model = test_load_model("../../data/models/lorelei64.safetensors");
  g_autoptr(SgRenderer) renderer = test_renderer_new(model, sg_backend_cpu(), 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  SgInfluence *both[2];
  for (int i = 0; i < 2; i++) {
    g_autoptr(SgWeights) g =
        sg_weights_new_generator(i ? rough : sg_backend_cpu(), model, FALSE, &error);
    both[i] = sg_influence_new(renderer, g, recipe, &(SgRegion){30, 20, 8, 8}, 8, 0, &error);
    g_assert_no_error(error);
  }
  for (int j = 0; j < both[0]->w_dim; j++) {
    off += (both[1]->w[j] - both[0]->w[j]) * (both[1]->w[j] - both[0]->w[j]);
    squares += both[0]->w[j] * both[0]->w[j];
  }
  g_assert_cmpfloat(off, >, 0);
  g_assert_cmpfloat(sqrt(off / squares), <, 0.02);
  sg_influence_free(both[0]);
  sg_influence_free(both[1]);
}

/* What is kept with fixed weights goes when they change. */
static void
test_other_weights(void)
{
  g_autoptr(GError) error = NULL;
  Setup s;

  setup_init(&s, "sg2.safetensors");
  SgInfluence *both[2];
  for (int fresh = 0; fresh < 2; fresh++) {
    g_autoptr(SgWeights) g = sg_weights_new_generator(sg_backend_cpu(), s.model, FALSE, &error);
    if (!fresh)
      sg_influence_free(sg_influence_new(s.renderer, g, s.recipe, &s.region, 12, 3, &error));
    SgWeight *w = sg_weights_at(g, "synthesis.b8.conv1.weight");
    gsize n = sg_buf_count(w->view);
    g_autofree float *values = g_new(float, n);
    for (gsize i = 0; i < n; i++)
      values[i] = (float)sin((double)i);
    sg_weights_upload(g, w, values);
    both[fresh] = sg_influence_new(s.renderer, g, s.recipe, &s.region, 12, 3, &error);
    g_assert_no_error(error);
  }
  g_assert_cmpmem(both[0]->w, sizeof(double) * (gsize)both[0]->w_dim, both[1]->w,
                  sizeof(double) * (gsize)both[1]->w_dim);
  sg_influence_free(both[0]);
  sg_influence_free(both[1]);
  setup_clear(&s);
}

/* A planted network: what it begins with is 0 but for one channel at one of its 4 × 4 places and
 * another channel at the opposite one. Of the first layer's channels that one moves its own patch
 * of the picture most. */
static void
test_planted(void)
{
  enum { CHANNEL = 3, OTHER = 5 };
  g_autoptr(GError) error = NULL;
  Setup s = {.model = test_load_model("sg2.safetensors")};
  SgTensor *constant =
      sg_model_tensor(s.model, sg_model_generator_prefix(s.model), "synthesis.b4.const");
  int size = s.model->info.img_resolution, cell = size / 4;

  memset(constant->data, 0, constant->numel * sizeof(float));
  constant->data[CHANNEL * 16 + 0] = 3;
  constant->data[OTHER * 16 + 15] = 3;
  s.renderer = test_renderer_new(s.model, NULL, SG_RENDERER_BUDGET);
  s.g = sg_weights_new_generator(sg_renderer_backend(s.renderer), s.model, FALSE, &error);
  g_assert_no_error(error);
  s.recipe = sg_recipe_new(s.model->info.z_dim, s.model->info.w_dim);
  for (int corner = 0; corner < 2; corner++) {
    int at = corner ? size - cell : 0, best = -1;
    double most = 0;
    s.region = (SgRegion){at, at, cell, cell};
    g_autoptr(SgInfluence) i =
        sg_influence_new(s.renderer, s.g, s.recipe, &s.region, 32, 0, &error);
    g_assert_no_error(error);
    for (guint c = 0; c < i->channels->len; c++) {
      const SgChannelInfluence *one = &g_array_index(i->channels, SgChannelInfluence, c);
      if (one->layer == 0 && one->strength > most) {
        most = one->strength;
        best = one->channel;
      }
    }
    g_assert_cmpint(best, ==, corner ? OTHER : CHANNEL);
  }
  setup_clear(&s);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/influence/stylegan2", "sg2.safetensors", test_against_moving);
  g_test_add_data_func("/influence/mystylegan", "simplerick_zip.pt", test_against_moving);
  g_test_add_data_func("/influence/stylegan", "sg1_small.safetensors", test_against_moving);
  g_test_add_data_func("/influence/stylegan3", "sg3_small.safetensors", test_against_moving);
  g_test_add_func("/influence/seed-and-region", test_seed_and_region);
  g_test_add_func("/influence/exact", test_exact);
  g_test_add_func("/influence/mean", test_mean);
  g_test_add_func("/influence/planted", test_planted);
  g_test_add_func("/influence/rough", test_rough);
  g_test_add_func("/influence/other-weights", test_other_weights);
  return g_test_run();
}
