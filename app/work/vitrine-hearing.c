#include "app/work/vitrine-hearing.h"
#include "app/config.h"
#include <math.h>
#include <string.h>
#include "engine/explore/causes/influence.h"
#include "engine/explore/vector-file.h"

#define BATCH         16
#define SLICE_SECONDS 0.025
#define TOO_SLOW      0.25 /* seconds a coordinate */

struct _VitrineHearing {
  GObject parent_instance;
  VitrineSession *session;
  char *hash;
  double *heard; /* [w_dim] */
  int w_dim, next;
  gboolean looked_at, read; /* read: the cache has been looked into */
  VitrineTaskClass class;
  guint task;
  GCancellable *cancellable;
};

static guint changed_signal;

G_DEFINE_FINAL_TYPE(VitrineHearing, vitrine_hearing, G_TYPE_OBJECT)

/* ---- on the render thread ---------------------------------------------------------------- */

typedef struct {
  SgRecipe *recipe; /* NULL before the first step */
  int next, w_dim, batch;
} Job;

typedef struct {
  int first, n;
  double values[BATCH];
} News;

static void
job_free(gpointer data)
{
  Job *job = data;

  sg_recipe_free(job->recipe);
  g_free(job);
}

static gboolean
measure(Job *job, SgRenderer *renderer, News *news, GError **error)
{
  gint64 start = g_get_monotonic_time();
  int dims[BATCH];

  if (!job->recipe && !(job->recipe = sg_hearing_recipe(renderer, error)))
    return FALSE;
  news->first = job->next;
  news->n = MIN(job->batch, job->w_dim - job->next);
  for (int i = 0; i < news->n; i++)
    dims[i] = job->next + i;
  if (!sg_renderer_influence(renderer, job->recipe, SG_SPACE_W, SG_HEARING_MOVE, news->n, dims,
                             news->values, error)) {
    news->n = 0;
    return FALSE;
  }
  double seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
  job->batch = (int)CLAMP(SLICE_SECONDS * news->n / MAX(seconds, 1e-6), 1, BATCH);
  job->next += news->n;
  return job->next < job->w_dim && seconds / news->n < TOO_SLOW;
}

/* What cannot be measured is no error worth a word: bars are missing. */
static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  News *news = g_new0(News, 1);
  g_autoptr(GError) error = NULL;
  gboolean more = measure(data, renderer, news, &error);

  *out = news;
  return more;
}

/* ---- files ------------------------------------------------------------------------------- */

typedef struct {
  char *hash;
  SgModelInfo info;
  double *heard; /* [w_dim] to be kept, or what was found; NULL: nothing */
} Filed;

static void
filed_free(gpointer data)
{
  Filed *f = data;

  g_free(f->hash);
  g_free(f->heard);
  g_free(f);
}

static Filed *
filed_new(VitrineHearing *self)
{
  Filed *f = g_new0(Filed, 1);

  f->hash = g_strdup(self->hash);
  f->info = vitrine_session_get_model(self->session)->info;
  return f;
}

static char *
cache_path(const char *hash)
{
  g_autofree char *name = g_strconcat(hash, ".npy", NULL);

  return g_build_filename(g_get_user_cache_dir(), "vitrine", "hearing", name, NULL);
}

static gboolean
read_file(Filed *f, const char *path)
{
  g_autoptr(SgVectors) v = g_file_test(path, G_FILE_TEST_IS_REGULAR)
                               ? sg_vectors_read(path, &f->info, SG_SPACE_W, SG_SPACE_W, "", NULL)
                               : NULL;

  if (!v || v->n != 1 || v->layers != 1 || v->dim != f->info.w_dim)
    return FALSE;
  for (int i = 0; i < v->dim; i++)
    if (!isfinite(v->v[i]) || v->v[i] < 0)
      return FALSE;
  f->heard = g_memdup2(v->v, sizeof(double) * (gsize)v->dim);
  return TRUE;
}

static void
read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const char *bundled[] = {VITRINE_SOURCE_ROOT "/data/hearing", VITRINE_PKGDATADIR "/hearing"};
  Filed *f = data;
  g_autofree char *cached = cache_path(f->hash), *name = g_strconcat(f->hash, ".npy", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS(bundled) && !f->heard; i++) {
    g_autofree char *path = g_build_filename(bundled[i], name, NULL);
    read_file(f, path);
  }
  if (!f->heard)
    read_file(f, cached);
  g_task_return_boolean(task, f->heard != NULL);
}

static void
keep_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Filed *f = data;
  g_autofree char *path = cache_path(f->hash), *folder = g_path_get_dirname(path);

  /* A cache that cannot be written is measured again. */
  if (g_mkdir_with_parents(folder, 0700) == 0)
    sg_vectors_write(path, SG_SPACE_W, 1, f->info.w_dim, f->heard, NULL);
  g_task_return_boolean(task, TRUE);
}

static void
keep(VitrineHearing *self)
{
  g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);
  Filed *f = filed_new(self);

  f->heard = g_memdup2(self->heard, sizeof(double) * (gsize)self->w_dim);
  g_task_set_task_data(task, f, filed_free);
  g_task_run_in_thread(task, keep_thread);
}

/* ---- on the main thread ------------------------------------------------------------------ */

static void
measure_if_needed(VitrineHearing *self)
{
  if (!self->hash || !self->looked_at || !self->read || self->task || self->next >= self->w_dim)
    return;
  Job *job = g_new0(Job, 1);
  job->w_dim = self->w_dim;
  job->next = self->next;
  job->batch = 1;
  self->task =
      vitrine_view_start_task(vitrine_session_get_view(self->session), &self->class, job, self);
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrineHearing *self = user_data;
  const News *news = data;

  if (finished) {
    self->task = 0;
    if (self->next == self->w_dim)
      keep(self);
    else
      self->read = FALSE; /* it cannot be measured: not until another model */
    return;
  }
  memcpy(self->heard + news->first, news->values, sizeof(double) * (gsize)news->n);
  self->next = news->first + news->n;
  g_signal_emit(self, changed_signal, 0);
}

static void
read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineHearing *self = VITRINE_HEARING(source);
  const Filed *f = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;

  g_task_propagate_boolean(G_TASK(result), &error);
  if (error) /* another model */
    return;
  self->read = TRUE;
  if (f->heard) {
    memcpy(self->heard, f->heard, sizeof(double) * (gsize)self->w_dim);
    self->next = self->w_dim;
    g_signal_emit(self, changed_signal, 0);
  } else {
    measure_if_needed(self);
  }
}

static void
forget(VitrineHearing *self)
{
  g_cancellable_cancel(self->cancellable);
  g_clear_object(&self->cancellable);
  g_clear_pointer(&self->hash, g_free);
  g_clear_pointer(&self->heard, g_free);
  self->task = 0; /* another model ends all tasks */
  self->read = FALSE;
  self->next = 0;
}

static void
model_changed_cb(VitrineHearing *self)
{
  const SgModel *model = vitrine_session_get_model(self->session);

  forget(self);
  if (!model || !model->hash)
    return;
  self->hash = g_strdup(model->hash);
  self->w_dim = model->info.w_dim;
  self->heard = g_new(double, self->w_dim);
  for (int i = 0; i < self->w_dim; i++)
    self->heard[i] = NAN;
  self->cancellable = g_cancellable_new();
  g_autoptr(GTask) task = g_task_new(self, self->cancellable, read_cb, NULL);
  g_task_set_task_data(task, filed_new(self), filed_free);
  g_task_run_in_thread(task, read_thread);
  g_signal_emit(self, changed_signal, 0);
}

const double *
vitrine_hearing_get(VitrineHearing *self)
{
  g_return_val_if_fail(VITRINE_IS_HEARING(self), NULL);
  return self->heard;
}

void
vitrine_hearing_look(VitrineHearing *self, gboolean look)
{
  g_return_if_fail(VITRINE_IS_HEARING(self));
  self->looked_at = look;
  if (look)
    measure_if_needed(self);
  else if (self->task) {
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
    self->task = 0;
  }
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_hearing_dispose(GObject *object)
{
  VitrineHearing *self = VITRINE_HEARING(object);

  if (self->session) {
    vitrine_hearing_look(self, FALSE);
    forget(self);
  }
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_hearing_parent_class)->dispose(object);
}

static void
vitrine_hearing_class_init(VitrineHearingClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_hearing_dispose;
  changed_signal = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_hearing_init(VitrineHearing *self)
{
  self->class = (VitrineTaskClass){
      .step = step, .news = news_cb, .free_news = g_free, .free_data = job_free, .resumes = TRUE};
}

VitrineHearing *
vitrine_hearing_new(VitrineSession *session)
{
  VitrineHearing *self = g_object_new(VITRINE_TYPE_HEARING, NULL);

  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  model_changed_cb(self);
  return self;
}
