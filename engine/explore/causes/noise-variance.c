#include "engine/explore/causes/noise-variance.h"
#include <math.h>
#include "engine/explore/nets.h"
#include "engine/kernels/element.h"

SgNoiseVariance *
sg_noise_variance_new(void)
{
  return g_new0(SgNoiseVariance, 1);
}

void
sg_noise_variance_free(SgNoiseVariance *v)
{
  if (!v)
    return;
  g_free(v->mean);
  g_free(v->squares);
  g_free(v);
}

/* Planes [channels, size, size], -1…1; alpha is no colour. */
static void
add(SgNoiseVariance *v, const float *planes, int channels)
{
  const gsize n = (gsize)v->size * (gsize)v->size;
  const int colours = channels - (channels == 2 || channels == 4);

  v->draws++;
  for (gsize i = 0; i < n; i++) {
    double grey = 0;
    for (int c = 0; c < colours; c++)
      grey += (double)planes[(gsize)c * n + i];
    double level = 127.5 * (grey / colours + 1), from = level - v->mean[i];
    v->mean[i] += from / v->draws;
    v->squares[i] += from * (level - v->mean[i]);
  }
}

/* Face 0 as planes [channels, size, size], to be freed. */
static float *
draw(SgNets *nets, const SgRecipe *recipe, int max_resolution, int *size, int *channels,
     GError **error)
{
  g_autofree float *ws = g_new(float, (gsize)nets->net->num_ws *(gsize)nets->net->w_dim);
  SgStageEdits edits;

  if (!sg_nets_single_ws(nets, recipe, ws, error) ||
      !sg_nets_stage_edits(nets, recipe, &edits, error))
    return NULL;
  g_autoptr(SgStageCache) pass = sg_stage_cache_new(nets->net, 0, 1, 0);
  g_autoptr(SgBuf) img = sg_stage_cache_render(
      pass, ws, &edits, sg_nets_last_stage(nets->net, max_resolution), NULL, error);
  if (!img)
    return NULL;
  float *planes = g_new(float, (gsize)img->c *(gsize)img->h *(gsize)img->w);
  img->backend->download(img, planes);
  *size = img->h;
  *channels = img->c;
  if (!sg_backend_check(img->backend, error))
    g_clear_pointer(&planes, g_free);
  return planes;
}

gboolean
sg_noise_variance_draw(SgNoiseVariance *v, SgRenderer *r, const SgRecipe *recipe,
                       int max_resolution, GError **error)
{
  g_autoptr(SgRecipe) random = sg_recipe_copy(recipe);
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);
  int size, channels;

  random->noise_mode = SG_NOISE_RANDOM;
  random->noise_seed += (guint32)v->draws;
  g_autofree float *planes =
      nets && sg_info_require_square(&nets->net->model->info, "the noise's variance", error)
          ? draw(nets, random, max_resolution, &size, &channels, error)
          : NULL;
  if (!planes)
    return FALSE;
  if (!v->mean) {
    v->size = size;
    v->mean = g_new0(double, (gsize)size *(gsize)size);
    v->squares = g_new0(double, (gsize)size *(gsize)size);
  }
  g_return_val_if_fail(v->size == size, FALSE);
  add(v, planes, channels);
  return TRUE;
}

double
sg_noise_variance_mean(const SgNoiseVariance *v)
{
  const gsize n = (gsize)v->size * (gsize)v->size;
  double sum = 0;

  if (v->draws < 2)
    return 0;
  for (gsize i = 0; i < n; i++)
    sum += v->squares[i];
  return sum / (double)n / (v->draws - 1);
}

SgHeatMap *
sg_noise_variance_map(const SgNoiseVariance *v)
{
  SgHeatMap *map = sg_heat_map_new(v->size, v->size);

  for (gsize i = 0; v->draws > 1 && i < (gsize)v->size * (gsize)v->size; i++)
    map->change[i] = sqrt(v->squares[i] / (v->draws - 1));
  map->faces = 1;
  return map;
}

SgRecipe *
sg_noise_only(SgRenderer *r, const SgRecipe *recipe, int conv, GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);
  SgRecipe *only = nets ? sg_recipe_copy(recipe) : NULL;
  int k = 0;

  if (!nets)
    return NULL;
  g_autofree double *gain = g_new0(double, nets->net->num_convs);
  for (guint i = 0; i < nets->net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(nets->net, i);
    if (stage->kind != SG_STAGE_CONV)
      continue;
    gboolean coarse = stage->resolution <= SG_NOISE_COARSE_UP_TO;
    if (conv == k || (conv == SG_NOISE_COARSE && coarse) || (conv == SG_NOISE_FINE && !coarse))
      gain[k] = k < recipe->num_noise ? recipe->noise_gain[k] : 1;
    k++;
  }
  sg_recipe_set_noise_gain(only, nets->net->num_convs, gain);
  return only;
}
