#include "engine/gradients/weights.h"
#include "engine/autograd/ops.h"
#include "engine/base/room.h"
#include "engine/formats/format-error.h"
#include "engine/nets/geometry.h"
#include <string.h>

/* ---- life ------------------------------------------------------------------------------------ */

static void
weight_clear(gpointer data)
{
  SgWeight *w = data;
  sg_var_unref(w->var);
  sg_buf_unref(w->view);
  sg_buf_unref(w->squares);
}

void
sg_weights_free(SgWeights *w)
{
  if (!w)
    return;
  g_array_unref(w->list);
  sg_buf_unref(w->learning);
  sg_buf_unref(w->flat);
  sg_network_unref(w->network);
  g_free(w->index);
  g_free(w);
}

static gsize
count_of(const SgWeight *w)
{
  gsize n = 1;
  for (int i = 0; i < w->ndim; i++)
    n *= (gsize)w->shape[i];
  return n;
}

static void
add(SgWeights *w, int param)
{
  const SgParam *p = sg_network_param(w->network, param);
  SgWeight weight = {.param = p,
                     .name = p->name,
                     .ndim = p->ndim,
                     .first = w->total,
                     .mean = p->mean,
                     .std = p->std,
                     .buffer = p->buffer};

  for (int i = 0; i < p->ndim; i++)
    weight.shape[i] = (int)p->shape[i];
  w->total += count_of(&weight);
  if (!p->buffer)
    w->learnt = w->total;
  w->index[param] = (int)w->list->len;
  g_array_append_val(w->list, weight);
}

/* Parameters, or buffers, of all layers. */
static void
add_all(SgWeights *w, gboolean buffers)
{
  const SgNetwork *n = w->network;
  const GArray *order = n->draw->len ? n->draw : n->run;

  for (guint k = 0; k < order->len; k++) {
    int layer = g_array_index(order, int, k);
    for (guint i = 0; i < n->params->len; i++) {
      const SgParam *p = sg_network_param(n, (int)i);
      if (p->layer == layer && p->buffer == buffers)
        add(w, (int)i);
    }
  }
}

static gboolean
stored_in_first(const SgWeights *w, const SgWeight *v)
{
  return v->param->role == SG_ROLE_WEIGHT &&
         sg_network_layer(w->network, v->param->layer)->in_first;
}

/* A vector is a row of channels; everything else fills from the left. */
static SgBuf *
view_of(const SgWeights *w, const SgWeight *v)
{
  int s[4] = {1, 1, 1, 1};
  if (v->ndim == 1)
    s[1] = v->shape[0];
  else if (v->ndim == 3) /* the constant input: one sample */
    memcpy(s + 1, v->shape, 3 * sizeof(int));
  else
    memcpy(s, v->shape, (gsize)v->ndim * sizeof(int));
  if (stored_in_first(w, v)) {
    int in = s[0];
    s[0] = s[1];
    s[1] = in;
  }
  return sg_buf_view(w->flat, v->first, s[0], s[1], s[2], s[3]);
}

static gboolean
alloc(SgWeights *w, gboolean learn, GError **error)
{
  if (w->total > G_MAXINT)
    return sg_unsupported(error, "a network of %" G_GSIZE_FORMAT " weights is too large", w->total);
  w->flat = sg_buf_new(w->backend, SG_FMT_PLAIN, 1, 1, 1, (int)w->total, error);
  if (!w->flat)
    return FALSE;
  w->learning = sg_buf_view(w->flat, 0, 1, 1, 1, (int)w->learnt);
  for (guint i = 0; i < w->list->len; i++) {
    SgWeight *v = &g_array_index(w->list, SgWeight, i);
    v->view = view_of(w, v);
    if (!v->buffer)
      v->var = learn ? sg_var_new_parameter(v->view) : sg_var_new_constant(v->view);
  }
  return TRUE;
}

SgWeights *
sg_weights_new(SgBackend *backend, const SgNetwork *network, gboolean learn, GError **error)
{
  g_autoptr(SgWeights) w = g_new0(SgWeights, 1);

  w->backend = backend;
  w->network = sg_network_ref((SgNetwork *)network);
  w->list = g_array_new(FALSE, TRUE, sizeof(SgWeight));
  g_array_set_clear_func(w->list, weight_clear);
  w->index = g_new(int, network->params->len);
  add_all(w, FALSE);
  add_all(w, TRUE);
  return sg_network_check_differentiable(network, backend, error) && alloc(w, learn, error)
             ? g_steal_pointer(&w)
             : NULL;
}

void
sg_weights_init(SgWeights *w, SgPhilox *rng)
{
  for (guint i = 0; i < w->list->len; i++) {
    const SgWeight *v = &g_array_index(w->list, SgWeight, i);
    gsize n = count_of(v);
    g_autofree float *values = sg_room(n, sizeof *values);
    if (!values)
      return;
    if (v->std > 0)
      sg_philox_normals(rng, n, values);
    for (gsize k = 0; k < n; k++)
      values[k] = (float)(v->mean + (v->std > 0 ? v->std * (double)values[k] : 0));
    w->backend->upload(v->view, values);
  }
}

/* ---- looking --------------------------------------------------------------------------------- */

SgWeight *
sg_weights_param(const SgWeights *w, const SgParam *param)
{
  gsize i = (gsize)(param - (const SgParam *)(gpointer)w->network->params->data);
  return &g_array_index(w->list, SgWeight, w->index[i]);
}

SgVar *
sg_weights_var(const SgWeights *w, const SgLayer *layer, SgRole role)
{
  const SgParam *p = sg_layer_param(w->network, layer, role);
  return p ? sg_weights_param(w, p)->var : NULL;
}

SgVar *
sg_weights_squares(SgTape *t, const SgWeights *w, const SgLayer *layer)
{
  SgWeight *weight = sg_weights_param(w, sg_layer_param(w->network, layer, SG_ROLE_WEIGHT));
  SgBuf *view = weight->view;

  if (weight->squares)
    return sg_var_constant(t, weight->squares);
  SgVar *flat = sg_op_reshape(t, weight->var, view->n, view->c, 1, view->h * view->w);
  SgVar *sums = sg_op_sum_to(t, sg_op_mul(t, flat, flat), view->n, view->c, 1, 1);
  if (sums && !weight->var->slot && !sg_room_is_short())
    weight->squares = sg_buf_ref(sums->value);
  return sums;
}

SgWeight *
sg_weights_at(const SgWeights *w, const char *name)
{
  const SgParam *p = sg_network_find(w->network, name);
  if (!p)
    g_error("no weight “%s”", name);
  return sg_weights_param(w, p);
}

SgBuf *
sg_weights_average(const SgWeights *w)
{
  return sg_weights_param(w, sg_network_average(w->network))->view;
}

/* ---- files ----------------------------------------------------------------------------------- */

static gboolean
has_shape(const SgTensor *t, const SgWeight *v)
{
  gboolean same = t->ndim == v->ndim;
  for (int k = 0; same && k < v->ndim; k++)
    same = t->shape[k] == v->shape[k];
  return same;
}

/* [a, b, taps] -> [b, a, taps] */
static void
swap_channels(const float *from, int a, int b, gsize taps, float *to)
{
  for (int i = 0; i < a; i++)
    for (int o = 0; o < b; o++)
      memcpy(to + ((gsize)o * (gsize)a + (gsize)i) * taps,
             from + ((gsize)i * (gsize)b + (gsize)o) * taps, taps * sizeof(float));
}

void
sg_weights_upload(SgWeights *w, SgWeight *v, const float *values)
{
  g_clear_pointer(&v->squares, sg_buf_unref);
  if (!stored_in_first(w, v)) {
    w->backend->upload(v->view, values);
    return;
  }
  g_autofree float *swapped = sg_room(count_of(v), sizeof *swapped);
  if (!swapped)
    return;
  swap_channels(values, v->shape[0], v->shape[1], (gsize)(v->shape[2] * v->shape[3]), swapped);
  w->backend->upload(v->view, swapped);
}

gboolean
sg_weights_load(SgWeights *w, const SgModel *model, const char *prefix, GError **error)
{
  for (guint i = 0; i < w->list->len; i++) {
    SgWeight *v = &g_array_index(w->list, SgWeight, i);
    const SgTensor *t = sg_model_tensor(model, prefix, v->name);
    if (!t || !has_shape(t, v))
      return sg_broken(error, "%s: the tensor %s%s %s for these training options", model->path,
                       prefix, v->name, t ? "has another shape than it needs" : "is missing");
    sg_weights_upload(w, v, t->data);
  }
  return sg_backend_check(w->backend, error);
}

SgWeights *
sg_weights_new_generator(SgBackend *backend, const SgModel *model, gboolean learn, GError **error)
{
  const char *prefix = sg_model_generator_prefix(model);
  SgWeights *w = sg_weights_new(backend, sg_model_generator(model), learn, error);

  for (guint i = 0; w && i < w->list->len; i++) {
    SgWeight *v = &g_array_index(w->list, SgWeight, i);
    const SgTensor *t = sg_model_tensor(model, prefix, v->name);
    g_autofree float *zeros = t ? NULL : sg_room0(count_of(v), sizeof *zeros);
    v->missing = t == NULL;
    if (t || zeros)
      sg_weights_upload(w, v, t ? t->data : zeros);
  }
  if (w && !sg_backend_check(backend, error))
    g_clear_pointer(&w, sg_weights_free);
  return w;
}

static gboolean
store_one(const SgWeights *w, const SgWeight *v, SgTensor *t, GError **error)
{
  gsize bytes = t->numel * sizeof(float);
  g_autofree float *values = stored_in_first(w, v) ? g_try_malloc(bytes) : NULL;

  w->backend->download(v->view, t->data);
  if (!stored_in_first(w, v))
    return TRUE;
  if (!values)
    return sg_no_memory(error, "for the weights that are saved");
  memcpy(values, t->data, bytes);
  swap_channels(values, v->shape[1], v->shape[0], (gsize)(v->shape[2] * v->shape[3]), t->data);
  return TRUE;
}

gboolean
sg_weights_store(const SgWeights *w, const char *prefix, SgModel *model, GError **error)
{
  for (guint i = 0; i < w->list->len; i++) {
    const SgWeight *v = &g_array_index(w->list, SgWeight, i);
    gint64 shape[4];
    for (int k = 0; k < v->ndim; k++)
      shape[k] = v->shape[k];
    SgTensor *t = sg_tensor_try_new(v->ndim, shape, error);
    if (!t || !store_one(w, v, t, error)) {
      sg_tensor_unref(t);
      return FALSE;
    }
    sg_model_take(model, prefix, v->name, t);
  }
  return TRUE;
}
