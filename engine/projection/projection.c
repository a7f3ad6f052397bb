#include "engine/projection/projection.h"
#include "engine/autograd/ops.h"
#include "engine/base/philox.h"
#include "engine/base/room.h"
#include "engine/formats/format-error.h"
#include "engine/projection/noise-maps.h"
#include <math.h>
#include <string.h>

#define V(x)          ((x)->value)
#define CLOUD_SAMPLES 10000
#define STREAM        0x70726f6a /* of the seed's, + the picture's number */

/* What is looked for, in one buffer: rows of w [n, w_dim], then each layer's maps [n, 1, r, r]. */
typedef struct {
  int rows; /* 1 or num_ws */
  gsize w_count, count;
  SgBuf *values, *m, *v, *gradient; /* [1, 1, 1, count] */
  guint64 step;                     /* Adam's */
  SgVar **w, **noise;               /* [rows], [maps]: views that learn, or constants */
} Values;

struct _SgProjection {
  SgModel *model;
  SgBackend *backend;
  SgProjectionOptions o;
  SgWeights *g, *d; /* d NULL: no features are asked for */
  SgWCloud *cloud;
  SgTape *tape;
  int maps;

  int n, first;       /* pictures */
  float *targets;     /* [n, C, H, W] */
  float *pictures;    /* the same of the last step */
  gsize picture_size; /* C H W */
  SgFeatures wanted, wanted_lpips;
  SgPhilox *random; /* [n] */
  SgProjectionLoss *loss;
  Values x;
  SgProjectionStage stage;
  int in_stage, done; /* steps */
};

void
sg_projection_options_init(SgProjectionOptions *o, int steps, gboolean has_d)
{
  *o = (SgProjectionOptions){.steps = {steps},
                             .rate = {0.1, 0.02, 0.05},
                             .coarse = {1, 0.3, 0},
                             .fine = {1, 0.3, has_d ? 1 : 0},
                             .coarse_share = 0.5,
                             .penalty = 1e5,
                             .label = -1};
}

/* ---- what is looked for ---------------------------------------------------------------------- */

static void
values_clear(Values *x, int maps)
{
  for (int k = 0; x->w && k < x->rows; k++)
    sg_var_unref(x->w[k]);
  for (int k = 0; x->noise && k < maps; k++)
    sg_var_unref(x->noise[k]);
  g_free(x->w);
  g_free(x->noise);
  sg_buf_unref(x->values);
  sg_buf_unref(x->m);
  sg_buf_unref(x->v);
  sg_buf_unref(x->gradient);
  *x = (Values){0};
}

static gsize
map_size(const SgProjection *p, int k)
{
  gsize r = (gsize)sg_generator_noise_size(p->g, k);
  return r * r;
}

/* Where picture i's map k begins; k may be the number of maps: behind all of them. */
static gsize
map_at(const SgProjection *p, int i, int k)
{
  gsize at = p->x.w_count;

  for (int j = 0; j < k; j++)
    at += (gsize)p->n * map_size(p, j);
  return i > 0 ? at + (gsize)i * map_size(p, k) : at;
}

static gsize
w_at(const SgProjection *p, int i, int row)
{
  return ((gsize)row * (gsize)p->n + (gsize)i) * (gsize)p->g->network->w_dim;
}

static SgVar *
part(const SgProjection *p, gsize first, int n, int c, int h, int w, gboolean learn)
{
  g_autoptr(SgBuf) view = sg_buf_view(p->x.values, first, n, c, h, w);
  return learn ? sg_var_new_parameter(view) : sg_var_new_constant(view);
}

/* Room for a stage, filled from `values` [count]. */
static gboolean
values_init(SgProjection *p, int rows, const float *values, gboolean learn_w, GError **error)
{
  Values *x = &p->x;
  SgBuf **bufs[] = {&x->values, &x->m, &x->v, &x->gradient};

  values_clear(x, p->maps);
  x->rows = rows;
  x->w_count = w_at(p, 0, rows);
  x->count = map_at(p, 0, p->maps);
  for (guint i = 0; i < G_N_ELEMENTS(bufs); i++) {
    *bufs[i] = sg_buf_new(p->backend, SG_FMT_PLAIN, 1, 1, 1, (int)x->count, error);
    if (!*bufs[i] || !sg_buf_fill(*bufs[i], 0, error))
      return FALSE;
  }
  p->backend->upload(x->values, values);
  x->w = g_new0(SgVar *, rows);
  x->noise = g_new0(SgVar *, MAX(1, p->maps));
  for (int k = 0; k < rows; k++)
    x->w[k] = part(p, w_at(p, 0, k), p->n, p->g->network->w_dim, 1, 1, learn_w);
  for (int k = 0; k < p->maps; k++) {
    int r = sg_generator_noise_size(p->g, k);
    x->noise[k] = part(p, map_at(p, 0, k), p->n, 1, r, r, TRUE);
  }
  return TRUE;
}

/* To be freed; NULL: sg_room_check() knows. */
static float *
download(const SgBuf *buf)
{
  float *v = sg_room(sg_buf_count(buf), sizeof *v);
  if (v)
    buf->backend->download(buf, v);
  return v;
}

static void
draw(SgProjection *p, int i, gsize count, float *out)
{
  if (p->o.normals)
    p->o.normals(p->o.normals_data, i, count, out);
  else
    sg_philox_normals(&p->random[i], count, out);
}

/* w at the mean of all, maps at random. */
static gboolean
begin_values(SgProjection *p, GError **error)
{
  int dim = p->g->network->w_dim;

  p->x.w_count = (gsize)p->n * (gsize)dim;
  g_autofree float *v = sg_room(map_at(p, 0, p->maps), sizeof *v);
  if (!v)
    return sg_room_check(error);
  for (int i = 0; i < p->n; i++) {
    for (int j = 0; j < dim; j++)
      v[(gsize)i * (gsize)dim + (gsize)j] = (float)p->cloud->mean[j];
    for (int k = 0; k < p->maps; k++)
      draw(p, i, map_size(p, k), v + map_at(p, i, k));
  }
  return values_init(p, 1, v, TRUE, error);
}

/* As it is, with one w a layer, or with a w that stays. */
static gboolean
next_values(SgProjection *p, int rows, gboolean learn_w, GError **error)
{
  g_autofree float *old = download(p->x.values);
  gsize row = w_at(p, 0, 1), maps = p->x.count - p->x.w_count;
  g_autofree float *v = sg_room(row * (gsize)rows + maps, sizeof *v);

  if (!old || !v)
    return sg_room_check(error);
  for (int k = 0; k < rows; k++)
    memcpy(v + (gsize)k * row, old + (gsize)MIN(k, p->x.rows - 1) * row, row * sizeof *v);
  memcpy(v + (gsize)rows * row, old + p->x.w_count, maps * sizeof *v);
  return values_init(p, rows, v, learn_w, error);
}

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
asks_for_lpips(const SgProjection *p)
{
  return p->o.lpips && p->o.coarse.lpips + p->o.fine.lpips > 0;
}

static gboolean
open_networks(SgProjection *p, GError **error)
{
  gboolean features = p->o.coarse.features > 0 || p->o.fine.features > 0;
  g_autoptr(SgMapping) m =
      sg_mapping_new_generator(p->backend, p->model, sg_model_generator_prefix(p->model), error);

  if (!m || !(p->cloud = sg_w_cloud_new(m, CLOUD_SAMPLES, p->o.label, error)) ||
      !(p->g = sg_weights_new_generator(p->backend, p->model, FALSE, error)))
    return FALSE;
  p->maps = sg_generator_noise_layers(p->g);
  if (asks_for_lpips(p) && !sg_lpips_check_size(p->g->network->height, p->g->network->width, error))
    return FALSE;
  if (!features)
    return TRUE;
  if (!p->model->info.has_d)
    return sg_unsupported(error,
                          "%s: has no discriminator, whose features were asked for; pixels and the "
                          "pyramid need none",
                          p->model->path);
  p->d = sg_weights_new(p->backend, sg_model_discriminator(p->model), FALSE, error);
  return p->d && sg_weights_load(p->d, p->model, "D.", error);
}

SgProjection *
sg_projection_new(SgModel *model, SgBackend *b, const SgProjectionOptions *o, GError **error)
{
  g_autoptr(SgProjection) p = g_new0(SgProjection, 1);

  p->model = sg_model_ref(model);
  p->backend = b;
  p->o = *o;
  p->tape = sg_tape_new(b);
  return sg_info_require_square(&model->info, "projection", error) && open_networks(p, error)
             ? g_steal_pointer(&p)
             : NULL;
}

static void
end(SgProjection *p)
{
  values_clear(&p->x, p->maps);
  sg_features_clear(&p->wanted);
  sg_features_clear(&p->wanted_lpips);
  g_clear_pointer(&p->targets, g_free);
  g_clear_pointer(&p->pictures, g_free);
  g_clear_pointer(&p->random, g_free);
  g_clear_pointer(&p->loss, g_free);
}

void
sg_projection_free(SgProjection *p)
{
  if (!p)
    return;
  end(p);
  sg_tape_free(p->tape);
  sg_w_cloud_free(p->cloud);
  g_clear_pointer(&p->g, sg_weights_free);
  g_clear_pointer(&p->d, sg_weights_free);
  sg_model_unref(p->model);
  g_free(p);
}

static gboolean
target_features(SgProjection *p, GError **error)
{
  const SgNetwork *net = p->g->network;

  if (!p->d && !asks_for_lpips(p))
    return TRUE;
  g_autoptr(SgBuf) all = sg_buf_from_floats(p->backend, p->targets, p->n, net->channels,
                                            net->height, net->width, error);
  if (!all)
    return FALSE;
  if (p->d)
    sg_features_of(p->tape, p->d, all, &p->wanted);
  if (asks_for_lpips(p))
    sg_lpips_features(p->tape, p->o.lpips, all, &p->wanted_lpips);
  return sg_tape_reset(p->tape, error);
}

gboolean
sg_projection_begin(SgProjection *p, int n, int first, const float *targets, GError **error)
{
  const SgNetwork *net = p->g->network;

  end(p);
  p->n = n;
  p->first = first;
  p->picture_size = (gsize)net->channels * (gsize)net->height * (gsize)net->width;
  p->targets = sg_room(p->picture_size * (gsize)n, sizeof *targets);
  p->pictures = sg_room(p->picture_size * (gsize)n, sizeof *targets);
  if (!p->targets || !p->pictures)
    return sg_room_check(error);
  memcpy(p->targets, targets, sizeof *targets * p->picture_size * (gsize)n);
  memcpy(p->pictures, targets, sizeof *targets * p->picture_size * (gsize)n);
  p->loss = g_new0(SgProjectionLoss, n);
  p->random = g_new0(SgPhilox, n);
  for (int i = 0; i < n; i++)
    p->random[i] = (SgPhilox){.seed = p->o.seed, .stream = (guint64)(STREAM + first + i)};
  p->stage = SG_PROJECTION_W;
  p->in_stage = p->done = 0;
  return begin_values(p, error) && target_features(p, error);
}

/* ---- a step ---------------------------------------------------------------------------------- */

typedef struct {
  SgProjection *p;
  SgProjectionWeights weights;
  SgVar **ws;              /* [rows], with noise */
  SgVar *features, *lpips; /* [n, 1, 1, 1] or NULL */
} Step;

/* Stages with the schedule's noise on w draw it for each row of each picture. */
static gboolean
noisy_w(Step *s, double deviation, GError **error)
{
  SgProjection *p = s->p;
  int dim = p->g->network->w_dim;
  gsize row = w_at(p, 0, 1);
  g_autofree float *v = sg_room(row * (gsize)p->x.rows, sizeof *v);

  if (!v)
    return sg_room_check(error);
  for (int k = 0; k < p->x.rows; k++)
    s->ws[k] = p->x.w[k];
  if (p->stage == SG_PROJECTION_NOISE)
    return TRUE;
  for (int i = 0; i < p->n; i++)
    for (int k = 0; k < p->x.rows; k++)
      draw(p, i, (gsize)dim, v + w_at(p, i, k));
  for (gsize k = 0; k < row * (gsize)p->x.rows; k++)
    v[k] *= (float)deviation;
  for (int k = 0; k < p->x.rows; k++) {
    g_autoptr(SgBuf) noise =
        sg_buf_from_floats(p->backend, v + (gsize)k * row, p->n, dim, 1, 1, error);
    if (!noise)
      return FALSE;
    s->ws[k] = sg_op_add(p->tape, p->x.w[k], sg_var_constant(p->tape, noise));
  }
  return TRUE;
}

/* The loss of all pictures as one number, of which the part without a network is there by its
 * gradient: sum (picture * gradient), the gradient being a constant. */
static SgVar *
loss_of(Step *s, SgVar *picture, GError **error)
{
  SgProjection *p = s->p;
  const SgNetwork *net = p->g->network;
  g_autofree float *gradient = sg_room0(p->picture_size * (gsize)p->n, sizeof *gradient);

  if (!gradient) {
    sg_room_check(error);
    return NULL;
  }
  p->backend->download(V(picture), p->pictures);
  for (int i = 0; i < p->n; i++) {
    gsize at = (gsize)i * p->picture_size;
    SgPictureLoss one =
        sg_picture_loss(net->channels, net->height, net->width, p->pictures + at, p->targets + at,
                        s->weights.pixels, s->weights.pyramid, gradient + at);
    p->loss[i] = (SgProjectionLoss){.pixels = one.pixels,
                                    .pyramid = one.pyramid,
                                    .total = s->weights.pixels * one.pixels +
                                             s->weights.pyramid * one.pyramid};
  }
  g_autoptr(SgBuf) buf =
      sg_buf_from_floats(p->backend, gradient, p->n, net->channels, net->height, net->width, error);
  if (!buf)
    return NULL;
  SgVar *sum = sg_op_sum(p->tape, sg_op_mul(p->tape, picture, sg_var_constant(p->tape, buf)));
  if (p->d && s->weights.features > 0) {
    s->features = sg_feature_loss(p->tape, p->d, picture, &p->wanted);
    sum = sg_op_combine(p->tape, 1, sum, s->weights.features, sg_op_sum(p->tape, s->features));
  }
  if (asks_for_lpips(p) && s->weights.lpips > 0) {
    s->lpips = sg_lpips_distance(p->tape, p->o.lpips, picture, &p->wanted_lpips);
    sum = sg_op_combine(p->tape, 1, sum, s->weights.lpips, sg_op_sum(p->tape, s->lpips));
  }
  return sum;
}

static void
take_features(Step *s)
{
  SgProjection *p = s->p;
  g_autofree float *features = s->features ? download(V(s->features)) : NULL;
  g_autofree float *lpips = s->lpips ? download(V(s->lpips)) : NULL;

  for (int i = 0; i < p->n; i++) {
    p->loss[i].features = features ? (double)features[i] : 0;
    p->loss[i].lpips = lpips ? (double)lpips[i] : 0;
    p->loss[i].total +=
        s->weights.features * p->loss[i].features + s->weights.lpips * p->loss[i].lpips;
  }
}

/* The gradients of everything to the flat buffer. */
static void
sweep(Step *s, SgVar *root)
{
  SgProjection *p = s->p;
  Values *x = &p->x;
  gboolean learn_w = p->stage != SG_PROJECTION_NOISE;
  int rows = learn_w ? x->rows : 0, count = rows + p->maps;
  g_autofree SgVar **wrt = g_new0(SgVar *, MAX(1, count)), **grads = g_new0(SgVar *, MAX(1, count));

  memcpy(wrt, x->w, sizeof *wrt * (gsize)rows);
  memcpy(wrt + rows, x->noise, sizeof *wrt * (gsize)p->maps);
  sg_tape_grad(p->tape, root, NULL, wrt, count, FALSE, grads);
  for (int k = 0; k < count && !sg_tape_failed(p->tape); k++) {
    const SgBuf *v = V(wrt[k]);
    gsize at = k < rows ? w_at(p, 0, k) : map_at(p, 0, k - rows);
    g_autoptr(SgBuf) to = sg_buf_view(x->gradient, at, v->n, v->c, v->h, v->w);
    if (grads[k])
      p->backend->copy(to, V(grads[k]));
  }
}

/* The penalty of the noise maps, whose gradient is added. */
static gboolean
add_penalty(SgProjection *p, GError **error)
{
  gsize n = p->x.count - p->x.w_count;

  if (p->stage == SG_PROJECTION_NOISE || n == 0 || p->o.penalty <= 0)
    return TRUE;
  g_autoptr(SgBuf) maps = sg_buf_view(p->x.values, p->x.w_count, 1, 1, 1, (int)n);
  g_autoptr(SgBuf) gradient = sg_buf_view(p->x.gradient, p->x.w_count, 1, 1, 1, (int)n);
  g_autofree float *v = download(maps), *g = sg_room0(n, sizeof *g);
  if (!v || !g)
    return sg_room_check(error);
  for (int i = 0; i < p->n; i++) {
    for (int k = 0; k < p->maps; k++) {
      gsize at = map_at(p, i, k) - p->x.w_count;
      p->loss[i].penalty +=
          sg_noise_penalty(sg_generator_noise_size(p->g, k), v + at, p->o.penalty, g + at);
    }
    p->loss[i].total += p->o.penalty * p->loss[i].penalty;
  }
  g_autoptr(SgBuf) own = sg_buf_from_floats(p->backend, g, 1, 1, 1, (int)n, error);
  if (!own)
    return FALSE;
  p->backend->combine(gradient, 1, gradient, 1, own);
  return TRUE;
}

static void
normalize_maps(SgProjection *p)
{
  gsize n = p->x.count - p->x.w_count;

  if (p->stage == SG_PROJECTION_NOISE || n == 0)
    return;
  g_autoptr(SgBuf) maps = sg_buf_view(p->x.values, p->x.w_count, 1, 1, 1, (int)n);
  g_autofree float *v = download(maps);
  for (int i = 0; v && i < p->n; i++)
    for (int k = 0; k < p->maps; k++)
      sg_noise_normalize(sg_generator_noise_size(p->g, k), v + map_at(p, i, k) - p->x.w_count);
  if (v)
    p->backend->upload(maps, v);
}

/* Forward, loss, gradients. */
static gboolean
differentiate(SgProjection *p, double noise, GError **error)
{
  gboolean coarse =
      p->stage == SG_PROJECTION_W && p->in_stage < p->o.coarse_share * p->o.steps[p->stage];
  g_autofree SgVar **ws = g_new0(SgVar *, p->x.rows);
  Step s = {.p = p, .weights = coarse ? p->o.coarse : p->o.fine, .ws = ws};
  GError *failed = NULL;
  gboolean ok;

  sg_tape_enter(p->tape);
  ok = noisy_w(&s, noise * p->cloud->deviation, error);
  const SgSynthesisInputs in = {.w = ws, .n_w = p->x.rows, .noise = p->x.noise};
  SgVar *picture = ok ? sg_generator_synthesize(p->tape, p->g, &in) : NULL;
  SgVar *root = picture ? loss_of(&s, picture, error) : NULL;
  if (root) {
    take_features(&s);
    sweep(&s, root);
  }
  sg_tape_leave(p->tape, NULL);
  if (!sg_tape_reset(p->tape, &failed)) {
    if (error && !*error)
      g_propagate_error(error, failed);
    else
      g_error_free(failed);
    return FALSE;
  }
  return root && add_penalty(p, error) && sg_backend_check(p->backend, error);
}

static gboolean
check_finite(const SgProjection *p, GError **error)
{
  for (int i = 0; i < p->n; i++)
    if (!isfinite(p->loss[i].total))
      return sg_broken(error,
                       "%s: the loss is not a finite number after %d steps; a smaller learning "
                       "rate may help, or the model draws no picture",
                       p->model->path, p->done);
  return TRUE;
}

/* Goes on to the stage that the next step belongs to. */
static gboolean
enter_stage(SgProjection *p, GError **error)
{
  SgProjectionStage before = p->stage;

  while (p->stage + 1 < SG_PROJECTION_STAGES && p->in_stage >= p->o.steps[p->stage]) {
    p->stage++;
    p->in_stage = 0;
  }
  if (p->stage == before)
    return TRUE;
  gboolean plus = p->stage == SG_PROJECTION_W_PLUS || p->x.rows > 1;
  return next_values(p, plus ? p->g->network->num_ws : 1, p->stage != SG_PROJECTION_NOISE, error);
}

gboolean
sg_projection_step(SgProjection *p, GError **error)
{
  SgProjectionSchedule schedule = sg_projection_schedule;

  if (!enter_stage(p, error))
    return FALSE;
  int steps = p->o.steps[p->stage];
  schedule.rate = p->o.rate[p->stage];
  if (p->stage != SG_PROJECTION_W)
    schedule.noise = 0; /* what is found already would be lost */
  if (!sg_buf_fill(p->x.gradient, 0, error) ||
      !differentiate(p, sg_projection_noise(&schedule, p->in_stage, steps), error) ||
      !check_finite(p, error))
    return FALSE;
  const SgAdam adam = {.lr = sg_projection_rate(&schedule, p->in_stage, steps),
                       .beta1 = 0.9,
                       .beta2 = 0.999,
                       .eps = 1e-8,
                       .step = ++p->x.step};
  p->backend->adam(p->x.values, p->x.m, p->x.v, p->x.gradient, &adam);
  normalize_maps(p);
  p->in_stage++;
  p->done++;
  return sg_backend_check(p->backend, error);
}

/* ---- results --------------------------------------------------------------------------------- */

int
sg_projection_done(const SgProjection *p)
{
  return p->done;
}

int
sg_projection_total(const SgProjection *p)
{
  int sum = 0;

  for (int i = 0; i < SG_PROJECTION_STAGES; i++)
    sum += p->o.steps[i];
  return sum;
}

SgProjectionStage
sg_projection_stage(const SgProjection *p)
{
  return p->stage;
}

const SgProjectionLoss *
sg_projection_loss(const SgProjection *p, int i)
{
  return &p->loss[i];
}

const float *
sg_projection_picture(const SgProjection *p, int i)
{
  return p->pictures + (gsize)i * p->picture_size;
}

const float *
sg_projection_target(const SgProjection *p, int i)
{
  return p->targets + (gsize)i * p->picture_size;
}

gboolean
sg_projection_is_single(const SgProjection *p)
{
  return p->x.rows == 1;
}

void
sg_projection_ws(const SgProjection *p, int i, double *ws)
{
  const SgNetwork *net = p->g->network;
  g_autoptr(SgBuf) rows = sg_buf_view(p->x.values, 0, 1, 1, 1, (int)p->x.w_count);
  g_autofree float *v = download(rows);

  for (int l = 0; v && l < net->num_ws; l++)
    for (int j = 0; j < net->w_dim; j++)
      ws[l * net->w_dim + j] = (double)v[w_at(p, i, MIN(l, p->x.rows - 1)) + (gsize)j];
}

int
sg_projection_noise_maps(const SgProjection *p)
{
  return p->maps;
}

SgTensor *
sg_projection_noise_map(const SgProjection *p, int i, int k)
{
  gint64 r = sg_generator_noise_size(p->g, k), shape[2] = {r, r};
  SgTensor *t = sg_tensor_new(2, shape);
  g_autoptr(SgBuf) view = sg_buf_view(p->x.values, map_at(p, i, k), 1, 1, (int)r, (int)r);

  if (t)
    p->backend->download(view, t->data);
  return t;
}

const SgWCloud *
sg_projection_cloud(const SgProjection *p)
{
  return p->cloud;
}
