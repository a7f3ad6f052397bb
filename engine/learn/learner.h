/* The StyleGAN2 networks in the form that learns: functions that put a forward pass on a tape.
 *
 * The same mathematics as nets/ (docs/formats.md, StyleGAN2: mathematics), in differentiable
 * operations. Names and shapes of the weights are the file's. */
#pragma once

#include "engine/learn/weights.h"

G_BEGIN_DECLS

/* What the networks look like. */
typedef struct {
  SgModelInfo info;
  int width[13]; /* channels of the block of resolution 2^i */
} SgNetShape;

/* Layers of a synthesis network with noise, in order: b4.conv1, b8.conv0, b8.conv1, … */
int sg_net_noise_layers(const SgNetShape *s);
int sg_net_noise_resolution(const SgNetShape *s, int layer);
/* The name of a layer's constant noise, to be freed. */
char *sg_net_noise_name(const SgNetShape *s, int layer);

SgWeights *sg_learner_g_new(SgBackend *b, const SgNetShape *s, GError **error);
SgWeights *sg_learner_d_new(SgBackend *b, const SgNetShape *s, GError **error);

/* Mapping: z PLAIN [N, z_dim, 1, 1] (not yet normalised), c [N, c_dim, 1, 1] or NULL -> w [N,
 * w_dim, 1, 1]. */
SgVar *sg_learner_map(SgTape *t, const SgWeights *g, const SgNetShape *s, SgVar *z, SgVar *c);
/* Synthesis: ws[num_ws] of [N, w_dim, 1, 1], noise[layers] of PLAIN [N or 1, 1, r, r] (or NULL:
 * none) -> picture PLAIN [N, C, R, R]. */
SgVar *sg_learner_synthesize(SgTape *t, const SgWeights *g, const SgNetShape *s, SgVar *const *ws,
                             SgVar *const *noise);
/* Discriminator: picture, c or NULL -> logits [N, 1, 1, 1]. The group of the minibatch standard
 * deviation is min (mbstd_group_size, N) (0: N) and has to divide N. */
SgVar *sg_learner_discriminate(SgTape *t, const SgWeights *d, const SgNetShape *s, SgVar *img,
                               SgVar *c);

/* ---- shared by both (learner-layers.c) ---- */
/* act (x W^T lr / sqrt (in) + b lr), W [out, in]; lrelu: slope 0.2, gain √2, else linear. */
SgVar *sg_layer_dense(SgTape *t, SgVar *x, SgVar *w, SgVar *b, double lr, gboolean lrelu);
/* x / sqrt (mean (x²) + 1e-8) over each row */
SgVar *sg_layer_normalize(SgTape *t, SgVar *x);
/* embed -> normalised, concatenated to normalised z (NULL: none), through the layers. */
SgVar *sg_layer_mapping(SgTape *t, const SgWeights *w, SgVar *z, SgVar *c, int layers, double lr);
void sg_layer_mapping_weights(SgWeights *w, int z_dim, int c_dim, int w_dim, int layers, double lr);
/* [K, C] of weights w [C, K, 1, 1] times gain, as fromRGB wants it: [1, K, C, 1]. */
SgVar *sg_layer_transposed(SgTape *t, SgVar *w, double gain);

G_END_DECLS
