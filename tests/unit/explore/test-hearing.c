/* How strongly a network hears its dimensions: a deaf one is known as deaf, and what comes with the
 * bundled model is what its mean face does, and tells about other faces.
 *
 * "test-hearing --make FILE.npy" writes the bundled model's (some seconds). */
#include "engine/explore/causes/influence.h"
#include "engine/explore/vector-file.h"
#include "tests/support/models.h"
#include <math.h>
#include <string.h>

#define BUNDLED "data/models/lorelei64.safetensors"

static double *
hear(SgRenderer *r, const SgRecipe *recipe, int n, const int *dims)
{
  double *heard = g_new(double, n);
  g_autoptr(GError) error = NULL;

  for (int i = 0; i < n; i += 16)
    sg_renderer_influence(r, recipe, SG_SPACE_W, SG_HEARING_MOVE, MIN(16, n - i), dims + i,
                          heard + i, &error);
  g_assert_no_error(error);
  return heard;
}

static SgRecipe *
mean_face(SgRenderer *r)
{
  g_autoptr(GError) error = NULL;
  SgRecipe *recipe = sg_hearing_recipe(r, &error);

  g_assert_no_error(error);
  return recipe;
}

/* A column of zeros in every affine layer is what deaf means. */
static void
deafen(SgModel *model, int dim)
{
  GHashTableIter iter;
  gpointer name, tensor;

  g_hash_table_iter_init(&iter, model->tensors);
  while (g_hash_table_iter_next(&iter, &name, &tensor)) {
    SgTensor *t = tensor;
    if (g_str_has_prefix(name, "G_ema.") && g_str_has_suffix(name, ".affine.weight"))
      for (gint64 row = 0; row < t->shape[0]; row++)
        t->data[row * t->shape[1] + dim] = 0;
  }
}

static void
test_deaf(void)
{
  SgModel *model = test_load_model("sg2.safetensors");
  deafen(model, 3);
  SgRenderer *r = test_renderer_new(model, NULL, SG_RENDERER_BUDGET);
  g_autoptr(SgRecipe) mean = mean_face(r);
  g_autoptr(GError) error = NULL;
  g_autofree double *ws = sg_renderer_ws(r, mean, &error);
  const SgTensor *w_avg = sg_model_tensor(model, "G_ema.", "mapping.w_avg");

  for (int i = 0; i < model->info.w_dim; i++)
    g_assert_cmpfloat_with_epsilon(ws[i], (double)w_avg->data[i], 1e-5);
  const int dims[] = {0, 1, 2, 3, 4, 5};
  g_autofree double *heard = hear(r, mean, G_N_ELEMENTS(dims), dims);
  for (int i = 0; i < (int)G_N_ELEMENTS(dims); i++)
    if (i == 3)
      g_assert_cmpfloat(heard[i], ==, 0);
    else
      g_assert_cmpfloat(heard[i], >, 0);
  sg_renderer_free(r);
  sg_model_unref(model);
}

/* ---- the bundled model ------------------------------------------------------------------- */

static SgModel *
bundled(void)
{
  g_autofree char *path = g_build_filename(g_getenv("G_TEST_SRCDIR"), "..", BUNDLED, NULL);
  g_autoptr(GError) error = NULL;
  SgModel *model = sg_model_load(path, &error);

  g_assert_no_error(error);
  return model;
}

static double
rank_correlation(int n, const double *a, const double *b)
{
  double mean = (n - 1) / 2.0, both = 0, one = 0;

  for (int i = 0; i < n; i++) {
    int x = 0, y = 0;
    for (int j = 0; j < n; j++) {
      x += a[j] < a[i];
      y += b[j] < b[i];
    }
    both += (x - mean) * (y - mean);
    one += (x - mean) * (x - mean);
  }
  return both / one;
}

static void
test_bundled(void)
{
  enum { N = 64 };
  SgModel *model = bundled();
  SgRenderer *r = test_renderer_new(model, NULL, SG_RENDERER_BUDGET);
  g_autofree char *path =
      g_strdup_printf("%s/../data/hearing/%s.npy", g_getenv("G_TEST_SRCDIR"), model->hash);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgVectors) kept =
      sg_vectors_read(path, &model->info, SG_SPACE_W, SG_SPACE_W, "", &error);
  g_assert_no_error(error);
  g_autoptr(SgRecipe) mean = mean_face(r);
  double known[N], moved[N] = {0};
  int dims[N];
  for (int i = 0; i < N; i++) {
    dims[i] = 8 * i;
    known[i] = kept->v[dims[i]];
  }
  g_autofree double *again = hear(r, mean, 4, dims);
  for (int i = 0; i < 4; i++)
    g_assert_cmpfloat_with_epsilon(again[i], known[i], 0.01 * known[i]);
  /* Other faces. */
  for (guint32 seed = 100; seed < 103; seed++) {
    g_autoptr(SgRecipe) face = sg_recipe_new(model->info.z_dim, model->info.w_dim);
    face->seed = seed;
    g_autofree double *heard = hear(r, face, N, dims);
    for (int i = 0; i < N; i++)
      moved[i] += heard[i];
  }
  double agree = rank_correlation(N, known, moved);
  g_test_message("rank correlation %.2f", agree);
  g_assert_cmpfloat(agree, >, 0.7); /* over all dimensions and five faces 0.91 */
  sg_renderer_free(r);
  sg_model_unref(model);
}

static int
make(const char *path)
{
  SgModel *model = bundled();
  SgRenderer *r = test_renderer_new(model, NULL, SG_RENDERER_BUDGET);
  g_autoptr(SgRecipe) mean = mean_face(r);
  g_autoptr(GError) error = NULL;
  int n = model->info.w_dim;
  g_autofree int *dims = g_new(int, n);

  for (int i = 0; i < n; i++)
    dims[i] = i;
  g_autofree double *heard = hear(r, mean, n, dims);
  sg_vectors_write(path, SG_SPACE_W, 1, n, heard, &error);
  g_assert_no_error(error);
  sg_renderer_free(r);
  sg_model_unref(model);
  return 0;
}

int
main(int argc, char **argv)
{
  if (argc == 3 && g_str_equal(argv[1], "--make"))
    return make(argv[2]);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/hearing/deaf", test_deaf);
  g_test_add_func("/hearing/bundled", test_bundled);
  return g_test_run();
}
