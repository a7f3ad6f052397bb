/* Resampling with any taps, the activation between two such filters, and normalisation by a
 * style. */
#include "engine/autograd/ops.h"
#include <string.h>

#define BACKEND sg_tape_backend(t)
#define V(x)    ((x)->value)

/* ---- one filter ------------------------------------------------------------------------------ */

static int
count_taps(const SgTaps *f)
{
  return f->radial ? f->n * f->n : f->n;
}

/* A copy in one piece of memory, the taps behind the struct. `back`: its adjoint, whose taps are
 * reversed, and whose factors change places. With y[i] = sum_q x[q] h[n - 1 - (q up - i down +
 * pad)] the adjoint meets dy[i] with the same tap. */
static SgTaps *
copy_taps(const SgTaps *f, gboolean back)
{
  int n = count_taps(f);
  SgTaps *copy = g_malloc(sizeof *copy + sizeof(double) * (gsize)n);
  double *taps = (double *)(copy + 1);

  *copy = *f;
  for (int i = 0; i < n; i++)
    taps[i] = f->taps[back ? n - 1 - i : i];
  copy->taps = taps;
  if (back) {
    copy->up = f->down;
    copy->down = f->up;
    copy->pad = f->n - 1 - f->pad;
  }
  return copy;
}

/* The one call of a back end, which takes a filter that enlarges, an activation, and one that makes
 * smaller; only the second may be radial. */
static SgFiltered
plan(const SgTaps *f, const SgBuf *x, int h, int w)
{
  static const double one[] = {1};
  SgFiltered all = {.h = x->h, .w = x->w, .slope = 1, .gain = 1, .clamp = -1};

  if (f->up == 1) {
    all.down = *f;
    return all;
  }
  if (!f->radial && f->down == 1) {
    all.up = *f;
    all.h = h;
    all.w = w;
    return all;
  }
  all.up = (SgTaps){.n = 1, .taps = one, .up = f->up, .down = 1, .gain = 1};
  all.h = x->h * f->up;
  all.w = x->w * f->up;
  all.down = *f;
  all.down.up = 1;
  return all;
}

static void
resample_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  g_autofree SgTaps *back = copy_taps(node->data, TRUE);
  dx[0] = sg_op_resample(t, dy, back, node->p.integer[0], node->p.integer[1]);
}

static SgVar *
resample_act(SgTape *t, SgVar *x, const SgTaps *f, int h, int w)
{
  SgVar *y = sg_tape_value(t, SG_FMT_ACT, V(x)->n, V(x)->c, h, w);
  if (!y)
    return NULL;
  SgFiltered all = plan(f, V(x), h, w);
  BACKEND->filtered(V(y), V(x), &all);
  SgNode *node = sg_tape_node(t, resample_backward, y, &x, 1);
  if (node) {
    node->p.integer[0] = V(x)->h;
    node->p.integer[1] = V(x)->w;
    node->data = copy_taps(f, FALSE);
    node->data_free = g_free;
  }
  return y;
}

SgVar *
sg_op_resample(SgTape *t, SgVar *x, const SgTaps *f, int h, int w)
{
  if (!x)
    return NULL;
  if (V(x)->fmt == SG_FMT_ACT)
    return resample_act(t, x, f, h, w);
  SgVar *act = sg_op_to_act(t, x), *y = act ? resample_act(t, act, f, h, w) : NULL;
  return sg_op_to_plain(t, y, V(x)->n, V(x)->c, h, w);
}

/* ---- two, and an activation between them ----------------------------------------------------- */

typedef struct {
  SgFiltered f;      /* its taps are those below */
  SgTaps *up, *down; /* NULL: there is no such filter */
} Kept;

static void
kept_free(gpointer data)
{
  Kept *k = data;
  g_free(k->up);
  g_free(k->down);
  g_free(k);
}

static SgVar *
apply(SgTape *t, SgVar *x, const SgTaps *f, gboolean back, int h, int w)
{
  g_autofree SgTaps *taps = f ? copy_taps(f, back) : NULL;
  return taps ? sg_op_resample(t, x, taps, h, w) : x;
}

/* dx = up^T (act' (up x) down^T dy) */
static void
filtered_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  const Kept *k = node->data;
  const SgFiltered *f = &k->f;
  SgVar *x = node->saved[0];
  SgEpilogueVars e = {.slope = f->slope, .gain = f->gain, .clamp = f->clamp};

  sg_tape_enter(t);
  SgVar *constant = sg_var_detach(t, x);
  SgVar *wide = k->up ? apply(t, constant, k->up, FALSE, f->h, f->w)
                      : sg_op_gain(t, constant, 1); /* the epilogue may overwrite it */
  SgVar *y = sg_op_epilogue(t, wide, &e);
  SgVar *d = apply(t, dy, k->down, TRUE, f->h, f->w);
  d = sg_op_act_grad(t, d, y, f->slope, f->gain, f->clamp);
  dx[0] = sg_tape_leave(t, apply(t, d, k->up, TRUE, V(x)->h, V(x)->w));
}

SgVar *
sg_op_filtered(SgTape *t, SgVar *x, const SgFiltered *f, int h, int w)
{
  SgVar *y = x ? sg_tape_value(t, SG_FMT_ACT, V(x)->n, V(x)->c, h, w) : NULL;
  if (!y)
    return NULL;
  BACKEND->filtered(V(y), V(x), f);
  SgNode *node = sg_tape_node(t, filtered_backward, y, &x, 1);
  if (node) {
    Kept *k = g_new(Kept, 1);
    *k = (Kept){.f = *f,
                .up = f->up.n ? copy_taps(&f->up, FALSE) : NULL,
                .down = f->down.n ? copy_taps(&f->down, FALSE) : NULL};
    node->data = k;
    node->data_free = kept_free;
    sg_node_save(node, 0, x);
  }
  return y;
}

/* ---- normalisation --------------------------------------------------------------------------- */

/* (x - m) · s / sqrt (v + eps) + t, of operations that can be differentiated again. */
SgVar *
sg_op_adain(SgTape *t, SgVar *x, SgVar *s, double eps)
{
  if (!x || !s)
    return NULL;
  int n = V(x)->n, c = V(x)->c, h = V(x)->h, w = V(x)->w;
  double pixels = (double)h * w;

  sg_tape_enter(t);
  SgVar *mean = sg_op_gain(t, sg_op_sum_to(t, x, n, c, 1, 1), 1 / pixels);
  SgVar *off = sg_op_combine(t, 1, x, -1, sg_op_expand(t, mean, SG_FMT_ACT, n, c, h, w));
  SgVar *variance = sg_op_gain(t, sg_op_dot(t, off, off), 1 / pixels);
  SgVar *factor = sg_op_mul(t, sg_op_rsqrt(t, variance, eps), sg_op_slice(t, s, 0, c));
  SgVar *shift = sg_op_expand(t, sg_op_slice(t, s, c, c), SG_FMT_ACT, n, c, h, w);
  return sg_tape_leave(t, sg_op_add(t, sg_op_scale(t, off, factor), shift));
}
