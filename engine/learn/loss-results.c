/* What a phase left, brought here. */
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

void
sg_scores_download(GArray *to, const SgBuf *scores)
{
  if (!scores)
    return;
  g_array_set_size(to, (guint)scores->n);
  scores->backend->download(scores, (float *)(gpointer)to->data);
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
  g_autofree float *v = g_new(float, sg_buf_count(pictures));

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
  double next = l->share ? r->pl_next : mean_of(r->pl_mean);

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
