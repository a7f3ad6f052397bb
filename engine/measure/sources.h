/* Networks whose features metrics compare. */
#pragma once

#include "engine/metrics/feature-set.h"
#include "engine/models/model.h"
#include "engine/backend/backend.h"
#include "engine/perceptual/fit-picture.h"
#include "engine/perceptual/inception.h"

G_BEGIN_DECLS

/* "d": the model's discriminator. Rows are the means over the picture of what its last blocks make
 * of it, distances those of projection/feature-loss.h. Keeps a reference on the model. NULL and
 * error: it has none, or memory is short. */
SgFeatureSource *sg_source_discriminator_new(SgBackend *b, SgModel *model, GError **error);

/* Features of the Inception network, under this name (interned): of pictures [·, channels, size,
 * size], by way of `mode`. The network stays the caller's. */
SgFeatureSource *sg_source_inception_new(SgInception *network, SgFitMode mode, const char *name,
                                         int channels, int size);

G_END_DECLS
