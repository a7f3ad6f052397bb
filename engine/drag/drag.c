#include "engine/drag/drag.h"
#include "engine/autograd/ops.h"
#include "engine/base/room.h"
#include "engine/explore/face-noise.h"
#include "engine/explore/nets.h"
#include "engine/formats/format-error.h"
#include "engine/gradients/networks.h"
#include "engine/projection/w-cloud.h"
#include <math.h>
#include <string.h>

#define PAPER_SIZE     512.0
#define PAPER_HANDLE   3.0
#define PAPER_SEARCH   12.0
#define PAPER_NEAR     2.0
#define PAPER_FEATURES 128
#define PAPER_LAYERS   6
#define PAPER_HOLD     20.0

/* In a small picture the paper's shares would be less than a pixel. */
#define LEAST_HANDLE   2.0
#define LEAST_SEARCH   2
#define LEAST_NEAR     1.0
#define LEAST_FEATURES 32
#define LEAST_HOLD     4.0

/* For the mean, the deviation and the percentiles of w. */
#define CLOUD_SAMPLES 2000

struct _SgDrag {
  SgDragOptions o;
  SgModel *model;
  SgBackend *backend;
  SgWeights *g;
  SgWCloud *cloud;
  SgTape *tape;
  SgRecipe *recipe; /* that it began with */
  SgFeatureMap map;
  int num_ws, w_dim, maps;
  SgBuf **noise;         /* [maps], or NULL each */
  double *first, *shown; /* [num_ws, w_dim] of the recipe, and as looked at last */

  SgBuf *values, *m, *v, *gradient; /* [1, 1, 1, layers w_dim] */
  SgVar **w;                        /* [num_ws]: views that learn, then constants */

  int n, done;
  SgDragPair pairs[SG_DRAG_MAX_PAIRS];
  gboolean looked; /* the features of the face that it was aimed at are known */
  float *wanted;   /* [n, channels]: under the handles at first */
  float *before;   /* all of them at first; NULL: nothing is held */
  float *held;     /* [size, size] */
};

void
sg_drag_options_init(SgDragOptions *o, const SgModelInfo *info)
{
  int size = info->img_resolution;

  *o = (SgDragOptions){.features = MIN(size, CLAMP(size / (int)(PAPER_SIZE / PAPER_FEATURES),
                                                   LEAST_FEATURES, PAPER_FEATURES)),
                       .layers = MIN(PAPER_LAYERS, info->num_ws),
                       .rate = 0.005,
                       .hold = MAX(PAPER_HOLD * size / PAPER_SIZE, LEAST_HOLD)};
}

static double
share_of(const SgDrag *d, double paper, double least)
{
  return MAX(paper / PAPER_SIZE * d->map.height, least);
}

double
sg_drag_near(const SgDrag *d)
{
  return share_of(d, PAPER_NEAR, LEAST_NEAR);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* StyleGAN3's planes are larger than the picture by a margin, and each lies otherwise in it. */
static gboolean
has_margins(const SgNetwork *n)
{
  for (guint k = 0; k < n->run->len; k++)
    if (sg_network_running(n, k)->kind == SG_KIND_FOURIER)
      return TRUE;
  return FALSE;
}

static gboolean
open_networks(SgDrag *d, SgMapping *mapping, GError **error)
{
  const SgModelInfo *info = &d->model->info;

  if (!(d->g = sg_weights_new_generator(d->backend, d->model, FALSE, error)))
    return FALSE;
  if (has_margins(d->g->network))
    return sg_unsupported(error,
                          "%s: a StyleGAN3's features have margins around the picture, so that "
                          "points are not found in them; StyleGAN and StyleGAN2 can be dragged",
                          d->model->path);
  d->map = (SgFeatureMap){.size = d->o.features,
                          .channels = sg_generator_feature_channels(d->g, d->o.features),
                          .height = info->img_resolution,
                          .width = info->img_resolution};
  if (d->map.channels == 0 || info->img_resolution % d->o.features != 0)
    return sg_unsupported(error,
                          "%s: has no layer with features of %d × %d pixels for pictures of %d × "
                          "%d to be dragged by",
                          d->model->path, d->o.features, d->o.features, info->img_resolution,
                          info->img_resolution);
  d->o.layers = CLAMP(d->o.layers, 1, sg_generator_feature_ws(d->g, d->o.features));
  d->cloud = sg_w_cloud_new(mapping, CLOUD_SAMPLES, d->recipe->label, error);
  return d->cloud != NULL;
}

static gboolean
take_noise(SgDrag *d, SgNets *nets, GError **error)
{
  SgStageEdits edits;

  d->maps = nets->net->num_convs;
  d->noise = g_new0(SgBuf *, MAX(1, d->maps));
  return sg_nets_stage_edits(nets, d->recipe, &edits, error) &&
         sg_face_noise(nets->net, &edits, d->backend, d->noise, error);
}

static SgVar *
row(SgDrag *d, const float *ws, int layer, GError **error)
{
  gsize at = (gsize)layer * (gsize)d->w_dim;

  if (layer < d->o.layers) {
    g_autoptr(SgBuf) view = sg_buf_view(d->values, at, 1, d->w_dim, 1, 1);
    return sg_var_new_parameter(view);
  }
  g_autoptr(SgBuf) own = sg_buf_from_floats(d->backend, ws + at, 1, d->w_dim, 1, 1, error);
  return own ? sg_var_new_constant(own) : NULL;
}

static gboolean
take_ws(SgDrag *d, SgNets *nets, GError **error)
{
  SgBuf **bufs[] = {&d->values, &d->m, &d->v, &d->gradient};
  gsize count = (gsize)d->num_ws * (gsize)d->w_dim;
  g_autofree float *ws = sg_room(count, sizeof *ws);

  d->first = sg_room(count, sizeof *d->first);
  d->shown = sg_room(count, sizeof *d->shown);
  if (!ws || !d->first || !d->shown)
    return sg_room_check(error);
  if (!sg_nets_single_ws(nets, d->recipe, ws, error))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    d->first[i] = d->shown[i] = (double)ws[i];
  for (guint i = 0; i < G_N_ELEMENTS(bufs); i++)
    if (!(*bufs[i] =
              sg_buf_new(d->backend, SG_FMT_PLAIN, 1, 1, 1, d->o.layers * d->w_dim, error)) ||
        !sg_buf_fill(*bufs[i], 0, error))
      return FALSE;
  d->backend->upload(d->values, ws);
  d->w = g_new0(SgVar *, d->num_ws);
  for (int l = 0; l < d->num_ws; l++)
    if (!(d->w[l] = row(d, ws, l, error)))
      return FALSE;
  return TRUE;
}

SgDrag *
sg_drag_new(SgRenderer *r, const SgRecipe *recipe, const SgDragOptions *o, GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);
  g_autoptr(SgDrag) d = g_new0(SgDrag, 1);

  if (!nets || !sg_info_require_square(&nets->model->info, "dragging", error))
    return NULL;
  d->o = *o;
  d->model = sg_model_ref(nets->model);
  d->backend = sg_renderer_backend(r);
  d->recipe = sg_recipe_face(recipe, 0);
  d->tape = sg_tape_new(d->backend);
  d->num_ws = nets->net->num_ws;
  d->w_dim = nets->net->w_dim;
  return open_networks(d, nets->mapping, error) && take_noise(d, nets, error) &&
                 take_ws(d, nets, error)
             ? g_steal_pointer(&d)
             : NULL;
}

void
sg_drag_free(SgDrag *d)
{
  if (!d)
    return;
  for (int l = 0; d->w && l < d->num_ws; l++)
    sg_var_unref(d->w[l]);
  for (int k = 0; d->noise && k < d->maps; k++)
    sg_buf_unref(d->noise[k]);
  g_free(d->w);
  g_free(d->noise);
  sg_buf_unref(d->values);
  sg_buf_unref(d->m);
  sg_buf_unref(d->v);
  sg_buf_unref(d->gradient);
  g_free(d->first);
  g_free(d->shown);
  g_free(d->wanted);
  g_free(d->before);
  g_free(d->held);
  sg_tape_free(d->tape);
  sg_w_cloud_free(d->cloud);
  g_clear_pointer(&d->g, sg_weights_free);
  sg_recipe_free(d->recipe);
  sg_model_unref(d->model);
  g_free(d);
}

/* ---- what is wanted -------------------------------------------------------------------------- */

static gboolean
check_place(const SgDrag *d, const char *what, SgPlace p, GError **error)
{
  const SgFeatureMap *m = &d->map;

  if (p.x >= 0 && p.y >= 0 && p.x <= m->width - 1 && p.y <= m->height - 1)
    return TRUE;
  return sg_unsupported(error,
                        "the %s %g,%g does not lie in the picture, whose pixels are 0,0 to %d,%d",
                        what, p.x, p.y, m->width - 1, m->height - 1);
}

/* The share of each of the plane's pixels that is held. */
static gboolean
take_held(SgDrag *d, const guint8 *held, GError **error)
{
  const SgFeatureMap *m = &d->map;
  int block = m->height / m->size;
  gboolean some = FALSE;

  g_clear_pointer(&d->held, g_free);
  g_clear_pointer(&d->before, g_free);
  for (gsize i = 0; held && i < (gsize)m->height * (gsize)m->width; i++)
    some |= held[i] != 0;
  if (!some)
    return TRUE;
  d->held = sg_room0((gsize)m->size * (gsize)m->size, sizeof *d->held);
  d->before = sg_room(sg_feature_count(m), sizeof *d->before);
  if (!d->held || !d->before)
    return sg_room_check(error);
  for (int y = 0; y < m->height; y++)
    for (int x = 0; x < m->width; x++)
      if (held[(gsize)y * (gsize)m->width + (gsize)x])
        d->held[(y / block) * m->size + x / block] += 1.0f / (float)(block * block);
  return TRUE;
}

gboolean
sg_drag_aim(SgDrag *d, int n, const SgDragPair *pairs, const guint8 *held, GError **error)
{
  g_return_val_if_fail(n >= 1 && n <= SG_DRAG_MAX_PAIRS, FALSE);
  for (int i = 0; i < n; i++)
    if (!check_place(d, "handle", pairs[i].handle, error) ||
        !check_place(d, "target", pairs[i].target, error))
      return FALSE;
  g_free(d->wanted);
  if (!(d->wanted = sg_room((gsize)n * (gsize)d->map.channels, sizeof *d->wanted)))
    return sg_room_check(error);
  memcpy(d->pairs, pairs, sizeof *pairs * (gsize)n);
  d->n = n;
  d->done = 0;
  d->looked = FALSE;
  return take_held(d, held, error);
}

/* ---- a step ---------------------------------------------------------------------------------- */

static SgVar *
draw_features(SgDrag *d)
{
  g_autofree SgVar **noise = g_new0(SgVar *, MAX(1, d->maps));

  for (int k = 0; k < d->maps; k++)
    noise[k] = d->noise[k] ? sg_var_constant(d->tape, d->noise[k]) : NULL;
  const SgRecipe *r = d->recipe;
  const SgMotion motion = {r->rotate, r->translate_x, r->translate_y};
  const SgSynthesisInputs in = {.w = d->w, .n_w = d->num_ws, .noise = noise, .motion = &motion};
  SgVar *x = sg_generator_features(d->tape, d->g, &in, d->map.size);
  return sg_op_to_plain(d->tape, x, 1, d->map.channels, d->map.size, d->map.size);
}

/* [channels, places] -> [places, channels], or the other way round with the numbers changed. */
static void
turn(const float *from, gsize rows, gsize columns, float *to)
{
  for (gsize i = 0; i < rows; i++)
    for (gsize j = 0; j < columns; j++)
      to[j * rows + i] = from[i * columns + j];
}

/* The features of the tape's result as motion.h takes them. NULL: sg_room_check() knows. */
static float *
read_features(const SgDrag *d, const SgBuf *value)
{
  gsize places = (gsize)d->map.size * (gsize)d->map.size, channels = (gsize)d->map.channels;
  g_autofree float *v = sg_room(places * channels, sizeof *v);
  float *f = sg_room(places * channels, sizeof *f);

  if (v && f) {
    d->backend->download(value, v);
    turn(v, channels, places, f);
    return f;
  }
  g_free(f);
  return NULL;
}

static void
find_handles(SgDrag *d, const float *features)
{
  int radius = (int)rint(share_of(d, PAPER_SEARCH, LEAST_SEARCH));

  for (int i = 0; i < d->n; i++) {
    float *wanted = d->wanted + (gsize)i * (gsize)d->map.channels;
    if (d->looked)
      d->pairs[i].handle = sg_motion_track(&d->map, features, wanted, d->pairs[i].handle, radius);
    else
      sg_feature_at(&d->map, features, d->pairs[i].handle, wanted);
  }
  if (!d->looked && d->before)
    memcpy(d->before, features, sg_feature_count(&d->map) * sizeof *features);
  d->looked = TRUE;
}

/* Of all handles that are not there yet, and of what is held. */
static double
loss_of(const SgDrag *d, const float *features, float *gradient)
{
  double sum = 0;

  for (int i = 0; i < d->n; i++) {
    const SgDragPair *p = &d->pairs[i];
    if (hypot(p->target.x - p->handle.x, p->target.y - p->handle.y) > LEAST_NEAR)
      sum += sg_motion_loss(&d->map, features, p->handle, p->target,
                            share_of(d, PAPER_HANDLE, LEAST_HANDLE), gradient);
  }
  return d->held ? sum + d->o.hold * sg_motion_hold(&d->map, features, d->before, d->held,
                                                    d->o.hold, gradient)
                 : sum;
}

/* The gradient of the loss with respect to w. */
static gboolean
sweep(SgDrag *d, SgVar *x, const float *features, GError **error)
{
  gsize places = (gsize)d->map.size * (gsize)d->map.size, channels = (gsize)d->map.channels;
  g_autofree float *gradient = sg_room0(places * channels, sizeof *gradient);
  g_autofree float *planes = sg_room(places * channels, sizeof *planes);
  g_autofree SgVar **grads = g_new0(SgVar *, d->o.layers);

  if (!gradient || !planes)
    return sg_room_check(error);
  double loss = loss_of(d, features, gradient);
  if (!isfinite(loss))
    return sg_broken(error,
                     "%s: the features are not finite numbers after %d steps; a smaller learning "
                     "rate may help, or the model draws no picture",
                     d->model->path, d->done);
  turn(gradient, places, channels, planes);
  g_autoptr(SgBuf) seed =
      sg_buf_from_floats(d->backend, planes, 1, d->map.channels, d->map.size, d->map.size, error);
  if (!seed)
    return FALSE;
  sg_tape_grad(d->tape, x, sg_var_constant(d->tape, seed), d->w, d->o.layers, FALSE, grads);
  for (int l = 0; l < d->o.layers && !sg_tape_failed(d->tape); l++) {
    g_autoptr(SgBuf) to = sg_buf_view(d->gradient, (gsize)l * (gsize)d->w_dim, 1, d->w_dim, 1, 1);
    if (grads[l])
      d->backend->copy(to, grads[l]->value);
  }
  return TRUE;
}

/* Looks at the face; `more`: and the gradient is wanted. */
static gboolean
look(SgDrag *d, gboolean *more, GError **error)
{
  GError *failed = NULL;
  gboolean ok = FALSE;

  sg_tape_enter(d->tape);
  SgVar *x = draw_features(d);
  g_autofree float *features = x ? read_features(d, x->value) : NULL;
  if (features) {
    find_handles(d, features);
    *more = !sg_drag_is_there(d);
    ok = !*more || sweep(d, x, features, error);
  }
  sg_tape_leave(d->tape, NULL);
  if (!sg_tape_reset(d->tape, &failed)) {
    if (error && !*error)
      g_propagate_error(error, failed);
    else
      g_error_free(failed);
    return FALSE;
  }
  return (features || sg_room_check(error)) && ok && sg_backend_check(d->backend, error);
}

static gboolean
remember(SgDrag *d, GError **error)
{
  gsize count = sg_buf_count(d->values);
  g_autofree float *v = sg_room(count, sizeof *v);

  if (!v)
    return sg_room_check(error);
  d->backend->download(d->values, v);
  for (gsize i = 0; i < count; i++)
    d->shown[i] = (double)v[i];
  return TRUE;
}

gboolean
sg_drag_step(SgDrag *d, GError **error)
{
  gboolean more = FALSE;

  g_return_val_if_fail(d->n > 0, FALSE);
  if (!sg_buf_fill(d->gradient, 0, error) || !look(d, &more, error) || !remember(d, error))
    return FALSE;
  if (!more)
    return TRUE;
  const SgAdam adam = {.lr = d->o.rate * d->cloud->deviation / sqrt(d->w_dim),
                       .beta1 = 0.9,
                       .beta2 = 0.999,
                       .eps = 1e-8,
                       .step = (guint64)++d->done};
  d->backend->adam(d->values, d->m, d->v, d->gradient, &adam);
  return sg_backend_check(d->backend, error);
}

/* ---- results --------------------------------------------------------------------------------- */

int
sg_drag_done(const SgDrag *d)
{
  return d->done;
}

gboolean
sg_drag_is_there(const SgDrag *d)
{
  for (int i = 0; i < d->n; i++) {
    const SgDragPair *p = &d->pairs[i];
    if (hypot(p->target.x - p->handle.x, p->target.y - p->handle.y) > sg_drag_near(d))
      return FALSE;
  }
  return TRUE;
}

const SgDragPair *
sg_drag_pairs(const SgDrag *d, int *n)
{
  *n = d->n;
  return d->pairs;
}

double
sg_drag_distance(const SgDrag *d)
{
  double sum = 0;

  for (int i = 0; i < d->n; i++)
    sum += hypot(d->pairs[i].target.x - d->pairs[i].handle.x,
                 d->pairs[i].target.y - d->pairs[i].handle.y);
  return sum / MAX(1, d->n);
}

SgRecipe *
sg_drag_recipe(const SgDrag *d)
{
  SgRecipe *r = sg_recipe_copy(d->recipe);

  sg_recipe_drop_vectors(r);
  sg_recipe_clear_edits(r, SG_SPACE_Z);
  sg_recipe_clear_edits(r, SG_SPACE_W);
  sg_recipe_set_mix(r, 0, NULL);
  r->psi = 1;
  r->cutoff = -1;
  r->towards = SG_TOWARDS_AVERAGE;
  sg_recipe_set_w(r, d->num_ws, d->shown);
  return r;
}

double
sg_drag_percentile(const SgDrag *d)
{
  return sg_w_cloud_percentile(d->cloud, d->num_ws, d->shown);
}

double
sg_drag_moved(const SgDrag *d, int layer)
{
  const double *a = d->first + (gsize)layer * (gsize)d->w_dim,
               *b = d->shown + (gsize)layer * (gsize)d->w_dim;
  double squares = 0;

  for (int j = 0; j < d->w_dim; j++)
    squares += (b[j] - a[j]) * (b[j] - a[j]);
  return sqrt(squares) / d->cloud->deviation;
}
