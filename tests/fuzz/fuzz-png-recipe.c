/* The recipe inside a PNG, through to the recipe itself. */
#include "engine/explore/recipe.h"
#include "engine/pictures/picture.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = sg_png_read_recipe_memory("fuzz", data, size, &error);

  g_assert_true(!text || !error);
  if (text) {
    g_autoptr(SgRecipe) recipe = sg_recipe_from_json(text, -1, NULL, NULL, NULL);
  }
  return 0;
}
