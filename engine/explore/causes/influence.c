#include "engine/explore/causes/influence.h"
#include "engine/autograd/ops.h"
#include "engine/explore/causes/probes.h"
#include "engine/explore/face-noise.h"
#include "engine/explore/nets.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Probes that go through the network together. */
#define BATCH 8
/* Numbers of w that are computed at once. */
#define PART 64
/* From the network's -1…1 to grey levels. */
#define LEVELS 127.5

/* How far w goes for an example of what the region does, in each of its numbers; and the styles
 * besides, as a share of that. */
#define EXAMPLE   0.25f
#define OWN_SHARE 0.25f

typedef struct {
  SgWeights *g;
  const SgSynthesis *net;
  SgStageEdits edits;
  const SgRegion *region;
  SgInfluence *out;
  int layers;     /* that take a style */
  float **affine; /* [layers] of [channels, w_dim], the run-time gain included */
  float **style;  /* [layers] of [channels] */
  SgProbes *probes;
  SgBuf **convolved; /* [layers]: SgSynthesisInputs.convolved of the face */
} Work;

static void
work_clear(Work *k)
{
  for (int l = 0; l < k->layers; l++) {
    g_free(k->affine[l]);
    g_free(k->style[l]);
    sg_buf_unref(k->convolved[l]);
  }
  g_free(k->affine);
  g_free(k->style);
  g_free(k->convolved);
  sg_probes_free(k->probes);
}

static float *
numbers(SgBuf *buf)
{
  float *v = g_new(float, sg_buf_count(buf));
  buf->backend->download(buf, v);
  return v;
}

/* s = A w + b of every layer, as the network computes it. */
static void
fill_styles(Work *k, const float *ws)
{
  const SgNetwork *n = k->g->network;
  gsize dim = (gsize)n->w_dim;

  for (int l = 0; l < k->layers; l++) {
    const SgLayer *layer = sg_generator_styled_layer(k->g, l);
    const float *w = ws + (gsize)layer->w_index * dim;
    double gain = sg_param_scale(n, sg_layer_param(n, layer, SG_ROLE_AFFINE_WEIGHT));
    g_autofree float *bias = numbers(sg_weights_var(k->g, layer, SG_ROLE_AFFINE_BIAS)->value);
    float *a = k->affine[l] = numbers(sg_weights_var(k->g, layer, SG_ROLE_AFFINE_WEIGHT)->value);
    int channels = sg_generator_style_size(k->g, l);
    int counted = layer->kind == SG_KIND_ADAIN ? layer->out : channels; /* the rest moves */
    k->style[l] = g_new(float, channels);
#pragma omp parallel for schedule(static)
    for (int c = 0; c < channels; c++) {
      double sum = (double)bias[c] + (c < counted ? layer->style_offset : 0);
      for (gsize j = 0; j < dim; j++) {
        a[(gsize)c * dim + j] *= (float)gain;
        sum += (double)a[(gsize)c * dim + j] * (double)w[j];
      }
      k->style[l][c] = (float)sum;
    }
  }
}

/* Of the synthesis network, whose pictures of unfinished trainings take no style. */
static int
stage_of(const Work *k, int layer)
{
  int i = 0;

  for (int styled = 0;; i++) {
    styled += sg_synthesis_stage(k->net, (guint)i)->style_channels > 0;
    if (styled == layer + 1)
      return i;
  }
}

static void
add_style_offsets(Work *k, const SgRecipe *recipe)
{
  for (guint i = 0; recipe->s_offset && i < recipe->s_offset->len; i++) {
    const SgLayerOffset *o = &g_array_index(recipe->s_offset, SgLayerOffset, i);
    for (int l = 0; l < k->layers; l++)
      if (stage_of(k, l) == o->layer && o->index < sg_generator_style_size(k->g, l))
        k->style[l][o->index] += (float)o->value;
  }
}

/* n probes from `row` on, as pictures of the region [n, C, h, w]. */
static SgBuf *
probe_pictures(Work *k, int row, int n, GError **error)
{
  const SgRegion *r = k->region;
  int colours = k->g->network->channels, count = colours * r->h * r->w;
  g_autofree float *v = g_new(float, (gsize)count *(gsize)n);
  g_autofree double *one = g_new(double, count);

  for (int i = 0; i < n; i++) {
    sg_probes_fill(k->probes, row + i, one);
    for (int j = 0; j < count; j++)
      v[(gsize)i * (gsize)count + (gsize)j] = (float)one[j];
  }
  return sg_buf_from_floats(k->g->backend, v, n, colours, r->h, r->w, error);
}

/* J^T r of n probes for the numbers of w from `from` to `end`, by layer: [n, num_ws, w_dim]. */
static void
pull_back(const Work *k, int n, float *const *gradient, gsize from, gsize end, double *by_layer)
{
  gsize dim = (gsize)k->out->w_dim, size = (gsize)k->out->num_ws * dim;

  for (int l = 0; l < k->layers; l++) {
    const SgLayer *layer = sg_generator_styled_layer(k->g, l);
    int channels = sg_generator_style_size(k->g, l);
    for (int c = 0; c < channels; c++) {
      const float *a = k->affine[l] + (gsize)c * dim;
      for (int i = 0; i < n; i++) {
        double g = (double)gradient[l][(gsize)i * (gsize)channels + (gsize)c];
        double *w = by_layer + (gsize)i * size + (gsize)layer->w_index * dim;
        for (gsize j = from; j < end; j++)
          w[j] += g * (double)a[j];
      }
    }
  }
}

/* The row of J^T r is kept, and |J^T r|² is added up. */
static void
take_row(SgInfluence *o, double *all, const double *by_layer)
{
  gsize dim = (gsize)o->w_dim;

  for (int l = 0; l < o->num_ws; l++)
    for (gsize j = 0; j < dim; j++) {
      double v = by_layer[(gsize)l * dim + j];
      all[j] += v;
      o->by_layer[(gsize)l * dim + j] += v * v;
    }
  for (gsize j = 0; j < dim; j++)
    o->w[j] += all[j] * all[j];
}

/* What the gradients of n probes say, from `row` on. */
static void
take_probes(Work *k, int row, int n, float *const *gradient)
{
  SgInfluence *o = k->out;
  gsize dim = (gsize)o->w_dim, size = (gsize)o->num_ws * dim, at = 0;
  int parts = (o->w_dim + PART - 1) / PART;
  g_autofree double *by_layer = g_new0(double, (gsize)n *size);

#pragma omp parallel for schedule(static)
  for (int p = 0; p < parts; p++)
    pull_back(k, n, gradient, (gsize)p * PART, MIN(((gsize)p + 1) * PART, dim), by_layer);
  for (int i = 0; i < n; i++)
    take_row(o, o->jacobian + (gsize)(row + i) * dim, by_layer + (gsize)i * size);
  for (int l = 0; l < k->layers; l++) {
    int channels = sg_generator_style_size(k->g, l);
    for (int c = 0; c < channels; c++, at++)
      for (int i = 0; i < n; i++) {
        double g = (double)gradient[l][(gsize)i * (gsize)channels + (gsize)c];
        g_array_index(o->channels, SgChannelInfluence, at).strength += g * g;
      }
  }
}

static gboolean
take_noise(Work *k, SgTape *t, SgVar **noise, GError **error)
{
  g_autofree SgBuf **planes = g_new0(SgBuf *, MAX(1, k->net->num_convs));
  gboolean ok = sg_face_noise(k->net, &k->edits, k->g->backend, planes, error);

  for (int i = 0; i < k->net->num_convs; i++) {
    noise[i] = ok && planes[i] ? sg_var_constant(t, planes[i]) : NULL;
    sg_buf_unref(planes[i]);
  }
  return ok;
}

/* The region of n faces as a function of their styles, `rows` of each layer [n, channels]. With
 * `equal` they are the same, and convolutions are those of one of them once it was asked for. */
static SgVar *
synthesize(Work *k, SgTape *t, float *const *rows, gboolean equal, SgVar **styles, int n,
           GError **error)
{
  g_autofree SgVar **noise = g_new0(SgVar *, MAX(1, k->net->num_convs));
  const SgSynthesisInputs in = {.styles = styles,
                                .noise = noise,
                                .window = k->region,
                                .convolved = equal ? k->convolved : NULL,
                                .motion = &k->edits.motion};

  for (int l = 0; l < k->layers; l++) {
    int channels = sg_generator_style_size(k->g, l);
    g_autoptr(SgBuf) buf =
        sg_buf_from_floats(sg_tape_backend(t), rows[l], n, channels, 1, 1, error);
    if (!buf)
      return NULL;
    styles[l] = sg_var_leaf(t, buf);
  }
  return take_noise(k, t, noise, error) ? sg_generator_synthesize(t, k->g, &in) : NULL;
}

/* Ends what a tape was used for. FALSE: it has failed, which is why a NULL came back, if nothing
 * else has said so. */
static gboolean
leave(SgTape *t, gboolean ok, GError **error)
{
  GError *failed = NULL;

  sg_tape_leave(t, NULL);
  if (sg_tape_reset(t, &failed))
    return ok;
  if (error && !*error)
    g_propagate_error(error, failed);
  else
    g_error_free(failed);
  return FALSE;
}

static float **
rows_new(const Work *k, int n)
{
  float **rows = g_new(float *, k->layers + 1);

  for (int l = 0; l < k->layers; l++) {
    gsize channels = (gsize)sg_generator_style_size(k->g, l);
    rows[l] = g_new(float, (gsize)n *channels);
    for (int i = 0; i < n; i++)
      memcpy(rows[l] + (gsize)i * channels, k->style[l], channels * sizeof(float));
  }
  rows[k->layers] = NULL;
  return rows;
}

static void
rows_free(float **rows)
{
  for (int l = 0; rows[l]; l++)
    g_free(rows[l]);
  g_free(rows);
}

/* ---- what the region does ------------------------------------------------------------------- */

/* w goes somewhere else, and each channel of each style besides, since a channel does what no w
 * does. */
static void
move(Work *k, SgPhilox *random, float **rows, int sample)
{
  gsize dim = (gsize)k->g->network->w_dim;
  g_autofree float *to = g_new(float, dim);

  sg_philox_normals(random, dim, to);
  for (int l = 0; l < k->layers; l++) {
    int channels = sg_generator_style_size(k->g, l);
    g_autofree float *own = g_new(float, channels);
    float *row = rows[l] + (gsize)sample * (gsize)channels;
    sg_philox_normals(random, (gsize)channels, own);
    for (int c = 0; c < channels; c++) {
      const float *a = k->affine[l] + (gsize)c * dim;
      float along = 0, squares = 0;
      for (gsize j = 0; j < dim; j++) {
        along += a[j] * to[j];
        squares += a[j] * a[j];
      }
      row[c] += EXAMPLE * (along + OWN_SHARE * sqrtf(squares) * own[c]);
    }
  }
}

/* The region's numbers of n faces, [n, colours h w]. */
static float *
draw_region(Work *k, SgTape *t, float *const *rows, gboolean equal, int n, GError **error)
{
  g_autofree SgVar **styles = g_new0(SgVar *, k->layers);
  gboolean recorded = sg_tape_record(t, FALSE);
  float *v = NULL;

  sg_tape_enter(t);
  SgVar *picture = synthesize(k, t, rows, equal, styles, n, error);
  if (picture && sg_backend_check(k->g->backend, error))
    v = numbers(picture->value);
  gboolean ok = leave(t, v != NULL, error);
  sg_tape_record(t, recorded);
  if (!ok)
    g_clear_pointer(&v, g_free);
  return v;
}

/* The probes get to know what the region does when a face changes. */
static gboolean
look(Work *k, SgTape *t, GError **error)
{
  int most = sg_probes_examples(k->probes);
  gsize length = (gsize)k->probes->length;
  SgPhilox random = {.seed = k->probes->random.seed, .stream = 1};
  float **one = rows_new(k, 1);
  g_autofree float *face = draw_region(k, t, one, TRUE, 1, error);
  g_autofree double *off = g_new(double, (gsize)MAX(most, 1) * length);
  gboolean ok = face != NULL;

  rows_free(one);
  for (int i = 0; ok && i < most; i += BATCH) {
    int n = MIN(BATCH, most - i);
    float **rows = rows_new(k, n);
    for (int m = 0; m < n; m++)
      move(k, &random, rows, m);
    g_autofree float *v = draw_region(k, t, rows, FALSE, n, error);
    rows_free(rows);
    ok = v != NULL;
    for (gsize j = 0; ok && j < (gsize)n * length; j++)
      off[(gsize)i * length + j] = (double)(v[j] - face[j % length]);
  }
  if (ok && most > 0)
    sg_probes_span(k->probes, most, off);
  return ok;
}

static gboolean
probe(Work *k, SgTape *t, int row, int n, GError **error)
{
  g_autofree SgVar **styles = g_new0(SgVar *, k->layers), **grads = g_new0(SgVar *, k->layers);
  g_autofree float **values = g_new0(float *, k->layers);
  float **rows = rows_new(k, n);
  gboolean ok = FALSE;

  sg_tape_enter(t);
  SgVar *picture = synthesize(k, t, rows, TRUE, styles, n, error);
  rows_free(rows);
  g_autoptr(SgBuf) sign = picture ? probe_pictures(k, row, n, error) : NULL;
  if (sign) {
    sg_tape_grad(t, picture, sg_var_constant(t, sign), styles, k->layers, FALSE, grads);
    for (int l = 0; l < k->layers; l++)
      values[l] = grads[l] ? numbers(grads[l]->value)
                           : g_new0(float, (gsize)n *(gsize)sg_generator_style_size(k->g, l));
    ok = sg_backend_check(k->g->backend, error);
  }
  if (ok)
    take_probes(k, row, n, values);
  for (int l = 0; l < k->layers; l++)
    g_free(values[l]);
  return leave(t, ok, error);
}

static double
root(double squares, int probes, double numbers_in_region)
{
  return LEVELS * sqrt(squares / probes / numbers_in_region);
}

static void
finish(Work *k)
{
  SgInfluence *o = k->out;
  double count = (double)k->region->w * k->region->h * k->g->network->channels;

  for (int j = 0; j < o->w_dim; j++)
    o->w[j] = root(o->w[j], o->probes, count);
  for (gsize j = 0; j < (gsize)o->num_ws * (gsize)o->w_dim; j++)
    o->by_layer[j] = root(o->by_layer[j], o->probes, count);
  for (guint i = 0; i < o->channels->len; i++) {
    SgChannelInfluence *c = &g_array_index(o->channels, SgChannelInfluence, i);
    c->strength = root(c->strength, o->probes, count);
  }
  for (gsize j = 0; j < (gsize)o->probes * (gsize)o->w_dim; j++)
    o->jacobian[j] *= LEVELS / sqrt(o->probes * count);
}

static SgInfluence *
result_new(const Work *k, int probes)
{
  SgInfluence *o = g_new0(SgInfluence, 1);
  const SgNetwork *n = k->g->network;
  gsize dim = (gsize)n->w_dim;

  o->w_dim = n->w_dim;
  o->num_ws = n->num_ws;
  o->probes = probes;
  o->w = g_new0(double, dim);
  o->by_layer = g_new0(double, ((gsize)n->num_ws * dim));
  o->jacobian = g_new0(double, ((gsize)probes * dim));
  o->channels = g_array_new(FALSE, TRUE, sizeof(SgChannelInfluence));
  for (int l = 0; l < k->layers; l++)
    for (int c = 0; c < sg_generator_style_size(k->g, l); c++) {
      const SgChannelInfluence one = {stage_of(k, l), c, 0};
      g_array_append_val(o->channels, one);
    }
  return o;
}

static gboolean
check_region(const SgNetwork *n, const SgRegion *r, GError **error)
{
  if (r->x >= 0 && r->y >= 0 && r->w > 0 && r->h > 0 && r->x <= n->width - r->w &&
      r->y <= n->height - r->h)
    return TRUE;
  return sg_unsupported(error,
                        "the region %d,%d of %d × %d pixels does not lie in pictures of %d × %d",
                        r->x, r->y, r->w, r->h, n->width, n->height);
}

SgInfluence *
sg_influence_new(SgRenderer *r, SgWeights *g, const SgRecipe *recipe, const SgRegion *region,
                 int probes, guint64 seed, GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);
  const SgNetwork *n = g->network;
  g_autofree float *ws = g_new(float, ((gsize)n->num_ws * (gsize)n->w_dim));

  if (!nets || !check_region(n, region, error) || !sg_nets_single_ws(nets, recipe, ws, error))
    return NULL;
  Work k = {.g = g, .net = nets->net, .region = region, .layers = sg_generator_styled_layers(g)};

  if (!sg_nets_stage_edits(nets, recipe, &k.edits, error))
    return NULL;
  g_autoptr(SgTape) tape = sg_tape_new(g->backend);
  k.affine = g_new0(float *, k.layers);
  k.style = g_new0(float *, k.layers);
  k.convolved = g_new0(SgBuf *, k.layers);
  k.out = result_new(&k, probes);
  k.probes = sg_probes_new(n->channels * region->h * region->w, probes, seed);
  fill_styles(&k, ws);
  add_style_offsets(&k, recipe);
  gboolean ok = look(&k, tape, error);
  for (int i = 0; ok && i < probes; i += BATCH)
    ok = probe(&k, tape, i, MIN(BATCH, probes - i), error);
  if (ok)
    finish(&k);
  else
    g_clear_pointer(&k.out, sg_influence_free);
  work_clear(&k);
  return k.out;
}

void
sg_influence_free(SgInfluence *i)
{
  if (!i)
    return;
  g_free(i->w);
  g_free(i->by_layer);
  g_free(i->jacobian);
  g_array_unref(i->channels);
  g_free(i);
}

static void
add_squares(gsize count, double *sum, const double *v, int n)
{
  for (gsize i = 0; i < count; i++)
    sum[i] += v[i] * v[i] / n;
}

static void
take_roots(gsize count, double *v)
{
  for (gsize i = 0; i < count; i++)
    v[i] = sqrt(v[i]);
}

/* Rows of all jacobians, each divided by sqrt (n): their squares add up to the mean. */
SgInfluence *
sg_influence_mean(int n, SgInfluence *const *faces)
{
  SgInfluence *o = g_new0(SgInfluence, 1);
  gsize dim = (gsize)faces[0]->w_dim, layered = dim * (gsize)faces[0]->num_ws, at = 0;

  *o = (SgInfluence){.w_dim = faces[0]->w_dim, .num_ws = faces[0]->num_ws};
  for (int f = 0; f < n; f++)
    o->probes += faces[f]->probes;
  o->w = g_new0(double, dim);
  o->by_layer = g_new0(double, layered);
  o->jacobian = g_new(double, (gsize)o->probes *dim);
  o->channels = g_array_copy(faces[0]->channels);
  for (int f = 0; f < n; f++) {
    add_squares(dim, o->w, faces[f]->w, n);
    add_squares(layered, o->by_layer, faces[f]->by_layer, n);
    for (gsize i = 0; i < (gsize)faces[f]->probes * dim; i++)
      o->jacobian[at++] = faces[f]->jacobian[i] / sqrt(n);
  }
  take_roots(dim, o->w);
  take_roots(layered, o->by_layer);
  for (guint c = 0; c < o->channels->len; c++) {
    double squares = 0;
    for (int f = 0; f < n; f++) {
      double v = g_array_index(faces[f]->channels, SgChannelInfluence, c).strength;
      squares += v * v / n;
    }
    g_array_index(o->channels, SgChannelInfluence, c).strength = sqrt(squares);
  }
  return o;
}

double
sg_influence_direction(const SgInfluence *i, const double *direction)
{
  double squares = 0;

  for (int p = 0; p < i->probes; p++) {
    double v = 0;
    for (int j = 0; j < i->w_dim; j++)
      v += i->jacobian[(gsize)p * (gsize)i->w_dim + (gsize)j] * direction[j];
    squares += v * v;
  }
  return sqrt(squares);
}

double
sg_region_change(const SgRegion *r, int channels, int height, int width, const float *a,
                 const float *b)
{
  double squares = 0;

  for (int c = 0; c < channels; c++)
    for (int y = r->y; y < r->y + r->h; y++)
      for (int x = r->x; x < r->x + r->w; x++) {
        gsize i = ((gsize)c * (gsize)height + (gsize)y) * (gsize)width + (gsize)x;
        double d = LEVELS * (double)(a[i] - b[i]);
        squares += d * d;
      }
  return sqrt(squares / ((double)channels * r->w * r->h));
}

SgRecipe *
sg_hearing_recipe(SgRenderer *r, GError **error)
{
  const SgModelInfo *info = &sg_renderer_model(r)->info;
  g_autoptr(SgRecipe) recipe = sg_recipe_new(info->z_dim, info->w_dim);
  g_autofree double *own = NULL, *mean = NULL;

  recipe->label = info->c_dim > 0 ? 0 : -1;
  own = sg_renderer_ws(r, recipe, error);
  if (!own)
    return NULL;
  recipe->psi = 0;
  mean = sg_renderer_ws(r, recipe, error);
  if (!mean)
    return NULL;
  /* Truncation comes after offsets and would take their effect away, too. */
  recipe->psi = 1;
  for (int i = 0; i < info->w_dim; i++)
    recipe->w_offset[i] = mean[i] - own[i];
  return g_steal_pointer(&recipe);
}
