#include "engine/explore/prune.h"
#include <math.h>
#include <string.h>

/* ---- the setting ------------------------------------------------------------------------- */

gboolean
sg_prune_is_active(const SgPrune *p)
{
  gboolean active = p->unequalised || p->threshold > 0;

  for (guint i = 0; p->layers && i < p->layers->len; i++)
    active = active || g_array_index(p->layers, SgLayerThreshold, i).threshold > 0;
  return active;
}

static void
clear_threshold(gpointer data)
{
  g_free(((SgLayerThreshold *)data)->layer);
}

static GArray *
new_thresholds(void)
{
  GArray *a = g_array_new(FALSE, FALSE, sizeof(SgLayerThreshold));
  g_array_set_clear_func(a, clear_threshold);
  return a;
}

void
sg_prune_copy(SgPrune *to, const SgPrune *from)
{
  *to = *from;
  if (!from->layers)
    return;
  to->layers = new_thresholds();
  for (guint i = 0; i < from->layers->len; i++) {
    SgLayerThreshold one = g_array_index(from->layers, SgLayerThreshold, i);
    one.layer = g_strdup(one.layer);
    g_array_append_val(to->layers, one);
  }
}

void
sg_prune_clear(SgPrune *p)
{
  g_clear_pointer(&p->layers, g_array_unref);
}

static guint
count_layers(const SgPrune *p)
{
  return p->layers ? p->layers->len : 0;
}

gboolean
sg_prune_equal(const SgPrune *a, const SgPrune *b)
{
  if (a->threshold != b->threshold || a->magnitude != b->magnitude ||
      a->unequalised != b->unequalised || count_layers(a) != count_layers(b))
    return FALSE;
  for (guint i = 0; i < count_layers(a); i++) {
    const SgLayerThreshold *x = &g_array_index(a->layers, SgLayerThreshold, i);
    const SgLayerThreshold *y = &g_array_index(b->layers, SgLayerThreshold, i);
    if (x->threshold != y->threshold || strcmp(x->layer, y->layer) != 0)
      return FALSE;
  }
  return TRUE;
}

double
sg_prune_layer_threshold(const SgPrune *p, const char *layer)
{
  for (guint i = 0; i < count_layers(p); i++) {
    const SgLayerThreshold *one = &g_array_index(p->layers, SgLayerThreshold, i);
    if (strcmp(one->layer, layer) == 0)
      return one->threshold;
  }
  return p->threshold;
}

void
sg_prune_set_layer(SgPrune *p, const char *layer, double threshold)
{
  guint at = 0, n = count_layers(p);

  while (at < n && strcmp(g_array_index(p->layers, SgLayerThreshold, at).layer, layer) < 0)
    at++;
  if (at < n && strcmp(g_array_index(p->layers, SgLayerThreshold, at).layer, layer) == 0)
    g_array_remove_index(p->layers, at);
  if (threshold >= 0) {
    SgLayerThreshold one = {g_strdup(layer), threshold};
    if (!p->layers)
      p->layers = new_thresholds();
    g_array_insert_val(p->layers, at, one);
  } else if (p->layers && p->layers->len == 0) {
    sg_prune_clear(p);
  }
}

/* ---- the layers -------------------------------------------------------------------------- */

static SgLayerGroup
group_of(const SgNetwork *n, const SgParam *p)
{
  const SgLayer *l = sg_network_layer(n, p->layer);

  if (l->section == SG_SECTION_MAPPING)
    return SG_LAYER_MAPPING;
  if (p->role == SG_ROLE_AFFINE_WEIGHT)
    return SG_LAYER_AFFINE;
  return l->kind == SG_KIND_TO_RGB ? SG_LAYER_RGB : SG_LAYER_CONV;
}

GArray *
sg_weight_layers(const SgModel *model)
{
  const SgNetwork *n = sg_model_generator(model);
  const char *prefix = sg_model_generator_prefix(model);
  gsize skip = strlen(prefix);
  GArray *layers = g_array_new(FALSE, FALSE, sizeof(SgWeightLayer));

  for (guint i = 0; i < model->names->len; i++) {
    const char *name = model->names->pdata[i];
    const SgParam *p = strncmp(name, prefix, skip) == 0 ? sg_network_find(n, name + skip) : NULL;
    if (!p || !sg_param_is_weight(n, p))
      continue;
    SgWeightLayer layer = {name + skip, group_of(n, p), g_hash_table_lookup(model->tensors, name),
                           sg_param_scale(n, p)};
    g_array_append_val(layers, layer);
  }
  return layers;
}

double
sg_prune_stored_threshold(const SgWeightLayer *layer, const SgPrune *p)
{
  double threshold = sg_prune_layer_threshold(p, layer->name);
  return p->magnitude == SG_MAGNITUDE_EFFECTIVE ? threshold / layer->scale : threshold;
}

guint64
sg_prune_remaining(const SgWeightLayer *layer, const SgPrune *p)
{
  double threshold = sg_prune_stored_threshold(layer, p);
  guint64 n = 0;

  for (gsize i = 0; i < layer->tensor->numel; i++)
    n += fabs((double)layer->tensor->data[i]) >= threshold;
  return n;
}

/* The least float that is not below `threshold`: for floats the same comparison, and one that
 * vectorises. */
static float
as_float(double threshold)
{
  float f = (float)threshold;
  return (double)f < threshold ? nextafterf(f, INFINITY) : f;
}

/* A reference when nothing changes. */
static SgTensor *
pruned_tensor(const SgWeightLayer *layer, const SgPrune *p, GError **error)
{
  float threshold = as_float(sg_prune_stored_threshold(layer, p));
  float factor = p->unequalised ? (float)(1 / layer->scale) : 1;

  if (threshold <= 0 && !p->unequalised)
    return sg_tensor_ref(layer->tensor);
  SgTensor *t = sg_tensor_try_new(layer->tensor->ndim, layer->tensor->shape, error);
  if (!t)
    return NULL;
  const float *restrict from = layer->tensor->data;
  float *restrict to = t->data;
  for (gsize i = 0; i < t->numel; i++)
    to[i] = fabsf(from[i]) >= threshold ? from[i] * factor : 0;
  return t;
}

static void
copy_metadata(gpointer key, gpointer value, gpointer to)
{
  g_hash_table_replace(to, g_strdup(key), g_strdup(value));
}

SgModel *
sg_prune_apply(SgModel *model, const SgPrune *p, GError **error)
{
  g_autoptr(GArray) layers = sg_weight_layers(model);
  const char *prefix = sg_model_generator_prefix(model);
  gsize skip = strlen(prefix);
  g_autoptr(SgModel) pruned = sg_model_new(model->path, &model->info);
  guint next = 0;

  sg_model_share_networks(pruned, model);
  for (guint i = 0; i < model->names->len; i++) {
    const char *name = model->names->pdata[i];
    SgTensor *t = g_hash_table_lookup(model->tensors, name);
    const SgWeightLayer *layer =
        next < layers->len ? &g_array_index(layers, SgWeightLayer, next) : NULL;
    if (layer && layer->name == name + skip) {
      next++;
      t = pruned_tensor(layer, p, error);
      if (!t)
        return NULL;
    } else {
      sg_tensor_ref(t);
    }
    sg_model_take(pruned, "", name, t);
  }
  g_hash_table_foreach(model->metadata, copy_metadata, pruned->metadata);
  return g_steal_pointer(&pruned);
}
