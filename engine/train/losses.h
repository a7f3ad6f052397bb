/* The four losses of a StyleGAN2 training: each puts a forward pass on the tape, sweeps it, and
 * adds the gradients, times the phase's interval, to the optimiser's. For learn.c; errors stay in
 * the tape. */
#pragma once

#include "engine/train/learn.h"

G_BEGIN_DECLS

/* Philox streams of a run's seed: below 2^32 the fixed ones, above those of (iteration, phase). */
#define SG_STREAM_INIT       1
#define SG_STREAM_GRID       2
#define SG_STREAM_ITERATIONS ((guint64)1 << 32)

void sg_loss_gmain(SgLearn *l, const SgDraw *draw); /* softplus (-D (G (z))) */
void sg_loss_dmain(SgLearn *l, const SgDraw *draw); /* softplus (D (G (z))) + softplus (-D (x)) */
void sg_loss_r1(SgLearn *l, const SgDraw *draw);    /* gamma / 2 |∂D (x) / ∂x|² */
void sg_loss_path_length(SgLearn *l, const SgDraw *draw); /* (|∂(G y) / ∂w| - a)² */

/* How different n pictures v [n, size] are: the mean over their numbers of the variance over the
 * pictures (divided by n). 0 when all are the same. */
double sg_batch_variance(const float *v, int n, gsize size);

G_END_DECLS
