#include "engine/models/network.h"
#include <math.h>
#include <string.h>

/* ---- life ------------------------------------------------------------------------------------ */

static void
param_clear(gpointer data)
{
  g_free(((SgParam *)data)->name);
}

SgNetwork *
sg_network_new(const SgFamily *family)
{
  SgNetwork *n = g_new0(SgNetwork, 1);

  g_atomic_ref_count_init(&n->ref);
  n->family = family;
  n->layers = g_array_new(FALSE, FALSE, sizeof(SgLayer));
  n->params = g_array_new(FALSE, FALSE, sizeof(SgParam));
  g_array_set_clear_func(n->params, param_clear);
  n->run = g_array_new(FALSE, FALSE, sizeof(int));
  n->draw = g_array_new(FALSE, FALSE, sizeof(int));
  n->taps = g_ptr_array_new_with_free_func(g_free);
  n->output = n->mapped = SG_FROM_NOTHING;
  return n;
}

SgNetwork *
sg_network_ref(SgNetwork *n)
{
  g_atomic_ref_count_inc(&n->ref);
  return n;
}

void
sg_network_unref(SgNetwork *n)
{
  if (!n || !g_atomic_ref_count_dec(&n->ref))
    return;
  g_array_unref(n->layers);
  g_array_unref(n->params);
  g_array_unref(n->run);
  g_array_unref(n->draw);
  g_ptr_array_unref(n->taps);
  g_free(n);
}

/* ---- looking --------------------------------------------------------------------------------- */

const SgParam *
sg_layer_param(const SgNetwork *n, const SgLayer *layer, SgRole role)
{
  int i = layer->param[role];
  return i < 0 ? NULL : sg_network_param(n, i);
}

const SgParam *
sg_network_find(const SgNetwork *n, const char *name)
{
  for (guint i = 0; i < n->params->len; i++)
    if (strcmp(sg_network_param(n, (int)i)->name, name) == 0)
      return sg_network_param(n, (int)i);
  return NULL;
}

const SgParam *
sg_network_average(const SgNetwork *n)
{
  for (guint i = 0; i < n->params->len; i++)
    if (sg_network_param(n, (int)i)->role == SG_ROLE_AVERAGE)
      return sg_network_param(n, (int)i);
  return NULL;
}

double
sg_param_scale(const SgNetwork *n, const SgParam *p)
{
  double scale = 1 / sqrt((double)MAX(p->fan_in, 1));
  const SgLayer *l = sg_network_layer(n, p->layer);
  return scale * (p->role == SG_ROLE_WEIGHT ? l->lr * l->wgain : 1);
}

gboolean
sg_param_is_weight(const SgNetwork *n, const SgParam *p)
{
  return p->fan_in > 0;
}

int
sg_filter_size(const SgFilter *f, int size)
{
  if (f->n == 0)
    return size;
  if (f->clamp_edge) /* the padding is whatever the edge needs */
    return size * f->up / f->down;
  return (size * f->up + f->pad + f->pad_end - f->n) / f->down + 1;
}

SgStyleGroup
sg_style_group(int pixels)
{
  return pixels <= 8 ? SG_STYLES_COARSE : pixels <= 32 ? SG_STYLES_MIDDLE : SG_STYLES_FINE;
}

gboolean
sg_network_is_movable(const SgNetwork *n)
{
  for (guint k = 0; k < n->run->len; k++)
    if (sg_network_running(n, k)->kind == SG_KIND_FOURIER)
      return TRUE;
  return FALSE;
}

GArray *
sg_network_noise_layers(const SgNetwork *n)
{
  GArray *layers = g_array_new(FALSE, FALSE, sizeof(int));

  for (guint k = 0; k < n->run->len; k++)
    if (sg_network_running(n, k)->param[SG_ROLE_NOISE_STRENGTH] >= 0)
      g_array_append_val(layers, g_array_index(n->run, int, k));
  return layers;
}

void
sg_network_style_layers(const SgNetwork *n, const SgLayer **layers)
{
  memset(layers, 0, sizeof *layers * (gsize)n->num_ws);
  for (int rgb = 0; rgb < 2; rgb++) /* convolutions first */
    for (guint k = 0; k < n->run->len; k++) {
      const SgLayer *l = sg_network_running(n, k);
      if (l->w_index >= 0 && (l->kind == SG_KIND_TO_RGB) == rgb && !layers[l->w_index])
        layers[l->w_index] = l;
    }
}

/* ---- describing ------------------------------------------------------------------------------ */

SgLayer
sg_layer_new(SgLayerKind kind, SgSection section)
{
  SgLayer l = {.kind = kind, .section = section, .input = SG_FROM_NOTHING};

  l.second = l.add = SG_FROM_NOTHING;
  l.in_h = l.in_w = l.out_h = l.out_w = 1;
  l.stride_up = l.stride_down = 1;
  l.w_index = -1;
  l.lr = l.wgain = l.slope = l.gain = l.branch = 1;
  l.clamp = -1;
  for (int role = 0; role < SG_N_ROLES; role++)
    l.param[role] = -1;
  return l;
}

void
sg_layer_set_sizes(SgLayer *layer, const SgLayer *from, int out, int out_h, int out_w)
{
  layer->in = from->out;
  layer->in_h = from->out_h;
  layer->in_w = from->out_w;
  layer->out = out;
  layer->out_h = out_h;
  layer->out_w = out_w;
}

int
sg_network_add(SgNetwork *n, const SgLayer *layer)
{
  SgLayer copy = *layer;

  if (!copy.label[0])
    g_strlcpy(copy.label, copy.name, sizeof copy.label);
  g_array_append_val(n->layers, copy);
  return (int)n->layers->len - 1;
}

SgLayer *
sg_network_edit(SgNetwork *n, int layer)
{
  return &g_array_index(n->layers, SgLayer, layer);
}

/* How many stored numbers one result of a weight sums. */
static gint64
fan_in_of(const SgParam *p)
{
  gint64 n = 1;

  for (int i = 0; i < p->ndim; i++)
    if (i != p->out_axis)
      n *= MAX(p->shape[i], 0);
  return n;
}

/* What is usual for the role, in all families. */
static void
fill_usual(const SgLayer *l, SgParam *p)
{
  p->in_axis = p->out_axis = -1;
  switch (p->role) {
  case SG_ROLE_WEIGHT:
    p->std = 1 / l->lr;
    p->out_axis = l->in_first ? 1 : 0;
    if (l->kind == SG_KIND_CONSTANT)
      break;
    p->in_axis = l->in_first ? 0 : 1;
    p->fan_in = fan_in_of(p);
    break;
  case SG_ROLE_AFFINE_WEIGHT:
    p->std = 1;
    p->out_axis = 0; /* of the matrix; what it counts is the layer's input channels */
    p->fan_in = fan_in_of(p);
    p->out_axis = -1;
    p->in_axis = 0;
    break;
  case SG_ROLE_AFFINE_BIAS:
    p->mean = 1 - l->style_offset;
    p->in_axis = 0;
    break;
  case SG_ROLE_BIAS:
    p->out_axis = 0;
    break;
  case SG_ROLE_NOISE_CONST:
    p->std = 1;
    p->buffer = TRUE;
    break;
  case SG_ROLE_AVERAGE:
  case SG_ROLE_FREQUENCIES:
  case SG_ROLE_PHASES:
  case SG_ROLE_TRANSFORM:
  case SG_ROLE_MAGNITUDE:
  case SG_ROLE_UP_FILTER:
  case SG_ROLE_DOWN_FILTER:
    p->buffer = TRUE;
    break;
  default:
    break;
  }
}

SgParam *
sg_network_declare(SgNetwork *n, int layer, SgRole role, int ndim, const gint64 *shape,
                   const char *format, ...)
{
  SgLayer *l = sg_network_edit(n, layer);
  SgParam p = {.layer = layer, .role = role, .ndim = ndim};
  va_list args;

  g_assert(ndim <= (int)G_N_ELEMENTS(p.shape) && l->param[role] < 0);
  for (int i = 0; i < ndim; i++)
    p.shape[i] = shape[i];
  fill_usual(l, &p);
  va_start(args, format);
  p.name = g_strdup_vprintf(format, args);
  va_end(args);
  l->param[role] = (int)n->params->len;
  g_array_append_val(n->params, p);
  return &g_array_index(n->params, SgParam, n->params->len - 1);
}

void
sg_network_run_next(SgNetwork *n, int layer)
{
  if (layer >= 0)
    g_array_append_val(n->run, layer);
}

int
sg_network_add_next(SgNetwork *n, const SgLayer *layer)
{
  int i = sg_network_add(n, layer);

  sg_network_run_next(n, i);
  return i;
}

void
sg_network_draw_next(SgNetwork *n, int layer)
{
  if (layer >= 0)
    g_array_append_val(n->draw, layer);
}

const double *
sg_network_keep_taps(SgNetwork *n, const double *taps, int count)
{
  double *copy = g_memdup2(taps, sizeof *taps * (gsize)count);
  g_ptr_array_add(n->taps, copy);
  return copy;
}

SgFilter
sg_filter_binomial(int up, int down, int pad, int pad_end, double gain)
{
  static const double taps[] = {0.125, 0.375, 0.375, 0.125};
  return (SgFilter){
      .n = 4, .taps = taps, .up = up, .down = down, .pad = pad, .pad_end = pad_end, .gain = gain};
}

SgFilter
sg_filter_blur(void)
{
  static const double taps[] = {0.25, 0.5, 0.25};
  return (SgFilter){.n = 3, .taps = taps, .up = 1, .down = 1, .pad = 1, .pad_end = 1, .gain = 1};
}

static const double *
equal_taps(SgNetwork *n, int count, double value)
{
  g_autofree double *taps = g_new(double, count);
  for (int i = 0; i < count; i++)
    taps[i] = value;
  return sg_network_keep_taps(n, taps, count);
}

SgFilter
sg_filter_nearest(SgNetwork *n, int times)
{
  return (SgFilter){.n = times,
                    .taps = equal_taps(n, times, 1),
                    .up = times,
                    .down = 1,
                    .pad = times - 1,
                    .gain = 1};
}

SgFilter
sg_filter_box(SgNetwork *n, int times)
{
  return (SgFilter){
      .n = times, .taps = equal_taps(n, times, 1.0 / times), .up = 1, .down = times, .gain = 1};
}
