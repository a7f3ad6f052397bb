/* Projection against NumPy and PyTorch in float64 (make-projection.py): schedules, penalty of noise
 * maps, losses by themselves, and ten steps of all of it. */
#include "engine/base/random.h"
#include "engine/projection/noise-maps.h"
#include "engine/projection/projection.h"
#include "tests/support/random-model.h"
#include "tests/support/random-vgg.h"
#include "tests/support/tested-backend.h"
#include <jansson.h>
#include <math.h>

static json_t *expected;

static const RandomModelSpec spec = {.resolution = 16,
                                     .channel_base = 256,
                                     .channel_max = 24,
                                     .z_dim = 16,
                                     .w_dim = 20,
                                     .mapping_layers = 3,
                                     .g_arch = SG_ARCH_SKIP,
                                     .d_arch = SG_ARCH_RESNET,
                                     .clamp = -1,
                                     .seed = 7000};

static json_t *
get(const json_t *o, const char *key)
{
  json_t *v = json_object_get(o, key);
  g_assert_nonnull(v);
  return v;
}

static double
number(const json_t *o, const char *key)
{
  return json_number_value(get(o, key));
}

static double
at(const json_t *o, const char *key, int i)
{
  return json_number_value(json_array_get(get(o, key), (size_t)i));
}

static void
check(const char *what, double found, double wanted, double tolerance)
{
  if (!(fabs(found - wanted) <= tolerance * MAX(fabs(wanted), 1e-6)))
    g_error("%s is %.9g, expected %.9g", what, found, wanted);
}

/* RandomState (seed).randn (n) / divisor as float32. */
static float *
normals(guint32 seed, gsize n, double divisor)
{
  g_autofree SgRandomState *state = g_new(SgRandomState, 1);
  g_autofree double *v = g_new(double, n);
  float *f = g_new(float, n);

  sg_random_state_seed(state, seed);
  sg_random_state_randn(state, n, v);
  for (gsize i = 0; i < n; i++)
    f[i] = (float)(v[i] / divisor);
  return f;
}

static double
sum_of_squares(gsize n, const float *v)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (double)v[i] * (double)v[i];
  return sum;
}

static void
test_schedule(void)
{
  const json_t *s = get(expected, "schedule");

  for (int i = 0; i < 50; i++) {
    g_assert_cmpfloat_with_epsilon(sg_projection_rate(&sg_projection_schedule, i, 50),
                                   at(s, "rate", i), 1e-9);
    g_assert_cmpfloat_with_epsilon(sg_projection_noise(&sg_projection_schedule, i, 50),
                                   at(s, "noise", i), 1e-9);
  }
}

static void
test_penalty(void)
{
  size_t i;
  json_t *m;

  json_array_foreach (get(expected, "penalty"), i, m) {
    int r = (int)number(m, "size");
    gsize n = (gsize)r * (gsize)r;
    g_autofree float *map = normals(3, n, 1), *gradient = g_new0(float, n);
    check("the penalty", sg_noise_penalty(r, map, 1, gradient), number(m, "penalty"), 1e-9);
    check("its gradient", sum_of_squares(n, gradient), number(m, "gradient"), 1e-5);
    for (gsize k = 0; k < n; k++)
      map[k] += 3;
    sg_noise_normalize(r, map);
    check("a normalised map", (double)map[0], number(m, "normalized"), 1e-4);
  }
}

static void
test_picture(void)
{
  const json_t *p = get(expected, "picture");
  gsize n = 3 * 24 * 32;
  g_autofree float *a = normals(1, n, 3), *b = normals(2, n, 3);
  g_autofree float *pixels = g_new0(float, n), *pyramid = g_new0(float, n);

  SgPictureLoss loss = sg_picture_loss(3, 24, 32, a, b, 1, 0, pixels);
  sg_picture_loss(3, 24, 32, a, b, 0, 1, pyramid);
  check("pixels", loss.pixels, number(p, "pixels"), 1e-9);
  check("pyramid", loss.pyramid, number(p, "pyramid"), 1e-9);
  check("gradient of pixels", sum_of_squares(n, pixels), number(p, "pixel_gradient"), 1e-5);
  check("gradient of the pyramid", sum_of_squares(n, pyramid), number(p, "pyramid_gradient"), 1e-5);
  check("its first number", (double)pyramid[0], at(p, "gradient_first", 1), 1e-4);
}

typedef struct {
  SgRandomState state[2];
} Draws;

static void
draw(gpointer data, int sample, gsize count, float *out)
{
  sg_random_state_randn_f32(&((Draws *)data)->state[sample], count, out);
}

/* `tolerance` of the parts: in float32 Adam makes steps of gradients that are nothing but
 * rounding, and the features see them. */
static void
check_step(const SgProjection *p, const json_t *step, int number_of_step, gboolean lpips,
           double tolerance)
{
  for (int i = 0; i < 2; i++) {
    const SgProjectionLoss *l = sg_projection_loss(p, i);
    g_test_message("step %d picture %d: %.7g, PyTorch %.7g", number_of_step, i, l->total,
                   at(step, "total", i));
    check("the loss", l->total, at(step, "total", i), 1e-3);
    check("pixels", l->pixels, at(step, "pixels", i), tolerance);
    check("pyramid", l->pyramid, at(step, "pyramid", i), tolerance);
    check("features", lpips ? l->lpips : l->features, at(step, "features", i), tolerance);
    check("penalty", l->penalty, at(step, "penalty", i), tolerance);
  }
}

static SgLpips *
open_lpips(SgBackend *backend)
{
  g_autofree SgRandomState *random = g_new(SgRandomState, 1);
  g_autoptr(GError) error = NULL;

  sg_random_state_seed(random, 7);
  g_autoptr(SgArchive) vgg = random_vgg_new("", 16, random);
  g_autoptr(SgArchive) factors = random_factors_new(16, random);
  SgLpips *l = sg_lpips_new_of(backend, vgg, factors, &error);
  g_assert_no_error(error);
  return l;
}

typedef struct {
  gboolean reference, lpips;
} Way;

static void
test_steps(gconstpointer data)
{
  const Way *way = data;
  SgBackend *backend = way->reference ? sg_backend_reference() : sg_backend_default();
  g_autoptr(SgLpips) lpips = way->lpips ? open_lpips(backend) : NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = random_model_new(&spec, &error);
  g_autofree Draws *draws = g_new(Draws, 1);
  gsize picture = 3 * 16 * 16;
  g_autofree float *targets = normals(77, 2 * picture, 1);
  SgProjectionOptions o;
  size_t k;
  json_t *step;

  g_assert_no_error(error);
  for (gsize i = 0; i < 2 * picture; i++)
    targets[i] = CLAMP(targets[i], -1, 1);
  sg_projection_options_init(&o, 6, TRUE);
  o.steps[SG_PROJECTION_W_PLUS] = 4;
  o.rate[SG_PROJECTION_W_PLUS] = 0.02;
  o.coarse_share = 0.5;
  o.coarse = (SgProjectionWeights){1, 0.3, 0};
  o.fine = (SgProjectionWeights){1, 0.3, !way->lpips, way->lpips};
  o.lpips = lpips;
  o.normals = draw;
  o.normals_data = draws;
  for (guint i = 0; i < 2; i++)
    sg_random_state_seed(&draws->state[i], 5 + i);
  g_autoptr(SgProjection) p = sg_projection_new(model, backend, &o, &error);
  g_assert_no_error(error);
  const json_t *cloud = get(expected, "cloud");
  check("the deviation of w", sg_projection_cloud(p)->deviation, number(cloud, "deviation"), 1e-5);
  check("the mean of w", sg_projection_cloud(p)->mean[0], at(cloud, "mean", 0), 1e-3);
  sg_projection_begin(p, 2, 0, targets, &error);
  g_assert_no_error(error);
  json_array_foreach (get(expected, way->lpips ? "lpips" : "steps"), k, step) {
    sg_projection_step(p, &error);
    g_assert_no_error(error);
    check_step(p, step, (int)k, way->lpips, way->reference ? 1e-3 : 5e-3);
  }
  g_assert_cmpint(sg_projection_done(p), ==, 10);
  g_assert_false(sg_projection_is_single(p));
}

int
main(int argc, char **argv)
{
  tested_backend();
  g_test_init(&argc, &argv, NULL);
  g_autofree char *path =
      g_test_build_filename(G_TEST_DIST, "golden", "expected", "projection.json", NULL);
  expected = json_load_file(path, 0, NULL);
  g_assert_nonnull(expected);
  g_test_add_func("/projection/schedule", test_schedule);
  g_test_add_func("/projection/penalty", test_penalty);
  g_test_add_func("/projection/picture", test_picture);
  static const Way ways[] = {{FALSE, FALSE}, {TRUE, FALSE}, {FALSE, TRUE}, {TRUE, TRUE}};
  g_test_add_data_func("/projection/steps", &ways[0], test_steps);
  g_test_add_data_func("/projection/steps-reference", &ways[1], test_steps);
  g_test_add_data_func("/projection/lpips", &ways[2], test_steps);
  g_test_add_data_func("/projection/lpips-reference", &ways[3], test_steps);
  int status = g_test_run();
  json_decref(expected);
  return status;
}
