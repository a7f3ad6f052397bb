/* Tuning: the generator itself is bent a little, so that the w that was found draws the picture
 * exactly (pivotal tuning: Roich et al. 2021). The mapping network stays, so the model's faces are
 * still its faces; a locality term keeps those near the w as they are. The model that is given is
 * not changed. */
#pragma once

#include "engine/projection/projection.h"

G_BEGIN_DECLS

typedef struct {
  int steps;
  double rate;                 /* Adam's: 3e-4 (PTI) to some e-3 */
  SgProjectionWeights weights; /* of the loss against the target */
  double locality;             /* factor of the same loss between old and new faces near w: 0.1 */
  double radius;               /* how far from w these lie, in |w|: 30 at 512 dimensions */
  guint64 seed;                /* of the directions to them */
  int label;
  const SgLpips *lpips; /* as SgProjectionOptions.lpips */
} SgTuningOptions;

void sg_tuning_options_init(SgTuningOptions *o, int steps, gboolean has_d);

typedef struct _SgTuning SgTuning;

/* Starts from picture i of a projection: its w, its noise maps and its target. The projection may
 * be freed. Errors: memory. */
SgTuning *sg_tuning_new(SgModel *model, SgBackend *b, const SgTuningOptions *o,
                        const SgProjection *p, int i, GError **error);
void sg_tuning_free(SgTuning *t);
/* The next step. Errors: memory; numbers that are not finite. */
gboolean sg_tuning_step(SgTuning *t, GError **error);
int sg_tuning_done(const SgTuning *t);
/* Of the last step, borrowed. */
const SgProjectionLoss *sg_tuning_loss(const SgTuning *t);
const float *sg_tuning_picture(const SgTuning *t);
/* What the last step's locality term was, not weighted: how much faces nearby have changed. */
double sg_tuning_drift(const SgTuning *t);
/* The tuned generator's tensors under the model's prefix, in a model without hash that has nothing
 * else. Error: memory. */
SgModel *sg_tuning_weights(const SgTuning *t, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgTuning, sg_tuning_free)

G_END_DECLS
