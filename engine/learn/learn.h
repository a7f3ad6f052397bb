/* SgLearn: the state of a StyleGAN2 training and its steps (docs/formats.md, Training; Karras et
 * al. 2020).
 *
 * A step is a function of the state and of its draws (latents, noise, cutoffs, augmentations),
 * which come from outside: the trainer draws them from Philox by iteration number, a test replays
 * recorded ones. */
#pragma once

#include "engine/gradients/networks.h"
#include "engine/learn/augment.h"
#include "engine/models/family.h"
#include "engine/learn/options.h"

G_BEGIN_DECLS

typedef enum { SG_PHASE_GMAIN, SG_PHASE_GREG, SG_PHASE_DMAIN, SG_PHASE_DREG, SG_PHASES } SgPhase;
extern const char *const sg_phase_names[SG_PHASES]; /* "Gmain" … */

/* The random part of one phase; what a phase does not use is NULL. Owned by the caller. */
typedef struct {
  SgBuf *z, *z2; /* [N, z_dim, 1, 1]; z2 for layers from `cutoff`, NULL: no mixing */
  int cutoff;
  SgBuf *mix;      /* [2, num_ws, 1, 1], or NULL: the cutoff as factors 0 and 1 of z's and z2's w,
                    * so that a recorded phase serves every cutoff */
  SgBuf *c;        /* labels of the generated pictures [N, c_dim, 1, 1] */
  SgBuf **noise;   /* [layers] of [N, 1, r, r] */
  SgBuf *pl_noise; /* [N, C, R, R], N (0, 1) */
  SgBuf *real, *real_c;
  SgAugDraw *aug_fake, *aug_real;
} SgDraw;

typedef struct {
  SgWeights *net;
  SgBuf *m, *v, *grad; /* [1, 1, 1, learnt] */
  SgVar **wrt;         /* all parameters */
  int n;
  SgAdam adam;
} SgOptimizer;

typedef struct _SgShare SgShare;
typedef struct _SgLearnReplay SgLearnReplay;

typedef struct {
  SgBackend *backend;
  const SgTrainOptions *o; /* borrowed */
  SgShare *share;          /* NULL: no other process learns with this one; learn-share.h */
  SgBlueprint shape;
  SgWeights *g, *d, *ema;
  SgOptimizer opt_g, opt_d;
  SgTape *tape;
  SgBuf *pl_rest; /* [1, 1, 1, 1] what path lengths are compared with, but for this batch's */
  SgLearnReplay *replay; /* NULL: this back end cannot */

  /* The phase that is computed: its pictures, of all processes and rounds; how many rounds, and
   * which one is at hand; with several the sum of all its path lengths (rounds.h). */
  int all, rounds, round;
  double pl_sum;

  /* state beside the weights */
  guint64 iteration, nimg;
  int phases_done; /* of this iteration; others than 0 are saved where it could not go on */
  double pl_mean;
  double ada_p, ada_sum; /* sum of sign (D (real)) since the last change of p, and how many */
  guint64 ada_count;
  double ema_rampup; /* 0 after a resume from a finished model */

  /* results of the last phase, for statistics */
  double loss, penalty;                        /* mean over the batch, without the phase's gain */
  double variance_fake, variance_real;         /* sg_batch_variance() of Dmain's pictures */
  GArray *scores_fake, *scores_real, *lengths; /* float; of the last phase */
} SgLearn;

/* Networks of the options' shape, not yet initialised. */
SgLearn *sg_learn_new(SgBackend *b, const SgTrainOptions *o, GError **error);
/* The same with widths of their own, "4:128" "8:64" … (as a model file's metadata says them). */
SgLearn *sg_learn_new_with_widths(SgBackend *b, const SgTrainOptions *o, const char *const *widths,
                                  GError **error);
void sg_learn_free(SgLearn *l);
/* Random weights from the options' seed; EMA equal to G. */
void sg_learn_init(SgLearn *l);
/* The shape that options describe. */
void sg_learn_shape(const SgTrainOptions *o, SgBlueprint *shape);

/* Takes the learning rates from the options again. */
void sg_learn_set_rates(SgLearn *l);
/* The optimiser that a phase steps. */
SgOptimizer *sg_learn_optimizer(SgLearn *l, SgPhase phase);
/* How often a phase comes (1, or the interval of its regularisation), 0: never. */
int sg_learn_interval(const SgLearn *l, SgPhase phase);
/* Runs a phase: forward, gradients, one step of Adam. Fails only for memory (the state is whole
 * then, the step did not happen). With a share: together, and the results are those of all. */
gboolean sg_learn_phase(SgLearn *l, SgPhase phase, const SgDraw *draw, GError **error);
/* The gradients only, left in the optimiser's grad; for tests. */
gboolean sg_learn_gradients(SgLearn *l, SgPhase phase, const SgDraw *draw, GError **error);
/* After the last phase of an iteration of `batch` pictures: EMA, ADA, counters. */
void sg_learn_end_iteration(SgLearn *l, int batch);
/* G_ema's pictures of latents, for grids: z [N, z_dim], c or NULL, noise const; out
 * [N, C, R, R]. */
gboolean sg_learn_pictures(SgLearn *l, const float *z, const float *c, int n, float *out,
                           GError **error);
/* D's logits of n pictures [n, C, R, R] in batches as in training. */
gboolean sg_learn_scores(SgLearn *l, const float *pictures, const float *c, int n, float *logits,
                         GError **error);
/* Every weight of every network is finite. */
gboolean sg_learn_is_finite(SgLearn *l);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgLearn, sg_learn_free)

G_END_DECLS
