/* Principal components of what a generator can draw, in two views.
 *
 * Of W ("Controlled Modification of Generated (Style)GAN Latent Vectors", GANSpace): eigenvectors
 * of the covariance C of w. Of S: of the styles s = A w + b that the synthesis network really
 * hears. Their covariance A C A^T has as many rows as there are channels, but its eigenvalues other
 * than 0 are those of L A^T A L with L = C^1/2, [w_dim, w_dim]; and the w that moves a component by
 * one σ of its own, and nothing that is uncorrelated with it, is L v for v an eigenvector of that
 * matrix (the regression of w on the component's score). For W the same holds with A = 1. */
#pragma once

#include "engine/directions/direction-set.h"
#include "engine/directions/affines.h"
#include "engine/directions/moments.h"

G_BEGIN_DECLS

typedef struct {
  int dim;            /* w_dim: also the number of components */
  double *variance;   /* [dim], falling */
  double *directions; /* [dim, dim]: row k is added to w for one σ of component k */
  double *score;      /* [dim, dim]: row k · (w - mean) is component k's score, in σ */
  double total;       /* sum of all variances */
} SgPca;

/* affines NULL: of W. Errors as sg_eigen_symmetric(). */
SgPca *sg_pca_new(const SgMoments *m, const GPtrArray *affines, GError **error);
void sg_pca_free(SgPca *p);
/* How many components hold `share` (0…1) of the variance. */
int sg_pca_count_for(const SgPca *p, double share);
/* (sum λ)² / sum λ²: how many components would share the variance equally. */
double sg_pca_participation(const SgPca *p);

/* Share of the variance in the first k components, k = 0…dim: [dim + 1] in `out`, rising to 1. */
void sg_pca_cumulative(const SgPca *p, double *out);
/* Scores on component k of n rows w [n, dim], in σ, into `out`, `step` apart. mean [dim] of all
 * w. */
void sg_pca_scores(const SgPca *p, const double *mean, int k, int n, const float *w, int step,
                   double *out);

/* Appends the first `count` components to a set as "PREFIX1", "PREFIX2", …, with their shares of
 * the variance. */
void sg_pca_name(const SgPca *p, int count, const char *prefix, SgDirectionSet *set);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgPca, sg_pca_free)

G_END_DECLS
