/* Newest weights of a running training, for who wants to look: no disk, no waiting.
 *
 * Who follows sends {"command":"follow"} over the control socket; the answer carries a sealed
 * memory file (SCM_RIGHTS). While anybody follows (a request counts for 10 s and is repeated), the
 * trainer copies G_ema and D there between two iterations, at most every half second. Two slots and
 * a sequence number: the writer never waits, a reader that was overtaken tries again. */
#pragma once

#include "engine/formats/model.h"

G_BEGIN_DECLS

/* ---- the side that looks; any one thread ---- */

typedef struct _SgFollow SgFollow;

/* Asks the run at `run_dir`. Error: no training is running there, or it is too old to be followed.
 */
SgFollow *sg_follow_new(const char *run_dir, GError **error);
/* The newest weights if they are newer than what was handed out before, else NULL without error.
 * *kimg: of them. A whole model of its own (hash included), path: the run directory. Error: the
 * training has ended. Repeats the request when it is due. */
SgModel *sg_follow_next(SgFollow *f, double *kimg, GError **error);
void sg_follow_free(SgFollow *f);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgFollow, sg_follow_free)

G_END_DECLS
