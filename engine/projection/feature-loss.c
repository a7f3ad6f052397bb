#include "engine/projection/feature-loss.h"
#include "engine/autograd/ops.h"

#define V(x) ((x)->value)

/* Where all channels are 0 they stay so. */
static SgVar *
unit_length(SgTape *t, SgVar *x)
{
  if (!x)
    return NULL;
  int n = V(x)->n, c = V(x)->c, h = V(x)->h, w = V(x)->w;
  sg_tape_enter(t);
  SgVar *squares = sg_op_sum_to(t, sg_op_mul(t, x, x), n, 1, h, w);
  SgVar *factor = sg_op_expand(t, sg_op_rsqrt(t, squares, 1e-10), SG_FMT_ACT, n, c, h, w);
  return sg_tape_leave(t, sg_op_mul(t, x, factor));
}

gboolean
sg_features_of(SgTape *t, const SgWeights *d, const SgBuf *pictures, SgFeatures *f)
{
  SgVar *blocks[SG_FEATURE_BLOCKS];
  gboolean recorded = sg_tape_record(t, FALSE);

  *f = (SgFeatures){0};
  sg_tape_enter(t);
  int count = sg_discriminator_blocks(t, d, sg_var_constant(t, (SgBuf *)pictures),
                                      SG_FEATURE_BLOCKS, blocks);
  for (int i = 0; i < count; i++) {
    SgVar *u = unit_length(t, blocks[i]);
    if (u)
      f->block[f->count++] = sg_var_new_constant(V(u));
  }
  sg_tape_leave(t, NULL);
  sg_tape_record(t, recorded);
  return f->count == count;
}

void
sg_features_clear(SgFeatures *f)
{
  for (int i = 0; i < f->count; i++)
    sg_var_unref(f->block[i]);
  f->count = 0;
}

/* Mean over pixels of the sum over channels of (a - b)²: [N, 1, 1, 1]. */
static SgVar *
distance(SgTape *t, SgVar *a, SgVar *b)
{
  if (!a)
    return NULL;
  int n = V(a)->n;
  double pixels = (double)V(a)->h * V(a)->w;
  SgVar *off = sg_op_combine(t, 1, a, -1, b);
  return sg_op_gain(t, sg_op_sum_to(t, sg_op_dot(t, off, off), n, 1, 1, 1), 1 / pixels);
}

SgVar *
sg_feature_loss(SgTape *t, const SgWeights *d, SgVar *pictures, const SgFeatures *wanted)
{
  SgVar *blocks[SG_FEATURE_BLOCKS], *sum = NULL;

  if (!pictures)
    return NULL;
  sg_tape_enter(t);
  int count = sg_discriminator_blocks(t, d, pictures, wanted->count, blocks);
  for (int i = 0; i < count; i++) {
    SgVar *one = distance(t, unit_length(t, blocks[i]), wanted->block[i]);
    sum = sum ? sg_op_add(t, sum, one) : one;
  }
  return sg_tape_leave(t, sum);
}
