/* What a magnitude pruning leaves and what it does: counts at any threshold, and the
 * discriminator's opinion of a fixed set of faces, computed in slices so that a dial stays live. */
#pragma once

#include "engine/explore/weights/real-score.h"

G_BEGIN_DECLS

/* ---- counts ---------------------------------------------------------------------------------- */

/* Every prunable layer's magnitudes, sorted once (4 bytes a weight), so that a count at any
 * threshold is a binary search: the same numbers as sg_prune_remaining(). Immutable: any thread. */
typedef struct _SgPruneCounter SgPruneCounter;

/* References the model. Errors when memory is short. */
SgPruneCounter *sg_prune_counter_new(SgModel *model, GError **error);
void sg_prune_counter_free(SgPruneCounter *c);
guint sg_prune_counter_layers(const SgPruneCounter *c);
/* Layer i, in the order of sg_weight_layers(); borrowed. */
const SgWeightLayer *sg_prune_counter_layer_info(const SgPruneCounter *c, guint i);
/* How many weights of layer i stay under `p`. Of how many: layer_info (c, i)->tensor->numel. */
guint64 sg_prune_counter_layer(const SgPruneCounter *c, guint i, const SgPrune *p);
/* The sum over all layers under `p`, and how many weights there are at all. */
guint64 sg_prune_counter_remaining(const SgPruneCounter *c, const SgPrune *p);
guint64 sg_prune_counter_total(const SgPruneCounter *c);

/* ---- scores ---------------------------------------------------------------------------------- */

#define SG_PRUNE_MAX_IMAGES 256

typedef struct {
  double threshold;         /* the global one */
  guint64 remaining, total; /* weights */
  int images, channels, width, height;
  int drawn;            /* leading pictures that are there: all once phase is SCORES */
  int judged;           /* leading pictures that have a logit */
  int bytes;            /* 3, or 4 where the model draws alpha */
  const guint8 *rgb;    /* [images, height, width, bytes], grey models replicated */
  gboolean scored;      /* FALSE for good where the model has no discriminator */
  const double *logits; /* [images] */
  /* Over the images; std is of the population (divided by n). score = sigmoid (logit). */
  double logit_mean, logit_std, score_mean, score_std;
} SgPruneResult;

/* The table of a sweep, as a person's spreadsheet reads it in any language: the names of its
 * columns, and a row for one threshold. score: [4] mean and deviation of the sigmoid, then of the
 * logit; NULL or NAN: not scored, the cells stay empty. */
#define SG_PRUNE_CSV_HEADER                                                                        \
  "threshold,remaining,removed,score_mean,score_std,logit_mean,logit_std\n"
void sg_prune_csv_row(GString *csv, double threshold, guint64 remaining, guint64 total,
                      const double *score);

typedef enum { SG_PRUNE_STEP_ERROR, SG_PRUNE_STEP_MORE, SG_PRUNE_STEP_DONE } SgPruneStep;

/* Face i is RandomState (seed + i).randn (z_dim), constant noise, truncation psi, unedited; class 0
 * of a conditional model unless another is set. One thread at a time; has nets of its own.
 *
 * D judges each picture by itself, as drawn, so that a score depends on no other face and is that
 * of `vitrine score` for the saved file. With SG_JUDGE_TRAINING pictures go to D unclamped, in
 * batches of sg_judge_group(), in order (0, 1, 2, 3 | 4, 5, 6, 7 | …; the last batch holds what is
 * left): D on that batch in any other implementation. */
typedef struct _SgPruneScorer SgPruneScorer;

/* images 1..SG_PRUNE_MAX_IMAGES. Packs the model's weights: as slow as opening a model. */
SgPruneScorer *sg_prune_scorer_new(SgModel *model, int images, guint32 seed, double psi,
                                   GError **error);
void sg_prune_scorer_free(SgPruneScorer *s);
/* Class of all faces (< 0: none), for conditional models; what was begun must begin again. */
void sg_prune_scorer_set_label(SgPruneScorer *s, int label);
/* SG_JUDGE_ALONE until told otherwise; what was begun must begin again. */
void sg_prune_scorer_set_judge(SgPruneScorer *s, SgJudge judge);
/* Starts over for another pruning (copied); what was begun is dropped. Costs nothing. */
void sg_prune_scorer_begin(SgPruneScorer *s, const SgPrune *prune);
/* Does the next slice: weights, then a few faces a call, then a few scores a call. After an error
 * or DONE, begin again. */
SgPruneStep sg_prune_scorer_step(SgPruneScorer *s, GError **error);
/* What is there so far; counts are there after the first step. Borrowed, changed by step and
 * begin. */
const SgPruneResult *sg_prune_scorer_result(const SgPruneScorer *s);
/* All steps at once. NULL and error as step. */
const SgPruneResult *sg_prune_scorer_run(SgPruneScorer *s, const SgPrune *prune, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgPruneCounter, sg_prune_counter_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgPruneScorer, sg_prune_scorer_free)

G_END_DECLS
