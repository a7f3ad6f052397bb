/* What a model's discriminator says of real pictures: the number that the scores of pruned weights
 * are to be compared with. */
#pragma once

#include "engine/explore/renderer.h"

G_BEGIN_DECLS

/* Over n pictures; std is of the population (divided by n). score = sigmoid (logit). */
typedef struct {
  int images;
  double logit_mean, logit_std, score_mean, score_std;
} SgScoreSummary;

void sg_score_summarise(int n, const double *logits, SgScoreSummary *summary);

/* How D is asked. It compares the pictures of a batch (minibatch standard deviation), so what it
 * says of one depends on the others that it sees with it. */
typedef enum {
  SG_JUDGE_ALONE,   /* each picture by itself, in the 8 bits that it is drawn with: the same number
                     * in the status bar, in a strip, of `vitrine score` and of the saved file */
  SG_JUDGE_TRAINING /* as in training: generated pictures unclamped, in groups, see below */
} SgJudge;

/* How many pictures D sees at once: 1, or as in training the model's minibatch-stddev group, 4
 * where the group is the whole batch or the model has no such feature. */
int sg_judge_group(SgJudge judge, const SgModelInfo *info);

typedef struct _SgRealScorer SgRealScorer;

/* Reads the first `images` pictures of the data set at `path` (a folder, a zip… as
 * sg_dataset_open()), cropped and resized as a training of this model would. What cannot be decoded
 * is left out. Conditional models need a data set with their classes. Errors name the file. Slow:
 * not on the main thread. */
SgRealScorer *sg_real_scorer_new(SgModel *model, const char *path, int images, GError **error);
void sg_real_scorer_free(SgRealScorer *s);
int sg_real_scorer_images(const SgRealScorer *s);
/* SG_JUDGE_ALONE until told otherwise; before the first step. */
void sg_real_scorer_set_judge(SgRealScorer *s, SgJudge judge);
/* Scores a few more pictures with the renderer of the same model, in batches of
 * sg_judge_group() in order. FALSE: error. *done tells whether the summary is there. */
gboolean sg_real_scorer_step(SgRealScorer *s, SgRenderer *renderer, gboolean *done, GError **error);
/* The same pictures once more, from the first: the weights are others. */
void sg_real_scorer_restart(SgRealScorer *s);
/* Borrowed; complete when step said done. */
const SgScoreSummary *sg_real_scorer_summary(const SgRealScorer *s);

/* The data set a snapshot was trained with: what training_options.json beside `model_path`, or in
 * it if it is a run directory, names (Vitrine's "data", NVlabs' "training_set_kwargs.path"), if it
 * is there. NULL: not known. To be freed. */
char *sg_known_data(const char *model_path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgRealScorer, sg_real_scorer_free)

G_END_DECLS
