#include "engine/perceptual/inception-file.h"
#include <math.h>
#include "engine/formats/format-error.h"

#define EPSILON 1e-3 /* of the batch normalisation */
#define NAMED   "Inception weights of FID (pytorch-fid's pt_inception-2015-12-05-6726825d.pth)"

static const float *
find(SgInceptionFile *f, const char *name, int n, const int *shape, GError **error)
{
  SgEntry *e = g_hash_table_lookup(f->archive->by_name, name);
  gsize count = 1;
  gboolean fits = e && e->tensor->ndim == n;

  for (int i = 0; i < n; i++) {
    fits = fits && e->tensor->shape[i] == shape[i];
    count *= (gsize)shape[i];
  }
  if (!e || !fits)
    return sg_unsupported(error, "%s: expected " NAMED ": %s %s", f->name, name,
                          !e ? "is missing" : "has another shape"),
           NULL;
  if (!g_str_equal(e->dtype, "float32"))
    return sg_unsupported(error,
                          "%s: %s is %s and not float32: these numbers have been rounded, and a "
                          "distance by them would not be FID's",
                          f->name, name, e->dtype),
           NULL;
  for (gsize i = 0; i < count; i++)
    if (!isfinite(e->tensor->data[i]))
      return sg_broken(error, "%s: %s has numbers that are not finite", f->name, name), NULL;
  sha256_update(&f->sum, count * sizeof(float), (const guint8 *)e->tensor->data);
  return e->tensor->data;
}

static const float *
find_part(SgInceptionFile *f, const char *layer, const char *part, int n, const int *shape,
          GError **error)
{
  g_autofree char *name = g_strconcat(layer, part, NULL);
  return find(f, name, n, shape, error);
}

gboolean
sg_inception_file_layer(SgInceptionFile *f, const SgFrozenStep *s, const SgInceptionLayer *l,
                        float *weight, float *bias, GError **error)
{
  const int shape[] = {s->out, l->in, s->kh, s->kw};
  gsize row = (gsize)l->in * (gsize)s->kh * (gsize)s->kw;
  const float *w = find_part(f, l->name, ".conv.weight", 4, shape, error);
  const float *gamma = w ? find_part(f, l->name, ".bn.weight", 1, shape, error) : NULL;
  const float *beta = gamma ? find_part(f, l->name, ".bn.bias", 1, shape, error) : NULL;
  const float *mean = beta ? find_part(f, l->name, ".bn.running_mean", 1, shape, error) : NULL;
  const float *var = mean ? find_part(f, l->name, ".bn.running_var", 1, shape, error) : NULL;

  for (int o = 0; var && o < s->out; o++) {
    double factor = (double)gamma[o] / sqrt((double)var[o] + EPSILON);
    for (gsize k = 0; k < row; k++)
      weight[(gsize)o * row + k] = (float)(factor * (double)w[(gsize)o * row + k]);
    bias[o] = (float)((double)beta[o] - (double)mean[o] * factor);
  }
  return var != NULL;
}

const float *
sg_inception_file_classifier(SgInceptionFile *f, GError **error)
{
  const int shape[] = {SG_INCEPTION_CLASSES, SG_INCEPTION_FEATURES};
  return find(f, "fc.weight", 2, shape, error);
}
