/* Layers of StyleGAN (Karras et al. 2019): noise, bias and activation come before the style. */
#include "engine/autograd/ops.h"
#include "engine/gradients/layers.h"
#include "engine/nets/geometry.h"

/* The convolution with the filters around it; the layer behind the constant has none. */
static SgVar *
convolved(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x)
{
  if (l->param[SG_ROLE_WEIGHT] < 0)
    return sg_op_gain(t, x, 1); /* what follows may overwrite it */
  SgConvGeometry g = sg_layer_geometry(l);
  int height, width;

  sg_layer_conv_size(l, &height, &width);
  SgVar *y = sg_op_conv(t, sg_layer_filter(t, &l->before, x), NULL, sg_layer_weight(t, w, l, 1), &g,
                        height, width);
  if (l->bias_first) {
    SgEpilogueVars e = {
        .bias = sg_weights_var(w, l, SG_ROLE_BIAS), .slope = 1, .gain = 1, .clamp = -1};
    y = sg_op_epilogue(t, y, &e);
  }
  return sg_layer_filter(t, &l->after, y);
}

/* The plane, a constant or a variable, times a strength for each channel. */
static SgVar *
add_noise(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *y, SgVar *noise)
{
  if (!y || !noise)
    return y;
  const SgBuf *b = V(y);
  SgVar *planes = sg_op_expand(t, noise, SG_FMT_ACT, b->n, b->c, b->h, b->w);
  SgVar *strength = sg_weights_var(w, l, SG_ROLE_NOISE_STRENGTH);
  return sg_op_add(t, y, sg_op_scale(t, planes, strength));
}

SgVar *
sg_layer_adain(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x, SgVar *style,
               SgVar *noise)
{
  if (!x || !style)
    return NULL;
  SgEpilogueVars e = {.bias = l->bias_first ? NULL : sg_weights_var(w, l, SG_ROLE_BIAS),
                      .slope = l->slope,
                      .gain = l->gain * l->branch,
                      .clamp = l->clamp >= 0 ? l->clamp * l->branch : -1};
  SgVar *y = add_noise(t, w, l, convolved(t, w, l, x), noise);
  return sg_op_adain(t, sg_op_epilogue(t, y, &e), style, l->demod_eps);
}
