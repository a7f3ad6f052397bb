#include "app/session/vitrine-tasks.h"
#include "engine/base/debug.h"
#include <gio/gio.h>

/* One reference is the list's, one is held by a step that runs and one by each news on its way. */
typedef struct {
  gatomicrefcount ref;
  VitrineTaskClass class; /* a copy: news may come when who asked for them is gone */
  gpointer data, user_data;
  guint id;
  gboolean stopped;  /* written by the main thread: its news are dropped */
  gboolean gave_way; /* the render thread's: its last step ended for a picture */
} Task;

struct _VitrineTasks {
  GMutex mutex;
  GQueue tasks;     /* of Task*, the next one first */
  GHashTable *live; /* id -> Task* (a reference); main thread only: those whose news are wanted */
  guint last_id;
  Task *current;        /* the render thread's: its step runs */
  gboolean interrupted; /* that step, for a picture */
};

typedef struct {
  Task *task;
  gpointer news;
  gboolean finished;
  GHashTable *live; /* a reference */
} Delivery;

static void
task_unref(gpointer data)
{
  Task *task = data;

  if (!g_atomic_ref_count_dec(&task->ref))
    return;
  if (task->class.free_data)
    task->class.free_data(task->data);
  g_free(task);
}

static Task *
task_ref(Task *task)
{
  g_atomic_ref_count_inc(&task->ref);
  return task;
}

VitrineTasks *
vitrine_tasks_new(void)
{
  VitrineTasks *self = g_new0(VitrineTasks, 1);

  g_mutex_init(&self->mutex);
  g_queue_init(&self->tasks);
  self->live = g_hash_table_new_full(NULL, NULL, NULL, task_unref);
  return self;
}

void
vitrine_tasks_free(VitrineTasks *self)
{
  if (!self)
    return;
  vitrine_tasks_stop_all(self);
  g_hash_table_unref(self->live);
  g_mutex_clear(&self->mutex);
  g_free(self);
}

guint
vitrine_tasks_start(VitrineTasks *self, const VitrineTaskClass *class, gpointer data,
                    gpointer user_data)
{
  Task *task = g_new0(Task, 1);

  g_atomic_ref_count_init(&task->ref);
  task->class = *class;
  task->data = data;
  task->user_data = user_data;
  if (++self->last_id == 0)
    self->last_id = 1;
  task->id = self->last_id;
  g_hash_table_insert(self->live, GUINT_TO_POINTER(task->id), task_ref(task));
  g_mutex_lock(&self->mutex);
  g_queue_push_tail(&self->tasks, task);
  g_mutex_unlock(&self->mutex);
  sg_debug(SG_DEBUG_TASKS, "task %u begins%s", task->id, class->urgent ? ", urgent" : "");
  return self->last_id;
}

/* A task whose step runs is not in the queue; vitrine_tasks_step() sees `stopped` afterwards. */
static void
stop(VitrineTasks *self, Task *task)
{
  g_mutex_lock(&self->mutex);
  task->stopped = TRUE;
  gboolean waiting = g_queue_remove(&self->tasks, task);
  g_mutex_unlock(&self->mutex);
  if (waiting)
    task_unref(task);
}

void
vitrine_tasks_stop(VitrineTasks *self, guint id)
{
  Task *task = g_hash_table_lookup(self->live, GUINT_TO_POINTER(id));

  if (!task)
    return;
  sg_debug(SG_DEBUG_TASKS, "task %u is stopped", id);
  stop(self, task);
  g_hash_table_remove(self->live, GUINT_TO_POINTER(id));
}

void
vitrine_tasks_stop_all(VitrineTasks *self)
{
  GHashTableIter iter;
  gpointer task;

  g_hash_table_iter_init(&iter, self->live);
  while (g_hash_table_iter_next(&iter, NULL, &task))
    stop(self, task);
  g_hash_table_remove_all(self->live);
}

/* The first waiting task of this urgency. Called with the lock held. */
static GList *
find(VitrineTasks *self, gboolean urgent)
{
  for (GList *l = self->tasks.head; l; l = l->next)
    if (((Task *)l->data)->class.urgent == urgent)
      return l;
  return NULL;
}

gboolean
vitrine_tasks_pending(VitrineTasks *self, gboolean urgent)
{
  g_mutex_lock(&self->mutex);
  gboolean pending = find(self, urgent) != NULL;
  g_mutex_unlock(&self->mutex);
  return pending;
}

static void
delivery_free(gpointer data)
{
  Delivery *d = data;

  if (d->news && d->task->class.free_news)
    d->task->class.free_news(d->news);
  task_unref(d->task);
  g_hash_table_unref(d->live);
  g_free(d);
}

static gboolean
deliver_cb(gpointer data)
{
  Delivery *d = data;
  Task *task = d->task;

  if (g_hash_table_lookup(d->live, GUINT_TO_POINTER(task->id)) != task)
    return G_SOURCE_REMOVE;
  if (d->news)
    task->class.news(d->news, FALSE, task->user_data);
  /* The news may have stopped it. */
  if (d->finished && g_hash_table_lookup(d->live, GUINT_TO_POINTER(task->id)) == task) {
    g_hash_table_remove(d->live, GUINT_TO_POINTER(task->id));
    task->class.news(NULL, TRUE, task->user_data);
  }
  return G_SOURCE_REMOVE;
}

static void
post(VitrineTasks *self, Task *task, gpointer news, gboolean finished)
{
  Delivery *d = g_new0(Delivery, 1);

  d->task = task_ref(task);
  d->news = news;
  d->finished = finished;
  d->live = g_hash_table_ref(self->live);
  g_idle_add_full(G_PRIORITY_HIGH_IDLE + 15, deliver_cb, d, delivery_free);
}

void
vitrine_tasks_step(VitrineTasks *self, gboolean urgent, SgRenderer *renderer)
{
  gpointer news = NULL;

  g_mutex_lock(&self->mutex);
  GList *link = find(self, urgent);
  Task *task = link ? link->data : NULL; /* the queue's reference is ours now */
  if (link)
    g_queue_delete_link(&self->tasks, link);
  g_mutex_unlock(&self->mutex);
  if (!task)
    return;
  gint64 start = g_get_monotonic_time();
  self->current = task;
  self->interrupted = FALSE;
  gboolean more = task->class.step(task->data, renderer, &news);
  self->current = NULL;
  task->gave_way = self->interrupted;
  if (self->interrupted) {
    if (news && task->class.free_news)
      task->class.free_news(news);
    news = NULL;
    more = TRUE;
  }
  sg_debug(SG_DEBUG_TASKS, "task %u: a step of %.2f ms%s%s", task->id,
           (double)(g_get_monotonic_time() - start) / 1e3, news ? ", news" : "",
           more ? "" : ", done");
  g_mutex_lock(&self->mutex);
  gboolean again = more && !task->stopped;
  if (again)
    g_queue_push_tail(&self->tasks, task_ref(task));
  g_mutex_unlock(&self->mutex);
  if (news || !more)
    post(self, task, news, !more);
  task_unref(task);
}

gboolean
vitrine_tasks_interrupt(VitrineTasks *self, gboolean busy)
{
  Task *task = self->current;

  if (!task)
    return FALSE;
  g_mutex_lock(&self->mutex);
  gboolean stopped = task->stopped;
  g_mutex_unlock(&self->mutex);
  /* Once, then it has its turn: pictures may come faster than a step ends. */
  if (!stopped && busy && task->class.resumes && !task->gave_way)
    self->interrupted = TRUE;
  return stopped || self->interrupted;
}

typedef struct {
  gpointer data;
  GDestroyNotify free_func;
} Rest;

static void
free_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Rest *rest = data;

  rest->free_func(rest->data);
  g_task_return_boolean(task, TRUE);
}

void
vitrine_free_elsewhere(gpointer data, GDestroyNotify free_func)
{
  if (!data)
    return;
  g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);
  Rest *rest = g_new(Rest, 1);

  *rest = (Rest){data, free_func};
  g_task_set_task_data(task, rest, g_free);
  g_task_run_in_thread(task, free_thread);
}
