#include "app/work/vitrine-mixing-pictures.h"
#include "app/grid/vitrine-picture.h"
#include "engine/base/interrupt.h"

typedef struct {
  SgRecipe *recipe;
  SgMixLayer *mixes; /* [n, num_ws] */
  guint n, next;
  int num_ws, size;
  VitrineMixingPictureFunc done;
  gpointer data;
} Work;

typedef struct {
  guint index;
  GdkTexture *texture;
  VitrineMixingPictureFunc done;
  gpointer data;
} News;

static void
work_free(gpointer data)
{
  Work *work = data;

  sg_recipe_free(work->recipe);
  g_free(work->mixes);
  g_free(work);
}

static void
news_free(gpointer data)
{
  News *news = data;

  g_clear_object(&news->texture);
  g_free(news);
}

/* A picture that fails stays away: the large one fails as well, and says why. */
static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *result)
{
  Work *work = data;
  guint i = work->next;

  sg_recipe_set_mix(work->recipe, work->num_ws, work->mixes + i * (guint)work->num_ws);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgPicture) picture = sg_renderer_render(renderer, work->recipe, work->size, &error);
  if (sg_is_interrupt(error))
    return TRUE;
  work->next++;
  News *news = g_new(News, 1);
  *news = (News){i, picture ? vitrine_picture_texture(picture) : NULL, work->done, work->data};
  *result = news;
  return work->next < work->n;
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  News *news = data;

  if (news)
    news->done(news->index, news->texture, news->data);
}

guint
vitrine_mixing_pictures_start(VitrineSession *session, const SgRecipe *recipe, guint n, int num_ws,
                              const SgMixLayer *mixes, int size, VitrineMixingPictureFunc done,
                              gpointer data)
{
  static const VitrineTaskClass class = {FALSE, step, news_cb, news_free, work_free, TRUE};
  Work *work = g_new0(Work, 1);

  work->recipe = sg_recipe_copy(recipe);
  work->recipe->faces = 1;
  work->mixes = g_memdup2(mixes, sizeof *mixes * n * (guint)num_ws);
  work->n = n;
  work->num_ws = num_ws;
  work->size = size;
  work->done = done;
  work->data = data;
  return vitrine_view_start_task(vitrine_session_get_view(session), &class, work, NULL);
}
