/* What VGG16's second dense layer makes of pictures (after its ReLU), as improved precision and
 * recall compare it. On the CPU, without gradients. */
#pragma once

#include "engine/backend/frozen-net.h"
#include "engine/perceptual/vgg-file.h"

G_BEGIN_DECLS

#define SG_VGG_SIZE 224

typedef struct _SgVggFeatures SgVggFeatures;

/* torchvision's file, classifier and all; `batch` pictures at a time. Errors as sg_vgg_find(), and
 * a classifier that is missing or does not fit. */
SgVggFeatures *sg_vgg_features_new(const SgArchive *file, int batch, SgPrecision precision,
                                   GError **error);
void sg_vgg_features_free(SgVggFeatures *v);
int sg_vgg_features_count(const SgVggFeatures *v);            /* 4096 */
const char *sg_vgg_features_identity(const SgVggFeatures *v); /* of its numbers */
int sg_vgg_features_batch(const SgVggFeatures *v);
/* pictures [n, 3, 224, 224] of 0…255 less ImageNet's mean, by its deviation -> [n, count]. */
gboolean sg_vgg_features_run(SgVggFeatures *v, int n, const float *pictures, float *features,
                             GError **error);
/* From what sg_fit_pictures() gives in TensorFlow's mode, in place. */
void sg_vgg_features_normalise(int n, float *pictures);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgVggFeatures, sg_vgg_features_free)

G_END_DECLS
