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
group_of(const char *name)
{
  if (strstr(name, "affine") || strstr(name, "style."))
    return strncmp(name, "mapping.", 8) == 0 ? SG_LAYER_MAPPING : SG_LAYER_AFFINE;
  if (strncmp(name, "mapping.", 8) == 0 || strncmp(name, "latent.", 7) == 0)
    return SG_LAYER_MAPPING;
  return strstr(name, "rgb") || strstr(name, "to_channels") ? SG_LAYER_RGB : SG_LAYER_CONV;
}

/* What the equalised learning rate multiplies a stored weight [O, I, (k, k)] with: 1 / sqrt (fan
 * in), for the mapping network's dense layers times its learning-rate multiplier (Karras et al.
 * 2018, 2019; the class embedding is without one). mystylegan's upsampling convolutions store their
 * input channels first, [I, O, k, k], and count them as fan-in. A demodulated convolution divides
 * any scale out again. */
static double
run_time_scale(const SgModelInfo *info, const char *name, const SgTensor *t, SgLayerGroup group)
{
  gboolean transposed = t->ndim == 4 && g_str_has_suffix(name, ".upconv.weight_orig");
  gboolean embedding = g_str_has_prefix(name, "mapping.embed.");
  gint64 fan_in = t->shape[transposed ? 0 : 1];

  for (int i = 2; i < t->ndim; i++)
    fan_in *= t->shape[i];
  double scale = 1 / sqrt((double)MAX(fan_in, 1));
  return group == SG_LAYER_MAPPING && !embedding ? scale * info->mapping_lr_mul : scale;
}

GArray *
sg_weight_layers(const SgModel *model)
{
  const char *prefix = sg_model_generator_prefix(model);
  gsize skip = strlen(prefix);
  GArray *layers = g_array_new(FALSE, FALSE, sizeof(SgWeightLayer));

  for (guint i = 0; i < model->names->len; i++) {
    const char *name = model->names->pdata[i];
    SgTensor *t = g_hash_table_lookup(model->tensors, name);
    if (strncmp(name, prefix, skip) != 0 || t->ndim < 2 ||
        !(g_str_has_suffix(name, ".weight") || g_str_has_suffix(name, ".weight_orig")))
      continue;
    SgWeightLayer layer = {name + skip, group_of(name + skip), t, 1};
    layer.scale = run_time_scale(&model->info, layer.name, t, layer.group);
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
