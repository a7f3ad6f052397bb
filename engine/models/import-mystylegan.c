/* The network of "Tackling fake images in cybersecurity" (docs/formats.md, Mystylegan). It keeps
 * its own layer names; variants of its code are brought to the last one. */
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include <math.h>
#include <string.h>

#define ANY        -1
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
  for (gsize i = 0; i < scaled->numel; i++)
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

  m->info.family = SG_FAMILY_MYSTYLEGAN;
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

/* ---- what the network is --------------------------------------------------------------------- */

/* A modulated convolution; returns its weight. */
static SgTensor *
check_styled(SgChecklist *c, int block, const char *layer, int ndim, const gint64 *shape, int in,
             int out_axis, int latent)
{
  SgTensor *w = sg_checklist_need(c, ndim, shape, "%d.%s.weight_orig", block, layer);
  if (!w)
    return NULL;
  sg_checklist_need(c, SHAPE(w->shape[out_axis]), "%d.%s.bias", block, layer);
  sg_checklist_need(c, SHAPE(in, latent), "%d.%s.style.weight_orig", block, layer);
  sg_checklist_need(c, SHAPE(in), "%d.%s.style.bias", block, layer);
  return w;
}

/* Returns the block's output channels, or -1. */
static int
check_block(SgChecklist *c, int b, int in, SgModelInfo *info)
{
  SgTensor *up = check_styled(c, b, "upconv", SHAPE(in, ANY, 3, 3), in, 1, info->w_dim), *conv,
           *rgb;
  if (!up)
    return -1;
  int middle = (int)up->shape[1];
  if (!(conv = check_styled(c, b, "conv", SHAPE(ANY, middle, 3, 3), middle, 0, info->w_dim)))
    return -1;
  int out = (int)conv->shape[0], colours = info->img_channels ? info->img_channels : ANY;
  sg_checklist_need(c, SHAPE(1), "%d.noise.noise_strength", b);
  sg_checklist_need(c, SHAPE(1), "%d.noise2.noise_strength", b);
  rgb = check_styled(c, b, "to_channels", SHAPE(colours, out, 1, 1), out, 0, info->w_dim);
  if (rgb)
    info->img_channels = (int)rgb->shape[0];
  return out;
}

static int
count_blocks(const SgModel *m, const char *prefix)
{
  int blocks = 0;
  while (blocks < MAX_BLOCKS && sg_model_tensorf(m, prefix, "%d.upconv.weight_orig", blocks))
    blocks++;
  return blocks;
}

static gboolean
infer_generator(SgModel *m, const char *prefix, SgModelInfo *info, int *full, GError **error)
{
  SgChecklist c = {m, prefix, m->names, error, TRUE};
  SgTensor *constant = sg_checklist_need(&c, SHAPE(ANY, ANY, ANY), "const");
  SgTensor *first = sg_model_tensor(m, prefix, "mapping.0.weight_orig");

  if (!constant)
    return FALSE;
  if (constant->shape[1] != constant->shape[2] || constant->shape[1] > 64)
    return sg_broken(error, "the tensor %sconst is not square", prefix);
  if (!first || first->ndim != 2 || first->numel == 0)
    return sg_broken(error, "the tensor %smapping.0.weight_orig is missing or no matrix", prefix);
  info->z_dim = info->w_dim = (int)first->shape[0];
  info->mapping_layers = 0;
  for (; c.ok && sg_model_tensorf(m, prefix, "mapping.%d.weight_orig", info->mapping_layers);
       info->mapping_layers++) {
    sg_checklist_need(&c, SHAPE(info->w_dim, info->w_dim), "mapping.%d.weight_orig",
                      info->mapping_layers);
    sg_checklist_need(&c, SHAPE(info->w_dim), "mapping.%d.bias", info->mapping_layers);
  }
  sg_checklist_allow(&c, "dlatent_avg", SHAPE(info->w_dim));
  int channels = (int)constant->shape[0], blocks = count_blocks(m, prefix);
  info->img_channels = 0;
  for (int b = 0; c.ok && b < blocks; b++)
    channels = check_block(&c, b, channels, info);
  info->num_ws = blocks;
  *full = (int)constant->shape[1] << blocks;
  return c.ok && blocks > 0;
}

static gboolean
read_resolution(const SgModel *m, int full, SgModelInfo *info, GError **error)
{
  const char *stated = g_hash_table_lookup(m->metadata, "img_resolution");

  /* The crop is not stored; the only net that is known to have one is that of the MNIST
   * notebook. */
  info->img_resolution = full == 32 && info->img_channels == 1 ? 28 : full;
  if (stated && !sg_parse_int(stated, full / 2 + 1, full, &info->img_resolution))
    return sg_broken(error, "the file claims pictures of %s×%s, but its network makes %d×%d",
                     stated, stated, full, full);
  return TRUE;
}

/* Returns the convolution's output channels, or -1. */
static int
check_conv(SgChecklist *c, const char *name, int in, int kernel)
{
  SgTensor *w = sg_checklist_need(c, SHAPE(ANY, in, kernel, kernel), "%s.weight_orig", name);
  if (!w)
    return -1;
  sg_checklist_need(c, SHAPE(w->shape[0]), "%s.bias", name);
  return (int)w->shape[0];
}

static int
check_d_block(SgChecklist *c, int b, int in)
{
  g_autofree char *conv = g_strdup_printf("%d.conv", b);
  g_autofree char *down = g_strdup_printf("%d.downconv", b);
  g_autofree char *skip = g_strdup_printf("%d.skip", b);
  int middle = check_conv(c, conv, in, 3);
  int out = middle > 0 ? check_conv(c, down, middle, 3) : -1;
  int beside = out > 0 ? check_conv(c, skip, in, 1) : -1;
  if (c->ok && beside != out)
    c->ok =
        sg_broken(c->error, "block %d of the discriminator adds %d to %d channels", b, beside, out);
  return out;
}

static gboolean
infer_discriminator(SgModel *m, SgModelInfo *info, GError **error)
{
  SgChecklist c = {m, "D.", m->names, error, TRUE};
  int channels = check_conv(&c, "from_channels", info->img_channels, 1);
  int size = info->img_resolution;
  SgTensor *conv, *dense;

  for (int b = 0; c.ok && sg_model_tensorf(m, "D.", "%d.conv.weight_orig", b); b++) {
    channels = check_d_block(&c, b, channels);
    size = (size + 1) / 2;
  }
  if (!c.ok || !(conv = sg_checklist_need(&c, SHAPE(ANY, channels + 1, 3, 3), "conv.weight_orig")))
    return FALSE;
  info->mbstd_num_channels = 1;
  sg_checklist_need(&c, SHAPE(conv->shape[0]), "conv.bias");
  if (size <= 2)
    return sg_broken(error, "the discriminator has more blocks than pictures of %d×%d allow",
                     info->img_resolution, info->img_resolution);
  /* The last convolution has no padding. */
  gint64 pixels = (gint64)(size - 2) * (size - 2);
  if (!(dense = sg_checklist_need(&c, SHAPE(ANY, conv->shape[0] * pixels), "dense.weight_orig")))
    return FALSE;
  sg_checklist_need(&c, SHAPE(dense->shape[0]), "dense.bias");
  sg_checklist_need(&c, SHAPE(1, dense->shape[0]), "output.weight_orig");
  sg_checklist_need(&c, SHAPE(1), "output.bias");
  info->has_d = c.ok;
  return c.ok;
}

gboolean
sg_mystylegan_infer(SgModel *m, GError **error)
{
  SgModelInfo *info = &m->info, second;
  gboolean averaged = sg_model_tensor(m, "G_ema.", "const") != NULL;
  int full;

  g_ptr_array_set_size(m->names, 0);
  if (!averaged && !sg_model_tensor(m, "G.", "const"))
    return sg_unsupported(error, "this is a mystylegan discriminator without a generator");
  if (!infer_generator(m, averaged ? "G_ema." : "G.", info, &full, error) ||
      !read_resolution(m, full, info, error))
    return FALSE;
  second = *info;
  if (averaged && sg_model_tensor(m, "G.", "const")) {
    int other;
    if (!infer_generator(m, "G.", &second, &other, error))
      return FALSE;
    if (other != full || second.w_dim != info->w_dim || second.img_channels != info->img_channels ||
        second.mapping_layers != info->mapping_layers)
      return sg_broken(error, "G and its averaged copy are networks of different shape");
  }
  info->has_d = FALSE;
  if (sg_model_tensor(m, "D.", "from_channels.weight_orig") && !infer_discriminator(m, info, error))
    return FALSE;
  return sg_refuse_surplus(m, error);
}
