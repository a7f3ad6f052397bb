/* What modules of rosinality's StyleGAN2 state when they were pickled whole, and the arguments of
 * its training. Most people store dicts of tensors, which state nothing. */
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include "engine/models/statements.h"
#include <math.h>
#include <string.h>

/* Kept by two kinds of layers: weights are divided by the square root of their inputs (and
 * multiplied by the learning rate's multiplier), activations multiplied by that of 2. */
static gboolean
check_scale(SgStatementContext *c, const char *value, GError **error)
{
  g_autofree char *layer = g_strndup(c->path, strlen(c->path) - strlen(".scale"));
  g_autofree char *name = g_strconcat(layer, ".weight", NULL);
  const SgTensor *w = sg_archive_tensor(c->archive, name);
  double scale = sqrt(2), fan_in = 1;

  for (int i = w && w->ndim == 5 ? 2 : 1; w && i < w->ndim; i++)
    fan_in *= (double)w->shape[i];
  if (w)
    scale = (g_str_has_prefix(c->layer, "style.") ? 0.01 : 1) / sqrt(fan_in);
  return sg_statement_expect(c, value, scale, error);
}

static gboolean
check_group(SgStatementContext *c, const char *value, GError **error)
{
  return sg_parse_int(value, 1, 65536, &c->model->info.mbstd_group_size) ||
         sg_statement_refuse(c, value, "4", error);
}

static gboolean
check_features(SgStatementContext *c, const char *value, GError **error)
{
  return sg_statement_expect(c, value, c->model->info.mbstd_num_channels, error);
}

static gboolean
check_argument(SgStatementContext *c, const char *value, GError **error)
{
  const SgModelInfo *i = &c->model->info;
  const char *key = strrchr(c->path, '.') + 1;
  int size = strcmp(key, "size") == 0     ? i->img_resolution
             : strcmp(key, "latent") == 0 ? i->z_dim
                                          : i->mapping_layers;
  return sg_statement_expect(c, value, size, error);
}

static gboolean
check_class(SgStatementContext *c, const char *value, GError **error)
{
  static const char *const known[] = {
      "Generator",     "PixelNorm",      "EqualLinear", "ConstantInput", "StyledConv",
      "Blur",          "NoiseInjection", "Upsample",    "Downsample",    "ModulatedConv2d",
      "ToRGB",         "Sequential",     "ModuleList",  "Module",        "FusedLeakyReLU",
      "Discriminator", "ConvLayer",      "ResBlock",    "EqualConv2d"};
  sg_statement_know_class(c, value, known, G_N_ELEMENTS(known));
  return TRUE;
}

const SgStatement sg_statements_rosinality[] = {
    /* The arguments of the training; most of them are about the training alone. */
    {"arch", "args", "stylegan2", NULL},
    {"size", "args", NULL, check_argument},
    {"latent", "args", NULL, check_argument},
    {"n_mlp", "args", NULL, check_argument},
    {"*", "args*", NULL, NULL},
    /* equal to what is computed */
    {"activation", "style.*", "fused_lrelu", NULL},
    {"activation", "final_linear.0", "fused_lrelu", NULL},
    {"activation", "*", "None", NULL},
    {"lr_mul", "style.*", "0.01", NULL},
    {"lr_mul", "*", "1", NULL},
    {"scale", "*", NULL, check_scale},
    {"negative_slope", "*", "0.2", NULL},
    {"eps", "*", "1e-8", NULL},
    {"demodulate", "to_rgb*", "False", NULL},
    {"demodulate", "*", "True", NULL},
    {"factor", "*", "2", NULL},
    {"stddev_group", "", NULL, check_group},
    {"stddev_feat", "", NULL, check_features},
    {"class_name", "*", NULL, check_class},
    /* without effect on pictures: what the tensors' shapes and the layers' places say already */
    {"size", "", NULL, NULL},
    {"style_dim", "*", NULL, NULL},
    {"*", "channels", NULL, NULL},
    {"log_size", "", NULL, NULL},
    {"num_layers", "", NULL, NULL},
    {"n_latent", "", NULL, NULL},
    {"kernel_size", "*", NULL, NULL},
    {"in_channel", "*", NULL, NULL},
    {"out_channel", "*", NULL, NULL},
    {"upsample", "*", NULL, NULL},
    {"downsample", "*", NULL, NULL},
    {"stride", "*", NULL, NULL},
    {"padding", "*", NULL, NULL},
    {"pad", "*", NULL, NULL},
    {"fused", "*", NULL, NULL},
    {NULL, NULL, NULL, NULL},
};
