/* Convolutions and matrix products in terms of the two forms that the vendor libraries have. */
#include "engine/backend/cuda/cuda-private.h"

struct _SgConv {
  SgBackend *backend;
  const float *weight; /* [O, I, k, k], borrowed, host */
  int o, i;
  SgConvGeometry g;
  SgBuf *filter; /* on the device: [O, I, k, k], or [I, O, k, k] where transposed */
};

SgConv *
cuda_conv_new(SgBackend *b, const float *weight, int o, int i, const SgConvGeometry *g,
              GError **error)
{
  SgConv *conv = g_new0(SgConv, 1);
  *conv = (SgConv){.backend = b, .weight = weight, .o = o, .i = i, .g = *g};
  return conv;
}

void
cuda_conv_free(SgConv *conv)
{
  sg_buf_unref(conv->filter);
  g_free(conv);
}

/* w as the filter of the form: the transposed convolution's narrow side is its input. */
static SgBuf *
swapped(const SgBuf *w, GError **error)
{
  SgBuf *t = sg_buf_new(w->backend, SG_FMT_PLAIN, w->c, w->n, w->h, w->w, error);
  if (t)
    cuda_swap_axes(t, w);
  return t;
}

static gboolean
upload_filter(SgConv *conv, GError **error)
{
  int k = conv->g.kernel;
  g_autoptr(SgBuf) w = NULL;

  if (conv->filter)
    return TRUE;
  w = sg_buf_from_floats(conv->backend, conv->weight, conv->o, conv->i, k, k, error);
  if (!w)
    return FALSE;
  if (conv->g.kind == SG_CONV_FORWARD)
    conv->filter = g_steal_pointer(&w);
  else
    conv->filter = swapped(w, error);
  return conv->filter != NULL;
}

/* x * style, or x itself. */
static SgBuf *
styled(SgBuf *x, const SgBuf *style, GError **error)
{
  if (!style)
    return sg_buf_ref(x);
  SgBuf *t = sg_buf_new(x->backend, SG_FMT_ACT, x->n, x->c, x->h, x->w, error);
  if (t)
    cuda_scale(t, x, style);
  return t;
}

gboolean
cuda_conv_run(SgConv *conv, SgBuf *y, const SgBuf *x, const SgBuf *style, const SgEpilogue *e,
              GError **error)
{
  const SgConvGeometry *g = &conv->g;
  gboolean up = g->kind == SG_CONV_UP_FIR, forward = g->kind == SG_CONV_FORWARD;
  g_autoptr(SgBuf) in = NULL, wide = NULL;

  if (!upload_filter(conv, error) || !(in = styled((SgBuf *)x, style, error)))
    return FALSE;
  if (up && !(wide = sg_buf_new(y->backend, SG_FMT_ACT, y->n, y->c, y->h + 1, y->w + 1, error)))
    return FALSE;
  SgBuf *out = up ? wide : y;
  if (!(forward ? cuda_dnn_conv(conv->backend, SG_PASS_OUTPUT, g->kernel, g->stride, g->pad, in,
                                conv->filter, out, error)
                : cuda_dnn_conv(conv->backend, SG_PASS_INPUT, g->kernel, g->stride, up ? 0 : g->pad,
                                out, conv->filter, in, error)))
    return FALSE;
  if (up)
    cuda_fir_epilogue(y, wide, SG_FIR_BLUR_AFTER_UP, e);
  else if (e)
    cuda_epilogue(y, y, e);
  return TRUE;
}

static gboolean
transposed(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, SgBuf *w, SgBuf *y, GError **error)
{
  static const SgConvPass turned[] = {[SG_PASS_OUTPUT] = SG_PASS_INPUT,
                                      [SG_PASS_INPUT] = SG_PASS_OUTPUT,
                                      [SG_PASS_WEIGHT] = SG_PASS_WEIGHT};
  g_autoptr(SgBuf) t = pass == SG_PASS_WEIGHT
                           ? sg_buf_new(w->backend, SG_FMT_PLAIN, w->c, w->n, w->h, w->w, error)
                           : swapped(w, error);
  if (!t || !cuda_dnn_conv(x->backend, turned[pass], g->kernel, g->stride, g->pad, y, t, x, error))
    return FALSE;
  if (pass == SG_PASS_WEIGHT)
    cuda_swap_axes(w, t);
  return TRUE;
}

gboolean
cuda_conv(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, const SgBuf *style, SgBuf *w,
          SgBuf *y, GError **error)
{
  g_assert(w->n == y->c && w->c == x->c && w->h == g->kernel && (!style || pass == SG_PASS_OUTPUT));
  g_autoptr(SgBuf) in = styled(x, style, error);
  if (!in)
    return FALSE;
  if (g->kind == SG_CONV_TRANSPOSED)
    return transposed(g, pass, in, w, y, error);
  return cuda_dnn_conv(x->backend, pass, g->kernel, g->stride, g->pad, in, w, y, error);
}

/* ---- matrices -------------------------------------------------------------------------------- */

static void
gemm(SgBuf *c, gboolean ta, gboolean tb, int m, int n, int k, double alpha, const SgBuf *a, int lda,
     const SgBuf *b, int ldb)
{
  GError *error = NULL;
  if (!cuda_gemm(c->backend, ta, tb, m, n, k, (float)alpha, a->data, lda, b->data, ldb, c->data,
                 &error))
    cuda_note_error(c->backend, error);
}

void
cuda_matmul(SgBuf *c, const SgBuf *a, gboolean ta, const SgBuf *b, gboolean tb, double alpha)
{
  int acols = a->c * a->h * a->w, bcols = b->c * b->h * b->w, ccols = c->c * c->h * c->w;
  int k = ta ? a->n : acols;

  g_assert((ta ? acols : a->n) == c->n && (tb ? b->n : bcols) == ccols && (tb ? bcols : b->n) == k);
  gemm(c, ta, tb, c->n, ccols, k, alpha, a, acols, b, bcols);
}

void
cuda_dense(SgBuf *y, const SgBuf *x, const SgBuf *w, float wgain, const SgBuf *bias, float bgain,
           gboolean lrelu, float gain)
{
  int k = w->c * w->h * w->w;
  gemm(y, FALSE, TRUE, y->n, y->c, k, (double)wgain, x, k, w, k);
  cuda_dense_end(y, bias, bgain, lrelu, gain);
}
