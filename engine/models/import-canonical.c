/* Files whose networks already have NVlabs' names (checkpoint-formats.md §A.6, §A.7) behind some
 * prefix: our own safetensors, bare state dicts, NVlabs PyTorch pickles. */
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include <string.h>

/* A network of the file. */
typedef struct {
  const char *stored;    /* "g_ema.", "" */
  const char *canonical; /* "G_ema.", "G.", "D." */
} Network;

static const Network generators[] = {
    {"G_ema.", "G_ema."}, {"g_ema.", "G_ema."}, {"ema.", "G_ema."}, {"G.", "G."},
    {"g.", "G."},         {"generator.", "G."}, {"netG.", "G."},    {"", "G_ema."},
};
static const Network discriminators[] = {
    {"D.", "D."}, {"d.", "D."}, {"discriminator.", "D."}, {"netD.", "D."}, {"", "D."},
};

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
is_generator(const SgArchive *a, const char *prefix)
{
  return lookup(a, prefix, "synthesis.b4.const") != NULL;
}

static gboolean
is_discriminator(const SgArchive *a, const char *prefix)
{
  return lookup(a, prefix, "b4.conv.weight") && lookup(a, prefix, "b4.out.weight");
}

static gboolean
matches(const SgArchive *a)
{
  for (gsize i = 0; i < G_N_ELEMENTS(generators); i++)
    if (is_generator(a, generators[i].stored))
      return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS(discriminators); i++)
    if (is_discriminator(a, discriminators[i].stored))
      return TRUE;
  return FALSE;
}

/* With an empty prefix only what can be part of that network belongs to it. */
static gboolean
belongs(const Network *n, const char *name)
{
  if (n->stored[0])
    return g_str_has_prefix(name, n->stored);
  if (n->canonical[0] == 'G')
    return g_str_has_prefix(name, "synthesis.") || g_str_has_prefix(name, "mapping.");
  return (name[0] == 'b' && g_ascii_isdigit(name[1])) || g_str_has_prefix(name, "mapping.");
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
import_network(const SgArchive *a, SgModel *m, const Network *n, GError **error)
{
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    if (!belongs(n, e->name))
      continue;
    const char *name = e->name + strlen(n->stored);
    if (g_str_has_suffix(name, "resample_filter")) {
      if (!sg_is_standard_filter(e->tensor))
        return sg_unsupported(
            error, "%s is not the [1, 3, 3, 1] filter, the only one Vitrine knows", e->name);
      continue;
    }
    sg_model_add(m, n->canonical, name, normalised(name, e->tensor));
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

static void
read_architecture(const char *text, SgArch *arch)
{
  if (g_strcmp0(text, "skip") == 0)
    *arch = SG_ARCH_SKIP;
  else if (g_strcmp0(text, "orig") == 0)
    *arch = SG_ARCH_ORIG;
  else if (g_strcmp0(text, "resnet") == 0)
    *arch = SG_ARCH_RESNET;
}

static void
read_multiplier(const char *text, double *value)
{
  double v = text ? g_ascii_strtod(text, NULL) : 0;
  if (v > 0 && v <= 1e6)
    *value = v;
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

/* Every layer of the two networks uses leaky ReLU or none; another activation is another
 * network. */
static gboolean
check_activations(const SgArchive *a, const Network *n, GError **error)
{
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, a->attributes);
  while (g_hash_table_iter_next(&iter, &key, &value))
    if (g_str_has_suffix(key, ".activation") && g_str_has_prefix(key, n->stored) &&
        strcmp(value, "lrelu") != 0 && strcmp(value, "linear") != 0)
      return sg_unsupported(error, "%s is “%s”, where StyleGAN2 has lrelu", (char *)key,
                            (char *)value);
  return TRUE;
}

static gboolean
read_generator_attributes(const SgArchive *a, SgModel *m, const Network *n, GError **error)
{
  SgModelInfo *i = &m->info;
  i->g_conv_clamp = find_clamp(a, n->stored, "synthesis.", "conv1");
  read_multiplier(attribute(a, n->stored, "mapping.fc0.bias_gain"), &i->mapping_lr_mul);
  read_architecture(attribute(a, n->stored, "synthesis.b4.architecture"), &i->g_arch);
  return check_activations(a, n, error);
}

static gboolean
read_discriminator_attributes(const SgArchive *a, SgModel *m, const Network *n, GError **error)
{
  SgModelInfo *i = &m->info;
  i->d_conv_clamp = find_clamp(a, n->stored, "", "conv0");
  read_multiplier(attribute(a, n->stored, "mapping.fc0.bias_gain"), &i->d_mapping_lr_mul);
  read_architecture(attribute(a, n->stored, "b4.architecture"), &i->d_arch);
  return read_group_size(attribute(a, n->stored, "b4.mbstd.group_size"), &i->mbstd_group_size,
                         error) &&
         check_activations(a, n, error);
}

/* Our own files say it in __metadata__; that counts more than anything deduced. */
static gboolean
read_native_metadata(const SgArchive *a, SgModelInfo *i, GError **error)
{
  const char *clamp = sg_archive_attribute(a, "__metadata__.g_conv_clamp");
  const char *d_clamp = sg_archive_attribute(a, "__metadata__.d_conv_clamp");

  if (clamp)
    i->g_conv_clamp = g_ascii_strtod(clamp, NULL);
  if (d_clamp)
    i->d_conv_clamp = g_ascii_strtod(d_clamp, NULL);
  read_multiplier(sg_archive_attribute(a, "__metadata__.mapping_lr_mul"), &i->mapping_lr_mul);
  read_multiplier(sg_archive_attribute(a, "__metadata__.d_mapping_lr_mul"), &i->d_mapping_lr_mul);
  read_architecture(sg_archive_attribute(a, "__metadata__.g_architecture"), &i->g_arch);
  read_architecture(sg_archive_attribute(a, "__metadata__.d_architecture"), &i->d_arch);
  return read_group_size(sg_archive_attribute(a, "__metadata__.mbstd_group_size"),
                         &i->mbstd_group_size, error);
}

static gboolean
is_layer_attribute(const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS(generators); i++)
    if (generators[i].stored[0] && g_str_has_prefix(key, generators[i].stored))
      return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS(discriminators); i++)
    if (discriminators[i].stored[0] && g_str_has_prefix(key, discriminators[i].stored))
      return TRUE;
  return g_str_has_prefix(key, "augment_pipe.") || g_str_has_prefix(key, "synthesis.") ||
         g_str_has_prefix(key, "mapping.");
}

static gboolean
import(const SgArchive *a, SgModel *m, GError **error)
{
  gboolean have_average = FALSE, have_plain = FALSE, have_d = FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS(generators); i++) {
    const Network *n = &generators[i];
    gboolean *have = strcmp(n->canonical, "G.") == 0 ? &have_plain : &have_average;
    if (*have || (!n->stored[0] && have_plain) || !is_generator(a, n->stored))
      continue;
    /* The averaged network comes first, and it is the one that is run. */
    if (!import_network(a, m, n, error) ||
        (!have_average && !read_generator_attributes(a, m, n, error)))
      return FALSE;
    *have = TRUE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(discriminators) && !have_d; i++) {
    const Network *n = &discriminators[i];
    /* A bare generator's mapping network must not be taken for a discriminator's. */
    if (!is_discriminator(a, n->stored) || (!n->stored[0] && (have_average || have_plain)))
      continue;
    have_d = TRUE;
    if (!import_network(a, m, n, error) || !read_discriminator_attributes(a, m, n, error))
      return FALSE;
  }
  sg_model_copy_metadata(m, a, is_layer_attribute);
  return read_native_metadata(a, &m->info, error);
}

const SgImporter sg_import_canonical = {matches, import};
