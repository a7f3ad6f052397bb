#include "app/session/vitrine-follow.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "engine/runs/run-network.h"
#include "engine/record/publish.h"
#include "engine/record/run-dir.h"

#define LOOK_USEC    (G_USEC_PER_SEC / 5)     /* between two looks for published weights */
#define BETWEEN_USEC (G_USEC_PER_SEC * 2 / 5) /* at least, from weights to weights */
#define POLL_USEC    (2 * G_USEC_PER_SEC)     /* between two looks for snapshots */
#define ANSWER_MSEC  1000
#define SNAPSHOT     "network-snapshot-"
#define MAX_FAILURES 5 /* of one file, which may be written while we read */

/* What goes to the main thread. */
typedef struct {
  SgModel *model;
  gboolean live;
  char *error;
} News;

struct _VitrineFollow {
  gatomicrefcount ref; /* the owner, the thread, news on their way */
  char *run_dir;
  VitrineFollowFunc func; /* NULL once the owner is gone; main thread only */
  gpointer user_data;

  GMutex mutex;
  GCond cond;
  gboolean stop, ready;

  /* The thread's own. */
  SgFollow *follow; /* NULL: the training cannot be asked */
  gint64 asked;     /* last time it was tried */
  gboolean was_live, any;
  double kimg;    /* of the published weights that were handed out last */
  char *snapshot; /* path of the one that was handed out, or cannot be read */
  char *failing;  /* path of the one that could not be read, and how often */
  int failures;
};

static void
unref(gpointer data)
{
  VitrineFollow *self = data;

  if (!g_atomic_ref_count_dec(&self->ref))
    return;
  g_mutex_clear(&self->mutex);
  g_cond_clear(&self->cond);
  g_free(self->run_dir);
  g_free(self->snapshot);
  g_free(self->failing);
  g_free(self);
}

/* ---- to the main thread ------------------------------------------------------------------ */

typedef struct {
  VitrineFollow *self;
  News news;
} Delivery;

static void
delivery_free(gpointer data)
{
  Delivery *d = data;

  g_clear_pointer(&d->news.model, sg_model_unref);
  g_free(d->news.error);
  unref(d->self);
  g_free(d);
}

static gboolean
deliver_cb(gpointer data)
{
  Delivery *d = data;
  VitrineFollowNews news = {d->news.model, d->news.live, d->news.error};

  if (!d->self->func)
    return G_SOURCE_REMOVE;
  d->self->func(&news, d->self->user_data);
  d->news.model = news.model;
  return G_SOURCE_REMOVE;
}

/* Takes what `news` holds. */
static void
post(VitrineFollow *self, News news)
{
  Delivery *d = g_new0(Delivery, 1);

  g_atomic_ref_count_inc(&self->ref);
  d->self = self;
  d->news = news;
  if (news.model) {
    g_mutex_lock(&self->mutex);
    self->ready = FALSE;
    g_mutex_unlock(&self->mutex);
    self->any = TRUE;
  }
  g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, deliver_cb, d, delivery_free);
}

/* ---- snapshots --------------------------------------------------------------------------- */

static gboolean
is_snapshot(const char *name)
{
  return g_str_has_prefix(name, SNAPSHOT) &&
         (g_str_has_suffix(name, ".safetensors") || g_str_has_suffix(name, ".pkl"));
}

char *
vitrine_follow_newest_snapshot(const char *dir, GError **error)
{
  return sg_run_network(dir, error);
}

static int
kimg_of_name(const char *path)
{
  g_autofree char *name = g_path_get_basename(path);
  return is_snapshot(name) ? atoi(name + strlen(SNAPSHOT)) : 0;
}

/* NVlabs' files do not say; their names do. */
static void
note_kimg(SgModel *model)
{
  if (!g_hash_table_contains(model->metadata, "kimg"))
    g_hash_table_insert(model->metadata, g_strdup("kimg"),
                        g_strdup_printf("%d", kimg_of_name(model->path)));
}

static void
count_failure(VitrineFollow *self, const char *path, const GError *error)
{
  if (g_strcmp0(path, self->failing) != 0) {
    g_free(self->failing);
    self->failing = g_strdup(path);
    self->failures = 0;
  }
  if (++self->failures < MAX_FAILURES)
    return;
  g_free(self->snapshot);
  self->snapshot = g_strdup(path); /* not again */
  if (!self->any)
    post(self, (News){.error = g_strdup(error->message)});
}

/* The newest one, if it is new. FALSE: there is none at all. */
static gboolean
look_for_snapshot(VitrineFollow *self, GError **error)
{
  g_autofree char *path = vitrine_follow_newest_snapshot(self->run_dir, error);
  g_autoptr(GError) why = NULL;

  if (!path || g_strcmp0(path, self->snapshot) == 0)
    return path != NULL;
  if (kimg_of_name(path) < floor(self->kimg)) {
    /* It was killed: what it showed last is newer than what it has saved. */
    g_free(self->snapshot);
    self->snapshot = g_steal_pointer(&path);
    return TRUE;
  }
  SgModel *model = sg_model_load(path, &why);
  if (!model) {
    count_failure(self, path, why);
    return TRUE;
  }
  g_free(self->snapshot);
  self->snapshot = g_steal_pointer(&path);
  note_kimg(model);
  post(self, (News){.model = model});
  return TRUE;
}

/* ---- the thread -------------------------------------------------------------------------- */

gboolean
vitrine_follow_is_running(const char *dir)
{
  g_autofree char *answer = sg_control_send(dir, "status", ANSWER_MSEC, NULL);
  return answer != NULL;
}

static void
connect_now(VitrineFollow *self, GError **error)
{
  gint64 now = g_get_monotonic_time();

  if (self->asked && now - self->asked < POLL_USEC)
    return;
  self->asked = now;
  self->follow = sg_follow_new(self->run_dir, error);
}

static void
set_live(VitrineFollow *self, gboolean live)
{
  if (self->was_live == live)
    return;
  self->was_live = live;
  post(self, (News){.live = live});
}

/* One look; how long until the next. */
static gint64
look(VitrineFollow *self)
{
  g_autoptr(GError) why = NULL, none = NULL;
  double kimg;

  if (!self->follow)
    connect_now(self, &why);
  if (self->follow) {
    SgModel *model = sg_follow_next(self->follow, &kimg, &why);
    if (model || !why) {
      set_live(self, TRUE);
      if (!model)
        return LOOK_USEC;
      self->kimg = kimg;
      post(self, (News){.model = model, .live = TRUE});
      return BETWEEN_USEC;
    }
    g_clear_pointer(&self->follow, sg_follow_free);
  }
  set_live(self, FALSE);
  if (!look_for_snapshot(self, &none) && !self->any) {
    /* Neither runs nor has left anything: there is nothing to follow. */
    post(self, (News){.error = g_strdup(why ? why->message : none->message)});
    return G_MAXINT32;
  }
  return POLL_USEC;
}

/* FALSE: it is over. */
static gboolean
rest(VitrineFollow *self, gint64 until)
{
  g_mutex_lock(&self->mutex);
  while (!self->stop && (!self->ready || g_get_monotonic_time() < until)) {
    if (self->ready)
      g_cond_wait_until(&self->cond, &self->mutex, until);
    else
      g_cond_wait(&self->cond, &self->mutex);
  }
  gboolean go_on = !self->stop;
  g_mutex_unlock(&self->mutex);
  return go_on;
}

static gpointer
follow_thread(gpointer data)
{
  VitrineFollow *self = data;
  gint64 from;

  do
    from = g_get_monotonic_time();
  while (rest(self, from + look(self)));
  g_clear_pointer(&self->follow, sg_follow_free);
  unref(self);
  return NULL;
}

/* ---- from the main thread ---------------------------------------------------------------- */

VitrineFollow *
vitrine_follow_new(const char *run_dir, const char *known, VitrineFollowFunc func,
                   gpointer user_data)
{
  VitrineFollow *self = g_new0(VitrineFollow, 1);

  g_atomic_ref_count_init(&self->ref);
  g_mutex_init(&self->mutex);
  g_cond_init(&self->cond);
  self->run_dir = g_strdup(run_dir);
  self->snapshot = g_strdup(known);
  self->any = known != NULL;
  self->func = func;
  self->user_data = user_data;
  self->ready = TRUE;
  g_atomic_ref_count_inc(&self->ref);
  g_thread_unref(g_thread_new("follow", follow_thread, self));
  return self;
}

void
vitrine_follow_ready(VitrineFollow *self)
{
  g_mutex_lock(&self->mutex);
  self->ready = TRUE;
  g_cond_signal(&self->cond);
  g_mutex_unlock(&self->mutex);
}

void
vitrine_follow_free(VitrineFollow *self)
{
  if (!self)
    return;
  self->func = NULL;
  g_mutex_lock(&self->mutex);
  self->stop = TRUE;
  g_cond_signal(&self->cond);
  g_mutex_unlock(&self->mutex);
  unref(self);
}
