#include "app/runs/vitrine-run-ask.h"
#include "engine/record/run-dir.h"

#define ANSWER_MSEC 400
#define STOP_MSEC   3000

static void
start(GObject *source, char *path, GTaskThreadFunc thread, GAsyncReadyCallback done, gpointer data)
{
  g_autoptr(GTask) task = g_task_new(source, NULL, done, data);

  g_task_set_task_data(task, path, g_free);
  g_task_run_in_thread(task, thread);
}

static void
recognise_thread(GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  g_task_return_boolean(task,
                        g_file_test(path, G_FILE_TEST_IS_DIR) && sg_run_reader_recognises(path));
}

void
vitrine_run_recognise(const char *path, GObject *source, GAsyncReadyCallback done)
{
  g_return_if_fail(path != NULL);
  start(source, g_strdup(path), recognise_thread, done, NULL);
}

const char *
vitrine_run_recognise_finish(GAsyncResult *result)
{
  gboolean is_run = g_task_propagate_boolean(G_TASK(result), NULL);
  return is_run ? g_task_get_task_data(G_TASK(result)) : NULL;
}

static void
find_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_auto(GStrv) paths = vitrine_run_recent();

  for (int i = 0; paths[i]; i++) {
    g_autofree char *answer = sg_control_send(paths[i], "status", ANSWER_MSEC, NULL);
    if (answer) {
      g_task_return_pointer(task, g_strdup(paths[i]), g_free);
      return;
    }
  }
  g_task_return_pointer(task, g_strdup(paths[0]), g_free);
}

void
vitrine_run_find_recent(GObject *source, GAsyncReadyCallback done)
{
  start(source, NULL, find_thread, done, NULL);
}

char *
vitrine_run_find_recent_finish(GAsyncResult *result)
{
  return g_task_propagate_pointer(G_TASK(result), NULL);
}

static void
stop_thread(GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *answer = sg_control_send(path, "stop", STOP_MSEC, &error);

  if (!answer)
    g_warning("%s could not be stopped: %s", (const char *)path, error->message);
  g_task_return_boolean(task, answer != NULL);
}

void
vitrine_run_stop(const char *path, GAsyncReadyCallback done, gpointer data)
{
  g_return_if_fail(path != NULL);
  start(NULL, g_strdup(path), stop_thread, done, data);
}

static void
csv_thread(GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  GError *error = NULL;

  if (sg_run_reader_write_csv(vitrine_run_get_reader(source), NULL, path, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

void
vitrine_run_write_csv(VitrineRun *run, const char *path, GAsyncReadyCallback done, gpointer data)
{
  g_return_if_fail(VITRINE_IS_RUN(run));
  g_return_if_fail(vitrine_run_get_reader(run) != NULL);
  start(G_OBJECT(run), g_strdup(path), csv_thread, done, data);
}

gboolean
vitrine_run_write_csv_finish(GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean(G_TASK(result), error);
}
