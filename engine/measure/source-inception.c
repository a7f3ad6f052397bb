/* The features of an Inception network. */
#include "engine/base/room.h"
#include "engine/measure/sources.h"

typedef struct {
  SgFeatureSource base;
  SgInception *network; /* borrowed */
  SgFitMode mode;
  int channels, size;
} Source;

static gboolean
rows(SgFeatureSource *source, int n, const float *pictures, float *out, GError **error)
{
  Source *s = source->data;
  gsize one = (gsize)s->channels * (gsize)s->size * (gsize)s->size;
  gsize fitted = 3 * (gsize)SG_INCEPTION_SIZE * SG_INCEPTION_SIZE;
  int batch = sg_inception_batch(s->network);
  g_autofree float *fit = sg_room((gsize)batch * fitted, sizeof *fit);

  for (int at = 0; fit && at < n; at += batch) {
    int some = MIN(batch, n - at);
    sg_fit_pictures(s->mode, some, s->channels, s->size, pictures + (gsize)at * one,
                    SG_INCEPTION_SIZE, fit);
    if (!sg_room_check(error) ||
        !sg_inception_run(s->network, some, fit, out + (gsize)at * SG_INCEPTION_FEATURES, error))
      return FALSE;
  }
  return sg_room_check(error);
}

static SgFeatureSet *
logits(SgFeatureSource *source, const SgFeatureSet *features, GError **error)
{
  Source *s = source->data;
  SgFeatureSet *out = sg_feature_set_new(SG_INCEPTION_CLASSES, features->n, error);

  if (!out)
    return NULL;
  out->n = features->n;
  sg_inception_logits(s->network, out->n, features->rows, out->rows);
  return out;
}

static void
release(SgFeatureSource *source)
{
  g_free(source->identity);
  g_free(source->data);
}

SgFeatureSource *
sg_source_inception_new(SgInception *network, SgFitMode mode, const char *name, int channels,
                        int size)
{
  Source *s = g_new0(Source, 1);

  *s = (Source){.network = network, .mode = mode, .channels = channels, .size = size};
  s->base = (SgFeatureSource){
      .name = name,
      .identity = g_strdup_printf("%s %s", sg_inception_identity(network), sg_fit_name(mode)),
      .dim = SG_INCEPTION_FEATURES,
      .rows = rows,
      .logits = logits,
      .release = release,
      .data = s};
  return &s->base;
}
