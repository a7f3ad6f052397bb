/* PNG and JPEG pixels, what a file says of its origin, and the recipe inside. */
#include "engine/pictures/picture-write.h"
#include "engine/pictures/picture.h"
#include "engine/pictures/provenance.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_autofree guint8 *rgb = NULL;
  g_autoptr(GError) error = NULL;
  int width, height;
  gboolean ok = sg_picture_read_memory("fuzz", data, size, &rgb, &width, &height, &error);

  g_auto(SgProvenance) p;
  sg_provenance_read(&p, data, size);
  g_assert_true(p.tables >= 0 && p.tables <= 4 && p.quality >= 0 && p.quality <= 100);
  g_autofree char *recipe = sg_picture_read_recipe_memory("fuzz", data, size, NULL);
  g_assert_true(!recipe || g_utf8_validate(recipe, -1, NULL));
  g_assert_true(ok == (error == NULL));
  g_assert_true(!ok || (width > 0 && height > 0 && rgb));
  return 0;
}
