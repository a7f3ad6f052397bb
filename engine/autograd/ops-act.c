/* Operations on activations: scaling, epilogue, FIR filters, convolutions, pictures. */
#include "engine/base/room.h"
#include "engine/autograd/ops.h"
#include <string.h>

#define BACKEND sg_tape_backend(t)
#define V(x)    ((x)->value)

/* ---- scale and dot --------------------------------------------------------------------------- */

static void
scale_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  SgVar *x = node->saved[0], *s = node->saved[1];

  if (want[0])
    dx[0] = sg_op_scale(t, dy, s);
  if (want[1]) {
    dx[1] = sg_op_dot(t, dy, x);
    if (V(s)->n != V(x)->n)
      dx[1] = sg_op_sum_to(t, dx[1], 1, V(s)->c, 1, 1);
  }
}

SgVar *
sg_op_scale(SgTape *t, SgVar *x, SgVar *s)
{
  SgVar *y = x && s ? sg_tape_value_like(t, x) : NULL;
  if (!y)
    return NULL;
  BACKEND->scale(V(y), V(x), V(s));
  SgNode *node = sg_tape_node(t, scale_backward, y, (SgVar *[]){x, s}, 2);
  if (node) {
    sg_node_save(node, 0, x);
    sg_node_save(node, 1, s);
  }
  return y;
}

static void
dot_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  for (int i = 0; i < 2; i++)
    if (want[i])
      dx[i] = sg_op_scale(t, node->saved[1 - i], dy);
}

SgVar *
sg_op_dot(SgTape *t, SgVar *a, SgVar *b)
{
  SgVar *y = a && b ? sg_tape_value(t, SG_FMT_PLAIN, V(a)->n, V(a)->c, 1, 1) : NULL;
  if (!y)
    return NULL;
  BACKEND->dot(V(y), V(a), V(b));
  SgNode *node = sg_tape_node(t, dot_backward, y, (SgVar *[]){a, b}, 2);
  if (node) {
    sg_node_save(node, 0, a);
    sg_node_save(node, 1, b);
  }
  return y;
}

/* ---- epilogue -------------------------------------------------------------------------------- */

enum { EP_X, EP_SCALE, EP_STRENGTH, EP_BIAS };

/* Linear in dy, so its gradient is itself. */
static void
act_grad_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  const double *p = node->p.real;
  dx[0] = sg_op_act_grad(t, dy, node->saved[0], p[0], p[1], p[2]);
}

SgVar *
sg_op_act_grad(SgTape *t, SgVar *dy, SgVar *y, double slope, double gain, double clamp)
{
  SgVar *dx = dy && y ? sg_tape_value_like(t, dy) : NULL;
  if (!dx)
    return NULL;
  SgEpilogueGrad g = {.dy = V(dy),
                      .y = V(y),
                      .slope = (float)slope,
                      .gain = (float)gain,
                      .clamp = (float)clamp,
                      .dx = V(dx)};
  BACKEND->epilogue_grad(&g);
  SgNode *node = sg_tape_node(t, act_grad_backward, dx, &dy, 1);
  if (node) {
    node->p.real[0] = slope;
    node->p.real[1] = gain;
    node->p.real[2] = clamp;
    sg_node_save(node, 0, y);
  }
  return dx;
}

/* [N, C] sums to the bias' [1, C]. */
static SgVar *
bias_of(SgTape *t, SgVar *sums)
{
  return sums && V(sums)->n > 1 ? sg_op_sum_to(t, sums, 1, V(sums)->c, 1, 1) : sums;
}

/* The same as below in one pass over memory. dy is this sweep's own and last used here, but it may
 * still be an addend elsewhere, so dx gets memory of its own. */
static void
epilogue_backward_fused(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  const SgBuf *b = V(dy);
  SgVar *x = node->saved[0], *scale = node->saved[1], *y = node->saved[2];
  SgVar *noise = node->saved[3];
  SgVar *sum = want[EP_BIAS] ? sg_tape_value(t, SG_FMT_PLAIN, b->n, b->c, 1, 1) : NULL;

  if (want[EP_X])
    dx[EP_X] = sg_tape_value_like(t, dy);
  if (want[EP_STRENGTH])
    dx[EP_STRENGTH] = sg_tape_value(t, SG_FMT_PLAIN, 1, 1, 1, 1);
  if (want[EP_SCALE])
    dx[EP_SCALE] = sg_tape_value(t, SG_FMT_PLAIN, b->n, b->c, 1, 1);
  if (sg_tape_failed(t))
    return;
  SgEpilogueGrad g = {.dy = b,
                      .y = V(y),
                      .x = scale ? V(x) : NULL,
                      .scale = scale ? V(scale) : NULL,
                      .slope = (float)node->p.real[0],
                      .gain = (float)node->p.real[1],
                      .clamp = (float)node->p.real[2],
                      .dx = dx[EP_X] ? V(dx[EP_X]) : NULL,
                      .dscale = dx[EP_SCALE] ? V(dx[EP_SCALE]) : NULL,
                      .dsum = sum ? V(sum) : NULL,
                      .noise = want[EP_STRENGTH] ? V(noise) : NULL,
                      .dstrength = want[EP_STRENGTH] ? V(dx[EP_STRENGTH]) : NULL};
  BACKEND->epilogue_grad(&g);
  dx[EP_BIAS] = bias_of(t, sum);
}

static void
epilogue_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  SgVar *x = node->saved[0], *scale = node->saved[1], *y = node->saved[2];

  if (sg_tape_is_final(t)) {
    epilogue_backward_fused(t, node, dy, want, dx);
    return;
  }
  const double *p = node->p.real;
  SgVar *d = sg_op_act_grad(t, dy, y, p[0], p[1], p[2]);
  if (!d)
    return;
  if (want[EP_X])
    dx[EP_X] = scale ? sg_op_scale(t, d, scale) : d;
  if (want[EP_SCALE])
    dx[EP_SCALE] = sg_op_dot(t, d, x);
  if (want[EP_STRENGTH]) {
    SgVar *noise = node->saved[3];
    SgVar *sums = sg_op_sum_to(t, d, V(noise)->n, 1, V(d)->h, V(d)->w);
    dx[EP_STRENGTH] = sg_op_sum(t, sg_op_mul(t, sums, noise));
  }
  if (want[EP_BIAS])
    dx[EP_BIAS] = sg_op_sum_to(t, d, 1, V(d)->c, 1, 1);
}

SgVar *
sg_op_epilogue(SgTape *t, SgVar *x, const SgEpilogueVars *e)
{
  if (!x)
    return NULL;
  /* Nobody else holds x, and the gradient does not need it unless there is a scale. */
  gboolean in_place =
      x->ref == 1 && V(x)->ref == 1 && !V(x)->whole &&
      (!e->scale || !sg_tape_wants(t, (SgVar *[]){x, e->scale, e->strength, e->bias}, 4));
  SgVar *y = in_place ? sg_tape_share(t, V(x)) : sg_tape_value_like(t, x);
  if (!y)
    return NULL;
  SgEpilogue ep = {.scale = e->scale ? V(e->scale) : NULL,
                   .noise = e->noise ? V(e->noise) : NULL,
                   .noise_strength = 1,
                   .strength = e->noise ? V(e->strength) : NULL,
                   .bias = e->bias ? V(e->bias) : NULL,
                   .slope = (float)e->slope,
                   .gain = (float)e->gain,
                   .clamp = (float)e->clamp};
  BACKEND->epilogue(V(y), V(x), &ep);
  SgNode *node =
      sg_tape_node(t, epilogue_backward, y, (SgVar *[]){x, e->scale, e->strength, e->bias}, 4);
  if (node) {
    node->p.real[0] = e->slope;
    node->p.real[1] = e->gain;
    node->p.real[2] = e->clamp;
    if (e->scale)
      sg_node_save(node, 0, x);
    sg_node_save(node, 1, e->scale);
    sg_node_save(node, 2, y);
    sg_node_save(node, 3, e->noise);
  }
  return y;
}

/* ---- FIR ------------------------------------------------------------------------------------- */

static SgFir
adjoint_of(SgFir mode)
{
  return mode >= SG_FIR_BLUR_AFTER_UP_ADJOINT ? mode - SG_FIR_BLUR_AFTER_UP_ADJOINT
                                              : mode + SG_FIR_BLUR_AFTER_UP_ADJOINT;
}

static int
fir_size(SgFir mode, int n)
{
  switch (mode) {
  case SG_FIR_BLUR_AFTER_UP:
  case SG_FIR_BLUR_BEFORE_DOWN_ADJOINT:
    return n - 1;
  case SG_FIR_BLUR_BEFORE_DOWN:
  case SG_FIR_BLUR_AFTER_UP_ADJOINT:
    return n + 1;
  case SG_FIR_UP:
  case SG_FIR_DOWN_ADJOINT:
    return 2 * n;
  case SG_FIR_DOWN:
  case SG_FIR_UP_ADJOINT:
    return n / 2;
  }
  g_assert_not_reached();
}

static void
fir_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  dx[0] = sg_op_fir(t, dy, adjoint_of((SgFir)node->p.integer[0]));
}

SgVar *
sg_op_fir(SgTape *t, SgVar *x, SgFir mode)
{
  SgVar *y = x ? sg_tape_value(t, V(x)->fmt, V(x)->n, V(x)->c, fir_size(mode, V(x)->h),
                               fir_size(mode, V(x)->w))
               : NULL;
  if (!y)
    return NULL;
  BACKEND->fir(V(y), V(x), mode);
  SgNode *node = sg_tape_node(t, fir_backward, y, &x, 1);
  if (node)
    node->p.integer[0] = (int)mode;
  return y;
}

/* ---- convolution: one trilinear form, three sides -------------------------------------------- */

static SgVar *conv_output(SgTape *t, SgVar *x, SgVar *style, SgVar *w, const SgConvGeometry *g,
                          int oh, int ow);
static SgVar *conv_input(SgTape *t, SgVar *y, SgVar *w, const SgConvGeometry *g, int ih, int iw);
static SgVar *conv_weight(SgTape *t, SgVar *x, SgVar *y, const SgConvGeometry *g);

static gboolean
run_conv(SgTape *t, const SgConvGeometry *g, SgConvPass pass, SgVar *x, SgVar *style, SgVar *w,
         SgVar *y)
{
  GError *error = NULL;
  if (!BACKEND->conv(g, pass, V(x), style ? V(style) : NULL, V(w), V(y), &error))
    sg_tape_fail(t, error);
  return error == NULL;
}

static void
conv_output_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  SgVar *x = node->saved[0], *style = node->saved[1], *w = node->saved[2];
  const SgConvGeometry *g = &node->p.geometry;

  if (want[0] || want[1]) {
    SgVar *d = conv_input(t, dy, w, g, V(x)->h, V(x)->w);
    if (want[0])
      dx[0] = style ? sg_op_scale(t, d, style) : d;
    if (want[1])
      dx[1] = sg_op_dot(t, d, x);
  }
  /* The scaled input is made again instead of kept: a pass over memory against a copy of it. */
  if (want[2])
    dx[2] = conv_weight(t, style ? sg_op_scale(t, x, style) : x, dy, g);
}

static SgVar *
conv_output_node(SgTape *t, SgVar *x, SgVar *style, SgVar *w, const SgConvGeometry *g, SgVar *y)
{
  SgNode *node = sg_tape_node(t, conv_output_backward, y, (SgVar *[]){x, style, w}, 3);
  if (node) {
    node->p.geometry = *g;
    sg_node_save(node, 0, x);
    sg_node_save(node, 1, style);
    sg_node_save(node, 2, w);
  }
  return y;
}

static SgVar *
conv_output(SgTape *t, SgVar *x, SgVar *style, SgVar *w, const SgConvGeometry *g, int oh, int ow)
{
  SgVar *y = x && w ? sg_tape_value(t, SG_FMT_ACT, V(x)->n, V(w)->n, oh, ow) : NULL;
  if (!y || !run_conv(t, g, SG_PASS_OUTPUT, x, style, w, y))
    return NULL;
  return conv_output_node(t, x, style, w, g, y);
}

SgVar *
sg_op_conv_equal(SgTape *t, SgVar *x, SgVar *style, SgVar *w, const SgConvGeometry *g,
                 const SgBuf *one)
{
  SgVar *y = x && w ? sg_tape_value(t, SG_FMT_ACT, V(x)->n, V(w)->n, one->h, one->w) : NULL;
  if (!y)
    return NULL;
  BACKEND->broadcast(V(y), one);
  return conv_output_node(t, x, style, w, g, y);
}

static void
conv_input_backward(SgTape *t, SgNode *node, SgVar *dx_, const gboolean *want, SgVar **d)
{
  SgVar *y = node->saved[0], *w = node->saved[1];
  const SgConvGeometry *g = &node->p.geometry;

  if (want[0])
    d[0] = conv_output(t, dx_, NULL, w, g, V(y)->h, V(y)->w);
  if (want[1])
    d[1] = conv_weight(t, dx_, y, g);
}

static SgVar *
conv_input(SgTape *t, SgVar *y, SgVar *w, const SgConvGeometry *g, int ih, int iw)
{
  SgVar *x = y && w ? sg_tape_value(t, SG_FMT_ACT, V(y)->n, V(w)->c, ih, iw) : NULL;
  if (!x || !run_conv(t, g, SG_PASS_INPUT, x, NULL, w, y))
    return NULL;
  SgNode *node = sg_tape_node(t, conv_input_backward, x, (SgVar *[]){y, w}, 2);
  if (node) {
    node->p.geometry = *g;
    sg_node_save(node, 0, y);
    sg_node_save(node, 1, w);
  }
  return x;
}

static void
conv_weight_backward(SgTape *t, SgNode *node, SgVar *dw, const gboolean *want, SgVar **d)
{
  SgVar *x = node->saved[0], *y = node->saved[1];
  const SgConvGeometry *g = &node->p.geometry;

  if (want[0])
    d[0] = conv_input(t, y, dw, g, V(x)->h, V(x)->w);
  if (want[1])
    d[1] = conv_output(t, x, NULL, dw, g, V(y)->h, V(y)->w);
}

static SgVar *
conv_weight(SgTape *t, SgVar *x, SgVar *y, const SgConvGeometry *g)
{
  SgVar *w = x && y ? sg_tape_value(t, SG_FMT_PLAIN, V(y)->c, V(x)->c, g->kernel, g->kernel) : NULL;
  if (!w || !run_conv(t, g, SG_PASS_WEIGHT, x, NULL, w, y))
    return NULL;
  SgNode *node = sg_tape_node(t, conv_weight_backward, w, (SgVar *[]){x, y}, 2);
  if (node) {
    node->p.geometry = *g;
    sg_node_save(node, 0, x);
    sg_node_save(node, 1, y);
  }
  return w;
}

SgVar *
sg_op_conv(SgTape *t, SgVar *x, SgVar *style, SgVar *w, const SgConvGeometry *g, int oh, int ow)
{
  return conv_output(t, x, style, w, g, oh, ow);
}

/* ---- pictures: another trilinear form -------------------------------------------------------- */

static SgVar *rgb(SgTape *t, SgConvPass pass, SgVar *a, SgVar *b, int shared);

enum { RGB_X, RGB_W, RGB_IMG };

/* Which operand a pass makes; the node's inputs are the other two, in the order x, w, img. */
static const int rgb_made[] = {
    [SG_PASS_OUTPUT] = RGB_IMG, [SG_PASS_INPUT] = RGB_X, [SG_PASS_WEIGHT] = RGB_W};
static const SgConvPass rgb_pass[] = {
    [RGB_IMG] = SG_PASS_OUTPUT, [RGB_X] = SG_PASS_INPUT, [RGB_W] = SG_PASS_WEIGHT};

static void
rgb_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  SgVar *operand[3] = {NULL};
  int made = rgb_made[node->p.integer[0]];

  for (int i = 0, k = 0; i < 3; i++)
    operand[i] = i == made ? dy : node->saved[k++];
  for (int i = 0, k = 0; i < 3; i++) {
    if (i == made)
      continue;
    if (want[k]) { /* the other two make operand i */
      SgVar *a = operand[i == 0 ? 1 : 0], *b = operand[i == 2 ? 1 : 2];
      dx[k] = rgb(t, rgb_pass[i], a, b, node->p.integer[1]);
    }
    k++;
  }
}

/* `shared`: w has one sample for the whole batch. a and b are two of x, w, img in that order. */
static SgVar *
rgb(SgTape *t, SgConvPass pass, SgVar *a, SgVar *b, int shared)
{
  SgVar *x = pass == SG_PASS_INPUT ? NULL : a, *img = pass == SG_PASS_OUTPUT ? NULL : b;
  SgVar *w = pass == SG_PASS_OUTPUT ? b : pass == SG_PASS_INPUT ? a : NULL;

  if (!a || !b)
    return NULL;
  SgVar *y;
  if (pass == SG_PASS_OUTPUT)
    y = img = sg_tape_value(t, SG_FMT_PLAIN, V(x)->n, V(w)->c, V(x)->h, V(x)->w);
  else if (pass == SG_PASS_INPUT)
    y = x = sg_tape_value(t, SG_FMT_ACT, V(img)->n, V(w)->h, V(img)->h, V(img)->w);
  else
    y = w = sg_tape_value(t, SG_FMT_PLAIN, shared ? 1 : V(x)->n, V(img)->c, V(x)->c, 1);
  if (!y)
    return NULL;
  BACKEND->rgb(pass, V(x), V(w), V(img));
  SgNode *node = sg_tape_node(t, rgb_backward, y, (SgVar *[]){a, b}, 2);
  if (node) {
    node->p.integer[0] = (int)pass;
    node->p.integer[1] = shared;
    sg_node_save(node, 0, a);
    sg_node_save(node, 1, b);
  }
  return y;
}

SgVar *
sg_op_to_rgb(SgTape *t, SgVar *x, SgVar *w)
{
  return x && w ? rgb(t, SG_PASS_OUTPUT, x, w, V(w)->n == 1 && V(x)->n > 1) : NULL;
}

SgVar *
sg_op_from_rgb(SgTape *t, SgVar *img, SgVar *w)
{
  return img && w ? rgb(t, SG_PASS_INPUT, w, img, V(w)->n == 1 && V(img)->n > 1) : NULL;
}

/* ---- augmentation ---------------------------------------------------------------------------- */

/* Draws live as long as a node needs them. */
typedef struct {
  gatomicrefcount ref;
  SgAugmentArgs args;
} Draws;

static void
draws_unref(gpointer data)
{
  Draws *d = data;
  if (g_atomic_ref_count_dec(&d->ref)) {
    g_free((double *)d->args.g_inv);
    g_free((double *)d->args.color);
    sg_buf_unref(d->args.params);
    g_free(d);
  }
}

static SgVar *augment(SgTape *t, SgVar *x, Draws *draws, SgAugmentMode mode);

static void
augment_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  dx[0] =
      augment(t, dy, node->data,
              node->p.integer[0] == SG_AUGMENT_ADJOINT ? SG_AUGMENT_LINEAR : SG_AUGMENT_ADJOINT);
}

static SgVar *
augment(SgTape *t, SgVar *x, Draws *draws, SgAugmentMode mode)
{
  SgVar *y = x ? sg_tape_value_like(t, x) : NULL;
  if (!y)
    return NULL;
  BACKEND->augment(V(y), V(x), &draws->args, mode);
  SgNode *node = sg_tape_node(t, augment_backward, y, &x, 1);
  if (node) {
    node->p.integer[0] = (int)mode;
    node->data = draws;
    node->data_free = draws_unref;
    g_atomic_ref_count_inc(&draws->ref);
  }
  return y;
}

SgVar *
sg_op_augment(SgTape *t, SgVar *x, const SgAugmentArgs *a)
{
  gsize colors = (gsize)(a->n * a->channels * (a->channels + 1)), maps = 9 * (gsize)a->n;
  double *g_inv = sg_room(maps, sizeof *g_inv), *color = sg_room(colors, sizeof *color);
  Draws *draws = g_new0(Draws, 1);

  g_atomic_ref_count_init(&draws->ref);
  draws->args = *a;
  draws->args.g_inv = g_inv;
  draws->args.color = color;
  if (a->params)
    sg_buf_ref(a->params);
  if (g_inv && color) {
    memcpy(g_inv, a->g_inv, maps * sizeof *g_inv);
    memcpy(color, a->color, colors * sizeof *color);
  }
  SgVar *y = g_inv && color ? augment(t, x, draws, SG_AUGMENT_FORWARD) : NULL;
  draws_unref(draws);
  return y;
}
