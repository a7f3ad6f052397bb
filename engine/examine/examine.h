/* Examining a picture: independent witnesses say whether it looks like what a model draws.
 *
 * Each witness is a number of a picture. The same number of pictures of the model's own and of a
 * data set (the references) tells what it is worth, and where the picture falls among them what it
 * says (evidence.h). The numbers are not put together: they are no independent probabilities, and
 * how often such pictures are generated nobody knows.
 *
 * What none of them can know: whether another model drew the picture, and whether a picture of the
 * data set is a photograph. A picture that was damaged, or retouched, may fit neither. */
#pragma once

#include "engine/examine/damage.h"
#include "engine/examine/evidence.h"
#include "engine/explore/renderer.h"
#include "engine/pictures/provenance.h"

G_BEGIN_DECLS

typedef enum {
  SG_WITNESS_DISTANCE, /* how near the model comes: features of the discriminator, else pyramid */
  SG_WITNESS_LOGIT,    /* of the discriminator, judged alone (SG_JUDGE_ALONE) */
  SG_WITNESS_SPECTRUM, /* which side of a discriminant its spectrum is on */
  SG_WITNESS_NEAREST,  /* how near the nearest picture of the data set is */
  SG_WITNESSES
} SgWitness;

/* "distance", "logit", "spectrum", "nearest": in files and options. */
const char *sg_witness_id(SgWitness w);

typedef struct {
  const char *data;  /* the data set, NULL: none is known */
  int references;    /* of each kind: 32 */
  int steps;         /* of a projection: 100; 0: this witness is left out */
  int tries;         /* projections of a picture, of which the nearest counts: 3 */
  int scan;          /* pictures of the data set that are compared with: 1000 */
  guint64 seed;      /* which references are drawn */
  int label;         /* class, -1: none */
  guint stress;      /* measure after sg_stress as well: bit k for the k-th */
  const char *cache; /* folder where references are kept, NULL: nowhere */
} SgExamineOptions;

void sg_examine_options_init(SgExamineOptions *o);

#define SG_NEAREST 3

/* What has been found about one picture. */
typedef struct {
  char *path, *sha256; /* of the file's bytes */
  char *error;         /* it could not be read: nothing else is there */
  int width, height;   /* upright */
  gboolean enlarged;   /* it is smaller than the model's pictures */
  gboolean plain;      /* all of one colour */
  gsize bytes;
  SgProvenance provenance;
  /* What a recipe inside gives: NULL: there is none, or it names other weights; else whether the
   * model draws these very pixels from it. */
  char *recipe_hash; /* of the model that it names */
  gboolean redrawn;

  guint8 *pixels; /* [C, R, R]: its middle square in the model's size, which is what is judged */
  guint8 *face;   /* the same of what the projection came to; NULL: none */
  double value[SG_WITNESSES];
  double stressed[SG_WITNESSES][SG_STRESS_COUNT]; /* NaN: not measured */
  SgTestimony testimony[SG_WITNESSES];
  int n_nearest;
  struct {
    char *name; /* in the data set */
    double distance;
    guint8 *pixels; /* [C, R, R] */
  } nearest[SG_NEAREST];
} SgExamined;

typedef struct _SgExamination SgExamination;

/* Opens the data set, which takes its time, and computes nothing: any thread. Errors: what is wrong
 * with the data set. */
SgExamination *sg_examination_new(SgModel *model, const SgExamineOptions *o, GError **error);
void sg_examination_free(SgExamination *e);
/* Before the first step. */
void sg_examination_add(SgExamination *e, const char *path);

/* A little more, some 10 ms at 64², with a renderer of the model, the same in all steps. FALSE:
 * error (memory, numbers that are not finite, a renderer of other weights). A picture that cannot
 * be read is no error, see SgExamined. */
gboolean sg_examination_step(SgExamination *e, SgRenderer *r, GError **error);
gboolean sg_examination_is_done(const SgExamination *e);
/* How far, of how much; the second may become smaller. */
void sg_examination_progress(const SgExamination *e, gint64 *done, gint64 *total);

/* Borrowed; complete when all is done. */
const SgExamineOptions *sg_examination_options(const SgExamination *e);
SgModel *sg_examination_model(const SgExamination *e);
guint sg_examination_count(const SgExamination *e);
const SgExamined *sg_examination_get(const SgExamination *e, guint i);
/* NULL: the witness is not there, and why (borrowed). */
const SgEvidence *sg_examination_evidence(const SgExamination *e, SgWitness w);
const char *sg_examination_absence(const SgExamination *e, SgWitness w);
/* Reference i of one kind as planes [C, R, R], in the order of an evidence's numbers. */
const guint8 *sg_examination_reference(const SgExamination *e, gboolean real, int i);
/* Pictures of the data set that were compared with. */
int sg_examination_scanned(const SgExamination *e);
gboolean sg_examination_was_cached(const SgExamination *e);
/* The command that does the same; to be freed. */
char *sg_examination_command(const SgExamination *e);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgExamination, sg_examination_free)

G_END_DECLS
