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

G_END_DECLS
