#include "engine/gradients/layers.h"
#include "engine/base/room.h"
#include "engine/autograd/ops.h"
#include "engine/nets/geometry.h"
#include <math.h>
#include <string.h>

/* ---- what layers have in common -------------------------------------------------------------- */

SgVar *
sg_layer_filter(SgTape *t, const SgFilter *f, SgVar *x)
{
  SgFir fir;

  if (!x || f->n == 0)
    return x;
  if (sg_filter_find_fir(f, &fir))
    return sg_op_fir(t, x, fir);
  SgTaps taps = sg_filter_taps(f);
  return sg_op_resample(t, x, &taps, sg_filter_size(f, V(x)->h), sg_filter_size(f, V(x)->w));
}

/* [k, k] numbers to the sums of their four shifts by one pixel, [k + 1, k + 1], times gain: a
 * matrix [k k, (k + 1)²]. */
static SgVar *
widening(SgTape *t, int k, double gain)
{
  int wide = k + 1;
  g_autofree float *m = sg_room0((gsize)(k * k) * (gsize)(wide * wide), sizeof *m);

  for (int i = 0; m && i < k * k; i++)
    for (int shift = 0; shift < 4; shift++) {
      int y = i / k + shift / 2, x = i % k + shift % 2;
      m[i * wide * wide + y * wide + x] = (float)gain;
    }
  return m ? sg_tape_floats(t, m, k * k, wide * wide, 1, 1) : NULL;
}

SgVar *
sg_layer_weight(SgTape *t, const SgWeights *w, const SgLayer *l, double factor)
{
  const SgParam *p = sg_layer_param(w->network, l, SG_ROLE_WEIGHT);
  SgVar *v =
      sg_op_gain(t, sg_weights_var(w, l, SG_ROLE_WEIGHT), factor * sg_param_scale(w->network, p));

  if (l->widen == 0 || !v)
    return v;
  int o = V(v)->n, i = V(v)->c, k = V(v)->h;
  SgVar *flat = sg_op_reshape(t, v, o * i, k * k, 1, 1);
  return sg_op_reshape(t, sg_op_matmul(t, flat, FALSE, widening(t, k, l->widen), FALSE, 1), o, i,
                       k + 1, k + 1);
}

/* ---- vectors --------------------------------------------------------------------------------- */

SgVar *
sg_layer_dense(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x)
{
  SgVar *weight = sg_weights_var(w, l, SG_ROLE_WEIGHT), *b = sg_weights_var(w, l, SG_ROLE_BIAS);

  if (!x)
    return NULL;
  SgVar *y = sg_op_matmul(t, x, FALSE, weight, TRUE, l->lr * l->wgain / sqrt(l->in));
  SgEpilogueVars e = {.bias = l->lr == 1 || !b ? b : sg_op_gain(t, b, l->lr),
                      .slope = l->slope,
                      .gain = l->gain,
                      .clamp = -1};
  return sg_op_epilogue(t, y, &e);
}

SgVar *
sg_layer_normalize(SgTape *t, SgVar *x)
{
  if (!x)
    return NULL;
  int n = V(x)->n, c = V(x)->c;
  SgVar *mean = sg_op_gain(t, sg_op_sum_to(t, sg_op_mul(t, x, x), n, 1, 1, 1), 1.0 / c);
  SgVar *factor = sg_op_rsqrt(t, mean, 1e-8);
  return sg_op_mul(t, x, sg_op_expand(t, factor, SG_FMT_PLAIN, n, c, 1, 1));
}

SgVar *
sg_layer_concat(SgTape *t, SgVar *x, SgVar *y)
{
  if (!x || !y)
    return NULL;
  int total = V(x)->c + V(y)->c;
  return sg_op_add(t, sg_op_pad(t, x, 0, total), sg_op_pad(t, y, V(x)->c, total));
}

SgVar *
sg_layer_style(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *latent)
{
  SgVar *a = sg_weights_var(w, l, SG_ROLE_AFFINE_WEIGHT);

  if (!latent)
    return NULL;
  SgVar *y = sg_op_matmul(t, latent, FALSE, a, TRUE, 1 / sqrt(w->network->w_dim));
  SgEpilogueVars e = {
      .bias = sg_weights_var(w, l, SG_ROLE_AFFINE_BIAS), .slope = 1, .gain = 1, .clamp = -1};
  SgVar *s = sg_op_epilogue(t, y, &e);
  if (l->style_offset == 0 || !s)
    return s;
  SgVar *offset = sg_op_fill_like(t, s, l->style_offset);
  if (l->kind == SG_KIND_ADAIN) /* what moves is not what is counted from */
    offset = sg_op_pad(t, sg_op_slice(t, offset, 0, l->out), 0, V(s)->c);
  return sg_op_add(t, s, offset);
}

/* The mapping part of a network, of z and c or of c alone. */
static SgVar *
map_layer(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x, SgVar *second)
{
  switch (l->kind) {
  case SG_KIND_NORMALIZE:
    return sg_layer_normalize(t, x);
  case SG_KIND_CONCAT:
    return sg_layer_concat(t, x, second);
  case SG_KIND_DENSE:
    return sg_layer_dense(t, w, l, x);
  default: /* AVERAGE */
    return x;
  }
}

SgVar *
sg_layers_map(SgTape *t, const SgWeights *w, SgVar *z, SgVar *c)
{
  const SgNetwork *n = w->network;
  g_autofree SgVar **results = g_new0(SgVar *, n->layers->len);
  SgVar *last = NULL;

  for (guint k = 0; k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (l->section != SG_SECTION_MAPPING)
      continue;
    SgVar *x = l->input >= 0 ? results[l->input] : l->input == SG_FROM_Z ? z : c;
    last = map_layer(t, w, l, x, l->second >= 0 ? results[l->second] : NULL);
    results[sg_layer_index(n, l)] = last;
  }
  return last;
}

/* ---- convolutions ---------------------------------------------------------------------------- */

/* The factor of a linear branch goes into its weights, any other's behind the activation. */
SgVar *
sg_layer_conv(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x)
{
  if (!x)
    return NULL;
  sg_tape_enter(t);
  SgVar *b = sg_weights_var(w, l, SG_ROLE_BIAS);
  gboolean linear = l->slope == 1 && !b;
  SgVar *scaled = sg_layer_weight(t, w, l, linear ? l->branch : 1);
  SgConvGeometry g = sg_layer_geometry(l);
  int height, width;
  sg_layer_conv_size(l, &height, &width);
  SgVar *y = sg_op_conv(t, sg_layer_filter(t, &l->before, x), NULL, scaled, &g, height, width);
  y = sg_layer_filter(t, &l->after, y);
  SgEpilogueVars e = {.bias = b,
                      .slope = l->slope,
                      .gain = l->gain * l->branch,
                      .clamp = l->clamp >= 0 ? l->clamp * l->branch : -1};
  return sg_tape_leave(t, linear ? y : sg_op_epilogue(t, y, &e));
}

/* 1 / sqrt (sum (W s)² + eps) as a product of squares: [N, I] · [O, I]^T. Of an equalised weight
 * W / sqrt (fan in) the root is taken out, and cancels but for the epsilon. */
SgVar *
sg_layer_demodulation(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *style, SgVar *squares)
{
  if (!style)
    return NULL;
  const SgBuf *weight = V(sg_weights_var(w, l, SG_ROLE_WEIGHT));
  SgVar *sums = sg_op_matmul(t, sg_op_mul(t, style, style), FALSE, squares, TRUE, 1);
  double fan_in = (double)weight->c * weight->h * weight->w;
  return sg_op_rsqrt(t, sums, l->equalised ? l->demod_eps * fan_in : l->demod_eps);
}

/* The epilogue takes noise for a constant; where it is none, scaling and adding are operations of
 * their own. */
static SgVar *
add_noise(SgTape *t, SgVar *y, SgEpilogueVars *e)
{
  SgVar *noise = e->noise;

  if (!y || !noise || !noise->slot)
    return y;
  int n = V(y)->n, c = V(y)->c, h = V(y)->h, w = V(y)->w;
  SgVar *strength = sg_op_expand(t, e->strength, SG_FMT_PLAIN, V(noise)->n, 1, h, w);
  SgVar *planes = sg_op_mul(t, noise, strength);
  SgVar *scaled = sg_op_scale(t, y, e->scale);
  e->scale = e->noise = e->strength = NULL;
  return sg_op_add(t, scaled, sg_op_expand(t, planes, SG_FMT_ACT, n, c, h, w));
}

static SgVar *
modulated_conv(SgTape *t, const SgLayer *l, SgVar *x, SgVar *style, SgVar *weight,
               SgBuf **convolved)
{
  SgConvGeometry g = sg_layer_geometry(l);

  if (convolved && *convolved)
    return sg_op_conv_equal(t, x, style, weight, &g, *convolved);
  SgVar *y = sg_op_conv(t, x, style, weight, &g, sg_layer_conv_size_of(l, V(x)->h),
                        sg_layer_conv_size_of(l, V(x)->w));
  if (convolved && y)
    *convolved = sg_buf_ref(V(y));
  return y;
}

SgVar *
sg_layer_modulated(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x, SgVar *style,
                   SgVar *noise, SgBuf **convolved)
{
  if (!x || !style)
    return NULL;
  SgVar *weight = sg_weights_var(w, l, SG_ROLE_WEIGHT);
  SgVar *y = modulated_conv(t, l, x, style, weight, convolved);
  y = sg_layer_filter(t, &l->after, y);
  SgVar *squares = sg_weights_squares(t, w, l);
  SgEpilogueVars e = {.scale = sg_layer_demodulation(t, w, l, style, squares),
                      .noise = noise,
                      .strength = noise ? sg_weights_var(w, l, SG_ROLE_NOISE_STRENGTH) : NULL,
                      .bias = sg_weights_var(w, l, SG_ROLE_BIAS),
                      .slope = l->slope,
                      .gain = l->gain * l->branch,
                      .clamp = l->clamp >= 0 ? l->clamp * l->branch : -1};
  if (!e.scale)
    return NULL;
  y = add_noise(t, y, &e);
  return sg_op_epilogue(t, y, &e);
}

/* ---- pictures -------------------------------------------------------------------------------- */

SgVar *
sg_layer_to_rgb(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x, SgVar *style)
{
  SgVar *weight = sg_weights_var(w, l, SG_ROLE_WEIGHT), *b = sg_weights_var(w, l, SG_ROLE_BIAS);
  int k = V(weight)->n, c = V(weight)->c;
  double gain = l->wgain * l->branch * sg_layer_magnitude_gain(w, l) / sqrt(c);

  if (!x)
    return NULL;
  int n = V(x)->n;
  SgVar *each = sg_op_reshape(t, weight, 1, k, c, 1);
  if (style) {
    style = sg_op_gain(t, style, gain);
    each =
        sg_op_mul(t, sg_op_expand(t, each, SG_FMT_PLAIN, n, k, c, 1),
                  sg_op_expand(t, sg_op_reshape(t, style, n, 1, c, 1), SG_FMT_PLAIN, n, k, c, 1));
  } else {
    each = sg_op_gain(t, each, gain);
  }
  SgEpilogueVars e = {.bias = l->branch == 1 ? b : sg_op_gain(t, b, l->branch),
                      .slope = 1,
                      .gain = 1,
                      .clamp = l->clamp >= 0 ? l->clamp * l->branch : -1};
  return sg_layer_filter(t, &l->after, sg_op_epilogue(t, sg_op_to_rgb(t, x, each), &e));
}

/* [K, C] of weights w [C, K, 1, 1] times gain, as fromRGB wants it: [1, K, C, 1]. */
static SgVar *
transposed(SgTape *t, SgVar *w, double gain)
{
  int c = V(w)->n, k = V(w)->c;
  SgVar *y = sg_op_matmul(t, sg_tape_identity(t, k), FALSE, w, TRUE, gain);
  return sg_op_reshape(t, y, 1, k, c, 1);
}

SgVar *
sg_layer_from_rgb(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *img)
{
  if (!img)
    return NULL;
  sg_tape_enter(t);
  SgVar *weight = sg_weights_var(w, l, SG_ROLE_WEIGHT);
  SgEpilogueVars e = {.bias = sg_weights_var(w, l, SG_ROLE_BIAS),
                      .slope = l->slope,
                      .gain = l->gain * l->branch,
                      .clamp = l->clamp >= 0 ? l->clamp * l->branch : -1};
  SgVar *x = sg_op_from_rgb(t, img, transposed(t, weight, l->wgain / sqrt(V(weight)->c)));
  return sg_tape_leave(t, sg_op_epilogue(t, x, &e));
}

SgVar *
sg_layer_batch_std(SgTape *t, const SgLayer *l, SgVar *x)
{
  if (!x)
    return NULL;
  int n = V(x)->n, c = V(x)->c, h = V(x)->h, w = V(x)->w, f = l->features;
  int g = l->batch_group > 0 ? MIN(l->batch_group, n) : n, m = n / g, rest = c / f * h * w;

  g_assert(n % g == 0 && c % f == 0);
  sg_tape_enter(t);
  SgVar *v = sg_op_to_plain(t, x, g, m, f, rest);
  SgVar *mean = sg_op_gain(t, sg_op_sum_to(t, v, 1, m, f, rest), 1.0 / g);
  SgVar *off = sg_op_combine(t, 1, v, -1, sg_op_expand(t, mean, SG_FMT_PLAIN, g, m, f, rest));
  SgVar *var = sg_op_gain(t, sg_op_sum_to(t, sg_op_mul(t, off, off), 1, m, f, rest), 1.0 / g);
  /* sqrt (v) = v / sqrt (v), with the paper's 1e-8 inside */
  SgVar *eps = var ? sg_op_fill_like(t, var, 1e-8) : NULL;
  SgVar *dev = sg_op_mul(t, sg_op_add(t, var, eps), sg_op_rsqrt(t, var, 1e-8));
  SgVar *one = sg_op_gain(t, sg_op_sum_to(t, dev, 1, m, f, 1), 1.0 / rest);
  SgVar *planes = sg_op_expand(t, one, SG_FMT_PLAIN, g, m, f, h * w);
  SgVar *more = sg_op_to_act(t, sg_op_reshape(t, planes, n, f, h, w));
  return sg_tape_leave(t, sg_op_add(t, sg_op_pad(t, x, 0, c + f), sg_op_pad(t, more, c, c + f)));
}

/* rows [h', h] · each plane of img [N, K, h, w] · columns [w', w]^T, as two operations that every
 * back end has: a matrix product, and a 1×1 convolution whose channels are the rows. */
static SgVar *
both_axes(SgTape *t, SgVar *img, const float *rows, int h2, const float *columns, int w2)
{
  static const SgConvGeometry point = {SG_CONV_FORWARD, 1, 1, 0, 0};
  int n = V(img)->n, k = V(img)->c, h = V(img)->h, w = V(img)->w;
  SgVar *c = sg_tape_floats(t, columns, w2, w, 1, 1);
  SgVar *r = sg_tape_floats(t, rows, h2, h, 1, 1);

  if (!c || !r)
    return NULL;
  SgVar *wide = sg_op_matmul(t, sg_op_reshape(t, img, n * k * h, w, 1, 1), FALSE, c, TRUE, 1);
  SgVar *x = sg_op_to_act(t, sg_op_reshape(t, wide, n * k, h, 1, w2));
  return sg_op_to_plain(t, sg_op_conv(t, x, NULL, r, &point, 1, w2), n, k, h2, w2);
}

/* Twice as many samples, bilinearly, the last one repeated at each end: [2 size, size]. */
static float *
doubling(int size)
{
  float *m = sg_room0(2 * (gsize)size * (gsize)size, sizeof *m);

  for (int i = 0; m && i < 2 * size; i++) {
    int near = i / 2, far = CLAMP(near + (i % 2 ? 1 : -1), 0, size - 1);
    m[(gsize)i * (gsize)size + (gsize)near] += 0.75f;
    m[(gsize)i * (gsize)size + (gsize)far] += 0.25f;
  }
  return m;
}

SgVar *
sg_layer_enlarge(SgTape *t, const SgLayer *l, SgVar *img)
{
  if (!img || !l->add_filter.n)
    return img;
  if (!l->add_filter.clamp_edge)
    return sg_layer_filter(t, &l->add_filter, img);
  g_autofree float *rows = doubling(V(img)->h), *columns = doubling(V(img)->w);
  return both_axes(t, img, rows, 2 * V(img)->h, columns, 2 * V(img)->w);
}

/* Samples first … first + wanted - 1: [wanted, size]. */
static float *
selection(int size, int first, int wanted)
{
  float *m = sg_room0((gsize)wanted * (gsize)size, sizeof *m);

  for (int i = 0; m && i < wanted; i++)
    m[(gsize)i * (gsize)size + (gsize)(i + first)] = 1;
  return m;
}

SgVar *
sg_layer_window(SgTape *t, SgVar *x, const SgRegion *window)
{
  if (!x || (V(x)->h == window->h && V(x)->w == window->w))
    return x;
  int n = V(x)->n, c = V(x)->c, h = V(x)->h, w = V(x)->w;
  gboolean act = V(x)->fmt == SG_FMT_ACT;
  g_autofree float *rows = selection(h, window->y, window->h);
  g_autofree float *columns = selection(w, window->x, window->w);

  sg_tape_enter(t);
  SgVar *y =
      both_axes(t, act ? sg_op_to_plain(t, x, n, c, h, w) : x, rows, window->h, columns, window->w);
  return sg_tape_leave(t, act ? sg_op_to_act(t, y) : y);
}

SgVar *
sg_layer_crop(SgTape *t, SgVar *img, int height, int width)
{
  if (!img)
    return NULL;
  const SgRegion middle = {(V(img)->w - width + 1) / 2, (V(img)->h - height + 1) / 2, width,
                           height};
  return sg_layer_window(t, img, &middle);
}
