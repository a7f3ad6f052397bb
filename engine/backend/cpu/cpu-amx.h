/* Convolutions in bfloat16 on the processor's matrix units (AMX): operands rounded to 8 bits, sums
 * in float, everything before and after in float.
 *
 * The style is multiplied in while activations are packed. The epilogue is computed on the tile,
 * and where the convolution doubles the size, so is the filter: what lies between is some rows of
 * 32 channels in the cache.
 *
 * A result is a sum over input channels and taps in an order that the shape alone decides: neither
 * the number of threads nor the other samples of a batch show in its bits. */
#pragma once

#include "engine/backend/backend.h"

/* Whether this processor, this kernel and this build have them; asks the kernel's permission once.
 * error: a sentence that says what is missing. */
gboolean sg_amx_find(GError **error);

/* [out, in, k, k] anywhere: number (o, i, t) is at w[o out_step + i in_step + t], taps in reverse
 * order with `flip`. */
typedef struct {
  const float *w;
  gsize out_step, in_step;
  gboolean flip;
} SgAmxWeights;

typedef struct _SgAmx SgAmx;

/* 1×1 and 3×3, stride 1 or 2, and the upsampling ones, of enough channels to pay. */
gboolean sg_amx_suits(const SgConvGeometry *g, int out, int in);
/* Whether a convolution of this size is to be made of numbers of 16 bits: two bf16 numbers each,
 * three products. Small ones are, because they cost little, and because what the first layers get
 * wrong all later ones see (measured: docs/decisions.md). */
gboolean sg_amx_wants_two(int out, int in, int h, int w);
/* Packs the weights; `two` numbers each, or one. NULL when memory is short. */
SgAmx *sg_amx_new(const SgConvGeometry *g, int out, int in, const SgAmxWeights *w, gboolean two,
                  GError **error);
void sg_amx_free(SgAmx *amx); /* NULL allowed */
/* y = epilogue (conv (x * style)); x, y ACT; style and e may be NULL. */
gboolean sg_amx_run(const SgAmx *amx, SgBuf *y, const SgBuf *x, const SgBuf *style,
                    const SgEpilogue *e, GError **error);

/* The gradient of the weights: g(o, c, t) = sum over samples and pixels of narrow[o, i] wide[c,
 * stride i + t - pad], where `geometry` is a FORWARD convolution from wide to narrow. Goes to w[o
 * out_step + c in_step + t]. The same bits for every number of threads. */
gboolean sg_amx_weight_suits(const SgConvGeometry *g, int out, int in);
gboolean sg_amx_weight(const SgConvGeometry *g, const SgBuf *wide, const SgBuf *narrow, float *w,
                       gsize out_step, gsize in_step, GError **error);
