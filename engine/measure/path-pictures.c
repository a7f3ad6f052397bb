/* Pictures a small step of latent apart. */
#include "engine/measure/path-pictures.h"
#include "engine/base/philox.h"
#include "engine/base/room.h"
#include "engine/explore/nets.h"
#include "engine/journey/sphere.h"

/* Pair p draws its latents from stream PAIRS + p, its noise from NOISE + p. */
#define PAIRS ((guint64)1 << 40)
#define NOISE ((guint64)2 << 40)

/* ---- latents --------------------------------------------------------------------------------- */

typedef struct {
  float *z, *w; /* [2 n, ·]: the ends of the pairs' ways, then what is a step apart */
  int *labels;  /* [2 n] */
  double *t;    /* [n] where each begins */
} Latents;

static void
latents_clear(Latents *l)
{
  g_free(l->z);
  g_free(l->w);
  g_free(l->labels);
  g_free(l->t);
}

static gboolean
latents_make(Latents *l, const SgMapping *m, int n, GError **error)
{
  *l = (Latents){sg_room((gsize)(2 * n) * (gsize)m->z_dim, sizeof(float)),
                 sg_room((gsize)(2 * n) * (gsize)m->w_dim, sizeof(float)),
                 sg_room((gsize)(2 * n), sizeof(int)), sg_room((gsize)n, sizeof(double))};
  return sg_room_check(error);
}

static void
latents_draw(Latents *l, const SgMapping *m, SgPathKind kind, guint64 seed, int first, int n)
{
  gsize dim = (gsize)m->z_dim;

  for (int i = 0; i < n; i++) {
    SgPhilox rng = {.seed = seed, .stream = PAIRS + (guint64)(first + i)};
    sg_philox_normals(&rng, dim, l->z + (gsize)i * dim);
    sg_philox_normals(&rng, dim, l->z + (gsize)(n + i) * dim);
    double t = sg_philox_uniform(&rng);
    l->t[i] = kind.full ? t : 0;
    l->labels[i] = m->c_dim > 0 ? (int)sg_philox_below(&rng, (guint32)m->c_dim) : -1;
    l->labels[n + i] = l->labels[i];
  }
}

/* Two points a step apart in place of the two ends. */
static void
step_z(Latents *l, int dim, int n)
{
  gsize size = (gsize)dim;
  g_autofree double *ends = sg_room(2 * size, sizeof *ends);
  g_autofree double *at = sg_room(size, sizeof *at);

  for (int i = 0; ends && at && i < n; i++) {
    float *z[2] = {l->z + (gsize)i * size, l->z + (gsize)(n + i) * size};
    for (gsize k = 0; k < 2 * size; k++)
      ends[k] = (double)z[k / size][k % size];
    for (int side = 0; side < 2; side++) {
      double t = l->t[i] + side * SG_PATH_STEP;
      sg_sphere_mean(2, dim, ends, (const double[]){1 - t, t}, at);
      for (gsize k = 0; k < size; k++)
        z[side][k] = (float)at[k];
    }
  }
}

static void
step_w(Latents *l, int dim, int n)
{
  for (int i = 0; i < n; i++)
    for (int k = 0; k < dim; k++) {
      float *a = &l->w[(gsize)i * (gsize)dim + (gsize)k];
      float *b = &l->w[(gsize)(n + i) * (gsize)dim + (gsize)k];
      double from = (double)*a, way = (double)*b - from;
      *a = (float)(from + way * l->t[i]);
      *b = (float)(from + way * (l->t[i] + SG_PATH_STEP));
    }
}

/* ---- pictures -------------------------------------------------------------------------------- */

typedef struct {
  const SgSynthesis *net;
  guint64 seed;
  int first; /* pair */
  int n;     /* pairs */
} Noise;

static SgBuf *
pair_noise(guint stage, int n, gpointer data, GError **error)
{
  const Noise *noise = data;
  const SgStage *s = sg_synthesis_stage(noise->net, stage);
  gsize size = (gsize)s->resolution * (gsize)s->width;
  g_autofree float *planes = NULL;

  if (s->noise_strength == 0 && !s->strength)
    return NULL;
  planes = sg_room(size * (gsize)n, sizeof *planes);
  for (int i = 0; planes && i < n; i++) {
    SgPhilox rng = {.seed = noise->seed + stage,
                    .stream = NOISE + (guint64)(noise->first + i % noise->n)};
    sg_philox_normals(&rng, size, planes + (gsize)i * size);
  }
  if (planes)
    return sg_buf_from_floats(s->backend, planes, n, 1, s->resolution, s->width, error);
  sg_room_check(error);
  return NULL;
}

static gboolean
store(const SgSynthesis *net, const SgBuf *img, float *pictures, GError **error)
{
  g_autofree float *planes = sg_room((gsize)img->n * img->c * img->h * img->w, sizeof *planes);

  if (!planes)
    return sg_room_check(error);
  img->backend->download(img, planes);
  sg_nets_crop(planes, img->h, img->w, img->n * img->c, net->resolution, net->width, pictures);
  return sg_backend_check(net->backend, error);
}

static gboolean
draw(const SgSynthesis *net, const Noise *noise, const float *w, float *pictures, GError **error)
{
  int n = 2 * noise->n;
  gsize dim = (gsize)net->w_dim, count = (gsize)net->num_ws;
  g_autofree float *ws = sg_room((gsize)n * count * dim, sizeof *ws);
  SgPass pass = {.net = net, .n = n, .ws = ws, .noise = pair_noise, .noise_data = (gpointer)noise};

  if (!ws)
    return sg_room_check(error);
  for (gsize i = 0; i < (gsize)n * count; i++)
    for (gsize k = 0; k < dim; k++)
      ws[i * dim + k] = w[i / count * dim + k];
  g_autofree float *ordered = sg_room((gsize)n * count * dim, sizeof *ordered);
  if (!ordered)
    return sg_room_check(error);
  sg_synthesis_order_ws(net, n, ws, ordered);
  pass.w = sg_buf_from_floats(net->backend, ordered, n * net->num_ws, net->w_dim, 1, 1, error);
  g_autoptr(SgBuf) img =
      pass.w ? sg_synthesis_run(&pass, 0, net->stages->len, NULL, NULL, NULL, error) : NULL;
  sg_buf_unref(pass.w);
  return img && store(net, img, pictures, error);
}

gboolean
sg_path_pictures(const SgNets *nets, SgPathKind kind, guint64 seed, int first, int n,
                 float *pictures, GError **error)
{
  const SgMapping *m = nets->mapping;
  const Noise noise = {nets->net, seed, first, n};
  Latents l;
  gboolean ok = latents_make(&l, m, n, error);

  if (ok)
    latents_draw(&l, m, kind, seed, first, n);
  if (ok && kind.z)
    step_z(&l, m->z_dim, n);
  ok = ok && sg_room_check(error) && sg_mapping_run(m, 2 * n, l.z, l.labels, l.w, error);
  if (ok && !kind.z)
    step_w(&l, m->w_dim, n);
  ok = ok && draw(nets->net, &noise, l.w, pictures, error);
  latents_clear(&l);
  return ok;
}
