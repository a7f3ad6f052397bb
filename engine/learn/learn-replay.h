/* The work of a phase, recorded where the back end can (SgBackend.record_begin): what is asked for
 * the second time running is kept, and from then on done at one call. */
#pragma once

#include "engine/learn/losses.h"

G_BEGIN_DECLS

SgLearnReplay *sg_learn_replay_new(void);
void sg_learn_replay_free(SgLearnReplay *p); /* NULL is allowed */

/* The phase's work, after sg_loss_prepare(); fills r, which is empty. FALSE: no memory, and r may
 * hold something all the same. */
gboolean sg_learn_compute(SgLearn *l, SgPhase phase, const SgDraw *draw, SgPhaseResult *r,
                          GError **error);
/* What is recorded takes memory: without it there may be enough. TRUE: there is more now, do the
 * whole phase once more. What comes again after that is recorded in memory that this work has had,
 * for then all phases have been seen. */
gboolean sg_learn_replay_make_room(SgLearn *l, SgPhase phase, const GError *why);

G_END_DECLS
