/* The generator that learns. */
#include "engine/autograd/ops.h"
#include "engine/learn/learner.h"
#include <math.h>

#define V(x) ((x)->value)

static int
blocks_of(const SgNetShape *s)
{
  return g_bit_nth_msf((gulong)s->info.img_resolution, -1) - 1;
}

int
sg_net_noise_layers(const SgNetShape *s)
{
  return 2 * blocks_of(s) - 1;
}

int
sg_net_noise_resolution(const SgNetShape *s, int layer)
{
  return 4 << ((layer + 1) / 2);
}

char *
sg_net_noise_name(const SgNetShape *s, int layer)
{
  return g_strdup_printf("synthesis.b%d.conv%d.noise_const", sg_net_noise_resolution(s, layer),
                         layer ? (layer + 1) % 2 : 1);
}

/* ---- weights --------------------------------------------------------------------------------- */

static void
add_affine(SgWeights *w, int w_dim, int in, int r, const char *layer)
{
  sg_weights_add(w, 0, 1, FALSE, 2, (int[]){in, w_dim}, "synthesis.b%d.%s.affine.weight", r, layer);
  sg_weights_add(w, 1, 0, FALSE, 1, &in, "synthesis.b%d.%s.affine.bias", r, layer);
}

static void
add_conv(SgWeights *w, int w_dim, int out, int in, int r, const char *layer)
{
  sg_weights_add(w, 0, 1, FALSE, 4, (int[]){out, in, 3, 3}, "synthesis.b%d.%s.weight", r, layer);
  sg_weights_add(w, 0, 0, FALSE, 1, &out, "synthesis.b%d.%s.bias", r, layer);
  sg_weights_add(w, 0, 0, FALSE, 0, NULL, "synthesis.b%d.%s.noise_strength", r, layer);
  add_affine(w, w_dim, in, r, layer);
}

static gboolean
has_rgb(const SgNetShape *s, int r)
{
  return s->info.g_arch == SG_ARCH_SKIP || r == s->info.img_resolution;
}

static void
add_block(SgWeights *w, const SgNetShape *s, int r, int out, int in)
{
  const SgModelInfo *i = &s->info;

  if (r == 4)
    sg_weights_add(w, 0, 1, FALSE, 3, (int[]){out, 4, 4}, "synthesis.b4.const");
  else
    add_conv(w, i->w_dim, out, in, r, "conv0");
  add_conv(w, i->w_dim, out, out, r, "conv1");
  if (has_rgb(s, r)) {
    sg_weights_add(w, 0, 1, FALSE, 4, (int[]){i->img_channels, out, 1, 1},
                   "synthesis.b%d.torgb.weight", r);
    sg_weights_add(w, 0, 0, FALSE, 1, &i->img_channels, "synthesis.b%d.torgb.bias", r);
    add_affine(w, i->w_dim, out, r, "torgb");
  }
  if (i->g_arch == SG_ARCH_RESNET && r > 4)
    sg_weights_add(w, 0, 1, FALSE, 4, (int[]){out, in, 1, 1}, "synthesis.b%d.skip.weight", r);
}

SgWeights *
sg_learner_g_new(SgBackend *b, const SgNetShape *s, GError **error)
{
  SgWeights *w = sg_weights_new(b);
  const SgModelInfo *i = &s->info;

  sg_layer_mapping_weights(w, i->z_dim, i->c_dim, i->w_dim, i->mapping_layers, i->mapping_lr_mul);
  for (int r = 4, k = 2; r <= i->img_resolution; r *= 2, k++)
    add_block(w, s, r, s->width[k], s->width[k - 1]);
  sg_weights_add(w, 0, 0, TRUE, 1, &i->w_dim, "mapping.w_avg");
  for (int l = 0; l < sg_net_noise_layers(s); l++) {
    int r = sg_net_noise_resolution(s, l);
    g_autofree char *name = sg_net_noise_name(s, l);
    sg_weights_add(w, 0, 1, TRUE, 2, (int[]){r, r}, "%s", name);
  }
  if (!sg_weights_alloc(w, error))
    g_clear_pointer(&w, sg_weights_free);
  return w;
}

/* ---- forward --------------------------------------------------------------------------------- */

SgVar *
sg_learner_map(SgTape *t, const SgWeights *g, const SgNetShape *s, SgVar *z, SgVar *c)
{
  sg_tape_enter(t);
  return sg_tape_leave(t, sg_layer_mapping(t, g, z, s->info.c_dim ? c : NULL,
                                           s->info.mapping_layers, s->info.mapping_lr_mul));
}

static SgVar *
style_of(SgTape *t, const SgWeights *g, SgVar *w, int r, const char *layer)
{
  return sg_layer_dense(t, w, sg_weights_get(g, "synthesis.b%d.%s.affine.weight", r, layer),
                        sg_weights_get(g, "synthesis.b%d.%s.affine.bias", r, layer), 1, FALSE);
}

/* 1 / sqrt (sum (W s)² + 1e-8) as a product of squares: [N, I] · [O, I]^T */
static SgVar *
demodulation(SgTape *t, SgVar *style, SgVar *weight)
{
  if (!style)
    return NULL;
  int o = V(weight)->n, i = V(weight)->c, taps = V(weight)->h * V(weight)->w;
  SgVar *flat = sg_op_reshape(t, weight, o, i, 1, taps);
  SgVar *squares = sg_op_sum_to(t, sg_op_mul(t, flat, flat), o, i, 1, 1);
  SgVar *sums = sg_op_matmul(t, sg_op_mul(t, style, style), FALSE, squares, TRUE, 1);
  return sg_op_rsqrt(t, sums, 1e-8);
}

/* One modulated convolution to resolution r; gain beyond √2 is the resnet's √½. */
static SgVar *
conv_layer(SgTape *t, const SgWeights *g, const SgNetShape *s, SgVar *x, SgVar *w, SgVar *noise,
           int r, const char *layer, double gain)
{
  if (!x || !w)
    return NULL;
  sg_tape_enter(t);
  gboolean up = V(x)->h != r;
  SgConvGeometry geometry = {up ? SG_CONV_TRANSPOSED : SG_CONV_FORWARD, 3, up ? 2 : 1, up ? 0 : 1,
                             up ? 0 : 1};
  SgVar *weight = sg_weights_get(g, "synthesis.b%d.%s.weight", r, layer);
  SgVar *style = style_of(t, g, w, r, layer);
  int size = up ? r + 1 : r;
  SgVar *y = sg_op_conv(t, x, style, weight, &geometry, size, size);
  if (up)
    y = sg_op_fir(t, y, SG_FIR_BLUR_AFTER_UP);
  double clamp = s->info.g_conv_clamp;
  SgEpilogueVars e = {
      .scale = demodulation(t, style, weight),
      .noise = noise,
      .strength = noise ? sg_weights_get(g, "synthesis.b%d.%s.noise_strength", r, layer) : NULL,
      .bias = sg_weights_get(g, "synthesis.b%d.%s.bias", r, layer),
      .slope = 0.2,
      .gain = G_SQRT2 * gain,
      .clamp = clamp >= 0 ? clamp * gain : -1};
  return sg_tape_leave(t, e.scale ? sg_op_epilogue(t, y, &e) : NULL);
}

/* Picture of activations x: weights times style per sample, then the 1×1 convolution. */
static SgVar *
rgb_layer(SgTape *t, const SgWeights *g, const SgNetShape *s, SgVar *x, SgVar *w, int r)
{
  if (!x || !w)
    return NULL;
  sg_tape_enter(t);
  SgVar *weight = sg_weights_get(g, "synthesis.b%d.torgb.weight", r);
  int n = V(x)->n, k = V(weight)->n, c = V(weight)->c;
  SgVar *style = sg_op_gain(t, style_of(t, g, w, r, "torgb"), 1 / sqrt(c));
  SgVar *each = NULL;
  if (style)
    each = sg_op_mul(
        t, sg_op_expand(t, sg_op_reshape(t, weight, 1, k, c, 1), SG_FMT_PLAIN, n, k, c, 1),
        sg_op_expand(t, sg_op_reshape(t, style, n, 1, c, 1), SG_FMT_PLAIN, n, k, c, 1));
  SgEpilogueVars e = {.bias = sg_weights_get(g, "synthesis.b%d.torgb.bias", r),
                      .slope = 1,
                      .gain = 1,
                      .clamp = s->info.g_conv_clamp};
  return sg_tape_leave(t, sg_op_epilogue(t, sg_op_to_rgb(t, x, each), &e));
}

static SgVar *
start(SgTape *t, const SgWeights *g, int n)
{
  SgVar *c = sg_weights_get(g, "synthesis.b4.const");
  return sg_op_to_act(t, sg_op_expand(t, c, SG_FMT_PLAIN, n, V(c)->c, 4, 4));
}

/* The resnet's other branch: 1×1, doubled, times √½. */
static SgVar *
skip_branch(SgTape *t, const SgWeights *g, SgVar *x, int r)
{
  static const SgConvGeometry geometry = {SG_CONV_FORWARD, 1, 1, 0, 0};
  if (!x)
    return NULL;
  SgVar *w = sg_weights_get(g, "synthesis.b%d.skip.weight", r);
  SgVar *scaled = sg_op_gain(t, w, G_SQRT2 / 2 / sqrt(V(w)->c));
  return sg_op_fir(t, sg_op_conv(t, x, NULL, scaled, &geometry, V(x)->h, V(x)->w), SG_FIR_UP);
}

SgVar *
sg_learner_synthesize(SgTape *t, const SgWeights *g, const SgNetShape *s, SgVar *const *ws,
                      SgVar *const *noise)
{
  SgVar *img = NULL;

  if (!ws[0])
    return NULL;
  sg_tape_enter(t);
  SgVar *x = start(t, g, V(ws[0])->n);
  for (int r = 4, i = 0; r <= s->info.img_resolution; r *= 2) {
    gboolean residual = s->info.g_arch == SG_ARCH_RESNET && r > 4;
    SgVar *y = residual ? skip_branch(t, g, x, r) : NULL;
    if (r > 4) {
      x = conv_layer(t, g, s, x, ws[i], noise ? noise[i] : NULL, r, "conv0", 1);
      i++;
    }
    x = conv_layer(t, g, s, x, ws[i], noise ? noise[i] : NULL, r, "conv1",
                   residual ? G_SQRT2 / 2 : 1);
    i++;
    if (residual)
      x = y ? sg_op_add(t, y, x) : NULL;
    if (has_rgb(s, r)) {
      SgVar *rgb = rgb_layer(t, g, s, x, ws[i], r);
      img = img ? sg_op_add(t, sg_op_fir(t, img, SG_FIR_UP), rgb) : rgb;
    }
    if (sg_tape_failed(t))
      break;
  }
  return sg_tape_leave(t, img);
}
