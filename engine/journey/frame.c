#include "engine/journey/frame.h"
#include "engine/data/square.h"
#include "engine/formats/format-error.h"
#include "engine/kernels/element.h"
#include <string.h>

gboolean
sg_frame_init(SgFrame *f, const SgModelInfo *info, int columns, int rows, int size, gboolean sharp,
              GError **error)
{
  gint64 pixels = (gint64)columns * rows * size * size;

  *f = (SgFrame){.columns = columns, .rows = rows, .size = size, .sharp = sharp};
  f->bytes = (int)k_drawn_bytes((unsigned)info->img_channels);
  if (pixels > SG_PICTURE_MAX_PIXELS)
    return sg_unsupported(error,
                          "%d × %d faces of %d pixels are more than the %d million pixels of "
                          "a picture",
                          columns, rows, size, SG_PICTURE_MAX_PIXELS / 1000000);
  f->pixels = g_try_malloc0_n((gsize)pixels, (gsize)f->bytes);
  f->planes = g_try_malloc_n((gsize)size * (gsize)size, (gsize)f->bytes);
  if (f->pixels && f->planes)
    return TRUE;
  sg_frame_clear(f);
  return sg_no_memory(error, "for a frame");
}

void
sg_frame_clear(SgFrame *f)
{
  g_clear_pointer(&f->pixels, g_free);
  g_clear_pointer(&f->planes, g_free);
}

static gsize
line_bytes(const SgFrame *f)
{
  return (gsize)f->columns * (gsize)f->size * (gsize)f->bytes;
}

static guint8 *
cell_at(const SgFrame *f, int cell)
{
  gsize across = (gsize)(cell % f->columns) * (gsize)f->size * (gsize)f->bytes;
  return f->pixels + (gsize)(cell / f->columns) * (gsize)f->size * line_bytes(f) + across;
}

/* Pixel by pixel: as it is, or squares. */
static void
put_sharp(SgFrame *f, guint8 *to, const SgPicture *p)
{
  gsize bytes = (gsize)f->bytes;

  for (int y = 0; y < f->size; y++, to += line_bytes(f)) {
    const guint8 *row = p->rgb + (gsize)((gint64)y * p->height / f->size) * (gsize)p->width * bytes;
    for (int x = 0; x < f->size; x++)
      memcpy(to + (gsize)x * bytes, row + (gsize)((gint64)x * p->width / f->size) * bytes, bytes);
  }
}

/* With alpha, or smaller. */
static void
put_planes(SgFrame *f, guint8 *to, const SgPicture *p)
{
  gsize bytes = (gsize)f->bytes, plane = (gsize)f->size * (gsize)f->size;
  /* What has alpha is multiplied by it in place. */
  g_autofree guint8 *copy = g_memdup2(p->rgb, (gsize)p->width * (gsize)p->height * bytes);
  SgPixels picture = {.pixels = copy, .width = p->width, .height = p->height, .channels = p->bytes};

  sg_picture_square(&picture, f->bytes, f->size, SG_TRANSFORM_STRETCH, f->planes);
  for (int y = 0; y < f->size; y++, to += line_bytes(f))
    for (gsize c = 0; c < bytes; c++) {
      const guint8 *from = f->planes + c * plane + (gsize)y * (gsize)f->size;
      for (gsize x = 0; x < (gsize)f->size; x++)
        to[x * bytes + c] = from[x];
    }
}

void
sg_frame_put(SgFrame *f, int cell, const SgPicture *picture)
{
  guint8 *to = cell_at(f, cell);

  g_assert(picture->bytes == f->bytes && cell < f->columns * f->rows);
  if (f->sharp || picture->width == f->size)
    put_sharp(f, to, picture);
  else if (picture->bytes == 3 && picture->width < f->size)
    sg_picture_enlarge(picture->rgb, picture->width, picture->height, 3, f->size, to,
                       line_bytes(f));
  else
    put_planes(f, to, picture);
}
