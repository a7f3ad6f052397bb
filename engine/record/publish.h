/* Newest weights of a running training, for who wants to look: no disk, no waiting.
 *
 * Who follows sends {"command":"follow"} over the control socket; the answer carries a sealed
 * memory file (SCM_RIGHTS). While anybody follows (a request counts for 10 s and is repeated), the
 * trainer copies G_ema and D there between two iterations, at most every half second. Two slots and
 * a sequence number: the writer never waits, a reader that was overtaken tries again. */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

/* ---- the side that looks; any one thread ---- */

typedef struct _SgFollow SgFollow;

/* Asks the run at `run_dir`. Error: no training is running there, or it is too old to be
 * followed. */
SgFollow *sg_follow_new(const char *run_dir, GError **error);
/* The newest weights if they are newer than what was handed out before, else NULL without error.
 * *kimg: of them. A whole model of its own (hash included), path: the run directory. Error: the
 * training has ended (the last weights are handed out before that). Repeats the request when it is
 * due. */
SgModel *sg_follow_next(SgFollow *f, double *kimg, GError **error);
void sg_follow_free(SgFollow *f);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgFollow, sg_follow_free)

/* ---- the training's side ---- */

typedef struct _SgPublisher SgPublisher;

/* For models with the names, shapes and metadata of `like`, whose numbers do not matter. No memory
 * is taken before somebody asks. */
SgPublisher *sg_publisher_new(const SgModel *like);
/* Somebody follows: the memory file's descriptor, for reading, which stays the publisher's. Thread:
 * the control socket's. */
int sg_publisher_ask(SgPublisher *p, GError **error);
/* How far the training is: a publication waits for something new. */
void sg_publisher_advance(SgPublisher *p, guint64 nimg);
/* Microseconds until a publication is due: 0 now, -1 while nobody follows or nothing is new. Any
 * thread. */
gint64 sg_publisher_due(SgPublisher *p);
/* Where the numbers of all tensors go, one after the other in the order of `like`'s names; then
 * they are what followers see. Only after somebody has asked, by one thread. */
float *sg_publisher_begin(SgPublisher *p);
void sg_publisher_end(SgPublisher *p);
/* Not before the control socket is closed. Followers keep what they have. */
void sg_publisher_free(SgPublisher *p);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgPublisher, sg_publisher_free)

G_END_DECLS
