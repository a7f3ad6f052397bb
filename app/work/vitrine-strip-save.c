#include "app/work/vitrine-strip-save.h"
#include <glib/gi18n.h>
#include <string.h>

typedef struct {
  VitrineStripPlan *plan;
  char *png, *csv;
  /* Owned, let go on the main thread: a task's end may come on the worker. */
  VitrineSession *session;
  VitrineStripSaved saved;
  gpointer data;
} SaveJob;

static void
save_job_free(gpointer data)
{
  SaveJob *job = data;

  vitrine_strip_plan_unref(job->plan);
  g_free(job->png);
  g_free(job->csv);
  g_free(job);
}

static void
write_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  SaveJob *job = data;
  VitrineStripPlan *p = job->plan;
  GError *error = NULL;

  if (vitrine_strip_write_png(job->png, p->model, p->base, &p->parameter, p->n, p->tiles, &error) &&
      vitrine_strip_write_csv(job->csv, p->base, p->n, p->tiles, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void
written_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  SaveJob *job = g_task_get_task_data(G_TASK(result));
  g_autofree char *png = g_filename_display_basename(job->png),
                  *csv = g_filename_display_basename(job->csv);
  g_autofree char *text = g_strdup_printf(_("Saved %s and %s"), png, csv);
  g_autoptr(GError) error = NULL;

  g_task_propagate_boolean(G_TASK(result), &error);
  job->saved(text, error, job->data);
  vitrine_saver_add(vitrine_session_get_saver(job->session), -1);
  g_clear_object(&job->session);
}

char *
vitrine_strip_csv_path(const char *png)
{
  const char *dot = strrchr(png, '.'), *slash = strrchr(png, '/');
  gsize stem = dot && (!slash || dot > slash + 1) ? (gsize)(dot - png) : strlen(png);

  return g_strdup_printf("%.*s.csv", (int)stem, png);
}

void
vitrine_strip_save(VitrineStripPlan *plan, VitrineSession *session, const char *png,
                   VitrineStripSaved saved, gpointer data)
{
  SaveJob *job = g_new0(SaveJob, 1);

  job->plan = vitrine_strip_plan_ref(plan);
  job->png = g_strdup(png);
  job->csv = vitrine_strip_csv_path(png);
  job->session = g_object_ref(session);
  job->saved = saved;
  job->data = data;
  vitrine_saver_add(vitrine_session_get_saver(session), 1);
  g_autoptr(GTask) task = g_task_new(NULL, NULL, written_cb, NULL);
  g_task_set_task_data(task, job, save_job_free);
  g_task_run_in_thread(task, write_worker);
}
