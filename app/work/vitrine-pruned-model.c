#include "app/work/vitrine-pruned-model.h"

struct _VitrinePrunedModel {
  gatomicrefcount ref;
  SgModel *model;
  SgPrune prune;
  SgPruneRace *race; /* the render thread's */
};

VitrinePrunedModel *
vitrine_pruned_model_new(SgModel *model, const SgPrune *prune)
{
  VitrinePrunedModel *pruned = g_new0(VitrinePrunedModel, 1);

  g_atomic_ref_count_init(&pruned->ref);
  pruned->model = sg_model_ref(model);
  sg_prune_copy(&pruned->prune, prune);
  return pruned;
}

static VitrinePrunedModel *
ref(VitrinePrunedModel *pruned)
{
  g_atomic_ref_count_inc(&pruned->ref);
  return pruned;
}

void
vitrine_pruned_model_unref(gpointer data)
{
  VitrinePrunedModel *pruned = data;

  if (!g_atomic_ref_count_dec(&pruned->ref))
    return;
  sg_prune_race_free(pruned->race);
  sg_model_unref(pruned->model);
  sg_prune_clear(&pruned->prune);
  g_free(pruned);
}

/* ---- writing, on a worker ------------------------------------------------------------------- */

typedef struct {
  VitrinePrunedModel *pruned;
  char *path;
  SgPruneSaving saving;
} Writing;

static void
writing_free(gpointer data)
{
  Writing *w = data;

  vitrine_pruned_model_unref(w->pruned);
  g_free(w->path);
  g_free(w);
}

static void
write_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Writing *w = data;
  GError *error = NULL;

  if (sg_prune_save(w->pruned->model, &w->pruned->prune, w->path, &w->saving, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

void
vitrine_pruned_model_write(VitrinePrunedModel *pruned, const char *path, GAsyncReadyCallback done,
                           gpointer data)
{
  g_autoptr(GTask) task = g_task_new(NULL, NULL, done, data);
  Writing *w = g_new0(Writing, 1);

  w->pruned = ref(pruned);
  w->path = g_strdup(path);
  g_task_set_task_data(task, w, writing_free);
  g_task_run_in_thread(task, write_thread);
}

gboolean
vitrine_pruned_model_write_finish(GAsyncResult *result, SgPruneSaving *saving, GError **error)
{
  const Writing *w = g_task_get_task_data(G_TASK(result));

  *saving = w->saving;
  return g_task_propagate_boolean(G_TASK(result), error);
}

/* ---- measuring, where pictures are made ------------------------------------------------------ */

static void
speed_free(gpointer data)
{
  VitrinePrunedSpeed *speed = data;

  g_free(speed->error);
  g_free(speed);
}

typedef struct {
  VitrinePrunedModel *pruned;
  SgPruneSpeed speed;
} Measuring;

static void
measuring_free(gpointer data)
{
  Measuring *m = data;

  vitrine_pruned_model_unref(m->pruned);
  g_free(m);
}

static gboolean
measure_step(gpointer data, SgRenderer *renderer, gpointer *news)
{
  Measuring *m = data;
  VitrinePrunedModel *pruned = m->pruned;
  g_autoptr(GError) error = NULL;
  gboolean done = FALSE;

  if (!pruned->race)
    pruned->race = sg_prune_race_new(pruned->model, &pruned->prune);
  if (sg_prune_race_step(pruned->race, &m->speed, &done, &error) && !done)
    return TRUE;
  VitrinePrunedSpeed *speed = g_new0(VitrinePrunedSpeed, 1);
  speed->speed = m->speed;
  speed->error = error ? g_strdup(error->message) : NULL;
  *news = speed;
  return FALSE;
}

guint
vitrine_pruned_model_measure(VitrinePrunedModel *pruned, VitrineView *view,
                             VitrinePrunedSpeedFunc done, gpointer user_data)
{
  const VitrineTaskClass class = {FALSE, measure_step, done, speed_free, measuring_free};
  Measuring *m = g_new0(Measuring, 1);

  m->pruned = ref(pruned);
  return vitrine_view_start_task(view, &class, m, user_data);
}
