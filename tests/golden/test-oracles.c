/* The small networks of tests/fixtures against pictures and scores of a NumPy implementation
 * (oracle_*.f32): the same network in every container, with every option that changes a picture. */
#include "tests/support/tested-backend.h"
#include "engine/base/random.h"
#include "engine/formats/archive.h"
#include "tests/golden/golden-compare.h"
#include "engine/models/family.h"
#include <string.h>

/* All of them hold one generator; the first does not hold the discriminator. */
static const char *const files[] = {
    "sg2.safetensors",  "sg2_ada_p2.pkl",        "sg2_ada_p3.pkl",
    "sg2_ada_p4.pkl",   "sg2_tf_v4_p2.pkl",      "sg2_tf_v4_p4.pkl",
    "sg2_tf_v5_p3.pkl", "sg2_rosinality_zip.pt", "sg2_rosinality_legacy.pt",
};
static const char *const mystylegan_files[] = {"simplerick_zip.pt", "simplerick_legacy.pt"};

static const struct {
  const char *oracle;
  double psi;
  int cutoff;
  SgNoiseMode noise;
  double clamp; /* < 0: none */
} cases[] = {
    {"psi1", 1, -1, SG_NOISE_CONST, -1},     {"psi07", 0.7, -1, SG_NOISE_CONST, -1},
    {"psi05c4", 0.5, 4, SG_NOISE_CONST, -1}, {"nonoise", 1, -1, SG_NOISE_NONE, -1},
    {"clamp1", 1, -1, SG_NOISE_CONST, 1},
};

static float *
oracle(const char *name, gsize n)
{
  g_autofree char *file = g_strdup_printf("oracle_%s.f32", name);
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", file, NULL);
  g_autoptr(GError) error = NULL;
  char *data;
  gsize bytes;

  g_file_get_contents(path, &data, &bytes, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(bytes, ==, n * sizeof(float));
  return (float *)data;
}

static gboolean
is_clamp(gpointer key, gpointer value, gpointer unused)
{
  return g_str_has_suffix(key, ".conv_clamp");
}

/* As the file says, or (clamp >= 0) as if it said this clamp, and no other anywhere. */
static SgModel *
load(const char *file, double clamp)
{
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", file, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgArchive) archive = sg_archive_open(path, &error);
  g_assert_no_error(error);
  if (clamp >= 0) {
    g_hash_table_foreach_remove(archive->attributes, is_clamp, NULL);
    g_hash_table_replace(archive->attributes, g_strdup("__metadata__.g_conv_clamp"),
                         g_strdup_printf("%g", clamp));
  }
  SgModel *model = sg_model_from_archive(archive, &error);
  g_assert_no_error(error);
  g_assert_true(clamp < 0 || model->info.family == &sg_family_mystylegan ||
                model->info.g_conv_clamp == clamp);
  return model;
}

static SgTensor *
random_images(guint32 seed, int n, int channels, int size)
{
  const gint64 shape[] = {n, channels, size, size};
  SgTensor *t = sg_tensor_new(4, shape);
  SgRandomState state;

  sg_random_state_seed(&state, seed);
  sg_random_state_randn_f32(&state, t->numel, t->data);
  return t;
}

static void
compare_picture(SgModel *model, SgBackend *backend, const char *name, const SgRecipe *recipe,
                gsize n)
{
  g_autoptr(SgRenderer) r = test_renderer_new(model, backend, 0);
  g_autoptr(SgTensor) image = test_render(r, recipe);
  g_autofree float *expected = oracle(name, n);

  g_assert_cmpuint(image->numel, ==, n);
  golden_compare_floats(name, n, image->data, expected);
}

static void
compare_scores(SgModel *model, const char *name, guint32 seed)
{
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  g_autoptr(SgTensor) images =
      random_images(seed, 8, model->info.img_channels, model->info.img_resolution);
  g_autofree float *floats = oracle(name, 8);
  double found[8], expected[8];

  golden_score(r, images, -1, 8, found);
  for (int i = 0; i < 8; i++)
    expected[i] = floats[i];
  golden_compare(name, 8, found, expected);
}

static void
test_stylegan2(gconstpointer file)
{
  gboolean rosinality = strstr(file, "rosinality") != NULL;

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    /* Only files with NVlabs' names have a place that says it. */
    if (cases[i].clamp >= 0 && (rosinality || strstr(file, "_tf_")))
      continue;
    g_autoptr(SgModel) model = load(file, cases[i].clamp);
    g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
    g_autofree char *name = g_strconcat("sg2_seed0_", cases[i].oracle, NULL);
    recipe->psi = cases[i].psi;
    recipe->cutoff = cases[i].cutoff;
    recipe->noise_mode = cases[i].noise;
    compare_picture(model, NULL, name, recipe, 3 * 16 * 16);
    compare_picture(model, sg_backend_reference(), name, recipe, 3 * 16 * 16);
  }
  g_autoptr(SgModel) model = load(file, -1);
  g_assert_cmpint(model->info.has_d, ==, strcmp(file, files[0]) != 0);
  if (model->info.has_d)
    compare_scores(model, "sg2_D_scores", 3);
}

static void
test_mystylegan(gconstpointer file)
{
  g_autoptr(SgModel) model = load(file, -1);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);

  compare_picture(model, NULL, "simplerick_seed0", recipe, 28 * 28);
  compare_picture(model, sg_backend_reference(), "simplerick_seed0", recipe, 28 * 28);
  compare_scores(model, "simplerick_D_scores", 1);
}

int
main(int argc, char **argv)
{
  tested_backend();
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *name = g_strconcat("/oracles/", files[i], NULL);
    g_test_add_data_func(name, files[i], test_stylegan2);
  }
  for (guint i = 0; i < G_N_ELEMENTS(mystylegan_files); i++) {
    g_autofree char *name = g_strconcat("/oracles/", mystylegan_files[i], NULL);
    g_test_add_data_func(name, mystylegan_files[i], test_mystylegan);
  }
  return g_test_run();
}
