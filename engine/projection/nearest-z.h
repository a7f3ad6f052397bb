/* Is there a z for this w? An edited w is none that the mapping network gives; the nearest that it
 * does give is looked for from several sides. */
#pragma once

#include "engine/directions/moments.h"
#include "engine/gradients/networks.h"

G_BEGIN_DECLS

typedef struct {
  int z_dim, w_dim;
  double *z;       /* [z_dim], of length sqrt (z_dim) as a drawn one has about */
  double *w;       /* [w_dim] that it is mapped to */
  double distance; /* |w - what was asked for| that remains */
  double first;    /* the same of the best of the z that the search began with */
} SgNearestZ;

typedef struct {
  int samples; /* z that are tried at first: 4000 */
  int starts;  /* the nearest of them, from which the search goes on: 8 */
  int steps;   /* of Adam: 300 */
  double rate; /* its highest learning rate: 0.1 */
} SgNearestZOptions;

extern const SgNearestZOptions sg_nearest_z_options;

/* w [w_dim], before truncation; `label` -1: no class. `g` holds the weights of the model whose
 * mapping is given (sg_weights_new_generator()). The same numbers each time. Errors: memory, a w
 * that is not finite, cancelled. */
SgNearestZ *sg_nearest_z_new(const SgMapping *mapping, SgWeights *g, const double *w, int label,
                             const SgNearestZOptions *o, SgDirectionProgress progress,
                             gpointer data, GError **error);
void sg_nearest_z_free(SgNearestZ *n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgNearestZ, sg_nearest_z_free)

G_END_DECLS
