/* Style mixing (Karras et al. 2019, section 3.1): which w draws what, and the recipes of the
 * classic grid. What a recipe's mixing means is in recipe.h. */
#pragma once

#include "engine/explore/recipe.h"

G_BEGIN_DECLS

/* Writes for each w of the synthesis network, [info.num_ws], the resolution in pixels of the first
 * convolution that takes it, or that of the toRGB where no convolution does. Cheap: no network is
 * built. */
void sg_style_resolutions(const SgModel *model, int *resolutions);
/* The paper's group of the same layer, [info.num_ws]. */
void sg_style_groups(const SgModel *model, SgStyleGroup *groups);

/* Face 0 of `row`, with the styles of face 0 of `column` in the w where styles[k], [num_ws]: a new
 * recipe of one face. What the column decides is its w; truncation, noise and weights are the
 * row's. */
SgRecipe *sg_mix_pair(const SgRecipe *row, const SgRecipe *column, int num_ws,
                      const gboolean *styles);

G_END_DECLS
