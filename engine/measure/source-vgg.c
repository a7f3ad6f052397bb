/* The features of VGG16's second dense layer. */
#include "engine/base/room.h"
#include "engine/measure/sources.h"
#include "engine/perceptual/vgg-features.h"

typedef struct {
  SgFeatureSource base;
  SgVggFeatures *network; /* owned */
  int channels, size;
} Source;

static gboolean
rows(SgFeatureSource *source, int n, const float *pictures, float *out, GError **error)
{
  Source *s = source->data;
  gsize one = (gsize)s->channels * (gsize)s->size * (gsize)s->size;
  gsize fitted = 3 * (gsize)SG_VGG_SIZE * SG_VGG_SIZE;
  int batch = sg_vgg_features_batch(s->network);
  g_autofree float *fit = sg_room((gsize)batch * fitted, sizeof *fit);

  for (int at = 0; fit && at < n; at += batch) {
    int some = MIN(batch, n - at);
    sg_fit_pictures(SG_FIT_TF, some, s->channels, s->size, pictures + (gsize)at * one, SG_VGG_SIZE,
                    fit);
    sg_vgg_features_normalise(some, fit);
    if (!sg_room_check(error) ||
        !sg_vgg_features_run(s->network, some, fit, out + (gsize)at * (gsize)source->dim, error))
      return FALSE;
  }
  return sg_room_check(error);
}

static void
release(SgFeatureSource *source)
{
  Source *s = source->data;

  sg_vgg_features_free(s->network);
  g_free(source->identity);
  g_free(s);
}

SgFeatureSource *
sg_source_vgg_new(const SgArchive *file, int batch, SgPrecision precision, const char *name,
                  int channels, int size, GError **error)
{
  SgVggFeatures *network = sg_vgg_features_new(file, batch, precision, error);

  if (!network)
    return NULL;
  Source *s = g_new0(Source, 1);
  *s = (Source){.network = network, .channels = channels, .size = size};
  s->base = (SgFeatureSource){
      .name = name,
      .identity = g_strdup_printf("vgg %s %d", sg_vgg_features_identity(network), (int)precision),
      .dim = sg_vgg_features_count(network),
      .rows = rows,
      .release = release,
      .data = s};
  return &s->base;
}
