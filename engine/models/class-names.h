/* What the classes of a conditional network are called. Snapshots of trainings on sets that name
 * their classes say it in their metadata, "class_names": a JSON list of c_dim texts. */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

#define SG_CLASS_NAMES "class_names"

/* [c_dim] names, to be freed with g_strfreev(); NULL: the model does not say, or not of all. */
char **sg_model_class_names(const SgModel *model);
/* What such metadata say; to be freed with g_free(). */
char *sg_class_names_to_metadata(char *const *names);

G_END_DECLS
