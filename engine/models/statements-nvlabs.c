/* What NVlabs' PyTorch modules (stylegan2-ada-pytorch, and StyleGAN2 in stylegan3) keep among their
 * attributes. These are what the modules compute with; the arguments they were made from, which the
 * files have as well, have become these. */
#include "engine/models/statements.h"
#include "engine/models/importer.h"
#include <math.h>
#include <string.h>

static gboolean
is_d(const SgStatementContext *c)
{
  return c->network[0] == 'D';
}

static gboolean
states(const SgStatementContext *c, const char *key)
{
  gsize layer = (gsize)(strrchr(c->path, '.') - c->path);
  g_autofree char *path = g_strdup_printf("%.*s.%s", (int)layer, c->path, key);
  return sg_archive_attribute(c->archive, path) != NULL;
}

/* A layer of NVlabs' classes states everything that it computes with: a dense one its bias's gain,
 * a convolution its padding, ToRGB no activation. An object that states only a part is of somebody
 * else's class, in which the names need not mean the same. */
static gboolean
is_complete(const SgStatementContext *c)
{
  return states(c, "bias_gain") || states(c, "padding") || !states(c, "activation");
}

static gboolean
expect_if_complete(SgStatementContext *c, const char *value, double expected, GError **error)
{
  return !is_complete(c) || sg_statement_expect(c, value, expected, error);
}

static const SgTensor *
weight_of(const SgStatementContext *c)
{
  return sg_model_tensorf(c->model, c->network, "%s.weight", c->layer);
}

static double
multiplier(const SgStatementContext *c)
{
  const SgModelInfo *i = &c->model->info;
  if (!g_pattern_match_simple("mapping.fc*", c->layer))
    return 1;
  return is_d(c) ? i->d_mapping_lr_mul : i->mapping_lr_mul;
}

/* Weights are divided by the square root of how many numbers go into one that comes out. */
static gboolean
check_weight_gain(SgStatementContext *c, const char *value, GError **error)
{
  const SgTensor *w = weight_of(c);
  double fan_in = 1;

  for (int i = 1; w && i < w->ndim; i++)
    fan_in *= (double)w->shape[i];
  return !w || expect_if_complete(c, value, multiplier(c) / sqrt(fan_in), error);
}

static gboolean
check_bias_gain(SgStatementContext *c, const char *value, GError **error)
{
  return sg_statement_expect(c, value, multiplier(c), error);
}

static gboolean
check_padding(SgStatementContext *c, const char *value, GError **error)
{
  const SgTensor *w = weight_of(c);
  return !w || w->ndim != 4 || sg_statement_expect(c, value, (double)(w->shape[3] / 2), error);
}

/* Styles, labels, skips and scores have no activation. */
static gboolean
is_linear(const SgStatementContext *c)
{
  return g_str_has_suffix(c->layer, ".affine") || g_str_has_suffix(c->layer, ".skip") ||
         strcmp(c->layer, "mapping.embed") == 0 || strcmp(c->layer, "b4.out") == 0;
}

static gboolean
check_activation(SgStatementContext *c, const char *value, GError **error)
{
  const char *expected = is_linear(c) && is_complete(c) ? "linear" : "lrelu";
  /* Somebody else's class may say either of a layer that has none. */
  if (is_linear(c) && !is_complete(c) && strcmp(value, "linear") == 0)
    return TRUE;
  return strcmp(value, expected) == 0 || sg_statement_refuse(c, value, expected, error);
}

static gboolean
check_act_gain(SgStatementContext *c, const char *value, GError **error)
{
  return is_linear(c) ? expect_if_complete(c, value, 1, error)
                      : sg_statement_expect(c, value, sqrt(2), error);
}

static gboolean
check_up(SgStatementContext *c, const char *value, GError **error)
{
  gboolean up = g_pattern_match_simple("synthesis.*.conv0", c->layer) ||
                g_pattern_match_simple("synthesis.*.skip", c->layer);
  return expect_if_complete(c, value, up ? 2 : 1, error);
}

static gboolean
check_down(SgStatementContext *c, const char *value, GError **error)
{
  gboolean down = is_d(c) && (g_pattern_match_simple("b*.conv1", c->layer) ||
                              g_pattern_match_simple("b*.skip", c->layer));
  return expect_if_complete(c, value, down ? 2 : 1, error);
}

static gboolean
check_clamp(SgStatementContext *c, const char *value, GError **error)
{
  double clamp = is_d(c) ? c->model->info.d_conv_clamp : c->model->info.g_conv_clamp;
  /* Skips are never clamped, nor what the smallest block takes its colours with. */
  gboolean never = is_complete(c) && (g_str_has_suffix(c->layer, ".skip") ||
                                      (is_d(c) && strcmp(c->layer, "b4.fromrgb") == 0));

  if (never || clamp < 0)
    return strcmp(value, "None") == 0 || sg_statement_refuse(c, value, "None", error);
  return sg_statement_expect(c, value, clamp, error);
}

/* A layer can have noise and not use it. */
static gboolean
check_use_noise(SgStatementContext *c, const char *value, GError **error)
{
  if (strcmp(value, "True") == 0)
    return TRUE;
  if (strcmp(value, "False") != 0)
    return sg_statement_refuse(c, value, "True", error);
  g_autofree char *strength = g_strconcat(c->layer, ".noise_strength", NULL);
  if (sg_model_tensor(c->model, c->network, strength))
    sg_model_add(c->model, c->network, strength, sg_tensor_new(0, NULL));
  return TRUE;
}

static gboolean
check_architecture(SgStatementContext *c, const char *value, GError **error)
{
  static const char *const names[] = {"skip", "orig", "resnet"};
  const char *expected = names[is_d(c) ? c->model->info.d_arch : c->model->info.g_arch];
  return strcmp(value, expected) == 0 || sg_statement_refuse(c, value, expected, error);
}

static gboolean
check_num_channels(SgStatementContext *c, const char *value, GError **error)
{
  return sg_statement_expect(c, value, c->model->info.mbstd_num_channels, error);
}

static gboolean
check_num_layers(SgStatementContext *c, const char *value, GError **error)
{
  const SgModelInfo *i = &c->model->info;
  return sg_statement_expect(c, value, is_d(c) ? i->d_mapping_layers : i->mapping_layers, error);
}

/* The sizes that a network states for itself. */
static gboolean
check_size(SgStatementContext *c, const char *value, GError **error)
{
  const SgModelInfo *i = &c->model->info;
  const char *key = strrchr(c->path, '.') + 1;
  const struct {
    const char *key;
    int size;
  } sizes[] = {{"z_dim", i->z_dim},
               {"w_dim", i->w_dim},
               {"c_dim", i->c_dim},
               {"img_resolution", i->img_resolution},
               {"img_channels", i->img_channels},
               {"num_ws", i->num_ws}};
  for (gsize k = 0; k < G_N_ELEMENTS(sizes); k++)
    if (strcmp(sizes[k].key, key) == 0)
      return strcmp(value, "None") == 0 || sg_statement_expect(c, value, sizes[k].size, error);
  return TRUE;
}

static gboolean
check_class(SgStatementContext *c, const char *value, GError **error)
{
  static const char *const known[] = {"Generator",
                                      "MappingNetwork",
                                      "SynthesisNetwork",
                                      "SynthesisBlock",
                                      "SynthesisLayer",
                                      "ToRGBLayer",
                                      "FullyConnectedLayer",
                                      "Conv2dLayer",
                                      "Discriminator",
                                      "DiscriminatorBlock",
                                      "Layer",
                                      "Block",
                                      "DiscriminatorEpilogue",
                                      "MinibatchStdLayer"};
  sg_statement_know_class(c, value, known, G_N_ELEMENTS(known));
  return TRUE;
}

const SgStatement sg_statements_nvlabs[] = {
    /* honoured, or equal to what is computed */
    {"activation", "*", NULL, check_activation},
    {"act_gain", "*", NULL, check_act_gain},
    {"weight_gain", "*", NULL, check_weight_gain},
    {"bias_gain", "*", NULL, check_bias_gain},
    {"up", "*", NULL, check_up},
    {"down", "*", NULL, check_down},
    {"padding", "*", NULL, check_padding},
    {"conv_clamp", "*", NULL, check_clamp},
    {"use_noise", "*", NULL, check_use_noise},
    {"architecture", "*", NULL, check_architecture},
    {"group_size", "b4.mbstd", NULL, NULL}, /* read by the importer */
    {"num_channels", "b4.mbstd", NULL, check_num_channels},
    {"class_name", "*", NULL, check_class},
    {"z_dim", "", NULL, check_size},
    {"c_dim", "", NULL, check_size},
    {"w_dim", "", NULL, check_size},
    {"num_ws", "", NULL, check_size},
    {"img_resolution", "", NULL, check_size},
    {"img_channels", "", NULL, check_size},
    /* without effect on pictures: sizes that the tensors have themselves, precision, training */
    {"?_dim", "*", NULL, NULL},
    {"num_ws", "*", NULL, NULL},
    {"img_*", "*", NULL, NULL},
    {"cmap_dim", "*", NULL, NULL},
    {"block_resolutions", "*", NULL, NULL},
    {"num_layers", "mapping", NULL, check_num_layers},
    {"num_layers", "*", NULL, NULL}, /* of a block, which its children tell */
    {"in_channels", "*", NULL, NULL},
    {"out_channels", "*", NULL, NULL},
    {"in_features", "*", NULL, NULL},
    {"out_features", "*", NULL, NULL},
    {"resolution", "*", NULL, NULL},
    {"is_last", "*", NULL, NULL},
    {"num_conv", "*", NULL, NULL},
    {"num_torgb", "*", NULL, NULL},
    {"first_layer_idx", "*", NULL, NULL},
    {"use_fp16", "*", NULL, NULL},
    {"num_fp16_res", "*", NULL, NULL},
    {"channels_last", "*", NULL, NULL},
    {"w_avg_beta", "*", NULL, NULL},
    {NULL, NULL, NULL, NULL},
};
