/* The network of "Tackling fake images in cybersecurity" (docs/formats.md, Mystylegan). It keeps
 * its own layer names; variants of its code are brought to the last one. */
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include <math.h>
#include <string.h>

#define MAX_BLOCKS 10
/* ---- import ---------------------------------------------------------------------------------- */

static gboolean
has(const SgArchive *a, const char *prefix, const char *name)
{
  g_autofree char *full = g_strconcat(prefix, name, NULL);
  g_autofree char *plain = g_strconcat(full, "_orig", NULL);
  return sg_archive_tensor(a, full) || sg_archive_tensor(a, plain);
}

static gboolean
is_generator(const SgArchive *a, const char *prefix)
{
  return has(a, prefix, "0.upconv.weight") && has(a, prefix, "const");
}

static gboolean
matches(const SgArchive *a)
{
  static const char *const prefixes[] = {"G.", "G_ema.", "", "Src_Net."};
  for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
    if (is_generator(a, prefixes[i]))
      return TRUE;
  return has(a, "D.", "from_channels.weight") || has(a, "", "from_channels.weight");
}

/* Without Equal_LR a weight is used as it is. Stored times sqrt (fan_in) it comes out the same
 * after the division that all others need. The transposed convolution counts its first size as
 * input. */
static SgTensor *
undo_equal_lr(const char *name, const SgTensor *t)
{
  SgTensor *scaled = sg_tensor_copy(t);
  gboolean transposed = strstr(name, ".upconv.weight") != NULL;
  double fan_in = t->ndim >= 2 ? (double)t->shape[transposed ? 0 : 1] : 1;

  for (int i = 2; i < t->ndim; i++)
    fan_in *= (double)t->shape[i];
  for (gsize i = 0; scaled && i < scaled->numel; i++)
    scaled->data[i] = (float)(scaled->data[i] * sqrt(fan_in));
  return scaled;
}

/* Adds one tensor under the name that the last version of the code gives it. */
static void
add(SgModel *m, const char *prefix, const char *name, const SgTensor *t)
{
  g_auto(GStrv) parts = g_strsplit(name, ".down.", 2);
  g_autofree char *renamed = g_strjoinv(".skip.", parts);

  if (g_str_has_suffix(renamed, ".weight")) {
    g_autofree char *equalised = g_strconcat(renamed, "_orig", NULL);
    sg_model_add(m, prefix, equalised, undo_equal_lr(renamed, t));
  } else
    sg_model_add(m, prefix, renamed, sg_tensor_ref((SgTensor *)t));
}

static void
import_network(const SgArchive *a, SgModel *m, const char *from, const char *to)
{
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    const char *name = e->name + strlen(from);
    if (g_str_has_prefix(e->name, from) && !g_str_has_prefix(name, "Src_Net."))
      add(m, to, name, e->tensor);
  }
}

/* Older code has one noise strength for both convolutions of a block. */
static void
complete_noise(SgModel *m, const char *prefix)
{
  for (int b = 0; b < MAX_BLOCKS; b++) {
    g_autofree char *second = g_strdup_printf("%d.noise2.noise_strength", b);
    SgTensor *first = sg_model_tensorf(m, prefix, "%d.noise.noise_strength", b);
    if (first && !sg_model_tensor(m, prefix, second))
      sg_model_add(m, prefix, second, sg_tensor_ref(first));
  }
}

static void
import_averaged(const SgArchive *a, SgModel *m, const char *from, const char *outer)
{
  g_autofree char *average = g_strconcat(outer, "dlatent_avg", NULL);
  SgTensor *t = sg_archive_tensor(a, average);

  import_network(a, m, from, "G_ema.");
  complete_noise(m, "G_ema.");
  /* The copy's own average is from when the copy was made; the outer one is kept up to date. */
  if (t)
    sg_model_add(m, "G_ema.", "dlatent_avg", sg_tensor_ref(t));
}

static gboolean
import(const SgArchive *a, SgModel *m, GError **error)
{
  const char *outer = is_generator(a, "G.") ? "G." : "";
  g_autofree char *source = g_strconcat(outer, "Src_Net.", NULL);
  const char *group = sg_archive_attribute(a, "__metadata__.mbstd_group_size");

  m->info.mapping_lr_mul = m->info.d_mapping_lr_mul = 1;
  if (group && !sg_parse_int(group, 1, 65536, &m->info.mbstd_group_size))
    return sg_broken(error, "its minibatch group size is “%s”, which is no count", group);
  g_free(m->kind);
  m->kind = g_strdup_printf("mystylegan, %s", a->kind);
  if (is_generator(a, "G_ema.")) /* our own files */
    import_network(a, m, "G_ema.", "G_ema.");
  else if (is_generator(a, source))
    import_averaged(a, m, source, outer);
  if (is_generator(a, outer)) {
    gboolean only = !is_generator(a, "G_ema.") && !is_generator(a, source) && !outer[0];
    import_network(a, m, outer, only ? "G_ema." : "G.");
    complete_noise(m, only ? "G_ema." : "G.");
  }
  if (has(a, "D.", "from_channels.weight"))
    import_network(a, m, "D.", "D.");
  sg_model_copy_metadata(m, a, NULL);
  return TRUE;
}

const SgImporter sg_import_mystylegan = {matches, import};
