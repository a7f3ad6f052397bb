/* Evidence: the same number of real and of generated pictures, and what follows from where one more
 * picture falls among them.
 *
 * Nothing here is a probability that a picture is generated: that would also need to know how often
 * such pictures are met. What is computed is how rare the number is among pictures of each kind. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Rarer than this among one kind and not among the other: that decides. */
#define SG_EVIDENCE_RARE 0.05
/* Resamples of the interval. */
#define SG_EVIDENCE_RESAMPLES 2000

typedef enum { SG_VERDICT_CANNOT_TELL, SG_VERDICT_FITS, SG_VERDICT_DOES_NOT_FIT } SgVerdict;

/* Why. */
typedef enum {
  SG_REASON_NOT_MEASURED,  /* the witness is not there, or has no number of this picture */
  SG_REASON_PLAIN,         /* the picture has one colour */
  SG_REASON_NO_REAL,       /* no data set: nothing to compare the model's pictures with */
  SG_REASON_NO_DIFFERENCE, /* the references do not separate */
  SG_REASON_LIKE_BOTH,     /* rare among neither kind */
  SG_REASON_LIKE_DAMAGED,  /* rare among real ones as they are, and not after every treatment */
  SG_REASON_LIKE_NEITHER,  /* rare among both, or far beyond all generated ones */
  SG_REASON_LIKE_GENERATED,
  SG_REASON_LIKE_REAL,
  SG_REASON_COPY, /* nearer to a picture of the data set than its own are to each other */
  SG_REASON_NO_COPY
} SgReason;

/* One witness' references. Each of n pictures may have been measured after several treatments
 * (untouched, as JPEG…), the untouched one first: [treatments, n]. */
typedef struct {
  int n_real, n_generated, treatments;
  double *real, *generated; /* owned; n_real 0: there is no data set */
  gboolean high;            /* generated pictures have the larger numbers; else the smaller ones */
  /* The chance that an untouched generated picture lies further on that side than a real one, and
   * its 95 % interval; NaN without real ones. */
  double auc, low, high_auc;
  gboolean separate; /* all of the interval lies above ½ */
} SgEvidence;

typedef struct {
  double value;
  /* How many of the references, in per cent of one (with the picture itself among them), are at
   * least as far on the other kind's side; after the treatment that makes it likeliest. NaN: no
   * such references. */
  double p_generated, p_real;
  SgVerdict verdict;
  SgReason reason;
} SgTestimony;

/* Copies. `high` as above. */
SgEvidence *sg_evidence_new(int treatments, int n_real, const double *real, int n_generated,
                            const double *generated, gboolean high);
void sg_evidence_free(SgEvidence *e);
/* Do the model's pictures look like this one? NaN: not measured. */
SgTestimony sg_evidence_ask(const SgEvidence *e, double value);
/* Is it a copy? The numbers are distances to the nearest picture of a data set. */
SgTestimony sg_evidence_ask_copy(const SgEvidence *e, double value);

/* AUC of label 1 against label 0 and the 95 % percentile bootstrap interval (Efron & Tibshirani
 * 1993, chapter 13): both classes are drawn anew with replacement, by Philox from `seed`. NaN if a
 * class is missing. */
double sg_auc_interval(int n_one, const double *one, int n_zero, const double *zero, guint64 seed,
                       double *low, double *high);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgEvidence, sg_evidence_free)

G_END_DECLS
