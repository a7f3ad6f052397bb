#include "engine/learn/rounds.h"
#include "engine/learn/draws.h"
#include "engine/learn/learn-replay.h"
#include "engine/learn/learn-share.h"

int
sg_rounds_size(const SgTrainOptions *o, int n)
{
  return o->batch_gpu > 0 ? MIN(o->batch_gpu, n) : n;
}

static int
count_of(const SgDraw *draw)
{
  return draw->z ? draw->z->n : draw->real->n;
}

/* Path length has fewer pictures than the batch, in as many rounds. */
void
sg_rounds_begin(SgLearn *l, const SgDraw *draw)
{
  int n = count_of(draw), batch = MAX(n, sg_share_of(l->share, l->o->batch));
  int size = sg_rounds_size(l->o, batch);

  l->all = l->share ? l->share->n : n;
  l->rounds = l->o->batch_gpu > 0 ? MIN((batch + size - 1) / size, n) : 1;
  l->round = 0;
}

/* What every round's lengths are compared with has to be known before. Together. */
static gboolean
sum_lengths(SgLearn *l, const SgDraw *draw, GError **error)
{
  double others = 0;
  gboolean ok = TRUE;

  g_array_set_size(l->lengths, 0);
  for (int k = 0; k < l->rounds && ok; k++) {
    SgDraw *part = sg_draw_part(l, draw, k, l->rounds, error);
    ok = part && sg_loss_lengths(l, part, l->lengths, error);
    sg_draw_free(part);
  }
  l->pl_sum = sg_scores_sum(l->lengths);
  if (l->share)
    sg_share_other_lengths(l, ok, &others);
  l->pl_sum += others;
  return ok;
}

static gboolean
one_round(SgLearn *l, SgPhase phase, const SgDraw *draw, SgPhaseResult *r, GError **error)
{
  SgDraw *part = sg_draw_part(l, draw, l->round, l->rounds, error);
  SgPhaseResult own = {NULL};
  gboolean ok = part && sg_learn_compute(l, phase, part, &own, error) &&
                sg_phase_result_add(r, &own, count_of(draw), l->round, l->rounds, error);

  sg_phase_result_clear(&own);
  sg_draw_free(part);
  return ok;
}

static gboolean
all_rounds(SgLearn *l, SgPhase phase, const SgDraw *draw, SgPhaseResult *r, GError **error)
{
  l->round = 0;
  if (l->rounds == 1)
    return sg_learn_compute(l, phase, draw, r, error);
  if (phase == SG_PHASE_GREG && !sum_lengths(l, draw, error))
    return FALSE;
  if (l->share && l->share->failed) /* another process; all learn of it at the end */
    return TRUE;
  for (; l->round < l->rounds; l->round++)
    if (!one_round(l, phase, draw, r, error))
      return FALSE;
  if (phase == SG_PHASE_DMAIN)
    sg_loss_variances(l, draw->real, r);
  return sg_tape_reset(l->tape, error);
}

gboolean
sg_rounds_compute(SgLearn *l, SgPhase phase, const SgDraw *draw, SgPhaseResult *r, GError **error)
{
  GError *why = NULL;

  if (all_rounds(l, phase, draw, r, &why))
    return TRUE;
  if (!sg_learn_replay_make_room(l, phase, why)) {
    g_propagate_error(error, why);
    return FALSE;
  }
  g_error_free(why);
  sg_phase_result_clear(r);
  return sg_buf_fill(sg_learn_optimizer(l, phase)->grad, 0, error) &&
         all_rounds(l, phase, draw, r, error);
}
