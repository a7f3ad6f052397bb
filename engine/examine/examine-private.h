/* What the files of an examination share. */
#pragma once

#include "engine/data/dataset.h"
#include "engine/examine/describe.h"
#include "engine/examine/examine.h"
#include "engine/examine/spectrum.h"
#include "engine/projection/projection.h"

G_BEGIN_DECLS

/* A picture that is examined, and the same after some of sg_stress. */
typedef struct {
  SgExamined out;                  /* first */
  int variants;                    /* 1 and those; 0: it could not be read */
  int stress[1 + SG_STRESS_COUNT]; /* [variants]: which of sg_stress; the first is none */
  float *features;                 /* [variants, count] */
  double *distances;               /* [variants]: to the nearest picture that was met so far */
  double projected[1 + SG_STRESS_COUNT]; /* distances of the projections */
} SgSubject;

/* Pictures that are projected, in batches. */
typedef struct {
  int n, at, in_batch; /* of all; of those that are worked on the first, and how many */
  int tried;           /* how often these have been projected already */
  gboolean improved;   /* the step just made has brought the first of all nearer */
  int first;           /* number of the first for the random numbers */
  double *out;         /* [n] */
} SgProjecting;

typedef enum {
  SG_PHASE_OPEN,       /* networks */
  SG_PHASE_READ,       /* the pictures */
  SG_PHASE_REFERENCES, /* one after the other */
  SG_PHASE_SCAN,       /* the data set */
  SG_PHASE_PROJECT,    /* references, and weigh all of them */
  SG_PHASE_JUDGE,      /* the pictures */
  SG_PHASE_DONE
} SgExaminePhase;

struct _SgExamination {
  SgModel *model;
  SgRenderer *renderer; /* of the step; NULL before the first */
  SgBackend *backend;
  SgExamineOptions o;
  char *data, *cache;
  gsize size; /* of one picture: C R R */

  SgDataset *real, *scan; /* drawn from the same; NULL: there is no data set */
  SgDescriber *describer;
  SgProjection *projection;
  char **real_names; /* of the references, ends with NULL */
  guint next_real;   /* which of the set is read next */

  /* References: n_generated, then n_real. */
  int n_generated, n_real, scanned;
  guint8 *pixels; /* [references, C, R, R] */
  double *logits; /* [references, SG_TREATMENTS] */
  double *distances, *nearest;
  double *profiles; /* [references, SG_TREATMENTS, bins]; NaN: none */
  float *features;
  gboolean cached;

  SgEvidence *evidence[SG_WITNESSES];
  char *absence[SG_WITNESSES];
  SgDiscriminant *discriminant;

  GPtrArray *subjects; /* of SgSubject */
  SgExaminePhase phase;
  int at;
  gboolean projecting;
  SgProjecting work;
  gint64 done;
};

static inline int
sg_examination_references(const SgExamination *e)
{
  return e->n_generated + e->n_real;
}

/* ---- witnesses.c: numbers of pictures ---------------------------------------------------- */

gboolean sg_examine_logit(SgExamination *e, const guint8 *planes, double *logit, GError **error);
/* Steps of the projections that e->work lists; `planes` gives picture i, [C, R, R], to be freed, or
 * NULL and error. *done: all of them have their distance. */
typedef guint8 *(*SgExaminePicture)(SgExamination *e, int i, gpointer data, GError **error);
gboolean sg_examine_project(SgExamination *e, SgExaminePicture planes, gpointer data,
                            gboolean *done, GError **error);
/* Which side its spectrum is on; NaN: it has none, or there is no discriminant. */
double sg_examine_spectrum(const SgExamination *e, const guint8 *planes);

/* ---- references.c ---------------------------------------------------------------------------- */

/* The next one: drawn or read, and measured but for its projection. */
gboolean sg_examine_reference(SgExamination *e, GError **error);
/* Distances that an earlier examination has kept. */
gboolean sg_examine_load(SgExamination *e);
void sg_examine_keep(const SgExamination *e);
/* All numbers of the references are there: what they are worth. */
void sg_examine_weigh(SgExamination *e);

/* ---- subject.c ------------------------------------------------------------------------------- */

SgSubject *sg_subject_new(const char *path);
void sg_subject_free(SgSubject *s);
/* File, provenance, square, features; what is wrong with the file goes to out.error. */
gboolean sg_subject_read(SgExamination *e, SgSubject *s, GError **error);
/* The picture after sg_stress[i - 1], 0: as it is. To be freed. */
guint8 *sg_subject_variant(SgExamination *e, int i, gpointer subject, GError **error);
/* The number of a witness, of one of the variants. */
void sg_subject_set(SgSubject *s, SgWitness w, int variant, double value);
/* Everything but its projection; then what its witnesses say. */
gboolean sg_subject_measure(SgExamination *e, SgSubject *s, GError **error);
void sg_subject_ask(SgExamination *e, SgSubject *s);
/* A picture of the data set has been met. */
void sg_subject_meet(SgExamination *e, SgSubject *s, const float *features, const guint8 *planes,
                     const char *name);

G_END_DECLS
