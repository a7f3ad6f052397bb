#include "ui/vitrine-pruning-work.h"
#include <math.h>
#include <string.h>

/* Faces rendered in one slice of work: a picture that somebody waits for comes between two. */
#define SLICE_PIXELS (4 * 256 * 256)

/* ---- counting ----------------------------------------------------------------------------------
 */

struct _VitrineWeightCounter {
  gatomicrefcount ref;
  SgModel *model;
  GArray *layers;     /* of SgWeightLayer */
  float **magnitudes; /* [layers] each layer's |w| as stored, ascending */
  guint64 total;
};

static int
compare_floats(const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static VitrineWeightCounter *
counter_new(SgModel *model)
{
  VitrineWeightCounter *c = g_new0(VitrineWeightCounter, 1);

  g_atomic_ref_count_init(&c->ref);
  c->model = sg_model_ref(model);
  c->layers = sg_weight_layers(model);
  c->magnitudes = g_new0(float *, c->layers->len);
  return c;
}

static void
counter_add_layer(VitrineWeightCounter *c, guint i)
{
  const SgTensor *t = g_array_index(c->layers, SgWeightLayer, i).tensor;

  c->magnitudes[i] = g_new(float, t->numel);
  for (gsize k = 0; k < t->numel; k++)
    c->magnitudes[i][k] = fabsf(t->data[k]);
  qsort(c->magnitudes[i], t->numel, sizeof(float), compare_floats);
  c->total += t->numel;
}

guint
vitrine_weight_counter_layers(const VitrineWeightCounter *c)
{
  return c->layers->len;
}

guint64
vitrine_weight_counter_total(const VitrineWeightCounter *c)
{
  return c->total;
}

guint64
vitrine_weight_counter_remaining(const VitrineWeightCounter *c, const SgPrune *p,
                                 guint64 *remaining)
{
  guint64 sum = 0;

  for (guint i = 0; i < c->layers->len; i++) {
    const SgWeightLayer *layer = &g_array_index(c->layers, SgWeightLayer, i);
    double threshold = sg_prune_layer_threshold(p, layer->name);
    if (p->magnitude == SG_MAGNITUDE_EFFECTIVE)
      threshold /= layer->scale;
    gsize low = 0, high = layer->tensor->numel;
    while (low < high) {
      gsize middle = low + (high - low) / 2;
      if ((double)c->magnitudes[i][middle] < threshold)
        low = middle + 1;
      else
        high = middle;
    }
    sum += layer->tensor->numel - low;
    if (remaining)
      remaining[i] = layer->tensor->numel - low;
  }
  return sum;
}

VitrineWeightCounter *
vitrine_weight_counter_ref(VitrineWeightCounter *c)
{
  g_atomic_ref_count_inc(&c->ref);
  return c;
}

void
vitrine_weight_counter_unref(VitrineWeightCounter *c)
{
  if (!c || !g_atomic_ref_count_dec(&c->ref))
    return;
  for (guint i = 0; i < c->layers->len; i++)
    g_free(c->magnitudes[i]);
  g_free(c->magnitudes);
  g_array_unref(c->layers);
  sg_model_unref(c->model);
  g_free(c);
}

/* ---- tasks -------------------------------------------------------------------------------------
 */

struct _VitrinePruningWork {
  gatomicrefcount ref;
  /* The render thread's. Renderers apart from the picture's: theirs keeps what the canvas shows,
   * and a score that was begun is not thrown out by the sweep. */
  SgRenderer *renderers[2]; /* of scores, of sweeps */
};

typedef struct {
  VitrineTaskClass class;
  VitrinePruningWork *work;
  guint which; /* of work->renderers */
  gboolean pictures;
  SgPrune prune;
  int label;
  guint n, at; /* thresholds, the one at work */
  int *order;  /* [n] thousandths, or NULL: prune as it is */
  int faces;   /* of this threshold that are done */
  double logits[VITRINE_SCORED_FACES];
  GdkTexture *textures[VITRINE_SCORED_FACES];

  VitrineWeightCounter *counter; /* a counting task's */
  guint next_layer;
} Job;

VitrinePruningWork *
vitrine_pruning_work_new(void)
{
  VitrinePruningWork *work = g_new0(VitrinePruningWork, 1);
  g_atomic_ref_count_init(&work->ref);
  return work;
}

void
vitrine_pruning_work_unref(VitrinePruningWork *work)
{
  if (!work || !g_atomic_ref_count_dec(&work->ref))
    return;
  for (int i = 0; i < 2; i++)
    sg_renderer_free(work->renderers[i]);
  g_free(work);
}

static void
clear_textures(GdkTexture **textures)
{
  for (int i = 0; i < VITRINE_SCORED_FACES; i++)
    g_clear_object(&textures[i]);
}

void
vitrine_score_free(VitrineScore *score)
{
  if (!score)
    return;
  sg_prune_clear(&score->prune);
  clear_textures(score->faces);
  g_free(score->error);
  g_free(score);
}

static void
job_free(gpointer data)
{
  Job *job = data;

  sg_prune_clear(&job->prune);
  clear_textures(job->textures);
  vitrine_weight_counter_unref(job->counter);
  vitrine_pruning_work_unref(job->work);
  g_free(job->order);
  g_free(job);
}

/* ---- a slice -----------------------------------------------------------------------------------
 */

static GdkTexture *
texture_of(const SgTensor *images, int i)
{
  gsize width = (gsize)images->shape[3], height = (gsize)images->shape[2];
  gsize size = images->numel / (gsize)images->shape[0];
  gint64 shape[] = {1, images->shape[1], images->shape[2], images->shape[3]};
  g_autoptr(SgTensor) one = sg_tensor_new(4, shape);

  memcpy(one->data, images->data + (gsize)i * size, size * sizeof(float));
  guint8 *rgb = g_malloc(width * height * 3);
  sg_image_to_rgb8(one, rgb);
  g_autoptr(GBytes) bytes = g_bytes_new_take(rgb, width * height * 3);
  return gdk_memory_texture_new((int)width, (int)height, GDK_MEMORY_R8G8B8, bytes, width * 3);
}

static gboolean
score_some(Job *job, SgRenderer *renderer, GError **error)
{
  const SgModelInfo *info = &sg_renderer_model(renderer)->info;
  int labels[VITRINE_SCORED_FACES];
  int most = SLICE_PIXELS / (info->img_resolution * info->img_resolution);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(info->z_dim, info->w_dim);

  recipe->seed = (guint32)job->faces;
  recipe->faces = CLAMP(most, 1, VITRINE_SCORED_FACES - job->faces);
  recipe->label = job->label;
  sg_prune_copy(&recipe->prune, &job->prune);
  g_autoptr(SgTensor) images = sg_renderer_render_float(renderer, recipe, error);
  if (!images)
    return FALSE;
  for (int i = 0; i < recipe->faces; i++)
    labels[i] = MAX(job->label, 0);
  for (int i = 0; job->pictures && i < recipe->faces; i++)
    job->textures[job->faces + i] = texture_of(images, i);
  if (info->has_d && !sg_renderer_score(renderer, images, info->c_dim > 0 ? labels : NULL, 1,
                                        job->logits + job->faces, error))
    return FALSE;
  job->faces += recipe->faces;
  return TRUE;
}

static void
mean_and_std(const double *v, int n, double *mean, double *std)
{
  double sum = 0, squares = 0;

  for (int i = 0; i < n; i++)
    sum += v[i];
  *mean = sum / n;
  for (int i = 0; i < n; i++)
    squares += (v[i] - *mean) * (v[i] - *mean);
  *std = sqrt(squares / n);
}

static VitrineScore *
result(Job *job, GError *error)
{
  VitrineScore *score = g_new0(VitrineScore, 1);
  double p[VITRINE_SCORED_FACES];

  sg_prune_copy(&score->prune, &job->prune);
  score->label = job->label;
  score->error = error ? g_strdup(error->message) : NULL;
  for (int i = 0; i < VITRINE_SCORED_FACES; i++)
    p[i] = 1 / (1 + exp(-job->logits[i]));
  mean_and_std(p, VITRINE_SCORED_FACES, &score->sigmoid, &score->sigmoid_std);
  mean_and_std(job->logits, VITRINE_SCORED_FACES, &score->logit, &score->logit_std);
  memcpy(score->faces, job->textures, sizeof score->faces);
  memset(job->textures, 0, sizeof job->textures);
  return score;
}

static gboolean
score_step(gpointer data, SgRenderer *picture_renderer, gpointer *news)
{
  Job *job = data;
  g_autoptr(GError) error = NULL;
  SgRenderer **renderer = &job->work->renderers[job->which];

  if (!*renderer) {
    *renderer = sg_renderer_new(sg_renderer_model(picture_renderer), NULL, &error);
    if (*renderer)
      sg_renderer_set_cache_budget(*renderer, 0);
  } else {
    if (job->order && job->faces == 0)
      job->prune.threshold = job->order[job->at] / 1000.0;
    score_some(job, *renderer, &error);
  }
  if (!error && job->faces < VITRINE_SCORED_FACES)
    return TRUE;
  *news = result(job, error);
  job->faces = 0;
  return !error && ++job->at < job->n;
}

static gboolean
count_step(gpointer data, SgRenderer *renderer, gpointer *news)
{
  Job *job = data;

  if (!job->counter)
    job->counter = counter_new(sg_renderer_model(renderer));
  if (job->next_layer < job->counter->layers->len) {
    counter_add_layer(job->counter, job->next_layer++);
    return TRUE;
  }
  *news = g_steal_pointer(&job->counter);
  return FALSE;
}

/* ---- starting ----------------------------------------------------------------------------------
 */

guint
vitrine_pruning_start_count(VitrineSession *session, VitrineScoreFunc news, gpointer user_data)
{
  Job *job = g_new0(Job, 1);

  job->class = (VitrineTaskClass){TRUE, count_step, news,
                                  (GDestroyNotify)vitrine_weight_counter_unref, job_free};
  return vitrine_session_start_task(session, &job->class, job, user_data);
}

static Job *
score_job(VitrinePruningWork *work, gboolean urgent, const SgPrune *prune, int label,
          VitrineScoreFunc news)
{
  Job *job = g_new0(Job, 1);

  job->class =
      (VitrineTaskClass){urgent, score_step, news, (GDestroyNotify)vitrine_score_free, job_free};
  g_atomic_ref_count_inc(&work->ref);
  job->work = work;
  job->which = urgent ? 0 : 1;
  job->pictures = urgent;
  sg_prune_copy(&job->prune, prune);
  job->label = label;
  return job;
}

guint
vitrine_pruning_start_score(VitrineSession *session, VitrinePruningWork *work, const SgPrune *prune,
                            int label, VitrineScoreFunc news, gpointer user_data)
{
  Job *job = score_job(work, TRUE, prune, label, news);

  job->n = 1;
  return vitrine_session_start_task(session, &job->class, job, user_data);
}

guint
vitrine_pruning_start_sweep(VitrineSession *session, VitrinePruningWork *work, const SgPrune *prune,
                            int label, guint n, const int *order, VitrineScoreFunc news,
                            gpointer user_data)
{
  Job *job = score_job(work, FALSE, prune, label, news);

  job->n = n;
  job->order = g_memdup2(order, sizeof(int) * n);
  return vitrine_session_start_task(session, &job->class, job, user_data);
}
