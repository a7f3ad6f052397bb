/* Whether a description is one: for families, whose mistakes would draw wrong pictures without a
 * word. */
#include "engine/formats/format-error.h"
#include "engine/models/network.h"

typedef struct {
  const SgNetwork *n;
  gboolean *ran; /* [layers] */
  GError **error;
} Check;

static gboolean
wrong(const Check *c, const SgLayer *l, const char *what, int expected, int found)
{
  return sg_broken(c->error, "the layer %s is described with %s %d where %d belongs", l->name, what,
                   found, expected);
}

static gboolean
check_edge(const Check *c, const SgLayer *l, int from)
{
  if (from < 0)
    return from >= SG_FROM_PICTURE || wrong(c, l, "an input", SG_FROM_NOTHING, from);
  if (from >= (int)c->n->layers->len || !c->ran[from])
    return sg_broken(c->error, "the layer %s takes what layer %d gives, which has not run", l->name,
                     from);
  return TRUE;
}

/* Channels (of a dense layer: numbers) and pixels that an edge brings. */
static void
source_of(const SgNetwork *n, const SgLayer *l, int from, int *channels, int *h, int *w)
{
  const SgLayer *s = from >= 0 ? sg_network_layer(n, from) : NULL;

  *channels = s                         ? s->out
              : from == SG_FROM_Z       ? n->z_dim
              : from == SG_FROM_LABEL   ? n->c_dim
              : from == SG_FROM_PICTURE ? n->channels
                                        : l->in;
  *h = s ? s->out_h : from == SG_FROM_PICTURE ? n->height : l->in_h;
  *w = s ? s->out_w : from == SG_FROM_PICTURE ? n->width : l->in_w;
  if (l->kind == SG_KIND_DENSE) {
    *channels *= *h * *w;
    *h = *w = 1;
  }
}

static gboolean
check_input(const Check *c, const SgLayer *l)
{
  int channels, h, w, more = 0, unused;

  source_of(c->n, l, l->input, &channels, &h, &w);
  if (l->kind == SG_KIND_CONCAT)
    source_of(c->n, l, l->second, &more, &unused, &unused);
  if (l->in != channels + more)
    return wrong(c, l, "input channels", channels + more, l->in);
  if (l->kind == SG_KIND_DENSE)
    return TRUE;
  if (l->in_h != h)
    return wrong(c, l, "an input height", h, l->in_h);
  return l->in_w == w || wrong(c, l, "an input width", w, l->in_w);
}

static int
size_behind(const SgLayer *l, int size)
{
  if (l->kind == SG_KIND_DENSE || l->kind == SG_KIND_PROJECT)
    return 1;
  size = sg_filter_size(&l->before, size);
  int kernel = l->kernel + (l->widen != 0);
  if (l->kernel && l->stride_up > 1)
    size = (size - 1) * l->stride_up + kernel - l->pad - l->pad_end;
  else if (l->kernel)
    size = (size + l->pad + l->pad_end - kernel) / l->stride_down + 1;
  size = sg_filter_size(&l->after, size);
  size = sg_filter_size(&l->act_up, size);
  return sg_filter_size(&l->act_down, size);
}

static gboolean
check_result(const Check *c, const SgLayer *l)
{
  const SgLayer *a = l->add >= 0 ? sg_network_layer(c->n, l->add) : NULL;
  int h = size_behind(l, l->in_h), w = size_behind(l, l->in_w);

  if (l->out_h != h)
    return wrong(c, l, "a height", h, l->out_h);
  if (l->out_w != w)
    return wrong(c, l, "a width", w, l->out_w);
  if (l->out <= 0 || h <= 0)
    return wrong(c, l, "output channels", 1, l->out);
  if (!a)
    return TRUE;
  if (a->out != l->out)
    return wrong(c, a, "output channels", l->out, a->out);
  h = sg_filter_size(&l->add_filter, a->out_h);
  w = sg_filter_size(&l->add_filter, a->out_w);
  return h == l->out_h ? w == l->out_w || wrong(c, a, "a width", l->out_w, w)
                       : wrong(c, a, "a height", l->out_h, h);
}

static gboolean
check_axis(const Check *c, const SgLayer *l, const SgParam *p, int axis, int expected)
{
  if (axis < 0 || p->shape[axis] == expected)
    return TRUE;
  return sg_broken(c->error, "the tensor %s is described with %d channels where the layer has %d",
                   p->name, (int)p->shape[axis], expected);
}

static gboolean
check_param(const Check *c, const SgLayer *l, const SgParam *p)
{
  gboolean plane = p->role == SG_ROLE_NOISE_CONST;
  /* A style scales what goes in; that of AdaIN scales and moves what comes out. */
  int in = l->kind == SG_KIND_ADAIN && p->role != SG_ROLE_WEIGHT ? 2 * l->out : l->in;

  if (plane && (p->shape[0] != l->out_h || p->shape[1] != l->out_w))
    return wrong(c, l, "noise of a height", l->out_h, (int)p->shape[0]);
  if (l->kind != SG_KIND_FOURIER && !check_axis(c, l, p, p->in_axis, in))
    return FALSE;
  if (p->role == SG_ROLE_AFFINE_WEIGHT && !check_axis(c, l, p, 1, c->n->w_dim))
    return FALSE;
  return check_axis(c, l, p, p->out_axis, l->out);
}

static gboolean
check_layer(const Check *c, int i)
{
  const SgLayer *l = sg_network_layer(c->n, i);

  if (!check_edge(c, l, l->input) || !check_edge(c, l, l->second) || !check_edge(c, l, l->add) ||
      !check_input(c, l) || !check_result(c, l))
    return FALSE;
  if (l->w_index >= c->n->num_ws)
    return wrong(c, l, "a style vector", c->n->num_ws - 1, l->w_index);
  for (int role = 0; role < SG_N_ROLES; role++) {
    const SgParam *p = sg_layer_param(c->n, l, (SgRole)role);
    if (p && !check_param(c, l, p))
      return FALSE;
  }
  c->ran[i] = TRUE;
  return TRUE;
}

/* Every layer runs once. */
static gboolean
check_order(const Check *c, const GArray *order, const char *what)
{
  g_autofree guint *times = g_new0(guint, c->n->layers->len);

  for (guint k = 0; k < order->len; k++)
    times[g_array_index(order, int, k)]++;
  for (guint i = 0; i < c->n->layers->len; i++)
    if (times[i] != 1)
      return sg_broken(c->error, "the layer %s %s %u times", sg_network_layer(c->n, (int)i)->name,
                       what, times[i]);
  return TRUE;
}

gboolean
sg_network_verify(const SgNetwork *n, GError **error)
{
  g_autofree gboolean *ran = g_new0(gboolean, n->layers->len);
  Check c = {n, ran, error};

  if (!check_order(&c, n->run, "runs"))
    return FALSE;
  if (n->draw->len && !check_order(&c, n->draw, "draws its initial values"))
    return FALSE;
  for (guint k = 0; k < n->run->len; k++)
    if (!check_layer(&c, g_array_index(n->run, int, k)))
      return FALSE;
  if (n->output < 0)
    return sg_broken(error, "the network gives nothing");
  return TRUE;
}
