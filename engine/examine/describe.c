#include "engine/examine/describe.h"
#include "engine/data/square.h"
#include "engine/explore/face-sample.h"
#include <math.h>
#include <string.h>

/* Pixels along an axis where there is no discriminator. */
#define SMALL 16

struct _SgDescriber {
  int channels, r, grid, count;
  SgDiscriminator *d; /* NULL: none */
};

SgDescriber *
sg_describer_new(SgModel *model, SgBackend *b, GError **error)
{
  g_autoptr(SgDescriber) d = g_new0(SgDescriber, 1);

  d->channels = model->info.img_channels;
  d->r = model->info.img_resolution;
  d->count = SMALL * SMALL * d->channels;
  if (!model->info.has_d)
    return g_steal_pointer(&d);
  if (!(d->d = sg_discriminator_new(b, model, error)))
    return NULL;
  d->grid = sg_feature_grid(d->d);
  d->count = sg_discriminator_feature_count(d->d, d->grid);
  return g_steal_pointer(&d);
}

void
sg_describer_free(SgDescriber *d)
{
  if (!d)
    return;
  g_clear_pointer(&d->d, sg_discriminator_free);
  g_free(d);
}

int
sg_describer_count(const SgDescriber *d)
{
  return d->count;
}

gboolean
sg_describer_has_features(const SgDescriber *d)
{
  return d->d != NULL;
}

/* Channel by channel, as grey pictures, since of others alpha would be mixed in. */
static void
small_colours(const SgDescriber *d, const guint8 *planes, float *out)
{
  gsize n = (gsize)d->r * (gsize)d->r;
  guint8 small[SMALL * SMALL];

  for (int c = 0; c < d->channels; c++) {
    g_auto(SgPixels)
        p = {.pixels = g_malloc(3 * n), .width = d->r, .height = d->r, .channels = 3, .grey = TRUE};
    for (gsize i = 0; i < n; i++)
      memset(p.pixels + 3 * i, planes[(gsize)c * n + i], 3);
    sg_picture_square(&p, 1, SMALL, SG_TRANSFORM_STRETCH, small);
    for (int i = 0; i < SMALL * SMALL; i++)
      out[c * SMALL * SMALL + i] = small[i] / 127.5f - 1;
  }
}

static void
to_unit_length(int count, float *v)
{
  double squares = 0;

  for (int i = 0; i < count; i++)
    squares += (double)v[i] * (double)v[i];
  for (int i = 0; squares > 0 && i < count; i++)
    v[i] = (float)((double)v[i] / sqrt(squares));
}

gboolean
sg_describer_run(SgDescriber *d, int n, const guint8 *planes, float *out, GError **error)
{
  gsize size = (gsize)d->channels * (gsize)d->r * (gsize)d->r;
  g_autofree float *images = d->d ? g_new(float, size *(gsize)n) : NULL;

  for (gsize i = 0; d->d && i < size * (gsize)n; i++)
    images[i] = planes[i] / 127.5f - 1;
  if (d->d && !sg_discriminator_features(d->d, n, images, d->grid, out, error))
    return FALSE;
  for (int i = 0; i < n; i++) {
    float *one = out + (gsize)i * (gsize)d->count;
    if (!d->d)
      small_colours(d, planes + (gsize)i * size, one);
    to_unit_length(d->count, one);
  }
  return TRUE;
}

double
sg_describer_distance(const SgDescriber *d, const float *a, const float *b)
{
  double squares = 0;

  for (int i = 0; i < d->count; i++)
    squares += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
  return sqrt(squares);
}
