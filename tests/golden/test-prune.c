/* Magnitude pruning against NumPy's counts and PyTorch's scores (make-prune.py). */
#include "engine/explore/weights/prune-score.h"
#include "tests/golden/golden-compare.h"
#include "tests/support/random-model.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

static json_t *expected;

static const RandomModelSpec specs[] = {
    {.resolution = 16,
     .channel_base = 256,
     .channel_max = 24,
     .z_dim = 20,
     .w_dim = 24,
     .mapping_layers = 2,
     .g_arch = SG_ARCH_SKIP,
     .d_arch = SG_ARCH_RESNET,
     .clamp = -1},
    {.resolution = 16,
     .channel_base = 256,
     .channel_max = 24,
     .z_dim = 20,
     .w_dim = 24,
     .c_dim = 3,
     .mapping_layers = 2,
     .g_arch = SG_ARCH_RESNET,
     .d_arch = SG_ARCH_SKIP,
     .clamp = -1},
};

static const json_t *
find_case(const char *name)
{
  json_t *all = json_object_get(expected, "cases"), *one;
  gsize i;

  json_array_foreach (all, i, one)
    if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
      return one;
  g_error("expected/prune.json has no case %s", name);
}

static SgModel *
load(gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  const json_t *one = find_case(data);
  SgModel *model;

  if (strcmp(data, "mystylegan") == 0) {
    model = test_load_model("simplerick_zip.pt");
  } else {
    RandomModelSpec spec = specs[strcmp(data, "classes") == 0];
    spec.seed = (guint32)json_integer_value(json_object_get(one, "seed"));
    model = random_model_new(&spec, &error);
  }
  g_assert_no_error(error);
  return model;
}

static guint64
count_at(const json_t *counts, gsize i)
{
  g_assert_cmpuint(i, <, json_array_size(counts));
  return (guint64)json_integer_value(json_array_get(counts, i));
}

static void
compare_counts(SgPruneCounter *c, const json_t *counts, SgMagnitude magnitude)
{
  const json_t *total = json_object_get(counts, "total"),
               *layers = json_object_get(counts, "layers");

  g_assert_cmpuint(sg_prune_counter_layers(c), ==, json_object_size(layers));
  g_assert_cmpuint(json_array_size(total), ==, 1001);
  for (guint i = 0; i <= 1000; i++) {
    SgPrune p = {.threshold = round(i * 0.001 * 1e9) / 1e9, .magnitude = magnitude};
    guint64 sum = 0;
    g_assert_cmpuint(sg_prune_counter_remaining(c, &p), ==, count_at(total, i));
    for (guint k = 0; k < sg_prune_counter_layers(c); k++) {
      const SgWeightLayer *layer = sg_prune_counter_layer_info(c, k);
      guint64 n = sg_prune_counter_layer(c, k, &p);
      sum += n;
      g_assert_cmpuint(n, ==, sg_prune_remaining(layer, &p));
      if (i % 100 == 0)
        g_assert_cmpuint(n, ==, count_at(json_object_get(layers, layer->name), i / 100));
    }
    g_assert_cmpuint(sum, ==, count_at(total, i));
  }
}

static void
test_counts(gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = load(data);
  g_autoptr(SgPruneCounter) c = sg_prune_counter_new(model, &error);

  g_assert_no_error(error);
  const json_t *one = find_case(data);
  g_assert_cmpuint(sg_prune_counter_total(c), ==,
                   (guint64)json_integer_value(json_object_get(one, "weights")));
  compare_counts(c, json_object_get(one, "stored"), SG_MAGNITUDE_STORED);
  compare_counts(c, json_object_get(one, "effective"), SG_MAGNITUDE_EFFECTIVE);
}

static double
sigmoid(double x)
{
  return 1 / (1 + exp(-x));
}

/* Logits to 1e-4 of their range, sigmoids to 1e-4. */
static void
compare_scores(SgPruneScorer *scorer, const SgPrune *p, const char *what, const json_t *logits)
{
  g_autoptr(GError) error = NULL;
  const SgPruneResult *r = sg_prune_scorer_run(scorer, p, &error);
  double wanted[64], mean = 0, score = 0, spread = 0;
  gsize n = json_array_size(logits);

  g_assert_no_error(error);
  g_assert_true(r->scored && r->drawn == r->images);
  g_assert_cmpuint(n, ==, (gsize)r->images);
  for (gsize i = 0; i < n; i++) {
    wanted[i] = json_number_value(json_array_get(logits, i));
    mean += wanted[i] / (double)n;
    score += sigmoid(wanted[i]) / (double)n;
    g_assert_cmpfloat_with_epsilon(sigmoid(r->logits[i]), sigmoid(wanted[i]), 1e-4);
  }
  for (gsize i = 0; i < n; i++)
    spread += (wanted[i] - mean) * (wanted[i] - mean) / (double)n;
  golden_compare(what, n, r->logits, wanted);
  g_assert_cmpfloat_with_epsilon(r->score_mean, score, 1e-4);
  g_assert_cmpfloat_with_epsilon(r->logit_mean, mean, 1e-4 * MAX(1, fabs(mean)));
  g_assert_cmpfloat_with_epsilon(r->logit_std, sqrt(spread), 1e-4 * MAX(1, sqrt(spread)));
}

static void
test_scores(gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = load(data);
  int faces = (int)json_integer_value(json_object_get(expected, "faces"));
  g_autoptr(SgPruneScorer) scorer = sg_prune_scorer_new(model, faces, 0, 1, &error);
  sg_prune_scorer_set_judge(scorer, SG_JUDGE_TRAINING);
  const json_t *one = find_case(data), *thresholds = json_object_get(expected, "thresholds");
  const json_t *stored = json_object_get(one, "logits"),
               *effective = json_object_get(one, "logits_effective");

  g_assert_no_error(error);
  g_assert_cmpuint(json_array_size(stored), ==, 10);
  for (gsize i = 0; i < json_array_size(stored); i++) {
    double t = json_number_value(json_array_get(thresholds, i));
    SgPrune p = {.threshold = t};
    g_autofree char *what = g_strdup_printf("%s, threshold %g", (const char *)data, t);
    compare_scores(scorer, &p, what, json_array_get(stored, i));
    SgPrune q = {.threshold = t / 10, .magnitude = SG_MAGNITUDE_EFFECTIVE};
    if (i < json_array_size(effective))
      compare_scores(scorer, &q, "effective", json_array_get(effective, i));
  }
  SgPrune p = {.threshold = 0.3, .unequalised = TRUE};
  compare_scores(scorer, &p, "unequalised", json_object_get(one, "logits_unequalised"));
}

int
main(int argc, char **argv)
{
  static const char *const names[] = {"skip", "classes", "mystylegan"};
  json_error_t why;

  g_test_init(&argc, &argv, NULL);
  g_autofree char *path =
      g_test_build_filename(G_TEST_DIST, "golden", "expected", "prune.json", NULL);
  if (!(expected = json_load_file(path, 0, &why)))
    g_error("%s: %s", path, why.text);
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *counts = g_strconcat("/prune/counts/", names[i], NULL);
    g_autofree char *scores = g_strconcat("/prune/scores/", names[i], NULL);
    g_test_add_data_func(counts, names[i], test_counts);
    g_test_add_data_func(scores, names[i], test_scores);
  }
  int status = g_test_run();
  json_decref(expected);
  return status;
}
