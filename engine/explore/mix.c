#include "engine/explore/mix.h"

void
sg_style_resolutions(const SgModel *model, int *resolutions)
{
  const SgModelInfo *info = &model->info;

  if (info->family == SG_FAMILY_MYSTYLEGAN) { /* each block doubles, then takes one w for all */
    SgTensor *c = sg_model_tensor(model, sg_model_generator_prefix(model), "const");
    for (int k = 0; k < info->num_ws; k++)
      resolutions[k] = (int)c->shape[1] << (k + 1);
    return;
  }
  /* w0 for the one convolution at 4×4, then two for each resolution; the last w is toRGB's. */
  for (int k = 0; k < info->num_ws; k++)
    resolutions[k] = MIN(4 << ((k + 1) / 2), info->img_resolution);
}

SgStyleGroup
sg_style_group(int resolution)
{
  return resolution <= 8 ? SG_STYLES_COARSE : resolution <= 32 ? SG_STYLES_MIDDLE : SG_STYLES_FINE;
}

SgRecipe *
sg_mix_pair(const SgRecipe *row, const SgRecipe *column, int num_ws, const gboolean *styles)
{
  g_autofree SgMixLayer *mix = g_new0(SgMixLayer, num_ws);
  SgRecipe *pair = sg_recipe_copy(row);

  pair->faces = 1;
  while (pair->num_sources > 0)
    sg_recipe_remove_source(pair, pair->num_sources - 1);
  sg_recipe_add_source(pair, column);
  for (int k = 0; k < num_ws; k++)
    mix[k].a = styles[k] ? 1 : 0;
  sg_recipe_set_mix(pair, num_ws, mix);
  return pair;
}
