/* SeFa (Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs"): the
 * directions of w that the affine layers answer most strongly to. No sampling, no labels:
 * eigenvectors of A^T A, where A's rows (one a style channel of the chosen layers) are brought to
 * length 1. */
#pragma once

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

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgSefa, sg_sefa_free)

G_END_DECLS
