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
  g_autofree float *w = g_new(float, ((gsize)pass->n * (gsize)net->num_ws * dim));
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
  SgBuf *s =
      w ? sg_buf_new(net->backend, SG_FMT_PLAIN, pass->n, stage->in_channels, 1, 1, error) : NULL;
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

static gboolean
run_conv(Run *run, guint i, GError **error)
{
  const SgSynthesis *net = run->pass->net;
  SgBackend *b = net->backend;
  const SgStage *stage = sg_synthesis_stage(net, i);
  int n = run->pass->n, r = stage->resolution;
  g_autoptr(SgBuf) style = sg_synthesis_style(run->pass, i, error);
  g_autoptr(SgBuf) demod = NULL, noise = NULL, y = NULL;
  g_autoptr(GError) noise_error = NULL;
  double gain = run->pass->noise_gain ? run->pass->noise_gain[stage->conv_index] : 1;

  if (!style || !(demod = sg_buf_new(b, SG_FMT_PLAIN, n, stage->out_channels, 1, 1, error)))
    return FALSE;
  b->demod(demod, style, stage->squares, stage->demod_eps);
  if (stage->block_start)
    replace(&run->block_in, sg_buf_ref(run->x));
  noise = run->pass->noise(i, n, run->pass->noise_data, &noise_error);
  if (noise_error) {
    g_propagate_error(error, g_steal_pointer(&noise_error));
    return FALSE;
  }
  SgEpilogue e = {.scale = demod,
                  .noise = noise,
                  .noise_strength = stage->noise_strength * (float)gain,
                  .bias = stage->bias,
                  .slope = stage->slope,
                  .gain = stage->gain,
                  .clamp = stage->clamp};
  y = sg_buf_new(b, SG_FMT_ACT, n, stage->out_channels, r, r, error);
  if (!y || !b->conv_run(stage->conv, y, run->x, style, &e, error) ||
      (stage->skip && !add_skip(run, stage, y, error)))
    return FALSE;
  replace(&run->x, g_steal_pointer(&y));
  return TRUE;
}

static SgBuf *
upsample_picture(const SgSynthesis *net, const SgStage *stage, const SgBuf *img, GError **error)
{
  SgBuf *up = sg_buf_new(net->backend, SG_FMT_PLAIN, img->n, img->c, img->h * 2, img->w * 2, error);
  if (up && stage->bilinear)
    net->backend->bilinear_up(up, img);
  else if (up)
    net->backend->fir(up, img, SG_FIR_UP);
  return up;
}

static gboolean
run_rgb(Run *run, guint i, GError **error)
{
  const SgSynthesis *net = run->pass->net;
  const SgStage *stage = sg_synthesis_stage(net, i);
  int r = stage->resolution;
  g_autoptr(SgBuf) style = sg_synthesis_style(run->pass, i, error);
  g_autoptr(SgBuf) up = NULL;

  if (!style || (run->img && !(up = upsample_picture(net, stage, run->img, error))))
    return FALSE;
  SgBuf *img =
      up ? sg_buf_ref(up)
         : sg_buf_new(net->backend, SG_FMT_PLAIN, run->pass->n, net->channels, r, r, error);
  if (!img)
    return FALSE;
  net->backend->to_rgb(img, up, run->x, style, stage->rgb_w, stage->rgb_b, stage->clamp);
  replace(&run->img, img);
  return TRUE;
}

/* The learned constant, repeated. */
static SgBuf *
start(const SgPass *pass, GError **error)
{
  const SgBuf *c = pass->net->constant;
  SgBuf *x = sg_buf_new(pass->net->backend, SG_FMT_ACT, pass->n, c->c, c->h, c->w, error);
  if (x)
    pass->net->backend->broadcast(x, c);
  return x;
}

SgBuf *
sg_synthesis_run(const SgPass *pass, guint from, guint to, SgBuf *x, SgBuf *img, SgBuf *block_in,
                 GError **error)
{
  Run run = {.pass = pass,
             .x = from ? sg_buf_ref(x) : start(pass, error),
             .img = img ? sg_buf_ref(img) : NULL,
             .block_in = block_in ? sg_buf_ref(block_in) : NULL};
  gboolean ok = run.x != NULL;

  for (guint i = from; ok && i < to; i++) {
    ok = sg_synthesis_stage(pass->net, i)->kind == SG_STAGE_CONV ? run_conv(&run, i, error)
                                                                 : run_rgb(&run, i, error);
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
