/* What was edited of each model, from one start of the window to the next: the file "edits" of
 * VitrineStore, {"models": [{"hash", "space", "recipe"}…]}, newest first. Bounded in number and in
 * bytes; what was not touched for longest goes. */
#pragma once

#include "engine/explore/recipe.h"

G_BEGIN_DECLS

#define VITRINE_EDITS_MAX 64
/* Of all recipes together, as text; the newest is kept in any case. */
#define VITRINE_EDITS_BYTES (1024 * 1024)

/* Remembers the recipe (read before returning) and the space that is listed for the model of that
 * hash, in the place of what was there. */
void vitrine_edits_keep(const char *hash, const SgRecipe *recipe, SgSpace space);
/* A recipe to be freed, NULL: nothing is remembered, or it does not fit. *space is set with it. */
SgRecipe *vitrine_edits_find(const char *hash, const SgModelInfo *info, SgSpace *space);

G_END_DECLS
