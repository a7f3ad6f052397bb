/* What a phase left, brought here. */
#include "engine/base/room.h"
#include "engine/learn/learn-share.h"
#include "engine/learn/losses.h"

/* Each slot of a result once. */
#define SLOTS(r)                                                                                   \
  {                                                                                                \
    &(r)->scores_fake, &(r)->scores_real, &(r)->lengths, &(r)->loss[0], &(r)->loss[1],             \
        &(r)->penalty, &(r)->pl_mean, &(r)->w_mean, &(r)->fake, &(r)->variance[0],                 \
        &(r)->variance[1]                                                                          \
  }

SgPhaseResult
sg_phase_result_ref(const SgPhaseResult *r)
{
  SgPhaseResult copy = *r;
  SgBuf **slots[] = SLOTS(&copy);

  for (guint i = 0; i < G_N_ELEMENTS(slots); i++)
    if (*slots[i])
      sg_buf_ref(*slots[i]);
  return copy;
}

void
sg_phase_result_clear(SgPhaseResult *r)
{
  SgBuf **slots[] = SLOTS(r);

  for (guint i = 0; i < G_N_ELEMENTS(slots); i++)
    g_clear_pointer(slots[i], sg_buf_unref);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Numbers of each picture [N, …]: a round's go to their places among those of all. */
static gboolean
place(SgBuf **whole, SgBuf *part, int n, int first, int step, GError **error)
{
  gsize size = sg_buf_count(part) / (gsize)part->n;
  SgBackend *b = part->backend;

  if (!*whole)
    *whole = sg_buf_new(b, SG_FMT_PLAIN, n, part->c, part->h, part->w, error);
  if (!*whole)
    return FALSE;
  for (int i = 0; i < part->n; i++) {
    gsize at = (gsize)(first + i * step);
    g_autoptr(SgBuf) to = sg_buf_view(*whole, at * size, 1, part->c, part->h, part->w);
    g_autoptr(SgBuf) from = sg_buf_view(part, (gsize)i * size, 1, part->c, part->h, part->w);
    b->copy(to, from);
  }
  return TRUE;
}

/* A mean over all: a round's is its part of it. */
static gboolean
sum_up(SgBuf **whole, const SgBuf *part, GError **error)
{
  SgBackend *b = part->backend;

  if (!*whole) {
    *whole = sg_buf_new(b, SG_FMT_PLAIN, part->n, part->c, part->h, part->w, error);
    if (!*whole || !sg_buf_fill(*whole, 0, error))
      return FALSE;
  }
  b->combine(*whole, 1, *whole, 1, part);
  return TRUE;
}

gboolean
sg_phase_result_add(SgPhaseResult *whole, const SgPhaseResult *part, int n, int first, int step,
                    GError **error)
{
  SgBuf **to[] = {&whole->scores_fake, &whole->scores_real, &whole->lengths, &whole->loss[0],
                  &whole->loss[1],     &whole->penalty,     &whole->fake};
  SgBuf *const from[] = {part->scores_fake, part->scores_real, part->lengths, part->loss[0],
                         part->loss[1],     part->penalty,     part->fake};

  for (guint i = 0; i < G_N_ELEMENTS(to); i++)
    if (from[i] && !place(to[i], from[i], n, first, step, error))
      return FALSE;
  if (part->pl_mean && !whole->pl_mean)
    whole->pl_mean = sg_buf_ref(part->pl_mean);
  whole->pl_next = part->pl_next;
  return !part->w_mean || sum_up(&whole->w_mean, part->w_mean, error);
}

/* ---- numbers --------------------------------------------------------------------------------- */

void
sg_scores_download(GArray *to, const SgBuf *scores)
{
  if (!scores)
    return;
  g_array_set_size(to, (guint)scores->n);
  scores->backend->download(scores, (float *)(gpointer)to->data);
}

double
sg_scores_sum(const GArray *scores)
{
  double sum = 0;
  for (guint i = 0; i < scores->len; i++)
    sum += (double)g_array_index(scores, float, i);
  return sum;
}

/* Some pixels at a time: those of two pictures are often a power of two apart, and would evict each
 * other from the cache. */
#define PIXELS 256

/* Sum over `m` pixels of their variance over the n pictures, which are `size` numbers each. */
static double
some_variance(const float *v, int n, gsize size, gsize m)
{
  double mean[PIXELS] = {0}, squares[PIXELS] = {0}, sum = 0;

  for (int k = 0; k < n; k++)
    for (gsize p = 0; p < m; p++)
      mean[p] += (double)v[(gsize)k * size + p] / n;
  for (int k = 0; k < n; k++)
    for (gsize p = 0; p < m; p++) {
      double off = (double)v[(gsize)k * size + p] - mean[p];
      squares[p] += off * off;
    }
  for (gsize p = 0; p < m; p++)
    sum += squares[p] / n;
  return sum;
}

double
sg_batch_variance(const float *v, int n, gsize size)
{
  double sum = 0;

  for (gsize p = 0; p < size; p += PIXELS)
    sum += some_variance(v + p, n, size, MIN(PIXELS, size - p));
  return sum / (double)size;
}

/* Computes here the variance of pictures whose back end cannot do it where they are. */
static double
download_variance(SgLearn *l, int which, const SgBuf *pictures)
{
  gsize size = sg_buf_count(pictures) / (gsize)pictures->n;
  g_autofree float *v = sg_room(sg_buf_count(pictures), sizeof *v);

  if (!v)
    return 0;
  pictures->backend->download(pictures, v);
  if (l->share)
    sg_share_keep_pictures(l->share, which, v, pictures->n, size);
  return sg_batch_variance(v, pictures->n, size);
}

static double
mean_of(const SgBuf *b)
{
  return b ? sg_buf_mean(b) : 0;
}

static void
read_losses(SgLearn *l, SgPhase phase, const SgPhaseResult *r)
{
  sg_scores_download(l->scores_fake, r->scores_fake);
  sg_scores_download(l->scores_real, r->scores_real);
  sg_scores_download(l->lengths, r->lengths);
  if (r->penalty)
    l->penalty = mean_of(r->penalty);
  if (phase == SG_PHASE_GREG)
    l->loss = l->penalty * l->o->pl_weight;
  else
    l->loss = mean_of(r->loss[0]) + mean_of(r->loss[1]);
}

static void
read_variances(SgLearn *l, const SgDraw *draw, const SgPhaseResult *r)
{
  l->variance_fake = r->variance[0] ? mean_of(r->variance[0]) : download_variance(l, 0, r->fake);
  l->variance_real = r->variance[1] ? mean_of(r->variance[1]) : download_variance(l, 1, draw->real);
}

/* w_avg <- mean + beta (w_avg - mean) */
static void
track_w(SgLearn *l, const SgBuf *mean)
{
  SgBuf *avg = sg_weights_average(l->g);
  if (l->share)
    sg_share_keep_w(l, mean);
  else
    l->backend->combine(avg, l->o->w_avg_beta, avg, 1 - l->o->w_avg_beta, mean);
}

gboolean
sg_loss_read(SgLearn *l, SgPhase phase, const SgDraw *draw, const SgPhaseResult *r, GError **error)
{
  double next = l->share || l->rounds > 1 ? r->pl_next : mean_of(r->pl_mean);

  read_losses(l, phase, r);
  if (phase == SG_PHASE_DMAIN)
    read_variances(l, draw, r);
  if (!sg_backend_check(l->backend, error))
    return FALSE;
  if (r->pl_mean) /* not where another process failed in the midst */
    l->pl_mean = next;
  if (r->w_mean)
    track_w(l, r->w_mean);
  return TRUE;
}
