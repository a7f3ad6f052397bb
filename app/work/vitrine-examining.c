#include "app/work/vitrine-examining.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "app/examine/examine-report.h"
#include "app/session/vitrine-store.h"
#include "engine/explore/weights/real-score.h"

/* Microseconds between two news of how far it is. */
#define PERIOD (G_USEC_PER_SEC / 8)

struct _VitrineExamination { /* an atomic rc box */
  SgExamination *examination;
};

static void
examination_clear(gpointer data)
{
  sg_examination_free(((VitrineExamination *)data)->examination);
}

VitrineExamination *
vitrine_examination_ref(VitrineExamination *x)
{
  return g_atomic_rc_box_acquire(x);
}

void
vitrine_examination_unref(VitrineExamination *x)
{
  g_atomic_rc_box_release_full(x, examination_clear);
}

const SgExamination *
vitrine_examination_get(const VitrineExamination *x)
{
  return x->examination;
}

/* ---- which data set -------------------------------------------------------------------------- */

#define STORE "examine"

char *
vitrine_examining_data(const char *hash)
{
  json_t *root = vitrine_store_load(STORE);
  const char *text = json_string_value(json_object_get(json_object_get(root, "data"), hash));
  char *path = vitrine_store_decode_path(text);

  json_decref(root);
  return path;
}

void
vitrine_examining_keep_data(const char *hash, const char *path)
{
  json_t *root = vitrine_store_load(STORE), *data = json_object_get(root, "data");
  g_autofree char *text = vitrine_store_encode_path(path);

  if (!json_is_object(data)) {
    json_object_set_new(root, "data", json_object());
    data = json_object_get(root, "data");
  }
  json_object_set_new(data, hash, json_string(text));
  vitrine_store_save(STORE, root);
  json_decref(root);
}

/* ---- opening, on a worker -------------------------------------------------------------------- */

typedef struct {
  SgModel *model;
  char *path, *data;
  VitrineExamineHow how;
} Opening;

typedef struct {
  SgExamination *examination;
  gint64 began, shown; /* 0: not yet */
} Job;

static void
opening_free(gpointer data)
{
  Opening *o = data;

  sg_model_unref(o->model);
  g_free(o->path);
  g_free(o->data);
  g_free(o);
}

void
vitrine_examining_job_free(gpointer data)
{
  Job *job = data;

  sg_examination_free(job->examination);
  g_free(job);
}

gboolean
vitrine_examining_job_has_data(gpointer data)
{
  return sg_examination_options(((Job *)data)->examination)->data != NULL;
}

static void
open_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Opening *o = data;
  g_autofree char *known = o->data ? NULL : sg_known_data(o->model->path);
  g_autofree char *cache = g_build_filename(g_get_user_cache_dir(), "vitrine", "examine", NULL);
  SgExamineOptions options;
  GError *error = NULL;

  sg_examine_options_init(&options);
  options.data = o->data ? o->data : known;
  options.references = o->how.references;
  options.steps = o->how.steps;
  options.scan = o->how.scan;
  options.seed = o->how.seed;
  options.stress = o->how.stress ? SG_STRESS_ALL : 0;
  options.cache = cache;
  SgExamination *e = sg_examination_new(o->model, &options, &error);
  if (!e) {
    g_task_return_error(task, error);
    return;
  }
  if (o->path)
    sg_examination_add(e, o->path);
  Job *job = g_new0(Job, 1);
  job->examination = e;
  g_task_return_pointer(task, job, vitrine_examining_job_free);
}

void
vitrine_examining_prepare(SgModel *model, const char *path, const char *data,
                          const VitrineExamineHow *how, GObject *source, GAsyncReadyCallback done,
                          gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new(source, NULL, done, user_data);
  Opening *o = g_new0(Opening, 1);

  *o = (Opening){sg_model_ref(model), g_strdup(path), g_strdup(data), *how};
  g_task_set_task_data(task, o, opening_free);
  g_task_run_in_thread(task, open_thread);
}

gpointer
vitrine_examining_prepare_finish(GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer(G_TASK(result), error);
}

/* ---- asking, on the render thread ------------------------------------------------------------ */

static void
news_free(gpointer data)
{
  VitrineExamineNews *news = data;

  g_clear_pointer(&news->all, vitrine_examination_unref);
  g_free(news->error);
  g_free(news);
}

static VitrineExamineNews *
news_of(const Job *job, gint64 now)
{
  VitrineExamineNews *news = g_new0(VitrineExamineNews, 1);
  gint64 done, total;

  sg_examination_progress(job->examination, &done, &total);
  news->share = (double)done / (double)MAX(1, total);
  news->seconds =
      news->share > 0.02 ? (double)(now - job->began) / 1e6 / news->share * (1 - news->share) : NAN;
  return news;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  g_autoptr(GError) error = NULL;
  gint64 now = g_get_monotonic_time();

  job->began = job->began ? job->began : now;
  gboolean ok = sg_examination_step(job->examination, renderer, &error);
  gboolean done = ok && sg_examination_is_done(job->examination);
  if (ok && !done && now - job->shown < PERIOD)
    return TRUE;
  job->shown = now;
  VitrineExamineNews *news = news_of(job, now);
  if (done) {
    news->all = g_atomic_rc_box_new0(VitrineExamination);
    news->all->examination = g_steal_pointer(&job->examination);
  }
  if (!ok)
    news->error = g_strdup(error->message);
  *out = news;
  return ok && !done;
}

VitrineTaskClass
vitrine_examining_class(void (*news)(gpointer, gboolean, gpointer))
{
  return (VitrineTaskClass){
      .step = step, .news = news, .free_news = news_free, .free_data = vitrine_examining_job_free};
}

/* ---- the report, on a worker ----------------------------------------------------------------- */

typedef struct {
  VitrineExamination *all;
  GFile *file;
} Saving;

static void
saving_free(gpointer data)
{
  Saving *s = data;

  vitrine_examination_unref(s->all);
  g_object_unref(s->file);
  g_free(s);
}

static void
save_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Saving *s = data;
  g_autofree char *path = g_file_get_path(s->file), *uri = g_file_get_uri(s->file);
  GError *error = NULL;

  if (vitrine_examine_write(s->all->examination, path ? path : uri, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

void
vitrine_examination_save(VitrineExamination *x, GFile *file, GObject *source,
                         GAsyncReadyCallback done, gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new(source, NULL, done, user_data);
  Saving *s = g_new0(Saving, 1);

  *s = (Saving){vitrine_examination_ref(x), g_object_ref(file)};
  g_task_set_task_data(task, s, saving_free);
  g_task_run_in_thread(task, save_thread);
}

gboolean
vitrine_examination_save_finish(GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean(G_TASK(result), error);
}
