#include "engine/learn/losses.h"
#include "engine/learn/learn-share.h"
#include "engine/autograd/ops.h"
#include <math.h>

#define V(x) ((x)->value)

/* ---- parts ----------------------------------------------------------------------------------- */

/* Mean of a batch's w [N, w_dim], for w_avg; a constant. Of several processes or rounds: this one's
 * part. */
static SgVar *
mean_w(const SgLearn *l, SgVar *w)
{
  SgTape *t = l->tape;
  if (!w)
    return NULL;
  gboolean recorded = sg_tape_record(t, FALSE);
  SgVar *mean = sg_op_gain(t, sg_op_sum_to(t, w, 1, V(w)->c, 1, 1), 1.0 / l->all);
  sg_tape_record(t, recorded);
  return mean;
}

/* w [N, w_dim] times factor k of `mix`. */
static SgVar *
some_w(SgTape *t, SgVar *w, SgBuf *mix, int k)
{
  if (!w)
    return NULL;
  g_autoptr(SgBuf) one = sg_buf_view(mix, (gsize)k, 1, 1, 1, 1);
  SgVar *factor = sg_op_expand(t, sg_var_constant(t, one), SG_FMT_PLAIN, V(w)->n, V(w)->c, 1, 1);
  return sg_op_mul(t, w, factor);
}

/* A picture of the draw's latents. ws [num_ws] are the generator's inputs, each a variable of its
 * own; mean is that of the first latents' w. */
static SgVar *
generate(SgLearn *l, const SgDraw *draw, SgVar **ws, SgVar **mean)
{
  SgTape *t = l->tape;
  const SgModelInfo *i = &l->shape.info;
  SgVar *noise[32], *c = sg_var_constant(t, draw->c);
  SgVar *w = sg_generator_map(t, l->g, sg_var_constant(t, draw->z), c), *w2 = NULL;

  *mean = mean_w(l, w);
  if (draw->z2 && (draw->mix || draw->cutoff < i->num_ws))
    w2 = sg_generator_map(t, l->g, sg_var_constant(t, draw->z2), c);
  for (int k = 0; k < i->num_ws; k++) {
    SgVar *from = w2 && k >= draw->cutoff ? w2 : w;
    if (draw->mix)
      ws[k] = sg_op_add(t, some_w(t, w, draw->mix, k), some_w(t, w2, draw->mix, i->num_ws + k));
    else
      ws[k] = from ? sg_op_reshape(t, from, V(from)->n, i->w_dim, 1, 1) : NULL;
  }
  int layers = sg_generator_noise_layers(l->g);
  for (int k = 0; k < layers; k++)
    noise[k] = draw->noise ? sg_var_constant(t, draw->noise[k]) : NULL;
  SgSynthesisInputs in = {.w = ws, .n_w = i->num_ws, .noise = noise};
  return sg_generator_synthesize(t, l->g, &in);
}

static SgVar *
discriminate(SgLearn *l, SgVar *img, const SgAugDraw *a, SgBuf *c)
{
  SgTape *t = l->tape;
  if (a) {
    SgAugmentArgs args = sg_aug_draw_args(a);
    img = sg_op_augment(t, img, &args);
  }
  return sg_discriminator_logits(t, l->d, img, sg_var_constant(t, c));
}

/* v becomes part of what the phase leaves. */
static void
leave(SgBuf **slot, const SgVar *v)
{
  if (v)
    *slot = sg_buf_ref(V(v));
}

/* sg_batch_variance() where the pictures are: a constant [1, 1, 1, 1]. */
static SgVar *
variance_of(SgTape *t, SgBuf *pictures)
{
  int n = pictures->n, c = pictures->c, h = pictures->h, w = pictures->w;
  gboolean recorded = sg_tape_record(t, FALSE);

  sg_tape_enter(t);
  SgVar *v = sg_var_constant(t, pictures);
  SgVar *mean = sg_op_gain(t, sg_op_sum_to(t, v, 1, c, h, w), 1.0 / n);
  SgVar *off = sg_op_combine(t, 1, v, -1, sg_op_expand(t, mean, SG_FMT_PLAIN, n, c, h, w));
  SgVar *sum = sg_op_sum(t, sg_op_mul(t, off, off));
  SgVar *variance = sg_op_gain(t, sum, 1.0 / (double)sg_buf_count(pictures));
  sg_tape_record(t, recorded);
  return sg_tape_leave(t, variance);
}

/* Where pictures are far away only their variance comes here; processes together want them all. */
void
sg_loss_variances(SgLearn *l, SgBuf *real, SgPhaseResult *r)
{
  SgBuf *const pictures[] = {r->fake, real};

  for (guint i = 0; i < G_N_ELEMENTS(pictures); i++)
    if (pictures[i] && l->backend->device_info && !l->share)
      leave(&r->variance[i], variance_of(l->tape, pictures[i]));
}

/* Sweeps mean (loss [N, 1, 1, 1]) * gain (the mean over all processes' and rounds' pictures) and
 * adds the gradients of the optimiser's network. */
static void
descend(SgLearn *l, SgOptimizer *opt, SgVar *loss, double gain)
{
  SgTape *t = l->tape;
  g_autofree SgVar **grads = g_new0(SgVar *, opt->n);

  if (!loss)
    return;
  SgVar *seed = sg_op_fill_like(t, loss, gain / l->all);
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
sg_loss_gmain(SgLearn *l, const SgDraw *draw, SgPhaseResult *r)
{
  SgTape *t = l->tape;
  SgVar *ws[32], *mean, *fake = generate(l, draw, ws, &mean);
  SgVar *logits = discriminate(l, fake, draw->aug_fake, draw->c);
  SgVar *loss = sg_op_softplus(t, sg_op_gain(t, logits, -1));

  leave(&r->scores_fake, logits);
  leave(&r->loss[0], loss);
  leave(&r->w_mean, mean);
  descend(l, &l->opt_g, loss, 1);
}

void
sg_loss_dmain(SgLearn *l, const SgDraw *draw, SgPhaseResult *r)
{
  SgTape *t = l->tape;
  SgVar *ws[32], *mean;

  /* Two sweeps, one after the other, so that only one batch of activations is alive. */
  sg_tape_enter(t);
  gboolean recorded = sg_tape_record(t, FALSE);
  SgVar *fake = generate(l, draw, ws, &mean);
  sg_tape_record(t, recorded);
  leave(&r->fake, fake);
  leave(&r->w_mean, mean);
  SgVar *logits = discriminate(l, sg_var_detach(t, fake), draw->aug_fake, draw->c);
  SgVar *loss = sg_op_softplus(t, logits);
  leave(&r->scores_fake, logits);
  leave(&r->loss[0], loss);
  descend(l, &l->opt_d, loss, 1);
  sg_tape_leave(t, NULL);

  sg_tape_enter(t);
  logits = discriminate(l, sg_var_constant(t, draw->real), draw->aug_real, draw->real_c);
  loss = sg_op_softplus(t, sg_op_gain(t, logits, -1));
  leave(&r->scores_real, logits);
  leave(&r->loss[1], loss);
  descend(l, &l->opt_d, loss, 1);
  sg_tape_leave(t, NULL);
  if (l->rounds == 1)
    sg_loss_variances(l, draw->real, r);
}

void
sg_loss_r1(SgLearn *l, const SgDraw *draw, SgPhaseResult *r)
{
  SgTape *t = l->tape;
  SgVar *real = sg_var_leaf(t, draw->real), *grad = NULL;
  SgVar *logits = discriminate(l, real, draw->aug_real, draw->real_c);

  leave(&r->scores_real, logits);
  sg_tape_grad(t, logits, NULL, &real, 1, TRUE, &grad);
  SgVar *square = sg_op_mul(t, grad, grad);
  SgVar *penalty = square ? sg_op_sum_to(t, square, V(square)->n, 1, 1, 1) : NULL;
  SgVar *loss = sg_op_gain(t, penalty, l->o->r1_gamma / 2);
  leave(&r->penalty, penalty);
  leave(&r->loss[0], loss);
  descend(l, &l->opt_d, loss, l->o->r1_interval);
}

/* Lengths [N, 1, 1, 1]: root of the mean over layers of |∂ sum (img noise) / ∂w|². */
static SgVar *
path_lengths(SgLearn *l, SgVar *img, SgVar *const *ws, SgBuf *noise, gboolean learn)
{
  SgTape *t = l->tape;
  int n_ws = l->shape.info.num_ws;
  SgVar *grads[32], *sum = NULL;

  if (!img)
    return NULL;
  SgVar *y = sg_op_gain(t, sg_var_constant(t, noise), 1 / sqrt((double)V(img)->h * V(img)->w));
  sg_tape_grad(t, img, y, ws, n_ws, learn, grads);
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
  double decay = l->o->pl_decay;
  return decay * (others + sg_scores_sum(l->lengths)) / n + (1 - decay) * l->pl_mean;
}

static void
set_rest(SgLearn *l, double others)
{
  float rest = (float)((1 - l->o->pl_decay) * l->pl_mean + l->o->pl_decay * others);
  l->backend->upload(l->pl_rest, &rest);
}

void
sg_loss_prepare(SgLearn *l, SgPhase phase)
{
  if (phase == SG_PHASE_GREG)
    set_rest(l, 0);
}

gboolean
sg_loss_lengths(SgLearn *l, const SgDraw *draw, GArray *lengths, GError **error)
{
  SgTape *t = l->tape;
  SgVar *ws[32], *mean, *img = generate(l, draw, ws, &mean);
  SgVar *length = path_lengths(l, img, ws, draw->pl_noise, FALSE);
  g_autoptr(GArray) some = g_array_new(FALSE, FALSE, sizeof(float));

  sg_scores_download(some, length ? V(length) : NULL);
  g_array_append_vals(lengths, some->data, some->len);
  return sg_tape_reset(t, error) && sg_backend_check(l->backend, error);
}

/* The sum over the phase's other pictures, which other processes or rounds compute. FALSE: another
 * process failed. */
static gboolean
other_lengths(SgLearn *l, const SgPhaseResult *r, gboolean ok, double *others)
{
  sg_scores_download(l->lengths, r->lengths);
  if (l->rounds == 1)
    return sg_share_other_lengths(l, ok, others);
  *others = l->pl_sum - sg_scores_sum(l->lengths);
  return TRUE;
}

/* Of several processes or rounds each has its pictures' lengths and the sum of the others', which
 * the mean holds, too. What the others' penalties add to a length's gradient through the mean is
 * -2 decay / n times the sum of their offs: a linear term. */
void
sg_loss_path_length(SgLearn *l, const SgDraw *draw, SgPhaseResult *r)
{
  SgTape *t = l->tape;
  double decay = l->o->pl_decay, others = 0;
  SgVar *ws[32], *w_mean, *img = generate(l, draw, ws, &w_mean);
  SgVar *length = path_lengths(l, img, ws, draw->pl_noise, TRUE);
  gboolean in_parts = l->share || l->rounds > 1;

  leave(&r->lengths, length);
  leave(&r->w_mean, w_mean);
  if (in_parts) {
    if (!other_lengths(l, r, length && !sg_tape_failed(t), &others))
      return;
    set_rest(l, others / l->all);
  }
  if (!length)
    return;
  /* The mean that is subtracted moves with this batch and is not detached (C.1). */
  int here = V(length)->n, n = l->all;
  SgVar *avg = sg_op_gain(t, sg_op_sum(t, length), decay / n);
  SgVar *mean = sg_op_add(t, avg, sg_var_constant(t, l->pl_rest));
  SgVar *off = sg_op_combine(t, 1, length, -1, sg_op_expand(t, mean, SG_FMT_PLAIN, here, 1, 1, 1));
  SgVar *penalty = sg_op_mul(t, off, off);
  leave(&r->penalty, penalty);
  leave(&r->pl_mean, mean);
  if (in_parts) {
    r->pl_next = whole_mean(l, others, n);
    penalty =
        sg_op_combine(t, 1, penalty, -2 * decay / n * (others - (n - here) * r->pl_next), length);
  }
  descend(l, &l->opt_g, sg_op_gain(t, penalty, l->o->pl_weight), l->o->pl_interval);
}
