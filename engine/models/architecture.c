/* What a StyleGAN2 is, deduced from its tensors. Widths are whatever the shapes say; the shapes
 * have to agree with each other, nothing may be missing and nothing may be left over: a network
 * with one more layer would draw wrong pictures without a word. */
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include <string.h>

#define MAX_RESOLUTION 4096
#define ANY            -1

/* ---- the checklist --------------------------------------------------------------------------- */

static char *
wanted_shape(int ndim, const gint64 *shape)
{
  GString *s = g_string_new("[");
  for (int i = 0; i < ndim; i++) {
    g_string_append(s, i ? ", " : "");
    if (shape[i] < 0)
      g_string_append_c(s, '?');
    else
      g_string_append_printf(s, "%" G_GINT64_FORMAT, shape[i]);
  }
  g_string_append_c(s, ']');
  return g_string_free(s, FALSE);
}

static gboolean
matches(const SgTensor *t, int ndim, const gint64 *shape)
{
  if (t->ndim != ndim || t->numel == 0)
    return FALSE;
  for (int i = 0; i < ndim; i++)
    if (shape[i] >= 0 && t->shape[i] != shape[i])
      return FALSE;
  return TRUE;
}

SgTensor *
sg_checklist_allow(SgChecklist *c, const char *name, int ndim, const gint64 *shape)
{
  SgTensor *t = sg_model_tensor(c->model, c->prefix, name);
  if (!c->ok || !t)
    return NULL;
  if (!matches(t, ndim, shape)) {
    g_autofree char *wanted = wanted_shape(ndim, shape);
    g_autofree char *found = sg_shape_to_string(t->ndim, t->shape);
    c->ok = sg_broken(c->error, "the tensor %s%s should have the shape %s, but has %s", c->prefix,
                      name, wanted, found);
    return NULL;
  }
  g_ptr_array_add(c->order, g_strconcat(c->prefix, name, NULL));
  return t;
}

SgTensor *
sg_checklist_need(SgChecklist *c, int ndim, const gint64 *shape, const char *format, ...)
{
  char name[128];
  va_list args;

  va_start(args, format);
  g_vsnprintf(name, sizeof name, format, args);
  va_end(args);
  if (c->ok && !sg_model_tensor(c->model, c->prefix, name))
    c->ok = sg_broken(c->error, "the tensor %s%s is missing", c->prefix, name);
  return sg_checklist_allow(c, name, ndim, shape);
}

/* Size `axis` of a tensor, or -1. */
G_GNUC_PRINTF(3, 4)
static int
size_of(const SgChecklist *c, int axis, const char *format, ...)
{
  char name[128];
  va_list args;
  va_start(args, format);
  g_vsnprintf(name, sizeof name, format, args);
  va_end(args);
  const SgTensor *t = sg_model_tensor(c->model, c->prefix, name);
  return t && axis < t->ndim && t->shape[axis] <= G_MAXINT32 ? (int)t->shape[axis] : -1;
}

#define HAS(c, ...) (size_of(c, 0, __VA_ARGS__) >= 0)

/* ---- mapping networks ------------------------------------------------------------------------ */

/* `label_features` (0 when unconditional) come in beside `inputs` (< 0: as many as fc0 takes).
 * Returns what the last layer gives, and through `inputs` what is left for z. */
static int
check_mapping(SgChecklist *c, int label_features, int *inputs, int *layers)
{
  int features = *inputs < 0 ? -1 : *inputs + label_features;
  *layers = 0;
  while (HAS(c, "mapping.fc%d.weight", *layers)) {
    SgTensor *w = sg_checklist_need(c, SHAPE(ANY, features), "mapping.fc%d.weight", *layers);
    if (!w)
      return -1;
    if (*layers == 0)
      *inputs = (int)w->shape[1] - label_features;
    features = (int)w->shape[0];
    sg_checklist_need(c, SHAPE(features), "mapping.fc%d.bias", *layers);
    ++*layers;
  }
  return features;
}

static int
check_embedding(SgChecklist *c, int *classes)
{
  *classes = 0;
  if (!HAS(c, "mapping.embed.weight"))
    return 0;
  SgTensor *w = sg_checklist_need(c, SHAPE(ANY, ANY), "mapping.embed.weight");
  if (!w)
    return 0;
  sg_checklist_need(c, SHAPE(w->shape[0]), "mapping.embed.bias");
  *classes = (int)w->shape[1];
  return (int)w->shape[0];
}

static void
check_g_mapping(SgChecklist *c, SgModelInfo *info)
{
  int label = check_embedding(c, &info->c_dim), inputs = -1, outputs;

  outputs = check_mapping(c, label, &inputs, &info->mapping_layers);
  if (!c->ok)
    return;
  if (info->mapping_layers == 0) {
    outputs = info->w_dim;
    inputs = info->w_dim - label;
  }
  if (inputs <= 0 || outputs != info->w_dim) {
    c->ok = sg_broken(c->error,
                      "the mapping network takes %d numbers and gives %d, but the styles take %d",
                      inputs, outputs, info->w_dim);
    return;
  }
  info->z_dim = inputs;
  sg_checklist_allow(c, "mapping.w_avg", SHAPE(info->w_dim));
}

/* ---- the generator --------------------------------------------------------------------------- */

static void
add_silent_noise(SgChecklist *c, const char *layer)
{
  /* A network built without noise (use_noise False) has neither tensor: a strength of 0 says it. */
  g_autofree char *strength = g_strconcat(layer, ".noise_strength", NULL);
  g_autofree char *plane = g_strconcat(layer, ".noise_const", NULL);
  if (c->ok && !sg_model_tensor(c->model, c->prefix, strength) &&
      !sg_model_tensor(c->model, c->prefix, plane))
    sg_model_add(c->model, c->prefix, strength, sg_tensor_new(0, (gint64[]){0}));
}

/* Returns the layer's output channels, or -1. */
static int
check_g_layer(SgChecklist *c, int r, int conv, int in, int w_dim)
{
  g_autofree char *layer = g_strdup_printf("synthesis.b%d.conv%d", r, conv);
  g_autofree char *plane = g_strconcat(layer, ".noise_const", NULL);
  SgTensor *w = sg_checklist_need(c, SHAPE(ANY, in, 3, 3), "%s.weight", layer);

  if (!w)
    return -1;
  add_silent_noise(c, layer);
  sg_checklist_need(c, SHAPE(w->shape[0]), "%s.bias", layer);
  sg_checklist_need(c, 0, NULL, "%s.noise_strength", layer);
  sg_checklist_allow(c, plane, SHAPE(r, r));
  sg_checklist_need(c, SHAPE(in, w_dim), "%s.affine.weight", layer);
  sg_checklist_need(c, SHAPE(in), "%s.affine.bias", layer);
  return (int)w->shape[0];
}

static void
check_torgb(SgChecklist *c, int r, int in, SgModelInfo *info)
{
  int colours = info->img_channels ? info->img_channels : ANY;
  SgTensor *w = sg_checklist_need(c, SHAPE(colours, in, 1, 1), "synthesis.b%d.torgb.weight", r);
  if (!w)
    return;
  info->img_channels = (int)w->shape[0];
  sg_checklist_need(c, SHAPE(info->img_channels), "synthesis.b%d.torgb.bias", r);
  sg_checklist_need(c, SHAPE(in, info->w_dim), "synthesis.b%d.torgb.affine.weight", r);
  sg_checklist_need(c, SHAPE(in), "synthesis.b%d.torgb.affine.bias", r);
}

static SgArch
find_g_arch(const SgChecklist *c, const SgModelInfo *info)
{
  if (info->img_resolution == 4) /* one block looks the same in all three */
    return info->g_arch;
  if (HAS(c, "synthesis.b4.torgb.weight"))
    return SG_ARCH_SKIP;
  return HAS(c, "synthesis.b8.skip.weight") ? SG_ARCH_RESNET : SG_ARCH_ORIG;
}

static void
check_synthesis(SgChecklist *c, SgModelInfo *info)
{
  SgTensor *constant = sg_checklist_need(c, SHAPE(ANY, 4, 4), "synthesis.b4.const");
  int channels = constant ? (int)constant->shape[0] : -1;

  for (int r = 4; c->ok && r <= info->img_resolution; r *= 2) {
    int in = channels;
    if (r > 4)
      channels = check_g_layer(c, r, 0, in, info->w_dim);
    channels = c->ok ? check_g_layer(c, r, 1, channels, info->w_dim) : -1;
    if (c->ok && info->g_arch == SG_ARCH_RESNET && r > 4)
      sg_checklist_need(c, SHAPE(channels, in, 1, 1), "synthesis.b%d.skip.weight", r);
    if (c->ok && (info->g_arch == SG_ARCH_SKIP || r == info->img_resolution))
      check_torgb(c, r, channels, info);
  }
}

static gboolean
infer_generator(SgModel *m, const char *prefix, SgModelInfo *info, GPtrArray *order, GError **error)
{
  SgChecklist c = {m, prefix, order, error, TRUE};
  int r = 4;

  while (r < MAX_RESOLUTION && HAS(&c, "synthesis.b%d.conv1.weight", r * 2))
    r *= 2;
  info->img_resolution = r;
  info->img_channels = 0;
  info->w_dim = size_of(&c, 1, "synthesis.b4.conv1.affine.weight");
  if (info->w_dim <= 0)
    return sg_broken(error,
                     "the tensor %ssynthesis.b4.conv1.affine.weight is missing or has no "
                     "second size",
                     prefix);
  info->g_arch = find_g_arch(&c, info);
  info->num_ws = 0;
  for (int block = 4; block <= r; block *= 2)
    info->num_ws += 2;
  check_synthesis(&c, info);
  if (c.ok)
    check_g_mapping(&c, info);
  return c.ok;
}

/* ---- the discriminator ----------------------------------------------------------------------- */

static void
check_fromrgb(SgChecklist *c, int r, int out, int colours)
{
  SgTensor *w = sg_checklist_need(c, SHAPE(out, colours, 1, 1), "b%d.fromrgb.weight", r);
  if (w)
    sg_checklist_need(c, SHAPE(w->shape[0]), "b%d.fromrgb.bias", r);
}

/* Returns the block's output channels, or -1. */
static int
check_d_block(SgChecklist *c, int r, int in, SgArch arch)
{
  SgTensor *w0 = sg_checklist_need(c, SHAPE(ANY, in, 3, 3), "b%d.conv0.weight", r), *w1;
  if (!w0)
    return -1;
  sg_checklist_need(c, SHAPE(w0->shape[0]), "b%d.conv0.bias", r);
  if (!(w1 = sg_checklist_need(c, SHAPE(ANY, w0->shape[0], 3, 3), "b%d.conv1.weight", r)))
    return -1;
  sg_checklist_need(c, SHAPE(w1->shape[0]), "b%d.conv1.bias", r);
  if (arch == SG_ARCH_RESNET)
    sg_checklist_need(c, SHAPE(w1->shape[0], in, 1, 1), "b%d.skip.weight", r);
  return (int)w1->shape[0];
}

static void
check_epilogue(SgChecklist *c, int in, int outputs, SgModelInfo *info)
{
  SgTensor *conv = sg_checklist_need(c, SHAPE(ANY, ANY, 3, 3), "b4.conv.weight"), *fc;
  if (!conv)
    return;
  int extra = (int)conv->shape[1] - in, features = (int)conv->shape[0];
  if (extra < 0 || (extra > 0 && in % extra != 0)) {
    c->ok = sg_broken(c->error,
                      "the tensor %sb4.conv.weight takes %d channels, which does not fit "
                      "the %d of the block before it",
                      c->prefix, (int)conv->shape[1], in);
    return;
  }
  info->mbstd_num_channels = extra;
  sg_checklist_need(c, SHAPE(features), "b4.conv.bias");
  if (!(fc = sg_checklist_need(c, SHAPE(ANY, (gint64)features * 16), "b4.fc.weight")))
    return;
  sg_checklist_need(c, SHAPE(fc->shape[0]), "b4.fc.bias");
  sg_checklist_need(c, SHAPE(outputs, fc->shape[0]), "b4.out.weight");
  sg_checklist_need(c, SHAPE(outputs), "b4.out.bias");
}

static SgArch
find_d_arch(const SgChecklist *c, int resolution, SgArch stated)
{
  if (resolution == 4)
    return stated;
  if (HAS(c, "b4.fromrgb.weight"))
    return SG_ARCH_SKIP;
  return HAS(c, "b%d.skip.weight", resolution) ? SG_ARCH_RESNET : SG_ARCH_ORIG;
}

/* Outputs of the last layer: 1, or one per feature of the label's mapping. */
static int
check_d_mapping(SgChecklist *c, SgModelInfo *info)
{
  int classes, features = check_embedding(c, &classes);
  if (!c->ok)
    return -1;
  if (classes != info->c_dim) {
    c->ok = sg_broken(c->error, "the discriminator knows %d classes, the generator %d", classes,
                      info->c_dim);
    return -1;
  }
  if (classes == 0)
    return 1;
  return check_mapping(c, 0, &features, &info->d_mapping_layers);
}

static gboolean
infer_discriminator(SgModel *m, SgModelInfo *info, GPtrArray *order, GError **error)
{
  SgChecklist c = {m, "D.", order, error, TRUE};
  int r = 4;

  while (r < MAX_RESOLUTION && HAS(&c, "b%d.conv0.weight", r * 2))
    r *= 2;
  if (r != info->img_resolution)
    return sg_broken(error, "the discriminator takes pictures of %d×%d, the generator makes %d×%d",
                     r, r, info->img_resolution, info->img_resolution);
  info->d_arch = find_d_arch(&c, r, info->d_arch);
  int channels = size_of(&c, 0, "b%d.fromrgb.weight", r);
  for (; c.ok && r > 4; r /= 2) {
    if (r == info->img_resolution || info->d_arch == SG_ARCH_SKIP)
      check_fromrgb(&c, r, channels, info->img_channels);
    channels = c.ok ? check_d_block(&c, r, channels, info->d_arch) : -1;
  }
  if (c.ok && (info->img_resolution == 4 || info->d_arch == SG_ARCH_SKIP))
    check_fromrgb(&c, 4, channels, info->img_channels);
  int outputs = c.ok ? check_d_mapping(&c, info) : -1;
  if (c.ok)
    check_epilogue(&c, channels, outputs, info);
  info->has_d = c.ok;
  return c.ok;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static gboolean
has_prefix(const SgModel *m, const char *prefix)
{
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, m->tensors);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    if (g_str_has_prefix(key, prefix))
      return TRUE;
  return FALSE;
}

/* G beside G_ema: the same network at another moment. */
static gboolean
check_second_generator(SgModel *m, const SgModelInfo *info, GPtrArray *order, GError **error)
{
  SgModelInfo second = *info;
  if (!infer_generator(m, "G.", &second, order, error))
    return FALSE;
  second.has_d = info->has_d;
  if (second.img_resolution != info->img_resolution || second.g_arch != info->g_arch ||
      second.img_channels != info->img_channels || second.z_dim != info->z_dim ||
      second.w_dim != info->w_dim || second.c_dim != info->c_dim ||
      second.mapping_layers != info->mapping_layers)
    return sg_broken(error, "G and G_ema are networks of different shape");
  return TRUE;
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

gboolean
sg_refuse_surplus(SgModel *m, GError **error)
{
  const GPtrArray *order = m->names;
  g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) surplus = g_ptr_array_new();
  GHashTableIter iter;
  gpointer key;

  for (guint i = 0; i < order->len; i++)
    g_hash_table_add(known, order->pdata[i]);
  g_hash_table_iter_init(&iter, m->tensors);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    if (!g_hash_table_contains(known, key))
      g_ptr_array_add(surplus, key);
  if (surplus->len == 0)
    return TRUE;
  g_ptr_array_sort(surplus, compare_names);
  return sg_unsupported(error,
                        "this is a modified network: it has %u tensors that Vitrine does not know, "
                        "first %s",
                        surplus->len, (char *)surplus->pdata[0]);
}

gboolean
sg_architecture_infer(SgModel *m, GError **error)
{
  SgModelInfo *info = &m->info;
  gboolean averaged = has_prefix(m, "G_ema.");

  if (!averaged && !has_prefix(m, "G."))
    return sg_unsupported(error, "this is a StyleGAN2 discriminator without a generator");
  g_ptr_array_set_size(m->names, 0);
  if (!infer_generator(m, averaged ? "G_ema." : "G.", info, m->names, error) ||
      (averaged && has_prefix(m, "G.") && !check_second_generator(m, info, m->names, error)))
    return FALSE;
  info->has_d = FALSE;
  if (has_prefix(m, "D.") && !infer_discriminator(m, info, m->names, error))
    return FALSE;
  return sg_refuse_surplus(m, error);
}
