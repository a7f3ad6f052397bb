/* The reference back end: plain loops in double over row-major [N, C, H, W], both formats alike.
 * Slow and obvious. It shares only the element bodies with the other back ends, so a test that
 * compares them checks layouts, blocking, Winograd, borders and threads; golden files check the
 * formulas themselves. */
#define REAL double
#include "engine/kernels/element.h"
#include "engine/backend/reference/reference-private.h"
#include <string.h>

struct _SgConv {
  const float *weight;
  int o, i;
  SgConvGeometry g;
};

static double
padded(const SgBuf *b, int n, int c, int y, int x)
{
  return y >= 0 && y < b->h && x >= 0 && x < b->w ? *ref_at(b, n, c, y, x) : 0;
}

static gboolean
ref_alloc(SgBuf *buf, GError **error)
{
  buf->bytes = buf->capacity = sg_buf_count(buf) * sizeof(double);
  buf->data = sg_aligned_alloc(buf->bytes);
  if (!buf->data)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory");
  return buf->data != NULL;
}

static void
ref_release(SgBuf *buf)
{
  sg_aligned_free(buf->data);
}

static void
ref_upload(SgBuf *dst, const float *src)
{
  for (gsize i = 0; i < sg_buf_count(dst); i++)
    ((double *)dst->data)[i] = src[i];
}

static void
ref_download(const SgBuf *src, float *dst)
{
  for (gsize i = 0; i < sg_buf_count(src); i++)
    dst[i] = (float)((double *)src->data)[i];
}

static void
ref_copy(SgBuf *dst, const SgBuf *src)
{
  memcpy(dst->data, src->data, sg_buf_count(src) * sizeof(double));
}

static void
ref_broadcast(SgBuf *dst, const SgBuf *src)
{
  REF_EACH(dst)
  *v = *ref_at(src, 0, c, y, x);
}

/* ---- convolution ----------------------------------------------------------------------------- */

static SgConv *
ref_conv_new(SgBackend *b, const float *weight, int o, int i, const SgConvGeometry *g,
             GError **error)
{
  SgConv *conv = g_new(SgConv, 1);
  *conv = (SgConv){weight, o, i, *g};
  return conv;
}

static void
ref_conv_free(SgConv *conv)
{
  g_free(conv);
}

static double
weight_at(const SgConv *conv, int o, int i, int ky, int kx)
{
  int k = conv->g.kernel;
  return conv->weight[(((gsize)o * (gsize)conv->i + (gsize)i) * (gsize)k + (gsize)ky) * (gsize)k +
                      (gsize)kx];
}

/* Input position that tap k of output o reads, -1 if none (transposed: only where the stride
 * divides). */
static int
source(const SgConvGeometry *g, int pad, int o, int k)
{
  if (g->kind == SG_CONV_FORWARD)
    return o * g->stride + k - pad;
  int s = o + pad - k;
  return s >= 0 && s % g->stride == 0 ? s / g->stride : -1;
}

static void
convolve(const SgConv *conv, SgBuf *out, const SgBuf *in, const SgBuf *style)
{
  int pad = conv->g.kind == SG_CONV_UP_FIR ? 0 : conv->g.pad, k = conv->g.kernel;
  REF_EACH(out)
  {
    *v = 0;
    for (int i = 0; i < conv->i; i++)
      for (int ky = 0; ky < k; ky++)
        for (int kx = 0; kx < k; kx++)
          *v += padded(in, n, i, source(&conv->g, pad, y, ky), source(&conv->g, pad, x, kx)) *
                weight_at(conv, c, i, ky, kx) * (style ? *ref_at(style, n, i, 0, 0) : 1);
  }
}

static double
per_channel(const SgBuf *b, int n, int c, double otherwise)
{
  return b ? *ref_at(b, b->n > 1 ? n : 0, c, 0, 0) : otherwise;
}

double
ref_strength(const SgEpilogue *e, int c)
{
  return e->strength ? *ref_at(e->strength, 0, e->strength->c > 1 ? c : 0, 0, 0) : 1;
}

static void
ref_epilogue(SgBuf *buf, const SgEpilogue *e)
{
  REF_EACH(buf)
  {
    *v = *v * per_channel(e->scale, n, c, 1) + per_channel(e->bias, n, c, 0);
    if (e->noise)
      *v += *ref_at(e->noise, e->noise->n > 1 ? n : 0, 0, y, x) * e->noise_strength *
            ref_strength(e, c);
    *v = k_lrelu(*v, e->slope, e->gain);
    if (e->clamp >= 0)
      *v = k_clamp(*v, e->clamp);
  }
}

/* ---- FIR ------------------------------------------------------------------------------------- */

/* upfirdn as the papers define it: insert zeros, pad, filter, keep every down-th. */
static void
upfirdn(SgBuf *out, const SgBuf *in, int up, int down, int pad, double gain)
{
  static const double f[4] = {0.125, 0.375, 0.375, 0.125};
  REF_EACH(out)
  {
    *v = 0;
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) {
        int yy = y * down + i - pad, xx = x * down + j - pad;
        if (yy >= 0 && xx >= 0 && yy % up == 0 && xx % up == 0)
          *v += padded(in, n, c, yy / up, xx / up) * f[i] * f[j] * gain;
      }
  }
}

static void
ref_fir(SgBuf *y, const SgBuf *x, SgFir mode)
{
  static const struct {
    int up, down, pad;
    double gain;
  } modes[] = {
      [SG_FIR_BLUR_AFTER_UP] = {1, 1, 1, 4},
      [SG_FIR_BLUR_BEFORE_DOWN] = {1, 1, 2, 1},
      [SG_FIR_UP] = {2, 1, 2, 4},
      [SG_FIR_DOWN] = {1, 2, 1, 1},
      [SG_FIR_BLUR_AFTER_UP_ADJOINT] = {1, 1, 2, 4},
      [SG_FIR_BLUR_BEFORE_DOWN_ADJOINT] = {1, 1, 1, 1},
      [SG_FIR_UP_ADJOINT] = {1, 2, 1, 4},
      [SG_FIR_DOWN_ADJOINT] = {2, 1, 2, 1},
  };
  upfirdn(y, x, modes[mode].up, modes[mode].down, modes[mode].pad, modes[mode].gain);
}

static gboolean
ref_conv_run(SgConv *conv, SgBuf *y, const SgBuf *x, const SgBuf *style, const SgEpilogue *e,
             GError **error)
{
  if (conv->g.kind == SG_CONV_UP_FIR) {
    g_autoptr(SgBuf) wide =
        sg_buf_new(y->backend, SG_FMT_ACT, y->n, y->c, y->h + 1, y->w + 1, error);
    if (!wide)
      return FALSE;
    convolve(conv, wide, x, style);
    ref_fir(y, wide, SG_FIR_BLUR_AFTER_UP);
  } else {
    convolve(conv, y, x, style);
  }
  if (e)
    ref_epilogue(y, e);
  return TRUE;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void
ref_dense(SgBuf *out, const SgBuf *in, const SgBuf *w, float wgain, const SgBuf *bias, float bgain,
          gboolean lrelu, float gain)
{
  REF_EACH(out)
  {
    double sum = 0;
    for (int i = 0; i < w->c; i++)
      sum += ((double *)in->data)[(gsize)n * w->c + i] * *ref_at(w, c, i, 0, 0);
    sum = sum * wgain + per_channel(bias, 0, c, 0) * bgain;
    *v = lrelu ? k_lrelu(sum, 0.2, gain) : sum * gain;
  }
}

static void
ref_normalize(SgBuf *out, const SgBuf *in)
{
  for (int n = 0; n < in->n; n++) {
    double sum = 0;
    for (int c = 0; c < in->c; c++)
      sum += *ref_at(in, n, c, 0, 0) * *ref_at(in, n, c, 0, 0);
    double f = k_normalizer(sum / in->c);
    for (int c = 0; c < in->c; c++)
      *ref_at(out, n, c, 0, 0) = *ref_at(in, n, c, 0, 0) * f;
  }
}

static void
ref_demod(SgBuf *out, const SgBuf *s, const SgBuf *wsq, float eps)
{
  REF_EACH(out)
  {
    double sum = 0;
    for (int i = 0; i < wsq->c; i++)
      sum += *ref_at(s, n, i, 0, 0) * *ref_at(s, n, i, 0, 0) * *ref_at(wsq, c, i, 0, 0);
    *v = k_demod(sum, eps);
  }
}

static void
ref_add(SgBuf *out, const SgBuf *a, const SgBuf *b, float gain)
{
  REF_EACH(out)
  *v = (*ref_at(a, n, c, y, x) + *ref_at(b, n, c, y, x)) * gain;
}

static void
ref_to_rgb(SgBuf *img, const SgBuf *add, const SgBuf *in, const SgBuf *s, const SgBuf *w,
           const SgBuf *bias, float clamp)
{
  REF_EACH(img)
  {
    double sum = per_channel(bias, 0, c, 0);
    for (int i = 0; i < in->c; i++)
      sum += *ref_at(in, n, i, y, x) * *ref_at(s, n, i, 0, 0) * *ref_at(w, c, i, 0, 0);
    if (clamp >= 0)
      sum = k_clamp(sum, clamp);
    *v = (add ? *ref_at(add, n, c, y, x) : 0) + sum;
  }
}

static void
ref_from_rgb(SgBuf *out, const SgBuf *img, const SgBuf *w, float wgain, const SgEpilogue *e,
             gboolean accumulate)
{
  g_autoptr(SgBuf) t = sg_buf_new(out->backend, out->fmt, out->n, out->c, out->h, out->w, NULL);
  g_assert(t);
  REF_EACH(t)
  {
    *v = 0;
    for (int k = 0; k < img->c; k++)
      *v += *ref_at(img, n, k, y, x) * *ref_at(w, c, k, 0, 0) * wgain;
  }
  ref_epilogue(t, e);
  REF_EACH(out)
  *v = (accumulate ? *v : 0) + *ref_at(t, n, c, y, x);
}

/* Position d of the doubled axis of n samples, as a weighted pair. */
static double
bilinear(const SgBuf *in, int n, int c, int y, int x)
{
  double sy = MAX((y + 0.5) / 2 - 0.5, 0), sx = MAX((x + 0.5) / 2 - 0.5, 0);
  int y0 = (int)sy, x0 = (int)sx, y1 = MIN(y0 + 1, in->h - 1), x1 = MIN(x0 + 1, in->w - 1);
  double ty = sy - y0, tx = sx - x0;
  return (*ref_at(in, n, c, y0, x0) * (1 - tx) + *ref_at(in, n, c, y0, x1) * tx) * (1 - ty) +
         (*ref_at(in, n, c, y1, x0) * (1 - tx) + *ref_at(in, n, c, y1, x1) * tx) * ty;
}

static void
ref_bilinear_up(SgBuf *out, const SgBuf *in)
{
  REF_EACH(out)
  *v = bilinear(in, n, c, y, x);
}

static double
deviation(const SgBuf *in, int m, int groups, int size, int c, int y, int x)
{
  double mean = 0, var = 0;
  for (int g = 0; g < size; g++)
    mean += *ref_at(in, g * groups + m, c, y, x) / size;
  for (int g = 0; g < size; g++) {
    double d = *ref_at(in, g * groups + m, c, y, x) - mean;
    var += d * d / size;
  }
  return sqrt(var + 1e-8);
}

static void
ref_minibatch_std(SgBuf *out, const SgBuf *in, int size, int features)
{
  int groups = in->n / size, width = in->c / features;
  REF_EACH(out)
  {
    if (c < in->c) {
      *v = *ref_at(in, n, c, y, x);
    } else {
      double sum = 0;
      for (int k = 0; k < width; k++)
        for (int yy = 0; yy < in->h; yy++)
          for (int xx = 0; xx < in->w; xx++)
            sum += deviation(in, n % groups, groups, size, (c - in->c) * width + k, yy, xx);
      *v = sum / (width * in->h * in->w);
    }
  }
}

static char *
ref_describe(const SgBackend *b)
{
  return g_strdup("reference (double)");
}

SgBackend *
sg_backend_reference(void)
{
  static SgBackend reference = {
      .name = "reference",
      .element = sizeof(double),
      .buf_alloc = ref_alloc,
      .buf_release = ref_release,
      .upload = ref_upload,
      .download = ref_download,
      .copy = ref_copy,
      .broadcast = ref_broadcast,
      .conv_new = ref_conv_new,
      .conv_free = ref_conv_free,
      .conv_run = ref_conv_run,
      .dense = ref_dense,
      .normalize = ref_normalize,
      .demod = ref_demod,
      .fir = ref_fir,
      .add = ref_add,
      .to_rgb = ref_to_rgb,
      .from_rgb = ref_from_rgb,
      .bilinear_up = ref_bilinear_up,
      .minibatch_std = ref_minibatch_std,
      .adain = ref_adain,
      .filtered = ref_filtered,
      .describe = ref_describe,
      .conv = ref_train_conv,
      .matmul = ref_matmul,
      .combine = ref_combine,
      .mul = ref_mul,
      .map = ref_map,
      .scale = ref_scale,
      .dot = ref_dot,
      .expand = ref_expand,
      .sum_to = ref_sum_to,
      .epilogue = ref_train_epilogue,
      .epilogue_grad = ref_epilogue_grad,
      .rgb = ref_rgb,
      .channels = ref_channels,
      .augment = ref_augment,
      .adam = ref_adam,
  };
  return &reference;
}
