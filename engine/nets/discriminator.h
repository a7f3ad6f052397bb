/* The discriminator: pictures -> logits. StyleGAN2 (resnet, skip, orig; conditional or not) and the
 * mystylegan family, run layer by layer as the description lists them. */
#pragma once

#include "engine/nets/mapping.h"

G_BEGIN_DECLS

typedef struct _SgDiscriminator SgDiscriminator;

/* The model must have one (info.has_d). */
SgDiscriminator *sg_discriminator_new(SgBackend *b, SgModel *model, GError **error);
void sg_discriminator_free(SgDiscriminator *d);
/* images [n, C, R, R] in -1..1, host; labels [n] (-1 or NULL: none); logits [n]. The n pictures are
 * one minibatch for the minibatch standard deviation; the group size is the largest divisor of n
 * that is at most the model's, so any n is accepted. */
gboolean sg_discriminator_run(SgDiscriminator *d, int n, const float *images, const int *labels,
                              float *logits, GError **error);

/* What its last (at most three) blocks make of pictures, as a description of them: the activations
 * of each, averaged over grid × grid cells (grid 1, 2 or 4), [channels, grid, grid] one block after
 * the other. Classes have no part in it. */
int sg_discriminator_feature_count(const SgDiscriminator *d, int grid);
/* images as above -> features [n, count] */
gboolean sg_discriminator_features(SgDiscriminator *d, int n, const float *images, int grid,
                                   float *features, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgDiscriminator, sg_discriminator_free)

G_END_DECLS
