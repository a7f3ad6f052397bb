#include "engine/learn/draws.h"
#include "engine/formats/format-error.h"
#include "engine/learn/learn-share.h"
#include "engine/learn/losses.h"

/* What a phase draws, each from a stream of its own. */
enum {
  DRAW_Z,
  DRAW_LABEL,
  DRAW_Z2,
  DRAW_CUTOFF,
  DRAW_PL,
  DRAW_AUG_FAKE,
  DRAW_AUG_REAL,
  DRAW_NOISE
};
#define DRAWS_PER_PHASE 64

typedef struct {
  SgLearn *l;
  SgPhase phase;
  gboolean ok;
  GError **error;
} Drawing;

static SgPhilox
stream_of(const Drawing *g, int what)
{
  guint64 phase = g->l->iteration * SG_PHASES + g->phase;
  return (SgPhilox){.seed = g->l->o->seed,
                    .stream = SG_STREAM_ITERATIONS + phase * DRAWS_PER_PHASE + (guint64)what};
}

/* The number in the whole batch of this process's picture i. */
static guint64
number_of(const Drawing *g, int i)
{
  const SgShare *s = g->l->share;
  return s ? (guint64)(s->rank + i * s->size) : (guint64)i;
}

/* So many floats; NULL: no memory, which is the drawing's error. */
static float *
room_for(Drawing *g, gsize n)
{
  float *v = g->ok ? g_try_new(float, n) : NULL;

  if (g->ok && !v)
    sg_no_memory(g->error, "for what is drawn");
  g->ok = v != NULL;
  return v;
}

static SgBuf *
normals(Drawing *g, int what, int n, int c, int h, int w)
{
  SgPhilox rng = stream_of(g, what);
  const SgShare *s = g->l->share;
  SgBackend *backend = g->l->backend;
  gsize size = (gsize)c * (gsize)h * (gsize)w;

  if (backend->normals) {
    SgBuf *b = g->ok ? sg_buf_new(backend, SG_FMT_PLAIN, n, c, h, w, g->error) : NULL;
    if (b)
      backend->normals(b, rng.seed, rng.stream, number_of(g, 0), s ? (guint64)s->size : 1);
    g->ok = b != NULL;
    return b;
  }
  g_autofree float *v = room_for(g, (gsize)n * size);
  if (!v)
    return NULL;
  if (!s)
    sg_philox_normals(&rng, (gsize)n * size, v);
  for (int i = 0; s && i < n; i++)
    sg_philox_normals_from(&rng, number_of(g, i) * size, size, v + (gsize)i * size);
  SgBuf *b = g->ok ? sg_buf_from_floats(g->l->backend, v, n, c, h, w, g->error) : NULL;
  g->ok = b != NULL;
  return b;
}

static void
random_labels(SgPhilox *rng, SgDataset *ds, int n, int c_dim, float *c)
{
  for (int i = 0; i < n; i++)
    sg_dataset_label(ds, sg_philox_below(rng, ds->n), c + (gsize)(i * c_dim));
}

static SgBuf *
labels(Drawing *g, SgDataset *ds, int n)
{
  int c_dim = g->l->shape.info.c_dim;
  SgPhilox rng = stream_of(g, DRAW_LABEL);

  if (!c_dim || !g->ok)
    return NULL;
  g_autofree float *c = room_for(g, (gsize)n * (gsize)c_dim);
  if (!c)
    return NULL;
  for (int i = 0; i < n; i++) {
    rng.index = number_of(g, i); /* a label takes one block */
    random_labels(&rng, ds, 1, c_dim, c + (gsize)(i * c_dim));
  }
  SgBuf *b = sg_buf_from_floats(g->l->backend, c, n, c_dim, 1, 1, g->error);
  g->ok = b != NULL;
  return b;
}

SgBuf *
sg_draw_mix(const SgLearn *l, int cutoff, GError **error)
{
  int n = l->shape.info.num_ws;
  g_autofree float *v = g_new(float, 2 * n);

  for (int k = 0; k < n; k++) {
    v[k] = k < cutoff;
    v[n + k] = k >= cutoff;
  }
  return sg_buf_from_floats(l->backend, v, 2, n, 1, 1, error);
}

/* With probability style_mixing, layers from a uniform one on get another latent (StyleGAN,
 * section 3.1). */
static void
draw_mixing(Drawing *g, SgDraw *d, int n)
{
  const SgModelInfo *i = &g->l->shape.info;
  SgPhilox rng = stream_of(g, DRAW_CUTOFF);
  int cutoff = 1 + (int)sg_philox_below(&rng, (guint32)(i->num_ws - 1));
  gboolean mix = sg_philox_uniform(&rng) < g->l->o->style_mixing;
  gboolean as_factors = g->l->backend->record_begin && g->l->o->style_mixing > 0;

  d->cutoff = mix ? cutoff : i->num_ws;
  if (mix || as_factors)
    d->z2 = normals(g, DRAW_Z2, n, i->z_dim, 1, 1);
  if (d->z2 && as_factors) {
    d->mix = sg_draw_mix(g->l, d->cutoff, g->error);
    g->ok = d->mix != NULL;
  }
}

static void
draw_generator(Drawing *g, SgDraw *d, SgDataset *ds, int n)
{
  const SgModelInfo *i = &g->l->shape.info;
  int layers = sg_generator_noise_layers(g->l->g);

  d->z = normals(g, DRAW_Z, n, i->z_dim, 1, 1);
  d->c = labels(g, ds, n);
  draw_mixing(g, d, n);
  d->noise = g_new0(SgBuf *, layers + 1);
  for (int k = 0; k < layers; k++) {
    int r = sg_generator_noise_size(g->l->g, k);
    d->noise[k] = normals(g, DRAW_NOISE + k, n, 1, r, r);
  }
}

/* To where a back end with memory of its own reads them. */
static gboolean
bring_params(SgBackend *b, SgAugDraw *d, GError **error)
{
  SgAugmentArgs args = sg_aug_draw_args(d);

  if (b->augment_params)
    d->params = b->augment_params(b, &args, error);
  return d->params || !b->augment_params;
}

static SgAugDraw *
draw_augment(Drawing *g, int what, SgAugPipe pipe, int n)
{
  const SgModelInfo *i = &g->l->shape.info;
  const SgShare *s = g->l->share;
  SgPhilox rng = stream_of(g, what);
  /* At p = 0 every operation is the identity: the pipeline need not run. */
  if (g->l->ada_p <= 0 || !pipe || !g->ok)
    return NULL;
  /* How many numbers a picture takes depends on the pipe: all are drawn. */
  SgAugDraw *d = sg_aug_draw(&rng, pipe, g->l->ada_p, s ? g->l->o->batch : n, i->img_channels,
                             i->img_resolution, i->img_resolution);
  g->ok = d || sg_no_memory(g->error, "for what is drawn");
  if (d && s)
    sg_aug_draw_thin(d, s->rank, s->size);
  g->ok = d && bring_params(g->l->backend, d, g->error);
  return d;
}

SgDraw *
sg_draw_new(SgLearn *l, SgPhase phase, SgDataset *ds, SgAugPipe pipe, SgBuf *real, SgBuf *real_c,
            GError **error)
{
  Drawing g = {l, phase, TRUE, error};
  SgDraw *d = g_new0(SgDraw, 1);
  int n = sg_share_of(l->share, sg_share_phase_size(l->o, phase));
  int r = l->shape.info.img_resolution;

  if (phase != SG_PHASE_DREG)
    draw_generator(&g, d, ds, n);
  if (phase == SG_PHASE_GREG)
    d->pl_noise = normals(&g, DRAW_PL, n, l->shape.info.img_channels, r, r);
  if (phase == SG_PHASE_GMAIN || phase == SG_PHASE_DMAIN)
    d->aug_fake = draw_augment(&g, DRAW_AUG_FAKE, pipe, n);
  if (phase == SG_PHASE_DMAIN || phase == SG_PHASE_DREG) {
    d->aug_real = draw_augment(&g, DRAW_AUG_REAL, pipe, n);
    d->real = sg_buf_ref(real);
    d->real_c = real_c ? sg_buf_ref(real_c) : NULL;
  }
  if (!g.ok)
    g_clear_pointer(&d, sg_draw_free);
  return d;
}

void
sg_draw_free(SgDraw *d)
{
  if (!d)
    return;
  SgBuf *bufs[] = {d->z, d->z2, d->mix, d->c, d->pl_noise, d->real, d->real_c};
  for (guint i = 0; i < G_N_ELEMENTS(bufs); i++)
    sg_buf_unref(bufs[i]);
  for (SgBuf **noise = d->noise; noise && *noise; noise++)
    sg_buf_unref(*noise);
  g_free(d->noise);
  sg_aug_draw_free(d->aug_fake);
  sg_aug_draw_free(d->aug_real);
  g_free(d);
}

/* ---- parts ----------------------------------------------------------------------------------- */

typedef struct {
  int first, step;
  gboolean ok;
  GError **error;
} Part;

/* Of numbers [N, …] of each picture; NULL gives NULL. */
static SgBuf *
some_of(Part *p, SgBuf *all)
{
  if (!all || !p->ok)
    return NULL;
  gsize size = sg_buf_count(all) / (gsize)all->n;
  int n = (all->n - p->first + p->step - 1) / p->step;
  SgBuf *some = sg_buf_new(all->backend, SG_FMT_PLAIN, n, all->c, all->h, all->w, p->error);
  p->ok = some != NULL;
  for (int i = 0; i < n && some; i++) {
    gsize at = (gsize)(p->first + i * p->step);
    g_autoptr(SgBuf) to = sg_buf_view(some, (gsize)i * size, 1, all->c, all->h, all->w);
    g_autoptr(SgBuf) from = sg_buf_view(all, at * size, 1, all->c, all->h, all->w);
    all->backend->copy(to, from);
  }
  return some;
}

static SgAugDraw *
some_augment(Part *p, SgBackend *b, const SgAugDraw *all)
{
  if (!all || !p->ok)
    return NULL;
  SgAugDraw *some = sg_aug_draw_copy(all);
  if (some)
    sg_aug_draw_thin(some, p->first, p->step);
  p->ok = some ? bring_params(b, some, p->error) : sg_no_memory(p->error, "for what is drawn");
  return some;
}

SgDraw *
sg_draw_part(const SgLearn *l, const SgDraw *d, int first, int step, GError **error)
{
  Part p = {first, step, TRUE, error};
  SgDraw *some = g_new0(SgDraw, 1);
  guint layers = 0;

  *some = (SgDraw){.z = some_of(&p, d->z),
                   .z2 = some_of(&p, d->z2),
                   .cutoff = d->cutoff,
                   .mix = d->mix ? sg_buf_ref(d->mix) : NULL,
                   .c = some_of(&p, d->c),
                   .pl_noise = some_of(&p, d->pl_noise),
                   .real = some_of(&p, d->real),
                   .real_c = some_of(&p, d->real_c),
                   .aug_fake = some_augment(&p, l->backend, d->aug_fake),
                   .aug_real = some_augment(&p, l->backend, d->aug_real)};
  while (d->noise && d->noise[layers])
    layers++;
  some->noise = d->noise ? g_new0(SgBuf *, layers + 1) : NULL;
  for (guint k = 0; k < layers; k++)
    some->noise[k] = some_of(&p, d->noise[k]);
  if (!p.ok)
    g_clear_pointer(&some, sg_draw_free);
  return some;
}

void
sg_draw_latents(SgLearn *l, SgDataset *ds, guint64 stream, int n, float *z, float *c)
{
  SgPhilox rng = {.seed = l->o->seed, .stream = stream};

  sg_philox_normals(&rng, (gsize)n * (gsize)l->shape.info.z_dim, z);
  if (c)
    random_labels(&rng, ds, n, l->shape.info.c_dim, c);
}
