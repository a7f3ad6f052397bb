/* Files whose networks already have NVlabs' names (docs/formats.md, StyleGAN2: names and shapes)
 * behind some prefix: our own safetensors, bare state dicts, NVlabs PyTorch pickles. */
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include <string.h>

/* Where networks are after sg_unwrap(), the one that is run first. */
static const char *const generators[] = {"G_ema.", "G."};

static SgTensor *
lookup(const SgArchive *a, const char *prefix, const char *name)
{
  g_autofree char *full = g_strconcat(prefix, name, NULL);
  return sg_archive_tensor(a, full);
}

static const char *
attribute(const SgArchive *a, const char *prefix, const char *name)
{
  g_autofree char *full = g_strconcat(prefix, name, NULL);
  return sg_archive_attribute(a, full);
}

static gboolean
is_stylegan3(const SgArchive *a, const char *prefix)
{
  /* StyleGAN-XL's embeds classes by a network of its own. */
  return lookup(a, prefix, "synthesis.input.freqs") &&
         !lookup(a, prefix, "mapping.embed_proj.weight");
}

static gboolean
is_generator(const SgArchive *a, const char *prefix)
{
  return lookup(a, prefix, "synthesis.b4.const") || is_stylegan3(a, prefix);
}

static gboolean
matches(const SgArchive *a)
{
  return is_generator(a, "G_ema.") || is_generator(a, "G.");
}

static SgTensor *
normalised(const char *name, SgTensor *t)
{
  /* Some writers store the scalar as one element. */
  if (g_str_has_suffix(name, ".noise_strength") && t->ndim == 1 && t->numel == 1)
    return sg_tensor_reshaped(t, 0, (gint64[]){0});
  return sg_tensor_ref(t);
}

static gboolean
import_network(const SgArchive *a, SgModel *m, const char *prefix, GError **error)
{
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    if (!g_str_has_prefix(e->name, prefix))
      continue;
    const char *name = e->name + strlen(prefix);
    if (g_str_has_suffix(name, "resample_filter")) {
      if (!sg_is_standard_filter(e->tensor))
        return sg_unsupported(
            error, "%s is not the [1, 3, 3, 1] filter, the only one Vitrine knows", e->name);
      continue;
    }
    sg_model_add(m, prefix, name, normalised(name, e->tensor));
  }
  return TRUE;
}

/* ---- what shapes do not tell ----------------------------------------------------------------- */

/* The clamp of any convolution of the network: NVlabs gives all of them the same. */
static double
find_clamp(const SgArchive *a, const char *prefix, const char *block, const char *layer)
{
  for (int r = 4; r <= 4096; r *= 2) {
    g_autofree char *name = g_strdup_printf("%sb%d.%s.conv_clamp", block, r, layer);
    const char *text = attribute(a, prefix, name);
    if (text && g_ascii_isdigit(text[0]))
      return g_ascii_strtod(text, NULL);
  }
  return -1;
}

static gboolean
read_group_size(const char *text, int *value, GError **error)
{
  if (!text)
    return TRUE;
  if (strcmp(text, "None") == 0) {
    *value = 0;
    return TRUE;
  }
  return sg_parse_int(text, 0, 65536, value) ||
         sg_broken(error, "its minibatch group size is “%s”, which is no count", text);
}

static gboolean
read_generator_attributes(const SgArchive *a, SgModel *m, const char *prefix, GError **error)
{
  SgModelInfo *i = &m->info;
  if (is_stylegan3(a, prefix))
    return sg_read_multiplier(attribute(a, prefix, "mapping.fc0.bias_gain"), &i->mapping_lr_mul,
                              error) &&
           sg_stylegan3_read_plan(a, m, prefix, error);
  i->g_conv_clamp = find_clamp(a, prefix, "synthesis.", "conv1");
  return sg_read_multiplier(attribute(a, prefix, "mapping.fc0.bias_gain"), &i->mapping_lr_mul,
                            error) &&
         sg_read_architecture(attribute(a, prefix, "synthesis.b4.architecture"), &i->g_arch, error);
}

static gboolean
read_discriminator_attributes(const SgArchive *a, SgModel *m, const char *prefix, GError **error)
{
  SgModelInfo *i = &m->info;
  i->d_conv_clamp = find_clamp(a, prefix, "", "conv0");
  return sg_read_multiplier(attribute(a, prefix, "mapping.fc0.bias_gain"), &i->d_mapping_lr_mul,
                            error) &&
         sg_read_architecture(attribute(a, prefix, "b4.architecture"), &i->d_arch, error) &&
         read_group_size(attribute(a, prefix, "b4.mbstd.group_size"), &i->mbstd_group_size, error);
}

/* Our own files say it in __metadata__; that counts more than anything deduced. */
static gboolean
read_native_metadata(const SgArchive *a, SgModelInfo *i, GError **error)
{
  return sg_read_clamp(sg_archive_attribute(a, "__metadata__.g_conv_clamp"), &i->g_conv_clamp,
                       error) &&
         sg_read_clamp(sg_archive_attribute(a, "__metadata__.d_conv_clamp"), &i->d_conv_clamp,
                       error) &&
         sg_read_multiplier(sg_archive_attribute(a, "__metadata__.mapping_lr_mul"),
                            &i->mapping_lr_mul, error) &&
         sg_read_multiplier(sg_archive_attribute(a, "__metadata__.d_mapping_lr_mul"),
                            &i->d_mapping_lr_mul, error) &&
         sg_read_architecture(sg_archive_attribute(a, "__metadata__.g_architecture"), &i->g_arch,
                              error) &&
         sg_read_architecture(sg_archive_attribute(a, "__metadata__.d_architecture"), &i->d_arch,
                              error) &&
         read_group_size(sg_archive_attribute(a, "__metadata__.mbstd_group_size"),
                         &i->mbstd_group_size, error);
}

static gboolean
is_layer_attribute(const char *key)
{
  return g_str_has_prefix(key, "G_ema.") || g_str_has_prefix(key, "G.") ||
         g_str_has_prefix(key, "D.") || g_str_has_prefix(key, "augment_pipe.") ||
         g_str_has_prefix(key, "synthesis.") || g_str_has_prefix(key, "mapping.");
}

static gboolean
import(const SgArchive *a, SgModel *m, GError **error)
{
  gboolean first = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS(generators); i++) {
    if (!is_generator(a, generators[i]))
      continue;
    if (!import_network(a, m, generators[i], error) ||
        (first && !read_generator_attributes(a, m, generators[i], error)))
      return FALSE;
    first = FALSE;
  }
  if (lookup(a, "D.", "b4.out.weight") &&
      (!import_network(a, m, "D.", error) || !read_discriminator_attributes(a, m, "D.", error)))
    return FALSE;
  sg_model_copy_metadata(m, a, is_layer_attribute);
  return read_native_metadata(a, &m->info, error);
}

const SgImporter sg_import_canonical = {matches, import};
