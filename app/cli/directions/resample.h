/* What the files of "vitrine resample" share. */
#pragma once

#include "app/cli/directions/labelled-set.h"
#include "engine/directions/resample.h"

G_BEGIN_DECLS

typedef struct {
  char *network, *outdir, *direction, *recipe, *ways, *data, *attribute, *measure;
  int seed, from, label, top, samples, shown, reals;
  gboolean json;
} ResampleOptions;

/* Who says whether a face has the attribute: a reader of pictures, a measure of them, or how far w
 * lies along the direction. */
typedef struct {
  LabelledSet *set;
  SgReader *reader; /* NULL: no reader */
  int measure;      /* < 0: no measure */
  int w_dim;
  double threshold; /* what decides, once it is known */
  const SgNamedDirection *direction;
  const char *name;
} ResampleJudge;

/* Errors: usage, and those of labelled_set_open(). */
gboolean resample_judge_open(ResampleJudge *judge, DirectionJob *job, const ResampleOptions *o,
                             const SgNamedDirection *direction, GError **error);
void resample_judge_clear(ResampleJudge *judge);
/* How much of it a face has, from w [w_dim] and its picture [1, C, H, W]; above the threshold it
 * has it. */
gboolean resample_judge_ask(const ResampleJudge *judge, const double *w, const SgTensor *picture,
                            double *score, GError **error);
/* The threshold, by the scores [n] of faces drawn freely: a reader has its own, else their
 * median. */
void resample_judge_learn(ResampleJudge *judge, int n, const double *score);

G_END_DECLS
