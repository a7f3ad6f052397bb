/* A phase's pictures in rounds whose gradients add up (gradient accumulation; --batch-gpu): only
 * one round's activations are alive.
 *
 * Round k of K computes pictures k, k + K, k + 2K … of this process, as rank k of K processes would
 * (learn-share.h), so that no group of the minibatch standard deviation is cut. What a phase leaves
 * is put together to what the whole batch would have left; it differs by the order of sums. */
#pragma once

#include "engine/learn/losses.h"

G_BEGIN_DECLS

/* How many pictures of `n` a round has at most. */
int sg_rounds_size(const SgTrainOptions *o, int n);
/* Before a phase of these pictures, after sg_share_begin(). */
void sg_rounds_begin(SgLearn *l, const SgDraw *draw);
/* sg_learn_compute() for all rounds, again without recordings where memory is short beside them. */
gboolean sg_rounds_compute(SgLearn *l, SgPhase phase, const SgDraw *draw, SgPhaseResult *r,
                           GError **error);

G_END_DECLS
