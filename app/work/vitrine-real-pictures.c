#include "app/work/vitrine-real-pictures.h"

#define IMAGES 32

struct _VitrineRealPictures { /* an atomic rc box */
  SgRealScorer *scorer;
};

/* ---- scoring, on the render thread ------------------------------------------------------- */

typedef struct {
  VitrineRealPictures *pictures;
  SgModel *model;  /* whose discriminator scores; NULL before the first step */
  SgRenderer *own; /* of it, once the session has newer weights */
} Job;

static void
pictures_clear(gpointer data)
{
  sg_real_scorer_free(((VitrineRealPictures *)data)->scorer);
}

void
vitrine_real_pictures_unref(VitrineRealPictures *pictures)
{
  g_atomic_rc_box_release_full(pictures, pictures_clear);
}

static void
job_free(gpointer data)
{
  Job *job = data;
  g_clear_pointer(&job->model, sg_model_unref);
  sg_renderer_free(job->own);
  vitrine_real_pictures_unref(job->pictures);
  g_free(job);
}

static void
news_free(gpointer data)
{
  VitrineRealScore *news = data;
  g_clear_error(&news->error);
  g_free(news);
}

/* All pictures are scored with one set of weights: when a training's next ones come meanwhile, it
 * begins once more with a renderer that stays. NULL: error. */
static SgRenderer *
steady_renderer(Job *job, SgRenderer *renderer, GError **error)
{
  SgModel *model = sg_renderer_model(renderer);

  if (job->own || job->model == model)
    return job->own ? job->own : renderer;
  gboolean first = !job->model;
  sg_real_scorer_restart(job->pictures->scorer);
  g_clear_pointer(&job->model, sg_model_unref);
  job->model = sg_model_ref(model);
  if (first)
    return renderer;
  return job->own = sg_renderer_new(model, NULL, error);
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  GError *error = NULL;
  gboolean done = FALSE;

  renderer = steady_renderer(job, renderer, &error);
  if (renderer && sg_real_scorer_step(job->pictures->scorer, renderer, &done, &error) && !done)
    return TRUE;
  VitrineRealScore *news = g_new0(VitrineRealScore, 1);
  news->summary = *sg_real_scorer_summary(job->pictures->scorer);
  news->error = error;
  *out = news;
  return FALSE;
}

guint
vitrine_real_pictures_score(VitrineRealPictures *pictures, VitrineView *view,
                            VitrineRealScoreFunc done, gpointer user_data)
{
  const VitrineTaskClass class = {TRUE, step, done, news_free, job_free};
  Job *job = g_new0(Job, 1);

  job->pictures = g_atomic_rc_box_acquire(pictures);
  return vitrine_view_start_task(view, &class, job, user_data);
}

/* ---- reading, on a worker ---------------------------------------------------------------- */

typedef struct {
  SgModel *model;
  char *path; /* NULL: what the model's training used, if that is known */
} Reading;

static void
reading_free(gpointer data)
{
  Reading *r = data;
  sg_model_unref(r->model);
  g_free(r->path);
  g_free(r);
}

/* NULL without an error: no data set is known. */
static void
read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Reading *r = data;
  GError *error = NULL;
  gboolean chosen = r->path != NULL;
  SgRealScorer *scorer = NULL;

  if (!chosen)
    r->path = sg_known_data(r->model->path);
  if (r->path)
    scorer = sg_real_scorer_new(r->model, r->path, IMAGES, &error);
  if (error && chosen)
    g_task_return_error(task, error);
  else
    g_task_return_pointer(task, scorer, (GDestroyNotify)sg_real_scorer_free);
  if (error && !chosen) /* nobody has asked for it */
    g_error_free(error);
}

void
vitrine_real_pictures_read(SgModel *model, const char *path, GObject *source,
                           GAsyncReadyCallback done, gpointer data)
{
  g_autoptr(GTask) task = g_task_new(source, NULL, done, data);
  Reading *r = g_new0(Reading, 1);

  r->model = sg_model_ref(model);
  r->path = g_strdup(path);
  g_task_set_task_data(task, r, reading_free);
  g_task_run_in_thread(task, read_thread);
}

VitrineRealPictures *
vitrine_real_pictures_finish(GAsyncResult *result, char **name, GError **error)
{
  const Reading *r = g_task_get_task_data(G_TASK(result));
  SgRealScorer *scorer = g_task_propagate_pointer(G_TASK(result), error);

  if (!scorer)
    return NULL;
  VitrineRealPictures *pictures = g_atomic_rc_box_new0(VitrineRealPictures);
  pictures->scorer = scorer;
  *name = g_filename_display_basename(r->path);
  return pictures;
}
