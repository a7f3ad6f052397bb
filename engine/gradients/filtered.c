/* Layers of StyleGAN3 (Karras et al. 2021): sines over the plane, and activations between
 * filters. */
#include "engine/autograd/ops.h"
#include "engine/base/room.h"
#include "engine/gradients/layers.h"
#include "engine/nets/geometry.h"
#include <math.h>

/* ---- what comes of files --------------------------------------------------------------------- */

/* The values of a tensor that does not learn; to be freed. */
static float *
values_of(const SgWeights *w, const SgLayer *l, SgRole role)
{
  const SgWeight *v = sg_weights_param(w, sg_layer_param(w->network, l, role));
  float *values = sg_room(sg_buf_count(v->view), sizeof *values);

  if (values)
    w->backend->download(v->view, values);
  return values;
}

double
sg_layer_magnitude_gain(const SgWeights *w, const SgLayer *l)
{
  if (l->param[SG_ROLE_MAGNITUDE] < 0)
    return 1;
  g_autofree float *v = values_of(w, l, SG_ROLE_MAGNITUDE);
  return v ? 1 / sqrt((double)v[0]) : 1;
}

/* ---- the input ------------------------------------------------------------------------------- */

/* A style (a, b, x, y) is the turn (c, s) = (a, b) / |(a, b)| and the shift (x, y) / |(a, b)|. The
 * plane lies as R T G: R the turn, T the shift the other way, G what is given. Its first two rows
 * are linear in these six numbers: c, s, c x, s x, c y, s y, [N, 6]. */
static SgVar *
terms_of(SgTape *t, SgVar *style)
{
  if (!style)
    return NULL;
  int n = V(style)->n;
  SgVar *turn = sg_op_slice(t, style, 0, 2);
  SgVar *factor = sg_op_rsqrt(t, sg_op_sum_to(t, sg_op_mul(t, turn, turn), n, 1, 1, 1), 0);
  SgVar *unit = sg_op_mul(t, style, sg_op_expand(t, factor, SG_FMT_PLAIN, n, 4, 1, 1));
  SgVar *both = sg_op_slice(t, unit, 0, 2);
  SgVar *x = sg_op_expand(t, sg_op_slice(t, unit, 2, 1), SG_FMT_PLAIN, n, 2, 1, 1);
  SgVar *y = sg_op_expand(t, sg_op_slice(t, unit, 3, 1), SG_FMT_PLAIN, n, 2, 1, 1);

  return sg_layer_concat(t, sg_layer_concat(t, both, sg_op_mul(t, both, x)), sg_op_mul(t, both, y));
}

/* What each of the six numbers adds to the plane's first two rows [2, 3]. */
static void
fill_rows(const SgPlaneMap g, double rows[6][2][3])
{
  for (int j = 0; j < 3; j++) {
    rows[0][0][j] = rows[1][1][j] = g[0][j];
    rows[0][1][j] = g[1][j];
    rows[1][0][j] = -g[1][j];
    rows[2][0][j] = rows[3][1][j] = j == 2 ? -1 : 0;
    rows[4][1][j] = j == 2 ? -1 : 0;
    rows[5][0][j] = j == 2 ? 1 : 0;
    rows[2][1][j] = rows[3][0][j] = rows[4][0][j] = rows[5][1][j] = 0;
  }
}

/* A channel's frequency along both axes and its phase, cycles, are its own frequency times the
 * plane's rows, and its own phase: [N channels, 3]. */
static SgVar *
waves(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *terms, const SgMotion *motion)
{
  gsize channels = (gsize)l->in;
  g_autofree float *frequencies = values_of(w, l, SG_ROLE_FREQUENCIES);
  g_autofree float *phases = values_of(w, l, SG_ROLE_PHASES);
  g_autofree float *transform = values_of(w, l, SG_ROLE_TRANSFORM);
  g_autofree float *m = sg_room(6 * 3 * channels, sizeof *m);
  g_autofree float *own = sg_room0(3 * channels, sizeof *own);
  double rows[6][2][3];
  SgPlaneMap given;

  if (!terms || !frequencies || !phases || !transform || !m || !own)
    return NULL;
  sg_fourier_lie(transform, motion, given);
  fill_rows(given, rows);
  for (gsize c = 0; c < channels; c++) {
    own[3 * c + 2] = phases[c];
    for (int i = 0; i < 6; i++)
      for (gsize j = 0; j < 3; j++)
        m[(gsize)i * 3 * channels + 3 * c + j] =
            (float)((double)frequencies[2 * c] * rows[i][0][j] +
                    (double)frequencies[2 * c + 1] * rows[i][1][j]);
  }
  int n = V(terms)->n, numbers = 3 * l->in;
  SgVar *moved = sg_op_matmul(t, terms, FALSE, sg_tape_floats(t, m, 6, numbers, 1, 1), FALSE, 1);
  SgVar *fixed =
      sg_op_expand(t, sg_tape_floats(t, own, 1, numbers, 1, 1), SG_FMT_PLAIN, n, numbers, 1, 1);
  return sg_op_reshape(t, sg_op_add(t, moved, fixed), n * l->in, 3, 1, 1);
}

/* (x, y, 1) of every pixel: [3, h w]. */
static SgVar *
plane_of(SgTape *t, const SgLayer *l)
{
  int h = l->out_h, w = l->out_w, count = h * w;
  g_autofree float *v = sg_room(3 * (gsize)count, sizeof *v);

  for (int i = 0; v && i < count; i++) {
    v[i] = (float)((2 * (i % w) + 1 - w) * 0.5 / l->rate);
    v[count + i] = (float)((2 * (i / w) + 1 - h) * 0.5 / l->rate);
    v[2 * count + i] = 1;
  }
  return v ? sg_tape_floats(t, v, 3, count, 1, 1) : NULL;
}

/* Frequencies beyond what the rate can carry fade away: 1 - (|f| - bandwidth) / (rate / 2 -
 * bandwidth) between 0 and 1, [N channels, 1]. */
static SgVar *
amplitudes(SgTape *t, const SgLayer *l, SgVar *waves)
{
  SgEpilogueVars cut = {.slope = 0, .gain = 1, .clamp = 1};
  double room = l->rate / 2 - l->bandwidth;

  if (!waves)
    return NULL;
  SgVar *f = sg_op_slice(t, waves, 0, 2);
  SgVar *squares = sg_op_sum_to(t, sg_op_mul(t, f, f), V(f)->n, 1, 1, 1);
  SgVar *length = sg_op_mul(t, squares, sg_op_rsqrt(t, squares, 1e-12));
  SgVar *inside = sg_op_gain(t, length, -1 / room);
  inside = sg_op_add(t, inside, sg_op_fill_like(t, inside, 1 + l->bandwidth / room));
  return sg_op_epilogue(t, inside, &cut);
}

SgVar *
sg_layer_fourier(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *style,
                 const SgMotion *motion)
{
  static const SgConvGeometry point = {SG_CONV_FORWARD, 1, 1, 0, 0};
  int count = l->out_h * l->out_w;
  SgVar *f = waves(t, w, l, terms_of(t, style), motion);

  if (!f)
    return NULL;
  SgVar *cycles = sg_op_matmul(t, f, FALSE, plane_of(t, l), FALSE, 2 * G_PI);
  SgVar *sines = sg_op_sin(t, cycles, 0);
  SgVar *size = sg_op_expand(t, amplitudes(t, l, f), SG_FMT_PLAIN, V(f)->n, count, 1, 1);
  SgVar *x = sg_op_mul(t, sines, size);
  x = sg_op_to_act(t, sg_op_reshape(t, x, V(style)->n, l->in, l->out_h, l->out_w));
  SgVar *weight = sg_op_gain(t, sg_weights_var(w, l, SG_ROLE_WEIGHT), 1 / sqrt(l->in));
  return sg_op_conv(t, x, NULL, weight, &point, l->out_h, l->out_w);
}

/* ---- layers ---------------------------------------------------------------------------------- */

/* Each of the filters [O, I, k, k] divided by its root mean square. */
static SgVar *
unit_filters(SgTape *t, SgVar *weight)
{
  int o = V(weight)->n, i = V(weight)->c, k = V(weight)->h, count = i * k * k;
  SgVar *flat = sg_op_reshape(t, weight, o, count, 1, 1);
  SgVar *mean = sg_op_gain(t, sg_op_sum_to(t, sg_op_mul(t, flat, flat), o, 1, 1, 1), 1.0 / count);
  SgVar *factor = sg_op_expand(t, sg_op_rsqrt(t, mean, 0), SG_FMT_PLAIN, o, count, 1, 1);
  return sg_op_reshape(t, sg_op_mul(t, flat, factor), o, i, k, k);
}

/* Sums over each filter's pixels, [O, I, 1, 1]. */
static SgVar *
squares_of(SgTape *t, SgVar *weight)
{
  int o = V(weight)->n, i = V(weight)->c, k = V(weight)->h;
  SgVar *flat = sg_op_reshape(t, weight, o, i, 1, k * k);
  return sg_op_sum_to(t, sg_op_mul(t, flat, flat), o, i, 1, 1);
}

SgVar *
sg_layer_filtered(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x, SgVar *style)
{
  SgConvGeometry g = sg_layer_geometry(l);
  int h, width;

  if (!x || !style)
    return NULL;
  sg_layer_conv_size(l, &h, &width);
  SgVar *weight = unit_filters(t, sg_weights_var(w, l, SG_ROLE_WEIGHT));
  SgVar *s = sg_layer_normalize(t, style);
  SgVar *wide = sg_op_conv(t, x, s, weight, &g, h, width);
  SgVar *demodulation = sg_layer_demodulation(t, w, l, s, squares_of(t, weight));
  SgEpilogueVars e = {.scale = sg_op_gain(t, demodulation, sg_layer_magnitude_gain(w, l)),
                      .bias = sg_weights_var(w, l, SG_ROLE_BIAS),
                      .slope = 1,
                      .gain = 1,
                      .clamp = -1};
  if (!e.scale)
    return NULL;
  const SgFiltered f = {.up = sg_filter_taps(&l->act_up),
                        .down = sg_filter_taps(&l->act_down),
                        .h = sg_filter_size(&l->act_up, h),
                        .w = sg_filter_size(&l->act_up, width),
                        .slope = l->slope,
                        .gain = l->gain * l->branch,
                        .clamp = l->clamp >= 0 ? l->clamp * l->branch : -1};
  return sg_op_filtered(t, sg_op_epilogue(t, wide, &e), &f, l->out_h, l->out_w);
}
