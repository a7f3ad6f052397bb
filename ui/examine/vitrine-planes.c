#include "ui/examine/vitrine-planes.h"
#include "ui/parts/vitrine-pixels.h"

GdkPaintable *
vitrine_planes_paintable(const SgModel *model, const guint8 *planes)
{
  int r = model->info.img_resolution, c = model->info.img_channels;
  gsize n = (gsize)r * (gsize)r;
  guint8 *rgb = g_malloc(3 * n);

  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < 3; k++)
      rgb[3 * i + k] = planes[(c >= 3 ? k : 0) * n + i];
  g_autoptr(GBytes) bytes = g_bytes_new_take(rgb, 3 * n);
  g_autoptr(GdkTexture) texture =
      gdk_memory_texture_new(r, r, GDK_MEMORY_R8G8B8, bytes, 3 * (gsize)r);
  return vitrine_pixels_new(texture);
}
