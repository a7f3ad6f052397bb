/* NVlabs' TensorFlow pickles of StyleGAN2 (docs/formats.md, NVlabs, TensorFlow): the same network
 * with other names and with the sizes of its tensors in another order. */
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include <string.h>

static SgTensor *
lookup(const SgArchive *a, const char *network, const char *name)
{
  g_autofree char *full = g_strconcat(network, name, NULL);
  return sg_archive_tensor(a, full);
}

static const char *
argument(const SgArchive *a, const char *network, const char *name)
{
  g_autofree char *full = g_strconcat(network, "static_kwargs.", name, NULL);
  return sg_archive_attribute(a, full);
}

static gboolean
is_generator(const SgArchive *a, const char *network)
{
  return lookup(a, network, "synthesis.4x4/Const/const") &&
         lookup(a, network, "synthesis.4x4/Conv/mod_weight");
}

static gboolean
matches(const SgArchive *a)
{
  return is_generator(a, "Gs.") || is_generator(a, "G.");
}

/* ---- layouts --------------------------------------------------------------------------------- */

typedef enum { AS_IS, TRANSPOSE, HWIO, HWIO_FLIPPED, PLUS_ONE, DROP_ONES } Layout;

static SgTensor *
transpose(const SgTensor *t)
{
  SgTensor *out = sg_tensor_new(2, (gint64[]){t->shape[1], t->shape[0]});
  for (gint64 i = 0; i < t->shape[0]; i++)
    for (gint64 k = 0; k < t->shape[1]; k++)
      out->data[k * t->shape[0] + i] = t->data[i * t->shape[1] + k];
  return out;
}

/* [kh, kw, in, out] -> [out, in, kh, kw] */
static SgTensor *
hwio_to_oihw(const SgTensor *t, gboolean flip)
{
  gint64 h = t->shape[0], w = t->shape[1], in = t->shape[2], out = t->shape[3];
  SgTensor *r = sg_tensor_new(4, (gint64[]){out, in, h, w});
  for (gint64 y = 0; y < h; y++)
    for (gint64 x = 0; x < w; x++)
      for (gint64 i = 0; i < in; i++)
        for (gint64 o = 0; o < out; o++) {
          gint64 ty = flip ? h - 1 - y : y, tx = flip ? w - 1 - x : x;
          r->data[((o * in + i) * h + ty) * w + tx] = t->data[((y * w + x) * in + i) * out + o];
        }
  return r;
}

static SgTensor *
plus_one(const SgTensor *t)
{
  SgTensor *out = sg_tensor_copy(t);
  for (gsize i = 0; i < out->numel; i++)
    out->data[i] += 1;
  return out;
}

/* [1, C, 4, 4] -> [C, 4, 4], [1, 1, r, r] -> [r, r] */
static SgTensor *
drop_ones(const SgTensor *t)
{
  int first = 0;
  while (first < t->ndim - 2 && t->shape[first] == 1)
    first++;
  return sg_tensor_reshaped(t, t->ndim - first, t->shape + first);
}

/* A tensor whose dimensions do not fit is kept as it is, and refused later under its name. */
static SgTensor *
arranged(SgTensor *t, Layout layout)
{
  if (layout == TRANSPOSE && t->ndim == 2)
    return transpose(t);
  if ((layout == HWIO || layout == HWIO_FLIPPED) && t->ndim == 4)
    return hwio_to_oihw(t, layout == HWIO_FLIPPED);
  if (layout == PLUS_ONE)
    return plus_one(t);
  if (layout == DROP_ONES)
    return drop_ones(t);
  return sg_tensor_ref(t);
}

/* ---- names ----------------------------------------------------------------------------------- */

typedef struct {
  const SgArchive *archive;
  SgModel *model;
  const char *from, *to;
} Mapping;

static void
copy(const Mapping *m, Layout layout, const char *from, const char *to)
{
  SgTensor *t = lookup(m->archive, m->from, from);
  if (t)
    sg_model_add(m->model, m->to, to, arranged(t, layout));
}

/* `from` and `to` are layers; copies the variable `what` as `as`. */
static void
copy_part(const Mapping *m, Layout layout, const char *from, const char *what, const char *to,
          const char *as)
{
  g_autofree char *source = g_strconcat(from, "/", what, NULL);
  g_autofree char *target = g_strconcat(to, ".", as, NULL);
  copy(m, layout, source, target);
}

static void
map_dense(const Mapping *m, const char *from, const char *to)
{
  copy_part(m, TRANSPOSE, from, "weight", to, "weight");
  copy_part(m, AS_IS, from, "bias", to, "bias");
}

static void
map_conv(const Mapping *m, const char *from, const char *to)
{
  copy_part(m, HWIO, from, "weight", to, "weight");
  copy_part(m, AS_IS, from, "bias", to, "bias");
}

/* `noise` < 0: none (ToRGB). */
static void
map_styled(const Mapping *m, Layout weight, const char *from, int noise, const char *to)
{
  copy_part(m, weight, from, "weight", to, "weight");
  copy_part(m, AS_IS, from, "bias", to, "bias");
  copy_part(m, TRANSPOSE, from, "mod_weight", to, "affine.weight");
  copy_part(m, PLUS_ONE, from, "mod_bias", to, "affine.bias");
  if (noise < 0)
    return;
  copy_part(m, AS_IS, from, "noise_strength", to, "noise_strength");
  g_autofree char *source = g_strdup_printf("synthesis.noise%d", noise);
  g_autofree char *target = g_strconcat(to, ".noise_const", NULL);
  copy(m, DROP_ONES, source, target);
}

static void
map_g_block(const Mapping *m, int r, int log2)
{
  g_autofree char *from = g_strdup_printf("synthesis.%dx%d", r, r);
  g_autofree char *conv0 = g_strconcat(from, "/Conv0_up", NULL);
  g_autofree char *conv1 = g_strconcat(from, r == 4 ? "/Conv" : "/Conv1", NULL);
  g_autofree char *rgb = g_strconcat(from, "/ToRGB", NULL);
  g_autofree char *skip = g_strconcat(from, "/Skip", NULL);
  g_autofree char *to = g_strdup_printf("synthesis.b%d", r);
  g_autofree char *to_conv0 = g_strconcat(to, ".conv0", NULL);
  g_autofree char *to_conv1 = g_strconcat(to, ".conv1", NULL);
  g_autofree char *to_rgb = g_strconcat(to, ".torgb", NULL);
  g_autofree char *to_skip = g_strconcat(to, ".skip", NULL);

  if (r > 4)
    map_styled(m, HWIO_FLIPPED, conv0, 2 * log2 - 5, to_conv0);
  map_styled(m, HWIO, conv1, 2 * log2 - 4, to_conv1);
  map_styled(m, HWIO, rgb, -1, to_rgb);
  copy_part(m, HWIO, skip, "weight", to_skip, "weight");
}

static void
map_generator(const Mapping *m)
{
  copy(m, AS_IS, "dlatent_avg", "mapping.w_avg");
  copy(m, DROP_ONES, "synthesis.4x4/Const/const", "synthesis.b4.const");
  map_dense(m, "mapping.LabelEmbed", "mapping.embed");
  for (int i = 0; i < 64; i++) {
    g_autofree char *from = g_strdup_printf("mapping.Dense%d", i);
    g_autofree char *to = g_strdup_printf("mapping.fc%d", i);
    map_dense(m, from, to);
  }
  for (int r = 4, log2 = 2; r <= 4096; r *= 2, log2++)
    map_g_block(m, r, log2);
}

static void
map_d_block(const Mapping *m, int r)
{
  static const char *const layers[][2] = {
      {"FromRGB", "fromrgb"}, {"Conv0", "conv0"}, {"Conv1_down", "conv1"}, {"Skip", "skip"}};
  for (gsize i = 0; i < G_N_ELEMENTS(layers); i++) {
    g_autofree char *from = g_strdup_printf("%dx%d/%s", r, r, layers[i][0]);
    g_autofree char *to = g_strdup_printf("b%d.%s", r, layers[i][1]);
    map_conv(m, from, to);
  }
}

static void
map_discriminator(const Mapping *m)
{
  for (int r = 4; r <= 4096; r *= 2)
    map_d_block(m, r);
  map_conv(m, "4x4/Conv", "b4.conv");
  map_dense(m, "4x4/Dense0", "b4.fc");
  map_dense(m, "Output", "b4.out");
  map_dense(m, "LabelEmbed", "mapping.embed");
  for (int i = 0; i < 64; i++) {
    g_autofree char *from = g_strdup_printf("Mapping%d", i);
    g_autofree char *to = g_strdup_printf("mapping.fc%d", i);
    map_dense(m, from, to);
  }
}

/* ---- what the shapes do not tell --------------------------------------------------------- */

static gboolean
refuse_variants(const SgArchive *a, const char *network, GError **error)
{
  if (lookup(a, network, "mapping.LabelConcat/weight"))
    return sg_unsupported(error,
                          "this is a class-conditional StyleGAN2 of TensorFlow, whose mapping "
                          "network is another one; Vitrine reads stylegan2-ada's");
  if (lookup(a, network, "synthesis.ToRGB_lod0/weight"))
    return sg_unsupported(error,
                          "this is a StyleGAN2 of configuration A to D; Vitrine reads E and F");
  return TRUE;
}

static gboolean
read_arguments(const SgArchive *a, const char *generator, SgModelInfo *info, GError **error)
{
  const char *group = argument(a, "D.", "mbstd_group_size");
  const char *version = sg_archive_attribute(a, "D.version");

  /* What stylegan2-ada's discriminator has where nothing is stated. */
  info->d_mapping_lr_mul = 0.1;
  if (!sg_read_multiplier(argument(a, generator, "mapping_lrmul"), &info->mapping_lr_mul, error) ||
      !sg_read_multiplier(argument(a, "D.", "mapping_lrmul"), &info->d_mapping_lr_mul, error) ||
      !sg_read_clamp(argument(a, generator, "conv_clamp"), &info->g_conv_clamp, error) ||
      !sg_read_clamp(argument(a, "D.", "conv_clamp"), &info->d_conv_clamp, error))
    return FALSE;
  /* stylegan2-ada (version 5) takes the whole batch unless told otherwise. */
  info->mbstd_group_size = g_strcmp0(version, "5") == 0 ? 0 : 4;
  if (group && strcmp(group, "None") == 0)
    info->mbstd_group_size = 0;
  else if (group && !sg_parse_int(group, 0, 65536, &info->mbstd_group_size))
    return sg_broken(error, "its minibatch group size is “%s”, which is no count", group);
  return TRUE;
}

static gboolean
import(const SgArchive *a, SgModel *model, GError **error)
{
  const char *generator = is_generator(a, "Gs.") ? "Gs." : "G.";
  Mapping averaged = {a, model, "Gs.", "G_ema."};
  Mapping plain = {a, model, "G.", "G."};
  Mapping d = {a, model, "D.", "D."};

  if (!refuse_variants(a, generator, error) || !read_arguments(a, generator, &model->info, error))
    return FALSE;
  if (is_generator(a, "Gs."))
    map_generator(&averaged);
  if (is_generator(a, "G."))
    map_generator(&plain);
  if (lookup(a, "D.", "Output/weight"))
    map_discriminator(&d);
  return TRUE;
}

const SgImporter sg_import_tensorflow = {matches, import};
