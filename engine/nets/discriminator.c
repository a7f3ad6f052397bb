#include "engine/nets/discriminator.h"
#include "engine/formats/format-error.h"
#include "engine/base/interrupt.h"
#include "engine/base/room.h"
#include "engine/nets/geometry.h"
#include "engine/nets/params.h"
#include <math.h>

/* What a layer has on the back end. */
typedef struct {
  SgConv *conv;
  SgBuf *w, *bias; /* matrices of fromRGB and dense layers; bias NULL for none */
  SgBuf *scale;    /* convolutions: [1, out] of 1 / sqrt (fan_in), the equalised learning rate */
  SgTensor *wide;  /* the weight that `conv` borrows where it is not the stored one */
  guint last_use;  /* of the layer's result: place in the order of running */
} Part;

struct _SgDiscriminator {
  SgBackend *b;
  SgModel *model;
  const SgNetwork *n; /* the model's */
  Part *parts;        /* [layers] */
  int logits;         /* the layer whose result is the logit, or what is projected on it */
  SgMapping *mapping; /* conditional only */
};

/* ---- building -------------------------------------------------------------------------------- */

static SgTensor *
tensor(const SgDiscriminator *d, const SgLayer *l, SgRole role)
{
  const SgParam *p = sg_layer_param(d->n, l, role);
  return p ? sg_model_tensor(d->model, "D.", p->name) : NULL;
}

static float
weight_scale(const SgDiscriminator *d, const SgLayer *l)
{
  return (float)(l->lr * l->wgain) / sqrtf((float)sg_layer_param(d->n, l, SG_ROLE_WEIGHT)->fan_in);
}

static gboolean
build_conv(SgDiscriminator *d, Part *p, const SgLayer *l, GError **error)
{
  SgConvGeometry g = sg_layer_geometry(l);
  SgTensor *w = tensor(d, l, SG_ROLE_WEIGHT);

  if (l->widen != 0)
    w = p->wide = sg_params_widened(w, (float)l->widen);
  if (!w)
    return sg_room_check(error);
  p->conv = d->b->conv_new(d->b, w->data, l->out, l->in, &g, error);
  return p->conv && (p->scale = sg_params_constant(d->b, l->out, weight_scale(d, l), error));
}

static gboolean
build_layer(SgDiscriminator *d, Part *p, const SgLayer *l, GError **error)
{
  SgTensor *w = tensor(d, l, SG_ROLE_WEIGHT), *bias = tensor(d, l, SG_ROLE_BIAS);

  if (l->section != SG_SECTION_DISCRIMINATOR || !w)
    return TRUE;
  if (l->kind == SG_KIND_CONV ? !build_conv(d, p, l, error)
                              : !(p->w = sg_params_matrix(d->b, w, l->out, 1, 0, error)))
    return FALSE;
  return !bias || (p->bias = sg_params_vector(d->b, bias, 0, error));
}

static void
note_use(SgDiscriminator *d, int layer, guint k)
{
  if (layer >= 0)
    d->parts[layer].last_use = k;
}

static gboolean
build(SgDiscriminator *d, GError **error)
{
  gboolean ok = sg_network_check_runnable(d->n, d->b, error), mapped = FALSE;

  d->logits = d->n->output;
  for (guint k = 0; ok && k < d->n->run->len; k++) {
    const SgLayer *l = sg_network_running(d->n, k);
    note_use(d, l->input, k);
    note_use(d, l->add, k);
    ok = build_layer(d, &d->parts[sg_layer_index(d->n, l)], l, error);
    if (l->kind == SG_KIND_PROJECT) {
      d->logits = l->input;
      mapped = l->second >= 0;
    }
  }
  if (ok && mapped)
    ok = (d->mapping = sg_mapping_new_discriminator(d->b, d->model, error)) != NULL;
  return ok;
}

SgDiscriminator *
sg_discriminator_new(SgBackend *b, SgModel *model, GError **error)
{
  g_autoptr(SgDiscriminator) d = g_new0(SgDiscriminator, 1);

  d->b = b;
  d->model = sg_model_ref(model);
  d->n = sg_model_discriminator(model);
  d->parts = g_new0(Part, d->n->layers->len);
  return build(d, error) ? g_steal_pointer(&d) : NULL;
}

void
sg_discriminator_free(SgDiscriminator *d)
{
  if (!d)
    return;
  for (guint i = 0; i < d->n->layers->len; i++) {
    Part *p = &d->parts[i];
    if (p->conv)
      d->b->conv_free(p->conv);
    sg_buf_unref(p->w);
    sg_buf_unref(p->bias);
    sg_buf_unref(p->scale);
    sg_tensor_unref(p->wide);
  }
  g_free(d->parts);
  sg_mapping_free(d->mapping);
  sg_model_unref(d->model);
  g_free(d);
}

/* ---- running --------------------------------------------------------------------------------- */

/* Results of layers; each is let go after its last use. */
typedef struct {
  const SgDiscriminator *d;
  SgBuf *picture;
  SgBuf **results; /* [layers] */
} Run;

static SgBuf *
input_of(const Run *r, const SgLayer *l)
{
  return l->input >= 0 ? r->results[l->input] : r->picture;
}

/* Of a residual block each branch is multiplied by √½; mystylegan divides the sum: the same but
 * for a clamp, which it has not. */
static SgBuf *
run_conv(const Run *r, const Part *p, const SgLayer *l, GError **error)
{
  SgBackend *b = r->d->b;
  SgBuf *x = input_of(r, l);
  g_autoptr(SgBuf) in = l->before.n ? sg_filter_run(&l->before, x, error) : sg_buf_ref(x);
  g_autoptr(SgBuf) y =
      in ? sg_buf_new(b, SG_FMT_ACT, x->n, l->out, l->out_h, l->out_w, error) : NULL;
  SgEpilogue e = {.scale = p->scale,
                  .bias = p->bias,
                  .slope = (float)l->slope,
                  .gain = (float)l->gain * (float)l->branch,
                  .clamp = l->clamp >= 0 ? (float)l->clamp * (float)l->branch : -1};

  if (!y || !b->conv_run(p->conv, y, in, NULL, &e, error))
    return NULL;
  if (l->add >= 0)
    b->add(y, y, r->results[l->add], 1);
  return g_steal_pointer(&y);
}

/* x += fromRGB (img), or = where there is no x yet. */
static SgBuf *
run_from_rgb(const Run *r, const Part *p, const SgLayer *l, GError **error)
{
  const SgBuf *img = input_of(r, l);
  gboolean accumulate = l->add >= 0;
  SgEpilogue e = {.bias = p->bias,
                  .slope = (float)l->slope,
                  .gain = (float)l->gain * (float)l->branch,
                  .clamp = (float)l->clamp};
  SgBuf *x = accumulate ? sg_buf_ref(r->results[l->add])
                        : sg_buf_new(r->d->b, SG_FMT_ACT, img->n, l->out, img->h, img->w, error);
  if (x)
    r->d->b->from_rgb(x, img, p->w, weight_scale(r->d, l), &e, accumulate);
  return x;
}

/* Largest divisor of n that is at most the model's group size (0: the whole batch). */
static int
group_size(int n, int wanted)
{
  int size = wanted > 0 ? MIN(wanted, n) : n;
  while (n % size)
    size--;
  return size;
}

static SgBuf *
run_batch_std(const Run *r, const SgLayer *l, GError **error)
{
  const SgBuf *x = input_of(r, l);
  SgBuf *y = sg_buf_new(r->d->b, SG_FMT_ACT, x->n, l->out, x->h, x->w, error);
  if (y)
    r->d->b->minibatch_std(y, x, group_size(x->n, l->batch_group), l->features);
  return y;
}

/* x, flattened as c, y, x where it is a picture. */
static SgBuf *
run_dense(const Run *r, const Part *p, const SgLayer *l, GError **error)
{
  SgBackend *b = r->d->b;
  SgBuf *x = input_of(r, l);
  g_autoptr(SgBuf) flat = x->fmt == SG_FMT_PLAIN
                              ? sg_buf_ref(x)
                              : sg_buf_new(b, SG_FMT_PLAIN, x->n, l->in, 1, 1, error);
  SgBuf *y = flat ? sg_buf_new(b, SG_FMT_PLAIN, x->n, l->out, 1, 1, error) : NULL;

  if (y && x->fmt != SG_FMT_PLAIN)
    b->copy(flat, x);
  if (y)
    b->dense(y, flat, p->w, weight_scale(r->d, l), p->bias, (float)l->lr, l->slope != 1,
             (float)l->gain);
  return y;
}

static SgBuf *
run_layer(const Run *r, const SgLayer *l, GError **error)
{
  const Part *p = &r->d->parts[sg_layer_index(r->d->n, l)];

  switch (l->kind) {
  case SG_KIND_FROM_RGB:
    return run_from_rgb(r, p, l, error);
  case SG_KIND_CONV:
    return run_conv(r, p, l, error);
  case SG_KIND_RESAMPLE:
    return sg_filter_run(&l->before, input_of(r, l), error);
  case SG_KIND_BATCH_STD:
    return run_batch_std(r, l, error);
  case SG_KIND_DENSE:
    return run_dense(r, p, l, error);
  default:
    g_assert_not_reached();
  }
}

/* Lets go what nobody needs after place k. */
static void
release(const Run *r, guint k)
{
  const SgNetwork *n = r->d->n;

  for (guint i = 0; i < n->layers->len; i++)
    if (r->d->parts[i].last_use <= k && (int)i != r->d->logits && r->results[i] &&
        r->d->parts[i].last_use > 0)
      g_clear_pointer(&r->results[i], sg_buf_unref);
}

/* Called after each layer with what it gave (borrowed). */
typedef void (*LayerDone)(const SgLayer *l, const SgBuf *x, gpointer data);

/* The picture through all layers: PLAIN [n, out]. `done` may be NULL. */
static SgBuf *
run_layers(const SgDiscriminator *d, int n, const float *images, LayerDone done, gpointer data,
           GError **error)
{
  const SgNetwork *net = d->n;
  g_autofree SgBuf **results = g_new0(SgBuf *, net->layers->len);
  Run r = {d, NULL, results};
  gboolean ok = (r.picture = sg_buf_from_floats(d->b, images, n, net->channels, net->height,
                                                net->width, error)) != NULL;

  for (guint k = 0; ok && k < net->run->len && !results[d->logits]; k++) {
    const SgLayer *l = sg_network_running(net, k);
    if (l->section == SG_SECTION_DISCRIMINATOR)
      ok = !sg_interrupted(error) &&
           (results[sg_layer_index(net, l)] = run_layer(&r, l, error)) != NULL;
    if (ok && done && l->section == SG_SECTION_DISCRIMINATOR)
      done(l, results[sg_layer_index(net, l)], data);
    release(&r, k);
  }
  SgBuf *out = ok ? g_steal_pointer(&results[d->logits]) : NULL;
  for (guint i = 0; i < net->layers->len; i++)
    sg_buf_unref(results[i]);
  sg_buf_unref(r.picture);
  return out;
}

/* Conditional (Miyato & Koyama 2018, projection): logit = out · mapping (class) / sqrt (size). */
static gboolean
project(const SgDiscriminator *d, int n, const float *out, int size, const int *labels,
        float *logits, GError **error)
{
  g_autofree float *cmap = g_try_new(float, ((gsize)n * size));
  if (!cmap)
    return sg_no_memory(error, "for scores");
  if (!sg_mapping_run(d->mapping, n, NULL, labels, cmap, error))
    return FALSE;
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < size; j++)
      sum += (double)out[(gsize)i * size + j] * cmap[(gsize)i * size + j];
    logits[i] = (float)(sum / sqrt(size));
  }
  return TRUE;
}

gboolean
sg_discriminator_run(SgDiscriminator *d, int n, const float *images, const int *labels,
                     float *logits, GError **error)
{
  g_autoptr(SgBuf) out = run_layers(d, n, images, NULL, NULL, error);
  if (!out)
    return FALSE;
  g_autofree float *values = g_try_new(float, (gsize)n * out->c);
  if (!values)
    return sg_no_memory(error, "for scores");
  d->b->download(out, values);
  if (!sg_backend_check(d->b, error))
    return FALSE;
  if (d->mapping)
    return project(d, n, values, out->c, labels, logits, error);
  /* Without a label there is a logit only where there is one alone: a label of zeros gives 0. */
  gboolean by_label = d->logits != d->n->output;
  for (int i = 0; i < n; i++) {
    int k = !by_label ? 0 : labels ? labels[i] : -1;
    logits[i] = k >= 0 && k < out->c ? values[(gsize)i * (gsize)out->c + (gsize)k] : 0;
  }
  return TRUE;
}

/* ---- features -------------------------------------------------------------------------------- */

#define FEATURE_BLOCKS 3

/* Whether features are taken of this layer: one of the last blocks'. */
static gboolean
has_features(const SgDiscriminator *d, const SgLayer *l)
{
  int later = 0;

  for (guint k = d->n->run->len; k-- > 0;) {
    const SgLayer *other = sg_network_running(d->n, k);
    if (other == l)
      return sg_layer_ends_block(l) && later < FEATURE_BLOCKS;
    later += sg_layer_ends_block(other);
  }
  return FALSE;
}

int
sg_discriminator_feature_count(const SgDiscriminator *d, int grid)
{
  int count = 0;

  for (guint i = 0; i < d->n->layers->len; i++) {
    const SgLayer *l = sg_network_layer(d->n, (int)i);
    count += has_features(d, l) ? l->out * grid * grid : 0;
  }
  return count;
}

typedef struct {
  const SgDiscriminator *d;
  int grid, count, at; /* at: where this layer's features go */
  float *features;
} Pooling;

/* The mean over each of grid × grid cells of a plane; a plane smaller than the grid repeats
 * itself. */
static void
pool_plane(const float *plane, int h, int w, int grid, float *out)
{
  for (int gy = 0; gy < grid; gy++)
    for (int gx = 0; gx < grid; gx++) {
      int y0 = gy * h / grid, y1 = MAX(y0 + 1, (gy + 1) * h / grid);
      int x0 = gx * w / grid, x1 = MAX(x0 + 1, (gx + 1) * w / grid);
      double sum = 0;
      for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
          sum += (double)plane[y * w + x];
      out[gy * grid + gx] = (float)(sum / ((y1 - y0) * (x1 - x0)));
    }
}

static void
pool_layer(const SgLayer *l, const SgBuf *x, gpointer data)
{
  Pooling *p = data;
  gsize plane = (gsize)x->h * (gsize)x->w;
  int cells = p->grid * p->grid;

  if (!has_features(p->d, l))
    return;
  g_autofree float *all = sg_room((gsize)x->n * (gsize)x->c * plane, sizeof *all);
  if (!all)
    return;
  x->backend->download(x, all);
  for (int i = 0; i < x->n; i++)
    for (int c = 0; c < x->c; c++)
      pool_plane(all + ((gsize)i * (gsize)x->c + (gsize)c) * plane, x->h, x->w, p->grid,
                 p->features + (gsize)i * (gsize)p->count + p->at + c * cells);
  p->at += x->c * cells;
}

gboolean
sg_discriminator_features(SgDiscriminator *d, int n, const float *images, int grid, float *features,
                          GError **error)
{
  Pooling p = {d, grid, sg_discriminator_feature_count(d, grid), 0, features};
  g_autoptr(SgBuf) x = run_layers(d, n, images, pool_layer, &p, error);

  return x && sg_backend_check(d->b, error);
}
