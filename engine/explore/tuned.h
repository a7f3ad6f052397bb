/* Tuned weights as a file: what is added to a model's generator, beside a picture. The model itself
 * stays as it is. */
#pragma once

#include "engine/explore/recipe.h"

G_BEGIN_DECLS

/* Writes tuned-HASH.safetensors to `folder` (whose path is UTF-8): for each tensor of the generator
 * that `tuned` has otherwise, under its name, the difference; and makes the recipe name it. */
gboolean sg_tuned_save(const SgModel *model, const SgModel *tuned, const char *folder,
                       SgRecipe *recipe, GError **error);
/* The model with that added: shares every tensor that stays, has no hash and keeps the path. Errors
 * name the file: it is gone, holds something else than the recipe was made with, or does not fit
 * the model. */
SgModel *sg_tuned_apply(SgModel *model, const SgTunedWeights *tuning, GError **error);

G_END_DECLS
