#include "engine/projection/tuning.h"
#include "engine/autograd/ops.h"
#include "engine/base/philox.h"
#include "engine/base/room.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

#define V(x)   ((x)->value)
#define STREAM 0x74756e65

struct _SgTuning {
  SgModel *model;
  SgBackend *backend;
  SgTuningOptions o;
  SgWeights *old, *g, *d; /* `g` learns; d NULL: no features */
  SgMapping *mapping;
  SgTape *tape;
  SgBuf *m, *v, *gradient; /* [1, 1, 1, learnt] */
  SgVar **wrt;             /* parameters of g */
  int n_wrt;
  SgVar **w, **noise; /* [num_ws] [1, w_dim, 1, 1] and [maps] [1, 1, r, r], constants */
  int maps;
  float *target, *picture; /* [C, H, W] */
  gsize size;
  SgFeatures wanted, wanted_lpips;
  SgProjectionLoss loss;
  double drift;
  SgPhilox random;
  guint64 step;
};

void
sg_tuning_options_init(SgTuningOptions *o, int steps, gboolean has_d)
{
  *o = (SgTuningOptions){.steps = steps,
                         .rate = 1e-3,
                         .weights = {1, 0.3, has_d ? 1 : 0},
                         .locality = 0.1,
                         .radius = 30,
                         .label = -1};
}

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
has_lpips(const SgTuning *t)
{
  return t->o.lpips && t->o.weights.lpips > 0;
}

static gboolean
open_networks(SgTuning *t, GError **error)
{
  if (!(t->old = sg_weights_new_generator(t->backend, t->model, FALSE, error)) ||
      !(t->g = sg_weights_new_generator(t->backend, t->model, TRUE, error)) ||
      !(t->mapping = sg_mapping_new_generator(t->backend, t->model,
                                              sg_model_generator_prefix(t->model), error)))
    return FALSE;
  t->maps = sg_generator_noise_layers(t->g);
  if (!t->model->info.has_d || t->o.weights.features <= 0)
    return TRUE;
  t->d = sg_weights_new(t->backend, sg_model_discriminator(t->model), FALSE, error);
  return t->d && sg_weights_load(t->d, t->model, "D.", error);
}

static gboolean
open_optimizer(SgTuning *t, GError **error)
{
  SgBuf **bufs[] = {&t->m, &t->v, &t->gradient};

  for (guint i = 0; i < t->g->list->len; i++)
    t->n_wrt += !g_array_index(t->g->list, SgWeight, i).buffer;
  t->wrt = g_new(SgVar *, t->n_wrt);
  for (int i = 0; i < t->n_wrt; i++)
    t->wrt[i] = g_array_index(t->g->list, SgWeight, (guint)i).var;
  for (guint i = 0; i < G_N_ELEMENTS(bufs); i++) {
    *bufs[i] = sg_buf_new(t->backend, SG_FMT_PLAIN, 1, 1, 1, (int)t->g->learnt, error);
    if (!*bufs[i] || !sg_buf_fill(*bufs[i], 0, error))
      return FALSE;
  }
  return TRUE;
}

static SgVar *
constant(SgTuning *t, const float *v, int c, int h, int w, GError **error)
{
  g_autoptr(SgBuf) buf = sg_buf_from_floats(t->backend, v, 1, c, h, w, error);
  return buf ? sg_var_new_constant(buf) : NULL;
}

static gboolean
take_projection(SgTuning *t, const SgProjection *p, int i, GError **error)
{
  const SgNetwork *n = t->g->network;
  g_autofree double *ws = g_new(double, (gsize)n->num_ws *(gsize)n->w_dim);
  g_autofree float *row = g_new(float, n->w_dim);

  t->w = g_new0(SgVar *, n->num_ws);
  t->noise = g_new0(SgVar *, MAX(1, t->maps));
  sg_projection_ws(p, i, ws);
  if (!sg_room_check(error))
    return FALSE;
  for (int l = 0; l < n->num_ws; l++) {
    for (int j = 0; j < n->w_dim; j++)
      row[j] = (float)ws[l * n->w_dim + j];
    if (!(t->w[l] = constant(t, row, n->w_dim, 1, 1, error)))
      return FALSE;
  }
  for (int k = 0; k < t->maps; k++) {
    g_autoptr(SgTensor) map = sg_projection_noise_map(p, i, k);
    if (!map)
      return sg_room_check(error);
    if (!(t->noise[k] = constant(t, map->data, 1, (int)map->shape[0], (int)map->shape[1], error)))
      return FALSE;
  }
  t->size = (gsize)n->channels * (gsize)n->height * (gsize)n->width;
  t->target = sg_room(t->size, sizeof(float));
  t->picture = sg_room(t->size, sizeof(float));
  if (!t->target || !t->picture)
    return sg_room_check(error);
  memcpy(t->target, sg_projection_target(p, i), sizeof(float) * t->size);
  memcpy(t->picture, t->target, sizeof(float) * t->size);
  return TRUE;
}

/* Of pictures that are wanted, what each network in the loss makes of them. */
static gboolean
features_of(SgTuning *t, const SgBuf *picture, SgFeatures *d, SgFeatures *lpips)
{
  return (!t->d || sg_features_of(t->tape, t->d, picture, d)) &&
         (!has_lpips(t) || sg_lpips_features(t->tape, t->o.lpips, picture, lpips));
}

static gboolean
target_features(SgTuning *t, GError **error)
{
  const SgNetwork *n = t->g->network;

  if (!t->d && !has_lpips(t))
    return TRUE;
  g_autoptr(SgBuf) buf =
      sg_buf_from_floats(t->backend, t->target, 1, n->channels, n->height, n->width, error);
  if (!buf)
    return FALSE;
  features_of(t, buf, &t->wanted, &t->wanted_lpips);
  return sg_tape_reset(t->tape, error);
}

SgTuning *
sg_tuning_new(SgModel *model, SgBackend *b, const SgTuningOptions *o, const SgProjection *p, int i,
              GError **error)
{
  g_autoptr(SgTuning) t = g_new0(SgTuning, 1);

  t->model = sg_model_ref(model);
  t->backend = b;
  t->o = *o;
  t->tape = sg_tape_new(b);
  t->random = (SgPhilox){.seed = o->seed, .stream = (guint64)(STREAM + i)};
  return open_networks(t, error) && open_optimizer(t, error) && take_projection(t, p, i, error) &&
                 target_features(t, error)
             ? g_steal_pointer(&t)
             : NULL;
}

void
sg_tuning_free(SgTuning *t)
{
  if (!t)
    return;
  for (int l = 0; t->w && l < t->g->network->num_ws; l++)
    sg_var_unref(t->w[l]);
  for (int k = 0; t->noise && k < t->maps; k++)
    sg_var_unref(t->noise[k]);
  g_free(t->w);
  g_free(t->noise);
  g_free(t->wrt);
  g_free(t->target);
  g_free(t->picture);
  sg_features_clear(&t->wanted);
  sg_features_clear(&t->wanted_lpips);
  sg_buf_unref(t->m);
  sg_buf_unref(t->v);
  sg_buf_unref(t->gradient);
  sg_tape_free(t->tape);
  sg_mapping_free(t->mapping);
  g_clear_pointer(&t->old, sg_weights_free);
  g_clear_pointer(&t->g, sg_weights_free);
  g_clear_pointer(&t->d, sg_weights_free);
  sg_model_unref(t->model);
  g_free(t);
}

/* ---- a step ---------------------------------------------------------------------------------- */

/* Adds the distance [1, 1, 1, 1] that a network finds, times its weight, to the loss. */
static SgVar *
add_part(SgTuning *t, SgVar *sum, SgVar *distance, double weight, double factor, double *value,
         SgProjectionLoss *loss)
{
  float f;

  if (!sum || !distance)
    return NULL;
  t->backend->download(V(distance), &f);
  *value = (double)f;
  loss->total += weight * (double)f;
  return sg_op_combine(t->tape, 1, sum, factor * weight, distance);
}

/* Of one picture against another: its value, and a variable whose gradient is the loss'. */
static SgVar *
loss_of(SgTuning *t, SgVar *picture, const float *target, const SgFeatures *wanted,
        const SgFeatures *wanted_lpips, double factor, SgProjectionLoss *loss, GError **error)
{
  const SgNetwork *n = t->g->network;
  const SgProjectionWeights *w = &t->o.weights;
  g_autofree float *v = sg_room(t->size, sizeof *v),
                   *gradient = sg_room0(t->size, sizeof *gradient);

  if (!v || !gradient) {
    sg_room_check(error);
    return NULL;
  }
  t->backend->download(V(picture), v);
  SgPictureLoss one = sg_picture_loss(n->channels, n->height, n->width, v, target,
                                      factor * w->pixels, factor * w->pyramid, gradient);
  *loss = (SgProjectionLoss){.pixels = one.pixels, .pyramid = one.pyramid};
  loss->total = w->pixels * one.pixels + w->pyramid * one.pyramid;
  g_autoptr(SgBuf) buf =
      sg_buf_from_floats(t->backend, gradient, 1, n->channels, n->height, n->width, error);
  if (!buf)
    return NULL;
  SgVar *sum = sg_op_sum(t->tape, sg_op_mul(t->tape, picture, sg_var_constant(t->tape, buf)));
  if (t->d)
    sum = add_part(t, sum, sg_feature_loss(t->tape, t->d, picture, wanted), w->features, factor,
                   &loss->features, loss);
  if (has_lpips(t))
    sum = add_part(t, sum, sg_lpips_distance(t->tape, t->o.lpips, picture, wanted_lpips), w->lpips,
                   factor, &loss->lpips, loss);
  return sum;
}

static SgVar *
draw(SgTuning *t, const SgWeights *g, SgVar *const *ws)
{
  const SgSynthesisInputs in = {.w = ws, .n_w = g->network->num_ws, .noise = t->noise};
  return sg_generator_synthesize(t->tape, g, &in);
}

/* A w at `radius` from this one, towards that of a random z (Roich et al. 2021, equation 4). */
static gboolean
neighbour(SgTuning *t, SgVar **ws, GError **error)
{
  const SgNetwork *n = t->g->network;
  int dim = n->w_dim, label = t->o.label;
  g_autofree float *z = g_new(float, n->z_dim), *other = g_new(float, dim),
                   *row = g_new(float, dim);

  sg_philox_normals(&t->random, (gsize)n->z_dim, z);
  if (!sg_mapping_run(t->mapping, 1, z, n->c_dim > 0 ? &label : NULL, other, error))
    return FALSE;
  for (int l = 0; l < n->num_ws; l++) {
    double squares = 0;
    t->backend->download(V(t->w[l]), row);
    for (int j = 0; j < dim; j++)
      squares += ((double)other[j] - (double)row[j]) * ((double)other[j] - (double)row[j]);
    double factor = squares > 0 ? t->o.radius / sqrt(squares) : 0;
    for (int j = 0; j < dim; j++)
      row[j] += (float)(MIN(factor, 1) * ((double)other[j] - (double)row[j]));
    g_autoptr(SgBuf) buf = sg_buf_from_floats(t->backend, row, 1, dim, 1, 1, error);
    if (!buf)
      return FALSE;
    ws[l] = sg_var_constant(t->tape, buf);
  }
  return TRUE;
}

/* What the old generator draws there is what the new one shall draw. */
static SgVar *
locality(SgTuning *t, GError **error)
{
  g_autofree SgVar **ws = g_new0(SgVar *, t->g->network->num_ws);
  g_autofree float *before = sg_room(t->size, sizeof *before);
  g_auto(SgFeatures) wanted = {0}, wanted_lpips = {0};
  SgProjectionLoss loss = {0};

  if (!before) {
    sg_room_check(error);
    return NULL;
  }
  if (!neighbour(t, ws, error))
    return NULL;
  SgVar *old = draw(t, t->old, ws);
  if (!old)
    return NULL;
  t->backend->download(V(old), before);
  if (!features_of(t, V(old), &wanted, &wanted_lpips))
    return NULL;
  SgVar *now = draw(t, t->g, ws);
  SgVar *sum =
      now ? loss_of(t, now, before, &wanted, &wanted_lpips, t->o.locality, &loss, error) : NULL;
  t->drift = loss.total;
  return sum;
}

static void
sweep(SgTuning *t, SgVar *root)
{
  g_autofree SgVar **grads = g_new0(SgVar *, t->n_wrt);

  sg_tape_grad(t->tape, root, NULL, t->wrt, t->n_wrt, FALSE, grads);
  for (int i = 0; i < t->n_wrt && !sg_tape_failed(t->tape); i++) {
    const SgWeight *w = &g_array_index(t->g->list, SgWeight, (guint)i);
    const SgBuf *v = w->view;
    if (!grads[i])
      continue;
    g_autoptr(SgBuf) to = sg_buf_view(t->gradient, w->first, v->n, v->c, v->h, v->w);
    t->backend->combine(to, 1, V(grads[i]), 0, NULL);
  }
}

static gboolean
differentiate(SgTuning *t, GError **error)
{
  GError *failed = NULL;

  sg_tape_enter(t->tape);
  SgVar *picture = draw(t, t->g, t->w), *root = NULL;
  if (picture) {
    t->backend->download(V(picture), t->picture);
    root = loss_of(t, picture, t->target, &t->wanted, &t->wanted_lpips, 1, &t->loss, error);
  }
  if (root && t->o.locality > 0)
    root = sg_op_add(t->tape, root, locality(t, error));
  if (root)
    sweep(t, root);
  sg_tape_leave(t->tape, NULL);
  if (!sg_tape_reset(t->tape, &failed)) {
    if (error && !*error)
      g_propagate_error(error, failed);
    else
      g_error_free(failed);
    return FALSE;
  }
  return root && sg_backend_check(t->backend, error);
}

gboolean
sg_tuning_step(SgTuning *t, GError **error)
{
  const SgProjectionSchedule schedule = {.rate = t->o.rate, .ramp_up = 0.05, .ramp_down = 0.25};
  int step = (int)t->step;

  if (!sg_buf_fill(t->gradient, 0, error) || !differentiate(t, error))
    return FALSE;
  if (!isfinite(t->loss.total))
    return sg_broken(error, "%s: the loss is not a finite number after %d steps of tuning",
                     t->model->path, step);
  const SgAdam adam = {.lr = sg_projection_rate(&schedule, step, MAX(t->o.steps, step + 1)),
                       .beta1 = 0.9,
                       .beta2 = 0.999,
                       .eps = 1e-8,
                       .step = ++t->step};
  t->backend->adam(t->g->learning, t->m, t->v, t->gradient, &adam);
  return sg_backend_check(t->backend, error);
}

/* ---- results --------------------------------------------------------------------------------- */

int
sg_tuning_done(const SgTuning *t)
{
  return (int)t->step;
}

const SgProjectionLoss *
sg_tuning_loss(const SgTuning *t)
{
  return &t->loss;
}

const float *
sg_tuning_picture(const SgTuning *t)
{
  return t->picture;
}

double
sg_tuning_drift(const SgTuning *t)
{
  return t->drift;
}

SgModel *
sg_tuning_weights(const SgTuning *t, GError **error)
{
  g_autoptr(SgModel) m = sg_model_new(t->model->path, &t->model->info);
  gboolean stored = sg_weights_store(t->g, sg_model_generator_prefix(t->model), m, error);

  return stored ? g_steal_pointer(&m) : NULL;
}
