#include "engine/train/losses.h"
#include "engine/train/learn-share.h"
#include "engine/tensor/ops.h"
#include <math.h>

#define V(x) ((x)->value)

/* ---- parts ----------------------------------------------------------------------------------- */

/* Mean of a batch's w [N, w_dim], for w_avg; a constant. Of several processes: this one's part. */
static SgVar *
mean_w(const SgLearn *l, SgVar *w)
{
  SgTape *t = l->tape;
  if (!w)
    return NULL;
  gboolean recorded = sg_tape_record(t, FALSE);
  SgVar *mean =
      sg_op_gain(t, sg_op_sum_to(t, w, 1, V(w)->c, 1, 1), 1.0 / sg_share_all(l->share, V(w)->n));
  sg_tape_record(t, recorded);
  return mean;
}

/* w_avg <- mean + beta (w_avg - mean), once nothing can fail any more. */
static void
track_w(SgLearn *l, const SgVar *mean)
{
  SgBuf *avg = sg_weights_at(l->g, "mapping.w_avg")->view;
  if (sg_tape_failed(l->tape))
    return;
  if (l->share)
    sg_share_keep_w(l, V(mean));
  else
    l->backend->combine(avg, l->o->w_avg_beta, avg, 1 - l->o->w_avg_beta, V(mean));
}

/* A picture of the draw's latents. ws [num_ws] are the generator's inputs, each a variable of its
 * own; mean is that of the first latents' w. */
static SgVar *
generate(SgLearn *l, const SgDraw *draw, SgVar **ws, SgVar **mean)
{
  SgTape *t = l->tape;
  const SgModelInfo *i = &l->shape.info;
  SgVar *noise[32], *c = sg_var_constant(t, draw->c);
  SgVar *w = sg_learner_map(t, l->g, &l->shape, sg_var_constant(t, draw->z), c), *w2 = NULL;

  *mean = mean_w(l, w);
  if (draw->z2 && draw->cutoff < i->num_ws)
    w2 = sg_learner_map(t, l->g, &l->shape, sg_var_constant(t, draw->z2), c);
  for (int k = 0; k < i->num_ws; k++) {
    SgVar *from = w2 && k >= draw->cutoff ? w2 : w;
    ws[k] = from ? sg_op_reshape(t, from, V(from)->n, i->w_dim, 1, 1) : NULL;
  }
  for (int k = 0; k < sg_net_noise_layers(&l->shape); k++)
    noise[k] = draw->noise ? sg_var_constant(t, draw->noise[k]) : NULL;
  return sg_learner_synthesize(t, l->g, &l->shape, ws, noise);
}

static SgVar *
discriminate(SgLearn *l, SgVar *img, const SgAugDraw *a, SgBuf *c)
{
  SgTape *t = l->tape;
  if (a) {
    SgAugmentArgs args = sg_aug_draw_args(a);
    img = sg_op_augment(t, img, &args);
  }
  return sg_learner_discriminate(t, l->d, &l->shape, img, sg_var_constant(t, c));
}

static void
keep_scores(SgLearn *l, GArray *to, const SgVar *logits)
{
  if (!logits)
    return;
  g_array_set_size(to, (guint)V(logits)->n);
  l->backend->download(V(logits), (float *)(gpointer)to->data);
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

static void
keep_variance(SgLearn *l, int which, const SgBuf *pictures)
{
  double *to = which == 0 ? &l->variance_fake : &l->variance_real;
  gsize size = sg_buf_count(pictures) / (gsize)pictures->n;
  g_autofree float *v = g_new(float, sg_buf_count(pictures));

  pictures->backend->download(pictures, v);
  *to = sg_batch_variance(v, pictures->n, size);
  if (l->share)
    sg_share_keep_pictures(l->share, which, v, pictures->n, size);
}

static double
mean_of(const SgVar *v)
{
  return v ? sg_buf_mean(V(v)) : 0;
}

/* Sweeps mean (loss [N, 1, 1, 1]) * gain (the mean over all processes' pictures) and adds the
 * gradients of the optimiser's network. */
static void
descend(SgLearn *l, SgOptimizer *opt, SgVar *loss, double gain)
{
  SgTape *t = l->tape;
  g_autofree SgVar **grads = g_new0(SgVar *, opt->n);

  if (!loss)
    return;
  SgVar *seed = sg_op_fill_like(t, loss, gain / sg_share_all(l->share, V(loss)->n));
  sg_tape_grad(t, loss, seed, opt->wrt, opt->n, FALSE, grads);
  for (int i = 0; i < opt->n && !sg_tape_failed(t); i++) {
    const SgWeight *w = &g_array_index(opt->net->list, SgWeight, (guint)i);
    const SgBuf *v = w->view;
    if (!grads[i])
      continue;
    g_autoptr(SgBuf) sum = sg_buf_view(opt->grad, w->first, v->n, v->c, v->h, v->w);
    l->backend->combine(sum, 1, sum, 1, V(grads[i]));
  }
}

/* ---- the losses ------------------------------------------------------------------------------ */

void
sg_loss_gmain(SgLearn *l, const SgDraw *draw)
{
  SgTape *t = l->tape;
  SgVar *ws[32], *mean, *fake = generate(l, draw, ws, &mean);
  SgVar *logits = discriminate(l, fake, draw->aug_fake, draw->c);
  SgVar *loss = sg_op_softplus(t, sg_op_gain(t, logits, -1));

  keep_scores(l, l->scores_fake, logits);
  l->loss = mean_of(loss);
  descend(l, &l->opt_g, loss, 1);
  track_w(l, mean);
}

void
sg_loss_dmain(SgLearn *l, const SgDraw *draw)
{
  SgTape *t = l->tape;
  SgVar *ws[32], *mean;

  /* Two sweeps, one after the other, so that only one batch of activations is alive. */
  sg_tape_enter(t);
  gboolean recorded = sg_tape_record(t, FALSE);
  SgVar *fake = generate(l, draw, ws, &mean);
  sg_tape_record(t, recorded);
  if (fake)
    keep_variance(l, 0, V(fake));
  SgVar *logits = discriminate(l, sg_var_detach(t, fake), draw->aug_fake, draw->c);
  SgVar *loss = sg_op_softplus(t, logits);
  keep_scores(l, l->scores_fake, logits);
  l->loss = mean_of(loss);
  descend(l, &l->opt_d, loss, 1);
  mean = sg_tape_leave(t, mean);

  sg_tape_enter(t);
  logits = discriminate(l, sg_var_constant(t, draw->real), draw->aug_real, draw->real_c);
  loss = sg_op_softplus(t, sg_op_gain(t, logits, -1));
  keep_scores(l, l->scores_real, logits);
  l->loss += mean_of(loss);
  descend(l, &l->opt_d, loss, 1);
  sg_tape_leave(t, NULL);
  keep_variance(l, 1, draw->real);
  track_w(l, mean);
}

void
sg_loss_r1(SgLearn *l, const SgDraw *draw)
{
  SgTape *t = l->tape;
  SgVar *real = sg_var_leaf(t, draw->real), *grad = NULL;
  SgVar *logits = discriminate(l, real, draw->aug_real, draw->real_c);

  keep_scores(l, l->scores_real, logits);
  sg_tape_grad(t, logits, NULL, &real, 1, TRUE, &grad);
  SgVar *square = sg_op_mul(t, grad, grad);
  SgVar *penalty = square ? sg_op_sum_to(t, square, V(square)->n, 1, 1, 1) : NULL;
  SgVar *loss = sg_op_gain(t, penalty, l->o->r1_gamma / 2);
  l->penalty = mean_of(penalty);
  l->loss = mean_of(loss);
  descend(l, &l->opt_d, loss, l->o->r1_interval);
}

/* Lengths [N, 1, 1, 1]: root of the mean over layers of |∂ sum (img noise) / ∂w|². */
static SgVar *
path_lengths(SgLearn *l, SgVar *img, SgVar *const *ws, SgBuf *noise)
{
  SgTape *t = l->tape;
  int n_ws = l->shape.info.num_ws;
  SgVar *grads[32], *sum = NULL;

  if (!img)
    return NULL;
  SgVar *y = sg_op_gain(t, sg_var_constant(t, noise), 1 / sqrt((double)V(img)->h * V(img)->w));
  sg_tape_grad(t, img, y, ws, n_ws, TRUE, grads);
  for (int k = 0; k < n_ws; k++) {
    if (!grads[k])
      continue;
    SgVar *square = sg_op_sum_to(t, sg_op_mul(t, grads[k], grads[k]), V(img)->n, 1, 1, 1);
    sum = sum ? sg_op_add(t, sum, square) : square;
  }
  SgVar *mean = sg_op_gain(t, sum, 1.0 / n_ws);
  return sg_op_mul(t, mean, sg_op_rsqrt(t, mean, 1e-30)); /* sqrt */
}

/* The mean of all processes' lengths that pl_mean becomes, the same bits in each. */
static double
whole_mean(const SgLearn *l, double others, int n)
{
  double sum = others, decay = l->o->pl_decay;
  for (guint i = 0; i < l->lengths->len; i++)
    sum += (double)g_array_index(l->lengths, float, i);
  return decay * sum / n + (1 - decay) * l->pl_mean;
}

/* Of several processes each has its pictures' lengths and the sum of the others', which the mean
 * holds, too. What the others' penalties add to a length's gradient through the mean is
 * -2 decay / n times the sum of their offs: a linear term. */
void
sg_loss_path_length(SgLearn *l, const SgDraw *draw)
{
  SgTape *t = l->tape;
  double decay = l->o->pl_decay;
  double others = 0;
  SgVar *ws[32], *w_mean, *img = generate(l, draw, ws, &w_mean);
  SgVar *length = path_lengths(l, img, ws, draw->pl_noise);

  keep_scores(l, l->lengths, length);
  if (l->share && !sg_share_other_lengths(l, length && !sg_tape_failed(t), &others))
    return;
  if (!length)
    return;
  /* The mean that is subtracted moves with this batch and is not detached (C.1). */
  int here = V(length)->n, n = sg_share_all(l->share, here);
  double rest = (1 - decay) * l->pl_mean + decay * others / n;
  SgVar *avg = sg_op_gain(t, sg_op_sum(t, length), decay / n);
  SgVar *mean = sg_op_add(t, avg, sg_op_fill_like(t, avg, rest));
  SgVar *off = sg_op_combine(t, 1, length, -1, sg_op_expand(t, mean, SG_FMT_PLAIN, here, 1, 1, 1));
  SgVar *penalty = sg_op_mul(t, off, off);
  l->penalty = mean_of(penalty);
  l->loss = l->penalty * l->o->pl_weight;
  double next = mean_of(mean);
  if (l->share) {
    next = whole_mean(l, others, n);
    penalty = sg_op_combine(t, 1, penalty, -2 * decay / n * (others - (n - here) * next), length);
  }
  descend(l, &l->opt_g, sg_op_gain(t, penalty, l->o->pl_weight), l->o->pl_interval);
  if (!sg_tape_failed(t))
    l->pl_mean = next;
  track_w(l, w_mean);
}
