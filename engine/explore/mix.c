#include "engine/explore/mix.h"

void
sg_style_resolutions(const SgModel *model, int *resolutions)
{
  const SgNetwork *n = sg_model_generator(model);
  g_autofree const SgLayer **layers = g_new(const SgLayer *, n->num_ws);

  sg_network_style_layers(n, layers);
  for (int k = 0; k < n->num_ws; k++)
    resolutions[k] = layers[k]->out_h;
}

void
sg_style_groups(const SgModel *model, SgStyleGroup *groups)
{
  const SgNetwork *n = sg_model_generator(model);
  g_autofree const SgLayer **layers = g_new(const SgLayer *, n->num_ws);

  sg_network_style_layers(n, layers);
  for (int k = 0; k < n->num_ws; k++)
    groups[k] = layers[k]->group;
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
