/* One iteration: pictures, the phases, what they say. */
#include "engine/learn/learn-share.h"
#include "engine/train/trainer-private.h"
#include <math.h>

#define BATCH_MAX 4096 /* as the table of options has it */

typedef struct {
  SgBuf *real, *real_c;
} SgBatch;

static void
batch_clear(SgBatch *batch)
{
  sg_buf_unref(batch->real);
  sg_buf_unref(batch->real_c);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgBatch, batch_clear)

/* ---- statistics ------------------------------------------------------------------------------ */

static void
report_scores(SgTrainer *t, const char *what, const GArray *scores)
{
  g_autofree char *tag = g_strconcat("Loss/scores/", what, NULL);
  g_autofree char *signs_tag = g_strconcat("Loss/signs/", what, NULL);
  const float *v = (const float *)(gconstpointer)scores->data;
  float signs[BATCH_MAX];

  g_assert(scores->len <= BATCH_MAX);
  for (guint i = 0; i < scores->len; i++)
    signs[i] = v[i] > 0 ? 1 : v[i] < 0 ? -1 : 0;
  sg_run_dir_report_n(t->dir, tag, v, scores->len);
  sg_run_dir_report_n(t->dir, signs_tag, signs, scores->len);
}

static void
report_phase(SgTrainer *t, SgPhase phase)
{
  SgLearn *l = t->l;
  switch (phase) {
  case SG_PHASE_GMAIN:
    report_scores(t, "fake", l->scores_fake);
    sg_run_dir_report(t->dir, "Loss/G/loss", l->loss);
    break;
  case SG_PHASE_GREG:
    sg_run_dir_report(t->dir, "Loss/pl_penalty", l->penalty);
    sg_run_dir_report(t->dir, "Loss/G/reg", l->loss);
    break;
  case SG_PHASE_DMAIN:
    report_scores(t, "fake", l->scores_fake);
    report_scores(t, "real", l->scores_real);
    sg_run_dir_report(t->dir, "Loss/D/loss", l->loss);
    break;
  default:
    sg_run_dir_report(t->dir, "Loss/r1_penalty", l->penalty);
    sg_run_dir_report(t->dir, "Loss/D/reg", l->loss);
    break;
  }
}

/* Signs of D (real), for ADA. */
static void
count_signs(SgLearn *l)
{
  const float *v = (const float *)(gconstpointer)l->scores_real->data;
  for (guint i = 0; i < l->scores_real->len; i++)
    l->ada_sum += v[i] > 0 ? 1 : v[i] < 0 ? -1 : 0;
  l->ada_count += l->scores_real->len;
}

/* ---- one iteration --------------------------------------------------------------------------- */

static gboolean
check_finite(SgTrainer *t, SgPhase phase, GError **error)
{
  GError *why = NULL;

  if (isfinite(t->l->loss) && isfinite(t->l->penalty)) /* of all processes: all find the same */
    return TRUE;
  g_autofree char *what = g_strdup_printf("the loss of %s is not a number", sg_phase_names[phase]);
  sg_trainer_diverged(t, what, &why);
  return sg_group_agree(t->group, why, error);
}

/* `before` (taken): what has already gone wrong in this process, which the others learn here. */
static gboolean
run_phase(SgTrainer *t, SgPhase phase, const SgBatch *batch, GError *before, GError **error)
{
  gint64 start = g_get_monotonic_time();
  SgDraw *draw =
      before ? NULL : sg_draw_new(t->l, phase, t->ds, t->pipe, batch->real, batch->real_c, &before);
  gboolean ok = draw ? sg_learn_phase(t->l, phase, draw, error)
                     : sg_share_give_up(t->l, phase, before, error);

  sg_draw_free(draw);
  if (!ok || !check_finite(t, phase, error))
    return FALSE;
  if (t->dir)
    report_phase(t, phase);
  if (phase >= SG_PHASE_DMAIN)
    count_signs(t->l);
  t->phase_seconds[phase] += sg_seconds_since(start);
  return TRUE;
}

/* The next pictures of this process's part. */
static gboolean
load(SgTrainer *t, SgBatch *batch, GError **error)
{
  SgBackend *b = t->l->backend;
  const SgModelInfo *i = &t->l->shape.info;
  int n = sg_share_of(t->l->share, t->o->batch), r = i->img_resolution;

  if (!sg_trainer_load(t, error))
    return FALSE;
  batch->real = sg_buf_from_floats(b, t->pixels, n, i->img_channels, r, r, error);
  if (batch->real && i->c_dim)
    batch->real_c = sg_buf_from_floats(b, t->labels, n, i->c_dim, 1, 1, error);
  return batch->real && (batch->real_c || !i->c_dim);
}

gboolean
sg_trainer_iterate(SgTrainer *t, GError **error)
{
  SgLearn *l = t->l;
  g_auto(SgBatch) batch = {NULL};
  GError *why = NULL;

  load(t, &batch, &why);
  for (int phase = l->phases_done; phase < SG_PHASES; phase++) {
    int interval = sg_learn_interval(l, (SgPhase)phase); /* the first one's is 1 */
    if (interval > 0 && l->iteration % (guint64)interval == 0 &&
        !run_phase(t, (SgPhase)phase, &batch, g_steal_pointer(&why), error))
      return FALSE;
    l->phases_done = phase + 1;
  }
  sg_learn_end_iteration(l, t->o->batch);
  return TRUE;
}
