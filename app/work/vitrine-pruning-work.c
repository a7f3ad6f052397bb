#include "app/work/vitrine-pruning-work.h"
#include "app/grid/vitrine-picture.h"
#include "engine/base/interrupt.h"

/* Pixels of a face's side in the pane, at least where the model has as many. */
#define THUMBNAIL 128
/* Between two words about how far a score is. */
#define TELL_SECONDS 0.3

struct _VitrinePruningWork {
  gatomicrefcount ref;
  SgModel *model;
  SgPruneScorer *scorer; /* the render thread's; NULL until the first step */
};

/* The task and its class in one: the class differs in whom it tells. */
typedef struct {
  VitrineTaskClass class;
  VitrinePruningWork *work;
  SgPrune prune;
  guint n, at; /* thresholds, the one at work */
  int *order;  /* [n] thousandths, or NULL: prune as it is */
  gboolean begun;
  int label;
  double seconds, told; /* that this score has taken, and had when its progress was told */
} Job;

VitrinePruningWork *
vitrine_pruning_work_new(SgModel *model)
{
  VitrinePruningWork *work = g_new0(VitrinePruningWork, 1);

  work->model = sg_model_ref(model);
  g_atomic_ref_count_init(&work->ref);
  return work;
}

static SgPruneScorer *
scorer_new(const VitrinePruningWork *work, GError **error)
{
  return sg_prune_scorer_new(work->model, VITRINE_SCORED_FACES, 0, 1, error);
}

static void
prepare(VitrinePruningWork *work)
{
  work->scorer = scorer_new(work, NULL); /* the first step tries again, and says why */
}

void
vitrine_pruning_work_unref(VitrinePruningWork *work)
{
  if (!work || !g_atomic_ref_count_dec(&work->ref))
    return;
  sg_prune_scorer_free(work->scorer);
  sg_model_unref(work->model);
  g_free(work);
}

static void
score_free(gpointer data)
{
  VitrineScore *score = data;

  sg_prune_clear(&score->prune);
  for (int i = 0; i < VITRINE_SCORED_FACES; i++)
    g_clear_object(&score->faces[i]);
  g_free(score->error);
  g_free(score);
}

static void
job_free(gpointer data)
{
  Job *job = data;

  sg_prune_clear(&job->prune);
  vitrine_pruning_work_unref(job->work);
  g_free(job->order);
  g_free(job);
}

/* ---- on the render thread ---------------------------------------------------------------- */

static void
take_pictures(VitrineScore *score, const SgPruneResult *r)
{
  int by = CLAMP(MAX(r->width, r->height) / THUMBNAIL, 1, MIN(r->width, r->height));
  int w = r->width / by, h = r->height / by;
  gsize bytes = (gsize)r->width * (gsize)r->height * (gsize)r->bytes;

  for (int i = 0; i < MIN(r->drawn, VITRINE_SCORED_FACES); i++) {
    g_autoptr(GBytes) rgb = g_bytes_new_take(
        vitrine_pixels_smaller(r->rgb + (gsize)i * bytes, r->width, r->height, by, r->bytes),
        (gsize)h * (gsize)w * (gsize)r->bytes);
    score->faces[i] =
        gdk_memory_texture_new(w, h, r->bytes == 4 ? GDK_MEMORY_R8G8B8A8 : GDK_MEMORY_R8G8B8, rgb,
                               (gsize)w * (gsize)r->bytes);
  }
}

static VitrineScore *
score_new(const Job *job, GError *error)
{
  VitrineScore *score = g_new0(VitrineScore, 1);

  sg_prune_copy(&score->prune, &job->prune);
  score->label = job->label;
  score->progress = 1;
  score->seconds = job->seconds;
  if (error) {
    score->error = g_strdup(error->message);
    return score;
  }
  const SgPruneResult *r = sg_prune_scorer_result(job->work->scorer);
  score->scored = r->scored;
  score->score = r->score_mean;
  score->score_std = r->score_std;
  score->logit = r->logit_mean;
  score->logit_std = r->logit_std;
  if (!job->order)
    take_pictures(score, r);
  return score;
}

/* A slice; the first of a threshold only says which. */
static SgPruneStep
score_slice(Job *job, GError **error)
{
  SgModel *model = job->work->model;
  SgPruneScorer **scorer = &job->work->scorer;

  if (!*scorer) {
    *scorer = scorer_new(job->work, error);
    return *scorer ? SG_PRUNE_STEP_MORE : SG_PRUNE_STEP_ERROR;
  }
  if (!job->begun) {
    if (job->order)
      job->prune.threshold = job->order[job->at] / 1000.0;
    if (model->info.c_dim > 0)
      sg_prune_scorer_set_label(*scorer, CLAMP(job->label, 0, model->info.c_dim - 1));
    sg_prune_scorer_begin(*scorer, &job->prune);
    job->begun = TRUE;
  }
  return sg_prune_scorer_step(*scorer, error);
}

/* How far it is, if it has not been said for a moment; else NULL. */
static VitrineScore *
progress_new(Job *job)
{
  if (!job->work->scorer || job->order || job->seconds - job->told < TELL_SECONDS)
    return NULL;
  const SgPruneResult *r = sg_prune_scorer_result(job->work->scorer);
  VitrineScore *score = g_new0(VitrineScore, 1);
  int all = r->images * (job->work->model->info.has_d ? 2 : 1);

  sg_prune_copy(&score->prune, &job->prune);
  score->label = job->label;
  score->progress = MIN((double)(r->drawn + r->judged) / all, 0.99);
  job->told = job->seconds;
  return score;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *news)
{
  Job *job = data;
  gint64 start = g_get_monotonic_time();
  g_autoptr(GError) error = NULL;
  SgPruneStep done = score_slice(job, &error);

  job->seconds += (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
  if (sg_is_interrupt(error))
    return TRUE;
  if (done == SG_PRUNE_STEP_MORE) {
    *news = progress_new(job);
    return TRUE;
  }
  *news = score_new(job, error);
  job->begun = FALSE;
  job->seconds = job->told = 0;
  return done == SG_PRUNE_STEP_DONE && ++job->at < job->n;
}

/* ---- starting ---------------------------------------------------------------------------- */

static guint
start(VitrineSession *session, VitrinePruningWork *work, const SgPrune *prune, int label, guint n,
      const int *order, VitrineScoreFunc news, gpointer user_data)
{
  Job *job = g_new0(Job, 1);

  job->class = (VitrineTaskClass){!order, step, news, score_free, job_free, TRUE};
  g_atomic_ref_count_inc(&work->ref);
  job->work = work;
  sg_prune_copy(&job->prune, prune);
  job->n = n;
  job->label = label;
  job->order = g_memdup2(order, sizeof(int) * n);
  return vitrine_view_start_task(vitrine_session_get_view(session), &job->class, job, user_data);
}

guint
vitrine_pruning_start_score(VitrineSession *session, VitrinePruningWork *work, const SgPrune *prune,
                            int label, VitrineScoreFunc news, gpointer user_data)
{
  return start(session, work, prune, label, 1, NULL, news, user_data);
}

guint
vitrine_pruning_start_sweep(VitrineSession *session, VitrinePruningWork *work, const SgPrune *prune,
                            int label, guint n, const int *order, VitrineScoreFunc news,
                            gpointer user_data)
{
  return start(session, work, prune, label, n, order, news, user_data);
}

/* ---- counting, on a worker --------------------------------------------------------------- */

typedef struct {
  SgModel *model;
  SgPruneCounter *counter;
  VitrinePruningWork *work; /* or NULL */
} Count;

static void
count_free(gpointer data)
{
  Count *c = data;

  sg_model_unref(c->model);
  sg_prune_counter_free(c->counter);
  vitrine_pruning_work_unref(c->work);
  g_free(c);
}

static void
count_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Count *c = data;
  GError *error = NULL;

  c->counter = sg_prune_counter_new(c->model, &error);
  if (c->work && c->counter)
    prepare(c->work);
  if (c->counter)
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

void
vitrine_pruning_count(SgModel *model, gboolean with_work, GObject *source, GAsyncReadyCallback done,
                      gpointer data)
{
  g_autoptr(GTask) task = g_task_new(source, NULL, done, data);
  Count *c = g_new0(Count, 1);

  c->model = sg_model_ref(model);
  c->work = with_work ? vitrine_pruning_work_new(model) : NULL;
  g_task_set_task_data(task, c, count_free);
  g_task_run_in_thread(task, count_thread);
}

SgPruneCounter *
vitrine_pruning_count_finish(GAsyncResult *result, VitrinePruningWork **work, GError **error)
{
  Count *c = g_task_get_task_data(G_TASK(result));

  if (!g_task_propagate_boolean(G_TASK(result), error))
    return NULL;
  *work = g_steal_pointer(&c->work);
  return g_steal_pointer(&c->counter);
}
