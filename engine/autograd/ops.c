/* Elements, shapes and matrices. Activations and convolutions: ops-act.c. */
#include "engine/autograd/ops.h"

#define BACKEND sg_tape_backend(t)
#define V(x)    ((x)->value)

/* ---- elements -------------------------------------------------------------------------------- */

static void
combine_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  for (int i = 0; i < 2; i++)
    if (want[i])
      dx[i] = node->p.real[i] == 1 ? dy : sg_op_gain(t, dy, node->p.real[i]);
}

SgVar *
sg_op_combine(SgTape *t, double ga, SgVar *a, double gb, SgVar *b)
{
  SgVar *y = a && b ? sg_tape_value_like(t, a) : NULL;
  if (!y)
    return NULL;
  g_assert(sg_buf_count(V(a)) == sg_buf_count(V(b)) && V(a)->fmt == V(b)->fmt);
  BACKEND->combine(V(y), ga, V(a), gb, V(b));
  SgNode *node = sg_tape_node(t, combine_backward, y, (SgVar *[]){a, b}, 2);
  if (node) {
    node->p.real[0] = ga;
    node->p.real[1] = gb;
  }
  return y;
}

SgVar *
sg_op_add(SgTape *t, SgVar *a, SgVar *b)
{
  return sg_op_combine(t, 1, a, 1, b);
}

SgVar *
sg_op_gain(SgTape *t, SgVar *a, double gain)
{
  SgVar *y = a ? sg_tape_value_like(t, a) : NULL;
  if (!y)
    return NULL;
  BACKEND->combine(V(y), gain, V(a), 0, NULL);
  SgNode *node = sg_tape_node(t, combine_backward, y, &a, 1);
  if (node)
    node->p.real[0] = gain;
  return y;
}

static void
mul_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  for (int i = 0; i < 2; i++)
    if (want[i])
      dx[i] = sg_op_mul(t, dy, node->saved[1 - i]);
}

SgVar *
sg_op_mul(SgTape *t, SgVar *a, SgVar *b)
{
  SgVar *y = a && b ? sg_tape_value_like(t, a) : NULL;
  if (!y)
    return NULL;
  g_assert(sg_buf_count(V(a)) == sg_buf_count(V(b)) && V(a)->fmt == V(b)->fmt);
  BACKEND->mul(V(y), V(a), V(b));
  SgNode *node = sg_tape_node(t, mul_backward, y, (SgVar *[]){a, b}, 2);
  if (node) {
    sg_node_save(node, 0, a);
    sg_node_save(node, 1, b);
  }
  return y;
}

SgVar *
sg_op_fill_like(SgTape *t, SgVar *like, double value)
{
  GError *error = NULL;
  SgVar *y = like ? sg_tape_value_like(t, like) : NULL;

  if (!y || sg_buf_fill(V(y), value, &error))
    return y;
  sg_tape_fail(t, error);
  return NULL;
}

/* f' in terms of the result y: rsqrt' = -y³ / 2, sigmoid' = y (1 - y); softplus' = sigmoid (x),
 * sin' = sin (x + π / 2). */
static void
map_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  SgVar *v = node->saved[0], *slope;

  if (node->p.integer[0] == SG_MAP_RSQRT)
    slope = sg_op_gain(t, sg_op_mul(t, v, sg_op_mul(t, v, v)), -0.5);
  else if (node->p.integer[0] == SG_MAP_SIGMOID)
    slope = sg_op_combine(t, 1, v, -1, sg_op_mul(t, v, v));
  else if (node->p.integer[0] == SG_MAP_SIN)
    slope = sg_op_sin(t, v, node->q.real[0] + G_PI_2);
  else
    slope = sg_op_sigmoid(t, v);
  dx[0] = sg_op_mul(t, dy, slope);
}

static SgVar *
map(SgTape *t, SgVar *x, SgMap fn, double a)
{
  SgVar *y = x ? sg_tape_value_like(t, x) : NULL;
  if (!y)
    return NULL;
  BACKEND->map(fn, a, V(y), V(x));
  SgNode *node = sg_tape_node(t, map_backward, y, &x, 1);
  if (node) {
    node->p.integer[0] = (int)fn;
    node->q.real[0] = a;
    sg_node_save(node, 0, fn == SG_MAP_SOFTPLUS || fn == SG_MAP_SIN ? x : y);
  }
  return y;
}

SgVar *
sg_op_rsqrt(SgTape *t, SgVar *x, double eps)
{
  return map(t, x, SG_MAP_RSQRT, eps);
}

SgVar *
sg_op_softplus(SgTape *t, SgVar *x)
{
  return map(t, x, SG_MAP_SOFTPLUS, 0);
}

SgVar *
sg_op_sigmoid(SgTape *t, SgVar *x)
{
  return map(t, x, SG_MAP_SIGMOID, 0);
}

SgVar *
sg_op_sin(SgTape *t, SgVar *x, double phase)
{
  return map(t, x, SG_MAP_SIN, phase);
}

/* ---- shapes ---------------------------------------------------------------------------------- */

/* Keeps the input's shape for the way back. */
static void
keep_shape(SgNode *node, const SgVar *x)
{
  if (!node)
    return;
  node->q.integer[0] = V(x)->n;
  node->q.integer[1] = V(x)->c;
  node->q.integer[2] = V(x)->h;
  node->q.integer[3] = V(x)->w;
  node->q.integer[4] = (int)V(x)->fmt;
}

static void
reshape_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  const int *s = node->q.integer;
  dx[0] = sg_op_reshape(t, dy, s[0], s[1], s[2], s[3]);
}

SgVar *
sg_op_reshape(SgTape *t, SgVar *x, int n, int c, int h, int w)
{
  if (!x)
    return NULL;
  g_autoptr(SgBuf) view = sg_buf_view(V(x), 0, n, c, h, w);
  SgVar *y = sg_tape_share(t, view);
  g_assert(sg_buf_count(view) == sg_buf_count(V(x)));
  if (y)
    keep_shape(sg_tape_node(t, reshape_backward, y, &x, 1), x);
  return y;
}

static void
format_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  const int *s = node->q.integer;
  if (s[4] == SG_FMT_ACT)
    dx[0] = sg_op_to_act(t, sg_op_reshape(t, dy, s[0], s[1], s[2], s[3]));
  else
    dx[0] = sg_op_to_plain(t, dy, s[0], s[1], s[2], s[3]);
}

SgVar *
sg_op_to_act(SgTape *t, SgVar *x)
{
  SgVar *y = x ? sg_tape_value(t, SG_FMT_ACT, V(x)->n, V(x)->c, V(x)->h, V(x)->w) : NULL;
  if (!y)
    return NULL;
  BACKEND->copy(V(y), V(x));
  keep_shape(sg_tape_node(t, format_backward, y, &x, 1), x);
  return y;
}

SgVar *
sg_op_to_plain(SgTape *t, SgVar *x, int n, int c, int h, int w)
{
  SgVar *y = x ? sg_tape_value(t, SG_FMT_PLAIN, n, c, h, w) : NULL;
  if (!y)
    return NULL;
  BACKEND->copy(V(y), V(x));
  keep_shape(sg_tape_node(t, format_backward, y, &x, 1), x);
  return y;
}

static void
expand_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  const int *s = node->q.integer;
  dx[0] = sg_op_sum_to(t, dy, s[0], s[1], s[2], s[3]);
}

SgVar *
sg_op_expand(SgTape *t, SgVar *x, SgFormat fmt, int n, int c, int h, int w)
{
  SgVar *y = x ? sg_tape_value(t, fmt, n, c, h, w) : NULL;
  if (!y)
    return NULL;
  BACKEND->expand(V(y), V(x));
  keep_shape(sg_tape_node(t, expand_backward, y, &x, 1), x);
  return y;
}

static void
sum_to_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  const int *s = node->q.integer;
  dx[0] = sg_op_expand(t, dy, (SgFormat)s[4], s[0], s[1], s[2], s[3]);
}

SgVar *
sg_op_sum_to(SgTape *t, SgVar *x, int n, int c, int h, int w)
{
  SgVar *y = x ? sg_tape_value(t, SG_FMT_PLAIN, n, c, h, w) : NULL;
  if (!y)
    return NULL;
  BACKEND->sum_to(V(y), V(x));
  keep_shape(sg_tape_node(t, sum_to_backward, y, &x, 1), x);
  return y;
}

SgVar *
sg_op_sum(SgTape *t, SgVar *x)
{
  return sg_op_sum_to(t, x, 1, 1, 1, 1);
}

static void
slice_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  dx[0] = sg_op_pad(t, dy, node->p.integer[0], node->q.integer[1]);
}

SgVar *
sg_op_slice(SgTape *t, SgVar *x, int from, int count)
{
  SgVar *y = x ? sg_tape_value(t, V(x)->fmt, V(x)->n, count, V(x)->h, V(x)->w) : NULL;
  if (!y)
    return NULL;
  BACKEND->channels(V(y), 0, V(x), from, count);
  SgNode *node = sg_tape_node(t, slice_backward, y, &x, 1);
  if (node)
    node->p.integer[0] = from;
  keep_shape(node, x);
  return y;
}

static void
pad_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  dx[0] = sg_op_slice(t, dy, node->p.integer[0], node->q.integer[1]);
}

SgVar *
sg_op_pad(SgTape *t, SgVar *x, int at, int total)
{
  SgVar *y = x ? sg_tape_value(t, V(x)->fmt, V(x)->n, total, V(x)->h, V(x)->w) : NULL;
  if (!y)
    return NULL;
  BACKEND->channels(V(y), at, V(x), 0, V(x)->c);
  SgNode *node = sg_tape_node(t, pad_backward, y, &x, 1);
  if (node)
    node->p.integer[0] = at;
  keep_shape(node, x);
  return y;
}

/* ---- matrices -------------------------------------------------------------------------------- */

/* c = α A B with A = op (a), B = op (b): dA = α dc Bᵀ, dB = α Aᵀ dc; transposed again where op
 * did. */
static void
matmul_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  SgVar *a = node->saved[0], *b = node->saved[1];
  gboolean ta = node->q.integer[0], tb = node->q.integer[1];
  double alpha = node->p.real[0];

  if (want[0])
    dx[0] =
        ta ? sg_op_matmul(t, b, tb, dy, TRUE, alpha) : sg_op_matmul(t, dy, FALSE, b, !tb, alpha);
  if (want[1])
    dx[1] =
        tb ? sg_op_matmul(t, dy, TRUE, a, ta, alpha) : sg_op_matmul(t, a, !ta, dy, FALSE, alpha);
}

static int
columns(const SgVar *v)
{
  return V(v)->c * V(v)->h * V(v)->w;
}

SgVar *
sg_op_matmul(SgTape *t, SgVar *a, gboolean ta, SgVar *b, gboolean tb, double alpha)
{
  SgVar *y = a && b ? sg_tape_value(t, SG_FMT_PLAIN, ta ? columns(a) : V(a)->n,
                                    tb ? V(b)->n : columns(b), 1, 1)
                    : NULL;
  if (!y)
    return NULL;
  BACKEND->matmul(V(y), V(a), ta, V(b), tb, alpha);
  SgNode *node = sg_tape_node(t, matmul_backward, y, (SgVar *[]){a, b}, 2);
  if (node) {
    node->p.real[0] = alpha;
    node->q.integer[0] = ta;
    node->q.integer[1] = tb;
    sg_node_save(node, 0, a);
    sg_node_save(node, 1, b);
  }
  return y;
}
