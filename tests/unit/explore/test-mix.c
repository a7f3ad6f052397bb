/* Style mixing in recipe and renderer: a face mixed with itself is the face, bit for bit; recipes
 * with sources survive JSON; removing a source leaves what the others do. Models are the small
 * fixtures. */
#include "engine/explore/mix.h"
#include "engine/base/random.h"
#include "engine/explore/renderer.h"
#include "engine/nets/synthesis.h"
#include "tests/support/models.h"
#include <string.h>

static const char *const models[] = {"sg2.safetensors", "simplerick_zip.pt"};

static SgTensor *
render(SgModel *model, const SgRecipe *recipe)
{
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  return test_render(r, recipe);
}

static gboolean
same_picture(SgModel *model, const SgRecipe *a, const SgRecipe *b)
{
  g_autoptr(SgTensor) x = render(model, a), y = render(model, b);
  return x->numel == y->numel && memcmp(x->data, y->data, x->numel * sizeof(float)) == 0;
}

static SgRecipe *
face(const SgModel *model, guint32 seed)
{
  SgRecipe *r = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  r->seed = seed;
  return r;
}

static void
set_all(SgRecipe *r, int num_ws, int a, int b, double blend)
{
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS];
  for (int k = 0; k < num_ws; k++)
    mix[k] = (SgMixLayer){a, b, blend};
  sg_recipe_set_mix(r, num_ws, mix);
}

/* Whatever the blend, and under truncation with a cutoff. */
static void
test_self(gconstpointer name)
{
  static const double blends[] = {0.25, 0.5, 1};
  g_autoptr(SgModel) model = test_load_model(name);
  int n = model->info.num_ws;

  for (int truncated = 0; truncated < 2; truncated++)
    for (guint i = 0; i < G_N_ELEMENTS(blends); i++) {
      g_autoptr(SgRecipe) plain = face(model, 3);
      plain->w_offset[1] = 0.5; /* an edited face is its own source with its edits */
      plain->psi = truncated ? 0.6 : 1;
      plain->cutoff = truncated ? n / 2 : -1;
      g_autoptr(SgRecipe) mixed = sg_recipe_copy(plain);
      sg_recipe_add_source(mixed, plain);
      set_all(mixed, n, 0, 1, blends[i]);
      g_assert_true(same_picture(model, plain, mixed));
      set_all(mixed, n, 1, 0, blends[i]);
      g_assert_true(same_picture(model, plain, mixed));
      g_autoptr(SgRecipe) other = face(model, 4);
      sg_recipe_add_source(mixed, other);
      set_all(mixed, n, 1, 2, blends[i]);
      g_assert_false(same_picture(model, plain, mixed));
    }
}

/* All styles of a source are the source; truncation is the recipe's, not the source's. */
static void
test_whole_source(gconstpointer name)
{
  g_autoptr(SgModel) model = test_load_model(name);
  g_autoptr(SgRecipe) other = face(model, 8);
  other->scale = 1.5;
  g_autoptr(SgRecipe) mixed = face(model, 2);
  mixed->psi = 0.7;
  mixed->cutoff = 1;
  sg_recipe_add_source(mixed, other);
  set_all(mixed, model->info.num_ws, 1, 0, 0);
  other->psi = 0.7;
  other->cutoff = 1;
  g_assert_true(same_picture(model, other, mixed));
}

/* A blend of w is what the offset between the two w would do. */
static void
test_blend(void)
{
  g_autoptr(SgModel) model = test_load_model(models[0]);
  g_autoptr(SgRecipe) a = face(model, 0), b = face(model, 0), mixed = face(model, 0);
  b->w_offset[2] = 1;
  a->w_offset[2] = 0.25;
  g_autoptr(SgRecipe) source = sg_recipe_copy(b);
  sg_recipe_add_source(mixed, source);
  set_all(mixed, model->info.num_ws, 0, 1, 0.25);
  g_autoptr(SgTensor) x = render(model, a), y = render(model, mixed);
  for (gsize i = 0; i < x->numel; i++)
    g_assert_cmpfloat_with_epsilon(x->data[i], y->data[i], 1e-5);
}

static void
test_remove(void)
{
  g_autoptr(SgRecipe) r = sg_recipe_new(4, 4), s = sg_recipe_new(4, 4);
  const SgMixLayer mix[] = {{1, 0, 0}, {2, 1, 0.5}, {3, 2, 1}, {0, 3, 0.25}};

  for (guint32 i = 0; i < 3; i++) {
    s->seed = 10 + i;
    g_assert_true(sg_recipe_add_source(r, s));
  }
  sg_recipe_set_mix(r, 4, mix);
  sg_recipe_remove_source(r, 1);
  g_assert_cmpint(r->num_sources, ==, 2);
  g_assert_cmpuint(r->sources[0]->seed, ==, 10);
  g_assert_cmpuint(r->sources[1]->seed, ==, 12);
  const SgMixLayer left[] = {{1, 0, 0}, {0, 1, 0.5}, {2, 0, 1}, {0, 2, 0.25}};
  for (int k = 0; k < 4; k++) {
    g_assert_cmpint(r->mix[k].a, ==, left[k].a);
    g_assert_cmpint(r->mix[k].b, ==, left[k].b);
    g_assert_cmpfloat(r->mix[k].blend, ==, left[k].blend);
  }
  sg_recipe_remove_source(r, 1);
  sg_recipe_remove_source(r, 0);
  g_assert_null(r->mix); /* nothing is left to mix */
  g_assert_cmpint(r->num_mix, ==, 0);
  for (int i = 0; i < SG_RECIPE_MAX_SOURCES; i++)
    g_assert_true(sg_recipe_add_source(r, s));
  g_assert_false(sg_recipe_add_source(r, s));
}

/* The resolutions are those of the stages that a network is built from. */
static void
test_resolutions(gconstpointer name)
{
  g_autoptr(SgModel) model = test_load_model(name);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgSynthesis) net =
      sg_synthesis_new(sg_backend_cpu(), model, sg_model_generator_prefix(model), &error);
  int found[SG_RECIPE_MAX_LAYERS], expected[SG_RECIPE_MAX_LAYERS] = {0};

  g_assert_no_error(error);
  for (int pass = 0; pass < 2; pass++) /* convolutions first */
    for (guint i = 0; i < net->stages->len; i++) {
      const SgStage *s = sg_synthesis_stage(net, i);
      if ((s->kind == SG_STAGE_RGB) == (pass == 1) && expected[s->w_index] == 0)
        expected[s->w_index] = s->resolution;
    }
  sg_style_resolutions(model, found);
  for (int k = 0; k < model->info.num_ws; k++)
    g_assert_cmpint(found[k], ==, expected[k]);
}

static void
test_json(void)
{
  g_autoptr(SgRecipe) r = sg_recipe_new(5, 3);
  g_autoptr(GError) error = NULL;
  SgRandomState s;

  sg_random_state_seed(&s, 9);
  for (int round = 0; round < 50; round++) {
    g_autoptr(SgRecipe) source = sg_recipe_new(5, 3);
    SgMixLayer mix[6];
    source->seed = sg_random_state_next32(&s);
    source->z_offset[2] = sg_random_state_gauss(&s) * 1e-9;
    if (round % 3 == 0)
      source->w_base = g_memdup2(source->z_offset, 3 * sizeof(double));
    if (!sg_recipe_add_source(r, source))
      sg_recipe_remove_source(r, round % SG_RECIPE_MAX_SOURCES);
    for (int k = 0; k < 6; k++)
      mix[k] = (SgMixLayer){(int)(sg_random_state_next32(&s) % (guint)(r->num_sources + 1)),
                            (int)(sg_random_state_next32(&s) % (guint)(r->num_sources + 1)),
                            sg_random_state_uniform(&s)};
    sg_recipe_set_mix(r, 6, mix);
    g_autofree char *json = sg_recipe_to_json(r, NULL, NULL);
    g_autoptr(SgRecipe) back = sg_recipe_from_json(json, -1, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(sg_recipe_equal(r, back));
  }
}

#define HEAD "{\"vitrine\":1,\"z_dim\":1,\"w_dim\":1,"
#define ONE  "{\"z_dim\":1,\"w_dim\":1}"

static void
test_json_refused(void)
{
  static const char *const bad[] = {
      HEAD "\"mix\":{}}",
      HEAD "\"mix\":[]}",
      HEAD "\"mix\":[[1,0,0]]}",
      HEAD "\"mix\":[[0,-1,0]]}",
      HEAD "\"mix\":[[0,0]]}",
      HEAD "\"mix\":[[0,0,1e999]]}",
      HEAD "\"mix\":[[0,0,\"x\"]]}",
      HEAD "\"mix\":[[0.5,0,0]]}",
      HEAD "\"mix\":[[4294967296,0,0]]}",
      HEAD "\"sources\":{}}",
      HEAD "\"sources\":[3]}",
      HEAD "\"sources\":[{\"z_dim\":2,\"w_dim\":1}]}",
      HEAD "\"sources\":[{\"z_dim\":1,\"w_dim\":1,\"psi\":null}]}",
      HEAD "\"sources\":[" ONE "," ONE "," ONE "," ONE "," ONE "," ONE "," ONE "," ONE "," ONE "]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SgRecipe) r = sg_recipe_from_json(bad[i], -1, NULL, NULL, &error);
    g_test_message("%s", bad[i]);
    g_assert_null(r);
    g_assert_nonnull(error);
  }
  /* A source's own sources are left out: nothing nests. */
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRecipe) flat = sg_recipe_from_json(
      HEAD "\"sources\":[{\"z_dim\":1,\"w_dim\":1,\"sources\":[" ONE "],\"mix\":[[1,0,0]]}]}", -1,
      NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(flat->sources[0]->num_sources, ==, 0);
  g_assert_null(flat->sources[0]->mix);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
    g_autofree char *self = g_strconcat("/mix/self/", models[i], NULL);
    g_autofree char *whole = g_strconcat("/mix/whole-source/", models[i], NULL);
    g_autofree char *resolutions = g_strconcat("/mix/resolutions/", models[i], NULL);
    g_test_add_data_func(self, models[i], test_self);
    g_test_add_data_func(whole, models[i], test_whole_source);
    g_test_add_data_func(resolutions, models[i], test_resolutions);
  }
  g_test_add_func("/mix/blend", test_blend);
  g_test_add_func("/mix/remove", test_remove);
  g_test_add_func("/mix/json", test_json);
  g_test_add_func("/mix/json-refused", test_json_refused);
  return g_test_run();
}
