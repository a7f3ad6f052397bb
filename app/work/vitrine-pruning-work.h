/* What the pruning pane has computed on the render thread: what the discriminator says of 32 fixed
 * faces (seeds 0 to 31, nothing edited), once as soon as possible or at many thresholds in idle
 * time. */
#pragma once

#include "app/session/vitrine-session.h"
#include "engine/explore/weights/prune-score.h"

G_BEGIN_DECLS

#define VITRINE_SCORED_FACES 32

typedef struct {
  SgPrune prune;                             /* what was scored */
  double progress;                           /* 1: it is done; less: only this and prune count */
  double seconds;                            /* that the work for it took */
  int label;                                 /* class of conditional models; < 0: class 0 */
  gboolean scored;                           /* FALSE: the model has no discriminator */
  double score, score_std, logit, logit_std; /* as SgPruneResult */
  GdkTexture *faces[VITRINE_SCORED_FACES];   /* NULL in a sweep */
  char *error;                               /* NULL: good */
} VitrineScore;

/* What is kept between tasks of one model: the weights packed for scoring. A task keeps to them
 * when the session gets newer ones. Reference counted, since a task that was stopped may still be
 * in its last step. */
typedef struct _VitrinePruningWork VitrinePruningWork;

VitrinePruningWork *vitrine_pruning_work_new(SgModel *model);
void vitrine_pruning_work_unref(VitrinePruningWork *work);

/* Counts the weights of `model` on a worker: a large one has some ten million of them to sort.
 * `with_work`: packs them for scoring, too, which the first score would otherwise wait for. `done`
 * gets `source`. */
void vitrine_pruning_count(SgModel *model, gboolean with_work, GObject *source,
                           GAsyncReadyCallback done, gpointer data);
/* Both to be freed; *work is NULL if it was not asked for. NULL: error. */
SgPruneCounter *vitrine_pruning_count_finish(GAsyncResult *result, VitrinePruningWork **work,
                                             GError **error);

/* Called on the main thread with a VitrineScore for every result, and once with NULL at the end. */
typedef void (*VitrineScoreFunc)(gpointer score, gboolean finished, gpointer user_data);

/* One score with its pictures, as soon as the picture that is waited for is done; where that takes
 * longer than a moment, how far it is now and then before it. Only one task at
 * a time may use one `work`; stopping the earlier one is enough. Return the task's id. */
guint vitrine_pruning_start_score(VitrineSession *session, VitrinePruningWork *work,
                                  const SgPrune *prune, int label, VitrineScoreFunc news,
                                  gpointer user_data);
/* One score for each global threshold order[i] / 1000, when nothing else is to be done. */
guint vitrine_pruning_start_sweep(VitrineSession *session, VitrinePruningWork *work,
                                  const SgPrune *prune, int label, guint n, const int *order,
                                  VitrineScoreFunc news, gpointer user_data);

G_END_DECLS
