/* The generator as a function of w, styles and noise, layer by layer. */
#include "engine/gradients/layers.h"
#include "engine/gradients/networks.h"
#include "engine/autograd/ops.h"

/* ---- looking --------------------------------------------------------------------------------- */

/* The k-th running layer of those that have a style, or noise; NULL: there are only *count. */
static const SgLayer *
find(const SgNetwork *n, gboolean noise, int k, int *count)
{
  int found = 0;

  for (guint i = 0; i < n->run->len; i++) {
    const SgLayer *l = sg_network_running(n, i);
    if (noise ? l->param[SG_ROLE_NOISE_STRENGTH] < 0 : l->w_index < 0)
      continue;
    if (found == k)
      return l;
    found++;
  }
  if (count)
    *count = found;
  return NULL;
}

int
sg_generator_styled_layers(const SgWeights *g)
{
  int count = 0;
  find(g->network, FALSE, -1, &count);
  return count;
}

const SgLayer *
sg_generator_styled_layer(const SgWeights *g, int k)
{
  return find(g->network, FALSE, k, NULL);
}

int
sg_generator_noise_layers(const SgWeights *g)
{
  int count = 0;
  find(g->network, TRUE, -1, &count);
  return count;
}

int
sg_generator_noise_size(const SgWeights *g, int k)
{
  return find(g->network, TRUE, k, NULL)->out_h;
}

SgBuf *
sg_generator_noise_const(const SgWeights *g, int k)
{
  const SgLayer *l = find(g->network, TRUE, k, NULL);
  const SgParam *p = sg_layer_param(g->network, l, SG_ROLE_NOISE_CONST);
  const SgWeight *w = p ? sg_weights_param(g, p) : NULL;

  return w && !w->missing ? sg_buf_view(w->view, 0, 1, 1, l->out_h, l->out_w) : NULL;
}

/* ---- forward --------------------------------------------------------------------------------- */

SgVar *
sg_generator_map(SgTape *t, const SgWeights *g, SgVar *z, SgVar *c)
{
  sg_tape_enter(t);
  return sg_tape_leave(t, sg_layers_map(t, g, z, c));
}

SgVar *
sg_generator_style(SgTape *t, const SgWeights *g, int k, SgVar *w)
{
  sg_tape_enter(t);
  return sg_tape_leave(t, sg_layer_style(t, g, sg_generator_styled_layer(g, k), w));
}

typedef struct {
  SgTape *t;
  const SgWeights *g;
  const SgSynthesisInputs *in;
  int styled, noisy; /* how many layers have had a style, and noise */
  SgVar **results;   /* [layers] */
} Run;

static SgVar *
next_style(Run *r, const SgLayer *l)
{
  int k = r->styled++;

  if (r->in->styles && r->in->styles[k])
    return r->in->styles[k];
  return sg_layer_style(r->t, r->g, l, r->in->w[r->in->n_w == 1 ? 0 : l->w_index]);
}

static SgVar *
next_noise(Run *r, const SgLayer *l)
{
  if (l->param[SG_ROLE_NOISE_STRENGTH] < 0)
    return NULL;
  int k = r->noisy++;
  return r->in->noise ? r->in->noise[k] : NULL;
}

/* How many pictures: of the first input that is there. */
static int
count_samples(const Run *r)
{
  const SgSynthesisInputs *in = r->in;
  int n = sg_generator_styled_layers(r->g);

  for (int k = 0; k < in->n_w; k++)
    if (in->w[k])
      return V(in->w[k])->n;
  for (int k = 0; in->styles && k < n; k++)
    if (in->styles[k])
      return V(in->styles[k])->n;
  return 0;
}

/* The learned constant, repeated. */
static SgVar *
start(const Run *r, const SgLayer *l)
{
  SgVar *c = sg_weights_var(r->g, l, SG_ROLE_WEIGHT);
  int n = count_samples(r);

  if (n == 0)
    return NULL;
  return sg_op_to_act(r->t, sg_op_expand(r->t, c, SG_FMT_PLAIN, n, V(c)->c, l->out_h, l->out_w));
}

static SgVar *
modulated(Run *r, const SgLayer *l, SgVar *x)
{
  if (!x)
    return NULL;
  sg_tape_enter(r->t);
  SgVar *style = next_style(r, l);
  SgVar *noise = next_noise(r, l);
  SgVar *y = sg_tape_leave(r->t, sg_layer_modulated(r->t, r->g, l, x, style, noise));
  if (l->add < 0)
    return y;
  SgVar *other = r->results[l->add];
  return other && y ? sg_op_add(r->t, other, y) : NULL;
}

static SgVar *
to_rgb(Run *r, const SgLayer *l, SgVar *x)
{
  if (!x)
    return NULL;
  sg_tape_enter(r->t);
  SgVar *style = next_style(r, l);
  SgVar *rgb = sg_tape_leave(r->t, style ? sg_layer_to_rgb(r->t, r->g, l, x, style) : NULL);
  SgVar *img = l->add >= 0 ? r->results[l->add] : NULL;
  return img ? sg_op_add(r->t, sg_layer_enlarge(r->t, l, img), rgb) : rgb;
}

static SgVar *
run_layer(Run *r, const SgLayer *l)
{
  SgVar *x = l->input >= 0 ? r->results[l->input] : NULL;

  switch (l->kind) {
  case SG_KIND_CONSTANT:
    return start(r, l);
  case SG_KIND_CONV:
    return sg_layer_conv(r->t, r->g, l, x);
  case SG_KIND_MODULATED:
    return modulated(r, l, x);
  case SG_KIND_TO_RGB:
    return to_rgb(r, l, x);
  default: /* sg_weights_new() has refused it */
    g_assert_not_reached();
  }
}

SgVar *
sg_generator_synthesize(SgTape *t, const SgWeights *g, const SgSynthesisInputs *in)
{
  const SgNetwork *n = g->network;
  g_autofree SgVar **results = g_new0(SgVar *, n->layers->len);
  Run r = {t, g, in, 0, 0, results};

  sg_tape_enter(t);
  for (guint k = 0; k < n->run->len && !sg_tape_failed(t); k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (l->section == SG_SECTION_SYNTHESIS)
      results[sg_layer_index(n, l)] = run_layer(&r, l);
  }
  return sg_tape_leave(t, sg_layer_crop(t, results[n->output], n->height, n->width));
}
