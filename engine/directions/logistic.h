/* L1-regularised logistic regression, as "Controlled Modification of Generated (Style)GAN Latent
 * Vectors" uses it to find the direction of an attribute, and what it is judged by. The solver is
 * liblinear's. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  int dim;
  double *beta; /* [dim] */
  double bias;
  int nonzero; /* how many of beta are not 0 */
} SgLogistic;

/* Minimises sum |beta_j| + |bias| + C sum log (1 + exp (-y (beta · x + bias))), y = ±1:
 * scikit-learn's LogisticRegression (penalty="l1", solver="liblinear", C=c), which regularises the
 * bias too. x [n, dim], label [n] 0 or 1, both present. NULL and SG_FORMAT_ERROR if one class is
 * missing or a number is not finite. One fit at a time in a process (liblinear draws from
 * rand()). */
SgLogistic *sg_logistic_fit(gsize n, int dim, const float *x, const guint8 *label, double c,
                            GError **error);
/* The same with sum of beta_j² / 2 (and bias² / 2) in place of the magnitudes: for many features,
 * none of which is to be singled out. */
SgLogistic *sg_logistic_fit_l2(gsize n, int dim, const float *x, const guint8 *label, double c,
                               GError **error);
void sg_logistic_free(SgLogistic *m);
/* beta · x + bias */
double sg_logistic_decide(const SgLogistic *m, const float *x);

/* Area under the ROC curve: the chance that one of label 1 scores above one of label 0, ties
 * counting half (Mann-Whitney). NaN if a class is missing. */
double sg_auc(gsize n, const double *score, const guint8 *label);
/* Mean of the shares of each class that a threshold of 0 gets right. */
double sg_balanced_accuracy(gsize n, const double *score, const guint8 *label);

/* Which of `folds` parts each sample is tested in: every class is spread evenly, in the order of
 * the samples, as scikit-learn's StratifiedKFold without shuffling does. */
void sg_stratified_folds(gsize n, const guint8 *label, int folds, int *fold);

/* The samples whose fold is f (`inside`) or is another one: their rows [.., dim] and labels, copied
 * together. Returns how many. */
gsize sg_fold_rows(gsize n, int dim, const float *x, const guint8 *label, const int *fold, int f,
                   gboolean inside, float *rows, guint8 *labels);

typedef struct {
  double auc, auc_sd;           /* mean and standard deviation over the folds */
  double accuracy, accuracy_sd; /* balanced */
} SgJudgement;

/* Fits without each fold in turn and judges on it. Errors as sg_logistic_fit(), and if a class has
 * fewer samples than there are folds. */
gboolean sg_cross_validate(gsize n, int dim, const float *x, const guint8 *label, double c,
                           int folds, SgJudgement *out, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgLogistic, sg_logistic_free)

G_END_DECLS
