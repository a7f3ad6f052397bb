/* A recipe's JSON; what is accepted has to survive being written and read again. */
#include "engine/explore/recipe.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_autofree char *hash = NULL, *path = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRecipe) a =
      sg_recipe_from_json((const char *)data, (gssize)size, &hash, &path, &error);

  g_assert_true((a != NULL) != (error != NULL));
  if (!a)
    return 0;
  g_autofree char *json = sg_recipe_to_json(a, hash, path);
  g_autoptr(SgRecipe) b = sg_recipe_from_json(json, -1, NULL, NULL, NULL);
  g_assert_true(b && sg_recipe_equal(a, b));
  return 0;
}
