#include "app/explore/vitrine-direction-previews.h"
#include "app/grid/vitrine-picture.h"
#include "engine/explore/preview.h"

/* Enough for a thumbnail on a screen of double density. */
#define RESOLUTION 64

typedef struct {
  SgRecipe *variants[VITRINE_PREVIEWS];
} Query;

static void
query_free(gpointer data)
{
  Query *query = data;

  for (int i = 0; i < VITRINE_PREVIEWS; i++)
    sg_recipe_free(query->variants[i]);
  g_free(query);
}

static void
news_free(gpointer data)
{
  VitrinePreviewNews *news = data;

  g_clear_object(&news->strip);
  g_free(news->error);
  g_free(news);
}

static GdkTexture *
texture_of(guint8 *rgb, int width, int height, int bytes)
{
  gsize stride = (gsize)width * (gsize)bytes;
  g_autoptr(GBytes) data = g_bytes_new_take(rgb, stride * (gsize)height);
  GdkTexture *texture = gdk_memory_texture_new(
      width, height, bytes == 4 ? GDK_MEMORY_R8G8B8A8 : GDK_MEMORY_R8G8B8, data, stride);

  if (bytes == 4)
    g_object_set_data(G_OBJECT(texture), VITRINE_TEXTURE_ALPHA, texture);
  return texture;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Query *query = data;
  VitrinePreviewNews *news = g_new0(VitrinePreviewNews, 1);
  g_autoptr(GError) error = NULL;
  int h, w, bytes;
  guint8 *rgb = sg_preview_strip(renderer, VITRINE_PREVIEWS, query->variants, RESOLUTION, &h, &w,
                                 &bytes, &error);

  if (rgb)
    news->strip = texture_of(rgb, VITRINE_PREVIEWS * w, h, bytes);
  else
    news->error = g_strdup(error->message);
  *out = news;
  return FALSE;
}

VitrineTaskClass
vitrine_preview_class(void (*news)(gpointer, gboolean, gpointer))
{
  return (VitrineTaskClass){
      .step = step, .news = news, .free_news = news_free, .free_data = query_free, .resumes = TRUE};
}

gpointer
vitrine_preview_query(VitrineDirection *direction, const SgRecipe *recipe, double distance)
{
  Query *query = g_new0(Query, 1);

  for (int i = 0; i < VITRINE_PREVIEWS; i++) {
    query->variants[i] =
        vitrine_direction_apply(direction, recipe, distance * (i - VITRINE_PREVIEWS / 2));
    if (!query->variants[i]) {
      query_free(query);
      return NULL;
    }
    query->variants[i]->faces = 1;
  }
  return query;
}
