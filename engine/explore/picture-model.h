/* A picture and the model it was made with.
 *
 * A saved picture names its model by the hash of the weights and by the name of the file, without
 * the folder: people give pictures away, and where their files lie is nobody's business. (Older
 * pictures name the whole path.) Whoever opens the picture looks for those weights. */
#pragma once

#include "engine/explore/recipe.h"

G_BEGIN_DECLS

/* What a picture of `recipe` carries; to be freed. A model that is followed in a training's folder
 * is called by the folder's name and "/". */
char *sg_picture_recipe(const SgRecipe *recipe, const SgModel *model);

/* The model whose weights have that hash: at `name` if that is an absolute path, beside `picture`
 * under that name, in the list `places` (NULL-terminated paths; those of that name first), or in
 * any other model file beside the picture. NULL if it is in none of them. Each file that is looked
 * at is read whole: not for threads that somebody waits for. `name` and `places` may be NULL. */
SgModel *sg_find_model(const char *hash, const char *name, const char *picture,
                       const char *const *places);

/* Noise maps and tuned weights that are not where the recipe of the picture at `path` says, but
 * beside it under the same name, are taken from there: folders are moved and given away. Their
 * content is checked when they are read. */
void sg_find_recipe_files(SgRecipe *recipe, const char *path);

G_END_DECLS
