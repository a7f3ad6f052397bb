/* What tests/tsan/run tries first: "race.c guarded" has no race though a GMutex, a queue, a pool
 * and an idle are all that orders it, "race.c racing" has one, and "race.c queue" one beside a
 * queue. */
#include <glib.h>
#include <string.h>

static GMutex mutex;
static GAsyncQueue *queue;
static int counter;
static gboolean guarded, answers;

static void
count(void)
{
  if (guarded)
    g_mutex_lock(&mutex);
  counter++;
  if (guarded)
    g_mutex_unlock(&mutex);
}

static gpointer
work(gpointer data)
{
  int *box = data;

  for (int i = 0; i < 1000; i++)
    count();
  *box = 1;
  g_async_queue_push(queue, box);
  if (!answers)
    *box = 2; /* it is no longer ours */
  return NULL;
}

static void
pool_work(gpointer data, gpointer user_data)
{
  ++*(int *)data;
}

static gboolean
quit_cb(gpointer data)
{
  g_main_loop_quit(data);
  return G_SOURCE_REMOVE;
}

static gpointer
wake(gpointer loop)
{
  counter = 5;
  g_idle_add(quit_cb, loop);
  return NULL;
}

int
main(int argc, char **argv)
{
  int box = 0, task = 0;

  guarded = argc < 2 || !g_str_equal(argv[1], "racing");
  answers = argc < 2 || !g_str_equal(argv[1], "queue");
  queue = g_async_queue_new();
  GThread *thread = g_thread_new("work", work, &box);
  for (int i = 0; i < 1000; i++)
    count();
  g_async_queue_pop(queue);
  box++;
  g_thread_join(thread);
  GThreadPool *pool = g_thread_pool_new(pool_work, NULL, 1, FALSE, NULL);
  task = 1;
  g_thread_pool_push(pool, &task, NULL);
  g_thread_pool_free(pool, FALSE, TRUE);
  task++;
  GMainLoop *loop = g_main_loop_new(NULL, FALSE);
  thread = g_thread_new("wake", wake, loop);
  g_main_loop_run(loop);
  counter++;
  g_thread_join(thread);
  g_main_loop_unref(loop);
  g_async_queue_unref(queue);
  return task == 3 ? 0 : 1;
}
