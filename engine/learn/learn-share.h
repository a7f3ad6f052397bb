/* SgShare: one process's part of a training that several do together (group.h).
 *
 * The batch is the group's: of its pictures, rank r takes r, r + size, r + 2 size … The minibatch
 * standard deviation puts sample g M + m into group m of M, so whole groups go to one process when
 * size divides M (sg_train_options_split()). What is random is drawn by the picture's number in the
 * whole batch; gradients and statistics are summed. So N processes compute what one would, but for
 * the order of sums, and every process has the same state. */
#pragma once

#include "engine/learn/group.h"
#include "engine/learn/learn.h"

G_BEGIN_DECLS

struct _SgShare {
  SgGroup *group; /* borrowed */
  int rank, size;
  int n, here;       /* pictures of the phase: of all, and of this process */
  gboolean failed;   /* somebody has, in this phase */
  gboolean stop;     /* this process was told to stop (a signal) */
  gboolean all_stop; /* some process was */
  gboolean on_device;
  char *how;           /* how gradients are summed, for people */
  float *w_mean;       /* [w_dim] this process's part of the mean of the phase's w */
  gboolean has_w;      /* it was kept in this phase */
  double *sums;        /* what is exchanged at the end of a phase */
  gpointer piece;      /* room for one, of what goes through host memory */
  double *pictures[2]; /* [C R R] mean of the last Dmain's generated and real pictures here */
};

/* Makes `l` learn together with the group (NULL: nothing to do), before its first phase. Takes all
 * memory that exchanges need. FALSE and the same error in all if any has none. Together. */
gboolean sg_share_join(SgLearn *l, SgGroup *group, GError **error);
void sg_share_free(SgShare *s);

/* Of n pictures, how many are this process's; picture i of them is number `rank + i size`. NULL:
 * all. */
int sg_share_of(const SgShare *s, int n);
/* Pictures of a phase, of all processes. */
int sg_share_phase_size(const SgTrainOptions *o, SgPhase phase);

/* ---- in the order of a phase ---- */
void sg_share_begin(SgLearn *l, SgPhase phase);
/* Together, path length only: the sum over the other processes' lengths. FALSE: somebody failed. */
gboolean sg_share_other_lengths(SgLearn *l, gboolean ok, double *others);
/* w_avg will move to it; `mean` is this process's part. */
void sg_share_keep_w(SgLearn *l, const SgBuf *mean);
/* For sg_share_variances(); which: 0 generated, 1 real. */
void sg_share_keep_pictures(SgShare *s, int which, const float *v, int n, gsize size);
/* Together: sums gradients, losses and scores, moves w_avg. `own` (taken): this process failed.
 * FALSE and the same error in all if any did. */
gboolean sg_share_gather(SgLearn *l, SgPhase phase, GError *own, GError **error);

/* Together: a phase that this process could not begin. `own` as above. */
gboolean sg_share_give_up(SgLearn *l, SgPhase phase, GError *own, GError **error);
/* Together: variance_fake and variance_real become those of the whole batch. */
void sg_share_variances(SgLearn *l);
/* Together: all processes have the same weights and moments; else the error names a rank. */
gboolean sg_share_compare(SgLearn *l, GError **error);
/* Together: weights, moments and counters become rank 0's. */
void sg_share_state(SgLearn *l);

G_END_DECLS
