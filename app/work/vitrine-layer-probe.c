#include "app/work/vitrine-layer-probe.h"
#include "app/grid/vitrine-picture.h"
#include "engine/base/room.h"

/* Takes the pixels; NULL of none, for which there was no memory. */
/* The largest that is drawn: the grid of a large layer's channels has 30 million pixels. */
#define MOST              1024
#define MOST_CONTRIBUTION 256

GdkTexture *
vitrine_layer_channel_texture(const SgTensor *activation, int channel)
{
  return vitrine_pixels_texture(sg_activation_channel(activation, channel),
                                (int)activation->shape[2], (int)activation->shape[1], MOST);
}

/* What a toRGB adds, with zero as middle grey, as a picture's values are shown. */
static GdkTexture *
picture_texture(const SgTensor *t)
{
  SgTensor seen = *t;
  guint8 *rgb = sg_room((gsize)t->shape[1] * (gsize)t->shape[2], 3);

  seen.ndim = 4;
  seen.shape[0] = 1;
  for (int i = 0; i < 3; i++)
    seen.shape[i + 1] = t->shape[i];
  if (seen.shape[1] == 2 || seen.shape[1] == 4) /* what is added to alpha is no transparency */
    seen.shape[1]--;
  if (rgb)
    sg_image_to_rgb8(&seen, rgb);
  return vitrine_pixels_texture(rgb, (int)t->shape[2], (int)t->shape[1], MOST_CONTRIBUTION);
}

static void
query_free(gpointer data)
{
  VitrineLayerQuery *query = data;

  sg_recipe_free(query->recipe);
  g_free(query);
}

static void
view_free(gpointer data)
{
  VitrineLayerView *view = data;

  g_array_unref(view->stages);
  sg_probe_free(view->probe);
  g_free(view->stats);
  g_clear_object(&view->grid);
  g_clear_object(&view->mean);
  g_clear_pointer(&view->contributions, g_ptr_array_unref);
  g_free(view->error);
  g_free(view);
}

static void
fill(VitrineLayerView *view, const VitrineLayerQuery *query, SgRenderer *renderer, GError **error)
{
  int width, height;

  view->probe = sg_probe_run(renderer, query->recipe, view->stage, error);
  if (!view->probe)
    return;
  g_autoptr(GPtrArray) parts = sg_probe_contributions(renderer, query->recipe, error);
  if (!parts)
    return;
  const SgTensor *activation = view->probe->activation;
  view->columns = query->columns;
  view->stats = sg_activation_stats(activation);
  sg_room_check(NULL); /* what was missing before is not missing here */
  guint8 *rgb = sg_activation_grid(activation, query->columns,
                                   query->common_scale ? SG_NORMALISE_COMMON : SG_NORMALISE_EACH,
                                   &width, &height);
  view->grid = vitrine_pixels_texture(rgb, width, height, MOST);
  view->mean = vitrine_layer_channel_texture(activation, -1);
  view->contributions = g_ptr_array_new_with_free_func(g_object_unref);
  for (guint i = 0; i < parts->len; i++) {
    GdkTexture *one = picture_texture(parts->pdata[i]);
    if (one)
      g_ptr_array_add(view->contributions, one);
  }
  sg_room_check(error);
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *news)
{
  const VitrineLayerQuery *query = data;
  VitrineLayerView *view = g_new0(VitrineLayerView, 1);
  g_autoptr(GError) error = NULL;

  view->stages = sg_probe_stages(renderer);
  view->stage = MIN(query->stage, view->stages->len - 1);
  fill(view, query, renderer, &error);
  if (error)
    view->error = g_strdup(error->message);
  *news = view;
  return FALSE;
}

VitrineTaskClass
vitrine_layer_probe_class(void (*news)(gpointer, gboolean, gpointer))
{
  return (VitrineTaskClass){.urgent = TRUE,
                            .step = step,
                            .news = news,
                            .free_news = view_free,
                            .free_data = query_free,
                            .resumes = TRUE};
}
