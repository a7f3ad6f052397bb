/* The discriminator as a function of pictures, layer by layer. */
#include "engine/gradients/layers.h"
#include "engine/gradients/networks.h"
#include "engine/autograd/ops.h"
#include "engine/nets/geometry.h"
#include <math.h>

typedef struct {
  SgTape *t;
  const SgWeights *d;
  SgVar *img, *c;
  SgVar **results; /* [layers] */
} Run;

static SgVar *
result_of(const Run *r, int layer)
{
  return layer >= 0                 ? r->results[layer]
         : layer == SG_FROM_PICTURE ? r->img
         : layer == SG_FROM_LABEL   ? r->c
                                    : NULL;
}

/* What another branch left, plus y. */
static SgVar *
added(const Run *r, const SgLayer *l, SgVar *y)
{
  SgVar *other = result_of(r, l->add);

  if (l->add < 0)
    return y;
  return other && y ? sg_op_add(r->t, other, y) : NULL;
}

static SgVar *
flat(const Run *r, const SgLayer *l, SgVar *x)
{
  return x && V(x)->fmt == SG_FMT_ACT ? sg_op_to_plain(r->t, x, V(x)->n, l->in, 1, 1) : x;
}

/* Miyato & Koyama 2018: x · map / sqrt (size); of a label, the number of its class. */
static SgVar *
project(const Run *r, const SgLayer *l, SgVar *x, SgVar *map)
{
  if (!x || !map)
    return NULL;
  SgVar *sum = sg_op_sum_to(r->t, sg_op_mul(r->t, x, map), V(x)->n, 1, 1, 1);
  return l->second == SG_FROM_LABEL ? sum : sg_op_gain(r->t, sum, 1 / sqrt(V(x)->c));
}

static SgVar *
run_layer(const Run *r, const SgLayer *l)
{
  SgVar *x = result_of(r, l->input), *second = result_of(r, l->second);

  switch (l->kind) {
  case SG_KIND_FROM_RGB:
    return added(r, l, sg_layer_from_rgb(r->t, r->d, l, x));
  case SG_KIND_CONV:
    return added(r, l, sg_layer_conv(r->t, r->d, l, x));
  case SG_KIND_RESAMPLE:
    return sg_layer_filter(r->t, &l->before, x);
  case SG_KIND_BATCH_STD:
    return sg_layer_batch_std(r->t, l, x);
  case SG_KIND_DENSE:
    return sg_layer_dense(r->t, r->d, l, flat(r, l, x));
  case SG_KIND_NORMALIZE:
    return sg_layer_normalize(r->t, x);
  case SG_KIND_PROJECT:
    return project(r, l, x, second);
  default: /* sg_weights_new() has refused it */
    g_assert_not_reached();
  }
}

/* Are both convolutions of one block? What is between them is let go with the block. */
static gboolean
same_block(const SgLayer *a, const SgLayer *b)
{
  return a && b && a->kind == SG_KIND_CONV && b->kind == SG_KIND_CONV &&
         g_str_equal(a->block, b->block);
}

/* The layers in `last` and before it. */
static void
run_until(Run *r, guint last)
{
  const SgNetwork *n = r->d->network;
  const SgLayer *before = NULL;
  SgTape *t = r->t;

  for (guint k = 0; k <= last && !sg_tape_failed(t); k++) {
    const SgLayer *l = sg_network_running(n, k);
    const SgLayer *next = k + 1 < n->run->len ? sg_network_running(n, k + 1) : NULL;
    if (l->kind == SG_KIND_CONV && !same_block(before, l))
      sg_tape_enter(t);
    SgVar *y = run_layer(r, l);
    if (l->kind == SG_KIND_CONV && (!same_block(l, next) || sg_tape_failed(t)))
      y = sg_tape_leave(t, y);
    r->results[sg_layer_index(n, l)] = y;
    before = l;
  }
}

SgVar *
sg_discriminator_logits(SgTape *t, const SgWeights *d, SgVar *img, SgVar *c)
{
  const SgNetwork *n = d->network;
  g_autofree SgVar **results = g_new0(SgVar *, n->layers->len);
  Run r = {t, d, img, c, results};

  sg_tape_enter(t);
  run_until(&r, n->run->len - 1);
  return sg_tape_leave(t, results[n->output]);
}

int
sg_discriminator_blocks(SgTape *t, const SgWeights *d, SgVar *img, int most, SgVar **features)
{
  const SgNetwork *n = d->network;
  g_autofree SgVar **results = g_new0(SgVar *, n->layers->len);
  g_autofree guint *at = g_new(guint, MAX(1, most));
  Run r = {t, d, img, NULL, results};
  int count = 0;

  for (guint k = 0; k < n->run->len && count < most; k++)
    if (sg_layer_ends_block(sg_network_running(n, k)))
      at[count++] = k;
  if (count > 0)
    run_until(&r, at[count - 1]);
  for (int i = 0; i < count; i++)
    features[i] = results[sg_layer_index(n, sg_network_running(n, at[i]))];
  return count;
}
