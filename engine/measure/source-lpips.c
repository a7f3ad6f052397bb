/* Distances of LPIPS, of whole pictures or of the part that a face fills in FFHQ's alignment. */
#include <string.h>
#include "engine/base/room.h"
#include "engine/measure/sources.h"

typedef struct {
  SgFeatureSource base;
  SgLpips *lpips; /* borrowed */
  int channels, size;
  gboolean crop;
} Source;

/* Of each plane rows 3/8 … 7/8 and columns 2/8 … 6/8, as StyleGAN's ppl_* metrics take them. */
static void
crop_planes(int planes, int size, const float *from, float *to)
{
  int c = size / 8, side = 4 * c;

  for (int p = 0; p < planes; p++)
    for (int y = 0; y < side; y++)
      memcpy(to + ((gsize)p * (gsize)side + (gsize)y) * (gsize)side,
             from + ((gsize)p * (gsize)size + (gsize)(3 * c + y)) * (gsize)size + 2 * c,
             sizeof(float) * (gsize)side);
}

static gboolean
distances(SgFeatureSource *source, int n, const float *pictures, double *out, GError **error)
{
  Source *s = source->data;
  int side = s->crop ? s->size / 8 * 4 : s->size;
  gsize half = (gsize)n * (gsize)s->channels * (gsize)side * (gsize)side;
  g_autofree float *cropped = s->crop ? sg_room(2 * half, sizeof *cropped) : NULL;
  const float *all = s->crop ? cropped : pictures;

  if (!all)
    return sg_room_check(error);
  if (s->crop)
    crop_planes(2 * n * s->channels, s->size, pictures, cropped);
  return sg_lpips_distances(s->lpips, n, s->channels, side, side, all, all + half, out, error);
}

static void
release(SgFeatureSource *source)
{
  g_free(source->identity);
  g_free(source->data);
}

SgFeatureSource *
sg_source_lpips_new(SgLpips *lpips, gboolean crop, const char *name, int channels, int size,
                    GError **error)
{
  int side = crop ? size / 8 * 4 : size;

  if (!sg_lpips_check_size(side, side, error))
    return NULL;
  Source *s = g_new0(Source, 1);
  *s = (Source){.lpips = lpips, .channels = channels, .size = size, .crop = crop};
  s->base = (SgFeatureSource){.name = name,
                              .identity = g_strdup(sg_lpips_identity(lpips)),
                              .distances = distances,
                              .release = release,
                              .data = s};
  return &s->base;
}
