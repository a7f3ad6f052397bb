/* SgWeights: the parameters of a network that learns, in one flat buffer, so that optimiser, EMA
 * and snapshots are one loop each; every tensor is a view into it with the name and shape it has in
 * a file. */
#pragma once

#include "engine/models/model.h"
#include "engine/autograd/tape.h"
#include "engine/base/philox.h"

G_BEGIN_DECLS

typedef struct {
  char *name;
  int ndim, shape[4]; /* as in a file */
  gsize first;        /* in the flat buffer */
  double mean, std;   /* of the initial values */
  gboolean buffer;    /* not learnt: w_avg, noise_const */
  SgVar *var;         /* parameters only */
  SgBuf *view;        /* PLAIN: [a, b, c, d], [a] as [1, a, 1, 1], [] as [1, 1, 1, 1] */
} SgWeight;

typedef struct {
  SgBackend *backend;
  GArray *list;        /* of SgWeight: parameters first, then buffers */
  GHashTable *by_name; /* name -> index + 1 */
  gsize total, learnt; /* numbers in all, and in parameters */
  SgBuf *flat;         /* [1, 1, 1, total] */
  SgBuf *learning;     /* view of the parameters, [1, 1, 1, learnt] */
} SgWeights;

SgWeights *sg_weights_new(SgBackend *backend);
void sg_weights_free(SgWeights *w);
/* Declares a tensor; all parameters before all buffers. name is a printf format. */
void sg_weights_add(SgWeights *w, double mean, double std, gboolean buffer, int ndim,
                    const int *shape, const char *format, ...) G_GNUC_PRINTF(7, 8);
/* Allocates; the list is final then. */
gboolean sg_weights_alloc(SgWeights *w, GError **error);
/* Random initial values, drawn in order. */
void sg_weights_init(SgWeights *w, SgPhilox *rng);
/* By name; missing ones are a program error. */
SgWeight *sg_weights_at(const SgWeights *w, const char *name);
SgVar *sg_weights_get(const SgWeights *w, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* All values from a model's tensors under `prefix`; error names what is missing or misshapen. */
gboolean sg_weights_load(SgWeights *w, const SgModel *model, const char *prefix, GError **error);
/* Copies all values into the model as new tensors. */
void sg_weights_store(const SgWeights *w, const char *prefix, SgModel *model);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgWeights, sg_weights_free)

G_END_DECLS
