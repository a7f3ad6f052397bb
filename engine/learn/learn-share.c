#include "engine/learn/learn-share.h"
#include "engine/learn/losses.h"
#include "engine/base/room.h"
#include <math.h>
#include <string.h>

/* The exchange: what the phase has found here, then w_mean, then scores and lengths, each at the
 * place of its picture in the whole batch. */
enum { SUM_FAILED, SUM_STOP, SUM_LOSS, SUM_PENALTY, SUM_HEAD };

/* What goes through host memory does so in pieces of so many numbers: the room for one is taken
 * once, before the first phase, so that no exchange can run out of memory while others wait. */
#define PIECE (1 << 17)

/* ---- life ------------------------------------------------------------------------------------ */

int
sg_share_of(const SgShare *s, int n)
{
  return s ? (n - s->rank + s->size - 1) / s->size : n;
}

int
sg_share_phase_size(const SgTrainOptions *o, SgPhase phase)
{
  return phase == SG_PHASE_GREG ? MAX(1, o->batch / MAX(1, o->pl_batch_shrink)) : o->batch;
}

/* The device's own way to sum, if all have it. */
static void
join_device(SgLearn *l, SgShare *s)
{
  SgBackend *b = l->backend;
  char id[SG_REDUCE_ID] = "";
  g_autoptr(GError) why = NULL, all = NULL;

  if (!b->reduce) {
    s->how = g_strdup(sg_group_library(s->group));
    return;
  }
  /* Every process asks, so that all know whether all have the library. */
  b->reduce_id(b, id, &why);
  s->on_device = sg_group_all_can(s->group, g_steal_pointer(&why), &all);
  if (s->on_device) {
    sg_group_broadcast(s->group, 0, id, sizeof id);
    b->reduce_join(b, id, s->rank, s->size, &why);
    s->on_device = sg_group_all_can(s->group, g_steal_pointer(&why), &all);
  }
  s->how = s->on_device ? g_strdup("NCCL")
                        : g_strdup_printf("%s through host memory (%s)", sg_group_library(s->group),
                                          all->message);
}

static gsize
picture_size(const SgLearn *l)
{
  gsize r = (gsize)l->shape.info.img_resolution;
  return (gsize)l->shape.info.img_channels * r * r;
}

gboolean
sg_share_join(SgLearn *l, SgGroup *group, GError **error)
{
  const SgModelInfo *i = &l->shape.info;
  GError *why = NULL;

  if (!group)
    return TRUE;
  SgShare *s = l->share = g_new0(SgShare, 1);
  *s = (SgShare){.group = group, .rank = sg_group_rank(group), .size = sg_group_size(group)};
  s->w_mean = sg_room0((gsize)i->w_dim, sizeof *s->w_mean);
  s->sums = sg_room0((gsize)(SUM_HEAD + i->w_dim + 3 * l->o->batch), sizeof *s->sums);
  s->piece = sg_room(PIECE, sizeof(double));
  for (int k = 0; k < 2; k++)
    s->pictures[k] = sg_room0(picture_size(l), sizeof *s->pictures[k]);
  sg_room_check(&why);
  if (!sg_group_agree(group, why, error))
    return FALSE;
  join_device(l, s);
  return TRUE;
}

void
sg_share_free(SgShare *s)
{
  if (!s)
    return;
  g_free(s->how);
  g_free(s->w_mean);
  g_free(s->sums);
  g_free(s->piece);
  g_free(s->pictures[0]);
  g_free(s->pictures[1]);
  g_free(s);
}

/* ---- a phase --------------------------------------------------------------------------------- */

void
sg_share_begin(SgLearn *l, SgPhase phase)
{
  SgShare *s = l->share;

  if (!s)
    return;
  s->n = sg_share_phase_size(l->o, phase);
  s->here = sg_share_of(s, s->n);
  s->failed = s->has_w = FALSE;
}

gboolean
sg_share_other_lengths(SgLearn *l, gboolean ok, double *others)
{
  SgShare *s = l->share;
  double here = sg_scores_sum(l->lengths), sums[] = {!ok, here};

  sg_group_sum(s->group, sums, G_N_ELEMENTS(sums));
  s->failed = sums[0] > 0;
  *others = sums[1] - here;
  return !s->failed;
}

void
sg_share_keep_w(SgLearn *l, const SgBuf *mean)
{
  l->backend->download(mean, l->share->w_mean);
  l->share->has_w = TRUE;
}

static void
scatter(const SgShare *s, const GArray *from, double *to)
{
  for (guint i = 0; i < from->len; i++)
    to[(guint)s->rank + i * (guint)s->size] = (double)g_array_index(from, float, i);
}

static void
collect(const SgShare *s, GArray *to, const double *from)
{
  if (to->len == 0) /* not of this phase, in no process */
    return;
  g_array_set_size(to, (guint)s->n);
  for (int i = 0; i < s->n; i++)
    g_array_index(to, float, (guint)i) = (float)from[i];
}

static void
exchange(SgLearn *l, gboolean failed)
{
  SgShare *s = l->share;
  int w_dim = l->shape.info.w_dim, batch = l->o->batch;
  GArray *const lists[] = {l->scores_fake, l->scores_real, l->lengths};
  gsize n = (gsize)(SUM_HEAD + w_dim + (int)G_N_ELEMENTS(lists) * batch);
  double *scores = s->sums + SUM_HEAD + w_dim, part = (double)s->here / s->n;

  memset(s->sums, 0, n * sizeof *s->sums);
  s->sums[SUM_FAILED] = failed;
  s->sums[SUM_STOP] = s->stop;
  s->sums[SUM_LOSS] = l->loss * part;
  s->sums[SUM_PENALTY] = l->penalty * part;
  for (int i = 0; i < w_dim && s->has_w; i++)
    s->sums[SUM_HEAD + i] = (double)s->w_mean[i];
  for (guint i = 0; i < G_N_ELEMENTS(lists) && !failed; i++)
    scatter(s, lists[i], scores + (gsize)i * (gsize)batch);
  sg_group_sum(s->group, s->sums, n);
  s->failed = s->sums[SUM_FAILED] > 0;
  s->all_stop = s->all_stop || s->sums[SUM_STOP] > 0;
  if (s->failed)
    return;
  l->loss = s->sums[SUM_LOSS];
  l->penalty = s->sums[SUM_PENALTY];
  for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
    collect(s, lists[i], scores + (gsize)i * (gsize)batch);
}

static gboolean
move_w_avg(SgLearn *l, GError **error)
{
  SgShare *s = l->share;
  int w_dim = l->shape.info.w_dim;
  SgBuf *avg = sg_weights_average(l->g);

  if (!s->has_w)
    return TRUE;
  for (int i = 0; i < w_dim; i++)
    s->w_mean[i] = (float)s->sums[SUM_HEAD + i];
  g_autoptr(SgBuf) mean =
      sg_buf_from_floats(l->backend, s->w_mean, avg->n, avg->c, avg->h, avg->w, error);
  if (!mean)
    return FALSE;
  l->backend->combine(avg, l->o->w_avg_beta, avg, 1 - l->o->w_avg_beta, mean);
  return TRUE;
}

/* Numbers [at, at + n) of a PLAIN buffer on the host: where they are, or downloaded. */
static float *
on_host(SgLearn *l, SgBuf *b, gsize at, gsize n)
{
  if (sg_backend_is_cpu(l->backend)) /* its PLAIN buffers are arrays of floats */
    return (float *)b->data + at;
  g_autoptr(SgBuf) view = sg_buf_view(b, at, 1, 1, 1, (int)n);
  l->backend->download(view, l->share->piece);
  return l->share->piece;
}

/* …back to where they came from. */
static void
from_host(SgLearn *l, SgBuf *b, gsize at, gsize n, const float *v)
{
  if (sg_backend_is_cpu(l->backend))
    return;
  g_autoptr(SgBuf) view = sg_buf_view(b, at, 1, 1, 1, (int)n);
  l->backend->upload(view, v);
}

/* All gradients of the phase: as one message from a CPU. */
static gboolean
sum_gradients(SgLearn *l, SgBuf *grad, GError **error)
{
  SgShare *s = l->share;
  gsize n = sg_buf_count(grad);

  if (s->on_device)
    return l->backend->reduce(grad, error);
  for (gsize at = 0, m; at < n; at += m) {
    m = sg_backend_is_cpu(l->backend) ? n : MIN(n - at, PIECE);
    float *v = on_host(l, grad, at, m);
    sg_group_sum_floats(s->group, v, m);
    from_host(l, grad, at, m, v);
  }
  return sg_backend_check(l->backend, error);
}

gboolean
sg_share_gather(SgLearn *l, SgPhase phase, GError *own, GError **error)
{
  SgShare *s = l->share;

  if (!s->failed) /* else all have learnt of it in the middle of the phase */
    exchange(l, own != NULL);
  if (s->failed)
    return sg_group_agree(s->group, own, error);
  return move_w_avg(l, error) && sum_gradients(l, sg_learn_optimizer(l, phase)->grad, error);
}

gboolean
sg_share_give_up(SgLearn *l, SgPhase phase, GError *own, GError **error)
{
  SgShare *s = l->share;
  double unused;

  if (!s) {
    g_propagate_error(error, own);
    return FALSE;
  }
  sg_share_begin(l, phase);
  if (phase == SG_PHASE_GREG)
    sg_share_other_lengths(l, FALSE, &unused);
  else
    exchange(l, TRUE);
  return sg_group_agree(s->group, own, error);
}

/* ---- the variance of pictures ---------------------------------------------------------------- */

void
sg_share_keep_pictures(SgShare *s, int which, const float *v, int n, gsize size)
{
  double *mean = s->pictures[which];

  memset(mean, 0, size * sizeof *mean);
  for (int k = 0; k < n; k++)
    for (gsize p = 0; p < size; p++)
      mean[p] += (double)v[(gsize)k * size + p] / n;
}

/* The variance of all pictures is the mean variance within a process's plus the variance of their
 * means. All processes have as many. */
static double
whole_variance(SgShare *s, double here, const double *mean, gsize size)
{
  double *all = s->piece, sum = 0;

  for (gsize at = 0, n; at < size; at += n) {
    n = MIN(size - at, PIECE);
    memcpy(all, mean + at, n * sizeof *mean);
    sg_group_sum(s->group, all, n);
    for (gsize p = 0; p < n; p++) {
      double off = mean[at + p] - all[p] / s->size;
      sum += off * off;
    }
  }
  double total = (here + sum / (double)size) / s->size;
  sg_group_sum(s->group, &total, 1);
  return total;
}

void
sg_share_variances(SgLearn *l)
{
  SgShare *s = l->share;
  gsize size = picture_size(l);

  l->variance_fake = whole_variance(s, l->variance_fake, s->pictures[0], size);
  l->variance_real = whole_variance(s, l->variance_real, s->pictures[1], size);
}

/* ---- the state ------------------------------------------------------------------------------- */

/* All but the weights, as a snapshot has it. */
static void
pack(SgLearn *l, gboolean back, double *v)
{
  double phases_done = l->phases_done;
  double *const reals[] = {&l->pl_mean, &l->ada_p, &l->ada_sum, &l->ema_rampup, &phases_done};
  guint64 *const counts[] = {&l->iteration, &l->nimg, &l->opt_g.adam.step, &l->opt_d.adam.step,
                             &l->ada_count};

  for (guint i = 0; i < G_N_ELEMENTS(reals); i++, v++)
    *(back ? reals[i] : v) = back ? *v : *reals[i];
  for (guint i = 0; i < G_N_ELEMENTS(counts); i++, v++) /* below 2^53 */
    if (back)
      *counts[i] = (guint64)*v;
    else
      *v = (double)*counts[i];
  l->phases_done = (int)phases_done;
}
#define PACKED 10

#define BUFFERS 7
static void
buffers_of(SgLearn *l, SgBuf *all[BUFFERS])
{
  SgBuf *const found[BUFFERS] = {l->g->flat, l->d->flat, l->ema->flat, l->opt_g.m,
                                 l->opt_g.v, l->opt_d.m, l->opt_d.v};
  memcpy(all, found, sizeof found);
}

void
sg_share_state(SgLearn *l)
{
  SgBuf *all[BUFFERS];
  double numbers[PACKED];

  if (!l->share)
    return;
  buffers_of(l, all);
  for (int i = 0; i < BUFFERS; i++) {
    gsize n = sg_buf_count(all[i]);
    for (gsize at = 0, m; at < n; at += m) {
      m = MIN(n - at, PIECE);
      float *v = on_host(l, all[i], at, m);
      sg_group_broadcast(l->share->group, 0, v, m * sizeof *v);
      if (l->share->rank > 0)
        from_host(l, all[i], at, m, v);
    }
  }
  pack(l, FALSE, numbers);
  sg_group_broadcast(l->share->group, 0, numbers, sizeof numbers);
  pack(l, TRUE, numbers);
}

/* FNV-1a over the bits, cut to what a double holds. */
static double
fingerprint(SgLearn *l)
{
  SgBuf *all[BUFFERS];
  double numbers[PACKED];
  guint64 hash = G_GUINT64_CONSTANT(0xcbf29ce484222325);

  buffers_of(l, all);
  for (int i = 0; i < BUFFERS; i++) {
    gsize n = sg_buf_count(all[i]);
    for (gsize at = 0, m; at < n; at += m) {
      m = MIN(n - at, PIECE);
      const guint32 *v = (const guint32 *)(gconstpointer)on_host(l, all[i], at, m);
      for (gsize k = 0; k < m; k++)
        hash = (hash ^ v[k]) * G_GUINT64_CONSTANT(0x100000001b3);
    }
  }
  pack(l, FALSE, numbers);
  for (gsize k = 0; k < sizeof numbers; k++)
    hash = (hash ^ ((const guint8 *)numbers)[k]) * G_GUINT64_CONSTANT(0x100000001b3);
  return (double)(hash >> 12);
}

gboolean
sg_share_compare(SgLearn *l, GError **error)
{
  const SgShare *s = l->share;

  if (!s)
    return TRUE;
  g_autofree double *all = g_new0(double, s->size);
  all[s->rank] = fingerprint(l);
  sg_group_sum(s->group, all, (gsize)s->size);
  for (int i = 1; i < s->size; i++)
    if (all[i] != all[0]) {
      g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                  "the weights of rank %d are not those of rank 0 any more", i);
      return FALSE;
    }
  return TRUE;
}
