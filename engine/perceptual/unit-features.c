#include "engine/perceptual/unit-features.h"
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
sg_features_keep(SgTape *t, int count, SgVar *const *blocks, SgFeatures *f)
{
  *f = (SgFeatures){0};
  for (int i = 0; i < count; i++) {
    SgVar *u = unit_length(t, blocks[i]);
    if (u)
      f->block[f->count++] = sg_var_new_constant(V(u));
  }
  return f->count == count;
}

void
sg_features_clear(SgFeatures *f)
{
  for (int i = 0; i < f->count; i++)
    sg_var_unref(f->block[i]);
  f->count = 0;
}

static SgVar *
distance(SgTape *t, SgVar *a, SgVar *b, SgVar *factor)
{
  if (!a)
    return NULL;
  int n = V(a)->n;
  double pixels = (double)V(a)->h * V(a)->w;
  SgVar *off = sg_op_combine(t, 1, a, -1, b);
  if (factor)
    off = sg_op_scale(t, off, factor);
  return sg_op_gain(t, sg_op_sum_to(t, sg_op_dot(t, off, off), n, 1, 1, 1), 1 / pixels);
}

SgVar *
sg_features_distance(SgTape *t, SgVar *const *blocks, const SgFeatures *wanted,
                     SgVar *const *factors)
{
  SgVar *sum = NULL;

  sg_tape_enter(t);
  for (int i = 0; i < wanted->count; i++) {
    SgVar *one =
        distance(t, unit_length(t, blocks[i]), wanted->block[i], factors ? factors[i] : NULL);
    sum = sum ? sg_op_add(t, sum, one) : one;
  }
  return sg_tape_leave(t, sum);
}
