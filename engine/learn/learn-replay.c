#include "engine/learn/learn-replay.h"

#define INPUTS 48 /* a draw's buffers: at most 31 planes of noise and ten others */
#define MOST   8  /* recordings: each phase with augmentation and without */
#define DROPS  3  /* so often they make room before they are given up */

/* A phase's work for draws of one kind. It reads buffers of its own, into which draws are
 * copied. */
typedef struct {
  guint64 kind;
  SgBackend *backend;
  SgReplay *replay;
  SgBuf *in[INPUTS];
  int n_in;
  SgPhaseResult result;
} Recording;

/* All share the memory of what they do not leave: a training's phases follow each other. */
struct _SgLearnReplay {
  GPtrArray *all;          /* of Recording; freed together (SgBackend.record_begin) */
  guint64 last[SG_PHASES]; /* the kind that was asked for last */
  int drops;               /* how often there was no room beside them */
  gboolean never;          /* it does not go, or there is no room for it */
};

static void
recording_free(gpointer data)
{
  Recording *rec = data;

  if (rec->replay)
    rec->backend->replay_free(rec->replay);
  for (int i = 0; i < rec->n_in; i++)
    sg_buf_unref(rec->in[i]);
  sg_phase_result_clear(&rec->result);
  g_free(rec);
}

SgLearnReplay *
sg_learn_replay_new(void)
{
  SgLearnReplay *p = g_new0(SgLearnReplay, 1);
  p->all = g_ptr_array_new_with_free_func(recording_free);
  return p;
}

void
sg_learn_replay_free(SgLearnReplay *p)
{
  if (!p)
    return;
  g_ptr_array_unref(p->all);
  g_free(p);
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static guint64
flag(guint64 kind, gboolean set)
{
  return 2 * kind + (set ? 1 : 0);
}

/* All that the work depends on beside what is in the buffers; 0: it cannot be recorded. */
static guint64
kind_of(const SgLearn *l, SgPhase phase, const SgDraw *d)
{
  const SgAugDraw *fake = d->aug_fake, *real = d->aug_real;
  guint64 kind = (guint64)(d->z ? d->z->n : d->real->n) * SG_PHASES + phase;
  gboolean fixed = !d->z2 || d->mix; /* the cutoff is not part of it */

  /* Path lengths that others are compared with are brought here in the midst. */
  gboolean in_parts = l->share || l->rounds > 1;
  if (!l->replay || l->replay->never || !fixed || (phase == SG_PHASE_GREG && in_parts))
    return 0;
  const SgBuf *const bufs[] = {d->z2, d->mix, d->c, d->noise ? d->noise[0] : NULL, d->real_c};
  for (guint i = 0; i < G_N_ELEMENTS(bufs); i++)
    kind = flag(kind, bufs[i] != NULL);
  kind = flag(flag(kind, fake != NULL), fake && fake->geometry);
  return flag(flag(kind, real != NULL), real && real->geometry);
}

/* What the phase reads of the draw, in an order of its own; returns how many. */
static int
inputs_of(const SgDraw *d, SgBuf *in[INPUTS])
{
  SgBuf *const some[] = {d->z,
                         d->z2,
                         d->mix,
                         d->c,
                         d->pl_noise,
                         d->real,
                         d->real_c,
                         d->aug_fake ? d->aug_fake->params : NULL,
                         d->aug_real ? d->aug_real->params : NULL};
  int n = 0;

  for (guint i = 0; i < G_N_ELEMENTS(some); i++)
    if (some[i])
      in[n++] = some[i];
  for (SgBuf **noise = d->noise; noise && *noise && n < INPUTS; noise++)
    in[n++] = *noise;
  return n;
}

/* ---- the work -------------------------------------------------------------------------------- */

static gboolean
compute(SgLearn *l, SgPhase phase, const SgDraw *draw, SgPhaseResult *r, GError **error)
{
  switch (phase) {
  case SG_PHASE_GMAIN:
    sg_loss_gmain(l, draw, r);
    break;
  case SG_PHASE_GREG:
    sg_loss_path_length(l, draw, r);
    break;
  case SG_PHASE_DMAIN:
    sg_loss_dmain(l, draw, r);
    break;
  default:
    sg_loss_r1(l, draw, r);
    break;
  }
  return sg_tape_reset(l->tape, error);
}

/* Their memory is the device's again. */
static void
drop_all(SgLearn *l, gboolean never)
{
  l->replay->never = never;
  g_ptr_array_set_size(l->replay->all, 0);
  l->backend->trim(l->backend);
}

static Recording *
record(SgLearn *l, SgPhase phase, guint64 kind, const SgDraw *draw)
{
  SgBackend *b = l->backend;
  GPtrArray *all = l->replay->all;

  if (all->len == MOST)
    g_ptr_array_set_size(all, 0);
  if (!b->record_begin(b, all->len ? ((Recording *)all->pdata[0])->replay : NULL)) {
    drop_all(l, TRUE);
    return NULL;
  }
  Recording *rec = g_new0(Recording, 1);
  rec->kind = kind;
  rec->backend = b;
  gboolean ok = compute(l, phase, draw, &rec->result, NULL);
  rec->replay = b->record_end(b);
  rec->n_in = inputs_of(draw, rec->in);
  for (int i = 0; i < rec->n_in; i++)
    sg_buf_ref(rec->in[i]);
  g_ptr_array_add(all, rec);
  if (ok && rec->replay)
    return rec;
  drop_all(l, TRUE);
  return NULL;
}

static Recording *
find(const SgLearn *l, guint64 kind)
{
  for (guint i = 0; kind && i < l->replay->all->len; i++) {
    Recording *rec = l->replay->all->pdata[i];
    if (rec->kind == kind)
      return rec;
  }
  return NULL;
}

static void
repeat(SgLearn *l, const Recording *rec, const SgDraw *draw, SgPhaseResult *r)
{
  SgBuf *in[INPUTS];
  int n = inputs_of(draw, in);

  g_assert(n == rec->n_in);
  for (int i = 0; i < n; i++)
    if (in[i] != rec->in[i])
      l->backend->copy(rec->in[i], in[i]);
  l->backend->replay_run(rec->replay);
  *r = sg_phase_result_ref(&rec->result);
}

gboolean
sg_learn_replay_make_room(SgLearn *l, SgPhase phase, const GError *why)
{
  if (!l->replay || l->replay->all->len == 0 || l->share ||
      !g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOMEM))
    return FALSE;
  drop_all(l, ++l->replay->drops == DROPS);
  l->replay->last[phase] = 0;
  return TRUE;
}

gboolean
sg_learn_compute(SgLearn *l, SgPhase phase, const SgDraw *draw, SgPhaseResult *r, GError **error)
{
  guint64 kind = kind_of(l, phase, draw);
  Recording *rec = find(l, kind);

  if (!rec && kind && kind == l->replay->last[phase])
    rec = record(l, phase, kind, draw);
  if (l->replay && l->round == l->rounds - 1) /* the rounds of one phase count once */
    l->replay->last[phase] = kind;
  if (!rec)
    return compute(l, phase, draw, r, error) &&
           (!l->replay || l->replay->all->len == 0 || sg_backend_check(l->backend, error));
  repeat(l, rec, draw, r);
  return TRUE;
}
