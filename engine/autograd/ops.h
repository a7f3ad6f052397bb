/* Differentiable operations. Each computes at once through the back end and records its gradient,
 * which is made of these operations again; see tape.h. NULL in gives NULL out. Results belong to
 * the tape's current scope.
 *
 * PLAIN values are row-major [N, C, H, W]; ACT values are activations in the back end's layout. */
#pragma once

#include "engine/autograd/tape.h"

G_BEGIN_DECLS

/* ---- elements (any format, equal sizes) ---- */
SgVar *sg_op_add(SgTape *t, SgVar *a, SgVar *b);
/* ga a + gb b */
SgVar *sg_op_combine(SgTape *t, double ga, SgVar *a, double gb, SgVar *b);
SgVar *sg_op_gain(SgTape *t, SgVar *a, double gain);
SgVar *sg_op_mul(SgTape *t, SgVar *a, SgVar *b);
SgVar *sg_op_fill_like(SgTape *t, SgVar *like, double value); /* a constant */
/* PLAIN only */
SgVar *sg_op_rsqrt(SgTape *t, SgVar *x, double eps); /* 1 / sqrt (x + eps) */
SgVar *sg_op_softplus(SgTape *t, SgVar *x);
SgVar *sg_op_sigmoid(SgTape *t, SgVar *x);
SgVar *sg_op_sin(SgTape *t, SgVar *x, double phase); /* sin (x + phase) */

/* ---- shapes ---- */
SgVar *sg_op_reshape(SgTape *t, SgVar *x, int n, int c, int h, int w); /* PLAIN, shares memory */
SgVar *sg_op_to_act(SgTape *t, SgVar *x);
/* PLAIN [n, c, h, w] of the same number of elements (flattening is free) */
SgVar *sg_op_to_plain(SgTape *t, SgVar *x, int n, int c, int h, int w);
/* Repeats along axes of size 1 / sums over them; see SgBackend.expand. */
SgVar *sg_op_expand(SgTape *t, SgVar *x, SgFormat fmt, int n, int c, int h, int w);
SgVar *sg_op_sum_to(SgTape *t, SgVar *x, int n, int c, int h, int w);
SgVar *sg_op_sum(SgTape *t, SgVar *x); /* [1, 1, 1, 1]; PLAIN */
/* [N, count, H, W] of x's channels from `from`; and back into `total` channels of zeros. */
SgVar *sg_op_slice(SgTape *t, SgVar *x, int from, int count);
SgVar *sg_op_pad(SgTape *t, SgVar *x, int at, int total);

/* ---- matrices: alpha op (a) op (b), PLAIN [rows, columns, 1, 1] ---- */
SgVar *sg_op_matmul(SgTape *t, SgVar *a, gboolean ta, SgVar *b, gboolean tb, double alpha);

/* ---- activations ---- */
/* x * s, s PLAIN [1 or N, C, 1, 1]; and sum over pixels of a b -> [N, C, 1, 1] */
SgVar *sg_op_scale(SgTape *t, SgVar *x, SgVar *s);
SgVar *sg_op_dot(SgTape *t, SgVar *a, SgVar *b);
typedef struct {
  SgVar *scale;              /* [N, C, 1, 1] or NULL */
  SgVar *noise;              /* [1 or N, 1, H, W], a constant, or NULL */
  SgVar *strength;           /* of the noise, [1, 1, 1, 1] */
  SgVar *bias;               /* [1, C, 1, 1] or NULL */
  double slope, gain, clamp; /* clamp < 0: none */
} SgEpilogueVars;
/* clamp (lrelu (x * scale + noise * strength + bias) * gain), either format (scale and noise: ACT).
 * May write into x's memory if nothing else holds x: x must not be used afterwards. */
SgVar *sg_op_epilogue(SgTape *t, SgVar *x, const SgEpilogueVars *e);
/* dy through the activation of an epilogue whose result y is. */
SgVar *sg_op_act_grad(SgTape *t, SgVar *dy, SgVar *y, double slope, double gain, double clamp);
SgVar *sg_op_fir(SgTape *t, SgVar *x, SgFir mode); /* either format */

/* ---- any filter; for back ends that have `filtered` (ops-filter.c). Taps are copied. ---- */
/* -> [N, C, h, w], either format */
SgVar *sg_op_resample(SgTape *t, SgVar *x, const SgTaps *taps, int h, int w);
/* The filtered leaky ReLU -> ACT [N, C, h, w]. What is between the filters is kept nowhere: the
 * gradient makes it anew. */
SgVar *sg_op_filtered(SgTape *t, SgVar *x, const SgFiltered *f, int h, int w);
/* Adaptive instance normalisation as SgBackend.adain has it; s [N, 2 C, 1, 1]. */
SgVar *sg_op_adain(SgTape *t, SgVar *x, SgVar *s, double eps);

/* ---- convolutions, PLAIN weights [O, I, k, k] ---- */
/* conv (x * style) -> [N, O, h, w]; style may be NULL */
SgVar *sg_op_conv(SgTape *t, SgVar *x, SgVar *style, SgVar *w, const SgConvGeometry *g, int oh,
                  int ow);
/* The same where all samples are equal, and `one` [1, O, h, w] is what one of them gives. */
SgVar *sg_op_conv_equal(SgTape *t, SgVar *x, SgVar *style, SgVar *w, const SgConvGeometry *g,
                        const SgBuf *one);
/* 1×1 between ACT [N, C, H, W] and picture [N, K, H, W], w [1 or N, K, C, 1] */
SgVar *sg_op_to_rgb(SgTape *t, SgVar *x, SgVar *w);
SgVar *sg_op_from_rgb(SgTape *t, SgVar *img, SgVar *w);

/* ---- augmentation: draws are copied ---- */
SgVar *sg_op_augment(SgTape *t, SgVar *x, const SgAugmentArgs *a);

G_END_DECLS
