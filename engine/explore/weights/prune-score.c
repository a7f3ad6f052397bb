#include "engine/explore/weights/prune-score.h"
#include "engine/base/interrupt.h"
#include "engine/kernels/element.h"
#include "engine/explore/nets.h"
#include "engine/explore/weights/real-score.h"
#include <math.h>
#include <string.h>

/* Faces of a slice at 64×64 pixels; fewer where pictures are larger. A slice stays near 20 ms. */
#define SLICE_FACES  8
#define SLICE_PIXELS ((gint64)SLICE_FACES * 64 * 64)

/* ---- counts ---------------------------------------------------------------------------------- */

struct _SgPruneCounter {
  SgModel *model;
  GArray *layers;    /* of SgWeightLayer */
  GPtrArray *sorted; /* of float[numel], rising magnitudes */
  guint64 total;
};

/* Radix sort, 11 bits a pass: the bits of floats that are not negative rise with their values. */
static void
sort_magnitudes(guint32 *keys, guint32 *spare, gsize n)
{
  for (int shift = 0; shift < 33; shift += 11) {
    gsize count[2049] = {0};
    for (gsize i = 0; i < n; i++)
      count[(keys[i] >> shift & 2047) + 1]++;
    for (int i = 0; i < 2048; i++)
      count[i + 1] += count[i];
    for (gsize i = 0; i < n; i++)
      spare[count[keys[i] >> shift & 2047]++] = keys[i];
    guint32 *sorted = spare;
    spare = keys;
    keys = sorted;
  }
}

/* |w| of a layer, rising; to be freed. */
static float *
sorted_magnitudes(const SgTensor *t, GError **error)
{
  g_autofree guint32 *keys = g_try_new(guint32, MAX(t->numel, 1));
  guint32 *sorted = g_try_new(guint32, MAX(t->numel, 1));

  if (!keys || !sorted) {
    g_free(sorted);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "not enough memory to sort %" G_GSIZE_FORMAT " weights", t->numel);
    return NULL;
  }
  for (gsize i = 0; i < t->numel; i++) {
    float m = fabsf(t->data[i]);
    memcpy(&keys[i], &m, sizeof m);
  }
  sort_magnitudes(keys, sorted, t->numel); /* an odd number of passes ends in the other array */
  return (float *)sorted;
}

SgPruneCounter *
sg_prune_counter_new(SgModel *model, GError **error)
{
  g_autoptr(SgPruneCounter) c = g_new0(SgPruneCounter, 1);

  c->model = sg_model_ref(model);
  c->layers = sg_weight_layers(model);
  c->sorted = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < c->layers->len; i++) {
    const SgTensor *t = g_array_index(c->layers, SgWeightLayer, i).tensor;
    float *m = sorted_magnitudes(t, error);
    if (!m)
      return NULL;
    g_ptr_array_add(c->sorted, m);
    c->total += t->numel;
  }
  return g_steal_pointer(&c);
}

void
sg_prune_counter_free(SgPruneCounter *c)
{
  if (!c)
    return;
  g_ptr_array_unref(c->sorted);
  g_array_unref(c->layers);
  sg_model_unref(c->model);
  g_free(c);
}

guint
sg_prune_counter_layers(const SgPruneCounter *c)
{
  return c->layers->len;
}

const SgWeightLayer *
sg_prune_counter_layer_info(const SgPruneCounter *c, guint i)
{
  return &g_array_index(c->layers, SgWeightLayer, i);
}

guint64
sg_prune_counter_layer(const SgPruneCounter *c, guint i, const SgPrune *p)
{
  const SgWeightLayer *layer = sg_prune_counter_layer_info(c, i);
  double threshold = sg_prune_stored_threshold(layer, p);
  const float *m = c->sorted->pdata[i];
  gsize low = 0, high = layer->tensor->numel; /* the first that stays is within */

  while (low < high) {
    gsize middle = low + (high - low) / 2;
    if ((double)m[middle] >= threshold)
      high = middle;
    else
      low = middle + 1;
  }
  return layer->tensor->numel - low;
}

guint64
sg_prune_counter_remaining(const SgPruneCounter *c, const SgPrune *p)
{
  guint64 n = 0;

  for (guint i = 0; i < c->layers->len; i++)
    n += sg_prune_counter_layer(c, i, p);
  return n;
}

guint64
sg_prune_counter_total(const SgPruneCounter *c)
{
  return c->total;
}

/* ---- scores ---------------------------------------------------------------------------------- */

typedef enum { PHASE_WEIGHTS, PHASE_FACES, PHASE_SCORES, PHASE_IDLE } Phase;

struct _SgPruneScorer {
  SgModel *model;
  SgRenderer *renderer;
  SgPruneCounter *counter;
  SgRecipe *recipe; /* of the next slice's faces */
  SgPrune prune;
  guint32 seed;
  Phase phase;
  int at; /* next face of the phase */
  SgJudge judge;
  SgTensor *pixels; /* SG_JUDGE_TRAINING: [images, C, R, R] that D sees, unclamped; else NULL */
  guint8 *rgb;
  double *logits;
  int *labels; /* [images] or NULL */
  SgPruneResult result;
};

static gboolean
scorer_alloc(SgPruneScorer *s, int images, GError **error)
{
  const SgModelInfo *info = &s->model->info;
  gsize pixels = (gsize)images * (gsize)sg_info_height(info) * (gsize)sg_info_width(info);

  if (!(s->rgb = g_try_malloc0(pixels * k_drawn_bytes((unsigned)info->img_channels)))) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for %d pictures",
                images);
    return FALSE;
  }
  s->logits = g_new0(double, images);
  s->labels = info->c_dim > 0 ? g_new0(int, images) : NULL;
  return TRUE;
}

SgPruneScorer *
sg_prune_scorer_new(SgModel *model, int images, guint32 seed, double psi, GError **error)
{
  g_autoptr(SgPruneScorer) s = g_new0(SgPruneScorer, 1);
  const SgModelInfo *info = &model->info;

  g_assert(images >= 1 && images <= SG_PRUNE_MAX_IMAGES);
  s->model = sg_model_ref(model);
  s->seed = seed;
  s->phase = PHASE_IDLE;
  s->recipe = sg_recipe_new(info->z_dim, info->w_dim);
  s->recipe->psi = psi;
  s->recipe->label = info->c_dim > 0 ? 0 : -1;
  if (!(s->renderer = sg_renderer_new(model, NULL, error)) ||
      !(s->counter = sg_prune_counter_new(model, error)) || !scorer_alloc(s, images, error))
    return NULL;
  sg_renderer_set_cache_budget(s->renderer, 0); /* no face is drawn twice with the same weights */
  s->result = (SgPruneResult){.total = sg_prune_counter_total(s->counter),
                              .images = images,
                              .channels = info->img_channels,
                              .width = sg_info_width(info),
                              .height = sg_info_height(info),
                              .bytes = (int)k_drawn_bytes((unsigned)info->img_channels),
                              .rgb = s->rgb,
                              .logits = s->logits};
  return g_steal_pointer(&s);
}

void
sg_prune_scorer_free(SgPruneScorer *s)
{
  if (!s)
    return;
  sg_renderer_free(s->renderer);
  sg_prune_counter_free(s->counter);
  sg_recipe_free(s->recipe);
  sg_prune_clear(&s->prune);
  sg_tensor_unref(s->pixels);
  sg_model_unref(s->model);
  g_free(s->rgb);
  g_free(s->logits);
  g_free(s->labels);
  g_free(s);
}

void
sg_prune_scorer_set_label(SgPruneScorer *s, int label)
{
  g_assert(s->labels && label < s->model->info.c_dim);
  s->recipe->label = label;
  for (int i = 0; i < s->result.images; i++)
    s->labels[i] = label;
}

void
sg_prune_scorer_set_judge(SgPruneScorer *s, SgJudge judge)
{
  s->judge = judge;
}

void
sg_prune_scorer_begin(SgPruneScorer *s, const SgPrune *prune)
{
  SgPrune copy;

  sg_prune_copy(&copy, prune); /* before clearing: it may be our own */
  sg_prune_clear(&s->prune);
  s->prune = copy;
  s->phase = PHASE_WEIGHTS;
  s->at = 0;
  s->result.threshold = copy.threshold;
  s->result.remaining = 0;
  s->result.drawn = s->result.judged = 0;
  s->result.scored = FALSE;
}

static gboolean
step_weights(SgPruneScorer *s, GError **error)
{
  s->result.remaining = sg_prune_counter_remaining(s->counter, &s->prune);
  s->phase = PHASE_FACES;
  return sg_renderer_nets(s->renderer, &s->prune, error) != NULL;
}

/* The slices are cut by size alone, so that a face is the same bits every time. */
static int
slice_faces(const SgPruneScorer *s)
{
  gint64 pixels = (gint64)s->result.width * s->result.height;
  return (int)CLAMP(SLICE_PIXELS / pixels, 1, SLICE_FACES);
}

/* Drawn faces [s->at, s->at + n) as D sees them: [n, C, R, R]. */
static SgTensor *
drawn_faces(const SgPruneScorer *s, int n, GError **error)
{
  const SgPruneResult *r = &s->result;
  gsize drawn = (gsize)r->width * (gsize)r->height * (gsize)r->bytes;
  gint64 shape[4] = {n, r->channels, r->height, r->width};
  SgTensor *all = sg_tensor_try_new(4, shape, error);

  for (int i = 0; all && i < n; i++) {
    g_autoptr(SgTensor) face =
        sg_image_from_rgb8(s->rgb + (gsize)(s->at + i) * drawn, r->width, r->height, r->channels);
    memcpy(all->data + (gsize)i * face->numel, face->data, face->numel * sizeof(float));
  }
  return all;
}

/* What D is given in a training's way: a large model's faces are kept only for that. */
static gboolean
keep_unclamped(SgPruneScorer *s, int n, const SgTensor *t, GError **error)
{
  gint64 shape[4] = {s->result.images, t->shape[1], t->shape[2], t->shape[3]};
  gsize face = t->numel / (gsize)n;

  if (!s->pixels && !(s->pixels = sg_tensor_try_new(4, shape, error)))
    return FALSE;
  memcpy(s->pixels->data + (gsize)s->at * face, t->data, t->numel * sizeof(float));
  return TRUE;
}

static gboolean
step_faces(SgPruneScorer *s, GError **error)
{
  int n = MIN(slice_faces(s), s->result.images - s->at);
  gsize pixels = (gsize)s->result.width * (gsize)s->result.height;
  SgNets *nets = sg_renderer_nets(s->renderer, &s->prune, error);

  s->recipe->seed = s->seed + (guint32)s->at;
  s->recipe->faces = n;
  g_autoptr(SgTensor) t = nets ? sg_nets_render(nets, s->recipe, error) : NULL;
  if (!t || (s->judge != SG_JUDGE_ALONE && !keep_unclamped(s, n, t, error)))
    return FALSE;
  sg_image_to_rgb8(t, s->rgb + (gsize)s->at * pixels * (gsize)s->result.bytes);
  s->result.drawn = s->at += n;
  if (s->at == s->result.images) {
    s->phase = s->model->info.has_d ? PHASE_SCORES : PHASE_IDLE;
    s->at = 0;
  }
  return TRUE;
}

static void
summarise(SgPruneScorer *s)
{
  SgPruneResult *r = &s->result;
  SgScoreSummary sum;

  sg_score_summarise(r->images, s->logits, &sum);
  r->logit_mean = sum.logit_mean;
  r->logit_std = sum.logit_std;
  r->score_mean = sum.score_mean;
  r->score_std = sum.score_std;
  r->scored = TRUE;
}

/* Unclamped faces [s->at, s->at + n): [n, C, R, R]. */
static SgTensor *
unclamped_faces(const SgPruneScorer *s, int n, GError **error)
{
  const SgTensor *all = s->pixels;
  gint64 shape[4] = {n, all->shape[1], all->shape[2], all->shape[3]};
  gsize face = all->numel / (gsize)s->result.images;
  SgTensor *part = sg_tensor_try_new(4, shape, error);

  if (part)
    memcpy(part->data, all->data + (gsize)s->at * face, (gsize)n * face * sizeof(float));
  return part;
}

static gboolean
step_scores(SgPruneScorer *s, GError **error)
{
  int group = sg_judge_group(s->judge, &s->model->info);
  int n = MIN(MAX(slice_faces(s) / group, 1) * group, s->result.images - s->at);
  g_autoptr(SgTensor) part =
      s->judge == SG_JUDGE_ALONE ? drawn_faces(s, n, error) : unclamped_faces(s, n, error);

  if (!part || !sg_renderer_score(s->renderer, part, s->labels ? s->labels + s->at : NULL, group,
                                  s->logits + s->at, error))
    return FALSE;
  s->result.judged = s->at += n;
  if (s->at == s->result.images) {
    summarise(s);
    s->phase = PHASE_IDLE;
  }
  return TRUE;
}

SgPruneStep
sg_prune_scorer_step(SgPruneScorer *s, GError **error)
{
  Phase phase = s->phase;
  gboolean ok = TRUE;
  GError *why = NULL;

  if (s->phase == PHASE_WEIGHTS)
    ok = step_weights(s, &why);
  else if (s->phase == PHASE_FACES)
    ok = step_faces(s, &why);
  else if (s->phase == PHASE_SCORES)
    ok = step_scores(s, &why);
  if (!ok) { /* what was interrupted goes on with the same slice */
    s->phase = sg_is_interrupt(why) ? phase : PHASE_IDLE;
    g_propagate_error(error, why);
    return SG_PRUNE_STEP_ERROR;
  }
  return s->phase == PHASE_IDLE ? SG_PRUNE_STEP_DONE : SG_PRUNE_STEP_MORE;
}

const SgPruneResult *
sg_prune_scorer_result(const SgPruneScorer *s)
{
  return &s->result;
}

const SgPruneResult *
sg_prune_scorer_run(SgPruneScorer *s, const SgPrune *prune, GError **error)
{
  SgPruneStep step;

  sg_prune_scorer_begin(s, prune);
  while ((step = sg_prune_scorer_step(s, error)) == SG_PRUNE_STEP_MORE)
    ;
  return step == SG_PRUNE_STEP_DONE ? &s->result : NULL;
}

/* ---- the table ------------------------------------------------------------------------------- */

void
sg_prune_csv_row(GString *csv, double threshold, guint64 remaining, guint64 total,
                 const double *score)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append(csv, g_ascii_formatd(number, sizeof number, "%.9g", threshold));
  g_string_append_printf(csv, ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT, remaining,
                         total - remaining);
  for (int i = 0; i < 4; i++) {
    gboolean known = score && !isnan(score[i]);
    g_string_append_c(csv, ',');
    g_string_append(csv, known ? g_ascii_formatd(number, sizeof number, "%.9g", score[i]) : "");
  }
  g_string_append_c(csv, '\n');
}
