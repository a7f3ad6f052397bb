/* The arguments that NVlabs' TensorFlow networks of StyleGAN (2018) were built with. */
#include "engine/models/statements.h"

static gboolean
check_builder(SgStatementContext *c, const char *value, GError **error)
{
  static const char *const known[] = {"G_style", "G_mapping", "G_synthesis", "D_basic"};
  sg_statement_know_class(c, value, known, G_N_ELEMENTS(known));
  return TRUE;
}

#define KWARGS "*static_kwargs"

const SgStatement sg_statements_stylegan[] = {
    /* equal to what is computed */
    {"nonlinearity", KWARGS, "lrelu", NULL},
    {"mapping_nonlinearity", KWARGS, "lrelu", NULL},
    {"normalize_latents", KWARGS, "True", NULL},
    {"use_wscale", KWARGS, "True", NULL},
    {"use_styles", KWARGS, "True", NULL},
    {"use_instance_norm", KWARGS, "True", NULL},
    {"use_pixel_norm", KWARGS, "False", NULL},
    {"const_input_layer", KWARGS, "True", NULL},
    {"blur_filter", KWARGS, "[1, 2, 1]", NULL},
    {"mbstd_num_features", KWARGS, "1", NULL},
    {"build_func_name", "*", NULL, check_builder},
    /* read by the importer */
    {"fused_scale", KWARGS, NULL, NULL},
    {"use_noise", KWARGS, NULL, NULL},
    {"mapping_lrmul", KWARGS, NULL, NULL},
    {"mbstd_group_size", KWARGS, NULL, NULL},
    {"truncation_*", KWARGS, NULL, NULL},
    /* without effect on pictures: sizes that the tensors have themselves, precision, training, how
     * the same picture comes about, and what whoever draws says anew for every picture */
    {"version", "*", NULL, NULL},
    {"latent_size", KWARGS, NULL, NULL},
    {"dlatent_size", KWARGS, NULL, NULL},
    {"label_size", KWARGS, NULL, NULL},
    {"dlatent_broadcast", KWARGS, NULL, NULL},
    {"mapping_layers", KWARGS, NULL, sg_statement_check_mapping},
    {"mapping_fmaps", KWARGS, NULL, NULL},
    {"num_channels", KWARGS, NULL, NULL},
    {"resolution", KWARGS, NULL, NULL},
    {"fmap_*", KWARGS, NULL, NULL},
    {"randomize_noise", KWARGS, NULL, NULL},
    {"dlatent_avg_beta", KWARGS, NULL, NULL},
    {"style_mixing_prob", KWARGS, NULL, NULL},
    {"is_training", KWARGS, NULL, NULL},
    {"is_validation", KWARGS, NULL, NULL},
    {"is_template_graph", KWARGS, NULL, NULL},
    {"force_clean_graph", KWARGS, NULL, NULL},
    {"return_dlatents", KWARGS, NULL, NULL},
    {"structure", KWARGS, NULL, NULL},
    {"dtype", KWARGS, NULL, NULL},
    {NULL, NULL, NULL, NULL},
};
