/* Convolutions and matrix products in terms of the two forms that the vendor libraries have. */
#include "engine/backend/cuda/cuda-private.h"

struct _SgConv {
  SgBackend *backend;
  const float *weight; /* [O, I, k, k], borrowed, host */
  int o, i;
  SgConvGeometry g;
  SgBuf *filter; /* on the device: [O, I, k, k], or [I, O, k, k] where transposed */
  CudaKept kept[CU_BF16 + 1];
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
  for (int type = 0; type <= CU_BF16; type++)
    cuda_kept_clear(conv->backend, &conv->kept[type]);
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

/* In floats. */
static gboolean
convolve_floats(SgBackend *b, CudaConv *c, GError **error)
{
  const CudaForm *f = &c->form;
  SgBuf *sides[3] = {c->sides[0], c->sides[1], c->sides[2]}, *y = sides[f->pass];
  int in = f->pass == SG_PASS_OUTPUT ? SG_PASS_INPUT : SG_PASS_OUTPUT;
  g_autoptr(SgBuf) x = styled(sides[in], c->style, error), wide = NULL;

  if (!x)
    return FALSE;
  if (c->blur && !(wide = sg_buf_new(b, SG_FMT_ACT, f->n, f->wide, f->wide_h, f->wide_w, error)))
    return FALSE;
  sides[in] = x;
  sides[f->pass] = c->blur ? wide : y;
  if (!cuda_dnn_form(b, f, 1, sides[SG_PASS_INPUT]->data, sides[SG_PASS_WEIGHT]->data,
                     sides[SG_PASS_OUTPUT]->data, NULL, error))
    return FALSE;
  if (c->blur)
    cuda_fir_epilogue(y, wide, SG_FIR_BLUR_AFTER_UP, c->epilogue);
  else if (c->epilogue)
    cuda_epilogue(y, y, c->epilogue);
  return TRUE;
}

gboolean
cuda_convolve(SgBackend *b, CudaConv *c, GError **error)
{
  SgPrecision precision = CU(b)->precision;
  GError *failed = NULL;

  if (precision == SG_PRECISION_BF16 || precision == SG_PRECISION_FP16) {
    c->form.type = precision == SG_PRECISION_FP16 ? CU_FP16 : CU_BF16;
    if (cuda_half_convolve(b, c, &failed))
      return TRUE;
    if (failed) {
      g_propagate_error(error, failed);
      return FALSE;
    }
    c->form.type = CU_FLOAT;
  }
  return convolve_floats(b, c, error);
}

/* wide and narrow as they are when nothing is blurred. */
static CudaConv
conv_of(SgConvPass pass, int kernel, int stride, int pad, SgBuf *wide, SgBuf *filter, SgBuf *narrow)
{
  CudaConv c = {.form = {CU_FLOAT, (int)pass, wide->n, wide->c, narrow->c, kernel, stride, pad,
                         wide->h, wide->w, narrow->h, narrow->w}};
  g_assert(filter->n == narrow->c && filter->c == wide->c && wide->n == narrow->n);
  c.sides[SG_PASS_OUTPUT] = narrow;
  c.sides[SG_PASS_INPUT] = wide;
  c.sides[SG_PASS_WEIGHT] = filter;
  return c;
}

gboolean
cuda_conv_run(SgConv *conv, SgBuf *y, const SgBuf *x, const SgBuf *style, const SgEpilogue *e,
              GError **error)
{
  const SgConvGeometry *g = &conv->g;
  gboolean up = g->kind == SG_CONV_UP_FIR, forward = g->kind == SG_CONV_FORWARD;
  SgBuf *in = (SgBuf *)x;

  if (!upload_filter(conv, error))
    return FALSE;
  CudaConv c = conv_of(forward ? SG_PASS_OUTPUT : SG_PASS_INPUT, g->kernel, g->stride,
                       up ? 0 : g->pad, forward ? in : y, conv->filter, forward ? y : in);
  c.style = style;
  c.epilogue = e;
  c.kept = conv->kept;
  c.blur = up;
  c.form.wide_h += up;
  c.form.wide_w += up;
  return cuda_convolve(conv->backend, &c, error);
}

static gboolean
transposed(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, const SgBuf *style, SgBuf *w,
           SgBuf *y, GError **error)
{
  static const SgConvPass turned[] = {[SG_PASS_OUTPUT] = SG_PASS_INPUT,
                                      [SG_PASS_INPUT] = SG_PASS_OUTPUT,
                                      [SG_PASS_WEIGHT] = SG_PASS_WEIGHT};
  g_autoptr(SgBuf) t = pass == SG_PASS_WEIGHT
                           ? sg_buf_new(w->backend, SG_FMT_PLAIN, w->c, w->n, w->h, w->w, error)
                           : swapped(w, error);
  if (!t)
    return FALSE;
  CudaConv c = conv_of(turned[pass], g->kernel, g->stride, g->pad, y, t, x);
  c.style = style;
  if (!cuda_convolve(x->backend, &c, error))
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
  if (g->kind == SG_CONV_TRANSPOSED)
    return transposed(g, pass, x, style, w, y, error);
  CudaConv c = conv_of(pass, g->kernel, g->stride, g->pad, x, w, y);
  c.style = style;
  return cuda_convolve(x->backend, &c, error);
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
