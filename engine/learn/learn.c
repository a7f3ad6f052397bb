/* The life of a training's state: networks, optimisers, EMA, ADA's p. The losses are in
 * losses.c. */
#include "engine/learn/learn-replay.h"
#include "engine/learn/learn-share.h"
#include "engine/learn/losses.h"
#include "engine/learn/rounds.h"
#include "engine/models/family.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const sg_phase_names[SG_PHASES] = {"Gmain", "Greg", "Dmain", "Dreg"};

/* ---- shape ----------------------------------------------------------------------------------- */

static SgArch
arch_of(const char *name)
{
  return g_str_equal(name, "orig")     ? SG_ARCH_ORIG
         : g_str_equal(name, "resnet") ? SG_ARCH_RESNET
                                       : SG_ARCH_SKIP;
}

void
sg_learn_shape(const SgTrainOptions *o, SgBlueprint *s)
{
  SgModelInfo *i = &s->info;

  memset(s, 0, sizeof *s);
  i->family = &sg_family_stylegan2;
  i->z_dim = o->z_dim;
  i->w_dim = o->w_dim;
  i->c_dim = o->cond ? o->label_dim : 0;
  i->img_resolution = o->resolution;
  i->img_channels = o->channels;
  i->num_ws = 2 * g_bit_nth_msf((gulong)o->resolution, -1) - 2;
  i->mapping_layers = o->mapping_layers;
  i->mapping_lr_mul = o->mapping_lr_mul;
  i->g_arch = arch_of(o->g_arch);
  i->d_arch = arch_of(o->d_arch);
  i->g_conv_clamp = i->d_conv_clamp = o->conv_clamp;
  i->has_d = TRUE;
  i->d_mapping_layers = i->c_dim ? o->d_mapping_layers : 0;
  i->d_mapping_lr_mul = 0.01;
  i->mbstd_group_size = o->mbstd_group;
  i->mbstd_num_channels = o->mbstd_channels;
  for (int k = 2; 1 << k <= o->resolution; k++)
    s->width[k] = MIN(o->channel_base >> k, o->channel_max);
}

/* ---- optimiser ------------------------------------------------------------------------------- */

/* Adam's numbers corrected for a lazy regularisation's interval (StyleGAN2, appendix B). */
static SgAdam
lazy_adam(const SgTrainOptions *o, double lr, int interval)
{
  double ratio = interval > 0 ? (double)interval / (interval + 1) : 1;
  return (SgAdam){.lr = lr * ratio,
                  .beta1 = pow(o->beta1, ratio),
                  .beta2 = pow(o->beta2, ratio),
                  .eps = o->eps};
}

void
sg_learn_set_rates(SgLearn *l)
{
  l->opt_g.adam.lr = lazy_adam(l->o, l->o->lr_g, l->o->pl_interval).lr;
  l->opt_d.adam.lr = lazy_adam(l->o, l->o->lr_d, l->o->r1_interval).lr;
}

static gboolean
optimizer_init(SgOptimizer *opt, SgWeights *net, SgAdam adam, GError **error)
{
  opt->net = net;
  opt->adam = adam;
  for (guint i = 0; i < net->list->len; i++)
    opt->n += !g_array_index(net->list, SgWeight, i).buffer;
  opt->wrt = g_new(SgVar *, opt->n);
  for (int i = 0; i < opt->n; i++)
    opt->wrt[i] = g_array_index(net->list, SgWeight, (guint)i).var;
  SgBuf **bufs[] = {&opt->m, &opt->v, &opt->grad};
  for (guint i = 0; i < G_N_ELEMENTS(bufs); i++) {
    *bufs[i] = sg_buf_new(net->backend, SG_FMT_PLAIN, 1, 1, 1, (int)net->learnt, error);
    if (!*bufs[i] || !sg_buf_fill(*bufs[i], 0, error))
      return FALSE;
  }
  return TRUE;
}

static void
optimizer_clear(SgOptimizer *opt)
{
  g_free(opt->wrt);
  sg_buf_unref(opt->m);
  sg_buf_unref(opt->v);
  sg_buf_unref(opt->grad);
}

/* ---- life ------------------------------------------------------------------------------------ */

SgLearn *
sg_learn_new(SgBackend *b, const SgTrainOptions *o, GError **error)
{
  return sg_learn_new_with_widths(b, o, NULL, error);
}

SgLearn *
sg_learn_new_with_widths(SgBackend *b, const SgTrainOptions *o, const char *const *widths,
                         GError **error)
{
  g_autoptr(SgLearn) l = g_new0(SgLearn, 1);
  int greg = o->pl_interval, dreg = o->r1_interval;

  if (sg_backend_is_cpu(b))
    sg_backend_cpu_keep_memory();
  if (b->prepare_training)
    b->prepare_training(b);
  l->backend = b;
  l->o = o;
  l->tape = sg_tape_new(b);
  l->replay = b->record_begin ? sg_learn_replay_new() : NULL;
  l->scores_fake = g_array_new(FALSE, FALSE, sizeof(float));
  l->scores_real = g_array_new(FALSE, FALSE, sizeof(float));
  l->lengths = g_array_new(FALSE, FALSE, sizeof(float));
  l->ada_p = o->ada_p;
  l->ema_rampup = o->ema_rampup;
  sg_learn_shape(o, &l->shape);
  for (; widths && *widths; widths++) {
    const char *colon = strchr(*widths, ':');
    int r = atoi(*widths);
    g_assert(colon && r >= 4 && r <= o->resolution);
    l->shape.width[g_bit_nth_msf((gulong)r, -1)] = atoi(colon + 1);
  }
  g_autoptr(SgNetwork) g = l->shape.info.family->describe_generator(&l->shape);
  g_autoptr(SgNetwork) d = l->shape.info.family->describe_discriminator(&l->shape);
  l->g = sg_weights_new(b, g, TRUE, error);
  l->ema = l->g ? sg_weights_new(b, g, TRUE, error) : NULL;
  l->d = l->ema ? sg_weights_new(b, d, TRUE, error) : NULL;
  l->pl_rest = l->d ? sg_buf_new(b, SG_FMT_PLAIN, 1, 1, 1, 1, error) : NULL;
  if (!l->pl_rest || !sg_tape_keep_identity(l->tape, o->channels, error) ||
      !optimizer_init(&l->opt_g, l->g, lazy_adam(o, o->lr_g, greg), error) ||
      !optimizer_init(&l->opt_d, l->d, lazy_adam(o, o->lr_d, dreg), error))
    return NULL;
  return g_steal_pointer(&l);
}

void
sg_learn_free(SgLearn *l)
{
  if (!l)
    return;
  sg_learn_replay_free(l->replay);
  sg_buf_unref(l->pl_rest);
  sg_tape_free(l->tape);
  sg_share_free(l->share);
  optimizer_clear(&l->opt_g);
  optimizer_clear(&l->opt_d);
  sg_weights_free(l->g);
  sg_weights_free(l->ema);
  sg_weights_free(l->d);
  g_array_unref(l->scores_fake);
  g_array_unref(l->scores_real);
  g_array_unref(l->lengths);
  g_free(l);
}

void
sg_learn_init(SgLearn *l)
{
  SgPhilox rng = {.seed = l->o->seed, .stream = SG_STREAM_INIT};
  sg_weights_init(l->g, &rng);
  sg_weights_init(l->d, &rng);
  l->backend->copy(l->ema->flat, l->g->flat);
}

/* ---- phases ---------------------------------------------------------------------------------- */

int
sg_learn_interval(const SgLearn *l, SgPhase phase)
{
  if (phase == SG_PHASE_GREG)
    return l->o->pl_weight > 0 ? l->o->pl_interval : 0;
  if (phase == SG_PHASE_DREG)
    return l->o->r1_gamma > 0 ? l->o->r1_interval : 0;
  return 1;
}

SgOptimizer *
sg_learn_optimizer(SgLearn *l, SgPhase phase)
{
  return phase == SG_PHASE_GMAIN || phase == SG_PHASE_GREG ? &l->opt_g : &l->opt_d;
}

gboolean
sg_learn_gradients(SgLearn *l, SgPhase phase, const SgDraw *draw, GError **error)
{
  SgOptimizer *opt = sg_learn_optimizer(l, phase);
  GError *why = NULL;
  SgPhaseResult r = {NULL};

  if (!sg_buf_fill(opt->grad, 0, &why))
    return sg_share_give_up(l, phase, why, error);
  sg_share_begin(l, phase);
  g_array_set_size(l->scores_fake, 0);
  g_array_set_size(l->scores_real, 0);
  g_array_set_size(l->lengths, 0);
  sg_rounds_begin(l, draw);
  sg_loss_prepare(l, phase);
  if (sg_rounds_compute(l, phase, draw, &r, &why))
    sg_loss_read(l, phase, draw, &r, &why);
  sg_phase_result_clear(&r);
  if (l->share)
    return sg_share_gather(l, phase, why, error);
  if (why)
    g_propagate_error(error, why);
  return why == NULL;
}

/* Parameters lie in the order of layers, those that see the picture first. */
static int
count_frozen(const SgLearn *l)
{
  const GArray *list = l->d->list;
  const char *layer = "";
  gsize length = 0;

  for (guint i = 0, seen = 0; i < list->len; i++) {
    const SgWeight *w = &g_array_index(list, SgWeight, i);
    gboolean same = strncmp(w->name, layer, length) == 0 && length > 0;
    if (w->buffer)
      return (int)l->d->learnt;
    if (!same && seen++ == (guint)l->o->freezed)
      return (int)w->first;
    layer = w->name;
    length = (gsize)(strrchr(w->name, '.') - w->name) + 1;
  }
  return (int)l->d->learnt;
}

/* Adam does not move what never had a gradient. */
static gboolean
freeze(SgLearn *l, SgOptimizer *opt, GError **error)
{
  int n = opt == &l->opt_d && l->o->freezed > 0 ? count_frozen(l) : 0;

  if (n == 0)
    return TRUE;
  g_autoptr(SgBuf) frozen = sg_buf_view(opt->grad, 0, 1, 1, 1, n);
  return sg_buf_fill(frozen, 0, error);
}

gboolean
sg_learn_phase(SgLearn *l, SgPhase phase, const SgDraw *draw, GError **error)
{
  SgOptimizer *opt = sg_learn_optimizer(l, phase);

  if (!sg_learn_gradients(l, phase, draw, error) || !freeze(l, opt, error) ||
      !sg_backend_check(l->backend, error))
    return FALSE;
  opt->adam.step++;
  l->backend->adam(opt->net->learning, opt->m, opt->v, opt->grad, &opt->adam);
  return TRUE;
}

/* ADA's heuristic (Karras et al. 2020b, section 3): p moves so that the mean sign of D (real) nears
 * the target. */
static void
update_ada(SgLearn *l, int batch)
{
  const SgTrainOptions *o = l->o;
  if (!g_str_equal(o->aug, "ada") || o->ada_interval <= 0 ||
      l->iteration % (guint64)o->ada_interval != 0 || l->ada_count == 0)
    return;
  double off = l->ada_sum / (double)l->ada_count - o->ada_target;
  double step = (double)(batch * o->ada_interval) / (o->ada_kimg * 1000);
  l->ada_p = MAX(l->ada_p + (off > 0 ? step : off < 0 ? -step : 0), 0);
  l->ada_sum = 0;
  l->ada_count = 0;
}

/* ema = p + beta (ema - p); w_avg and the noise are copied. */
static void
update_ema(SgLearn *l, int batch)
{
  double nimg = l->o->ema_kimg * 1000;
  if (l->ema_rampup > 0)
    nimg = MIN(nimg, (double)l->nimg * l->ema_rampup);
  double beta = pow(0.5, batch / MAX(nimg, 1e-8));
  SgWeights *e = l->ema;
  int rest = (int)(e->total - e->learnt);
  g_autoptr(SgBuf) to = sg_buf_view(e->flat, e->learnt, 1, 1, 1, rest);
  g_autoptr(SgBuf) from = sg_buf_view(l->g->flat, e->learnt, 1, 1, 1, rest);

  l->backend->combine(e->learning, beta, e->learning, 1 - beta, l->g->learning);
  l->backend->copy(to, from);
}

void
sg_learn_end_iteration(SgLearn *l, int batch)
{
  update_ema(l, batch);
  l->nimg += (guint64)batch;
  l->iteration++;
  l->phases_done = 0;
  update_ada(l, batch);
}

/* ---- looking --------------------------------------------------------------------------------- */

static SgVar *
upload(SgLearn *l, const float *v, int n, int c, int h, int w)
{
  return v ? sg_tape_floats(l->tape, v, n, c, h, w) : NULL;
}

/* One batch of sg_learn_pictures(). */
static gboolean
some_pictures(SgLearn *l, const float *z, const float *c, int n, float *out, GError **error)
{
  SgTape *t = l->tape;
  const SgModelInfo *i = &l->shape.info;
  int layers = sg_generator_noise_layers(l->ema);
  SgVar *noise[32];

  g_assert(layers <= 32);
  gboolean recorded = sg_tape_record(t, FALSE);
  SgVar *w =
      sg_generator_map(t, l->ema, upload(l, z, n, i->z_dim, 1, 1), upload(l, c, n, i->c_dim, 1, 1));
  for (int k = 0; k < layers; k++) {
    g_autoptr(SgBuf) plane = sg_generator_noise_const(l->ema, k);
    noise[k] = sg_var_constant(t, plane);
  }
  SgSynthesisInputs in = {.w = &w, .n_w = 1, .noise = noise};
  SgVar *img = sg_generator_synthesize(t, l->ema, &in);
  if (img)
    l->backend->download(img->value, out);
  sg_tape_record(t, recorded);
  return sg_tape_reset(t, error) && sg_backend_check(l->backend, error);
}

gboolean
sg_learn_pictures(SgLearn *l, const float *z, const float *c, int n, float *out, GError **error)
{
  const SgModelInfo *i = &l->shape.info;
  gsize size = (gsize)(i->img_channels * i->img_resolution * i->img_resolution);
  int step = MIN(l->o->batch_gpu > 0 ? l->o->batch_gpu : l->o->batch, 16);

  for (int from = 0; from < n; from += step)
    if (!some_pictures(l, z + (gsize)(from * i->z_dim), c ? c + (gsize)(from * i->c_dim) : NULL,
                       MIN(step, n - from), out + (gsize)from * size, error))
      return FALSE;
  return TRUE;
}

gboolean
sg_learn_scores(SgLearn *l, const float *pictures, const float *c, int n, float *logits,
                GError **error)
{
  const SgModelInfo *i = &l->shape.info;
  int r = i->img_resolution,
      step = MAX(1, MIN(i->mbstd_group_size > 0 ? i->mbstd_group_size : n, n));
  gsize size = (gsize)(i->img_channels * r * r);
  gboolean recorded = sg_tape_record(l->tape, FALSE), ok = TRUE;

  for (int from = 0; ok && from < n; from += step) {
    int m = MIN(step, n - from);
    SgVar *y = sg_discriminator_logits(
        l->tape, l->d, upload(l, pictures + (gsize)from * size, m, i->img_channels, r, r),
        c ? upload(l, c + (gsize)(from * i->c_dim), m, i->c_dim, 1, 1) : NULL);
    if (y)
      l->backend->download(y->value, logits + from);
    ok = sg_tape_reset(l->tape, error) && sg_backend_check(l->backend, error);
  }
  sg_tape_record(l->tape, recorded);
  return ok;
}

/* Some at a time: asked before every snapshot, also while memory is short. */
#define LOOK_AT 4096

gboolean
sg_learn_is_finite(SgLearn *l)
{
  const SgWeights *nets[] = {l->g, l->d, l->ema};
  float v[LOOK_AT];

  for (guint k = 0; k < G_N_ELEMENTS(nets); k++) {
    for (guint64 from = 0; from < nets[k]->total; from += LOOK_AT) {
      int n = (int)MIN(LOOK_AT, nets[k]->total - from);
      g_autoptr(SgBuf) part = sg_buf_view(nets[k]->flat, from, 1, 1, 1, n);
      l->backend->download(part, v);
      for (int i = 0; i < n; i++)
        if (!isfinite(v[i]))
          return FALSE;
    }
  }
  return TRUE;
}
