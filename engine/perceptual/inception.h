/* The Inception network as FID uses it (Szegedy et al. 2016; Heusel et al. 2017): pytorch-fid's
 * layout of the weights that TensorFlow had in 2015. Its average pools do not count padding, the
 * pool of its last block takes the maximum, and it knows 1,008 classes. */
#pragma once

#include "engine/backend/frozen-net.h"
#include "engine/formats/archive.h"

G_BEGIN_DECLS

#define SG_INCEPTION_SIZE     299
#define SG_INCEPTION_FEATURES 2048
#define SG_INCEPTION_CLASSES  1008
/* Where pytorch-fid takes features: behind both pools, before the classifier's branch, at the
 * end. */
#define SG_INCEPTION_BLOCKS 4

typedef struct _SgInception SgInception;

/* The weights of such a file. `batch` pictures at a time. Errors name the file and say what was
 * expected and what was found: another network, another layout, numbers of another kind, numbers
 * that are not finite. */
SgInception *sg_inception_new(const SgArchive *weights, int batch, SgPrecision precision,
                              GError **error);
/* The same network with random weights that are the same everywhere: N (0, 2 / fan-in) from Philox,
 * no bias. */
SgInception *sg_inception_new_random(int batch, SgPrecision precision, GError **error);
void sg_inception_free(SgInception *i);
const char *sg_inception_identity(const SgInception *i); /* of weights and precision */
int sg_inception_batch(const SgInception *i);
/* pictures [n, 3, 299, 299] in -1…1, n at most the batch -> features [n, 2048]. */
gboolean sg_inception_run(SgInception *i, int n, const float *pictures, float *features,
                          GError **error);
/* What the last run has left at a block: planes [n, c, h, w], their sizes by the other call. */
void sg_inception_block_size(const SgInception *i, int block, int *c, int *h, int *w);
gboolean sg_inception_block(SgInception *i, int block, int n, float *planes, GError **error);
/* Features [n, 2048] -> logits [n, 1008], without the bias as the Inception score takes them. */
void sg_inception_logits(const SgInception *i, int n, const float *features, float *logits);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgInception, sg_inception_free)

G_END_DECLS
