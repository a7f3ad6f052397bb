/* The generator as a function of w, styles and noise, layer by layer. */
#include "engine/gradients/layers.h"
#include "engine/gradients/networks.h"
#include "engine/gradients/window.h"
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
sg_generator_style_size(const SgWeights *g, int k)
{
  const SgLayer *l = sg_generator_styled_layer(g, k);
  return (int)sg_layer_param(g->network, l, SG_ROLE_AFFINE_WEIGHT)->shape[0];
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
  /* [layers] NULL, or the part of each that is needed, and the part that `results` is. */
  const SgRegion *needed;
  SgRegion *given;
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
  SgVar *noise = r->in->noise ? r->in->noise[k] : NULL;
  return r->needed ? sg_layer_window(r->t, noise, &r->given[sg_layer_index(r->g->network, l)])
                   : noise;
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

/* Which part of the layer's result the part of x gives. */
static void
begin_part(Run *r, const SgLayer *l)
{
  SgRegion *given = &r->given[sg_layer_index(r->g->network, l)];

  if (l->input < 0)
    *given = (SgRegion){0, 0, l->out_w, l->out_h};
  else if (l->kind == SG_KIND_TO_RGB)
    *given = r->given[l->input];
  else
    *given = sg_window_behind(l, &r->given[l->input]);
}

/* Trimming costs a little, so that what is hardly larger than needed stays. */
static SgVar *
trimmed(Run *r, const SgLayer *l, SgVar *y, gboolean exactly)
{
  int k = sg_layer_index(r->g->network, l);

  if (!r->needed || !y)
    return y;
  const SgRegion *want = &r->needed[k], has = r->given[k];
  if (!exactly && 4 * want->w * want->h > 3 * has.w * has.h)
    return y;
  const SgRegion part = {want->x - has.x, want->y - has.y, want->w, want->h};
  r->given[k] = *want;
  return sg_layer_window(r->t, y, &part);
}

static SgVar *
modulated(Run *r, const SgLayer *l, SgVar *x)
{
  if (!x)
    return NULL;
  sg_tape_enter(r->t);
  SgBuf **convolved = r->in->convolved ? &r->in->convolved[r->styled] : NULL;
  SgVar *style = next_style(r, l);
  SgVar *noise = next_noise(r, l);
  SgVar *y = sg_layer_modulated(r->t, r->g, l, x, style, noise, convolved);
  y = sg_tape_leave(r->t, trimmed(r, l, y, FALSE));
  if (l->add < 0)
    return y;
  SgVar *other = r->results[l->add];
  return other && y ? sg_op_add(r->t, other, y) : NULL;
}

/* The picture so far, as large as this layer's and of the same part. */
static SgVar *
enlarged(Run *r, const SgLayer *l)
{
  SgVar *img = sg_layer_enlarge(r->t, l, r->results[l->add]);

  if (!r->needed || !img)
    return img;
  const SgRegion *before = &r->given[l->add], *want = &r->needed[sg_layer_index(r->g->network, l)];
  int up = l->add_filter.n ? l->add_filter.up : 1;
  const SgRegion part = {want->x - up * before->x, want->y - up * before->y, want->w, want->h};
  return sg_layer_window(r->t, img, &part);
}

static SgVar *
to_rgb(Run *r, const SgLayer *l, SgVar *x)
{
  if (!x)
    return NULL;
  sg_tape_enter(r->t);
  SgVar *style = l->w_index >= 0 ? next_style(r, l) : NULL;
  SgVar *rgb = style || l->w_index < 0 ? sg_layer_to_rgb(r->t, r->g, l, x, style) : NULL;
  rgb = sg_tape_leave(r->t, trimmed(r, l, rgb, TRUE));
  return l->add >= 0 && r->results[l->add] ? sg_op_add(r->t, enlarged(r, l), rgb) : rgb;
}

/* Layers of which all is computed whatever part is wanted. */
static SgVar *
whole(Run *r, const SgLayer *l, SgVar *x)
{
  sg_tape_enter(r->t);
  SgVar *style = next_style(r, l), *y;

  if (l->kind == SG_KIND_FOURIER)
    y = sg_layer_fourier(r->t, r->g, l, style, r->in->motion);
  else if (l->kind == SG_KIND_ADAIN)
    y = sg_layer_adain(r->t, r->g, l, x, style, next_noise(r, l));
  else
    y = sg_layer_filtered(r->t, r->g, l, x, style);
  return sg_tape_leave(r->t, y);
}

static SgVar *
run_layer(Run *r, const SgLayer *l)
{
  SgVar *x = l->input >= 0 ? r->results[l->input] : NULL;

  begin_part(r, l);
  switch (l->kind) {
  case SG_KIND_CONSTANT:
    return start(r, l);
  case SG_KIND_CONV:
    return sg_layer_conv(r->t, r->g, l, x);
  case SG_KIND_FOURIER:
  case SG_KIND_ADAIN:
    return whole(r, l, x);
  case SG_KIND_MODULATED:
    return l->prenormalised ? whole(r, l, x) : modulated(r, l, x);
  case SG_KIND_TO_RGB:
    return to_rgb(r, l, x);
  default: /* sg_weights_new() has refused it */
    g_assert_not_reached();
  }
}

/* What the running layers of the synthesis give, as far as layer `last` of them. */
static void
run_layers(Run *r, guint last)
{
  const SgNetwork *n = r->g->network;

  for (guint k = 0; k <= last && !sg_tape_failed(r->t); k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (l->section == SG_SECTION_SYNTHESIS)
      r->results[sg_layer_index(n, l)] = run_layer(r, l);
  }
}

SgVar *
sg_generator_synthesize(SgTape *t, const SgWeights *g, const SgSynthesisInputs *in)
{
  const SgNetwork *n = g->network;
  g_autofree SgVar **results = g_new0(SgVar *, n->layers->len);
  g_autofree SgRegion *needed = g_new0(SgRegion, n->layers->len);
  g_autofree SgRegion *given = g_new0(SgRegion, n->layers->len);
  gboolean part = in->window && sg_windows_plan(n, in->window, needed);
  Run r = {t, g, in, 0, 0, results, part ? needed : NULL, given};

  sg_tape_enter(t);
  run_layers(&r, n->run->len - 1);
  SgVar *img = results[n->output];
  if (!part)
    img = sg_layer_crop(t, img, n->height, n->width);
  return sg_tape_leave(t, in->window && !part ? sg_layer_window(t, img, in->window) : img);
}

/* The last running layer of the synthesis with activations of so many pixels; NULL: none. */
static const SgLayer *
feature_layer(const SgNetwork *n, int size, guint *at)
{
  const SgLayer *found = NULL;

  for (guint k = 0; k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (l->section != SG_SECTION_SYNTHESIS || l->kind == SG_KIND_TO_RGB ||
        l->kind == SG_KIND_CONSTANT || l->out_h != size || l->out_w != size)
      continue;
    found = l;
    *at = k;
  }
  return found;
}

int
sg_generator_feature_channels(const SgWeights *g, int size)
{
  guint at;
  const SgLayer *l = feature_layer(g->network, size, &at);

  return l ? l->out : 0;
}

int
sg_generator_feature_ws(const SgWeights *g, int size)
{
  guint at = 0;
  int last = -1;

  if (!feature_layer(g->network, size, &at))
    return 0;
  for (guint k = 0; k <= at; k++) {
    const SgLayer *l = sg_network_running(g->network, k);
    if (l->kind != SG_KIND_TO_RGB)
      last = MAX(last, l->w_index);
  }
  return last + 1;
}

SgVar *
sg_generator_features(SgTape *t, const SgWeights *g, const SgSynthesisInputs *in, int size)
{
  const SgNetwork *n = g->network;
  guint at = 0;
  const SgLayer *l = feature_layer(n, size, &at);
  g_autofree SgVar **results = g_new0(SgVar *, n->layers->len);
  g_autofree SgRegion *given = g_new0(SgRegion, n->layers->len);
  Run r = {t, g, in, 0, 0, results, NULL, given};

  sg_tape_enter(t);
  if (l)
    run_layers(&r, at);
  return sg_tape_leave(t, l ? results[sg_layer_index(n, l)] : NULL);
}
