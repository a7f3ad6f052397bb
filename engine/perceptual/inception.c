#include "engine/perceptual/inception.h"
#include <math.h>
#include <string.h>
#include "engine/base/philox.h"
#include "engine/base/sha256.h"
#include "engine/base/visible.h"
#include "engine/formats/format-error.h"
#include "engine/perceptual/inception-file.h"

#define RANDOM_SEED 20151205

struct _SgInception {
  SgInceptionPlan plan;
  SgFrozenNet *net;
  float *classifier; /* [1008, 2048] */
  char *identity;
  int batch;
};

static gsize
weights_of(const SgInceptionPlan *p, guint i)
{
  const SgFrozenStep *s = &g_array_index(p->steps, SgFrozenStep, i);
  const SgInceptionLayer *l = &g_array_index(p->layers, SgInceptionLayer, i);
  return (gsize)s->out * (gsize)l->in * (gsize)s->kh * (gsize)s->kw;
}

/* ---- random ones ----------------------------------------------------------------------------- */

static void
draw(const SgFrozenStep *s, const SgInceptionLayer *l, guint i, float *weight, float *bias)
{
  gsize row = (gsize)l->in * (gsize)s->kh * (gsize)s->kw;
  SgPhilox rng = {.seed = RANDOM_SEED, .stream = i};
  float std = (float)sqrt(2.0 / (double)row);

  sg_philox_normals(&rng, (gsize)s->out * row, weight);
  for (gsize k = 0; k < (gsize)s->out * row; k++)
    weight[k] *= std;
  memset(bias, 0, sizeof(float) * (gsize)s->out);
}

/* ---- the network ----------------------------------------------------------------------------- */

/* Of the file, or random ones where there is none: steps' weights, and all of them one behind the
 * other in *numbers, to be freed. */
static gboolean
fill(SgInception *n, SgInceptionFile *f, float **numbers, GError **error)
{
  gsize total = 0, at = 0;

  for (guint i = 0; i < n->plan.steps->len; i++)
    total += weights_of(&n->plan, i) + (gsize)g_array_index(n->plan.steps, SgFrozenStep, i).out;
  if (!(*numbers = g_try_new(float, total)))
    return sg_no_memory(error, "for the Inception network");
  for (guint i = 0; i < n->plan.steps->len; i++) {
    SgFrozenStep *s = &g_array_index(n->plan.steps, SgFrozenStep, i);
    const SgInceptionLayer *l = &g_array_index(n->plan.layers, SgInceptionLayer, i);
    float *weight = *numbers + at, *bias = weight + weights_of(&n->plan, i);
    if (s->kind != SG_FROZEN_CONV)
      continue;
    if (f && !sg_inception_file_layer(f, s, l, weight, bias, error))
      return FALSE;
    if (!f)
      draw(s, l, i, weight, bias);
    s->weight = weight;
    s->bias = bias;
    at += weights_of(&n->plan, i) + (gsize)s->out;
  }
  return TRUE;
}

static gboolean
fill_classifier(SgInception *n, SgInceptionFile *f, GError **error)
{
  gsize count = (gsize)SG_INCEPTION_CLASSES * SG_INCEPTION_FEATURES;
  const float *w = f ? sg_inception_file_classifier(f, error) : NULL;

  if (f && !w)
    return FALSE;
  if (!(n->classifier = g_try_new0(float, count)))
    return sg_no_memory(error, "for the Inception network");
  if (w)
    memcpy(n->classifier, w, count * sizeof(float));
  return TRUE;
}

static SgInception *
build(SgInceptionFile *f, int batch, SgPrecision precision, GError **error)
{
  g_autoptr(SgInception) n = g_new0(SgInception, 1);
  g_autofree float *numbers = NULL;

  n->batch = batch;
  sg_inception_plan_init(&n->plan);
  if (!fill(n, f, &numbers, error) || !fill_classifier(n, f, error))
    return NULL;
  n->net = sg_frozen_net_new(batch, (const SgFrozenPlace *)(gpointer)n->plan.places->data,
                             (int)n->plan.places->len,
                             (const SgFrozenStep *)(gpointer)n->plan.steps->data,
                             (int)n->plan.steps->len, precision, error);
  g_autofree char *hash = f ? sg_sha256_hex(&f->sum) : g_strdup("random");
  n->identity =
      g_strdup_printf("inception %s %s", hash, precision == SG_PRECISION_BF16 ? "bf16" : "fp32");
  return n->net ? g_steal_pointer(&n) : NULL;
}

SgInception *
sg_inception_new(const SgArchive *weights, int batch, SgPrecision precision, GError **error)
{
  SgInceptionFile f = {.archive = weights, .name = sg_visible(weights->path)};

  sha256_init(&f.sum);
  SgInception *n = build(&f, batch, precision, error);
  g_free(f.name);
  return n;
}

SgInception *
sg_inception_new_random(int batch, SgPrecision precision, GError **error)
{
  return build(NULL, batch, precision, error);
}

void
sg_inception_free(SgInception *n)
{
  if (!n)
    return;
  sg_frozen_net_free(n->net);
  sg_inception_plan_clear(&n->plan);
  g_free(n->classifier);
  g_free(n->identity);
  g_free(n);
}

const char *
sg_inception_identity(const SgInception *n)
{
  return n->identity;
}

int
sg_inception_batch(const SgInception *n)
{
  return n->batch;
}

/* ---- running --------------------------------------------------------------------------------- */

void
sg_inception_block_size(const SgInception *n, int block, int *c, int *h, int *w)
{
  const SgFrozenPlace *p = &g_array_index(n->plan.places, SgFrozenPlace, n->plan.block[block]);

  *c = p->channels;
  *h = p->h;
  *w = p->w;
}

gboolean
sg_inception_block(SgInception *n, int block, int count, float *planes, GError **error)
{
  return sg_frozen_net_read(n->net, n->plan.block[block], count, planes, error);
}

/* The last block's planes, averaged. */
gboolean
sg_inception_run(SgInception *n, int count, const float *pictures, float *features, GError **error)
{
  int c, h, w;

  sg_inception_block_size(n, SG_INCEPTION_BLOCKS - 1, &c, &h, &w);
  gsize plane = (gsize)h * (gsize)w;
  g_autofree float *planes = g_try_new(float, (gsize)count *(gsize)c *plane);
  if (!planes)
    return sg_no_memory(error, "for features of pictures");
  if (!sg_frozen_net_run(n->net, count, pictures, error) ||
      !sg_inception_block(n, SG_INCEPTION_BLOCKS - 1, count, planes, error))
    return FALSE;
  for (gsize i = 0; i < (gsize)count * (gsize)c; i++) {
    double sum = 0;
    for (gsize k = 0; k < plane; k++)
      sum += (double)planes[i * plane + k];
    features[i] = (float)(sum / (double)plane);
  }
  return TRUE;
}

void
sg_inception_logits(const SgInception *n, int count, const float *features, float *logits)
{
#pragma omp parallel for schedule(static)
  for (int i = 0; i < count * SG_INCEPTION_CLASSES; i++) {
    const float *f = features + (gsize)(i / SG_INCEPTION_CLASSES) * SG_INCEPTION_FEATURES;
    const float *w = n->classifier + (gsize)(i % SG_INCEPTION_CLASSES) * SG_INCEPTION_FEATURES;
    double sum = 0;
    for (int k = 0; k < SG_INCEPTION_FEATURES; k++)
      sum += (double)f[k] * (double)w[k];
    logits[i] = (float)sum;
  }
}
