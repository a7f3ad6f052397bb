/* How a convolution of a training goes on the CPU: Winograd where it pays, else oneDNN.
 *
 * The gradient with respect to the input of a 3×3 convolution is a 3×3 convolution with the kernel
 * turned round and its two channel axes swapped; of a stride-2 one it is the transposed one, which
 * is how the generator upsamples. So both of Winograd's forms serve both networks. */
#include "engine/backend/cpu/cpu-private.h"

/* [O, I, 3, 3] -> [I, O, 3, 3], kernel turned by 180° if `flip`. */
static float *
swapped(const SgBuf *w, gboolean flip)
{
  float *t = g_new(float, sg_buf_count(w));
  const float *from = w->data;

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

gboolean
cpu_train_conv(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, const SgBuf *style, SgBuf *w,
               SgBuf *y, GError **error)
{
  gboolean up = g->stride == 2;

  g_assert(w->n == y->c && w->c == x->c && w->h == g->kernel && (!style || pass == SG_PASS_OUTPUT));
  if (suits(g, pass, x, y)) {
    if (pass == SG_PASS_OUTPUT)
      return wino(y, x, style, w->data, up, error);
    g_autofree float *t = swapped(w, !up);
    return wino(x, y, NULL, t, up, error);
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
