/* The arguments that NVlabs' TensorFlow networks (stylegan2, stylegan2-ada) were built with. */
#include "engine/models/statements.h"
#include "engine/models/importer.h"
#include <string.h>

static gboolean
check_architecture(SgStatementContext *c, const char *value, GError **error)
{
  static const char *const names[] = {"skip", "orig", "resnet"};
  const SgModelInfo *i = &c->model->info;
  const char *expected = names[c->network[0] == 'D' ? i->d_arch : i->g_arch];
  return strcmp(value, expected) == 0 || sg_statement_refuse(c, value, expected, error);
}

/* Networks built without noise have no strengths; one that has them and is told not to use them
 * draws as if they were 0. */
static gboolean
check_use_noise(SgStatementContext *c, const char *value, GError **error)
{
  SgModel *m = c->model;

  if (strcmp(value, "True") == 0)
    return TRUE;
  if (strcmp(value, "False") != 0)
    return sg_statement_refuse(c, value, "True", error);
  for (guint i = 0; i < m->names->len; i++) {
    const char *name = m->names->pdata[i];
    if (g_str_has_prefix(name, c->network) && g_str_has_suffix(name, ".noise_strength"))
      sg_model_add(m, "", name, sg_tensor_new(0, NULL));
  }
  return TRUE;
}

static gboolean
check_builder(SgStatementContext *c, const char *value, GError **error)
{
  static const char *const known[] = {
      "G_main", "G_mapping", "G_synthesis", "G_synthesis_stylegan2", "D_stylegan2", "D_main"};
  sg_statement_know_class(c, value, known, G_N_ELEMENTS(known));
  return TRUE;
}

#define KWARGS "*static_kwargs"

const SgStatement sg_statements_tensorflow[] = {
    /* equal to what is computed */
    {"nonlinearity", KWARGS, "lrelu", NULL},
    {"mapping_nonlinearity", KWARGS, "lrelu", NULL},
    {"normalize_latents", KWARGS, "True", NULL},
    {"resample_kernel", KWARGS, "[1, 3, 3, 1]", NULL},
    {"architecture", KWARGS, NULL, check_architecture},
    {"use_noise", KWARGS, NULL, check_use_noise},
    {"use_pagan", KWARGS, "False", NULL},
    {"use_spectral_norm", KWARGS, "False", NULL},
    {"adaptive_dropout", KWARGS, "0", NULL},
    {"score_size", KWARGS, "1", NULL},
    {"score_max", KWARGS, "1", NULL},
    {"mapping_func", KWARGS, NULL, check_builder},
    {"synthesis_func", KWARGS, NULL, check_builder},
    {"build_func_name", "*", NULL, check_builder},
    /* read by the importer */
    {"mapping_lrmul", KWARGS, NULL, NULL},
    {"conv_clamp", KWARGS, NULL, NULL},
    {"mbstd_group_size", KWARGS, NULL, NULL},
    /* without effect on pictures: sizes that the tensors have themselves, precision, training, and
     * what whoever draws says anew for every picture */
    {"version", "*", NULL, NULL},
    {"latent_size", KWARGS, NULL, NULL},
    {"dlatent_size", KWARGS, NULL, NULL},
    {"label_size", KWARGS, NULL, NULL},
    {"label_fmaps", KWARGS, NULL, NULL},
    {"dlatent_broadcast", KWARGS, NULL, NULL},
    {"mapping_layers", KWARGS, NULL, sg_statement_check_mapping},
    {"mapping_fmaps", KWARGS, NULL, NULL},
    {"mbstd_num_features", KWARGS, NULL, NULL},
    {"num_channels", KWARGS, NULL, NULL},
    {"resolution", KWARGS, NULL, NULL},
    {"fmap_*", KWARGS, NULL, NULL},
    {"randomize_noise", KWARGS, NULL, NULL},
    {"truncation_*", KWARGS, NULL, NULL},
    {"dlatent_avg_beta", KWARGS, NULL, NULL},
    {"style_mixing_prob", KWARGS, NULL, NULL},
    {"is_training", KWARGS, NULL, NULL},
    {"is_validation", KWARGS, NULL, NULL},
    {"is_template_graph", KWARGS, NULL, NULL},
    {"force_clean_graph", KWARGS, NULL, NULL},
    {"return_dlatents", KWARGS, NULL, NULL},
    {"dtype", KWARGS, NULL, NULL},
    {"num_fp16_res", KWARGS, NULL, NULL},
    {"fused_modconv", KWARGS, NULL, NULL},
    {"freeze_layers", KWARGS, NULL, NULL},
    {"augment_strength", KWARGS, NULL, NULL},
    {"pagan_*", KWARGS, NULL, NULL},
    {NULL, NULL, NULL, NULL},
};
