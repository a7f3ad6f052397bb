#include "app/work/vitrine-whole-picture.h"
#include "app/grid/vitrine-picture.h"
#include "engine/base/interrupt.h"

typedef struct {
  VitrineWholePictureFunc done;
  gpointer data;
  GDestroyNotify free_data;
} Asker;

typedef struct {
  SgRecipe *recipe;
  Asker *asker; /* the main thread's */
} Job;

typedef struct {
  GdkTexture *texture;
  char *error;
} News;

static gboolean
asker_free(gpointer data)
{
  Asker *asker = data;

  if (asker->free_data)
    asker->free_data(asker->data);
  g_free(asker);
  return G_SOURCE_REMOVE;
}

/* On whatever thread ends the task. */
static void
job_free(gpointer data)
{
  Job *job = data;

  sg_recipe_free(job->recipe);
  g_main_context_invoke(NULL, asker_free, job->asker);
  g_free(job);
}

static void
news_free(gpointer data)
{
  News *news = data;

  g_clear_object(&news->texture);
  g_free(news->error);
  g_free(news);
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  const Job *job = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(SgPicture) picture = sg_renderer_render(renderer, job->recipe, 0, &error);

  if (sg_is_interrupt(error))
    return TRUE;
  News *news = g_new0(News, 1);
  news->texture = picture ? vitrine_picture_texture(picture) : NULL;
  news->error = error ? g_strdup(error->message) : NULL;
  *out = news;
  return FALSE;
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  const Asker *asker = user_data;
  const News *news = data;

  if (news)
    asker->done(news->texture, news->error, asker->data);
}

void
vitrine_whole_picture(VitrineSession *session, VitrineWholePictureFunc done, gpointer data,
                      GDestroyNotify free_data)
{
  static const VitrineTaskClass class = {TRUE, step, news_cb, news_free, job_free, TRUE};
  VitrineView *view = vitrine_session_get_view(session);
  GdkTexture *texture = vitrine_view_get_texture(view);
  const SgRecipe *recipe = vitrine_session_get_recipe(session);
  Asker *asker = g_new(Asker, 1);
  int width, height;

  *asker = (Asker){done, data, free_data};
  vitrine_view_get_picture_size(view, &width, &height);
  if (!recipe || (texture && gdk_texture_get_width(texture) >= width)) {
    if (texture)
      done(texture, NULL, data);
    asker_free(asker);
    return;
  }
  Job *job = g_new0(Job, 1);
  job->recipe = sg_recipe_copy(recipe);
  job->asker = asker;
  vitrine_view_start_task(view, &class, job, asker);
}
