/* Gradients of the generators of StyleGAN and StyleGAN3, and of StyleGAN's discriminator, against
 * PyTorch's autograd in float64 (make-gradients.py). */
#include "engine/autograd/ops.h"
#include "engine/base/random.h"
#include "engine/gradients/networks.h"
#include "tests/support/going-on.h"
#include "tests/support/tested-backend.h"
#include <jansson.h>
#include <math.h>

#define MOST 16

static json_t *expected;

typedef struct {
  SgModel *model;
  const json_t *wanted;
  SgTape *tape;
  double tolerance;
} Case;

static void
case_init(Case *c, const char *name, SgBackend *b, double tolerance)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", name, NULL);

  *c = (Case){.model = sg_model_load(path, &error),
              .wanted = json_object_get(expected, name),
              .tape = sg_tape_new(b),
              .tolerance = tolerance};
  g_assert_no_error(error);
  g_assert_nonnull(c->wanted);
}

static void
case_clear(Case *c)
{
  g_assert_true(sg_tape_reset(c->tape, NULL));
  sg_tape_free(c->tape);
  sg_model_unref(c->model);
}

/* RandomState (seed).randn as float32, as a leaf. */
static SgVar *
normals(SgTape *t, guint32 seed, gsize skip, int n, int c, int h, int w)
{
  gsize count = (gsize)n * (gsize)c * (gsize)h * (gsize)w;
  g_autofree SgRandomState *state = g_new(SgRandomState, 1);
  g_autofree double *v = g_new(double, skip + count);
  g_autofree float *f = g_new(float, count);

  sg_random_state_seed(state, seed);
  sg_random_state_randn(state, skip + count, v);
  for (gsize i = 0; i < count; i++)
    f[i] = (float)v[skip + i];
  g_autoptr(SgBuf) buf = sg_buf_from_floats(sg_tape_backend(t), f, n, c, h, w, NULL);
  return sg_var_leaf(t, buf);
}

/* The largest difference, as a part of the largest number. */
static void
check_numbers(const Case *c, const char *what, const SgVar *found, const json_t *wanted)
{
  gsize n = sg_buf_count(found->value);
  g_autofree float *v = g_new(float, n);
  double largest = 0, off = 0;

  g_assert_cmpuint(json_array_size(wanted), ==, n);
  found->value->backend->download(found->value, v);
  for (gsize i = 0; i < n; i++) {
    double w = json_number_value(json_array_get(wanted, i));
    largest = MAX(largest, fabs(w));
    off = MAX(off, fabs(w - (double)v[i]));
  }
  g_test_message("%s: off by %.2g of %.4g", what, off, largest);
  if (!(off <= c->tolerance * largest))
    g_test_fail_printf("%s: off by %g of %g", what, off, largest);
}

static void
check_generator(const Case *c)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgWeights) g =
      sg_weights_new_generator(sg_tape_backend(c->tape), c->model, FALSE, &error);
  g_assert_no_error(error);
  const SgNetwork *n = g->network;
  int maps = sg_generator_noise_layers(g);
  SgVar *w[MOST], *noise[MOST], *grads[MOST];

  for (int k = 0; k < n->num_ws; k++)
    w[k] = normals(c->tape, 12, (gsize)(k * n->w_dim), 1, n->w_dim, 1, 1);
  for (int k = 0; k < maps; k++) {
    g_autoptr(SgBuf) plane = sg_generator_noise_const(g, k);
    noise[k] = sg_var_constant(c->tape, plane);
  }
  const SgSynthesisInputs in = {.w = w, .n_w = n->num_ws, .noise = noise};
  SgVar *picture = sg_generator_synthesize(c->tape, g, &in);
  g_assert_nonnull(picture);
  double squares = sg_buf_mean(sg_op_sum(c->tape, sg_op_mul(c->tape, picture, picture))->value);
  double wanted = json_number_value(json_object_get(c->wanted, "squares"));
  g_assert_cmpfloat_with_epsilon(squares / wanted, 1, c->tolerance);
  SgVar *weights = normals(c->tape, 11, 0, 1, n->channels, n->height, n->width);
  SgVar *y = sg_op_sum(c->tape, sg_op_mul(c->tape, picture, sg_var_detach(c->tape, weights)));
  sg_tape_grad(c->tape, y, NULL, w, n->num_ws, FALSE, grads);
  for (int k = 0; k < n->num_ws; k++) {
    g_autofree char *what = g_strdup_printf("w of layer %d", k);
    check_numbers(c, what, grads[k],
                  json_array_get(json_object_get(c->wanted, "gradient"), (size_t)k));
  }
}

static void
check_discriminator(const Case *c)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgWeights) d =
      sg_weights_new(sg_tape_backend(c->tape), sg_model_discriminator(c->model), FALSE, &error);
  g_assert_true(d && sg_weights_load(d, c->model, "D.", &error));
  SgVar *img = normals(c->tape, 11, 0, 1, 3, 16, 16), *grad;
  SgVar *y = sg_discriminator_logits(c->tape, d, img, NULL);
  double wanted = json_number_value(json_object_get(c->wanted, "logit"));

  g_assert_cmpfloat_with_epsilon(sg_buf_mean(y->value) / wanted, 1, c->tolerance);
  sg_tape_grad(c->tape, y, NULL, &img, 1, FALSE, &grad);
  check_numbers(c, "the picture", grad, json_object_get(c->wanted, "picture_gradient"));
}

static void
test_model(const char *name, SgBackend *b, double tolerance)
{
  Case c;

  case_init(&c, name, b, tolerance);
  check_generator(&c);
  if (json_object_get(c.wanted, "logit"))
    check_discriminator(&c);
  case_clear(&c);
}

static void
test_reference(gconstpointer name)
{
  test_model(name, sg_backend_reference(), 1e-6);
}

/* Elsewhere to float32, where the device has these layers at all. */
static void
test_backend(gconstpointer name)
{
  SgBackend *b = tested_backend();

  if (!b->adain || !b->filtered) {
    g_test_skip("the device has no AdaIN and no filtered activation");
    return;
  }
  test_model(name, b, 1e-4);
}

int
main(int argc, char **argv)
{
  static const char *const names[] = {"sg1_small.safetensors", "sg3_small.safetensors"};
  json_error_t error;

  test_init_going_on(argc, argv);
  g_autofree char *path =
      g_test_build_filename(G_TEST_DIST, "golden", "expected", "gradients.json", NULL);
  expected = json_load_file(path, 0, &error);
  g_assert_nonnull(expected);
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *reference = g_strdup_printf("/gradients/reference/%s", names[i]);
    g_autofree char *tested = g_strdup_printf("/gradients/backend/%s", names[i]);
    g_test_add_data_func(reference, names[i], test_reference);
    g_test_add_data_func(tested, names[i], test_backend);
  }
  int status = g_test_run();
  json_decref(expected);
  return status;
}
