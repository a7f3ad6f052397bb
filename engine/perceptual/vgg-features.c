#include "engine/perceptual/vgg-features.h"

#define LAYERS 21 /* 13 convolutions, 5 pools, 2 dense layers, and the picture */

struct _SgVggFeatures {
  SgFrozenNet *net;
  char *identity;
  int batch, count, last; /* last: place */
};

typedef struct {
  SgFrozenPlace places[LAYERS];
  SgFrozenStep steps[LAYERS];
  int n; /* steps; as many places and the picture */
} Plan;

/* The next step, from the last place to a new one. */
static void
add(Plan *p, SgFrozenKind kind, int kernel, int pad, int stride, const SgTensor *w,
    const SgTensor *b)
{
  const SgFrozenPlace *from = &p->places[p->n];
  int side = (from->h + 2 * pad - kernel) / stride + 1;

  p->steps[p->n] = (SgFrozenStep){.kind = kind,
                                  .from = p->n,
                                  .to = p->n + 1,
                                  .kh = kernel,
                                  .kw = kernel,
                                  .stride = stride,
                                  .pad_h = pad,
                                  .pad_w = pad,
                                  .out = w ? (int)w->shape[0] : 0,
                                  .weight = w ? w->data : NULL,
                                  .bias = b ? b->data : NULL,
                                  .relu = TRUE};
  p->places[++p->n] = (SgFrozenPlace){w ? (int)w->shape[0] : from->channels, side, side, FALSE};
}

/* A dense layer over all that the last place has is a convolution as large as it. */
static gboolean
add_dense(Plan *p, const SgArchive *file, int k, GError **error)
{
  const SgFrozenPlace *from = &p->places[p->n];
  SgTensor *w, *b;

  if (!sg_vgg_find_dense(file, k, (gint64)from->channels * from->h * from->w, &w, &b, error))
    return FALSE;
  add(p, SG_FROZEN_CONV, from->h, 0, 1, w, b);
  return TRUE;
}

/* Of the numbers that have gone into the plan. */
static char *
identity_of(const Plan *p)
{
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

  for (int i = 0; i < p->n; i++) {
    const SgFrozenStep *s = &p->steps[i];
    gsize count = (gsize)s->out * (gsize)p->places[i].channels * (gsize)s->kh * (gsize)s->kw;
    for (const float *at = s->weight; at && count > 0;) {
      gsize some = MIN(count, (gsize)1 << 24);
      g_checksum_update(sum, (const guint8 *)at, (gssize)(some * sizeof *at));
      at += some;
      count -= some;
    }
  }
  return g_strdup(g_checksum_get_string(sum));
}

SgVggFeatures *
sg_vgg_features_new(const SgArchive *file, int batch, SgPrecision precision, GError **error)
{
  static const gboolean pooled[SG_VGG_CONVS] = {
      [1] = TRUE, [3] = TRUE, [6] = TRUE, [9] = TRUE, [12] = TRUE};
  g_autoptr(SgVggFeatures) v = g_new0(SgVggFeatures, 1);
  Plan p = {.places = {{3, SG_VGG_SIZE, SG_VGG_SIZE, FALSE}}};
  SgVggTensors t;

  if (!sg_vgg_find(file, &t, error))
    return NULL;
  for (int k = 0; k < SG_VGG_CONVS; k++) {
    add(&p, SG_FROZEN_CONV, 3, 1, 1, t.weight[k], t.bias[k]);
    if (pooled[k])
      add(&p, SG_FROZEN_MAX, 2, 0, 2, NULL, NULL);
  }
  if (!add_dense(&p, file, 0, error) || !add_dense(&p, file, 1, error))
    return NULL;
  v->identity = identity_of(&p);
  v->batch = batch;
  v->last = p.n;
  v->count = p.places[p.n].channels;
  p.places[p.n].keep = TRUE;
  v->net = sg_frozen_net_new(batch, p.places, p.n + 1, p.steps, p.n, precision, error);
  return v->net ? g_steal_pointer(&v) : NULL;
}

void
sg_vgg_features_free(SgVggFeatures *v)
{
  if (!v)
    return;
  sg_frozen_net_free(v->net);
  g_free(v->identity);
  g_free(v);
}

int
sg_vgg_features_count(const SgVggFeatures *v)
{
  return v->count;
}

const char *
sg_vgg_features_identity(const SgVggFeatures *v)
{
  return v->identity;
}

int
sg_vgg_features_batch(const SgVggFeatures *v)
{
  return v->batch;
}

gboolean
sg_vgg_features_run(SgVggFeatures *v, int n, const float *pictures, float *features, GError **error)
{
  return sg_frozen_net_run(v->net, n, pictures, error) &&
         sg_frozen_net_read(v->net, v->last, n, features, error);
}

void
sg_vgg_features_normalise(int n, float *pictures)
{
  static const float mean[3] = {0.485f, 0.456f, 0.406f}, deviation[3] = {0.229f, 0.224f, 0.225f};
  gsize plane = SG_VGG_SIZE * SG_VGG_SIZE;

#pragma omp parallel for schedule(static)
  for (int i = 0; i < 3 * n; i++)
    for (gsize k = 0; k < plane; k++) {
      float *x = &pictures[(gsize)i * plane + k];
      *x = ((*x * 128 + 128) / 255 - mean[i % 3]) / deviation[i % 3];
    }
}
