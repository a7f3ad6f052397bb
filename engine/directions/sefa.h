/* SeFa (Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs"): the
 * directions of w that the affine layers answer most strongly to. No sampling, no labels:
 * eigenvectors of A^T A, where A's rows (one a style channel of the chosen layers) are brought to
 * length 1. */
#pragma once

#include "engine/directions/direction-set.h"
#include "engine/directions/moments.h"
#include "engine/directions/affines.h"

G_BEGIN_DECLS

typedef struct {
  int dim;            /* w_dim */
  double *values;     /* [dim], falling; their sum is the number of channels */
  double *directions; /* [dim, dim]: rows of length 1 */
  double *untrained;  /* [dim]: the values of random rows of the same shape, to compare with */
} SgSefa;

SgSefa *sg_sefa_new(const GPtrArray *affines, int w_dim, GError **error);
void sg_sefa_free(SgSefa *s);

/* Appends the first `count` directions to a set as "PREFIX1", "PREFIX2", …, as long as one σ of w,
 * with their shares of the sum of eigenvalues. */
void sg_sefa_name(const SgSefa *s, int count, const char *prefix, const SgMoments *m,
                  SgDirectionSet *set);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgSefa, sg_sefa_free)

G_END_DECLS
