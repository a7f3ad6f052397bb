/* PNG and JPEG pixels. */
#include "engine/pictures/picture.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_autofree guint8 *rgb = NULL;
  g_autoptr(GError) error = NULL;
  int width, height;
  gboolean ok = sg_picture_read_memory("fuzz", data, size, &rgb, &width, &height, &error);

  g_assert_true(ok == (error == NULL));
  g_assert_true(!ok || (width > 0 && height > 0 && rgb));
  return 0;
}
