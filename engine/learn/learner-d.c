/* The discriminator that learns. */
#include "engine/autograd/ops.h"
#include "engine/learn/learner.h"
#include <math.h>

#define V(x) ((x)->value)

/* ---- weights --------------------------------------------------------------------------------- */

static void
add_conv(SgWeights *w, int out, int in, int kernel, gboolean bias, int r, const char *layer)
{
  sg_weights_add(w, 0, 1, FALSE, 4, (int[]){out, in, kernel, kernel}, "b%d.%s.weight", r, layer);
  if (bias)
    sg_weights_add(w, 0, 0, FALSE, 1, &out, "b%d.%s.bias", r, layer);
}

static gboolean
has_rgb(const SgNetShape *s, int r)
{
  return s->info.d_arch == SG_ARCH_SKIP || r == s->info.img_resolution;
}

SgWeights *
sg_learner_d_new(SgBackend *b, const SgNetShape *s, GError **error)
{
  SgWeights *w = sg_weights_new(b);
  const SgModelInfo *i = &s->info;
  int last = s->width[2], out = i->c_dim ? last : 1;

  for (int r = i->img_resolution, k = g_bit_nth_msf((gulong)r, -1); r >= 4; r /= 2, k--) {
    int c = s->width[k], next = s->width[k - 1];
    if (has_rgb(s, r))
      add_conv(w, c, i->img_channels, 1, TRUE, r, "fromrgb");
    if (r == 4)
      break;
    add_conv(w, c, c, 3, TRUE, r, "conv0");
    add_conv(w, next, c, 3, TRUE, r, "conv1");
    if (i->d_arch == SG_ARCH_RESNET)
      add_conv(w, next, c, 1, FALSE, r, "skip");
  }
  add_conv(w, last, last + i->mbstd_num_channels, 3, TRUE, 4, "conv");
  sg_weights_add(w, 0, 1, FALSE, 2, (int[]){last, last * 16}, "b4.fc.weight");
  sg_weights_add(w, 0, 0, FALSE, 1, &last, "b4.fc.bias");
  sg_weights_add(w, 0, 1, FALSE, 2, (int[]){out, last}, "b4.out.weight");
  sg_weights_add(w, 0, 0, FALSE, 1, &out, "b4.out.bias");
  if (i->c_dim)
    sg_layer_mapping_weights(w, 0, i->c_dim, last, i->d_mapping_layers, i->d_mapping_lr_mul);
  if (!sg_weights_alloc(w, error))
    g_clear_pointer(&w, sg_weights_free);
  return w;
}

/* ---- forward --------------------------------------------------------------------------------- */

/* 3×3, pad 1, or with `down` filtered and at every second pixel; lrelu; gain beyond √2 is the
 * resnet's √½. */
static SgVar *
conv_layer(SgTape *t, const SgWeights *d, SgVar *x, int r, const char *layer, gboolean down,
           double gain, double clamp)
{
  if (!x)
    return NULL;
  sg_tape_enter(t);
  SgVar *w = sg_weights_get(d, "b%d.%s.weight", r, layer);
  SgVar *scaled = sg_op_gain(t, w, 1 / sqrt(V(w)->c * 9));
  SgConvGeometry g = {SG_CONV_FORWARD, 3, down ? 2 : 1, down ? 0 : 1, down ? 0 : 1};
  int size = down ? r / 2 : r;
  SgVar *y = down ? sg_op_fir(t, x, SG_FIR_BLUR_BEFORE_DOWN) : x;
  SgEpilogueVars e = {.bias = sg_weights_get(d, "b%d.%s.bias", r, layer),
                      .slope = 0.2,
                      .gain = G_SQRT2 * gain,
                      .clamp = clamp >= 0 ? clamp * gain : -1};
  return sg_tape_leave(t, sg_op_epilogue(t, sg_op_conv(t, y, NULL, scaled, &g, size, size), &e));
}

static SgVar *
rgb_layer(SgTape *t, const SgWeights *d, SgVar *img, int r, double clamp)
{
  if (!img)
    return NULL;
  sg_tape_enter(t);
  SgVar *w = sg_weights_get(d, "b%d.fromrgb.weight", r);
  SgEpilogueVars e = {.bias = sg_weights_get(d, "b%d.fromrgb.bias", r),
                      .slope = 0.2,
                      .gain = G_SQRT2,
                      .clamp = clamp};
  SgVar *x = sg_op_from_rgb(t, img, sg_layer_transposed(t, w, 1 / sqrt(V(w)->c)));
  return sg_tape_leave(t, sg_op_epilogue(t, x, &e));
}

static SgVar *
skip_branch(SgTape *t, const SgWeights *d, SgVar *x, int r)
{
  static const SgConvGeometry g = {SG_CONV_FORWARD, 1, 1, 0, 0};
  if (!x)
    return NULL;
  sg_tape_enter(t);
  SgVar *w = sg_weights_get(d, "b%d.skip.weight", r);
  SgVar *scaled = sg_op_gain(t, w, G_SQRT2 / 2 / sqrt(V(w)->c));
  SgVar *y = sg_op_fir(t, x, SG_FIR_DOWN);
  return sg_tape_leave(t, sg_op_conv(t, y, NULL, scaled, &g, r / 2, r / 2));
}

static SgVar *
block(SgTape *t, const SgWeights *d, const SgNetShape *s, SgVar *x, int r)
{
  gboolean residual = s->info.d_arch == SG_ARCH_RESNET;
  double clamp = s->info.d_conv_clamp;

  sg_tape_enter(t);
  SgVar *y = residual ? skip_branch(t, d, x, r) : NULL;
  x = conv_layer(t, d, x, r, "conv0", FALSE, 1, clamp);
  x = conv_layer(t, d, x, r, "conv1", TRUE, residual ? G_SQRT2 / 2 : 1, clamp);
  if (residual)
    x = y && x ? sg_op_add(t, y, x) : NULL;
  return sg_tape_leave(t, x);
}

/* Standard deviation over groups of samples, averaged over channels and pixels, as F more channels
 * (Karras et al. 2018). Sample g M + m belongs to group m. */
static SgVar *
minibatch_std(SgTape *t, const SgNetShape *s, SgVar *x)
{
  if (!x)
    return NULL;
  int n = V(x)->n, c = V(x)->c, h = V(x)->h, w = V(x)->w, f = s->info.mbstd_num_channels;
  int size = s->info.mbstd_group_size;
  int g = size > 0 ? MIN(size, n) : n, m = n / g, rest = c / f * h * w;

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

/* b4: minibatch standard deviation, convolution, two matrices, and the label's projection. */
static SgVar *
head(SgTape *t, const SgWeights *d, const SgNetShape *s, SgVar *x, SgVar *c)
{
  if (s->info.mbstd_num_channels > 0)
    x = minibatch_std(t, s, x);
  x = conv_layer(t, d, x, 4, "conv", FALSE, 1, s->info.d_conv_clamp);
  if (!x)
    return NULL;
  int n = V(x)->n;
  x = sg_op_to_plain(t, x, n, V(x)->c * 16, 1, 1);
  x = sg_layer_dense(t, x, sg_weights_get(d, "b4.fc.weight"), sg_weights_get(d, "b4.fc.bias"), 1,
                     TRUE);
  x = sg_layer_dense(t, x, sg_weights_get(d, "b4.out.weight"), sg_weights_get(d, "b4.out.bias"), 1,
                     FALSE);
  if (!s->info.c_dim || !x)
    return x;
  SgVar *map = sg_layer_mapping(t, d, NULL, c, s->info.d_mapping_layers, s->info.d_mapping_lr_mul);
  SgVar *product = sg_op_mul(t, x, map);
  return sg_op_gain(t, sg_op_sum_to(t, product, n, 1, 1, 1), 1 / sqrt(V(x)->c));
}

SgVar *
sg_learner_discriminate(SgTape *t, const SgWeights *d, const SgNetShape *s, SgVar *img, SgVar *c)
{
  SgVar *x = NULL;
  double clamp = s->info.d_conv_clamp;

  sg_tape_enter(t);
  for (int r = s->info.img_resolution; r >= 4 && !sg_tape_failed(t); r /= 2) {
    if (has_rgb(s, r)) {
      SgVar *rgb = rgb_layer(t, d, img, r, r == 4 ? -1 : clamp);
      x = x ? sg_op_add(t, x, rgb) : rgb;
    }
    if (r == 4)
      break;
    x = block(t, d, s, x, r);
    if (s->info.d_arch == SG_ARCH_SKIP)
      img = sg_op_fir(t, img, SG_FIR_DOWN);
  }
  return sg_tape_leave(t, head(t, d, s, x, c));
}
