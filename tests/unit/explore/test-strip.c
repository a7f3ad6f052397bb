/* Strips: what a value does to a recipe, and every number of the table, against NumPy. */
#include "engine/explore/strip.h"
#include "tests/support/models.h"
#include <math.h>
#include <string.h>
#include "tests/unit/explore/strip-table.h"

/* All tiles, [rows * n], face after face; everything is freed with free_tiles(). */
static SgStripTile **
run(SgModel *model, const SgRecipe *base, const char *parameter, int n, const double *values)
{
  SgStripTile **tiles = g_new0(SgStripTile *, n * base->faces + 1), *tile;
  g_autoptr(GError) error = NULL;
  SgStripParameter p;
  gboolean more = TRUE;
  int last = -1;

  g_assert_true(sg_strip_parse_parameter(parameter, &p));
  g_assert_true(sg_strip_check(&p, base, n, values, &error));
  g_autoptr(SgStrip) strip = sg_strip_new(model, base, &p, n, values);
  while (more) {
    more = sg_strip_step(strip, &tile, &error);
    g_assert_no_error(error);
    if (!tile)
      continue;
    /* Column after column. */
    g_assert_cmpint(tile->column * base->faces + tile->row, ==, ++last);
    g_assert_true(tile->value == values[tile->column]);
    tiles[tile->row * n + tile->column] = tile;
  }
  g_assert_cmpint(last, ==, n * base->faces - 1);
  return tiles;
}

static void
free_tiles(SgStripTile **tiles)
{
  for (SgStripTile **t = tiles; *t; t++)
    sg_strip_tile_free(*t);
  g_free(tiles);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void
test_parameters(void)
{
  const char *good[] = {"scale", "prune", "psi", "blend", "noise", "z0", "w511"};
  const char *bad[] = {"", "Scale", "z", "w-1", "z3=1", "x3", "w99999999999", "scale "};
  SgStripParameter p;

  for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
    g_assert_true(sg_strip_parse_parameter(good[i], &p));
    g_autofree char *again = sg_strip_parameter_name(&p);
    g_assert_cmpstr(again, ==, good[i]);
  }
  g_assert_true(p.kind == SG_STRIP_DIMENSION && p.space == SG_SPACE_W && p.dim == 511);
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    g_assert_false(sg_strip_parse_parameter(bad[i], &p));
}

static void
assert_values(const char *text, int n, const double *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) values = sg_strip_parse_values(text, &error);

  g_assert_no_error(error);
  g_assert_cmpint((int)values->len, ==, n);
  for (int i = 0; i < n; i++)
    g_assert_true(g_array_index(values, double, (guint)i) == expected[i]);
}

static void
test_values(void)
{
  assert_values("0.5, 1,2", 3, (const double[]){0.5, 1, 2});
  assert_values("-10:10:2.5", 9, (const double[]){-10, -7.5, -5, -2.5, 0, 2.5, 5, 7.5, 10});
  assert_values("1:0:-0.4", 3, (const double[]){1, 0.6, 0.2});
  assert_values("-0.3:0.3:0.1", 7, (const double[]){-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3});
  assert_values("4:4:1,7", 2, (const double[]){4, 7});
  const char *bad[] = {"",        ",",      "1,",    "a",   "1:2",     "1:2:3:4",
                       "0:1:0",   "0:1:-1", "0:x:1", "nan", "inf",     "0:inf:1",
                       "0:1:nan", "1e999",  "::",    "1 2", "0:1e9:1", "-1e308:1e308:1e-300"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(sg_strip_parse_values(bad[i], &error));
    g_assert_nonnull(error);
  }
  SgStripParameter scale = {SG_STRIP_SCALE}, z = {SG_STRIP_DIMENSION};
  g_autoptr(GArray) nine = sg_strip_default_values(&scale), ten = sg_strip_default_values(&z);
  g_assert_cmpint((int)nine->len, ==, 9);
  g_assert_true(g_array_index(nine, double, 0) == 0.05 && g_array_index(nine, double, 4) == 1);
  g_assert_true(g_array_index(ten, double, 0) == -10 &&
                g_array_index(ten, double, ten->len - 1) == 10);
}

static gboolean
allowed(const char *parameter, const SgRecipe *base, double value)
{
  g_autoptr(GError) error = NULL;
  SgStripParameter p;

  g_assert_true(sg_strip_parse_parameter(parameter, &p));
  gboolean good = sg_strip_check(&p, base, 1, &value, &error);
  g_assert_true(good == (error == NULL));
  return good;
}

static void
test_checks(void)
{
  g_autoptr(SgRecipe) base = sg_recipe_new(8, 8), mixed = sg_recipe_new(8, 8);
  g_autoptr(SgRecipe) loaded = sg_recipe_new(8, 8);
  SgMixLayer layers[6] = {{0, 0, 0}, {0, 1, 0.5}};

  sg_recipe_add_source(mixed, base);
  sg_recipe_set_mix(mixed, 6, layers);
  loaded->w_base = g_new0(double, 8);
  g_assert_true(allowed("z7", base, 10) && allowed("w7", base, -10) && allowed("prune", base, 0));
  g_assert_false(allowed("z8", base, 0) || allowed("prune", base, -0.1) ||
                 allowed("psi", base, NAN));
  g_assert_true(allowed("blend", mixed, 0.5) && allowed("w0", loaded, 0));
  g_assert_false(allowed("blend", base, 0.5) || allowed("z0", loaded, 0));
  base->noise_mode = SG_NOISE_NONE;
  g_assert_false(allowed("noise", base, 1));
}

/* ---- recipes --------------------------------------------------------------------------------- */

static void
test_recipes(void)
{
  g_autoptr(SgRecipe) base = sg_recipe_new(4, 4), source = sg_recipe_new(4, 4);
  SgMixLayer layers[3] = {{0, 1, 0.5}, {0, 0, 0}, {1, 1, 0.25}};
  SgStripParameter blend = {SG_STRIP_BLEND}, noise = {SG_STRIP_NOISE}, prune = {SG_STRIP_PRUNE};

  base->seed = 4294967295u;
  base->noise_seed = 7;
  base->faces = 3;
  base->z_base = g_new0(double, 4);
  sg_recipe_add_source(base, source);
  sg_recipe_set_mix(base, 3, layers);
  sg_prune_set_layer(&base->prune, "layer", 0.5);
  g_autoptr(SgRecipe) first = sg_strip_row(base, 0), second = sg_strip_row(base, 1);
  g_assert_true(first->z_base && !second->z_base && second->faces == 1);
  g_assert_true(second->seed == 0 && sg_recipe_face_noise_seed(second, 0) == 7 &&
                second->num_mix == 3);

  g_autoptr(SgRecipe) b = sg_strip_recipe(&blend, first, NULL, 5, 0.75);
  g_assert_true(b->mix[0].blend == 0.75 && b->mix[1].blend == 0 && b->mix[2].blend == 0.25);
  g_autoptr(SgRecipe) n = sg_strip_recipe(&noise, first, NULL, 5, 2);
  g_assert_true(n->num_noise == 5 && n->noise_gain[0] == 2 && n->noise_gain[4] == 2);
  g_autoptr(SgRecipe) p = sg_strip_recipe(&prune, first, NULL, 5, 0.125);
  g_assert_true(p->prune.threshold == 0.125 && sg_prune_layer_threshold(&p->prune, "layer") == 0.5);
}

/* ---- pictures and numbers -------------------------------------------------------------------- */

/* Rows of the table that follow one another make one strip. */
static void
test_numbers(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2_ada_p3.pkl");
  g_autoptr(SgRecipe) base = sg_recipe_new(model->info.z_dim, model->info.w_dim);

  base->seed = 3;
  base->faces = 2;
  for (gsize i = 0; i < G_N_ELEMENTS(table);) {
    double values[4];
    int n = 0;
    for (; table[i + (gsize)n].row == 0; n++)
      values[n] = table[i + (gsize)n].value;
    SgStripTile **tiles = run(model, base, table[i].parameter, n, values);
    for (int k = 0; k < 2 * n; k++, i++) {
      /* A level here and there is rounded the other way. */
      g_assert_cmpfloat_with_epsilon(tiles[k]->logit, table[i].logit, 2e-3);
      g_assert_cmpfloat_with_epsilon(tiles[k]->remaining, table[i].remaining, 1e-8);
      g_assert_cmpfloat_with_epsilon(tiles[k]->change, table[i].change, 0.02);
    }
    free_tiles(tiles);
  }
}

/* Where nothing differs from the base, nothing differs; each row is the face of the grid. */
static void
test_pixels(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2_ada_p3.pkl");
  g_autoptr(SgRecipe) base = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  g_autoptr(GError) error = NULL;
  const double values[] = {0, 1};

  base->faces = 3;
  base->noise_mode = SG_NOISE_RANDOM;
  base->noise_seed = 5;
  base->w_offset[2] = 0.5;
  base->psi = 0.7;
  g_autoptr(SgRenderer) renderer = sg_renderer_new(model, NULL, &error);
  g_autoptr(SgPicture) grid = sg_renderer_render(renderer, base, 0, &error);
  g_assert_no_error(error);
  gsize size = (gsize)grid->width * (gsize)grid->height * 3;
  SgStripTile **tiles = run(model, base, "prune", 2, values);
  for (int row = 0; row < 3; row++) {
    g_assert_cmpmem(tiles[2 * row]->rgb, size, grid->rgb + (gsize)row * size, size);
    g_assert_true(tiles[2 * row]->change == 0 && tiles[2 * row + 1]->change > 1);
  }
  free_tiles(tiles);
}

/* The least a model may be: one without discriminator has no scores, but everything else. */
static void
test_csv(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRecipe) base = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  const double values[] = {0.5, 1};

  g_assert_false(model->info.has_d);
  base->seed = 9;
  base->faces = 2;
  base->z_base = g_new0(double, model->info.z_dim);
  base->z_base[0] = 1;
  SgStripTile **tiles = run(model, base, "scale", 2, values);
  g_autofree char *csv = sg_strip_csv(base, 2, tiles);
  g_auto(GStrv) lines = g_strsplit(csv, "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), ==, 6);
  g_assert_cmpstr(lines[0], ==, "face,seed,value,logit,sigmoid,remaining,change");
  g_assert_true(g_str_has_prefix(lines[1], "0,,0.5,,,1.000000000,"));
  g_assert_cmpstr(lines[2], ==, "0,,1,,,1.000000000,0.000000");
  g_assert_true(g_str_has_prefix(lines[3], "1,10,0.5,,,1.000000000,"));
  g_assert_cmpstr(lines[4], ==, "1,10,1,,,1.000000000,0.000000");
  free_tiles(tiles);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/strip/parameters", test_parameters);
  g_test_add_func("/strip/values", test_values);
  g_test_add_func("/strip/checks", test_checks);
  g_test_add_func("/strip/recipes", test_recipes);
  g_test_add_func("/strip/numbers", test_numbers);
  g_test_add_func("/strip/pixels", test_pixels);
  g_test_add_func("/strip/csv", test_csv);
  return g_test_run();
}
