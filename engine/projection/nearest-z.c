#include "engine/projection/nearest-z.h"
#include "engine/directions/seeds.h"
#include "engine/formats/format-error.h"
#include "engine/projection/schedule.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const SgNearestZOptions sg_nearest_z_options = {
    .samples = 4000, .starts = 8, .steps = 300, .rate = 0.1};

/* z that are tried together. */
#define BATCH 500

typedef struct {
  double distance;
  guint32 seed;
} Start;

typedef struct {
  const SgMapping *mapping;
  SgWeights *g;
  SgTape *tape;
  const double *wanted;
  int label, n; /* n: starts */
  SgBuf *values, *m, *v, *gradient;
  SgVar *z, *c;
  float *w; /* [n, w_dim] of the last step */
  SgNearestZ *best;
} Search;

static double
distance(const float *w, const double *wanted, int dim)
{
  double squares = 0;

  for (int j = 0; j < dim; j++)
    squares += ((double)w[j] - wanted[j]) * ((double)w[j] - wanted[j]);
  return sqrt(squares);
}

static int
nearer(gconstpointer a, gconstpointer b)
{
  const Start *x = a, *y = b;
  return x->distance != y->distance ? (x->distance > y->distance) - (x->distance < y->distance)
                                    : (x->seed > y->seed) - (x->seed < y->seed);
}

/* ---- the beginning --------------------------------------------------------------------------- */

static gboolean
try_all(const Search *s, int samples, Start *all, GError **error)
{
  int dim = s->mapping->w_dim;
  g_autofree float *w = g_new(float, (gsize)BATCH *(gsize)dim);

  for (int i = 0; i < samples; i += BATCH) {
    int n = MIN(BATCH, samples - i);
    if (!sg_seeds_map(s->mapping, (guint32)i, n, s->label, NULL, w, error))
      return FALSE;
    for (int k = 0; k < n; k++)
      all[i + k] = (Start){distance(w + (gsize)k * (gsize)dim, s->wanted, dim), (guint32)(i + k)};
  }
  qsort(all, (gsize)samples, sizeof *all, nearer);
  return TRUE;
}

static SgVar *
class_of(const Search *s, GError **error)
{
  int classes = s->mapping->c_dim;
  g_autofree float *c = g_new0(float, MAX(1, s->n * classes));

  for (int i = 0; s->label >= 0 && i < s->n; i++)
    c[i * classes + s->label] = 1;
  g_autoptr(SgBuf) buf = sg_buf_from_floats(s->g->backend, c, s->n, classes, 1, 1, error);
  return buf ? sg_var_new_constant(buf) : NULL;
}

static gboolean
prepare(Search *s, const Start *all, GError **error)
{
  SgBackend *b = s->g->backend;
  int z_dim = s->mapping->z_dim, w_dim = s->mapping->w_dim, count = s->n * z_dim;
  g_autofree float *z = g_new(float, count), *w = g_new(float, w_dim);
  SgBuf **bufs[] = {&s->values, &s->m, &s->v, &s->gradient};

  for (int i = 0; i < s->n; i++)
    if (!sg_seeds_map(s->mapping, all[i].seed, 1, s->label, z + i * z_dim, w, error))
      return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(bufs); i++)
    if (!(*bufs[i] = sg_buf_new(b, SG_FMT_PLAIN, 1, 1, 1, count, error)) ||
        !sg_buf_fill(*bufs[i], 0, error))
      return FALSE;
  b->upload(s->values, z);
  g_autoptr(SgBuf) view = sg_buf_view(s->values, 0, s->n, z_dim, 1, 1);
  s->z = sg_var_new_parameter(view);
  s->w = g_new(float, s->n *w_dim);
  return s->mapping->c_dim == 0 || (s->c = class_of(s, error));
}

/* ---- a step ---------------------------------------------------------------------------------- */

static void
take_best(Search *s)
{
  int z_dim = s->mapping->z_dim, w_dim = s->mapping->w_dim;
  g_autofree float *z = NULL;

  for (int i = 0; i < s->n; i++) {
    const float *w = s->w + i * w_dim;
    double d = distance(w, s->wanted, w_dim);
    if (!(d < s->best->distance))
      continue;
    if (!z) {
      z = g_new(float, s->n *z_dim);
      s->g->backend->download(s->values, z);
    }
    s->best->distance = d;
    for (int j = 0; j < z_dim; j++)
      s->best->z[j] = (double)z[i * z_dim + j];
    for (int j = 0; j < w_dim; j++)
      s->best->w[j] = (double)w[j];
  }
}

/* The gradient of |w - wanted|² / 2 with respect to z is that of w with w - wanted as its
 * weights. */
static void
differentiate(Search *s, GError **error)
{
  int w_dim = s->mapping->w_dim;
  g_autofree float *off = g_new(float, s->n *w_dim);
  SgVar *w = sg_generator_map(s->tape, s->g, s->z, s->c), *grads[1] = {NULL};

  if (!w)
    return;
  s->g->backend->download(w->value, s->w);
  for (int i = 0; i < s->n; i++)
    for (int j = 0; j < w_dim; j++)
      off[i * w_dim + j] = (float)((double)s->w[i * w_dim + j] - s->wanted[j]);
  g_autoptr(SgBuf) seed = sg_buf_from_floats(s->g->backend, off, s->n, w_dim, 1, 1, error);
  if (!seed)
    return;
  sg_tape_grad(s->tape, w, sg_var_constant(s->tape, seed), &s->z, 1, FALSE, grads);
  g_autoptr(SgBuf) to = sg_buf_view(s->gradient, 0, s->n, s->mapping->z_dim, 1, 1);
  if (grads[0])
    s->g->backend->copy(to, grads[0]->value);
}

static gboolean
step(Search *s, int at, const SgNearestZOptions *o, GError **error)
{
  const SgProjectionSchedule schedule = {.rate = o->rate, .ramp_up = 0.05, .ramp_down = 0.5};
  const SgAdam adam = {.lr = sg_projection_rate(&schedule, at, o->steps),
                       .beta1 = 0.9,
                       .beta2 = 0.999,
                       .eps = 1e-8,
                       .step = (guint64)at + 1};
  GError *failed = NULL, *own = NULL;

  sg_tape_enter(s->tape);
  differentiate(s, &own);
  sg_tape_leave(s->tape, NULL);
  sg_tape_reset(s->tape, own ? NULL : &failed);
  if (own || failed) {
    g_propagate_error(error, own ? own : failed);
    return FALSE;
  }
  take_best(s);
  s->g->backend->adam(s->values, s->m, s->v, s->gradient, &adam);
  return sg_backend_check(s->g->backend, error);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
search_clear(Search *s)
{
  sg_var_unref(s->z);
  sg_var_unref(s->c);
  sg_buf_unref(s->values);
  sg_buf_unref(s->m);
  sg_buf_unref(s->v);
  sg_buf_unref(s->gradient);
  sg_tape_free(s->tape);
  g_free(s->w);
}

static void
normalize(SgNearestZ *n)
{
  double squares = 0;

  for (int j = 0; j < n->z_dim; j++)
    squares += n->z[j] * n->z[j];
  for (int j = 0; squares > 0 && j < n->z_dim; j++)
    n->z[j] *= sqrt(n->z_dim / squares);
}

static gboolean
search(Search *s, const SgNearestZOptions *o, SgDirectionProgress progress, gpointer data,
       GError **error)
{
  g_autofree Start *all = g_new(Start, o->samples);

  if (!try_all(s, o->samples, all, error) || !prepare(s, all, error))
    return FALSE;
  s->best->first = all[0].distance;
  for (int i = 0; i < o->steps; i++) {
    if (!step(s, i, o, error))
      return FALSE;
    if (progress && !progress(i + 1, o->steps, data))
      return sg_directions_cancelled(error);
  }
  return TRUE;
}

SgNearestZ *
sg_nearest_z_new(const SgMapping *mapping, SgWeights *g, const double *w, int label,
                 const SgNearestZOptions *o, SgDirectionProgress progress, gpointer data,
                 GError **error)
{
  g_autoptr(SgNearestZ) best = g_new0(SgNearestZ, 1);
  Search s = {.mapping = mapping,
              .g = g,
              .wanted = w,
              .label = label,
              .n = MIN(o->starts, o->samples),
              .best = best};

  for (int j = 0; j < mapping->w_dim; j++)
    if (!isfinite(w[j])) {
      sg_broken(error, "w has a number that is not finite: no z comes near it");
      return NULL;
    }
  *best = (SgNearestZ){.z_dim = mapping->z_dim,
                       .w_dim = mapping->w_dim,
                       .z = g_new0(double, mapping->z_dim),
                       .w = g_new0(double, mapping->w_dim),
                       .distance = INFINITY};
  s.tape = sg_tape_new(g->backend);
  gboolean ok = search(&s, o, progress, data, error);
  search_clear(&s);
  if (!ok)
    return NULL;
  normalize(best);
  return g_steal_pointer(&best);
}

void
sg_nearest_z_free(SgNearestZ *n)
{
  if (!n)
    return;
  g_free(n->z);
  g_free(n->w);
  g_free(n);
}
