#include "app/explore/vitrine-relatives.h"
#include "app/grid/vitrine-picture.h"
#include "engine/explore/preview.h"
#include "engine/kernels/element.h"

/* Enough for a tile on a screen of double density. */
#define RESOLUTION 128
/* Drawn at once: some ten milliseconds where the model is small. */
#define BATCH 3

typedef struct {
  SgRecipe *a, *b;
  SgRelation how;
  VitrineRelativesFunc func;
  gpointer data;
  SgRecipe *recipes[SG_RELATIVES];
  GdkTexture *textures[SG_RELATIVES];
  int done;
} Job;

static void
job_free(gpointer data)
{
  Job *job = data;

  for (int i = 0; i < SG_RELATIVES; i++) {
    sg_recipe_free(job->recipes[i]);
    g_clear_object(&job->textures[i]);
  }
  sg_recipe_free(job->a);
  sg_recipe_free(job->b);
  g_free(job);
}

/* ---- on the render thread ---------------------------------------------------------------- */

typedef struct {
  VitrineRelativesNews news;
  VitrineRelativesFunc func;
  gpointer data;
} Told;

static void
told_free(gpointer data)
{
  Told *told = data;

  for (int i = 0; i < SG_RELATIVES; i++) {
    sg_recipe_free(told->news.recipes[i]);
    g_clear_object(&told->news.textures[i]);
  }
  g_free(told->news.error);
  g_free(told);
}

static gboolean
draw(Job *job, SgRenderer *renderer, GError **error)
{
  const SgPrune as_stored = {0};
  SgNets *nets = sg_renderer_nets(renderer, &as_stored, error);

  if (!nets)
    return FALSE;
  if (!job->recipes[0] && !sg_relatives(nets, job->a, job->b, &job->how, job->recipes, error))
    return FALSE;
  g_autoptr(SgTensor) pictures =
      sg_preview_pictures(renderer, BATCH, job->recipes + job->done, RESOLUTION, error);
  if (!pictures)
    return FALSE;
  int h = (int)pictures->shape[2], w = (int)pictures->shape[3];
  int bytes = (int)k_drawn_bytes((unsigned)pictures->shape[1]);
  gsize face = (gsize)h * (gsize)w * (gsize)bytes;
  g_autofree guint8 *rgb = g_malloc(BATCH * face);
  sg_image_to_rgb8(pictures, rgb);
  for (gsize i = 0; i < BATCH; i++) {
    const SgPicture one = {
        .faces = 1, .width = w, .height = h, .bytes = bytes, .rgb = rgb + i * face};
    job->textures[job->done++] = vitrine_picture_texture(&one);
  }
  return TRUE;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  Told *told = g_new0(Told, 1);
  g_autoptr(GError) error = NULL;

  *told = (Told){.func = job->func, .data = job->data};
  if (!draw(job, renderer, &error))
    told->news.error = g_strdup(error->message);
  for (int i = 0; i < SG_RELATIVES && !error; i++) {
    told->news.recipes[i] = sg_recipe_copy(job->recipes[i]);
    if (job->textures[i])
      told->news.textures[i] = g_object_ref(job->textures[i]);
  }
  told->news.done = job->done;
  *out = told;
  return !error && job->done < SG_RELATIVES;
}

/* ---- on the main thread ------------------------------------------------------------------ */

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  const Told *told = data;

  if (told)
    told->func(&told->news, told->data);
}

guint
vitrine_relatives_start(VitrineSession *session, const SgRecipe *a, const SgRecipe *b,
                        const SgRelation *how, VitrineRelativesFunc func, gpointer data)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(session), 0);
  g_return_val_if_fail(a != NULL && a->faces == 1 && (!b || b->faces == 1), 0);
  const VitrineTaskClass class = {
      .step = step, .news = news_cb, .free_news = told_free, .free_data = job_free};
  Job *job = g_new0(Job, 1);

  *job = (Job){.a = sg_recipe_copy(a),
               .b = b ? sg_recipe_copy(b) : NULL,
               .how = *how,
               .func = func,
               .data = data};
  return vitrine_view_start_task(vitrine_session_get_view(session), &class, job, NULL);
}
