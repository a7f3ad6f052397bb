/* What the pruning pane has computed on the render thread: how many weights a threshold leaves, and
 * what the discriminator says of 32 fixed faces (seeds 0 to 31, nothing edited). */
#pragma once

#include "app/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_SCORED_FACES 32

/* ---- counting ---- */

typedef struct _VitrineWeightCounter VitrineWeightCounter; /* immutable */

guint vitrine_weight_counter_layers(const VitrineWeightCounter *c);
/* All weights of the generator's prunable layers. */
guint64 vitrine_weight_counter_total(const VitrineWeightCounter *c);
/* How many remain under p; remaining [layers] gets each layer's share, or NULL. Fast enough for
 * every movement of a slider. */
guint64 vitrine_weight_counter_remaining(const VitrineWeightCounter *c, const SgPrune *p,
                                         guint64 *remaining);
VitrineWeightCounter *vitrine_weight_counter_ref(VitrineWeightCounter *c);
void vitrine_weight_counter_unref(VitrineWeightCounter *c);

/* ---- scoring ---- */

typedef struct {
  SgPrune prune;                                 /* what was scored */
  int label;                                     /* -1: none */
  double sigmoid, sigmoid_std, logit, logit_std; /* mean and standard deviation over the faces */
  GdkTexture *faces[VITRINE_SCORED_FACES];       /* NULL in a sweep */
  char *error;                                   /* NULL: good */
} VitrineScore;

void vitrine_score_free(VitrineScore *score);

/* What is kept between tasks of one model (weights packed for scoring). */
typedef struct _VitrinePruningWork VitrinePruningWork;

VitrinePruningWork *vitrine_pruning_work_new(void);
void vitrine_pruning_work_unref(VitrinePruningWork *work);

/* All start a task of the session and return its id. `news` as in VitrineTaskClass: called on the
 * main thread for every result and once with NULL at the end. */
typedef void (*VitrineScoreFunc)(gpointer score, gboolean finished, gpointer user_data);

/* One counter (VitrineWeightCounter) of the open model; the news keep it by a reference. */
guint vitrine_pruning_start_count(VitrineSession *session, VitrineScoreFunc news,
                                  gpointer user_data);
/* One score with its pictures, as soon as the picture that is waited for is done. */
guint vitrine_pruning_start_score(VitrineSession *session, VitrinePruningWork *work,
                                  const SgPrune *prune, int label, VitrineScoreFunc news,
                                  gpointer user_data);
/* One score for each global threshold order[i] / 1000, when nothing else is to be done. */
guint vitrine_pruning_start_sweep(VitrineSession *session, VitrinePruningWork *work,
                                  const SgPrune *prune, int label, guint n, const int *order,
                                  VitrineScoreFunc news, gpointer user_data);

G_END_DECLS
