/* The four losses of a StyleGAN2 training: each puts a forward pass on the tape, sweeps it, and
 * adds the gradients, times the phase's interval, to the optimiser's. Errors stay in the tape.
 *
 * A phase is work for the back end (sg_loss_prepare, then the loss) and reading what it left
 * (sg_loss_read). Without a share the loss itself neither brings nor takes anything from the back
 * end, so that it can be recorded (learn-replay.c). For learn.c. */
#pragma once

#include "engine/learn/learn.h"

G_BEGIN_DECLS

/* Philox streams of a run's seed: below 2^32 the fixed ones, above those of (iteration, phase). */
#define SG_STREAM_INIT       1
#define SG_STREAM_GRID       2
#define SG_STREAM_ITERATIONS ((guint64)1 << 32)

/* What a phase leaves on the back end; NULL: it has no such thing. Owned. */
typedef struct {
  SgBuf *scores_fake, *scores_real, *lengths; /* [N, 1, 1, 1] */
  SgBuf *loss[2], *penalty;                   /* [N, 1, 1, 1]; the losses' means add up */
  SgBuf *pl_mean;                             /* [1, 1, 1, 1] */
  double pl_next;                             /* the same with a share or rounds */
  SgBuf *w_mean;                              /* [1, w_dim, 1, 1] of the batch, for w_avg */
  SgBuf *fake;                                /* Dmain's pictures [N, C, R, R] */
  SgBuf *variance[2]; /* [1, 1, 1, 1] of generated and real ones, where the back end computes it */
} SgPhaseResult;

SgPhaseResult sg_phase_result_ref(const SgPhaseResult *r); /* to be cleared */
void sg_phase_result_clear(SgPhaseResult *r);
/* Adds what a round's pictures first, first + step … of n left; `whole` begins empty. */
gboolean sg_phase_result_add(SgPhaseResult *whole, const SgPhaseResult *part, int n, int first,
                             int step, GError **error);

/* Brings what the phase reads beside weights and draws. */
void sg_loss_prepare(SgLearn *l, SgPhase phase);
/* softplus (-D (G (z))) */
void sg_loss_gmain(SgLearn *l, const SgDraw *draw, SgPhaseResult *r);
/* softplus (D (G (z))) + softplus (-D (x)) */
void sg_loss_dmain(SgLearn *l, const SgDraw *draw, SgPhaseResult *r);
/* gamma / 2 |∂D (x) / ∂x|² */
void sg_loss_r1(SgLearn *l, const SgDraw *draw, SgPhaseResult *r);
/* The lengths of some pictures alone, added to `lengths` (float). */
gboolean sg_loss_lengths(SgLearn *l, const SgDraw *draw, GArray *lengths, GError **error);
/* (|∂(G y) / ∂w| - a)² */
void sg_loss_path_length(SgLearn *l, const SgDraw *draw, SgPhaseResult *r);
/* Statistics, w_avg and the path-length mean become what the phase says. FALSE: it did not, the
 * state is as before. */
gboolean sg_loss_read(SgLearn *l, SgPhase phase, const SgDraw *draw, const SgPhaseResult *r,
                      GError **error);

/* Numbers [N, 1, 1, 1] as floats; NULL: none, `to` stays. */
void sg_scores_download(GArray *to, const SgBuf *scores);
double sg_scores_sum(const GArray *scores);
/* Dmain's variances as constants of the tape, where the back end computes them; else nothing. */
void sg_loss_variances(SgLearn *l, SgBuf *real, SgPhaseResult *r);

/* How different n pictures v [n, size] are: the mean over their numbers of the variance over the
 * pictures (divided by n). 0 when all are the same. */
double sg_batch_variance(const float *v, int n, gsize size);

G_END_DECLS
