/* The layers that both learning networks are made of. */
#include "engine/autograd/ops.h"
#include "engine/learn/learner.h"
#include <math.h>

#define V(x) ((x)->value)

SgVar *
sg_layer_dense(SgTape *t, SgVar *x, SgVar *w, SgVar *b, double lr, gboolean lrelu)
{
  if (!x)
    return NULL;
  int in = V(w)->c * V(w)->h * V(w)->w;
  SgVar *y = sg_op_matmul(t, x, FALSE, w, TRUE, lr / sqrt(in));
  SgEpilogueVars e = {.bias = lr == 1 ? b : sg_op_gain(t, b, lr),
                      .slope = lrelu ? 0.2 : 1,
                      .gain = lrelu ? G_SQRT2 : 1,
                      .clamp = -1};
  return sg_op_epilogue(t, y, &e);
}

SgVar *
sg_layer_normalize(SgTape *t, SgVar *x)
{
  if (!x)
    return NULL;
  int n = V(x)->n, c = V(x)->c;
  SgVar *mean = sg_op_gain(t, sg_op_sum_to(t, sg_op_mul(t, x, x), n, 1, 1, 1), 1.0 / c);
  SgVar *factor = sg_op_rsqrt(t, mean, 1e-8);
  return sg_op_mul(t, x, sg_op_expand(t, factor, SG_FMT_PLAIN, n, c, 1, 1));
}

SgVar *
sg_layer_mapping(SgTape *t, const SgWeights *w, SgVar *z, SgVar *c, int layers, double lr)
{
  SgVar *x = z ? sg_layer_normalize(t, z) : NULL;

  if (c) {
    SgVar *y =
        sg_layer_normalize(t, sg_layer_dense(t, c, sg_weights_get(w, "mapping.embed.weight"),
                                             sg_weights_get(w, "mapping.embed.bias"), 1, FALSE));
    if (x && y) {
      int total = V(x)->c + V(y)->c;
      y = sg_op_add(t, sg_op_pad(t, x, 0, total), sg_op_pad(t, y, V(x)->c, total));
    }
    x = y;
  }
  for (int i = 0; i < layers; i++)
    x = sg_layer_dense(t, x, sg_weights_get(w, "mapping.fc%d.weight", i),
                       sg_weights_get(w, "mapping.fc%d.bias", i), lr, TRUE);
  return x;
}

void
sg_layer_mapping_weights(SgWeights *w, int z_dim, int c_dim, int w_dim, int layers, double lr)
{
  if (c_dim) {
    sg_weights_add(w, 0, 1, FALSE, 2, (int[]){w_dim, c_dim}, "mapping.embed.weight");
    sg_weights_add(w, 0, 0, FALSE, 1, &w_dim, "mapping.embed.bias");
  }
  for (int i = 0; i < layers; i++) {
    int in = i ? w_dim : z_dim + (c_dim ? w_dim : 0);
    sg_weights_add(w, 0, 1 / lr, FALSE, 2, (int[]){w_dim, in}, "mapping.fc%d.weight", i);
    sg_weights_add(w, 0, 0, FALSE, 1, &w_dim, "mapping.fc%d.bias", i);
  }
}

SgVar *
sg_layer_transposed(SgTape *t, SgVar *w, double gain)
{
  int c = V(w)->n, k = V(w)->c;
  SgVar *y = sg_op_matmul(t, sg_tape_identity(t, k), FALSE, w, TRUE, gain);
  return sg_op_reshape(t, y, 1, k, c, 1);
}
