/* The recipe's field table, and what a recipe holds beside numbers: copies, comparison, JSON,
 * labels. */
#include "engine/explore/coordinate.h"
#include "engine/explore/recipe-table.h"
#include "engine/explore/renderer.h"
#include "engine/base/random.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/models.h"

#define EACH(f)                                                                                    \
  for (const SgRecipeField *f = sg_recipe_fields; f < sg_recipe_fields + sg_recipe_field_count; f++)

static SgRecipe *
reread(const SgRecipe *r)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *json = sg_recipe_to_json(r, NULL, NULL);
  SgRecipe *back = sg_recipe_from_json(json, -1, NULL, NULL, &error);

  g_assert_no_error(error);
  return back;
}

static int
version(const SgRecipe *r)
{
  g_autofree char *json = sg_recipe_to_json(r, NULL, NULL);
  const char *key = strstr(json, "\"vitrine\":");

  return key ? atoi(key + strlen("\"vitrine\":")) : 0;
}

/* ---- every scalar ---------------------------------------------------------------------------- */

/* A row is all that a number needs: it is copied, compared, written, read, named and reset. */
static void
test_scalars(void)
{
  int scalars = 0;

  EACH (f) {
    g_autoptr(SgRecipe) r = sg_recipe_new(3, 2), plain = sg_recipe_new(3, 2);
    double other = f->fallback + (f->type == SG_FIELD_REAL && f->fallback >= f->max ? -1 : 1);
    if (f->type == SG_FIELD_PART || g_str_has_suffix(f->name, "_dim"))
      continue;
    scalars++;
    if (f->type == SG_FIELD_CHOICE)
      other = f->fallback == 0 ? 1 : 0;
    g_assert_false(sg_recipe_field_is_set(f, r));
    sg_recipe_field_set(f, r, other);
    g_assert_true(sg_recipe_field_get(f, r) == other && sg_recipe_field_is_set(f, r));
    g_assert_false(sg_recipe_equal(r, plain));
    g_assert_cmpstr(sg_recipe_change_label(plain, r), ==, f->undo);
    g_assert_nonnull(f->undo);
    g_autoptr(SgRecipe) copy = sg_recipe_copy(r), back = reread(r);
    g_assert_true(sg_recipe_equal(r, copy) && sg_recipe_equal(r, back));
    g_assert_cmpint(version(r), ==, f->version);
    g_assert_true(sg_recipe_is_modified(r) == (f->role == SG_FIELD_EDIT));
    g_autoptr(SgRecipe) unmodified = sg_recipe_unmodified(r);
    g_assert_true(sg_recipe_equal(unmodified, plain) == (f->role == SG_FIELD_EDIT));
    g_assert_true(!f->option || sg_recipe_field_by_option(f->option) == f);
    g_assert_true(sg_recipe_field_by_name(f->name) == f);
  }
  g_assert_cmpint(scalars, >=, 9);
}

/* ---- every part ------------------------------------------------------------------------------ */

static SgRecipe *
full_recipe(void)
{
  static const double plus[] = {1, -2, 0.1, 4, 5, -1e-9}, vector[] = {0.6, -0.8},
                      gain[] = {1, 0, 2};
  static const SgMixLayer mix[] = {{0, 0, 0}, {0, 1, 0.25}, {1, 0, 1}};
  SgRecipe *r = sg_recipe_new(3, 2);
  g_autoptr(SgRecipe) source = sg_recipe_new(3, 2);

  r->z_base = g_memdup2(plus, 3 * sizeof(double));
  sg_recipe_set_w(r, 3, plus);
  r->z_offset[1] = 0.5;
  r->w_offset[0] = -0.25;
  sg_recipe_set_w_layer_offset(r, 2, 1, 0.125);
  sg_recipe_set_w_layer_offset(r, 0, 1, -3);
  sg_recipe_set_s_offset(r, 7, 123, 4);
  sg_recipe_lock(r, SG_SPACE_W, 1, 0, 0.75);
  sg_recipe_lock(r, SG_SPACE_Z, -1, 2, -1);
  sg_recipe_lock(r, SG_SPACE_W, -1, 1, 0);
  sg_recipe_add_direction(r, "smile \"é\"", vector, 2.5, -1.5, SG_ALL_LAYERS);
  sg_recipe_add_direction(r, "", vector, 1, 0, 5);
  sg_recipe_set_w(source, 3, plus);
  sg_recipe_set_w_layer_offset(source, 1, 0, 2);
  sg_recipe_add_source(r, source);
  sg_recipe_set_mix(r, 3, mix);
  sg_recipe_set_noise_gain(r, 3, gain);
  sg_recipe_set_noise_map(r, 2, "grain", "/tmp/grain.npy",
                          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
  sg_recipe_set_tuning(r, "me", "/tmp/tuned.safetensors",
                       "fedcba98765432100123456789abcdef0123456789abcdef0123456789abcdef");
  r->prune.threshold = 0.5;
  return r;
}

static void
test_parts(void)
{
  g_autoptr(SgRecipe) r = full_recipe(), back = reread(r), copy = sg_recipe_copy(r);

  g_assert_true(sg_recipe_equal(r, copy) && sg_recipe_equal(r, back));
  g_assert_cmpint(version(r), ==, 3);
  EACH (f) {
    g_autoptr(SgRecipe) without = sg_recipe_copy(r);
    if (f->type != SG_FIELD_PART)
      continue;
    g_test_message("%s", f->name);
    g_assert_true(sg_recipe_field_is_set(f, r) && f->undo);
    sg_recipe_field_clear(f, without);
    g_assert_false(sg_recipe_field_is_set(f, without));
    g_assert_false(sg_recipe_equal(r, without));
    g_autoptr(SgRecipe) again = reread(without);
    g_assert_true(sg_recipe_equal(without, again));
  }
  g_autoptr(SgRecipe) plain = sg_recipe_unmodified(r), one = sg_recipe_single_face(r, 0);
  g_assert_false(sg_recipe_is_modified(plain));
  g_assert_true(plain->w_base && plain->w_layers == 3 && plain->num_sources == 1);
  g_assert_true(one->w_layers == 3 && one->locks && one->directions && one->w_layer_offset);
  g_assert_true(!one->s_offset && !one->noise_maps && !one->mix && one->num_sources == 0);
}

/* Older programs read what they know, and refuse what they would pass over. */
static void
test_versions(void)
{
  g_autoptr(SgRecipe) r = sg_recipe_new(3, 2), plus = sg_recipe_new(3, 2);
  static const double w[] = {1, 2, 3, 4};

  r->z_offset[0] = 1;
  r->scale = 2;
  sg_recipe_set_w(r, 1, w);
  g_assert_cmpint(version(r), ==, 1);
  sg_recipe_set_w(plus, 2, w);
  g_assert_cmpint(version(plus), ==, 2);
  sg_recipe_add_source(r, plus);
  g_assert_cmpint(version(r), ==, 2);
}

#define HEAD "{\"vitrine\":2,\"z_dim\":2,\"w_dim\":2,"
#define SHA  "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""

static void
test_refused(void)
{
  static const char *const bad[] = {
      HEAD "\"w\":[[1,2]]}",
      HEAD "\"w\":[[1,2],[3]]}",
      HEAD "\"w\":[[1,2],3]}",
      HEAD "\"w\":[1,[2,3]]}",
      HEAD "\"w_layer_offset\":[]}",
      HEAD "\"w_layer_offset\":{\"64\":{\"0\":1}}}",
      HEAD "\"w_layer_offset\":{\"0\":{\"2\":1}}}",
      HEAD "\"w_layer_offset\":{\"0\":{\"-1\":1}}}",
      HEAD "\"w_layer_offset\":{\"0\":3}}",
      HEAD "\"s_offset\":{\"0\":{\"65536\":1}}}",
      HEAD "\"s_offset\":{\"256\":{\"0\":1}}}",
      HEAD "\"s_offset\":{\"0\":{\"0\":\"x\"}}}",
      HEAD "\"locks\":{}}",
      HEAD "\"locks\":[[\"x\",0,1]]}",
      HEAD "\"locks\":[[\"w\",2,1]]}",
      HEAD "\"locks\":[[\"w\",0]]}",
      HEAD "\"locks\":[[\"w\",0,1,64]]}",
      HEAD "\"locks\":[[\"z\",0,1,0]]}",
      HEAD "\"locks\":[[\"w\",0,1e999]]}",
      HEAD "\"directions\":[{}]}",
      HEAD "\"directions\":[{\"strength\":1,\"vector\":[1]}]}",
      HEAD "\"directions\":[{\"strength\":1,\"vector\":[1,2],\"sigma\":0}]}",
      HEAD "\"directions\":[{\"strength\":1,\"vector\":[1,2],\"layers\":[64]}]}",
      HEAD "\"directions\":[{\"strength\":1,\"vector\":[1,2],\"layers\":3}]}",
      HEAD "\"directions\":[{\"strength\":1,\"vector\":[1,2],\"name\":7}]}",
      HEAD "\"noise_maps\":[{\"conv\":0,\"file\":\"/a\"}]}",
      HEAD "\"noise_maps\":[{\"conv\":256,\"file\":\"/a\",\"sha256\":" SHA "}]}",
      HEAD "\"noise_maps\":[{\"conv\":0,\"file\":\"/a\",\"sha256\":\"zz\"}]}",
      HEAD "\"noise_maps\":[3]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SgRecipe) r = sg_recipe_from_json(bad[i], -1, NULL, NULL, &error);
    g_test_message("%s", bad[i]);
    g_assert_null(r);
    g_assert_nonnull(error);
  }
}

/* Lists end somewhere. */
static void
test_bounds(void)
{
  g_autoptr(SgRecipe) r = sg_recipe_new(2, SG_RECIPE_MAX_DIM);
  g_autofree double *vector = g_new0(double, SG_RECIPE_MAX_DIM);

  for (int i = 0; i < SG_RECIPE_MAX_OFFSETS; i++)
    g_assert_true(sg_recipe_set_s_offset(r, 3, SG_RECIPE_MAX_OFFSETS - 1 - i, 1));
  g_assert_false(sg_recipe_set_s_offset(r, 4, 0, 1));
  g_assert_true(sg_recipe_set_s_offset(r, 3, 0, 0) && sg_recipe_set_s_offset(r, 4, 0, 1));
  for (int i = 0; i < SG_RECIPE_MAX_LOCKS; i++)
    g_assert_true(sg_recipe_lock(r, SG_SPACE_W, -1, i, 1));
  g_assert_false(sg_recipe_lock(r, SG_SPACE_Z, -1, 0, 1));
  for (int i = 0; i < SG_RECIPE_MAX_DIRECTIONS; i++)
    g_assert_true(sg_recipe_add_direction(r, "d", vector, 1, 1, 1));
  g_assert_false(sg_recipe_add_direction(r, "d", vector, 1, 1, 1));
}

/* ---- locks and layers ------------------------------------------------------------------------ */

static void
test_locks(void)
{
  g_autoptr(SgRecipe) r = sg_recipe_new(4, 2);
  static const float mapped[] = {0.5f, 2};
  double z[4], before[4], w[2];

  r->seed = 3;
  sg_recipe_base_z(r, 0, before);
  sg_recipe_lock(r, SG_SPACE_Z, 5, 1, before[1]); /* z has no layers */
  g_assert_nonnull(sg_recipe_get_lock(r, SG_SPACE_Z, -1, 1));
  sg_recipe_base_z(r, 0, z);
  g_assert_cmpmem(z, sizeof z, before, sizeof before); /* where it is already */
  for (int face = 1; face < 4; face++) {
    sg_recipe_base_z(r, face, z);
    g_assert_true(z[1] == before[1] && z[0] != before[0]);
  }
  r->seed = 99;
  sg_recipe_base_z(r, 0, z);
  g_assert_true(z[1] == before[1]);
  sg_recipe_unlock(r, SG_SPACE_Z, -1, 1);
  g_assert_null(r->locks);

  sg_recipe_lock(r, SG_SPACE_W, -1, 0, 7);
  sg_recipe_lock(r, SG_SPACE_W, 2, 0, 9);
  sg_recipe_base_w(r, 0, 1, mapped, w);
  g_assert_true(w[0] == 7 && w[1] == 2);
  sg_recipe_base_w(r, 0, 2, mapped, w);
  g_assert_true(w[0] == 9 && w[1] == 2);
  g_assert_true(sg_recipe_has_layers(r));
  sg_recipe_clear_edits(r, SG_SPACE_W);
  g_assert_true(!r->locks && !sg_recipe_has_layers(r));
}

static void
test_wplus(void)
{
  g_autoptr(SgRecipe) r = sg_recipe_new(2, 2);
  static const double plus[] = {1, 2, 3, 4, 8, 0};
  static const float mapped[] = {0.5f, 0.25f};
  double w[2];

  sg_recipe_set_w(r, 3, plus);
  sg_recipe_base_w(r, 0, 2, mapped, w);
  g_assert_true(w[0] == 8 && w[1] == 0);
  sg_recipe_base_w(r, 0, -1, mapped, w); /* what a slider shows */
  g_assert_true(w[0] == 4 && w[1] == 2);
  sg_recipe_base_w(r, 1, 2, mapped, w); /* only face 0 is loaded */
  g_assert_true(w[0] == 0.5 && w[1] == 0.25);
  sg_recipe_set_w(r, 1, plus);
  sg_recipe_base_w(r, 0, 2, mapped, w);
  g_assert_true(w[0] == 1 && w[1] == 2);
  sg_recipe_drop_vectors(r);
  g_assert_true(!r->w_base && r->w_layers == 0);
}

static void
test_coordinates(void)
{
  const char *good[] = {"z0", "w511", "w0:3", "w0-3:5", "s7.123", "d1", "d2:0-3", "d3:4"};
  const char *bad[] = {"",    "z",      "z-1",          "z3=1", "w:3",   "w3-1:0", "w1-:0",
                       "s7",  "s7.",    "s.1",          "d0",   "d",     "d1:",    "x1",
                       "z1 ", "w0:3:4", "z99999999999", "w 1",  "d1:3-2"};
  SgCoordinate c;

  for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
    g_assert_true(sg_coordinate_parse(good[i], &c));
    g_autofree char *again = sg_coordinate_name(&c);
    g_assert_cmpstr(again, ==, good[i]);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_test_message("%s", bad[i]);
    g_assert_false(sg_coordinate_parse(bad[i], &c));
  }
}

/* ---- what runs ------------------------------------------------------------------------------- */

/* A style is moved: only what comes from that stage on runs again, and the same bits come out as
 * without anything kept. */
static void
test_cache(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) kept = test_renderer_new(model, NULL, SG_RENDERER_BUDGET);
  g_autoptr(SgRecipe) r = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  SgRandomState s;

  sg_random_state_seed(&s, 4);
  r->faces = 3;
  r->noise_mode = SG_NOISE_RANDOM;
  for (int round = 0; round < 40; round++) {
    guint32 what = sg_random_state_next32(&s) % 4;
    int stage = (int)(sg_random_state_next32(&s) % 8),
        channel = (int)(sg_random_state_next32(&s) % 3);
    g_autoptr(SgRenderer) fresh = test_renderer_new(model, NULL, 0);
    g_autoptr(GError) error = NULL;
    double value = round % 5 ? sg_random_state_gauss(&s) : 0;
    if (what == 0)
      sg_recipe_set_w_layer_offset(r, stage % 6, channel, value);
    else
      sg_recipe_set_s_offset(r, stage, channel, value);
    g_autoptr(SgPicture) a = sg_renderer_render(kept, r, 0, &error);
    g_assert_no_error(error);
    g_autoptr(SgPicture) b = sg_renderer_render(fresh, r, 0, &error);
    g_assert_no_error(error);
    gsize size = (gsize)a->faces * (gsize)a->width * (gsize)a->height * 3;
    g_assert_cmpmem(a->rgb, size, b->rgb, size);
    g_autoptr(SgTensor) x = sg_renderer_render_float(kept, r, &error);
    g_autoptr(SgTensor) y = sg_renderer_render_float(fresh, r, &error);
    g_assert_cmpmem(x->data, x->numel * 4, y->data, y->numel * 4);
  }
}

static void
test_first_stage(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) renderer = test_renderer_new(model, NULL, SG_RENDERER_BUDGET);
  g_autoptr(SgRecipe) r = sg_recipe_new(model->info.z_dim, model->info.w_dim);

  for (int stage = 7; stage >= 0; stage--) { /* of eight, from the last */
    for (int round = 0; round < 3; round++) {
      sg_recipe_set_s_offset(r, stage, 1, round * 0.5);
      g_autoptr(SgPicture) p = sg_renderer_render(renderer, r, 0, NULL);
      if (round > 0 || stage < 7)
        g_assert_cmpint(p->first_layer, ==, round > 0 ? stage : 8);
    }
    sg_recipe_set_s_offset(r, stage, 1, 0);
    g_autoptr(SgPicture) back = sg_renderer_render(renderer, r, 0, NULL);
    g_assert_cmpint(back->first_layer, ==, stage);
  }
}

/* A face's noise is its own, wherever it stands. */
static void
test_noise(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) renderer = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) r = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  g_autoptr(GError) error = NULL;

  r->seed = 4294967290u;
  r->noise_seed = 11;
  r->noise_mode = SG_NOISE_RANDOM;
  r->faces = 21;
  g_autoptr(SgTensor) all = sg_renderer_render_float(renderer, r, &error);
  g_assert_no_error(error);
  gsize size = all->numel / 21;
  for (int i = 0; i < 21; i++) {
    g_autoptr(SgRecipe) one = sg_recipe_face(r, i), back = reread(one);
    g_autoptr(SgTensor) alone = sg_renderer_render_float(renderer, back, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(alone->data, size * 4, all->data + (gsize)i * size, size * 4);
    g_assert_cmpuint(sg_recipe_face_noise_seed(one, 0), ==, sg_recipe_face_noise_seed(r, i));
  }
}

/* Numbers beyond float are an error, not a picture. */
static void
test_overflow(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) renderer = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) r = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  const double scales[] = {1e30, 1e200, -1e25};

  for (gsize i = 0; i < G_N_ELEMENTS(scales); i++) {
    g_autoptr(GError) error = NULL;
    r->scale = scales[i];
    g_assert_null(sg_renderer_render_float(renderer, r, &error));
    g_assert_nonnull(strstr(error->message, "overflow"));
    g_autoptr(SgPicture) p = sg_renderer_render(renderer, r, 0, NULL);
    g_assert_true(p && p->overflow);
  }
}

/* What is written as 0 is 0, also after "w1=-0" on the command line. */
static void
test_minus_zero(void)
{
  g_autoptr(SgRecipe) r = sg_recipe_new(4, 8), plain = sg_recipe_new(4, 8);

  r->w_offset[1] = -0.0;
  r->w_offset[2] = plain->w_offset[2] = 1;
  g_autofree char *json = sg_recipe_to_json(r, NULL, NULL);
  g_autoptr(SgRecipe) again = sg_recipe_from_json(json, -1, NULL, NULL, NULL);
  g_assert_true(again && sg_recipe_equal(r, again));
  g_assert_true(sg_recipe_equal(r, plain));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/recipe/scalars", test_scalars);
  g_test_add_func("/recipe/parts", test_parts);
  g_test_add_func("/recipe/versions", test_versions);
  g_test_add_func("/recipe/refused", test_refused);
  g_test_add_func("/recipe/bounds", test_bounds);
  g_test_add_func("/recipe/locks", test_locks);
  g_test_add_func("/recipe/wplus", test_wplus);
  g_test_add_func("/recipe/coordinates", test_coordinates);
  g_test_add_func("/recipe/cache", test_cache);
  g_test_add_func("/recipe/first-stage", test_first_stage);
  g_test_add_func("/recipe/noise", test_noise);
  g_test_add_func("/recipe/overflow", test_overflow);
  g_test_add_func("/recipe/minus-zero", test_minus_zero);
  return g_test_run();
}
