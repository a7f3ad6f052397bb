/* 16-bit numbers, and convolutions in them on the CUDA back end (real, or pretended:
 * VITRINE_TEST_DEVICE), against sums in double with the bounds that rounding allows. */
#include "engine/kernels/half.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include "engine/explore/renderer.h"
#include "tests/support/random-model.h"
#include "tests/support/tested-backend.h"

static SgBackend *backend;

/* ---- the numbers ----------------------------------------------------------------------------- */

/* By the formats' definition: sign, exponent, part. */
static double
defined(guint16 v, int exponent_bits)
{
  int part_bits = 15 - exponent_bits, most = (1 << exponent_bits) - 1, bias = most / 2;
  int exponent = v >> part_bits & most, part = v & ((1 << part_bits) - 1);
  double sign = v & 0x8000 ? -1 : 1;

  if (exponent == most)
    return part ? NAN : sign * INFINITY;
  return exponent ? sign * ldexp(part + (1 << part_bits), exponent - bias - part_bits)
                  : sign * ldexp(part, 1 - bias - part_bits);
}

typedef struct {
  int exponent_bits;
  guint16 (*to)(float);
  float (*from)(guint16);
} Kind;

static guint16
to_fp16(float v)
{
  return k_to_fp16(v);
}

static float
from_fp16(guint16 v)
{
  return k_from_fp16(v);
}

static guint16
to_bf16(float v)
{
  return k_to_bf16(v);
}

static float
from_bf16(guint16 v)
{
  return k_from_bf16(v);
}

static const Kind kinds[] = {{5, to_fp16, from_fp16}, {8, to_bf16, from_bf16}};

/* Between two neighbours: to the nearer one, and from the middle to the even one. */
static void
check_between(const Kind *k, guint16 v)
{
  double low = defined(v, k->exponent_bits), high = defined(v + 1, k->exponent_bits);

  if (!isfinite(low))
    return;
  if (!isfinite(high)) /* as if the exponent went on */
    high = low + (low - defined(v - 1, k->exponent_bits));
  double middle = (low + high) / 2; /* exact in double, and in float */
  g_assert_cmpuint(k->to((float)middle), ==, v & 1 ? v + 1 : v);
  g_assert_cmpuint(k->to(nextafterf((float)middle, (float)low)), ==, v);
  g_assert_cmpuint(k->to(nextafterf((float)middle, (float)high)), ==, v + 1);
}

static void
test_numbers(void)
{
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    const Kind *k = &kinds[i];
    for (guint v = 0; v < 0x10000; v++) {
      double is = defined((guint16)v, k->exponent_bits);
      float found = k->from((guint16)v);
      if (isnan(is)) {
        g_assert_true(isnan(found) && isnan(k->from(k->to(found))));
        continue;
      }
      g_assert_true((double)found == is && !signbit(found) == !(v & 0x8000));
      g_assert_cmpuint(k->to(found), ==, v);
      check_between(k, (guint16)v);
    }
    g_assert_true(isinf(k->from(k->to(FLT_MAX))));
  }
}

/* ---- convolutions ---------------------------------------------------------------------------- */

typedef struct {
  SgConvKind kind;
  int kernel, stride, pad, n, i, o, h, w;
} Case;

static const Case cases[] = {
    {SG_CONV_FORWARD, 3, 1, 1, 2, 16, 24, 11, 13}, {SG_CONV_FORWARD, 3, 2, 0, 1, 64, 64, 33, 33},
    {SG_CONV_FORWARD, 1, 1, 0, 3, 256, 256, 8, 8}, {SG_CONV_TRANSPOSED, 3, 2, 0, 1, 64, 64, 16, 16},
    {SG_CONV_FORWARD, 3, 1, 1, 1, 21, 24, 12, 12}, /* not by eights: in float */
};

static float *
numbers(GRand *random, gsize count, double size)
{
  float *v = g_new(float, count);
  for (gsize i = 0; i < count; i++)
    v[i] = (float)(g_rand_double_range(random, -1, 1) * size);
  return v;
}

/* The result of one pass and the sum of its terms' sizes, in double. x [n, i, h, w], w [o, i, k,
 * k], y [n, o, oh, ow]. */
static void
direct(const Case *c, SgConvPass pass, int oh, int ow, const float *const v[3], double *sum,
       double *size)
{
  gboolean up = c->kind == SG_CONV_TRANSPOSED;
  int ny = up ? c->h : oh, nx = up ? c->w : ow, wy = up ? oh : c->h, wx = up ? ow : c->w;

  for (int n = 0; n < c->n; n++)
    for (int o = 0; o < c->o; o++)
      for (int i = 0; i < c->i; i++)
        for (int y = 0; y < ny; y++)
          for (int x = 0; x < nx; x++)
            for (int k = 0; k < c->kernel * c->kernel; k++) {
              int py = y * c->stride + k / c->kernel - c->pad;
              int px = x * c->stride + k % c->kernel - c->pad;
              if (py < 0 || py >= wy || px < 0 || px >= wx)
                continue;
              gsize in = (gsize)(n * c->i + i), out = (gsize)(n * c->o + o);
              gsize at[3];
              at[SG_PASS_INPUT] = up ? (in * c->h + y) * c->w + x : (in * c->h + py) * c->w + px;
              at[SG_PASS_OUTPUT] = up ? (out * oh + py) * ow + px : (out * oh + y) * ow + x;
              at[SG_PASS_WEIGHT] = (gsize)(o * c->i + i) * c->kernel * c->kernel + k;
              double product = 1;
              for (int p = 0; p < 3; p++)
                product *= p == (int)pass ? 1 : (double)v[p][at[p]];
              sum[at[pass]] += product;
              size[at[pass]] += fabs(product);
            }
}

/* Both factors are rounded (u each) and the result once; sums are float. fp16 has nothing finer
 * than 2^-24 of what it was scaled by. */
static void
check_case(const Case *c, SgPrecision precision, const double sizes[3], GRand *random)
{
  static const double roundoff[] = {0x1p-23, 0x1p-11, 0x1p-8, 0x1p-11};
  GError *error = NULL;
  gboolean up = c->kind == SG_CONV_TRANSPOSED;
  int oh =
      up ? (c->h - 1) * c->stride + c->kernel : (c->h + 2 * c->pad - c->kernel) / c->stride + 1;
  int ow =
      up ? (c->w - 1) * c->stride + c->kernel : (c->w + 2 * c->pad - c->kernel) / c->stride + 1;
  int shape[3][4] = {
      {c->n, c->o, oh, ow}, {c->n, c->i, c->h, c->w}, {c->o, c->i, c->kernel, c->kernel}};
  SgConvGeometry g = {c->kind, c->kernel, c->stride, c->pad, c->pad};
  double u = c->i % 8 ? 0x1p-23 : roundoff[precision];
  float *v[3];
  SgBuf *b[3];

  for (int p = 0; p < 3; p++) {
    v[p] = numbers(random, (gsize)shape[p][0] * shape[p][1] * shape[p][2] * shape[p][3], sizes[p]);
    b[p] = sg_buf_from_floats(backend, v[p], shape[p][0], shape[p][1], shape[p][2], shape[p][3],
                              &error);
    g_assert_no_error(error);
  }
  for (int p = 0; p < 3; p++) {
    g_autoptr(SgBuf) out = sg_buf_new(backend, SG_FMT_PLAIN, shape[p][0], shape[p][1], shape[p][2],
                                      shape[p][3], &error);
    SgBuf *arg[3] = {b[0], b[1], b[2]};
    gsize count = sg_buf_count(out);
    g_autofree double *sum = g_new0(double, count), *size = g_new0(double, count);
    g_autofree float *found = g_new(float, count);
    double finest = 0x1p-24, worst = 0, most = 0;
    double terms = p == SG_PASS_OUTPUT  ? c->i * c->kernel * c->kernel
                   : p == SG_PASS_INPUT ? c->o * c->kernel * c->kernel
                                        : (up ? c->n * c->h * c->w : c->n * oh * ow);

    arg[p] = out;
    g_assert_true(backend->conv(&g, (SgConvPass)p, arg[SG_PASS_INPUT], NULL, arg[SG_PASS_WEIGHT],
                                arg[SG_PASS_OUTPUT], &error));
    g_assert_no_error(error);
    backend->download(out, found);
    direct(c, (SgConvPass)p, oh, ow, (const float *const *)v, sum, size);
    for (int q = 0; q < 3; q++)
      finest *= q == p ? 1 : sizes[q];
    for (gsize i = 0; i < count; i++) {
      double bound = size[i] * (2 * u + u * u + 1e-5) + u * fabs(sum[i]) +
                     (precision == SG_PRECISION_FP16 ? 2 * finest * terms : 0);
      g_assert_true(isfinite(found[i]));
      worst = MAX(worst, fabs((double)found[i] - sum[i]) / bound);
      most = MAX(most, fabs((double)found[i] - sum[i]) / MAX(size[i], 1e-300));
    }
    g_test_message("%s, pass %d: %.2g of what is allowed, %.2g of the terms",
                   sg_precision_names[precision], p, worst, most);
    g_assert_cmpfloat(worst, <=, 1);
    if (precision >= SG_PRECISION_BF16 && c->i % 8 == 0)
      g_assert_cmpfloat(most, >, u / 16); /* it was in halves, not in floats */
  }
  for (int p = 0; p < 3; p++) {
    g_free(v[p]);
    sg_buf_unref(b[p]);
  }
}

static void
set_precision(SgPrecision precision)
{
  GError *error = NULL;
  g_assert_true(backend->set_precision(backend, precision, &error));
  g_assert_no_error(error);
}

static void
test_conv(void)
{
  /* Output, input, weight. The second kind overflows fp16, the third vanishes in it. */
  static const double sizes[][3] = {{1, 1, 1}, {3e5, 1e6, 2e4}, {1e-9, 1e-8, 1e-6}};
  g_autoptr(GRand) random = g_rand_new_with_seed(6);

  for (SgPrecision p = SG_PRECISION_FP32; p <= SG_PRECISION_FP16; p++) {
    set_precision(p);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
      for (guint k = 0; k < (p == SG_PRECISION_FP16 ? G_N_ELEMENTS(sizes) : 1); k++)
        check_case(&cases[i], p, sizes[k], random);
  }
  set_precision(SG_PRECISION_FP32);
}

/* ---- what is around them --------------------------------------------------------------------- */

typedef struct {
  SgConvKind kind;
  int stride, pad, n, i, o, h, w;
  gboolean style, scale, noise;
} RunCase;

static const RunCase run_cases[] = {
    {SG_CONV_FORWARD, 1, 1, 2, 64, 72, 19, 37, TRUE, TRUE, TRUE},
    {SG_CONV_FORWARD, 2, 0, 3, 72, 64, 23, 19, FALSE, FALSE, FALSE},
    {SG_CONV_UP_FIR, 2, 0, 2, 64, 40, 18, 35, TRUE, TRUE, TRUE},
    {SG_CONV_UP_FIR, 2, 0, 1, 64, 64, 8, 16, FALSE, FALSE, FALSE},
};

static SgBuf *
buffer(GRand *random, double size, SgFormat fmt, int n, int c, int h, int w)
{
  GError *error = NULL;
  SgBuf *b = sg_buf_new(backend, fmt, n, c, h, w, &error);
  g_assert_no_error(error);
  g_autofree float *v = numbers(random, sg_buf_count(b), size);
  backend->upload(b, v);
  return b;
}

/* Style, convolution, FIR filter and epilogue one after the other, as a training asks for them. */
static void
in_steps(const RunCase *c, SgBuf *y, const SgBuf *x, const SgBuf *style, const float *weight,
         const SgEpilogue *e)
{
  GError *error = NULL;
  gboolean up = c->kind == SG_CONV_UP_FIR;
  SgConvGeometry g = {up ? SG_CONV_TRANSPOSED : c->kind, 3, c->stride, c->pad, c->pad};
  g_autoptr(SgBuf) w = sg_buf_from_floats(backend, weight, c->o, c->i, 3, 3, &error);
  g_autoptr(SgBuf) in = sg_buf_new(backend, SG_FMT_ACT, x->n, x->c, x->h, x->w, &error);
  g_autoptr(SgBuf) out = sg_buf_new(backend, SG_FMT_ACT, y->n, y->c, y->h + up, y->w + up, &error);

  g_assert_no_error(error);
  if (style)
    backend->scale(in, x, style);
  else
    backend->copy(in, x);
  g_assert_true(backend->conv(&g, SG_PASS_OUTPUT, in, NULL, w, out, &error));
  if (up)
    backend->fir(y, out, SG_FIR_BLUR_AFTER_UP);
  else
    backend->copy(y, out);
  if (e)
    backend->epilogue(y, y, e);
}

/* How far `found` is from `wanted`, relative to the largest number. */
static double
distance(const SgBuf *found, const SgBuf *wanted)
{
  gsize count = sg_buf_count(found);
  g_autofree float *a = g_new(float, count), *b = g_new(float, count);
  double worst = 0, most = 0;

  backend->download(found, a);
  backend->download(wanted, b);
  for (gsize i = 0; i < count; i++) {
    g_assert_true(isfinite(a[i]) && isfinite(b[i]));
    worst = MAX(worst, fabs((double)a[i] - (double)b[i]));
    most = MAX(most, fabs((double)b[i]));
  }
  return worst / most;
}

static guint64
used_now(void)
{
  SgDeviceInfo info = {.used = 0};
  g_assert_true(backend->device_info(backend, &info));
  return info.used;
}

static void
check_run(const RunCase *c, SgConv *conv, const float *weight, GRand *random)
{
  GError *error = NULL;
  gboolean up = c->kind == SG_CONV_UP_FIR;
  int oh = up ? 2 * c->h : (c->h + 2 * c->pad - 3) / c->stride + 1;
  int ow = up ? 2 * c->w : (c->w + 2 * c->pad - 3) / c->stride + 1;
  g_autoptr(SgBuf) x = buffer(random, 1, SG_FMT_ACT, c->n, c->i, c->h, c->w);
  /* More than fp16 holds. */
  g_autoptr(SgBuf) style = buffer(random, 1e5, SG_FMT_PLAIN, c->n, c->i, 1, 1);
  g_autoptr(SgBuf) scale = buffer(random, 1e-5, SG_FMT_PLAIN, c->n, c->o, 1, 1);
  g_autoptr(SgBuf) noise = buffer(random, 1, SG_FMT_PLAIN, 1, 1, oh, ow);
  g_autoptr(SgBuf) bias = buffer(random, 1, SG_FMT_PLAIN, 1, c->o, 1, 1);
  g_autoptr(SgBuf) y = buffer(random, 1, SG_FMT_ACT, c->n, c->o, oh, ow);
  g_autoptr(SgBuf) wanted = buffer(random, 1, SG_FMT_ACT, c->n, c->o, oh, ow);
  SgEpilogue e = {
      c->scale ? scale : NULL, c->noise ? noise : NULL, 0.5f, bias, 0.2f, 1.4f, 9, NULL};
  const SgEpilogue *ends = c->scale ? &e : NULL;

  in_steps(c, wanted, x, c->style ? style : NULL, weight, ends);
  for (int again = 0; again < 2; again++) { /* the second time with the filter that was kept */
    guint64 used = used_now();
    g_assert_true(backend->conv_run(conv, y, x, c->style ? style : NULL, ends, &error));
    g_assert_no_error(error);
    g_assert_cmpfloat(distance(y, wanted), <=, 1e-6);
    g_assert_true(!again || used_now() == used);
  }
}

/* A convolution with all that is around it is the steps one by one, in every precision; and in
 * another one after it has been in the first. */
static void
test_run(void)
{
  GError *error = NULL;
  g_autoptr(GRand) random = g_rand_new_with_seed(9);

  for (guint i = 0; i < G_N_ELEMENTS(run_cases); i++) {
    const RunCase *c = &run_cases[i];
    SgConvGeometry g = {c->kind, 3, c->stride, c->pad, c->pad};
    g_autofree float *weight = numbers(random, (gsize)c->o * c->i * 9, 1);
    SgConv *conv = backend->conv_new(backend, weight, c->o, c->i, &g, &error);
    g_assert_no_error(error);
    for (int p = SG_PRECISION_FP32; p <= 2 * SG_PRECISION_FP16; p++) {
      set_precision((SgPrecision)(p % (SG_PRECISION_FP16 + 1)));
      check_run(c, conv, weight, random);
    }
    backend->conv_free(conv);
  }
  set_precision(SG_PRECISION_FP32);
}

/* Zeros have no largest number; what is not finite stays so. */
static void
test_odd(void)
{
  static const Case c = {SG_CONV_FORWARD, 3, 1, 1, 1, 16, 16, 12, 12};
  GError *error = NULL;
  SgConvGeometry g = {c.kind, c.kernel, c.stride, c.pad, c.pad};
  g_autofree float *zero = g_new0(float, 16 * 144), *found = g_new(float, 16 * 144);
  g_autoptr(GRand) random = g_rand_new_with_seed(6);
  g_autofree float *w = numbers(random, 16 * 16 * 9, 1);
  g_autoptr(SgBuf) filter = sg_buf_from_floats(backend, w, 16, 16, 3, 3, &error);
  g_autoptr(SgBuf) y = sg_buf_new(backend, SG_FMT_PLAIN, 1, 16, 12, 12, &error);

  for (SgPrecision p = SG_PRECISION_BF16; p <= SG_PRECISION_FP16; p++) {
    set_precision(p);
    for (int k = 0; k < 3; k++) {
      zero[0] = k == 0 ? 0 : k == 1 ? NAN : INFINITY;
      g_autoptr(SgBuf) x = sg_buf_from_floats(backend, zero, 1, 16, 12, 12, &error);
      g_assert_true(backend->conv(&g, SG_PASS_OUTPUT, x, NULL, filter, y, &error));
      g_assert_no_error(error);
      backend->download(y, found);
      g_assert_true(k == 0 ? found[0] == 0 : !isfinite(found[0]));
      g_assert_true(found[143] == 0); /* far from it */
    }
    zero[0] = 0;
  }
  set_precision(SG_PRECISION_FP32);
}

/* ---- pictures -------------------------------------------------------------------------------- */

static SgPicture *
picture(SgModel *model)
{
  GError *error = NULL;
  g_autoptr(SgRenderer) r = sg_renderer_new(model, backend, &error);
  g_assert_no_error(error);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  SgPicture *p = sg_renderer_render(r, recipe, 0, &error);
  g_assert_no_error(error);
  return p;
}

static double
difference(const SgPicture *a, const SgPicture *b)
{
  gsize n = (gsize)a->width * (gsize)a->height * 3;
  double sum = 0;
  for (gsize i = 0; i < n; i++)
    sum += abs(a->rgb[i] - b->rgb[i]);
  return sum / (double)n;
}

/* A picture through eight layers in halves: not the same, and nearly. */
static void
test_picture(void)
{
  GError *error = NULL;
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  double off[4];

  spec.resolution = 32;
  g_autoptr(SgModel) model = random_model_new(&spec, &error);
  g_assert_no_error(error);
  set_precision(SG_PRECISION_FP32);
  g_autoptr(SgPicture) exact = picture(model);
  for (SgPrecision p = SG_PRECISION_BF16; p <= SG_PRECISION_FP16; p++) {
    set_precision(p);
    g_autoptr(SgPicture) rough = picture(model);
    off[p] = difference(exact, rough);
  }
  set_precision(SG_PRECISION_FP32);
  g_test_message("mean difference of 255: bf16 %.3f, fp16 %.3f", off[SG_PRECISION_BF16],
                 off[SG_PRECISION_FP16]);
  g_assert_cmpfloat(off[SG_PRECISION_BF16], >, off[SG_PRECISION_FP16]);
  g_assert_cmpfloat(off[SG_PRECISION_BF16], <, 3);
  g_assert_cmpfloat(off[SG_PRECISION_FP16], <, 0.5);
}

/* ---- asking for it --------------------------------------------------------------------------- */

static void
test_names(void)
{
  GError *error = NULL;

  g_assert_false(sg_backend_set_precision("fp8", &error));
  g_assert_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_NAME);
  g_clear_error(&error);
  g_assert_true(sg_backend_set_precision("fp16", &error));
  g_assert_null(sg_backend_open("cpu", &error));
  g_assert_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DEVICE);
  g_assert_nonnull(strstr(error->message, "fp16"));
  g_assert_true(sg_backend_set_precision("bf16", NULL));
  g_clear_error(&error);
  g_assert_true(sg_backend_open(g_getenv("VITRINE_TEST_DEVICE"), &error) == backend);
  g_autofree char *says = sg_backend_describe(backend);
  g_assert_nonnull(strstr(says, "bf16"));
  g_assert_true(sg_backend_set_precision("fp32", &error));
  g_assert_true(sg_backend_open("cpu", &error) == sg_backend_cpu());
  g_assert_true(sg_backend_open(g_getenv("VITRINE_TEST_DEVICE"), &error) == backend);
}

int
main(int argc, char **argv)
{
  backend = tested_backend();
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/half/numbers", test_numbers);
  if (backend->set_precision) {
    g_test_add_func("/half/conv", test_conv);
    g_test_add_func("/half/run", test_run);
    g_test_add_func("/half/odd", test_odd);
    g_test_add_func("/half/picture", test_picture);
    g_test_add_func("/half/names", test_names);
  }
  return g_test_run();
}
