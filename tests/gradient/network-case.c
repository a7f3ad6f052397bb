#include "network-case.h"

#define PL_MEAN 0.7

void
net_options(SgTrainOptions *o, const NetCase *c)
{
  *o = (SgTrainOptions){
      .resolution = c->resolution,
      .channels = c->channels,
      .label_dim = c->c_dim,
      .cond = c->c_dim > 0,
      .z_dim = 6,
      .w_dim = 5,
      .mapping_layers = 2,
      .mapping_lr_mul = 0.5,
      .g_arch = (char *)c->g_arch,
      .d_arch = (char *)c->d_arch,
      .conv_clamp = c->clamp,
      .d_mapping_layers = 2,
      .mbstd_group = c->group,
      .mbstd_channels = c->features,
      .channel_base = 16,
      .channel_max = 4,
      .batch = c->batch,
      .lr_g = 0.002,
      .lr_d = 0.002,
      .beta2 = 0.99,
      .eps = 1e-8,
      .r1_gamma = 1.7,
      .r1_interval = 3,
      .pl_weight = 1.3,
      .pl_interval = 2,
      .pl_batch_shrink = 1,
      .pl_decay = 0.3,
      .w_avg_beta = 0.9,
      .ema_kimg = 0.1,
      .aug = (char *)"noaug",
  };
}

SgBuf *
net_normals(SgBackend *b, guint64 stream, double spread, int n, int c, int h, int w)
{
  SgPhilox rng = {.seed = 17, .stream = stream};
  gsize size = (gsize)n * (gsize)c * (gsize)h * (gsize)w;
  g_autofree float *v = g_new(float, size);
  sg_philox_normals(&rng, size, v);
  for (gsize i = 0; i < size; i++)
    v[i] *= (float)spread;
  return sg_buf_from_floats(b, v, n, c, h, w, NULL);
}

/* All weights as initially, but none of them zero. */
static void
fill(SgWeights *w, guint64 stream)
{
  for (guint i = 0; i < w->list->len; i++) {
    const SgWeight *v = &g_array_index(w->list, SgWeight, i);
    SgPhilox rng = {.seed = 18, .stream = stream + i};
    gsize n = sg_buf_count(v->view);
    g_autofree float *values = g_new(float, n);
    sg_philox_normals(&rng, n, values);
    for (gsize k = 0; k < n; k++)
      values[k] = (float)(v->mean + (v->std > 0 ? v->std : 0.3) * (double)values[k]);
    w->backend->upload(v->view, values);
  }
}

static SgBuf *
labels(const NetSetup *s, int shift)
{
  int c = s->c->c_dim, n = s->c->batch;
  g_autofree float *v = g_new0(float, (n * MAX(c, 1)));
  for (int i = 0; i < n && c; i++)
    v[i * c + (i + shift) % c] = 1;
  return c ? sg_buf_from_floats(s->l->backend, v, n, c, 1, 1, NULL) : NULL;
}

static SgAugDraw *
augmentation(const NetSetup *s, guint64 stream)
{
  const NetCase *c = s->c;
  SgPhilox rng = {.seed = 19, .stream = stream};
  return c->pipe
             ? sg_aug_draw(&rng, c->pipe, 1, c->batch, c->channels, c->resolution, c->resolution)
             : NULL;
}

static SgDraw *
draw_new(const NetSetup *s, SgPhase phase)
{
  const NetCase *c = s->c;
  SgDraw *d = g_new0(SgDraw, 1);
  SgBackend *b = s->l->backend;
  int layers = sg_generator_noise_layers(s->l->g), r = c->resolution;
  guint64 stream = (guint64)phase * 100;

  d->z = net_normals(b, stream, 1, c->batch, s->o.z_dim, 1, 1);
  d->cutoff = c->cutoff ? c->cutoff : s->l->shape.info.num_ws;
  d->z2 = c->cutoff ? net_normals(b, stream + 1, 1, c->batch, s->o.z_dim, 1, 1) : NULL;
  d->c = labels(s, (int)phase);
  d->noise = g_new0(SgBuf *, layers + 1);
  for (int k = 0; k < layers; k++) {
    int size = sg_generator_noise_size(s->l->g, k);
    d->noise[k] = net_normals(b, stream + 10 + (guint64)k, 1, c->batch, 1, size, size);
  }
  d->pl_noise = net_normals(b, stream + 2, 1, c->batch, c->channels, r, r);
  d->real = net_normals(b, stream + 3, 0.7, c->batch, c->channels, r, r);
  d->real_c = labels(s, (int)phase + 1);
  d->aug_fake = augmentation(s, stream);
  d->aug_real = augmentation(s, stream + 1);
  return d;
}

void
net_setup_init(NetSetup *s, const NetCase *c, SgBackend *backend)
{
  g_autoptr(GError) error = NULL;

  *s = (NetSetup){.c = c};
  net_options(&s->o, c);
  s->l = sg_learn_new_with_widths(backend, &s->o, c->widths, &error);
  g_assert_no_error(error);
  fill(s->l->g, 1000);
  fill(s->l->d, 2000);
  fill(s->l->ema, 1000);
  for (int phase = 0; phase < SG_PHASES; phase++)
    s->draw[phase] = draw_new(s, (SgPhase)phase);
}

void
net_setup_clear(NetSetup *s)
{
  for (int phase = 0; phase < SG_PHASES; phase++)
    sg_draw_free(s->draw[phase]);
  sg_learn_free(s->l);
}

void
net_rewind(NetSetup *s)
{
  SgLearn *l = s->l;
  l->backend->copy(sg_weights_at(l->g, "mapping.w_avg")->view,
                   sg_weights_at(l->ema, "mapping.w_avg")->view);
  l->pl_mean = PL_MEAN;
}

void
net_gradients(NetSetup *s, SgPhase phase)
{
  g_autoptr(GError) error = NULL;
  net_rewind(s);
  g_assert_true(sg_learn_gradients(s->l, phase, s->draw[phase], &error));
  g_assert_no_error(error);
  g_assert_cmpuint(sg_tape_length(s->l->tape), ==, 0);
}

double
net_gain(const NetSetup *s, SgPhase phase)
{
  return phase == SG_PHASE_GREG ? s->o.pl_interval : phase == SG_PHASE_DREG ? s->o.r1_interval : 1;
}
