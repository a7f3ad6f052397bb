/* Layers on the tape, by kind. Private to gradients/. */
#pragma once

#include "engine/gradients/networks.h"

G_BEGIN_DECLS

#define V(x) ((x)->value)

/* act (x W^T lr / sqrt (in) + b lr), x PLAIN [N, in, 1, 1] */
SgVar *sg_layer_dense(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x);
/* x / sqrt (mean (x²) + 1e-8) over each row */
SgVar *sg_layer_normalize(SgTape *t, SgVar *x);
/* The columns of x, then those of y. */
SgVar *sg_layer_concat(SgTape *t, SgVar *x, SgVar *y);
/* A plain convolution with its filters. */
SgVar *sg_layer_conv(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x);
/* The style A w + b. */
SgVar *sg_layer_style(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *latent);
/* noise NULL: none; it may be a constant or a variable. `convolved`: NULL, or this layer's of
 * SgSynthesisInputs. */
SgVar *sg_layer_modulated(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x, SgVar *style,
                          SgVar *noise, SgBuf **convolved);
/* Weights times style per sample, then the 1×1 convolution. */
SgVar *sg_layer_to_rgb(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x, SgVar *style);
SgVar *sg_layer_from_rgb(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *img);
/* Standard deviation over groups of samples, averaged over channels and pixels, as more channels
 * (Karras et al. 2018). Sample g M + m belongs to group m. */
SgVar *sg_layer_batch_std(SgTape *t, const SgLayer *l, SgVar *x);
/* The picture [N, K, h, w] at twice its size, as the layer's add_filter says. */
SgVar *sg_layer_enlarge(SgTape *t, const SgLayer *l, SgVar *img);
/* A part of each plane of x, either format. */
SgVar *sg_layer_window(SgTape *t, SgVar *x, const SgRegion *window);
/* The middle of a picture: ceil (d / 2) rows and columns go above and to the left. */
SgVar *sg_layer_crop(SgTape *t, SgVar *img, int height, int width);

/* The mapping part of a network, of z and c or of c alone. */
SgVar *sg_layers_map(SgTape *t, const SgWeights *w, SgVar *z, SgVar *c);

G_END_DECLS
