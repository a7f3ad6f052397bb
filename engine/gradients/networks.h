/* Networks on the tape: forward passes that gradients can be taken of, of any order, with respect
 * to weights, w, styles, noise and pictures. For training, and for whoever looks for a direction or
 * for the face behind a picture; nothing of a training is known here.
 *
 * The same mathematics as nets/, in differentiable operations, layer by layer as the description
 * (models/network.h) lists them. Results belong to the tape's current scope; NULL in, or memory
 * that is short, gives NULL (sg_tape_reset() says why). */
#pragma once

#include "engine/gradients/weights.h"
#include "engine/nets/fourier.h"

G_BEGIN_DECLS

/* ---- the generator --------------------------------------------------------------------------- */

/* Mapping: z PLAIN [N, z_dim, 1, 1] (not yet normalised), c [N, c_dim, 1, 1] one-hot, NULL where
 * the network has no classes -> w [N, w_dim, 1, 1]. */
SgVar *sg_generator_map(SgTape *t, const SgWeights *g, SgVar *z, SgVar *c);

typedef struct {
  int x, y, w, h; /* pixels, inside the picture */
} SgRegion;

/* What a synthesis is made of; each may be a leaf or a result of operations. */
typedef struct {
  /* [n_w] of PLAIN [N, w_dim, 1, 1]: one for all layers, or one for each of num_ws (W+). */
  SgVar *const *w;
  int n_w;
  /* NULL, or for each styled layer (in the order they run, as stages of nets/synthesis.h) the style
   * PLAIN [N, sg_generator_style_size (), 1, 1] itself, or NULL for A w + b. A layer with a style
   * of its own asks for no w. */
  SgVar *const *styles;
  /* NULL, or for each layer with noise (in the order they run) PLAIN [N or 1, 1, r, r], or NULL for
   * none. */
  SgVar *const *noise;
  /* NULL, or the part of the picture that is wanted. What it does not depend on is not computed
   * where that can be told of all layers (the skip and orig generators), and gradients are those of
   * this part. */
  const SgRegion *window;
  /* NULL, or [styled layers] what its convolution gives for one sample, [1, C, h, w]: what is NULL
   * is left there, what is not is taken for that of all samples, which have to be equal. Of the
   * same weights, styles, noise and window; to be unreferenced. */
  SgBuf **convolved;
  /* NULL, or how a picture that begins with Fourier features lies. */
  const SgMotion *motion;
} SgSynthesisInputs;

/* -> the picture PLAIN [N, C, H, W], about -1..1, not clamped, cropped as the network's pictures
 * are; or the window of it. */
SgVar *sg_generator_synthesize(SgTape *t, const SgWeights *g, const SgSynthesisInputs *in);

/* What the last layer gives whose result is `size` pixels a side, before it becomes a picture: ACT
 * [N, channels, size, size]; nothing behind it is computed. NULL without an error: there is no such
 * layer, and sg_generator_feature_channels() is 0. */
SgVar *sg_generator_features(SgTape *t, const SgWeights *g, const SgSynthesisInputs *in, int size);
int sg_generator_feature_channels(const SgWeights *g, int size);
/* How many w, the first ones, it depends on. */
int sg_generator_feature_ws(const SgWeights *g, int size);

/* Layers that take a style, in the order of SgSynthesisInputs.styles; [k] as index. */
int sg_generator_styled_layers(const SgWeights *g);
const SgLayer *sg_generator_styled_layer(const SgWeights *g, int k);
/* Numbers of styled layer k's style: its input channels, of AdaIN twice its channels, of Fourier
 * features 4. */
int sg_generator_style_size(const SgWeights *g, int k);
/* The style A w + b of styled layer k: [N, sg_generator_style_size (), 1, 1]. */
SgVar *sg_generator_style(SgTape *t, const SgWeights *g, int k, SgVar *w);

/* Layers with noise, in the order of SgSynthesisInputs.noise. */
int sg_generator_noise_layers(const SgWeights *g);
int sg_generator_noise_size(const SgWeights *g, int k); /* pixels along an axis */
/* The layer's constant noise [1, 1, r, r] (a view, to be unreferenced), or NULL: it has none. */
SgBuf *sg_generator_noise_const(const SgWeights *g, int k);

/* ---- the discriminator ----------------------------------------------------------------------- */

/* Picture PLAIN [N, C, H, W], c as above -> logits [N, 1, 1, 1]. The group of the minibatch
 * standard deviation is min (its size, N) (0: N) and has to divide N. */
SgVar *sg_discriminator_logits(SgTape *t, const SgWeights *d, SgVar *img, SgVar *c);

/* What each of its first `most` blocks makes of a picture, ACT [N, channels, h, w], the largest
 * first, in `features`; samples are apart from each other, and classes have no part in it. Returns
 * how many there are. Nothing behind them is computed. */
int sg_discriminator_blocks(SgTape *t, const SgWeights *d, SgVar *img, int most, SgVar **features);

G_END_DECLS
