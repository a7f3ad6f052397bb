/* A direction from the few labels that a person gives by hand.
 *
 * Forty labels cannot choose among the 512 coordinates of w: most of them are noise to so few. So
 * faces are described by the principal components of their styles, each as large as the synthesis
 * network hears it, and the regression (logistic.h), which prefers small coefficients, explains the
 * labels by what is heard if it can. */
#pragma once

#include "engine/directions/logistic.h"
#include "engine/directions/pca.h"

G_BEGIN_DECLS

/* From so many labels on a direction is worth having, and so many have to be of each kind. */
#define SG_FEW_LABELS      40
#define SG_FEW_LABELS_EACH 5
/* What such a direction says of how it was found. */
#define SG_FEW_LABELS_METHOD "labels"

/* The faces that may be labelled; read by any thread. */
typedef struct {
  gatomicrefcount ref;
  int n, dim, w_dim;
  float *x;           /* [n, dim]: scores in σ, times: */
  double *weight;     /* [dim]: of components, falling */
  double *directions; /* [dim, w_dim]: what one σ of each adds to w */
} SgFewFaces;

/* pca: of the styles; w [n, w_dim] of the faces of seeds 0, 1, … */
SgFewFaces *sg_few_faces_new(const SgPca *pca, const SgMoments *m, int n, const float *w);
SgFewFaces *sg_few_faces_ref(SgFewFaces *f);
void sg_few_faces_unref(SgFewFaces *f);

typedef struct {
  gsize labels;
  int folds; /* of the judgement; 0: too few of one kind to judge */
  SgJudgement judgement;
  int nonzero;      /* components that the direction uses */
  double *beta;     /* [dim] */
  double *decision; /* [n], of every face: above 0 it has the attribute */
} SgFewFit;

/* L1 logistic regression over faces which[labels] (below n) with label 0 or 1, judged by
 * cross-validation over as many folds, up to ten, as either kind has members. NULL without error:
 * both kinds are not there yet. */
SgFewFit *sg_few_fit(const SgFewFaces *f, gsize labels, const guint32 *which, const guint8 *label,
                     GError **error);
void sg_few_fit_free(SgFewFit *fit);
/* The direction, one σ of it being one σ of its score among all faces; to be freed. NULL if the
 * regression uses no component. */
SgNamedDirection *sg_few_direction(const SgFewFaces *f, const SgFewFit *fit, const char *name);

/* Faces to be labelled next, at most count of those not `taken` [n]: half of them those that
 * `decision` [n] is least sure of, a third those that it is surest have the attribute, so that rare
 * ones are found, the others, or without decision (NULL) all, the first ones. Returns how many. */
int sg_few_next(int n, const double *decision, const guint8 *taken, int count, guint32 *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgFewFit, sg_few_fit_free)

G_END_DECLS
