/* Convolutions in bf16 on the CPU's matrix units, against the reference's sums in double.
 *
 * The bound is derived, not tuned. Both factors of a product are rounded to 8 bits, by at most
 * u = 2^-8 of themselves, so a product is off by at most 2u + u²; the style before it and the
 * epilogue after it are float, and so are the sums of K products, by at most K 2^-23 of the sum of
 * their sizes. That sum is what the same convolution gives for the operands' absolute values; what
 * comes after it (filter, factor, bias, slope, clamp) makes no difference larger than its factors
 * do. Small convolutions take two numbers of 8 bits for each and leave out the product of the two
 * rests: u is 2^-16 for each of three. */
#include "engine/base/random.h"
#include "engine/backend/cpu/cpu-amx.h"
#include "engine/explore/renderer.h"
#include "tests/support/random-model.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define U     0x1p-8
#define U_TWO 0x1p-16

static SgBackend *halves, *exact;
static const char *model_path;
static SgRandomState random_state;

static float *
numbers(gsize count)
{
  float *v = g_new(float, count);
  sg_random_state_randn_f32(&random_state, count, v);
  return v;
}

static float *
sizes_of(const float *v, gsize count)
{
  float *to = g_new(float, count);
  for (gsize i = 0; i < count; i++)
    to[i] = fabsf(v[i]);
  return to;
}

static SgBuf *
buffer(SgBackend *b, SgFormat fmt, int n, int c, int h, int w, const float *values)
{
  GError *error = NULL;
  SgBuf *buf = sg_buf_new(b, fmt, n, c, h, w, &error);
  g_assert_no_error(error);
  if (values)
    b->upload(buf, values);
  return buf;
}

typedef struct {
  SgConvGeometry g;
  int n, i, o, h, w;
} Case;

static void
output_size(const Case *c, int *h, int *w)
{
  int k = c->g.kernel, s = c->g.stride, pad = c->g.pad + c->g.pad_end;

  *h = c->g.kind == SG_CONV_UP_FIR       ? 2 * c->h
       : c->g.kind == SG_CONV_TRANSPOSED ? (c->h - 1) * s - pad + k
                                         : (c->h + pad - k) / s + 1;
  *w = c->g.kind == SG_CONV_UP_FIR       ? 2 * c->w
       : c->g.kind == SG_CONV_TRANSPOSED ? (c->w - 1) * s - pad + k
                                         : (c->w + pad - k) / s + 1;
}

/* What a convolution is given; NULL style: neither style nor epilogue. */
typedef struct {
  float *x, *weight, *style, *scale, *noise, *bias;
  float *strength; /* by channel, or NULL */
} Operands;

static float *
run(SgBackend *b, const Case *c, const Operands *v, const SgEpilogue *plain)
{
  GError *error = NULL;
  int h, w;

  output_size(c, &h, &w);
  g_autoptr(SgBuf) x = buffer(b, SG_FMT_ACT, c->n, c->i, c->h, c->w, v->x);
  g_autoptr(SgBuf) y = buffer(b, SG_FMT_ACT, c->n, c->o, h, w, NULL);
  g_autoptr(SgBuf) style = v->style ? buffer(b, SG_FMT_PLAIN, c->n, c->i, 1, 1, v->style) : NULL;
  g_autoptr(SgBuf) scale = v->scale ? buffer(b, SG_FMT_PLAIN, c->n, c->o, 1, 1, v->scale) : NULL;
  g_autoptr(SgBuf) noise = v->noise ? buffer(b, SG_FMT_PLAIN, c->n, 1, h, w, v->noise) : NULL;
  g_autoptr(SgBuf) bias = v->bias ? buffer(b, SG_FMT_PLAIN, 1, c->o, 1, 1, v->bias) : NULL;
  g_autoptr(SgBuf) strength =
      v->strength ? buffer(b, SG_FMT_PLAIN, 1, c->o, 1, 1, v->strength) : NULL;
  SgEpilogue e = *plain;
  e.strength = strength;
  e.scale = scale;
  e.noise = noise;
  e.bias = bias;
  SgConv *conv = b->conv_new(b, v->weight, c->o, c->i, &c->g, &error);
  g_assert_no_error(error);
  g_assert_true(b->conv_run(conv, y, x, style, v->style ? &e : NULL, &error));
  g_assert_no_error(error);
  b->conv_free(conv);
  float *found = g_new(float, sg_buf_count(y));
  b->download(y, found);
  return found;
}

/* FALSE: beyond the bound. */
static gboolean
within(const char *what, const float *found, const float *wanted, const float *size, gsize count,
       double terms, double factor, gboolean two)
{
  double worst = 0, off = two ? 3 * U_TWO : 2 * U + U * U;

  for (gsize i = 0; i < count; i++) {
    double bound =
        factor * (double)size[i] * (off + terms * 0x1p-23) + 1e-5 * fabs((double)wanted[i]) + 1e-6;
    if (!isfinite(found[i]))
      return FALSE;
    worst = MAX(worst, fabs((double)found[i] - (double)wanted[i]) / bound);
  }
  g_test_message("%s: %.2f of what is allowed", what, worst);
  return worst <= 1;
}

static char *
name_of(const Case *c)
{
  static const char *const kinds[] = {"forward", "transposed", "up"};
  return g_strdup_printf("%s %d×%d stride %d pad %d, %d × %d -> %d at %d×%d", kinds[c->g.kind],
                         c->g.kernel, c->g.kernel, c->g.stride, c->g.pad, c->n, c->i, c->o, c->h,
                         c->w);
}

static void
check_case(const Case *c, gboolean around)
{
  SgBackend *ref = sg_backend_reference();
  int h, w, k = c->g.kernel;
  SgEpilogue e = {.noise_strength = 3, .slope = 0.2f, .gain = 1.5f, .clamp = (float)c->i * 2};
  SgEpilogue nothing = {.slope = 1, .gain = 1, .clamp = -1};

  output_size(c, &h, &w);
  gsize in = (gsize)(c->n * c->i * c->h * c->w), out = (gsize)(c->n * c->o * h * w);
  gsize weights = (gsize)(c->o * c->i * k * k);
  Operands v = {.x = numbers(in), .weight = numbers(weights)};
  if (around) {
    v.style = numbers((gsize)(c->n * c->i));
    v.scale = numbers((gsize)(c->n * c->o));
    v.noise = numbers((gsize)(c->n * h * w));
    v.bias = numbers((gsize)c->o);
    v.strength = c->o % 2 ? NULL : numbers((gsize)c->o);
  }
  Operands sizes = {.x = sizes_of(v.x, in), .weight = sizes_of(v.weight, weights)};
  if (around) {
    sizes.style = sizes_of(v.style, (gsize)(c->n * c->i));
    sizes.scale = sizes_of(v.scale, (gsize)(c->n * c->o));
  }
  g_autofree float *found = run(halves, c, &v, &e), *wanted = run(ref, c, &v, &e);
  g_autofree float *size = run(ref, c, &sizes, &nothing), *same = run(halves, c, &v, &e);
  g_autofree char *name = name_of(c);
  if (!within(name, found, wanted, size, out, (double)(c->i * k * k), around ? 1.5 : 1,
              sg_amx_wants_two(c->o, c->i, c->h, c->w)))
    g_test_fail_printf("%s%s", name, around ? ", with style and epilogue" : "");
  g_assert_cmpmem(found, out * sizeof(float), same, out * sizeof(float));
  g_free(v.strength);
  float **all[] = {&v.x,    &v.weight, &v.style,      &v.scale,     &v.noise,
                   &v.bias, &sizes.x,  &sizes.weight, &sizes.style, &sizes.scale};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    g_free(*all[i]);
}

#define SAME                                                                                       \
  {                                                                                                \
    SG_CONV_FORWARD, 3, 1, 1, 1                                                                    \
  }
#define UP                                                                                         \
  {                                                                                                \
    SG_CONV_UP_FIR, 3, 2, 0, 0                                                                     \
  }
#define DOWN                                                                                       \
  {                                                                                                \
    SG_CONV_FORWARD, 3, 2, 0, 0                                                                    \
  }
#define WIDEN                                                                                      \
  {                                                                                                \
    SG_CONV_TRANSPOSED, 3, 2, 0, 0                                                                 \
  }
#define ONE                                                                                        \
  {                                                                                                \
    SG_CONV_FORWARD, 1, 1, 0, 0                                                                    \
  }

/* Odd sizes, sizes that no tile divides, batches, channels that are no multiple of 16. */
static const Case cases[] = {
    {SAME, 1, 16, 32, 4, 4},   {SAME, 3, 17, 33, 7, 5},   {SAME, 17, 40, 16, 4, 4},
    {SAME, 1, 100, 9, 13, 31}, {SAME, 1, 32, 40, 33, 35}, {SAME, 17, 8, 24, 1, 1},
    {SAME, 1, 520, 24, 4, 6},  {SAME, 1, 136, 128, 9, 8}, {UP, 1, 16, 32, 4, 4},
    {UP, 3, 33, 17, 7, 5},     {UP, 17, 24, 48, 4, 4},    {UP, 1, 72, 9, 13, 31},
    {UP, 1, 32, 24, 33, 19},   {UP, 1, 16, 16, 1, 1},     {UP, 1, 136, 16, 17, 9},
    {DOWN, 1, 16, 32, 9, 9},   {DOWN, 3, 33, 17, 17, 11}, {DOWN, 17, 24, 40, 5, 5},
    {DOWN, 1, 32, 32, 65, 33}, {DOWN, 2, 9, 20, 8, 6},    {WIDEN, 1, 16, 32, 4, 4},
    {WIDEN, 3, 33, 17, 7, 5},  {WIDEN, 17, 24, 40, 4, 4}, {WIDEN, 1, 24, 32, 31, 35},
    {ONE, 1, 16, 32, 4, 4},    {ONE, 3, 33, 17, 7, 5},    {ONE, 17, 40, 24, 4, 4},
    {ONE, 1, 64, 100, 33, 25},
};

static void
test_table(void)
{
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    check_case(&cases[i], FALSE);
    check_case(&cases[i], TRUE);
  }
}

/* ---- the three passes of a training ---------------------------------------------------------- */

/* The result of one pass from the two other operands, [x, w, y] by SgConvPass's order of what it
 * leaves out. */
static float *
run_pass(SgBackend *b, const Case *c, SgConvPass pass, float *const v[3])
{
  GError *error = NULL;
  int h, w, k = c->g.kernel;

  output_size(c, &h, &w);
  g_autoptr(SgBuf) y = buffer(b, SG_FMT_ACT, c->n, c->o, h, w, v[SG_PASS_OUTPUT]);
  g_autoptr(SgBuf) x = buffer(b, SG_FMT_ACT, c->n, c->i, c->h, c->w, v[SG_PASS_INPUT]);
  g_autoptr(SgBuf) weight = buffer(b, SG_FMT_PLAIN, c->o, c->i, k, k, v[SG_PASS_WEIGHT]);
  SgBuf *result = pass == SG_PASS_OUTPUT ? y : pass == SG_PASS_INPUT ? x : weight;
  g_assert_true(b->conv(&c->g, pass, x, NULL, weight, y, &error));
  g_assert_no_error(error);
  float *found = g_new(float, sg_buf_count(result));
  b->download(result, found);
  return found;
}

/* Sums over positions of small images are of numbers of 8 bits, too. */
static void
check_passes(const Case *c)
{
  static const char *const names[] = {"output", "input", "weight"};
  int h, w, k = c->g.kernel;
  float *v[3], *size[3];
  gsize count[3];

  output_size(c, &h, &w);
  count[SG_PASS_OUTPUT] = (gsize)(c->n * c->o * h * w);
  count[SG_PASS_INPUT] = (gsize)(c->n * c->i * c->h * c->w);
  count[SG_PASS_WEIGHT] = (gsize)(c->o * c->i * k * k);
  double terms[3];
  terms[SG_PASS_OUTPUT] = c->i * k * k;
  terms[SG_PASS_INPUT] = c->o * k * k;
  terms[SG_PASS_WEIGHT] = c->n * MAX(h * w, c->h * c->w);
  for (int p = 0; p < 3; p++) {
    v[p] = numbers(count[p]);
    size[p] = sizes_of(v[p], count[p]);
  }
  for (int p = 0; p < 3; p++) {
    SgConvPass pass = (SgConvPass)p;
    g_autofree float *found = run_pass(halves, c, pass, v), *again = NULL;
    g_autofree float *wanted = run_pass(sg_backend_reference(), c, pass, v);
    g_autofree float *most = run_pass(sg_backend_reference(), c, pass, size);
    g_autofree char *shape = name_of(c), *name = g_strdup_printf("%s: %s", shape, names[p]);
    if (!within(name, found, wanted, most, count[p], terms[p], 1, FALSE))
      g_test_fail_printf("%s", name);
    for (int threads = 1; threads <= 4; threads++) {
      sg_backend_cpu_set_threads(threads);
      again = run_pass(halves, c, pass, v);
      g_assert_cmpmem(found, count[p] * sizeof(float), again, count[p] * sizeof(float));
      g_clear_pointer(&again, g_free);
    }
  }
  for (int p = 0; p < 3; p++) {
    g_free(v[p]);
    g_free(size[p]);
  }
}

static void
test_passes(void)
{
  static const Case more[] = {/* of several parts, and of several strips */
                              {SAME, 17, 8, 8, 33, 32},
                              {SAME, 1, 8, 8, 300, 60},
                              {DOWN, 5, 8, 16, 35, 33},
                              {WIDEN, 5, 8, 16, 17, 16},
                              {ONE, 17, 40, 24, 8, 9}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i += 3)
    if (cases[i].g.kind != SG_CONV_UP_FIR)
      check_passes(&cases[i]);
  for (guint i = 0; i < G_N_ELEMENTS(more); i++)
    check_passes(&more[i]);
}

/* Neither the number of threads nor the other samples show in the bits. */
static void
test_bits(void)
{
  static const Case shapes[] = {{SAME, 5, 64, 48, 8, 8},     {SAME, 2, 32, 64, 70, 66},
                                {SAME, 3, 256, 256, 16, 16}, {UP, 5, 64, 48, 8, 8},
                                {UP, 2, 32, 64, 70, 33},     {DOWN, 3, 32, 32, 65, 65},
                                {WIDEN, 3, 40, 32, 32, 32}};
  SgEpilogue e = {.noise_strength = 1, .slope = 0.2f, .gain = 1.5f, .clamp = -1};

  for (guint k = 0; k < G_N_ELEMENTS(shapes); k++) {
    Case c = shapes[k];
    int h, w;
    output_size(&c, &h, &w);
    gsize x_one = (gsize)(c.i * c.h * c.w), one = (gsize)(c.o * h * w) * sizeof(float);
    g_autofree float *x = numbers((gsize)c.n * x_one), *weight = numbers((gsize)(c.o * c.i * 9));
    g_autofree float *style = numbers((gsize)(c.n * c.i)), *scale = numbers((gsize)(c.n * c.o));
    g_autofree float *noise = numbers((gsize)(c.n * h * w)), *bias = numbers((gsize)c.o);
    Operands v = {x, weight, style, scale, noise, bias};
    g_autofree float *first = NULL;
    for (int threads = 1; threads <= 4; threads++) {
      sg_backend_cpu_set_threads(threads);
      float *found = run(halves, &c, &v, &e);
      if (first)
        g_assert_cmpmem(first, one * (gsize)c.n, found, one * (gsize)c.n);
      else
        first = g_steal_pointer(&found);
      g_free(found);
    }
    for (int n = 0; n < c.n; n++) {
      Case alone = c;
      Operands its = {x + (gsize)n * x_one, weight, style + n * c.i, scale + n * c.o,
                      noise + n * h * w,    bias};
      alone.n = 1;
      g_autofree float *found = run(halves, &alone, &its, &e);
      g_assert_cmpmem((char *)first + (gsize)n * one, one, found, one);
    }
  }
}

/* What is not finite stays so, and only where it is seen. */
static void
test_odd(void)
{
  static const Case c = {SAME, 1, 16, 16, 12, 12};
  SgEpilogue e = {.slope = 1, .gain = 1, .clamp = -1};
  g_autofree float *x = g_new0(float, 16 * 144), *weight = numbers(16 * 16 * 9);
  Operands v = {.x = x, .weight = weight};

  for (int k = 0; k < 3; k++) {
    x[0] = k == 0 ? 0 : k == 1 ? NAN : INFINITY;
    g_autofree float *found = run(halves, &c, &v, &e);
    g_assert_true(k == 0 ? found[0] == 0 : !isfinite(found[0]));
    g_assert_true(found[143] == 0);
  }
}

/* ---- pictures -------------------------------------------------------------------------------- */

static SgTensor *
picture(SgBackend *b, SgModel *model)
{
  GError *error = NULL;
  g_autoptr(SgRenderer) r = sg_renderer_new(model, b, &error);
  g_assert_no_error(error);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  recipe->faces = 4;
  SgTensor *t = sg_renderer_render_float(r, recipe, &error);
  g_assert_no_error(error);
  return t;
}

/* In 255ths of a picture's range, [-1, 1]. */
static void
compare_pictures(const char *name, SgModel *model)
{
  g_autoptr(SgTensor) a = picture(exact, model), b = picture(halves, model);
  double worst = 0, squares = 0, sum = 0;

  for (gsize i = 0; i < a->numel; i++) {
    double d = 127.5 * fabs(CLAMP((double)a->data[i], -1, 1) - CLAMP((double)b->data[i], -1, 1));
    worst = MAX(worst, d);
    squares += d * d;
    sum += d;
  }
  double psnr = 10 * log10(255 * 255 * (double)a->numel / MAX(squares, 1e-9));
  g_test_message("%s: at most %.2f, %.3f on average of 255; PSNR %.1f dB", name, worst,
                 sum / (double)a->numel, psnr);
  g_assert_cmpfloat(worst, >, 0);
  g_assert_cmpfloat(worst, <=, 4);
  g_assert_cmpfloat(psnr, >=, 50);
}

static void
test_random_pictures(void)
{
  static const SgArch archs[] = {SG_ARCH_SKIP, SG_ARCH_ORIG, SG_ARCH_RESNET};
  static const char *const names[] = {"skip", "orig", "resnet"};

  for (guint i = 0; i < G_N_ELEMENTS(archs); i++) {
    RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
    GError *error = NULL;
    spec.resolution = 64;
    spec.channel_max = 128;
    spec.g_arch = archs[i];
    g_autoptr(SgModel) model = random_model_new(&spec, &error);
    g_assert_no_error(error);
    compare_pictures(names[i], model);
  }
}

static void
test_bundled_picture(void)
{
  GError *error = NULL;
  g_autoptr(SgModel) model = sg_model_load(model_path, &error);
  g_assert_no_error(error);
  compare_pictures("bundled", model);
}

/* fp32 on the second back end is the first one's, and back. */
static void
test_set(void)
{
  static const Case c = {SAME, 2, 32, 32, 20, 20};
  SgEpilogue e = {.slope = 1, .gain = 1, .clamp = -1};
  g_autofree float *x = numbers(2 * 32 * 400), *weight = numbers(32 * 32 * 9);
  Operands v = {.x = x, .weight = weight};
  GError *error = NULL;
  gsize bytes = 2 * 32 * 400 * sizeof(float);

  g_autofree float *a = run(halves, &c, &v, &e), *b = run(exact, &c, &v, &e);
  g_assert_true(halves->set_precision(halves, SG_PRECISION_FP32, &error));
  g_autofree float *d = run(halves, &c, &v, &e);
  g_assert_cmpmem(b, bytes, d, bytes);
  g_assert_false(halves->set_precision(halves, SG_PRECISION_FP16, &error));
  g_assert_nonnull(error);
  g_clear_error(&error);
  g_assert_true(halves->set_precision(halves, SG_PRECISION_BF16, &error));
  g_autofree float *f = run(halves, &c, &v, &e);
  g_assert_cmpmem(a, bytes, f, bytes);
  g_assert_true(memcmp(a, b, bytes) != 0);
}

int
main(int argc, char **argv)
{
  g_autoptr(GError) error = NULL;

  exact = sg_backend_cpu();
  halves = sg_backend_cpu_bf16(&error);
  if (!halves) {
    g_print("1..0 # SKIP %s\n", error->message);
    return 0;
  }
  g_test_init(&argc, &argv, NULL);
  model_path = argv[1];
  sg_random_state_seed(&random_state, 7);
  g_test_add_func("/bf16/table", test_table);
  g_test_add_func("/bf16/passes", test_passes);
  g_test_add_func("/bf16/bits", test_bits);
  g_test_add_func("/bf16/odd", test_odd);
  g_test_add_func("/bf16/set", test_set);
  g_test_add_func("/bf16/random-pictures", test_random_pictures);
  g_test_add_func("/bf16/bundled-picture", test_bundled_picture);
  return g_test_run();
}
