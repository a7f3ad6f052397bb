/* A training that starts from a model's weights: its options take the architecture from the model,
 * and its networks what fits of the weights. */
#pragma once

#include "engine/learn/learn.h"
#include "engine/models/model.h"

G_BEGIN_DECLS

/* Sets what the networks are made of (z-dim, w-dim, mapping-layers, channel-base, g-arch …) to what
 * the model is, whatever the preset says. What the user has set to something else is an error
 * (G_OPTION_ERROR) that names the option and both values. Size, colour channels and labels follow
 * the model unless the user has set them: there the training may differ. Call before the data set
 * decides them. Error (SG_FORMAT_ERROR): the model is no StyleGAN2, or none that options
 * describe. */
gboolean sg_train_options_adopt(SgTrainOptions *o, const SgModel *m, GError **error);

/* What becomes of each tensor. */
typedef struct {
  char *name;               /* "generator", or a part of the network before it: "b64" */
  guint copied, anew, left; /* left: the model has it and this network has no place for it */
} SgAdoptedPart;

typedef struct {
  GPtrArray *parts; /* of SgAdoptedPart; a part of which all is copied is not listed */
} SgAdopted;

/* Copies from the model (G_ema where there is no G, and the other way round) every tensor whose
 * name and shape this training's networks have; the rest keeps its initial values. NULL and error,
 * with nothing copied, where nothing explains the difference: no other size, channels or labels,
 * no missing discriminator. */
SgAdopted *sg_learn_adopt(SgLearn *l, const SgModel *m, GError **error);
/* The table as lines of text; to be freed. */
char *sg_adopted_text(const SgAdopted *a);
void sg_adopted_free(SgAdopted *a);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgAdopted, sg_adopted_free)

G_END_DECLS
