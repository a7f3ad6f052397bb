/* The panes' tasks: steps on another thread, results in order on this one, and silence after a
 * stop. */
#include "app/session/vitrine-tasks.h"

typedef struct {
  int steps, last; /* done, and how many it takes */
} Data;

typedef struct {
  VitrineTasks *tasks;
  GArray *seen; /* of int */
  int finished, stop_at;
  guint id;
} Seen;

static gatomicrefcount alive; /* one, and one for every Data */
static gint running = TRUE;

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *news)
{
  Data *d = data;

  d->steps++;
  *news = GINT_TO_POINTER(d->steps);
  return d->steps < d->last;
}

static void
news_cb(gpointer news, gboolean finished, gpointer user_data)
{
  Seen *seen = user_data;
  int n = GPOINTER_TO_INT(news);

  if (finished) {
    g_assert_null(news);
    seen->finished++;
    return;
  }
  g_array_append_val(seen->seen, n);
  if (n == seen->stop_at)
    vitrine_tasks_stop(seen->tasks, seen->id);
}

static void
free_data(gpointer data)
{
  g_assert_false(g_atomic_ref_count_dec(&alive));
  g_free(data);
}

static const VitrineTaskClass background = {FALSE, step, news_cb, NULL, free_data};
static const VitrineTaskClass urgent = {TRUE, step, news_cb, NULL, free_data};

static void
start(Seen *seen, VitrineTasks *tasks, const VitrineTaskClass *class, int last, int stop_at)
{
  Data *d = g_new0(Data, 1);

  d->last = last;
  g_atomic_ref_count_inc(&alive);
  *seen = (Seen){tasks, g_array_new(FALSE, FALSE, sizeof(int)), 0, stop_at, 0};
  seen->id = vitrine_tasks_start(tasks, class, d, seen);
}

static gpointer
worker(gpointer data)
{
  while (g_atomic_int_get(&running)) {
    gboolean first = vitrine_tasks_pending(data, TRUE);
    if (first || vitrine_tasks_pending(data, FALSE))
      vitrine_tasks_step(data, first, NULL);
    else
      g_usleep(200);
  }
  return NULL;
}

static void
run_for(double seconds)
{
  gint64 end = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
  while (g_get_monotonic_time() < end)
    if (!g_main_context_iteration(NULL, FALSE))
      g_usleep(500);
}

static void
assert_counts_up(const Seen *seen, guint n)
{
  g_assert_cmpuint(seen->seen->len, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint(g_array_index(seen->seen, int, i), ==, (int)i + 1);
}

static void
test_all(void)
{
  VitrineTasks *tasks = vitrine_tasks_new();
  Seen whole, quick, stopped, at_once;

  g_atomic_ref_count_init(&alive);
  start(&whole, tasks, &background, 200, 0);
  start(&quick, tasks, &urgent, 20, 0);
  start(&stopped, tasks, &background, G_MAXINT, 5);
  start(&at_once, tasks, &background, G_MAXINT, 0);
  vitrine_tasks_stop(tasks, at_once.id);
  g_assert_true(vitrine_tasks_pending(tasks, TRUE));
  /* Urgent ones come first, whoever came before them. */
  for (int i = 0; i < 20; i++)
    vitrine_tasks_step(tasks, TRUE, NULL);
  g_assert_false(vitrine_tasks_pending(tasks, TRUE));
  GThread *thread = g_thread_new("worker", worker, tasks);
  gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
  while ((!whole.finished || !quick.finished || stopped.seen->len < 5) &&
         g_get_monotonic_time() < end)
    run_for(0.01);
  run_for(0.05);
  assert_counts_up(&whole, 200);
  assert_counts_up(&quick, 20);
  assert_counts_up(&stopped, 5); /* stopped from within its own news: nothing came after */
  assert_counts_up(&at_once, 0);
  g_assert_cmpint(whole.finished, ==, 1);
  g_assert_cmpint(quick.finished, ==, 1);
  g_assert_cmpint(stopped.finished, ==, 0);
  g_atomic_int_set(&running, FALSE);
  g_thread_join(thread);
  vitrine_tasks_stop(tasks, whole.id); /* has ended: allowed */
  vitrine_tasks_free(tasks);
  run_for(0.05);
  g_assert_true(g_atomic_ref_count_compare(&alive, 1)); /* each freed once */
  g_array_unref(whole.seen);
  g_array_unref(quick.seen);
  g_array_unref(stopped.seen);
  g_array_unref(at_once.seen);
}

/* ---- giving way ------------------------------------------------------------------------------ */

static VitrineTasks *giving;
static int gave_way; /* steps that a picture ended */

static gboolean
giving_step(gpointer data, SgRenderer *renderer, gpointer *news)
{
  if (!vitrine_tasks_interrupt(giving, TRUE))
    return step(data, renderer, news);
  gave_way++;
  return TRUE;
}

/* Where somebody waits for a picture at every moment, each second step of a task is done. */
static void
test_way(void)
{
  static const VitrineTaskClass class = {
      .step = giving_step, .news = news_cb, .free_data = free_data, .resumes = TRUE};
  Seen seen;

  g_atomic_ref_count_init(&alive);
  giving = vitrine_tasks_new();
  start(&seen, giving, &class, 5, 0);
  for (int i = 0; i < 10; i++)
    vitrine_tasks_step(giving, FALSE, NULL);
  run_for(0.05);
  g_assert_cmpint(gave_way, ==, 5);
  assert_counts_up(&seen, 5);
  g_assert_cmpint(seen.finished, ==, 1);
  vitrine_tasks_free(giving);
  g_array_unref(seen.seen);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tasks/all", test_all);
  g_test_add_func("/tasks/way", test_way);
  return g_test_run();
}
