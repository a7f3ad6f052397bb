/* Networks whose features metrics compare. */
#pragma once

#include "engine/metrics/feature-set.h"
#include "engine/models/model.h"
#include "engine/backend/backend.h"
#include "engine/perceptual/fit-picture.h"
#include "engine/perceptual/inception.h"
#include "engine/perceptual/lpips.h"

G_BEGIN_DECLS

/* "d": the model's discriminator. Rows are the means over the picture of what its last blocks make
 * of it, distances those of projection/feature-loss.h. Keeps a reference on the model. NULL and
 * error: it has none, or memory is short. */
SgFeatureSource *sg_source_discriminator_new(SgBackend *b, SgModel *model, GError **error);

/* Features of the Inception network, under this name (interned): of pictures [·, channels, size,
 * size], by way of `mode`. The network stays the caller's. */
SgFeatureSource *sg_source_inception_new(SgInception *network, SgFitMode mode, const char *name,
                                         int channels, int size);

/* The features of VGG16's second dense layer. Errors as sg_vgg_features_new(). */
SgFeatureSource *sg_source_vgg_new(const SgArchive *file, int batch, SgPrecision precision,
                                   const char *name, int channels, int size, GError **error);
/* Distances along paths of pictures [·, channels, size, size]; `crop`: of a face's part of them.
 * The network stays the caller's. NULL and error: they are too small for it. */
SgFeatureSource *sg_source_lpips_new(SgLpips *lpips, gboolean crop, const char *name, int channels,
                                     int size, GError **error);

G_END_DECLS
