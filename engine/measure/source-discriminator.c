/* The features of a model's own discriminator. */
#include "engine/base/visible.h"
#include "engine/formats/format-error.h"
#include "engine/measure/sources.h"
#include "engine/nets/discriminator.h"
#include "engine/projection/feature-loss.h"

typedef struct {
  SgFeatureSource base;
  SgModel *model;
  SgBackend *backend;
  SgDiscriminator *d;
  SgTape *tape; /* with weights: made when distances are first asked for */
  SgWeights *weights;
} Source;

static gboolean
rows(SgFeatureSource *source, int n, const float *pictures, float *out, GError **error)
{
  Source *s = source->data;
  return sg_discriminator_features(s->d, n, pictures, 1, out, error);
}

static gboolean
need_tape(Source *s, GError **error)
{
  if (s->weights)
    return TRUE;
  g_autoptr(SgWeights) w =
      sg_weights_new(s->backend, sg_model_discriminator(s->model), FALSE, error);
  if (!w || !sg_weights_load(w, s->model, "D.", error))
    return FALSE;
  s->tape = sg_tape_new(s->backend);
  sg_tape_record(s->tape, FALSE);
  s->weights = g_steal_pointer(&w);
  return TRUE;
}

static gboolean
distances(SgFeatureSource *source, int n, const float *pictures, double *out, GError **error)
{
  Source *s = source->data;
  int c = s->model->info.img_channels, r = s->model->info.img_resolution;
  gsize half = (gsize)n * (gsize)c * (gsize)r * (gsize)r;
  g_autofree float *values = g_try_new(float, (gsize)n);
  g_auto(SgFeatures) before = {0};

  if (!values)
    return sg_no_memory(error, "for distances");
  if (!need_tape(s, error))
    return FALSE;
  g_autoptr(SgBuf) from = sg_buf_from_floats(s->backend, pictures, n, c, r, r, error);
  g_autoptr(SgBuf) to =
      from ? sg_buf_from_floats(s->backend, pictures + half, n, c, r, r, error) : NULL;
  if (!to)
    return FALSE;
  sg_tape_enter(s->tape);
  SgVar *d = sg_features_of(s->tape, s->weights, from, &before)
                 ? sg_feature_loss(s->tape, s->weights, sg_var_constant(s->tape, to), &before)
                 : NULL;
  if (d)
    s->backend->download(d->value, values);
  sg_tape_leave(s->tape, NULL);
  if (!sg_tape_reset(s->tape, error) || !sg_backend_check(s->backend, error))
    return FALSE;
  for (int i = 0; i < n; i++)
    out[i] = (double)values[i];
  return TRUE;
}

static void
release(SgFeatureSource *source)
{
  Source *s = source->data;

  sg_discriminator_free(s->d);
  if (s->tape)
    sg_tape_free(s->tape);
  sg_weights_free(s->weights);
  sg_model_unref(s->model);
  g_free(s->base.identity);
  g_free(s);
}

SgFeatureSource *
sg_source_discriminator_new(SgBackend *b, SgModel *model, GError **error)
{
  g_autofree char *name = sg_visible(model->path ? model->path : "");

  if (!model->info.has_d) {
    sg_unsupported(error,
                   "%s: these metrics compare features of the discriminator, which this "
                   "file does not have",
                   name);
    return NULL;
  }
  SgDiscriminator *d = sg_discriminator_new(b, model, error);
  if (!d)
    return NULL;
  Source *s = g_new0(Source, 1);
  *s = (Source){.model = sg_model_ref(model), .backend = b, .d = d};
  s->base = (SgFeatureSource){.name = "d",
                              .identity = g_strconcat("discriminator ", model->hash, NULL),
                              .dim = sg_discriminator_feature_count(d, 1),
                              .rows = rows,
                              .distances = distances,
                              .release = release,
                              .data = s};
  return &s->base;
}
