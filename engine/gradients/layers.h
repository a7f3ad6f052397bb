/* Layers on the tape, by kind. Private to gradients/. */
#pragma once

#include "engine/gradients/networks.h"

G_BEGIN_DECLS

#define V(x) ((x)->value)

/* x, either format, through any filter; one without taps leaves it as it is. */
SgVar *sg_layer_filter(SgTape *t, const SgFilter *f, SgVar *x);
/* The filters of a convolution as they run, with all gains and widened, times factor. */
SgVar *sg_layer_weight(SgTape *t, const SgWeights *w, const SgLayer *l, double factor);
/* What a layer multiplies with because of how large its input was in training; 1 without that. */
double sg_layer_magnitude_gain(const SgWeights *w, const SgLayer *l);

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
/* 1 / sqrt (sum (W s)² + eps), [N, out channels, 1, 1]; squares: the sums of W's, [O, I, 1, 1]. */
SgVar *sg_layer_demodulation(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *style,
                             SgVar *squares);
/* Adaptive instance normalisation behind a convolution, or of x itself (adain.c). noise as
 * above. */
SgVar *sg_layer_adain(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x, SgVar *style,
                      SgVar *noise);
/* Fourier features, which style [N, 4, 1, 1] turns and shifts; and the modulated convolution whose
 * activation is filtered (filtered.c). */
SgVar *sg_layer_fourier(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *style,
                        const SgMotion *motion);
SgVar *sg_layer_filtered(SgTape *t, const SgWeights *w, const SgLayer *l, SgVar *x, SgVar *style);
/* Weights times style per sample, then the 1×1 convolution; style NULL: weights as they are. */
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
