#include "engine/base/interrupt.h"
#include "engine/formats/format-error.h"
#include "engine/nets/geometry.h"
#include "engine/nets/synthesis.h"
#include <string.h>

/* What travels from stage to stage: activations x, the picture img so far (NULL: none drew yet),
 * and the input block_in of the resnet block that is being run (else NULL). */
typedef struct {
  const SgPass *pass;
  SgBuf *x, *img, *block_in;
} Run;

static void
replace(SgBuf **slot, SgBuf *buf)
{
  sg_buf_unref(*slot);
  *slot = buf;
}

void
sg_synthesis_order_ws(const SgSynthesis *net, int n, const float *ws, float *w)
{
  gsize dim = (gsize)net->w_dim;

  for (int k = 0; k < net->num_ws; k++)
    for (int i = 0; i < n; i++, w += dim)
      memcpy(w, ws + ((gsize)i * (gsize)net->num_ws + (gsize)k) * dim, sizeof(float) * dim);
}

/* w of one stage: [n, w_dim, 1, 1]. */
static SgBuf *
stage_w(const SgPass *pass, const SgStage *stage, GError **error)
{
  const SgSynthesis *net = pass->net;
  gsize dim = (gsize)net->w_dim, first = (gsize)stage->w_index * (gsize)pass->n * dim;

  if (pass->w)
    return sg_buf_view(pass->w, first, pass->n, net->w_dim, 1, 1);
  g_autofree float *w = g_try_new(float, ((gsize)pass->n * (gsize)net->num_ws * dim));
  if (!w) {
    sg_no_memory(error, "for the faces' w");
    return NULL;
  }
  sg_synthesis_order_ws(net, pass->n, pass->ws, w);
  return sg_buf_from_floats(net->backend, w + first, pass->n, net->w_dim, 1, 1, error);
}

SgBuf *
sg_synthesis_style(const SgPass *pass, guint i, GError **error)
{
  const SgSynthesis *net = pass->net;
  const SgStage *stage = sg_synthesis_stage(net, i);
  const SgBuf *more = pass->style_add ? pass->style_add[i] : NULL;
  g_autoptr(SgBuf) w = stage_w(pass, stage, error);
  SgBuf *s = w ? sg_buf_new(net->backend, SG_FMT_PLAIN, pass->n, stage->style_channels, 1, 1, error)
               : NULL;
  if (s)
    net->backend->dense(s, w, stage->affine_w, stage->affine_gain, stage->affine_b, 1, FALSE, 1);
  if (s && more)
    net->backend->combine(s, 1, s, 1, more);
  return s;
}

/* y = y + up (skip (block_in)): the linear branch of a resnet block, its gain folded into the
 * weights. */
static gboolean
add_skip(Run *run, const SgStage *stage, SgBuf *y, GError **error)
{
  SgBackend *b = run->pass->net->backend;
  const SgBuf *in = run->block_in;
  g_autoptr(SgBuf) t = sg_buf_new(b, SG_FMT_ACT, in->n, y->c, in->h, in->w, error);
  if (!t || !b->conv_run(stage->skip, t, in, NULL, NULL, error))
    return FALSE;
  g_autoptr(SgBuf) up = sg_buf_new(b, SG_FMT_ACT, y->n, y->c, y->h, y->w, error);
  if (!up)
    return FALSE;
  b->fir(up, t, SG_FIR_UP);
  b->add(y, y, up, 1);
  return TRUE;
}

/* Sines, mixed by a matrix; what there was before is nothing. */
static gboolean
run_fourier(Run *run, guint i, GError **error)
{
  SgBackend *b = run->pass->net->backend;
  const SgStage *stage = sg_synthesis_stage(run->pass->net, i);
  int n = run->pass->n, h = stage->resolution, w = stage->width;
  g_autoptr(SgBuf) style = sg_synthesis_style(run->pass, i, error);
  g_autoptr(SgBuf) x = style ? sg_buf_new(b, SG_FMT_ACT, n, stage->in_channels, h, w, error) : NULL;
  g_autoptr(SgBuf) y = x ? sg_buf_new(b, SG_FMT_ACT, n, stage->out_channels, h, w, error) : NULL;
  g_autofree float *styles = g_new(float, 4 * (gsize)n);

  if (!y)
    return FALSE;
  b->download(style, styles);
  if (!sg_fourier_fill(stage->fourier, n, styles, &run->pass->motion, x, error) ||
      !b->conv_run(stage->conv, y, x, NULL, NULL, error))
    return FALSE;
  replace(&run->x, g_steal_pointer(&y));
  return TRUE;
}

/* A modulated convolution whose activation is filtered: the convolution's result is larger. */
static gboolean
run_filtered(Run *run, guint i, GError **error)
{
  SgBackend *b = run->pass->net->backend;
  const SgStage *stage = sg_synthesis_stage(run->pass->net, i);
  const SgLayer *l = stage->layer;
  int n = run->pass->n, h, w;
  g_autoptr(SgBuf) style = sg_synthesis_style(run->pass, i, error);
  g_autoptr(SgBuf) demod = NULL, wide = NULL, y = NULL;

  sg_layer_conv_size(l, &h, &w);
  if (!style || !(demod = sg_buf_new(b, SG_FMT_PLAIN, n, stage->out_channels, 1, 1, error)) ||
      !(wide = sg_buf_new(b, SG_FMT_ACT, n, stage->out_channels, h, w, error)) ||
      !(y = sg_buf_new(b, SG_FMT_ACT, n, stage->out_channels, stage->resolution, stage->width,
                       error)))
    return FALSE;
  b->normalize(style, style);
  b->demod(demod, style, stage->squares, stage->demod_eps);
  SgEpilogue e = {.scale = demod, .bias = stage->bias, .slope = 1, .gain = 1, .clamp = -1};
  if (!b->conv_run(stage->conv, wide, run->x, style, &e, error))
    return FALSE;
  SgFiltered f = {.up = sg_filter_taps(&l->act_up),
                  .down = sg_filter_taps(&l->act_down),
                  .h = sg_filter_size(&l->act_up, h),
                  .w = sg_filter_size(&l->act_up, w),
                  .slope = stage->slope,
                  .gain = stage->gain,
                  .clamp = stage->clamp};
  b->filtered(y, wide, &f);
  replace(&run->x, g_steal_pointer(&y));
  return TRUE;
}

/* The noise of stage i, or NULL; FALSE and error. */
static gboolean
stage_noise(const Run *run, guint i, SgBuf **noise, GError **error)
{
  GError *why = NULL;

  *noise = run->pass->noise(i, run->pass->n, run->pass->noise_data, &why);
  if (why)
    g_propagate_error(error, why);
  return !why;
}

static float
noise_strength(const Run *run, const SgStage *stage)
{
  const double *gain = run->pass->noise_gain;
  return stage->noise_strength * (gain ? (float)gain[stage->conv_index] : 1);
}

/* The convolution with what comes before and behind it, up to the style. A filter behind it comes
 * ahead of noise and bias, or of the noise alone. */
static SgBuf *
activated(Run *run, const SgStage *stage, const SgEpilogue *e, GError **error)
{
  const SgLayer *l = stage->layer;
  SgBackend *b = run->pass->net->backend;
  int height = stage->resolution, width = stage->width;
  gboolean blurs = stage->conv && l->after.n;
  SgEpilogue ahead = {.scale = e->scale, .bias = e->bias, .slope = 1, .gain = 1, .clamp = -1};
  SgEpilogue behind = *e;
  g_autoptr(SgBuf) x = l->before.n ? sg_filter_run(&l->before, run->x, error) : sg_buf_ref(run->x);

  if (stage->conv)
    sg_layer_conv_size(l, &height, &width);
  g_autoptr(SgBuf) y =
      x ? sg_buf_new(b, SG_FMT_ACT, run->pass->n, stage->out_channels, height, width, error) : NULL;
  if (l->bias_first)
    behind.scale = behind.bias = NULL;
  const SgEpilogue *first = !blurs ? e : l->bias_first ? &ahead : NULL;
  if (!y || (stage->conv && !b->conv_run(stage->conv, y, x, NULL, first, error)))
    return NULL;
  if (blurs) {
    SgBuf *blurred = sg_filter_run(&l->after, y, error);
    if (blurred)
      b->epilogue(blurred, blurred, &behind);
    return blurred;
  }
  if (!stage->conv)
    b->epilogue(y, x, e);
  return g_steal_pointer(&y);
}

/* Adaptive instance normalisation: noise, bias and activation come before the style. */
static gboolean
run_adain(Run *run, guint i, GError **error)
{
  SgBackend *b = run->pass->net->backend;
  const SgStage *stage = sg_synthesis_stage(run->pass->net, i);
  g_autoptr(SgBuf) style = sg_synthesis_style(run->pass, i, error);
  g_autoptr(SgBuf) noise = NULL, y = NULL;

  if (!style || !stage_noise(run, i, &noise, error))
    return FALSE;
  SgEpilogue e = {.scale = stage->scale,
                  .noise = noise,
                  .noise_strength = noise_strength(run, stage),
                  .strength = stage->strength,
                  .bias = stage->bias,
                  .slope = stage->slope,
                  .gain = stage->gain,
                  .clamp = stage->clamp};
  if (!(y = activated(run, stage, &e, error)))
    return FALSE;
  b->adain(y, y, style, stage->demod_eps);
  replace(&run->x, g_steal_pointer(&y));
  return TRUE;
}

static gboolean
run_conv(Run *run, guint i, GError **error)
{
  const SgSynthesis *net = run->pass->net;
  SgBackend *b = net->backend;
  const SgStage *stage = sg_synthesis_stage(net, i);
  int n = run->pass->n;
  g_autoptr(SgBuf) style = sg_synthesis_style(run->pass, i, error);
  g_autoptr(SgBuf) demod = NULL, noise = NULL, y = NULL;

  if (!style || !(demod = sg_buf_new(b, SG_FMT_PLAIN, n, stage->out_channels, 1, 1, error)))
    return FALSE;
  b->demod(demod, style, stage->squares, stage->demod_eps);
  if (stage->block_start)
    replace(&run->block_in, sg_buf_ref(run->x));
  if (!stage_noise(run, i, &noise, error))
    return FALSE;
  SgEpilogue e = {.scale = demod,
                  .noise = noise,
                  .noise_strength = noise_strength(run, stage),
                  .bias = stage->bias,
                  .slope = stage->slope,
                  .gain = stage->gain,
                  .clamp = stage->clamp};
  y = sg_buf_new(b, SG_FMT_ACT, n, stage->out_channels, stage->resolution, stage->width, error);
  if (!y || !b->conv_run(stage->conv, y, run->x, style, &e, error) ||
      (stage->skip && !add_skip(run, stage, y, error)))
    return FALSE;
  replace(&run->x, g_steal_pointer(&y));
  return TRUE;
}

static SgBuf *
upsample_picture(const SgSynthesis *net, const SgStage *stage, const SgBuf *img, GError **error)
{
  if (!stage->bilinear)
    return sg_filter_run(&stage->layer->add_filter, img, error);
  SgBuf *up = sg_buf_new(net->backend, SG_FMT_PLAIN, img->n, img->c, img->h * 2, img->w * 2, error);
  if (up)
    net->backend->bilinear_up(up, img);
  return up;
}

/* The style of a toRGB that has one, else ones. */
static SgBuf *
rgb_style(const Run *run, guint i, GError **error)
{
  const SgSynthesis *net = run->pass->net;
  const SgStage *stage = sg_synthesis_stage(net, i);

  if (stage->style_channels)
    return sg_synthesis_style(run->pass, i, error);
  g_autoptr(SgBuf) ones =
      sg_buf_new(net->backend, SG_FMT_PLAIN, run->pass->n, stage->in_channels, 1, 1, error);
  return ones && sg_buf_fill(ones, 1, error) ? g_steal_pointer(&ones) : NULL;
}

static gboolean
run_rgb(Run *run, guint i, GError **error)
{
  const SgSynthesis *net = run->pass->net;
  const SgStage *stage = sg_synthesis_stage(net, i);
  const SgFilter *after = &stage->layer->after;
  int h = run->x->h, w = run->x->w;
  gboolean adds = run->img && stage->layer->add >= 0;
  g_autoptr(SgBuf) style = rgb_style(run, i, error);
  g_autoptr(SgBuf) up = NULL, img = NULL;

  if (!style || (adds && !(up = upsample_picture(net, stage, run->img, error))))
    return FALSE;
  img = up && !after->n
            ? sg_buf_ref(up)
            : sg_buf_new(net->backend, SG_FMT_PLAIN, run->pass->n, net->channels, h, w, error);
  if (!img)
    return FALSE;
  net->backend->to_rgb(img, after->n ? NULL : up, run->x, style, stage->rgb_w, stage->rgb_b,
                       stage->clamp);
  if (after->n) {
    SgBuf *large = sg_filter_run(after, img, error);
    if (!large)
      return FALSE;
    if (up)
      net->backend->combine(large, 1, large, 1, up);
    replace(&img, large);
  }
  replace(&run->img, g_steal_pointer(&img));
  return TRUE;
}

/* The learned constant, repeated. */
static SgBuf *
start(const SgPass *pass, GError **error)
{
  const SgBuf *c = pass->net->constant;
  if (!c)
    return NULL;
  SgBuf *x = sg_buf_new(pass->net->backend, SG_FMT_ACT, pass->n, c->c, c->h, c->w, error);
  if (x)
    pass->net->backend->broadcast(x, c);
  return x;
}

static gboolean
run_stage(Run *run, guint i, GError **error)
{
  const SgStage *stage = sg_synthesis_stage(run->pass->net, i);

  if (stage->kind == SG_STAGE_RGB)
    return run_rgb(run, i, error);
  if (stage->fourier)
    return run_fourier(run, i, error);
  if (stage->layer->prenormalised)
    return run_filtered(run, i, error);
  return stage->layer->kind == SG_KIND_ADAIN ? run_adain(run, i, error) : run_conv(run, i, error);
}

SgBuf *
sg_synthesis_run(const SgPass *pass, guint from, guint to, SgBuf *x, SgBuf *img, SgBuf *block_in,
                 GError **error)
{
  Run run = {.pass = pass,
             .x = from ? sg_buf_ref(x) : start(pass, error),
             .img = img ? sg_buf_ref(img) : NULL,
             .block_in = block_in ? sg_buf_ref(block_in) : NULL};
  gboolean ok = run.x || (from == 0 && !pass->net->constant);

  for (guint i = from; ok && i < to; i++) {
    ok = (pass->whole || !sg_interrupted(error)) && run_stage(&run, i, error);
    if (ok && pass->stage_done)
      pass->stage_done(i, run.x, run.img, pass->data);
  }
  sg_buf_unref(run.x);
  sg_buf_unref(run.block_in);
  if (ok && run.img)
    return run.img;
  sg_buf_unref(run.img);
  return NULL;
}
