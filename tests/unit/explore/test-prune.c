/* Pruning: what is taken and what never is, what a normal distribution leaves, that nothing of it
 * touches the original, and what saving it and removing dead channels do. */
#include "engine/explore/weights/prune-save.h"
#include "engine/explore/weights/prune-score.h"
#include "engine/base/random.h"
#include "engine/models/family.h"
#include "tests/support/models.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static const char *const models[] = {"sg2_ada_p3.pkl", "simplerick_zip.pt"};

/* A model of one layer, of which a caller decides the weights; takes them. */
static SgModel *
one_layer(SgTensor *weights)
{
  SgModelInfo info = {.family = &sg_family_stylegan2};
  SgModel *model = sg_model_new("test", &info);
  SgLayer layer = sg_layer_new(SG_KIND_DENSE, SG_SECTION_MAPPING);

  layer.lr = 0.01;
  model->generator = sg_network_new(info.family);
  sg_network_declare(model->generator, sg_network_add(model->generator, &layer), SG_ROLE_WEIGHT,
                     weights->ndim, weights->shape, "mapping.fc0.weight");
  sg_model_take(model, "G_ema.", "mapping.fc0.weight", weights);
  return model;
}

/* A weight from N(0, 1) stays at threshold t with the probability erfc (t / sqrt 2). */
static void
test_normal(void)
{
  g_autoptr(GError) error = NULL;
  gint64 shape[2] = {512, 512};
  SgTensor *t = sg_tensor_new(2, shape);
  SgRandomState state;

  sg_random_state_seed(&state, 5);
  sg_random_state_randn_f32(&state, t->numel, t->data);
  g_autoptr(SgModel) model = one_layer(t);
  g_autoptr(SgPruneCounter) c = sg_prune_counter_new(model, &error);
  g_assert_no_error(error);
  double n = (double)sg_prune_counter_total(c);
  g_assert_cmpfloat(n, ==, 512 * 512);
  for (int i = 0; i <= 1000; i++) {
    SgPrune p = {.threshold = i / 1000.0};
    double q = erfc(p.threshold / G_SQRT2), deviation = sqrt(n * q * (1 - q));
    double found = (double)sg_prune_counter_remaining(c, &p);
    g_assert_cmpfloat(fabs(found - n * q), <=, 4 * deviation);
  }
}

static gboolean
is_weight(const char *name)
{
  return g_str_has_prefix(name, "G_ema.") &&
         (g_str_has_suffix(name, ".weight") || g_str_has_suffix(name, ".weight_orig"));
}

/* Weights below the threshold are exactly zero, the rest and everything else the same bits; the
 * original is as it was. */
static void
test_apply(gconstpointer name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = test_load_model(name), original = test_load_model(name);
  SgPrune p = {.threshold = 0.25};
  g_autoptr(SgModel) pruned = sg_prune_apply(model, &p, &error);
  guint changed = 0;

  g_assert_no_error(error);
  g_assert_cmpuint(pruned->names->len, ==, original->names->len);
  for (guint i = 0; i < original->names->len; i++) {
    const char *tensor = original->names->pdata[i];
    const SgTensor *was = g_hash_table_lookup(original->tensors, tensor);
    const SgTensor *is = g_hash_table_lookup(model->tensors, tensor);
    const SgTensor *now = g_hash_table_lookup(pruned->tensors, tensor);
    g_assert_cmpmem(is->data, is->numel * 4, was->data, was->numel * 4);
    g_assert_cmpuint(now->numel, ==, was->numel);
    for (gsize k = 0; k < was->numel; k++) {
      gboolean gone = is_weight(tensor) && fabs(was->data[k]) < 0.25;
      g_assert_cmpfloat(now->data[k], ==, gone ? 0 : was->data[k]);
      changed += gone;
    }
  }
  g_assert_cmpuint(changed, >, 100);
}

/* A threshold between two floats: a weight just below it goes, in the count and in the weights. */
static void
test_between(void)
{
  g_autoptr(GError) error = NULL;
  gint64 shape[2] = {1, 2};
  SgTensor *t = sg_tensor_new(2, shape);
  SgPrune p = {.threshold = nextafter((double)0.3f, 1)};

  t->data[0] = -0.3f;
  t->data[1] = nextafterf(0.3f, 1);
  g_autoptr(SgModel) model = one_layer(t);
  g_autoptr(SgPruneCounter) c = sg_prune_counter_new(model, &error);
  g_autoptr(SgModel) pruned = sg_prune_apply(model, &p, &error);
  g_assert_no_error(error);
  const SgTensor *left = sg_model_tensor(pruned, "G_ema.", "mapping.fc0.weight");
  g_assert_cmpuint(sg_prune_counter_remaining(c, &p), ==, 1);
  g_assert_true(left->data[0] == 0 && left->data[1] == t->data[1]);
}

/* Layers of their own threshold, excluded ones among them. */
static void
test_layers(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = test_load_model(models[0]);
  g_autoptr(SgPruneCounter) c = sg_prune_counter_new(model, &error);
  SgPrune p = {.threshold = 1000};

  g_assert_no_error(error);
  g_assert_cmpuint(sg_prune_counter_remaining(c, &p), ==, 0);
  sg_prune_set_layer(&p, "synthesis.b8.conv0.weight", 0);
  g_assert_cmpuint(sg_prune_counter_remaining(c, &p), ==,
                   sg_model_tensor(model, "G_ema.", "synthesis.b8.conv0.weight")->numel);
  for (guint i = 0; i < sg_prune_counter_layers(c); i++) {
    const SgWeightLayer *layer = sg_prune_counter_layer_info(c, i);
    SgLayerGroup wanted = g_str_has_prefix(layer->name, "mapping.")        ? SG_LAYER_MAPPING
                          : g_str_has_suffix(layer->name, "affine.weight") ? SG_LAYER_AFFINE
                          : strstr(layer->name, ".torgb.")                 ? SG_LAYER_RGB
                                                                           : SG_LAYER_CONV;
    g_assert_cmpint(layer->group, ==, wanted);
  }
  sg_prune_clear(&p);
}

static SgPruneScorer *
scorer(SgModel *model)
{
  g_autoptr(GError) error = NULL;
  SgPruneScorer *s = sg_prune_scorer_new(model, 9, 3, 0.7, &error);
  g_assert_no_error(error);
  return s;
}

static void
run(SgPruneScorer *s, double threshold, GBytes **rgb, GBytes **logits)
{
  g_autoptr(GError) error = NULL;
  SgPrune p = {.threshold = threshold};
  const SgPruneResult *r = sg_prune_scorer_run(s, &p, &error);

  g_assert_no_error(error);
  g_assert_cmpint(r->drawn, ==, 9);
  *rgb = g_bytes_new(r->rgb, (gsize)(9 * r->width * r->height * 3));
  *logits = g_bytes_new(r->logits, 9 * sizeof(double));
}

/* The dial to 0.4, half way to somewhere else, and back: the same bits as ever, also those of a
 * renderer that never pruned. */
static void
test_back(gconstpointer name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = test_load_model(name);
  g_autoptr(SgPruneScorer) s = scorer(model);
  g_autoptr(GBytes) a = NULL, b = NULL, c = NULL, la = NULL, lb = NULL, lc = NULL;
  SgPrune other = {.threshold = 0.9};

  run(s, 0, &a, &la);
  run(s, 0.4, &b, &lb);
  sg_prune_scorer_begin(s, &other);
  g_assert_cmpint(sg_prune_scorer_step(s, &error), ==, SG_PRUNE_STEP_MORE);
  g_assert_cmpint(sg_prune_scorer_step(s, &error), ==, SG_PRUNE_STEP_MORE);
  run(s, 0, &c, &lc);
  g_assert_false(g_bytes_equal(a, b) || g_bytes_equal(la, lb));
  g_assert_true(g_bytes_equal(a, c) && g_bytes_equal(la, lc));
  g_autoptr(SgRenderer) r = sg_renderer_new(model, NULL, &error);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  recipe->seed = 3;
  recipe->faces = 8; /* as a slice has */
  recipe->psi = 0.7;
  g_autoptr(SgPicture) p = sg_renderer_render(r, recipe, 0, &error);
  g_assert_no_error(error);
  gsize bytes = (gsize)(8 * p->width * p->height * 3);
  g_assert_cmpmem(p->rgb, bytes, g_bytes_get_data(a, NULL), bytes);
}

/* Weights that no memory could hold: an error, not an abort. */
static void
test_memory(void)
{
  g_autoptr(GError) error = NULL;
  SgTensor *huge = g_new0(SgTensor, 1);
  SgPrune p = {.threshold = 0.5};

  g_atomic_ref_count_init(&huge->ref);
  huge->ndim = 2;
  huge->shape[0] = huge->shape[1] = (gint64)1 << 24;
  huge->numel = (gsize)1 << 48;
  g_autoptr(SgModel) model = one_layer(huge);
  g_assert_null(sg_prune_apply(model, &p, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM);
  g_clear_error(&error);
  g_assert_null(sg_prune_counter_new(model, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM);
}

/* A channel that nothing reads goes, its neighbours stay, and so does the picture. */
static void
kill_channel(SgModel *model, const char *name, int axis, gint64 channel)
{
  SgTensor *t = sg_model_tensor(model, "G_ema.", name);
  gsize inner = 1;

  for (int i = axis + 1; i < t->ndim; i++)
    inner *= (gsize)t->shape[i];
  for (gsize i = 0; i < t->numel; i++)
    if ((gint64)(i / inner) % t->shape[axis] == channel)
      t->data[i] = 0;
}

static void
test_slim(gconstpointer name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = test_load_model(name);
  gboolean my = model->info.family == &sg_family_mystylegan;
  SgPruneSpeed speed;
  int channels, before, after;
  SgPrune none = {0};

  g_clear_pointer(&model->hash, g_free); /* its weights are about to change */
  g_autoptr(SgModel) whole = sg_prune_slim(model, &channels, &before, &error);
  g_assert_no_error(error);
  g_assert_cmpint(before, ==, 0);
  kill_channel(model, my ? "1.conv.weight_orig" : "synthesis.b8.conv1.weight", 1, 1);
  /* Read by two layers: one of them is not enough. */
  kill_channel(model, my ? "0.to_channels.weight_orig" : "synthesis.b8.torgb.weight", 1, 1);
  g_autoptr(SgModel) slim = sg_prune_slim(model, &channels, &after, &error);
  g_assert_cmpint(after, ==, 1);
  /* Before the last toRGB, which divides by the square root of how many channels there are. */
  kill_channel(model, my ? "2.to_channels.weight_orig" : "synthesis.b16.torgb.weight", 1, 2);
  g_assert_true(sg_prune_measure(model, &none, &speed, &error));
  g_assert_no_error(error);
  g_assert_cmpint(speed.removed, ==, 2);
  g_assert_cmpuint(speed.kept, <, speed.weights);
  g_assert_cmpfloat(speed.difference, <, 1e-5);
  g_assert_cmpfloat(speed.ms_slim, >, 0);
}

static void
test_save(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp("vitrine-prune-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(dir, "pruned.safetensors", NULL);
  g_autoptr(SgModel) model = test_load_model(models[0]);
  SgPrune p = {.threshold = 0.5, .unequalised = TRUE};
  SgPruneSaving s;

  g_assert_true(sg_prune_save(model, &p, path, &s, &error));
  g_assert_no_error(error);
  g_autoptr(SgModel) saved = sg_model_load(path, &error);
  g_assert_no_error(error);
  g_autoptr(SgPruneCounter) was = sg_prune_counter_new(model, &error),
                            is = sg_prune_counter_new(saved, &error);
  SgPrune none = {0}, same = {.threshold = 0.5}, any = {.threshold = 1e-30};
  g_assert_cmpuint(sg_prune_counter_remaining(is, &none), ==, sg_prune_counter_total(was));
  g_assert_cmpuint(sg_prune_counter_remaining(is, &any), ==,
                   sg_prune_counter_remaining(was, &same));
  g_assert_cmpuint(s.weights - s.zeros, ==, sg_prune_counter_remaining(was, &same));
  g_assert_cmpuint(s.zeros_before, ==, 0);
  g_assert_cmpuint(s.compressed, <, s.compressed_before);
  g_assert_cmpstr(g_hash_table_lookup(saved->metadata, "pruned"), ==,
                  "threshold 0.5 of stored weights");
  g_autofree char *nowhere = g_build_filename(dir, "no", "where", NULL);
  g_assert_false(sg_prune_save(model, &p, nowhere, NULL, &error));
  g_assert_true(error->domain == G_FILE_ERROR && strstr(error->message, nowhere));
  g_remove(path);
  g_rmdir(dir);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/prune/normal", test_normal);
  g_test_add_func("/prune/between", test_between);
  g_test_add_func("/prune/layers", test_layers);
  g_test_add_func("/prune/memory", test_memory);
  g_test_add_func("/prune/save", test_save);
  for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
    g_autofree char *apply = g_strconcat("/prune/apply/", models[i], NULL);
    g_autofree char *back = g_strconcat("/prune/back/", models[i], NULL);
    g_autofree char *slim = g_strconcat("/prune/slim/", models[i], NULL);
    g_test_add_data_func(apply, models[i], test_apply);
    g_test_add_data_func(back, models[i], test_back);
    g_test_add_data_func(slim, models[i], test_slim);
  }
  return g_test_run();
}
