/* NVlabs' TensorFlow pickles of StyleGAN2 (docs/formats.md, NVlabs, TensorFlow): the same network
 * with other names and with the sizes of its tensors in another order. */
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include "engine/models/tensorflow-names.h"
#include <string.h>

static gboolean
is_generator(const SgArchive *a, const char *network)
{
  return sg_tf_lookup(a, network, "synthesis.4x4/Const/const") &&
         sg_tf_lookup(a, network, "synthesis.4x4/Conv/mod_weight");
}

static gboolean
matches(const SgArchive *a)
{
  return is_generator(a, "Gs.") || is_generator(a, "G.");
}

/* ---- names ----------------------------------------------------------------------------------- */

/* `noise` < 0: none (ToRGB). */
static void
map_styled(const SgTfMapping *m, SgTfLayout weight, const char *from, int noise, const char *to)
{
  sg_tf_copy_part(m, weight, from, "weight", to, "weight");
  sg_tf_copy_part(m, SG_TF_AS_IS, from, "bias", to, "bias");
  sg_tf_copy_part(m, SG_TF_TRANSPOSE, from, "mod_weight", to, "affine.weight");
  sg_tf_copy_part(m, SG_TF_PLUS_ONE, from, "mod_bias", to, "affine.bias");
  if (noise < 0)
    return;
  sg_tf_copy_part(m, SG_TF_AS_IS, from, "noise_strength", to, "noise_strength");
  g_autofree char *source = g_strdup_printf("synthesis.noise%d", noise);
  g_autofree char *target = g_strconcat(to, ".noise_const", NULL);
  sg_tf_copy(m, SG_TF_DROP_ONES, source, target);
}

static void
map_g_block(const SgTfMapping *m, int r, int log2)
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
    map_styled(m, SG_TF_HWIO_FLIPPED, conv0, 2 * log2 - 5, to_conv0);
  map_styled(m, SG_TF_HWIO, conv1, 2 * log2 - 4, to_conv1);
  map_styled(m, SG_TF_HWIO, rgb, -1, to_rgb);
  sg_tf_copy_part(m, SG_TF_HWIO, skip, "weight", to_skip, "weight");
}

static void
map_generator(const SgTfMapping *m)
{
  sg_tf_copy(m, SG_TF_AS_IS, "dlatent_avg", "mapping.w_avg");
  sg_tf_copy(m, SG_TF_DROP_ONES, "synthesis.4x4/Const/const", "synthesis.b4.const");
  sg_tf_copy_dense(m, "mapping.LabelEmbed", "mapping.embed");
  for (int i = 0; i < 64; i++) {
    g_autofree char *from = g_strdup_printf("mapping.Dense%d", i);
    g_autofree char *to = g_strdup_printf("mapping.fc%d", i);
    sg_tf_copy_dense(m, from, to);
  }
  for (int r = 4, log2 = 2; r <= 4096; r *= 2, log2++)
    map_g_block(m, r, log2);
}

static void
map_d_block(const SgTfMapping *m, int r)
{
  static const char *const layers[][2] = {
      {"FromRGB", "fromrgb"}, {"Conv0", "conv0"}, {"Conv1_down", "conv1"}, {"Skip", "skip"}};
  for (gsize i = 0; i < G_N_ELEMENTS(layers); i++) {
    g_autofree char *from = g_strdup_printf("%dx%d/%s", r, r, layers[i][0]);
    g_autofree char *to = g_strdup_printf("b%d.%s", r, layers[i][1]);
    sg_tf_copy_conv(m, from, to);
  }
}

static void
map_discriminator(const SgTfMapping *m)
{
  for (int r = 4; r <= 4096; r *= 2)
    map_d_block(m, r);
  sg_tf_copy_conv(m, "4x4/Conv", "b4.conv");
  sg_tf_copy_dense(m, "4x4/Dense0", "b4.fc");
  sg_tf_copy_dense(m, "Output", "b4.out");
  sg_tf_copy_dense(m, "LabelEmbed", "mapping.embed");
  for (int i = 0; i < 64; i++) {
    g_autofree char *from = g_strdup_printf("Mapping%d", i);
    g_autofree char *to = g_strdup_printf("mapping.fc%d", i);
    sg_tf_copy_dense(m, from, to);
  }
}

/* ---- what the shapes do not tell --------------------------------------------------------- */

static gboolean
refuse_variants(const SgArchive *a, const char *network, GError **error)
{
  if (sg_tf_lookup(a, network, "mapping.LabelConcat/weight"))
    return sg_unsupported(error,
                          "this is a class-conditional StyleGAN2 of TensorFlow, whose mapping "
                          "network is another one; Vitrine reads stylegan2-ada's");
  if (sg_tf_lookup(a, network, "synthesis.ToRGB_lod0/weight"))
    return sg_unsupported(error,
                          "this is a StyleGAN2 of configuration A to D; Vitrine reads E and F");
  return TRUE;
}

static gboolean
read_arguments(const SgArchive *a, const char *generator, SgModelInfo *info, GError **error)
{
  const char *group = sg_tf_argument(a, "D.", "mbstd_group_size");
  const char *version = sg_archive_attribute(a, "D.version");

  /* What stylegan2-ada's discriminator has where nothing is stated. */
  info->d_mapping_lr_mul = 0.1;
  if (!sg_read_multiplier(sg_tf_argument(a, generator, "mapping_lrmul"), &info->mapping_lr_mul,
                          error) ||
      !sg_read_multiplier(sg_tf_argument(a, "D.", "mapping_lrmul"), &info->d_mapping_lr_mul,
                          error) ||
      !sg_read_clamp(sg_tf_argument(a, generator, "conv_clamp"), &info->g_conv_clamp, error) ||
      !sg_read_clamp(sg_tf_argument(a, "D.", "conv_clamp"), &info->d_conv_clamp, error))
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
  SgTfMapping averaged = {a, model, "Gs.", "G_ema."};
  SgTfMapping plain = {a, model, "G.", "G."};
  SgTfMapping d = {a, model, "D.", "D."};

  if (!refuse_variants(a, generator, error) || !read_arguments(a, generator, &model->info, error))
    return FALSE;
  if (is_generator(a, "Gs."))
    map_generator(&averaged);
  if (is_generator(a, "G."))
    map_generator(&plain);
  if (sg_tf_lookup(a, "D.", "Output/weight"))
    map_discriminator(&d);
  return TRUE;
}

const SgImporter sg_import_tensorflow = {matches, import};
