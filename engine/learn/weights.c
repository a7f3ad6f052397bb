#include "engine/learn/weights.h"
#include "engine/formats/format-error.h"
#include <string.h>

static void
weight_clear(gpointer data)
{
  SgWeight *w = data;
  g_free(w->name);
  sg_var_unref(w->var);
  sg_buf_unref(w->view);
}

SgWeights *
sg_weights_new(SgBackend *backend)
{
  SgWeights *w = g_new0(SgWeights, 1);
  w->backend = backend;
  w->list = g_array_new(FALSE, TRUE, sizeof(SgWeight));
  g_array_set_clear_func(w->list, weight_clear);
  w->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  return w;
}

void
sg_weights_free(SgWeights *w)
{
  if (!w)
    return;
  g_hash_table_unref(w->by_name);
  g_array_unref(w->list);
  sg_buf_unref(w->learning);
  sg_buf_unref(w->flat);
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

void
sg_weights_add(SgWeights *w, double mean, double std, gboolean buffer, int ndim, const int *shape,
               const char *format, ...)
{
  SgWeight weight = {.ndim = ndim, .first = w->total, .mean = mean, .std = std, .buffer = buffer};
  va_list args;

  g_assert(!w->flat && ndim <= 4 && (buffer || w->learnt == w->total));
  va_start(args, format);
  weight.name = g_strdup_vprintf(format, args);
  va_end(args);
  for (int i = 0; i < ndim; i++)
    weight.shape[i] = shape[i];
  w->total += count_of(&weight);
  if (!buffer)
    w->learnt = w->total;
  g_array_append_val(w->list, weight);
  g_hash_table_insert(w->by_name, weight.name, GUINT_TO_POINTER(w->list->len));
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
  return sg_buf_view(w->flat, v->first, s[0], s[1], s[2], s[3]);
}

gboolean
sg_weights_alloc(SgWeights *w, GError **error)
{
  g_assert(w->total <= G_MAXINT);
  w->flat = sg_buf_new(w->backend, SG_FMT_PLAIN, 1, 1, 1, (int)w->total, error);
  if (!w->flat)
    return FALSE;
  w->learning = sg_buf_view(w->flat, 0, 1, 1, 1, (int)w->learnt);
  for (guint i = 0; i < w->list->len; i++) {
    SgWeight *v = &g_array_index(w->list, SgWeight, i);
    v->view = view_of(w, v);
    if (!v->buffer)
      v->var = sg_var_new_parameter(v->view);
  }
  return TRUE;
}

void
sg_weights_init(SgWeights *w, SgPhilox *rng)
{
  for (guint i = 0; i < w->list->len; i++) {
    const SgWeight *v = &g_array_index(w->list, SgWeight, i);
    gsize n = count_of(v);
    g_autofree float *values = g_new(float, n);
    if (v->std > 0)
      sg_philox_normals(rng, n, values);
    for (gsize k = 0; k < n; k++)
      values[k] = (float)(v->mean + (v->std > 0 ? v->std * (double)values[k] : 0));
    w->backend->upload(v->view, values);
  }
}

SgWeight *
sg_weights_at(const SgWeights *w, const char *name)
{
  guint at = GPOINTER_TO_UINT(g_hash_table_lookup(w->by_name, name));
  if (!at)
    g_error("no weight “%s”", name);
  return &g_array_index(w->list, SgWeight, at - 1);
}

SgVar *
sg_weights_get(const SgWeights *w, const char *format, ...)
{
  char name[96];
  va_list args;
  va_start(args, format);
  g_vsnprintf(name, sizeof name, format, args);
  va_end(args);
  return sg_weights_at(w, name)->var;
}

gboolean
sg_weights_load(SgWeights *w, const SgModel *model, const char *prefix, GError **error)
{
  for (guint i = 0; i < w->list->len; i++) {
    const SgWeight *v = &g_array_index(w->list, SgWeight, i);
    const SgTensor *t = sg_model_tensor(model, prefix, v->name);
    gboolean same = t && t->ndim == v->ndim;
    for (int k = 0; same && k < v->ndim; k++)
      same = t->shape[k] == v->shape[k];
    if (!same)
      return sg_broken(error, "%s: the tensor %s%s %s for these training options", model->path,
                       prefix, v->name, t ? "has another shape than it needs" : "is missing");
    w->backend->upload(v->view, t->data);
  }
  return TRUE;
}

void
sg_weights_store(const SgWeights *w, const char *prefix, SgModel *model)
{
  for (guint i = 0; i < w->list->len; i++) {
    const SgWeight *v = &g_array_index(w->list, SgWeight, i);
    gint64 shape[4];
    for (int k = 0; k < v->ndim; k++)
      shape[k] = v->shape[k];
    SgTensor *t = sg_tensor_new(v->ndim, shape);
    w->backend->download(v->view, t->data);
    sg_model_take(model, prefix, v->name, t);
  }
}
