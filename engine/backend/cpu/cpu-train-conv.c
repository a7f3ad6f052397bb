/* How a convolution of a training goes on the CPU: in bf16 over the matrix units; else Winograd
 * where it pays, else oneDNN.
 *
 * The gradient with respect to the input of a 3×3 convolution is a 3×3 convolution with the kernel
 * turned round and its two channel axes swapped; of a stride-2 one it is the transposed one, which
 * is how the generator upsamples. So both of Winograd's forms serve both networks. */
#include "engine/backend/cpu/cpu-amx.h"
#include "engine/backend/cpu/cpu-private.h"

/* [O, I, 3, 3] -> [I, O, 3, 3], kernel turned by 180° if `flip`. NULL: no memory. */
static float *
swapped(const SgBuf *w, gboolean flip, GError **error)
{
  float *t = g_try_new(float, sg_buf_count(w));
  const float *from = w->data;

  if (!t) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for turned weights");
    return NULL;
  }
#pragma omp parallel for schedule(static)
  for (int i = 0; i < w->c; i++)
    for (int o = 0; o < w->n; o++)
      for (int k = 0; k < 9; k++)
        t[((gsize)i * w->n + o) * 9 + (flip ? 8 - k : k)] = from[((gsize)o * w->c + i) * 9 + k];
  return t;
}

static gboolean
wino(SgBuf *y, const SgBuf *x, const SgBuf *style, const float *weight, gboolean up, GError **error)
{
  SgWino *plan = sg_wino_new(x->backend, weight, y->c, x->c, up, error);
  gboolean ok = plan && sg_wino_run(plan, y, x, style, NULL, error);
  sg_wino_free(plan);
  return ok;
}

static gboolean
suits(const SgConvGeometry *g, SgConvPass pass, const SgBuf *x, const SgBuf *y)
{
  static const SgConvGeometry up = {SG_CONV_UP_FIR, 3, 2, 0, 0};

  if (g->kernel != 3 || pass == SG_PASS_WEIGHT)
    return FALSE;
  if (g->stride == 1)
    return sg_wino_suits(g, y->c, x->c, x->h, x->w);
  if (pass == SG_PASS_OUTPUT)
    return g->kind == SG_CONV_TRANSPOSED && g->pad == 0 &&
           sg_wino_suits(&up, y->c, x->c, x->h, x->w);
  return g->kind == SG_CONV_FORWARD && g->pad == 0 && x->h == 2 * y->h + 1 &&
         sg_wino_suits(&up, x->c, y->c, y->h, y->w);
}

/* ---- matrix units ---------------------------------------------------------------------------- */

/* The convolution that gives x from y is one of these, with the weights' channel axes swapped.
 * FALSE: another one. */
static gboolean
adjoint(const SgConvGeometry *g, const SgBuf *x, const SgBuf *y, SgConvGeometry *a)
{
  if (g->kind == SG_CONV_FORWARD && g->stride == 1) {
    int pad = g->kernel - 1 - g->pad;
    *a = (SgConvGeometry){SG_CONV_FORWARD, g->kernel, 1, pad, pad};
    return pad >= 0 && x->h == y->h + g->pad * -2 + g->kernel - 1;
  }
  if (g->kind == SG_CONV_FORWARD) {
    *a = (SgConvGeometry){SG_CONV_TRANSPOSED, g->kernel, 2, g->pad, g->pad_end};
    return g->kernel == 3 && x->h <= 2 * y->h + 2 && x->w <= 2 * y->w + 2;
  }
  *a = (SgConvGeometry){SG_CONV_FORWARD, g->kernel, g->stride, g->pad, g->pad_end};
  return TRUE;
}

static gboolean
run_amx(const SgConvGeometry *g, SgBuf *y, const SgBuf *x, const SgBuf *style,
        const SgAmxWeights *w, GError **error)
{
  SgAmx *amx = sg_amx_new(g, y->c, x->c, w, sg_amx_wants_two(y->c, x->c, x->h, x->w), error);
  gboolean ok = amx && sg_amx_run(amx, y, x, style, NULL, error);
  sg_amx_free(amx);
  return ok;
}

/* FALSE, and *done FALSE: this convolution goes another way. */
static gboolean
amx(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, const SgBuf *style, SgBuf *w, SgBuf *y,
    gboolean *done, GError **error)
{
  gsize taps = (gsize)(g->kernel * g->kernel), row = (gsize)w->c * taps;
  gboolean swap = g->kind == SG_CONV_TRANSPOSED;
  SgConvGeometry other;

  *done = TRUE;
  if (pass == SG_PASS_OUTPUT && sg_amx_suits(g, y->c, x->c))
    return run_amx(g, y, x, style, &(SgAmxWeights){w->data, row, taps, FALSE}, error);
  if (pass == SG_PASS_INPUT && adjoint(g, x, y, &other) && sg_amx_suits(&other, x->c, y->c))
    return run_amx(&other, x, y, NULL, &(SgAmxWeights){w->data, taps, row, g->stride == 1}, error);
  other = (SgConvGeometry){SG_CONV_FORWARD, g->kernel, g->stride, g->pad, g->pad_end};
  if (pass == SG_PASS_WEIGHT && sg_amx_weight_suits(&other, y->c, x->c))
    return swap ? sg_amx_weight(&other, y, x, w->data, taps, row, error)
                : sg_amx_weight(&other, x, y, w->data, row, taps, error);
  *done = FALSE;
  return FALSE;
}

gboolean
cpu_train_conv(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, const SgBuf *style, SgBuf *w,
               SgBuf *y, GError **error)
{
  gboolean up = g->stride == 2;

  g_assert(w->n == y->c && w->c == x->c && w->h == g->kernel && (!style || pass == SG_PASS_OUTPUT));
  if (CPU(x->backend)->bf16) {
    gboolean done, ok = amx(g, pass, x, style, w, y, &done, error);
    if (done)
      return ok;
  }
  if (suits(g, pass, x, y)) {
    if (pass == SG_PASS_OUTPUT)
      return wino(y, x, style, w->data, up, error);
    g_autofree float *t = swapped(w, !up, error);
    return t && wino(x, y, NULL, t, up, error);
  }
  g_autoptr(SgBuf) scaled = NULL;
  if (style) {
    scaled = sg_buf_new(x->backend, SG_FMT_ACT, x->n, x->c, x->h, x->w, error);
    if (!scaled)
      return FALSE;
    cpu_scale(scaled, x, style);
  }
  return cpu_dnnl_train_conv(g, pass, scaled ? scaled : x, w, y, error);
}
