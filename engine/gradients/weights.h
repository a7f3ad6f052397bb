/* SgWeights: a network's tensors on a back end as variables of the tape, in one flat buffer, so
 * that optimiser, EMA and snapshots are one loop each; every tensor is a view into it with the name
 * and shape it has in a file. They learn, or are fixed and only led through. */
#pragma once

#include "engine/autograd/tape.h"
#include "engine/base/philox.h"
#include "engine/models/model.h"

G_BEGIN_DECLS

typedef struct {
  const SgParam *param; /* of the network */
  const char *name;     /* param->name */
  int ndim, shape[4];   /* as in a file */
  gsize first;          /* in the flat buffer */
  double mean, std;     /* of the initial values */
  gboolean buffer;      /* not learnt: w_avg, noise_const */
  gboolean missing;     /* the file had no such tensor: zeros, and none of its own */
  SgVar *var;           /* NULL of buffers */
  SgBuf *view;          /* PLAIN: [a, b, c, d], [a] as [1, a, 1, 1], [] as [1, 1, 1, 1]; of a
                         * weight that is stored input channels first: output channels first */
  SgBuf *squares;       /* of a weight that does not learn: see sg_weights_squares() */
} SgWeight;

typedef struct {
  SgBackend *backend;
  SgNetwork *network;  /* a reference */
  GArray *list;        /* of SgWeight: parameters first, then buffers */
  int *index;          /* [network->params] place in list */
  gsize total, learnt; /* numbers in all, and in parameters */
  SgBuf *flat;         /* [1, 1, 1, total] */
  SgBuf *learning;     /* view of the parameters, [1, 1, 1, learnt] */
} SgWeights;

/* Room for all tensors of the network, in the order in which their initial values are drawn; not
 * yet initialised. `learn`: gradients are wanted of its parameters. NULL and error: no memory, or
 * the network has a layer that cannot be run. */
SgWeights *sg_weights_new(SgBackend *backend, const SgNetwork *network, gboolean learn,
                          GError **error);
/* The same with the values of a loaded model's generator ("G_ema." or "G."). */
SgWeights *sg_weights_new_generator(SgBackend *backend, const SgModel *model, gboolean learn,
                                    GError **error);
void sg_weights_free(SgWeights *w);
/* Random initial values, drawn in order. */
void sg_weights_init(SgWeights *w, SgPhilox *rng);

/* The layer's variable of a role, NULL: it has none. */
SgVar *sg_weights_var(const SgWeights *w, const SgLayer *layer, SgRole role);
/* Sums of the squares of a layer's filters, [O, I, 1, 1]. Of weights that are fixed they are
 * computed once, and kept with them. */
SgVar *sg_weights_squares(SgTape *t, const SgWeights *w, const SgLayer *layer);
/* As sg_weights_var(), of what does not learn, too. */
SgWeight *sg_weights_param(const SgWeights *w, const SgParam *param);
/* Finds a parameter by name; a missing one is a program error. */
SgWeight *sg_weights_at(const SgWeights *w, const char *name);
/* The generator's mean w, [1, w_dim, 1, 1]. */
SgBuf *sg_weights_average(const SgWeights *w);

/* All values from a model's tensors under `prefix`; error names what is missing or misshapen. */
gboolean sg_weights_load(SgWeights *w, const SgModel *model, const char *prefix, GError **error);
/* One tensor's values, as in a file. */
void sg_weights_upload(SgWeights *w, SgWeight *weight, const float *values);
/* Copies all values into the model as new tensors. Error: memory; then the model has some of
 * them. */
gboolean sg_weights_store(const SgWeights *w, const char *prefix, SgModel *model, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgWeights, sg_weights_free)

G_END_DECLS
