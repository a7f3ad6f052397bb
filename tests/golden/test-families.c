/* StyleGAN of 2018 and its relatives: pictures and scores against numbers of other implementations
 * (tests/fixtures/README.md), on the tested back end and on the reference, as opened and once more
 * as written to a file of our own. */
#include "tests/support/tested-backend.h"
#include "engine/base/random.h"
#include "engine/backend/backend-device.h"
#include "tests/golden/golden-compare.h"
#include <glib/gstdio.h>
#include <string.h>

#define ALL -1

typedef struct {
  const char *file, *oracle;
  int label;
  double psi;
  int cutoff;
  SgNoiseMode noise;
  gboolean moved; /* by 20 degrees, and (0.1, -0.05) */
  int asked;      /* the resolution that is asked for; 0: none is */
} PictureCase;

static const PictureCase pictures[] = {
    {"sg1_cond32.pkl", "sg1_cond32_class1_psi07", 1, 0.7, 8, SG_NOISE_CONST},
    {"sg1_cond32.pkl", "sg1_cond32_class2_psi07", 2, 0.7, 8, SG_NOISE_CONST},
    {"sg1_cond32.pkl", "sg1_cond32_class1_psi05c3", 1, 0.5, 3, SG_NOISE_CONST},
    {"sg1_cond32.pkl", "sg1_cond32_class1_psim07", 1, -0.7, 8, SG_NOISE_CONST},
    {"sg1_cond32.pkl", "sg1_cond32_class1_psi13", 1, 1.3, 8, SG_NOISE_CONST},
    {"sg1_cond32.pkl", "sg1_cond32_class1_nonoise", 1, 0.7, 8, SG_NOISE_NONE},
    {"sg1_fusedT32.pkl", "sg1_fusedT32_psi07", -1, 0.7, 8, SG_NOISE_CONST},
    {"sg1_lod1_64.pkl", "sg1_lod1_64_psi07", -1, 0.7, 8, SG_NOISE_CONST},
    {"sg1_lod035_128.pkl", "sg1_lod035_128_psi07", -1, 0.7, 8, SG_NOISE_CONST},
    {"sg1_tf_v3_p4.pkl", "sg1_seed0_psi07", -1, 0.7, 8, SG_NOISE_CONST},
    {"sg1_genforce.pth", "sg1_genforce", -1, 0.7, 8, SG_NOISE_CONST},
    {"sg1_genforce_lod.pth", "sg1_genforce_lod", -1, 0.7, 8, SG_NOISE_CONST},
    {"sg1_huangzh13.pth", "sg1_huangzh13", -1, 0.7, 8, SG_NOISE_NONE},
    {"sg1_lernapparat.pt", "sg1_lernapparat", -1, 1, ALL, SG_NOISE_NONE},
    {"sg1_rosinality.pt", "sg1_rosinality_step2", -1, 1, ALL, SG_NOISE_NONE},
    {"sg1_rosinality.pt", "sg1_rosinality_step3", -1, 1, ALL, SG_NOISE_NONE, FALSE, 32},
    {"sg2_mmgeneration.pth", "sg2_dialects", -1, 1, ALL, SG_NOISE_CONST},
    {"sg2_basicsr.pth", "sg2_dialects", -1, 1, ALL, SG_NOISE_CONST},
    {"sg2_tall.pt", "sg2_tall", -1, 0.7, ALL, SG_NOISE_CONST},
    {"sg2_wide_rgba.pt", "sg2_wide_rgba", -1, 0.7, ALL, SG_NOISE_CONST},
    {"sg3_c32.pkl", "sg3_c32_class0_psi1", 0, 1, ALL, SG_NOISE_CONST},
    {"sg3_c32.pkl", "sg3_c32_class0_psi05c4", 0, 0.5, 4, SG_NOISE_CONST},
    {"sg3_c32.pkl", "sg3_c32_class0_xform", 0, 1, ALL, SG_NOISE_CONST, TRUE},
    {"sg3_c32.pkl", "sg3_c32_class2_psi07", 2, 0.7, ALL, SG_NOISE_CONST},
    {"sg3_n64.pkl", "sg3_n64_psi1", -1, 1, ALL, SG_NOISE_CONST},
    {"sg3_n64.pkl", "sg3_n64_xform", -1, 1, ALL, SG_NOISE_CONST, TRUE},
    {"sg3_r64.pkl", "sg3_r64_psi07", -1, 0.7, ALL, SG_NOISE_CONST},
    {"sg3_r64.pkl", "sg3_r64_xform", -1, 1, ALL, SG_NOISE_CONST, TRUE},
};

static const char *const scores[][2] = {
    {"sg1_cond32.pkl", "sg1_cond32_D_scores"},   {"sg1_fusedT32.pkl", "sg1_fusedT32_D_scores"},
    {"sg1_lod1_64.pkl", "sg1_lod1_64_D_scores"}, {"sg1_lod035_128.pkl", "sg1_lod035_128_D_scores"},
    {"sg3_c32.pkl", "sg3_c32_D_scores"},         {"sg3_n64.pkl", "sg3_n64_D_scores"},
    {"sg3_r64.pkl", "sg3_r64_D_scores"},         {"sg2_tall.pt", "sg2_tall_D_scores"},
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

static SgModel *
load(const char *file)
{
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", file, NULL);
  g_autoptr(GError) error = NULL;
  SgModel *model = sg_model_load(path, &error);

  g_assert_no_error(error);
  return model;
}

static SgModel *
saved_and_loaded(SgModel *model)
{
  g_autofree char *dir = g_dir_make_tmp("vitrine-families-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(dir, "converted.safetensors", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true(sg_model_save(model, path, &error));
  g_assert_no_error(error);
  SgModel *again = sg_model_load(path, &error);
  g_assert_no_error(error);
  g_unlink(path);
  g_rmdir(dir);
  return again;
}

static SgTensor *
picture(SgModel *model, SgBackend *backend, const SgRecipe *recipe)
{
  g_autoptr(SgRenderer) r = test_renderer_new(model, backend, SG_RENDERER_BUDGET);
  return test_render(r, recipe);
}

static void
test_picture(gconstpointer data)
{
  const PictureCase *c = data;
  sg_model_ask_resolution(c->asked);
  g_autoptr(SgModel) model = load(c->file);
  g_autoptr(SgModel) again = saved_and_loaded(model);
  sg_model_ask_resolution(0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new_for(&model->info);
  gsize n = (gsize)model->info.img_channels * (gsize)sg_info_height(&model->info) *
            (gsize)sg_info_width(&model->info);
  g_autofree float *expected = oracle(c->oracle, n);

  recipe->label = c->label;
  recipe->psi = c->psi;
  recipe->cutoff = c->cutoff;
  recipe->noise_mode = c->noise;
  if (c->moved) {
    recipe->rotate = 20;
    recipe->translate_x = 0.1;
    recipe->translate_y = -0.05;
  }
  g_autoptr(SgTensor) fast = picture(model, NULL, recipe);
  g_autoptr(SgTensor) slow = picture(model, sg_backend_reference(), recipe);
  g_autoptr(SgTensor) converted = picture(again, NULL, recipe);
  g_assert_cmpuint(fast->numel, ==, n);
  golden_compare_floats(c->oracle, n, fast->data, expected);
  golden_compare_floats(c->oracle, n, slow->data, expected);
  g_assert_cmpmem(converted->data, n * sizeof(float), fast->data, n * sizeof(float));
}

/* RandomState (3).randn (8, C, 8, 8), each number a square of pixels. */
static SgTensor *
block_images(const SgModelInfo *info)
{
  int h = sg_info_height(info), w = sg_info_width(info), channels = info->img_channels;
  g_autofree float *blocks = g_new(float, 8 * (gsize)channels * 64);
  SgTensor *t = sg_tensor_new(4, (gint64[]){8, channels, h, w});
  SgRandomState state;

  sg_random_state_seed(&state, 3);
  sg_random_state_randn_f32(&state, 8 * (gsize)channels * 64, blocks);
  for (int p = 0; p < 8 * channels; p++)
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++)
        t->data[((gsize)p * (gsize)h + (gsize)y) * (gsize)w + (gsize)x] =
            blocks[(gsize)p * 64 + (gsize)(y * 8 / h * 8 + x * 8 / w)];
  return t;
}

static void
compare_scores(SgModel *model, const char *name)
{
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  g_autoptr(SgTensor) images = block_images(&model->info);
  g_autofree float *floats = oracle(name, 8);
  g_autoptr(GError) error = NULL;
  double found[8], expected[8];
  int labels[8];

  for (int i = 0; i < 8; i++) {
    expected[i] = floats[i];
    labels[i] = model->info.c_dim ? i % model->info.c_dim : -1;
  }
  g_assert_true(sg_renderer_score(r, images, labels, 8, found, &error));
  g_assert_no_error(error);
  golden_compare(name, 8, found, expected);
}

static void
test_scores(gconstpointer data)
{
  const char *const *c = data;
  g_autoptr(SgModel) model = load(c[0]);
  g_autoptr(SgModel) again = saved_and_loaded(model);

  compare_scores(model, c[1]);
  compare_scores(again, c[1]);
}

/* What its authors truncate by is where a new face begins. */
static void
test_usual_truncation(void)
{
  g_autoptr(SgModel) model = load("sg1_cond32.pkl");
  g_autoptr(SgModel) again = saved_and_loaded(model);
  g_autoptr(SgModel) other = load("sg2_ada_p4.pkl");
  g_autoptr(SgRecipe) recipe = sg_recipe_new_for(&again->info);
  g_autoptr(SgRecipe) plain = sg_recipe_new_for(&other->info);

  g_assert_cmpfloat(recipe->psi, ==, 0.7);
  g_assert_cmpint(recipe->cutoff, ==, 8);
  g_assert_cmpfloat(plain->psi, ==, 1);
  g_assert_cmpint(plain->cutoff, ==, ALL);
}

/* Edits from stage to stage give what a fresh renderer gives. */
static void
test_stages(gconstpointer file)
{
  g_autoptr(SgModel) model = load(file);
  g_autoptr(SgRecipe) recipe = sg_recipe_new_for(&model->info);
  g_autoptr(SgRenderer) kept = test_renderer_new(model, NULL, SG_RENDERER_BUDGET);

  for (int step = 0; step < 6; step++) {
    if (step == 1)
      recipe->seed = 5;
    if (step == 2)
      recipe->noise_mode = SG_NOISE_RANDOM;
    if (step == 3)
      sg_recipe_set_s_offset(recipe, 3, 2, 1.5);
    if (step == 4)
      sg_recipe_set_w_layer_offset(recipe, model->info.num_ws - 1, 1, 0.5);
    if (step == 5)
      recipe->faces = 3;
    g_autoptr(SgTensor) a = test_render(kept, recipe);
    g_autoptr(SgTensor) b = picture(model, NULL, recipe);
    g_assert_cmpmem(a->data, a->numel * sizeof(float), b->data, b->numel * sizeof(float));
  }
}

/* Turning and moving begin with the first stage, and only a StyleGAN3 can. */
static void
test_motion(void)
{
  g_autoptr(SgModel) model = load("sg3_n64.pkl");
  g_autoptr(SgModel) other = load("sg1_cond32.pkl");
  g_autoptr(SgRecipe) recipe = sg_recipe_new_for(&model->info);
  g_autoptr(SgRecipe) wrong = sg_recipe_new_for(&other->info);
  g_autoptr(SgRenderer) kept = test_renderer_new(model, NULL, SG_RENDERER_BUDGET);
  g_autoptr(SgRenderer) r = test_renderer_new(other, NULL, 0);
  g_autoptr(SgTensor) before = test_render(kept, recipe);
  g_autoptr(GError) error = NULL;

  recipe->translate_x = 0.25;
  g_autoptr(SgTensor) moved = test_render(kept, recipe);
  g_autoptr(SgTensor) fresh = picture(model, NULL, recipe);
  g_assert_cmpmem(moved->data, moved->numel * sizeof(float), fresh->data,
                  fresh->numel * sizeof(float));
  g_assert_true(memcmp(moved->data, before->data, moved->numel * sizeof(float)) != 0);
  wrong->rotate = 5;
  g_assert_null(sg_renderer_render_float(r, wrong, &error));
  g_assert_nonnull(strstr(error->message, "only a StyleGAN3 can"));
}

/* Tensors alone, as a state dict: what names and filters tell is what the modules state. */
static void
test_without_attributes(void)
{
  static const char *const files[] = {"sg3_c32.pkl", "sg3_r64.pkl"};

  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", files[i], NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(SgArchive) archive = sg_archive_open(path, &error);
    g_assert_no_error(error);
    g_autoptr(SgModel) stated = sg_model_from_archive(archive, &error);
    g_assert_no_error(error);
    g_hash_table_remove_all(archive->attributes);
    g_autoptr(SgModel) bare = sg_model_from_archive(archive, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(g_hash_table_lookup(bare->metadata, "layers"), ==,
                    g_hash_table_lookup(stated->metadata, "layers"));
    g_assert_cmpstr(g_hash_table_lookup(bare->metadata, "input"), ==,
                    g_hash_table_lookup(stated->metadata, "input"));
    g_assert_cmpuint(bare->warnings->len, >, 0);
  }
}

static void
refused(const char *attribute, const char *value, const char *text)
{
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", "sg3_n64.pkl", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgArchive) archive = sg_archive_open(path, &error);
  g_autofree char *key = g_strconcat("G_ema.", attribute, NULL);

  g_assert_no_error(error);
  if (value)
    g_hash_table_replace(archive->attributes, g_strdup(key), g_strdup(value));
  else
    g_assert_true(g_hash_table_remove(archive->attributes, key));
  g_assert_null(sg_model_from_archive(archive, &error));
  if (!strstr(error->message, text))
    g_error("“%s” does not say “%s”", error->message, text);
}

static void
load_fails(const char *file, int asked, const char *text)
{
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", file, NULL);
  g_autoptr(GError) error = NULL;

  sg_model_ask_resolution(asked);
  g_assert_null(sg_model_load(path, &error));
  sg_model_ask_resolution(0);
  if (!strstr(error->message, text))
    g_error("“%s” does not say “%s”", error->message, text);
}

/* A file that does not say how far it is trained is opened as its layers tell, with a word, or as
 * it is asked for; one that says it takes no other size. */
static void
test_asked_resolution(void)
{
  g_autoptr(SgModel) model = load("sg1_rosinality.pt");

  g_assert_cmpint(model->info.img_resolution, ==, 16);
  g_assert_cmpuint(model->warnings->len, ==, 1);
  g_assert_nonnull(strstr(model->warnings->pdata[0], "--network-resolution"));
  load_fails("sg1_rosinality.pt", 64, "but 64 were asked for");
  load_fails("sg1_huangzh13.pth", 12, "but 12 were asked for");
  load_fails("sg1_cond32.pkl", 16, "as the file says itself");
}

/* What works on square pictures only says so. */
static void
test_not_square(void)
{
  g_autoptr(SgModel) model = load("sg2_tall.pt");
  g_autoptr(GError) error = NULL;

  g_assert_cmpint(sg_info_height(&model->info), ==, 16);
  g_assert_cmpint(sg_info_width(&model->info), ==, 8);
  g_assert_false(sg_info_require_square(&model->info, "projection", &error));
  g_assert_cmpstr(error->message, ==,
                  "this model's pictures are 8×16; projection works on square ones only");
}

/* One sentence each for what makes no sense. */
static void
test_nonsense(void)
{
  refused("synthesis.L1_36_10.padding", "[9, 8, 9]", "for padding");
  refused("synthesis.L1_36_10.padding", "[2147483648, 8, 2147483648, 8]", "makes no sense");
  refused("synthesis.L1_36_10.padding", "[12, 8, 12, 8]", "L1_36_10");
  refused("synthesis.L1_36_10.padding", "[-90, 8, -90, 8]", "L1_36_10");
  refused("synthesis.L1_36_10.up_factor", "0", "makes no sense");
  refused("synthesis.L1_36_10.up_factor", "1073741824", "makes no sense");
  refused("synthesis.L1_36_10.down_factor", "-2", "makes no sense");
  refused("synthesis.L1_36_10.out_size", "[-36, -36]", "makes no sense");
  refused("synthesis.L1_36_10.out_size", "[36, 35]", "for out_size");
  refused("synthesis.L1_36_10.up_factor", NULL, "for up_factor");
  refused("synthesis.input.size", "[2147483647, 2147483647]", "makes no sense");
  refused("synthesis.input.sampling_rate", "nan", "makes no sense");
  refused("synthesis.input.sampling_rate", "0", "makes no sense");
  refused("synthesis.layer_names", "[L0_36_10]", "from 2 to 64 layers, this one 1");
  refused("synthesis.layer_names", NULL, "has no list of layers");
  refused("synthesis.layer_names", "[L0_36_10, nobody]", "nobody");
  refused("num_ws", "2", "for num_ws");
  refused("img_channels", "4", "for img_channels");
  refused("synthesis.output_scale", "much", "which is no number");
  refused("synthesis.L3_52_10.conv_clamp", "7", "conv_clamp");
}

/* A device without these kernels says so; nothing is drawn wrongly. */
static void
test_device_without(void)
{
  SgBackend less = *sg_backend_reference();
  g_autoptr(SgModel) model = load("sg1_cond32.pkl");
  g_autoptr(GError) error = NULL;

  less.adain = NULL;
  g_assert_null(sg_renderer_new(model, &less, &error));
  g_assert_nonnull(strstr(error->message, "the device reference cannot run; take the CPU"));
}

int
main(int argc, char **argv)
{
  tested_backend();
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(pictures); i++) {
    g_autofree char *name =
        g_strconcat("/families/", pictures[i].oracle, "/", pictures[i].file, NULL);
    g_test_add_data_func(name, &pictures[i], test_picture);
  }
  for (guint i = 0; i < G_N_ELEMENTS(scores); i++) {
    g_autofree char *name = g_strconcat("/families/", scores[i][1], NULL);
    g_test_add_data_func(name, scores[i], test_scores);
  }
  g_test_add_func("/families/usual-truncation", test_usual_truncation);
  g_test_add_data_func("/families/stages/sg1", "sg1_cond32.pkl", test_stages);
  g_test_add_data_func("/families/stages/sg3", "sg3_n64.pkl", test_stages);
  g_test_add_func("/families/motion", test_motion);
  g_test_add_func("/families/without-attributes", test_without_attributes);
  g_test_add_data_func("/families/stages/tall", "sg2_tall.pt", test_stages);
  g_test_add_data_func("/families/stages/rosinality", "sg1_rosinality.pt", test_stages);
  g_test_add_func("/families/asked-resolution", test_asked_resolution);
  g_test_add_func("/families/not-square", test_not_square);
  g_test_add_func("/families/nonsense", test_nonsense);
  g_test_add_func("/families/device-without", test_device_without);
  return g_test_run();
}
