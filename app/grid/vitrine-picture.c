#include "app/grid/vitrine-picture.h"
#include <string.h>

void
vitrine_picture_layout(int faces, int *columns, int *rows)
{
  int square = 1;

  while (square * square < faces)
    square++;
  *columns = square;
  for (int c = square; c <= 2 * square; c++)
    if (faces % c == 0 && c <= 2 * (faces / c)) {
      *columns = c;
      break;
    }
  *rows = (faces + *columns - 1) / *columns;
}

gboolean
vitrine_picture_locate(int faces, int width, int height, SgRegion *part, int *face)
{
  int columns, rows;

  vitrine_picture_layout(faces, &columns, &rows);
  int column = (part->x + part->w / 2) / width, row = (part->y + part->h / 2) / height;
  int x = part->x - column * width, y = part->y - row * height;
  *face = row * columns + column;
  *part = (SgRegion){MAX(x, 0), MAX(y, 0), MIN(x + part->w, width) - MAX(x, 0),
                     MIN(y + part->h, height) - MAX(y, 0)};
  return *face < faces && part->w > 0 && part->h > 0;
}

guint8 *
vitrine_picture_grid(const SgPicture *p, int *width, int *height)
{
  int columns, rows;
  gsize bytes = (gsize)p->bytes, line = (gsize)p->width * bytes;

  vitrine_picture_layout(p->faces, &columns, &rows);
  *width = columns * p->width;
  *height = rows * p->height;
  guint8 *grid = g_malloc0_n((gsize)*width * bytes, (gsize)*height);
  for (int i = 0; i < p->faces; i++) {
    const guint8 *face = p->rgb + (gsize)i * line * (gsize)p->height;
    guint8 *corner = grid + (gsize)(i / columns) * (gsize)p->height * (gsize)*width * bytes +
                     (gsize)(i % columns) * line;
    for (int y = 0; y < p->height; y++)
      memcpy(corner + (gsize)y * (gsize)*width * bytes, face + (gsize)y * line, line);
  }
  return grid;
}

GdkTexture *
vitrine_picture_texture(const SgPicture *picture)
{
  int width, height;
  guint8 *grid = vitrine_picture_grid(picture, &width, &height);
  gsize stride = (gsize)width * (gsize)picture->bytes;
  g_autoptr(GBytes) bytes = g_bytes_new_take(grid, stride * (gsize)height);
  GdkTexture *texture = gdk_memory_texture_new(
      width, height, picture->bytes == 4 ? GDK_MEMORY_R8G8B8A8 : GDK_MEMORY_R8G8B8, bytes, stride);
  if (picture->bytes == 4)
    g_object_set_data(G_OBJECT(texture), VITRINE_TEXTURE_ALPHA, texture);
  return texture;
}

guint8 *
vitrine_pixels_smaller(const guint8 *rgb, int width, int height, int by, int bytes)
{
  gsize w = (gsize)(width / by), h = (gsize)(height / by), pixel = (gsize)bytes;
  gsize line = (gsize)width * pixel;
  guint8 *to = g_malloc(w * h * pixel);
  guint all = (guint)(by * by);

  for (gsize y = 0; y < h; y++)
    for (gsize x = 0; x < w; x++)
      for (gsize k = 0; k < pixel; k++) {
        const guint8 *from = rgb + y * (gsize)by * line + x * (gsize)by * pixel + k;
        guint sum = 0;
        for (int i = 0; i < by; i++, from += line)
          for (int j = 0; j < by; j++)
            sum += from[(gsize)j * pixel];
        to[(y * w + x) * pixel + k] = (guint8)((sum + all / 2) / all);
      }
  return to;
}

static GdkTexture *
rgb_texture(guint8 *rgb, int width, int height)
{
  g_autoptr(GBytes) bytes = g_bytes_new_take(rgb, (gsize)width * (gsize)height * 3);

  return gdk_memory_texture_new(width, height, GDK_MEMORY_R8G8B8, bytes, (gsize)width * 3);
}

GdkTexture *
vitrine_pixels_texture(guint8 *rgb, int width, int height, int most)
{
  if (!rgb)
    return NULL;
  int by = (MAX(width, height) + most - 1) / most;
  guint8 *small =
      by > 1 && MIN(width, height) >= by ? vitrine_pixels_smaller(rgb, width, height, by, 3) : NULL;
  GdkTexture *texture = rgb_texture(rgb, width, height);

  if (small)
    g_object_set_data_full(G_OBJECT(texture), VITRINE_TEXTURE_SMALLER,
                           rgb_texture(small, width / by, height / by), g_object_unref);
  return texture;
}
