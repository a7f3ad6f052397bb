/* What L1 regularisation leaves: how many numbers of a latent a direction needs, and how well it
 * still tells its attribute ("Controlled Modification of Generated (Style)GAN Latent Vectors",
 * figure 10). */
#pragma once

#include "engine/directions/logistic.h"

G_BEGIN_DECLS

typedef struct {
  double c;
  int nonzero; /* coefficients that are not 0, fitted to all samples */
  double auc,
      accuracy; /* of a fit to all but the first fold, on that fold; NaN: nothing was left */
} SgPathPoint;

/* At one C. `fold` [n] as sg_stratified_folds(). Errors as sg_logistic_fit(). */
gboolean sg_path_point(gsize n, int dim, const float *x, const guint8 *label, const int *fold,
                       double c, SgPathPoint *out, GError **error);

/* The least regularised fit that uses at most `most` (at least 1) numbers, of C up to `c_max`: C is
 * halved between what is too much and what is not until it is known to a tenth of a per cent, or
 * until just so many are used. Its C to *c. NULL and SG_FORMAT_ERROR_BROKEN if every C leaves more,
 * or none at all. */
SgLogistic *sg_logistic_fit_sparse(gsize n, int dim, const float *x, const guint8 *label, int most,
                                   double c_max, double *c, GError **error);

G_END_DECLS
