/* genforce's StyleGAN2: NVlabs' network of TensorFlow in PyTorch's layout, under names of its own
 * (docs/formats.md, Genforce). Its discriminator is not read. */
#include "engine/formats/format-error.h"
#include "engine/models/import-tensors.h"
#include "engine/models/importer.h"
#include <stdio.h>
#include <string.h>

static gboolean
is_generator(const SgArchive *a, const char *prefix)
{
  g_autofree char *name = g_strconcat(prefix, "synthesis.early_layer.const", NULL);
  return sg_archive_tensor(a, name) != NULL;
}

static gboolean
matches(const SgArchive *a)
{
  return is_generator(a, "G_ema.") || is_generator(a, "G.");
}

/* What is done to a tensor on its way. */
typedef enum { AS_IS, FLIPPED, PLUS_ONE, DROP_ONES } Change;

/* Its transposed convolutions mirror their kernels before they use them. */
static SgTensor *
changed(SgTensor *t, Change change)
{
  if (change == FLIPPED && t->ndim == 4)
    return sg_tensor_flipped(t);
  if (change == PLUS_ONE)
    return sg_tensor_plus(t, t->numel, 1);
  return change == DROP_ONES ? sg_tensor_drop_ones(t) : sg_tensor_ref(t);
}

/* The canonical layer of "layer7" or "output3" and the change of its weight; to be freed. NULL if
 * it is none. */
static char *
layer_name(const char *layer, Change *weight)
{
  int k, end = 0;

  *weight = AS_IS;
  if (sscanf(layer, "layer%d%n", &k, &end) == 1 && !layer[end] && k >= 0 && k <= 20) {
    *weight = k % 2 ? FLIPPED : AS_IS;
    return g_strdup_printf("synthesis.b%d.conv%d", 4 << (k + 1) / 2, k % 2 ? 0 : 1);
  }
  if (sscanf(layer, "output%d%n", &k, &end) == 1 && !layer[end] && k >= 0 && k <= 10)
    return g_strdup_printf("synthesis.b%d.torgb", 4 << k);
  return NULL;
}

static const struct {
  const char *stored, *canonical;
  Change change;
} parts[] = {
    {"weight", "weight", AS_IS}, /* or as the layer says */
    {"bias", "bias", AS_IS},
    {"style.weight", "affine.weight", AS_IS},
    {"style.bias", "affine.bias", PLUS_ONE},
    {"noise_strength", "noise_strength", AS_IS},
    {"noise", "noise_const", DROP_ONES},
};

/* "layer7.style.bias"; FALSE if the network has no such tensor. */
static gboolean
map_synthesis(SgModel *m, const char *to, const char *name, SgTensor *t)
{
  const char *dot = strchr(name, '.');
  g_autofree char *layer = dot ? g_strndup(name, (gsize)(dot - name)) : NULL;
  Change weight;

  if (strcmp(name, "early_layer.const") == 0) {
    sg_model_add(m, to, "synthesis.b4.const", changed(t, DROP_ONES));
    return TRUE;
  }
  g_autofree char *canonical = layer ? layer_name(layer, &weight) : NULL;
  for (gsize i = 0; canonical && i < G_N_ELEMENTS(parts); i++)
    if (strcmp(dot + 1, parts[i].stored) == 0) {
      g_autofree char *full = g_strconcat(canonical, ".", parts[i].canonical, NULL);
      sg_model_add(m, to, full, changed(t, i == 0 ? weight : parts[i].change));
      return TRUE;
    }
  return FALSE;
}

static gboolean
map_tensor(SgModel *m, const char *to, const char *name, SgTensor *t, GError **error)
{
  static const char dense[] = "mapping.dense", synthesis[] = "synthesis.";

  if (g_str_has_suffix(name, ".kernel")) {
    return sg_is_standard_filter(t) ||
           sg_unsupported(error, "%s is not the [1, 3, 3, 1] filter, the only one Vitrine knows",
                          name);
  }
  if (strcmp(name, "truncation.w_avg") == 0) {
    sg_model_add(m, to, "mapping.w_avg", sg_tensor_ref(t));
  } else if (g_str_has_prefix(name, dense)) {
    g_autofree char *full = g_strconcat("mapping.fc", name + strlen(dense), NULL);
    sg_model_add(m, to, full, sg_tensor_ref(t));
  } else if (!g_str_has_prefix(name, synthesis) ||
             !map_synthesis(m, to, name + strlen(synthesis), t)) {
    /* Labels, other architectures: refused as a tensor too many, under its own name. */
    sg_model_add(m, to, name, sg_tensor_ref(t));
  }
  return TRUE;
}

static gboolean
import(const SgArchive *a, SgModel *m, GError **error)
{
  static const char *const prefixes[] = {"G_ema.", "G."};

  g_free(m->kind);
  m->kind = g_strdup_printf("genforce StyleGAN2, %s", a->kind);
  for (gsize p = 0; p < G_N_ELEMENTS(prefixes); p++)
    for (guint i = 0; is_generator(a, prefixes[p]) && i < a->entries->len; i++) {
      const SgEntry *e = a->entries->pdata[i];
      if (g_str_has_prefix(e->name, prefixes[p]) &&
          !map_tensor(m, prefixes[p], e->name + strlen(prefixes[p]), e->tensor, error))
        return FALSE;
    }
  return TRUE;
}

const SgImporter sg_import_genforce = {matches, import};
