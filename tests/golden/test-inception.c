/* The Inception network against pytorch-fid's, with weights that a formula gives, and pictures on
 * their way to it against PyTorch, torch-fidelity and clean-fid (make-inception.py). */
#include <jansson.h>
#include <math.h>
#include <string.h>
#include "engine/formats/archive.h"
#include "engine/perceptual/fit-picture.h"
#include "engine/perceptual/inception-layers.h"
#include "engine/perceptual/vgg-features.h"

static json_t *expected;

/* -0.5 … 0.5, by a hash of the place; its seed is FNV-1a of the name. */
static float
uniform(guint32 seed, guint32 i)
{
  guint32 h = i + seed;

  h = (h ^ h >> 16) * 0x85ebca6bu;
  h = (h ^ h >> 13) * 0xc2b2ae35u;
  h ^= h >> 16;
  return (float)((double)h / 4294967296.0 - 0.5);
}

static guint32
seed_of(const char *name)
{
  guint32 seed = 2166136261u;

  for (; *name; name++)
    seed = (seed ^ (guint8)*name) * 16777619u;
  return seed;
}

/* A tensor as the formula of make-inception.py has it. */
static SgTensor *
tensor_of(const char *name, int n, const gint64 *shape)
{
  SgTensor *t = sg_tensor_new(n, shape);
  guint32 seed = seed_of(name), count = 1;
  double fan_in = 1;

  for (int i = 0; i < n; i++) {
    count *= (guint32)shape[i];
    fan_in *= i > 0 ? (double)shape[i] : 1;
  }
  for (guint32 i = 0; i < count; i++) {
    float u = uniform(seed, i);
    if (g_str_has_suffix(name, "running_var"))
      t->data[i] = 1 + 0.8f * u;
    else if (g_str_has_suffix(name, "bn.weight"))
      t->data[i] = 1 + 0.4f * u;
    else if (g_str_has_suffix(name, "conv.weight"))
      t->data[i] = (float)((double)u * sqrt(24 / fan_in));
    else
      t->data[i] = 0.2f * u;
  }
  return t;
}

static void
add(SgArchive *a, const char *layer, const char *part, int n, const gint64 *shape)
{
  g_autofree char *name = g_strconcat(layer, part, NULL);
  g_autoptr(SgTensor) t = tensor_of(name, n, shape);
  g_assert_true(sg_archive_add(a, name, "float32", t));
}

/* The file that pytorch-fid would load. */
static SgArchive *
make_weights(void)
{
  SgArchive *a = sg_archive_new("inception.pth", SG_CONTAINER_TORCH_ZIP, "state dict");
  const gint64 classes[] = {SG_INCEPTION_CLASSES, SG_INCEPTION_FEATURES};
  SgInceptionPlan p;

  sg_inception_plan_init(&p);
  for (guint i = 0; i < p.steps->len; i++) {
    const SgFrozenStep *s = &g_array_index(p.steps, SgFrozenStep, i);
    const SgInceptionLayer *l = &g_array_index(p.layers, SgInceptionLayer, i);
    const gint64 shape[] = {s->out, l->in, s->kh, s->kw};
    if (!l->name)
      continue;
    add(a, l->name, ".conv.weight", 4, shape);
    add(a, l->name, ".bn.weight", 1, shape);
    add(a, l->name, ".bn.bias", 1, shape);
    add(a, l->name, ".bn.running_mean", 1, shape);
    add(a, l->name, ".bn.running_var", 1, shape);
  }
  sg_inception_plan_clear(&p);
  add(a, "fc", ".weight", 2, classes);
  return a;
}

static float *
make_picture(void)
{
  guint32 seed = seed_of("picture"), count = 3 * SG_INCEPTION_SIZE * SG_INCEPTION_SIZE;
  float *v = g_new(float, count);

  for (guint32 i = 0; i < count; i++)
    v[i] = 2 * uniform(seed, i);
  return v;
}

static void
near(double value, double wanted, double reach)
{
  if (!(fabs(value - wanted) <= reach))
    g_error("%.9g is not %.9g", value, wanted);
}

/* Every channel's mean, and values here and there, to 1e-5 of the block's range. */
static void
check_block(SgInception *n, int b, double reach)
{
  const json_t *block = json_array_get(json_object_get(expected, "blocks"), (size_t)b);
  const json_t *mean = json_object_get(block, "mean"), *some = json_object_get(block, "some");
  double most = json_number_value(json_object_get(block, "most"));
  int c, h, w;

  sg_inception_block_size(n, b, &c, &h, &w);
  g_assert_cmpint(c, ==, (int)json_array_size(mean));
  gsize plane = (gsize)h * (gsize)w, all = (gsize)c * plane;
  g_autofree float *v = g_new(float, all);
  g_assert_true(sg_inception_block(n, b, 1, v, NULL));
  for (int k = 0; k < c; k++) {
    double sum = 0;
    for (gsize i = 0; i < plane; i++)
      sum += (double)v[(gsize)k * plane + i];
    near(sum / (double)plane, json_number_value(json_array_get(mean, (size_t)k)), reach * most);
  }
  for (gsize i = 0; i < json_array_size(some); i++)
    near((double)v[i * MAX(1, all / 150)], json_number_value(json_array_get(some, i)),
         reach * most);
}

static void
test_blocks(void)
{
  g_autoptr(SgArchive) weights = make_weights();
  g_autofree float *picture = make_picture();
  g_autofree float *features = g_new(float, SG_INCEPTION_FEATURES);
  g_autofree float *logits = g_new(float, SG_INCEPTION_CLASSES);
  GError *error = NULL;
  g_autoptr(SgInception) n = sg_inception_new(weights, 2, SG_PRECISION_FP32, &error);

  g_assert_no_error(error);
  g_assert_true(sg_inception_run(n, 1, picture, features, &error));
  g_assert_no_error(error);
  for (int b = 0; b < SG_INCEPTION_BLOCKS; b++)
    check_block(n, b, 1e-5);
  sg_inception_logits(n, 1, features, logits);
  for (size_t i = 0; i < SG_INCEPTION_CLASSES; i++)
    near((double)logits[i],
         json_number_value(json_array_get(json_object_get(expected, "logits"), i)), 1e-4);
}

/* In bf16 where the processor has it: as near as 8 bits are. Elsewhere it is refused. */
static void
test_half(void)
{
  g_autoptr(SgArchive) weights = make_weights();
  g_autofree float *picture = make_picture();
  g_autofree float *features = g_new(float, SG_INCEPTION_FEATURES);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgInception) n = sg_inception_new(weights, 1, SG_PRECISION_BF16, &error);

  if (!n) {
    g_assert_nonnull(strstr(error->message, "bf16"));
    g_test_skip(error->message);
    return;
  }
  g_assert_true(sg_inception_run(n, 1, picture, features, NULL));
  check_block(n, 3, 0.02);
}

static void
refused(SgArchive *a, const char *says)
{
  g_autoptr(GError) error = NULL;

  g_assert_null(sg_inception_new(a, 1, SG_PRECISION_FP32, &error));
  if (!strstr(error->message, says) || !strstr(error->message, "inception.pth"))
    g_error("“%s” does not say “%s”", error->message, says);
}

/* Another network, another layout, rounded numbers, numbers that are none. */
static void
test_refused(void)
{
  const gint64 other[] = {32, 3, 5, 5}, shape[] = {32, 3, 3, 3};
  g_autoptr(SgArchive) empty = sg_archive_new("inception.pth", SG_CONTAINER_TORCH_ZIP, "");
  g_autoptr(SgArchive) wrong = sg_archive_new("inception.pth", SG_CONTAINER_TORCH_ZIP, "");
  g_autoptr(SgArchive) half = sg_archive_new("inception.pth", SG_CONTAINER_TORCH_ZIP, "");
  g_autoptr(SgArchive) odd = sg_archive_new("inception.pth", SG_CONTAINER_TORCH_ZIP, "");
  g_autoptr(SgTensor) t = tensor_of("x", 4, shape);

  refused(empty, "Conv2d_1a_3x3.conv.weight is missing");
  add(wrong, "Conv2d_1a_3x3", ".conv.weight", 4, other);
  refused(wrong, "has another shape");
  g_assert_true(sg_archive_add(half, "Conv2d_1a_3x3.conv.weight", "float16", t));
  refused(half, "is float16 and not float32");
  t->data[7] = NAN;
  g_assert_true(sg_archive_add(odd, "Conv2d_1a_3x3.conv.weight", "float32", t));
  refused(odd, "not finite");
}

/* Random weights see noise, the more the more there is, and are the same each time. */
static void
test_random(void)
{
  enum { LEVELS = 4 };
  gsize count = 3 * SG_INCEPTION_SIZE * SG_INCEPTION_SIZE;
  g_autofree float *noise = make_picture(), *picture = g_new(float, count);
  g_autofree float *features = g_new(float, SG_INCEPTION_FEATURES);
  g_autofree float *first = g_new(float, SG_INCEPTION_FEATURES);
  g_autoptr(SgInception) n = sg_inception_new_random(1, SG_PRECISION_FP32, NULL);
  double before = -1;

  for (int level = 0; level <= LEVELS; level++) {
    double apart = 0;
    for (gsize i = 0; i < count; i++)
      picture[i] = (float)sin((double)(i % SG_INCEPTION_SIZE) / 20) * 0.5f +
                   0.1f * (float)(level % LEVELS) * noise[i];
    g_assert_true(sg_inception_run(n, 1, picture, features, NULL));
    if (level == 0)
      memcpy(first, features, sizeof *first * SG_INCEPTION_FEATURES);
    for (int k = 0; k < SG_INCEPTION_FEATURES; k++)
      apart += (double)((features[k] - first[k]) * (features[k] - first[k]));
    if (level < LEVELS)
      g_assert_cmpfloat(apart, >, before);
    else
      g_assert_cmpfloat(apart, ==, 0);
    before = apart;
  }
}

static void
check_fit(const json_t *c, SgFitMode mode)
{
  int size = (int)json_integer_value(json_object_get(c, "size"));
  int to = (int)json_integer_value(json_object_get(c, "to")), count = 3 * size * size;
  const json_t *wanted = json_object_get(c, sg_fit_name(mode));
  g_autofree char *name = g_strdup_printf("fit%d", size);
  g_autofree float *picture = g_new(float, count), *out = g_new(float, 3 * to * to);

  for (int i = 0; i < count; i++)
    picture[i] = floorf((uniform(seed_of(name), (guint32)i) + 0.5f) * 256) / 127.5f - 1;
  sg_fit_pictures(mode, 1, 3, size, picture, to, out);
  for (size_t i = 0; i < json_array_size(wanted); i++)
    near((double)out[i * 7], json_number_value(json_array_get(wanted, i)), 2e-5);
}

static void
test_fits(void)
{
  json_t *c;
  size_t i;

  json_array_foreach (json_object_get(expected, "fits"), i, c)
    for (int mode = 0; mode < SG_FIT_MODES; mode++)
      check_fit(c, (SgFitMode)mode);
  g_assert_cmpint((int)i, ==, 4);
}

/* VGG16 with a sixteenth of its channels, by the formula. */
static SgArchive *
make_vgg(gint64 dense)
{
  static const int widths[] = {4, 4, 8, 8, 16, 16, 16, 32, 32, 32, 32, 32, 32};
  static const int places[] = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
  SgArchive *a = sg_archive_new("inception.pth", SG_CONTAINER_TORCH_ZIP, "state dict");
  gint64 in = 3;

  for (guint k = 0; k < G_N_ELEMENTS(widths) + 2; k++) {
    gboolean conv = k < G_N_ELEMENTS(widths);
    guint d = k - G_N_ELEMENTS(widths);
    gint64 shape[4] = {conv ? widths[k] : d == 0 ? 24 : 20, conv ? in : d == 0 ? dense : 24, 3, 3};
    g_autofree char *layer =
        conv ? g_strdup_printf("features.%d", places[k]) : g_strdup_printf("classifier.%u", 3 * d);
    g_autofree char *weight = g_strconcat(layer, ".weight", NULL);
    g_autofree char *bias = g_strconcat(layer, ".bias", NULL);
    g_autoptr(SgTensor) w = sg_tensor_new(conv ? 4 : 2, shape);
    g_autoptr(SgTensor) b = sg_tensor_new(1, shape);
    double scale = sqrt(24.0 / (double)(shape[1] * (conv ? 9 : 1)));
    for (guint32 i = 0; i < w->numel; i++)
      w->data[i] = uniform(seed_of(weight), i) * (float)scale;
    for (guint32 i = 0; i < b->numel; i++)
      b->data[i] = uniform(seed_of(bias), i) * 0.2f;
    g_assert_true(sg_archive_add(a, weight, "float32", w) && sg_archive_add(a, bias, "float32", b));
    in = shape[0];
  }
  return a;
}

static void
test_vgg(void)
{
  enum { SIZE = 64 };
  const json_t *wanted = json_object_get(expected, "vgg");
  g_autoptr(SgArchive) file = make_vgg(32 * 49);
  g_autoptr(SgArchive) other = make_vgg(32 * 16);
  g_autofree float *picture = g_new(float, 3 * SIZE * SIZE);
  g_autofree float *fit = g_new(float, 3 * SG_VGG_SIZE * SG_VGG_SIZE);
  float features[20];
  g_autoptr(GError) error = NULL;
  g_autoptr(SgVggFeatures) v = sg_vgg_features_new(file, 2, SG_PRECISION_FP32, &error);

  g_assert_no_error(error);
  for (guint32 i = 0; i < 3 * SIZE * SIZE; i++)
    picture[i] = floorf((uniform(seed_of("vgg"), i) + 0.5f) * 256) / 127.5f - 1;
  sg_fit_pictures(SG_FIT_TF, 1, 3, SIZE, picture, SG_VGG_SIZE, fit);
  sg_vgg_features_normalise(1, fit);
  g_assert_cmpint(sg_vgg_features_count(v), ==, 20);
  g_assert_true(sg_vgg_features_run(v, 1, fit, features, NULL));
  g_assert_cmpuint(json_array_size(wanted), ==, 20);
  for (size_t i = 0; i < 20; i++)
    near((double)features[i], json_number_value(json_array_get(wanted, i)), 2e-5);
  g_assert_null(sg_vgg_features_new(other, 1, SG_PRECISION_FP32, &error));
  g_assert_nonnull(strstr(error->message, "“classifier.0.weight” does not fit"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_autofree char *path =
      g_test_build_filename(G_TEST_DIST, "golden/expected/inception.json", NULL);
  expected = json_load_file(path, 0, NULL);
  g_assert_nonnull(expected);
  g_test_add_func("/inception/blocks", test_blocks);
  g_test_add_func("/inception/half", test_half);
  g_test_add_func("/inception/refused", test_refused);
  g_test_add_func("/inception/random", test_random);
  g_test_add_func("/inception/fits", test_fits);
  g_test_add_func("/inception/vgg", test_vgg);
  int status = g_test_run();
  json_decref(expected);
  return status;
}
