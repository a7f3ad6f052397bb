/* Recipes between recipes: every number of theirs, weighted. */
#pragma once

#include "engine/explore/recipe.h"

G_BEGIN_DECLS

/* A recipe of one face whose numbers are the weighted sums of those of face 0 of each (truncation,
 * scale, movement, strengths of noise, thresholds, offsets, directions, blends of the same mixing);
 * an edit that one does not have counts as 0 there, as a strength of noise 1. What is no number
 * (seed, class, kinds of noise, sources, loaded vectors, locks that not all have) is that of
 * keys[near]. Weights sum to 1. */
SgRecipe *sg_recipe_blend(int n, SgRecipe *const *keys, const double *weights, int near);

G_END_DECLS
