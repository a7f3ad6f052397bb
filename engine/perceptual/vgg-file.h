/* VGG16 in a file that a person has: which of its tensors are its convolutions. */
#pragma once

#include "engine/formats/archive.h"

G_BEGIN_DECLS

#define SG_VGG_CONVS 13

typedef struct {
  SgTensor *weight[SG_VGG_CONVS]; /* [O, I, 3, 3], borrowed */
  SgTensor *bias[SG_VGG_CONVS];   /* [O] */
} SgVggTensors;

/* Of torchvision's state dict (features.0.weight …, under any prefix), or of any file that has 13
 * such convolutions in this order and no other of 3 × 3, as NVlabs' vgg16.pt is said to. Errors:
 * another network, with the tensor that is missing or misshapen. */
gboolean sg_vgg_find(const SgArchive *file, SgVggTensors *found, GError **error);
/* Dense layer k (0 or 1) of its classifier, under torchvision's names: weight [O, inputs], bias
 * [O], borrowed. Errors: it is missing, or takes another number of inputs. */
gboolean sg_vgg_find_dense(const SgArchive *file, int k, gint64 inputs, SgTensor **weight,
                           SgTensor **bias, GError **error);

G_END_DECLS
