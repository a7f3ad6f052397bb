/* Which way a convolution goes on the CPU: in bf16 over the matrix units; else Winograd where it
 * pays, else oneDNN with a pass before it (style) and one after it (filter, epilogue). Each way
 * packs the weights when it is first taken. */
#include "engine/backend/cpu/cpu-amx.h"
#include "engine/backend/cpu/cpu-private.h"

struct _SgConv {
  SgBackend *backend;
  const float *weight; /* [O, I, k, k], borrowed */
  int o, i;
  SgConvGeometry g;
  SgDnnlConv *direct;
  SgWino *wino;
  SgAmx *amx[2]; /* of one and of two numbers each */
};

SgConv *
cpu_conv_new(SgBackend *b, const float *weight, int o, int i, const SgConvGeometry *g,
             GError **error)
{
  SgConv *conv = g_new0(SgConv, 1);
  *conv = (SgConv){.backend = b, .weight = weight, .o = o, .i = i, .g = *g};
  return conv;
}

void
cpu_conv_free(SgConv *conv)
{
  if (conv->direct)
    cpu_dnnl_conv_free(conv->direct);
  sg_wino_free(conv->wino);
  sg_amx_free(conv->amx[0]);
  sg_amx_free(conv->amx[1]);
  g_free(conv);
}

static gboolean
run_direct(SgConv *conv, SgBuf *y, const SgBuf *x, const SgBuf *style, GError **error)
{
  static const SgConvGeometry up = {SG_CONV_TRANSPOSED, 3, 2, 0, 0};
  const SgConvGeometry *g = conv->g.kind == SG_CONV_UP_FIR ? &up : &conv->g;
  g_autoptr(SgBuf) scaled = NULL;

  if (style) {
    scaled = sg_buf_new(conv->backend, SG_FMT_ACT, x->n, x->c, x->h, x->w, error);
    if (!scaled)
      return FALSE;
    cpu_scale(scaled, x, style);
  }
  if (!conv->direct)
    conv->direct = cpu_dnnl_conv_new(conv->backend, conv->weight, conv->o, conv->i, g, error);
  return conv->direct && cpu_dnnl_conv_run(conv->direct, y, scaled ? scaled : x, error);
}

static gboolean
run_wino(SgConv *conv, SgBuf *y, const SgBuf *x, const SgBuf *style, const SgEpilogue *e,
         GError **error)
{
  if (!conv->wino)
    conv->wino = sg_wino_new(conv->backend, conv->weight, conv->o, conv->i,
                             conv->g.kind == SG_CONV_UP_FIR, error);
  return conv->wino && sg_wino_run(conv->wino, y, x, style, e, error);
}

static gboolean
run_amx(SgConv *conv, SgBuf *y, const SgBuf *x, const SgBuf *style, const SgEpilogue *e,
        GError **error)
{
  gsize taps = (gsize)(conv->g.kernel * conv->g.kernel);
  SgAmxWeights w = {conv->weight, (gsize)conv->i * taps, taps, FALSE};

  gboolean two = sg_amx_wants_two(conv->o, conv->i, x->h, x->w);

  if (!conv->amx[two])
    conv->amx[two] = sg_amx_new(&conv->g, conv->o, conv->i, &w, two, error);
  return conv->amx[two] && sg_amx_run(conv->amx[two], y, x, style, e, error);
}

gboolean
cpu_conv_run(SgConv *conv, SgBuf *y, const SgBuf *x, const SgBuf *style, const SgEpilogue *e,
             GError **error)
{
  static const SgEpilogue nothing = {.slope = 1, .gain = 1, .clamp = -1};
  gboolean wino = sg_wino_suits(&conv->g, conv->o, conv->i, x->h, x->w);
  gboolean blur = conv->g.kind == SG_CONV_UP_FIR;
  g_autoptr(SgBuf) wide = NULL;

  if (CPU(conv->backend)->bf16 && sg_amx_suits(&conv->g, conv->o, conv->i))
    return run_amx(conv, y, x, style, e, error);
  if (wino && !blur)
    return run_wino(conv, y, x, style, e, error);
  if (blur &&
      !(wide = sg_buf_new(conv->backend, SG_FMT_ACT, y->n, y->c, y->h + 1, y->w + 1, error)))
    return FALSE;
  SgBuf *out = blur ? wide : y;
  if (!(wino ? run_wino(conv, out, x, style, NULL, error) : run_direct(conv, out, x, style, error)))
    return FALSE;
  if (blur || e)
    cpu_epilogue(y, out, blur, e ? e : &nothing);
  return TRUE;
}
