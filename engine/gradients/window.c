#include "engine/gradients/window.h"
#include "engine/nets/geometry.h"

/* Samples first … last along an axis. */
typedef struct {
  int first, last;
} Reach;

static int
floor_div(int a, int b)
{
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* What samples `r` of a filter's result are made of. */
static Reach
before_filter(const SgFilter *f, Reach r)
{
  if (f->n == 0)
    return r;
  return (Reach){floor_div(r.first - f->pad, f->up), floor_div(r.last - f->pad + f->n - 1, f->up)};
}

static Reach
before_conv(const SgLayer *l, Reach r)
{
  SgConvGeometry g = sg_layer_geometry(l);

  r = before_filter(&l->after, r);
  if (g.kind == SG_CONV_FORWARD)
    return (Reach){r.first - g.pad, r.last - g.pad + g.kernel - 1};
  return (Reach){floor_div(r.first + g.pad - g.kernel + 1, g.stride),
                 floor_div(r.last + g.pad, g.stride)};
}

typedef Reach (*Before)(const SgLayer *l, Reach r);

static Reach
same(G_GNUC_UNUSED const SgLayer *l, Reach r)
{
  return r;
}

static Reach
before_adding(const SgLayer *l, Reach r)
{
  return before_filter(&l->add_filter, r);
}

/* The smallest window around both. */
static void
include(SgRegion *all, const SgRegion *w)
{
  if (sg_window_is_empty(all)) {
    *all = *w;
    return;
  }
  int x = MIN(all->x, w->x), y = MIN(all->y, w->y);
  int right = MAX(all->x + all->w, w->x + w->w), bottom = MAX(all->y + all->h, w->y + w->h);
  *all = (SgRegion){x, y, right - x, bottom - y};
}

static void
need(const SgNetwork *n, SgRegion *needed, int layer, const SgLayer *l, const SgRegion *of,
     Before before)
{
  if (layer < 0)
    return;
  const SgLayer *from = sg_network_layer(n, layer);
  Reach x = before(l, (Reach){of->x, of->x + of->w - 1});
  Reach y = before(l, (Reach){of->y, of->y + of->h - 1});
  int left = MAX(x.first, 0), top = MAX(y.first, 0);
  const SgRegion w = {left, top, MIN(x.last, from->out_w - 1) - left + 1,
                      MIN(y.last, from->out_h - 1) - top + 1};
  include(&needed[layer], &w);
}

/* A plain one, or one that doubles, without anything beside it. */
static gboolean
is_simple(const SgLayer *l)
{
  if (l->kind == SG_KIND_CONSTANT || l->kind == SG_KIND_TO_RGB)
    return TRUE;
  return l->kind == SG_KIND_MODULATED && l->add < 0 && l->before.n == 0 && l->act_up.n == 0 &&
         l->act_down.n == 0 && l->stride_down == 1 && l->out_h == l->stride_up * l->in_h &&
         l->out_w == l->stride_up * l->in_w;
}

gboolean
sg_windows_plan(const SgNetwork *n, const SgRegion *wanted, SgRegion *needed)
{
  const SgLayer *last = sg_network_layer(n, n->output);

  for (guint i = 0; i < n->layers->len; i++)
    needed[i] = (SgRegion){0};
  /* As sg_layer_crop() has it. */
  needed[n->output] =
      (SgRegion){wanted->x + (last->out_w - n->width + 1) / 2,
                 wanted->y + (last->out_h - n->height + 1) / 2, wanted->w, wanted->h};
  for (guint k = n->run->len; k-- > 0;) {
    const SgLayer *l = sg_network_running(n, k);
    SgRegion of = needed[sg_layer_index(n, l)];
    if (l->section != SG_SECTION_SYNTHESIS || sg_window_is_empty(&of))
      continue;
    if (!is_simple(l))
      return FALSE;
    if (l->kind == SG_KIND_CONSTANT)
      continue;
    need(n, needed, l->input, l, &of, l->kind == SG_KIND_TO_RGB ? same : before_conv);
    need(n, needed, l->add, l, &of, before_adding);
  }
  return TRUE;
}

SgRegion
sg_window_behind(const SgLayer *l, const SgRegion *input)
{
  int s = l->stride_up;
  return (SgRegion){s * input->x, s * input->y, s * input->w, s * input->h};
}
