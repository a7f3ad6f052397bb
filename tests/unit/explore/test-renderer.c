/* The renderer: the stage cache never shows in a picture, whatever is edited in whatever order; the
 * CPU equals the reference; recipes survive JSON. Models are the small fixtures. */
#include "engine/explore/nets.h"
#include "tests/support/models.h"
#include "tests/support/tested-backend.h"
#include "engine/base/random.h"
#include "engine/explore/renderer.h"
#include <math.h>
#include <string.h>

static const char *const models[] = {"sg2.safetensors", "sg2_ada_p3.pkl", "simplerick_zip.pt"};

/* One random edit, of everything that a person can change. */
static void
edit(SgRecipe *recipe, SgRandomState *s, int num_ws)
{
  switch (sg_random_state_next32(s) % 12) {
  case 0:
    recipe->seed = sg_random_state_next32(s) % 5;
    break;
  case 1:
    recipe->faces = 1 + (int)(sg_random_state_next32(s) % 3);
    break;
  case 2:
    recipe->z_offset[sg_random_state_next32(s) % (guint)recipe->z_dim] += 1;
    break;
  case 3:
    recipe->w_offset[sg_random_state_next32(s) % (guint)recipe->w_dim] -= 0.5;
    break;
  case 4:
    recipe->scale = 0.5 + sg_random_state_uniform(s);
    break;
  case 5:
    recipe->psi = recipe->psi == 1 ? 0.6 : 1;
    break;
  case 6:
    recipe->cutoff = (int)(sg_random_state_next32(s) % (guint)(num_ws + 1)) - 1;
    break;
  case 7:
    recipe->noise_mode = (SgNoiseMode)(sg_random_state_next32(s) % 3);
    break;
  case 8:
    recipe->noise_seed = sg_random_state_next32(s) % 3;
    break;
  case 9:
    recipe->towards =
        recipe->towards == SG_TOWARDS_AVERAGE ? SG_TOWARDS_CLUSTER : SG_TOWARDS_AVERAGE;
    break;
  case 10:
    recipe->tau = recipe->tau == SG_TAU_OFF ? 0.7 : SG_TAU_OFF;
    break;
  default:
    recipe->scale_space = recipe->scale_space == SG_SPACE_W ? SG_SPACE_Z : SG_SPACE_W;
    break;
  }
}

/* 200 edits through a renderer that keeps everything, one that keeps a little, and one that keeps
 * nothing: the same bits. */
static void
test_cache(gconstpointer name)
{
  g_autoptr(SgModel) model = test_load_model(name);
  g_autoptr(SgRenderer) all = test_renderer_new(model, NULL, G_MAXSIZE);
  g_autoptr(SgRenderer) some = test_renderer_new(model, NULL, 8 * 1024);
  g_autoptr(SgRenderer) none = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  SgRandomState s;

  sg_random_state_seed(&s, 11);
  for (int i = 0; i < 200; i++) {
    edit(recipe, &s, model->info.num_ws);
    g_autoptr(SgTensor) a = test_render(all, recipe), b = test_render(some, recipe),
                        c = test_render(none, recipe);
    g_assert_cmpmem(a->data, a->numel * sizeof(float), c->data, c->numel * sizeof(float));
    g_assert_cmpmem(b->data, b->numel * sizeof(float), c->data, c->numel * sizeof(float));
  }
}

/* What did not change is not run again. */
static void
test_first_layer(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = test_load_model(models[0]);
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, G_MAXSIZE);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  recipe->psi = 0.5;
  for (int cutoff = -1; cutoff <= model->info.num_ws; cutoff++) {
    static const int first[] = {0, 0, 0, 1, 3, 4, 6, 7}; /* stage that uses w[cutoff - 1] first */
    recipe->cutoff = cutoff;
    g_autoptr(SgPicture) p = sg_renderer_render(r, recipe, 0, &error);
    g_assert_no_error(error);
    g_assert_cmpint(p->first_layer, ==, first[cutoff + 1]);
  }
  g_autoptr(SgPicture) same = sg_renderer_render(r, recipe, 0, &error);
  g_assert_cmpint(same->first_layer, ==, 8);
}

/* A budget that is too small for the second block: a picture that ends there is gone on from all
 * the same, once, and then given back. */
static void
test_onward(void)
{
  g_autoptr(SgModel) model = test_load_model(models[0]);
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, G_MAXSIZE);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  const SgSynthesis *net = sg_renderer_nets_of(r, recipe, NULL)->net;
  gsize channels = (gsize)sg_synthesis_stage(net, 3)->out_channels;

  sg_renderer_set_cache_budget(r, sizeof(float) * channels * 8 * 8);
  g_autoptr(SgPicture) small = sg_renderer_render(r, recipe, 8, NULL);
  g_autoptr(SgPicture) whole = sg_renderer_render(r, recipe, 0, NULL);
  g_assert_cmpint(small->width, ==, 8);
  g_assert_cmpint(whole->first_layer, ==, 5);
  sg_recipe_set_s_offset(recipe, 5, 1, 0.5);
  g_autoptr(SgPicture) other = sg_renderer_render(r, recipe, 0, NULL);
  g_assert_cmpint(other->first_layer, <, 5);
}

static void
test_reference(gconstpointer name)
{
  g_autoptr(SgModel) model = test_load_model(name);
  g_autoptr(SgRenderer) cpu = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRenderer) ref = test_renderer_new(model, sg_backend_reference(), 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  g_autoptr(GError) error = NULL;
  double a[2], b[2];

  recipe->faces = 2;
  recipe->psi = 0.8;
  g_autoptr(SgTensor) x = test_render(cpu, recipe), y = test_render(ref, recipe);
  g_assert_cmpfloat(test_difference(x, y), <, 1e-5);
  recipe->noise_mode = SG_NOISE_NONE;
  g_autoptr(SgTensor) z = test_render(cpu, recipe);
  g_assert_cmpfloat(test_difference(z, y), >, 1e-3);
  if (!model->info.has_d)
    return;
  g_assert_true(sg_renderer_score(cpu, x, NULL, 2, a, &error));
  g_assert_true(sg_renderer_score(ref, x, NULL, 2, b, &error));
  g_assert_cmpfloat(fabs(a[0] - b[0]) + fabs(a[1] - b[1]), <, 1e-5);
  for (gsize i = 0; i < x->numel; i++)
    x->data[i] = 3e38f;
  g_assert_false(sg_renderer_score(cpu, x, NULL, 2, a, &error)); /* no score is not a number */
  g_assert_nonnull(strstr(error->message, "overflow"));
}

/* A smaller picture is the generator's own, from its skip output, and does not spoil the next full
 * one. */
static void
test_reduced(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = test_load_model(models[0]);
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, G_MAXSIZE),
                        fresh = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);

  g_autoptr(SgPicture) small = sg_renderer_render(r, recipe, 8, &error);
  g_assert_cmpint(small->width, ==, 8);
  g_assert_true(small->reduced);
  recipe->w_offset[1] = 1;
  g_autoptr(SgPicture) again = sg_renderer_render(r, recipe, 8, &error);
  g_assert_cmpint(memcmp(small->rgb, again->rgb, 8 * 8 * 3), !=, 0);
  g_autoptr(SgTensor) full = test_render(r, recipe), expected = test_render(fresh, recipe);
  g_assert_cmpmem(full->data, full->numel * sizeof(float), expected->data,
                  expected->numel * sizeof(float));
}

/* Each change in a grid of faces is the change a single face gets. */
static void
test_grid(void)
{
  g_autoptr(SgModel) model = test_load_model(models[0]);
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) grid = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  grid->seed = 4294967294u; /* wraps around */
  grid->faces = 4;
  grid->z_offset[3] = 2.5;
  g_autoptr(SgTensor) all = test_render(r, grid);
  for (int i = 0; i < 4; i++) {
    g_autoptr(SgRecipe) one = sg_recipe_copy(grid);
    one->faces = 1;
    one->seed = grid->seed + (guint32)i;
    g_autoptr(SgTensor) t = test_render(r, one);
    g_autoptr(SgTensor) same = sg_tensor_copy(t);
    memcpy(same->data, all->data + (gsize)i * t->numel, t->numel * sizeof(float));
    g_assert_cmpfloat(test_difference(same, t), <, 1e-6);
  }
}

static void
test_influence(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = test_load_model(models[0]);
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  int dims[] = {2, 5};
  double value[2], expected = 0;

  g_assert_true(sg_renderer_influence(r, recipe, SG_SPACE_W, 1, 2, dims, value, &error));
  g_autoptr(SgTensor) a = test_render(r, recipe);
  recipe->w_offset[5] = 1;
  g_autoptr(SgTensor) b = test_render(r, recipe);
  for (gsize i = 0; i < a->numel; i++)
    expected += fabs(CLAMP(a->data[i], -1.0, 1.0) - CLAMP(b->data[i], -1.0, 1.0));
  g_assert_cmpfloat(fabs(value[1] - expected / (double)a->numel * 127.5), <, 1e-3);
  g_assert_cmpfloat(value[0], >, 0);
}

static void
test_json(void)
{
  g_autoptr(SgRecipe) recipe = sg_recipe_new(8, 6);
  g_autoptr(GError) error = NULL;
  g_autofree char *hash = NULL, *path = NULL;
  SgRandomState s;

  sg_random_state_seed(&s, 5);
  for (int i = 0; i < 300; i++) {
    edit(recipe, &s, 6);
    recipe->z_offset[i % 8] = sg_random_state_gauss(&s) * 1e-7;
    if (i == 100)
      recipe->w_base = g_memdup2(recipe->z_offset, 6 * sizeof(double));
    g_autofree char *json = sg_recipe_to_json(recipe, NULL, NULL);
    g_autoptr(SgRecipe) back = sg_recipe_from_json(json, -1, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(sg_recipe_equal(recipe, back));
  }
  g_autofree char *json = sg_recipe_to_json(recipe, "abc", "/x/ü.pkl");
  g_autoptr(SgRecipe) back = sg_recipe_from_json(json, -1, &hash, &path, &error);
  g_assert_nonnull(back);
  g_assert_cmpstr(hash, ==, "abc");
  g_assert_cmpstr(path, ==, "/x/ü.pkl");
}

static void
test_json_refused(void)
{
  static const char *const bad[] = {
      "",
      "[]",
      "{}",
      "{\"vitrine\":5,\"z_dim\":1,\"w_dim\":1}",
      "{\"vitrine\":3,\"z_dim\":1,\"w_dim\":1,\"tuning\":{\"file\":\"/x\",\"sha256\":\"1\"}}",
      "{\"vitrine\":3,\"z_dim\":1,\"w_dim\":1,\"tuning\":[]}",
      "{\"vitrine\":1,\"z_dim\":1}",
      "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":99999999}",
      "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":1,\"faces\":0}",
      "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":1,\"faces\":65}",
      "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":1,\"seed\":-1}",
      "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":1,\"psi\":\"x\"}",
      "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":1,\"z_offset\":{\"1\":1}}",
      "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":1,\"z_offset\":{\"-0\":1}}",
      "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":1,\"z\":[1,2]}",
      "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":1,\"psi\":1e999}",
      "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":1,\"noise_mode\":\"loud\"}",
  };
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SgRecipe) r = sg_recipe_from_json(bad[i], -1, NULL, NULL, &error);
    g_test_message("%s", bad[i]);
    g_assert_null(r);
    g_assert_nonnull(error);
  }
}

/* A recipe for another model is refused in words, not read beyond its end. */
static void
test_foreign_recipe(void)
{
  g_autoptr(SgModel) model = test_load_model(models[0]);
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(512, 512);
  g_autoptr(GError) error = NULL;
  g_assert_null(sg_renderer_render(r, recipe, 0, &error));
  g_assert_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED);
  g_assert_nonnull(strstr(error->message, "512"));
}

int
main(int argc, char **argv)
{
  tested_backend();
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
    g_autofree char *cache = g_strconcat("/renderer/cache/", models[i], NULL);
    g_autofree char *reference = g_strconcat("/renderer/reference/", models[i], NULL);
    g_test_add_data_func(cache, models[i], test_cache);
    g_test_add_data_func(reference, models[i], test_reference);
  }
  g_test_add_func("/renderer/first-layer", test_first_layer);
  g_test_add_func("/renderer/onward", test_onward);
  g_test_add_func("/renderer/reduced", test_reduced);
  g_test_add_func("/renderer/grid", test_grid);
  g_test_add_func("/renderer/influence", test_influence);
  g_test_add_func("/renderer/foreign-recipe", test_foreign_recipe);
  g_test_add_func("/recipe/json", test_json);
  g_test_add_func("/recipe/json-refused", test_json_refused);
  return g_test_run();
}
