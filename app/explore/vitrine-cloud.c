#include "app/explore/vitrine-cloud.h"
#include <string.h>
#include "engine/directions/ranks.h"

const double vitrine_cloud_shares[VITRINE_CLOUD_SHARES] = {0.8, 0.9, 0.95, 0.99};

typedef struct {
  VitrineSample *sample;
  int view, x, y;
} Question;

static void
question_free(gpointer data)
{
  Question *q = data;

  vitrine_sample_unref(q->sample);
  g_free(q);
}

void
vitrine_cloud_free(VitrineCloud *c)
{
  if (!c)
    return;
  g_free(c->cumulative[0]);
  g_free(c->cumulative[1]);
  g_free(c->x);
  g_free(c->y);
  g_free(c);
}

static double *
scores(const VitrineSample *s, const SgPca *pca, int k)
{
  double *out = g_new(double, s->n);

  sg_pca_scores(pca, s->moments->mean, k, s->n, s->w, 1, out);
  return out;
}

static void
find_ends(VitrineCloud *c)
{
  g_autofree guint32 *order = sg_ranks_order((gsize)c->n, c->x);
  gsize bytes = VITRINE_CLOUD_ENDS * sizeof *order;

  memcpy(c->ends, order, bytes);
  memcpy(c->ends + VITRINE_CLOUD_ENDS, order + c->n - VITRINE_CLOUD_ENDS, bytes);
}

static VitrineCloud *
answer(const Question *q, GCancellable *cancellable, GError **error)
{
  g_autoptr(VitrineCloud) c = g_new0(VitrineCloud, 1);
  const SgPca *pca[2];

  for (int view = 0; view < 2; view++) {
    pca[view] = vitrine_sample_pca(q->sample, view, error);
    if (!pca[view] || g_cancellable_set_error_if_cancelled(cancellable, error))
      return NULL;
    c->dim = pca[view]->dim;
    c->cumulative[view] = g_new(double, c->dim + 1);
    sg_pca_cumulative(pca[view], c->cumulative[view]);
    for (int i = 0; i < VITRINE_CLOUD_SHARES; i++)
      c->count[view][i] = sg_pca_count_for(pca[view], vitrine_cloud_shares[i]);
    c->participation[view] = sg_pca_participation(pca[view]);
  }
  c->n = q->sample->n;
  c->x = scores(q->sample, pca[q->view], CLAMP(q->x, 0, c->dim - 1));
  c->y = scores(q->sample, pca[q->view], CLAMP(q->y, 0, c->dim - 1));
  find_ends(c);
  return g_steal_pointer(&c);
}

static void
answer_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  VitrineCloud *c = answer(data, cancellable, &error);

  if (c)
    g_task_return_pointer(task, c, (GDestroyNotify)vitrine_cloud_free);
  else
    g_task_return_error(task, error);
}

void
vitrine_cloud_ask(VitrineSample *sample, int view, int x, int y, GCancellable *cancellable,
                  GAsyncReadyCallback done, gpointer data)
{
  g_autoptr(GTask) task = g_task_new(NULL, cancellable, done, data);
  Question *q = g_new0(Question, 1);

  *q = (Question){vitrine_sample_ref(sample), view, x, y};
  g_task_set_task_data(task, q, question_free);
  g_task_run_in_thread(task, answer_thread);
}

VitrineCloud *
vitrine_cloud_finish(GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer(G_TASK(result), error);
}
