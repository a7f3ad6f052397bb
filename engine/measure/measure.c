#include "engine/measure/measure.h"
#include "engine/backend/backend-device.h"
#include "engine/base/interrupt.h"
#include "engine/base/room.h"
#include "engine/explore/nets.h"
#include "engine/formats/format-error.h"
#include "engine/measure/feature-cache.h"
#include "engine/measure/path-pictures.h"
#include "engine/measure/sources.h"
#include "engine/metrics/metric-group.h"
#include "engine/perceptual/weights.h"
#include <string.h>

#define BATCH 16 /* pictures decoded or rendered together */

/* Of the discriminator, of random weights, of the Inception network in each mode, of VGG16, and of
 * LPIPS for whole pictures and for parts. */
#define MAX_SOURCES (5 + SG_FIT_MODES)
/* Pictures that the Inception network looks at together: planes take 10 MiB each. */
#define INCEPTION_BATCH 8

typedef struct {
  const SgMeasurement *m;
  SgFeatureSource *sources[MAX_SOURCES + 1]; /* NULL-terminated */
  int n_sources;
  SgInception *inception, *random; /* what they borrow */
  SgLpips *lpips;
  SgRenderer *renderer; /* of the model, when it is first needed */
  SgMetricGroup *real, *fake, *paths;
  guint32 *labels; /* [c_dim] real pictures of each class, conditional models only */
  int labelled;    /* how many these are */
} Job;

int
sg_measurement_all(const SgMeasurement *m)
{
  return m->data ? (int)MIN(m->data->n * (m->mirror ? 2u : 1u), (guint)G_MAXINT) : m->images;
}

static gboolean
needs(const SgMeasurement *m, SgMetricNeeds side)
{
  for (guint i = 0; m->metrics[i]; i++)
    if (m->metrics[i]->needs & side)
      return TRUE;
  return FALSE;
}

static void
tell(const Job *job, const char *what, int done, int total)
{
  if (job->m->progress)
    job->m->progress(what, done, total, job->m->user_data);
}

static SgMetricGroup *
group_new(const Job *job, SgMetricNeeds side, int channels, int resolution, GError **error)
{
  const SgMeasurement *m = job->m;
  int all = sg_measurement_all(m);

  if (side == SG_METRIC_NEEDS_FAKES && m->reference)
    all = MIN(all, (int)m->reference->n);
  const SgMetricGroupSetup setup = {side,      channels, resolution,  all,
                                    m->images, m->seed,  job->sources};
  return sg_metric_group_new(m->metrics, &setup, error);
}

/* ---- pictures of a data set ---- */

/* Classes of one-hot labels; they decide which classes the model is asked for. Every picture counts
 * once, whatever its label. */
static void
count_labels(Job *job, const float *labels, int n)
{
  int dim = job->m->data->label_dim;

  for (int i = 0; i < n; i++, labels += dim) {
    int best = 0;
    for (int k = 1; k < dim; k++)
      if (labels[k] > labels[best])
        best = k;
    job->labels[best]++;
    job->labelled++;
  }
}

/* In the loader's random order, none twice. */
static gboolean
read_pictures(Job *job, SgMetricGroup *g, SgDataset *ds, const char *what, GError **error)
{
  gsize values = (gsize)ds->channels * (gsize)ds->resolution * (gsize)ds->resolution;
  g_autofree float *images = sg_room(BATCH * values, sizeof *images);
  g_autofree float *labels = sg_room0(BATCH * (gsize)MAX(ds->label_dim, 1), sizeof *labels);
  gboolean labelled = ds == job->m->data && job->labels;
  guint mirror = ds == job->m->data && job->m->mirror ? SG_MIRROR_X : 0;
  int total = (int)MIN((guint)sg_metric_group_wants(g), ds->n * (mirror ? 2u : 1u));

  if (!images || !labels)
    return sg_room_check(error);
  g_autoptr(SgLoader) loader = sg_loader_new(ds, mirror, job->m->seed, 0, BATCH, 2, 0);
  for (int at = 0; at < total; at += BATCH) {
    int n = MIN(BATCH, total - at);
    if (sg_interrupted(error) || !sg_loader_next(loader, images, labelled ? labels : NULL, error))
      return FALSE;
    if (labelled)
      count_labels(job, labels, n);
    if (!sg_metric_group_add(g, images, n, error))
      return FALSE;
    tell(job, what, at + n, total);
  }
  return TRUE;
}

static gboolean
collect_reals(Job *job, GError **error)
{
  SgDataset *ds = job->m->data;

  job->real = group_new(job, SG_METRIC_NEEDS_REALS, ds->channels, ds->resolution, error);
  if (!job->real)
    return FALSE;
  /* Which classes there are is known of pictures that have been read. */
  gboolean cached = !job->labels && sg_feature_cache_take(job->m, job->sources, job->real);
  if (!read_pictures(job, job->real, ds, "real pictures", error))
    return FALSE;
  if (!cached && !job->labels)
    sg_feature_cache_keep(job->m, job->sources, job->real);
  return TRUE;
}

/* ---- pictures of a model ---- */

static gboolean
need_renderer(Job *job, GError **error)
{
  if (!job->renderer && (job->renderer = sg_renderer_new(job->m->model, NULL, error)))
    sg_renderer_set_cache_budget(job->renderer, 0); /* no picture is rendered twice here */
  return job->renderer != NULL;
}

/* How many of a class are among `total` pictures of the shares that the real ones have: the rest of
 * the rounding goes to the first classes that have any. */
static int
of_class(const Job *job, int label, int total)
{
  gint64 before = 0;

  for (int k = 0; k < label; k++)
    before += job->labels[k];
  return (int)((before + job->labels[label]) * total / job->labelled -
               before * total / job->labelled);
}

static int
batch_of(const SgModelInfo *info)
{
  return (int)CLAMP(BATCH * (gint64)65536 / info->img_resolution / info->img_resolution, 1, BATCH);
}

/* Pictures of a class are rendered together: then the order does not matter. */
static gboolean
render(Job *job, GError **error)
{
  const SgModelInfo *info = &job->m->model->info;
  g_autoptr(SgRecipe) r = sg_recipe_new(info->z_dim, info->w_dim);
  int total = sg_metric_group_wants(job->fake), done = 0;

  r->psi = job->m->psi;
  r->label = -1;
  /* Another seed gives other pictures, none of them again. */
  r->seed = (guint32)(job->m->seed * (guint64)total);
  for (int label = 0; label < MAX(info->c_dim, 1); label++) {
    int left = job->labels ? of_class(job, label, total) : total;
    if (job->labels)
      r->label = label;
    for (; left > 0; left -= r->faces, r->seed += (guint32)r->faces) {
      r->faces = MIN(left, batch_of(info));
      g_autoptr(SgTensor) images = sg_renderer_render_float(job->renderer, r, error);
      if (!images || !sg_metric_group_add(job->fake, images->data, r->faces, error))
        return FALSE;
      tell(job, "pictures", done += r->faces, total);
    }
  }
  return TRUE;
}

static gboolean
collect_fakes(Job *job, GError **error)
{
  const SgMeasurement *m = job->m;
  int channels = m->model ? m->model->info.img_channels : m->reference->channels;
  int resolution = m->model ? m->model->info.img_resolution : m->reference->resolution;

  job->fake = group_new(job, SG_METRIC_NEEDS_FAKES, channels, resolution, error);
  if (!job->fake)
    return FALSE;
  if (m->reference)
    return read_pictures(job, job->fake, m->reference, "other pictures", error);
  return need_renderer(job, error) && render(job, error);
}

/* ---- paths ---- */

/* Metrics that walk one kind of path share its pairs. */
static gboolean
walk(Job *job, SgPathKind kind, SgMetricGroup *g, GError **error)
{
  const SgModelInfo *info = &job->m->model->info;
  g_autoptr(SgRecipe) recipe = sg_recipe_new(info->z_dim, info->w_dim);
  SgNets *nets = sg_renderer_nets_of(job->renderer, recipe, error);
  int total = sg_metric_group_wants(g), most = MAX(1, batch_of(info) / 2);
  gsize values =
      (gsize)info->img_channels * (gsize)info->img_resolution * (gsize)info->img_resolution;
  g_autofree float *pictures = sg_room(2 * (gsize)most * values, sizeof *pictures);

  if (!nets)
    return FALSE;
  for (int at = 0; pictures && at < total; at += most) {
    int n = MIN(most, total - at);
    if (!sg_path_pictures(nets, kind, job->m->seed, at, n, pictures, error) ||
        !sg_metric_group_add(g, pictures, n, error))
      return FALSE;
    tell(job, "pairs", at + n, total);
  }
  return sg_room_check(error);
}

static gboolean
measure_path(Job *job, const SgMetric *metric, SgMetricResult *result, GError **error)
{
  const SgModelInfo *info = &job->m->model->info;
  const SgMetric *one[] = {metric, NULL};
  const SgMetricGroupSetup setup = {.side = SG_METRIC_NEEDS_PATHS,
                                    .channels = info->img_channels,
                                    .resolution = info->img_resolution,
                                    .images = job->m->images,
                                    .seed = job->m->seed,
                                    .sources = job->sources};
  g_autoptr(SgMetricGroup) g =
      need_renderer(job, error) ? sg_metric_group_new(one, &setup, error) : NULL;

  return g && walk(job, metric->path, g, error) &&
         sg_metric_group_measure(metric, 0, NULL, NULL, g, job->m->seed, result, error);
}

/* ---- the job ---- */

static gboolean
check_labels(Job *job, GError **error)
{
  const SgMeasurement *m = job->m;
  int classes = m->model ? m->model->info.c_dim : 0;

  if (classes == 0 || !needs(m, SG_METRIC_NEEDS_FAKES))
    return TRUE;
  if (!m->data || m->data->label_dim != classes || !m->data->one_hot)
    return sg_unsupported(
        error,
        "%s: this model has %d classes and needs a data set with as many, found "
        "%d%s",
        m->data ? m->data->path : "", classes, m->data ? m->data->label_dim : 0,
        m->data && m->data->label_dim > 0 && !m->data->one_hot ? " (not class numbers)" : "");
  job->labels = g_new0(guint32, classes);
  return TRUE;
}

/* ---- networks ---- */

static void
picture_shape(const SgMeasurement *m, int *channels, int *size)
{
  const SgDataset *ds = m->data ? m->data : m->reference;

  *channels = m->model ? m->model->info.img_channels : ds->channels;
  *size = m->model ? m->model->info.img_resolution : ds->resolution;
}

/* NULL and error, or (no error) there is none to ask. */
static SgFeatureSource *
open_discriminator(const SgMeasurement *m, GError **error)
{
  SgModel *model = m->features ? m->features : m->model;
  int channels, size;

  picture_shape(m, &channels, &size);
  if (model && (model->info.img_resolution != size || model->info.img_channels != channels))
    return sg_unsupported(error,
                          "the discriminator whose features are to be compared takes pictures of "
                          "%d×%d with %d channels, and these have %d×%d with %d",
                          model->info.img_resolution, model->info.img_resolution,
                          model->info.img_channels, size, size, channels),
           NULL;
  return model ? sg_source_discriminator_new(sg_backend_default(), model, error) : NULL;
}

/* As --precision asks; a CUDA device has no part in it. */
static SgPrecision
precision(void)
{
  SgPrecision p = SG_PRECISION_FP32;
  const char *name = sg_backend_precision(NULL);

  return name && g_str_equal(name, "bf16") && sg_backend_cpu_bf16(NULL) ? SG_PRECISION_BF16 : p;
}

static SgInception *
open_inception(const SgMeasurement *m, const char *metric, GError **error)
{
  g_autofree char *path = sg_weights_path(SG_WEIGHTS_INCEPTION);

  if (!sg_weights_have(SG_WEIGHTS_INCEPTION))
    return sg_weights_missing(metric, SG_WEIGHTS_INCEPTION, error), NULL;
  g_autoptr(SgArchive) weights = sg_archive_open(path, error);
  return weights ? sg_inception_new(weights, INCEPTION_BATCH, precision(), error) : NULL;
}

static SgLpips *
open_lpips(const char *metric, GError **error)
{
  g_autofree char *vgg = sg_weights_path(SG_WEIGHTS_VGG);
  g_autofree char *factors = sg_weights_path(SG_WEIGHTS_LPIPS);

  for (SgWeightsKind kind = SG_WEIGHTS_VGG; kind <= SG_WEIGHTS_LPIPS; kind++)
    if (!sg_weights_have(kind))
      return sg_weights_missing(metric, kind, error), NULL;
  return sg_lpips_new(sg_backend_default(), vgg, factors, error);
}

static SgFeatureSource *
open_vgg(const SgMetric *metric, int channels, int size, GError **error)
{
  g_autofree char *path = sg_weights_path(SG_WEIGHTS_VGG);

  if (!sg_weights_have(SG_WEIGHTS_VGG))
    return sg_weights_missing(metric->name, SG_WEIGHTS_VGG, error), NULL;
  g_autoptr(SgArchive) file = sg_archive_open(path, error);
  return file ? sg_source_vgg_new(file, INCEPTION_BATCH, precision(), metric->source, channels,
                                  size, error)
              : NULL;
}

static SgFeatureSource *
open_source(Job *job, const SgMetric *metric, GError **error)
{
  const SgMeasurement *m = job->m;
  SgFitMode mode = SG_FIT_CLEAN;
  int channels, size;

  picture_shape(m, &channels, &size);
  if (g_str_equal(metric->source, "d"))
    return open_discriminator(m, error);
  if (g_str_equal(metric->source, "rand")) {
    job->random = sg_inception_new_random(INCEPTION_BATCH, precision(), error);
    return job->random ? sg_source_inception_new(job->random, mode, metric->source, channels, size)
                       : NULL;
  }
  if (g_str_equal(metric->source, "vgg"))
    return open_vgg(metric, channels, size, error);
  if (g_str_has_prefix(metric->source, "lpips")) {
    if (!job->lpips && !(job->lpips = open_lpips(metric->name, error)))
      return NULL;
    return sg_source_lpips_new(job->lpips, !g_str_equal(metric->source, "lpips"), metric->source,
                               channels, size, error);
  }
  if (!job->inception && !(job->inception = open_inception(m, metric->name, error)))
    return NULL;
  sg_fit_parse(metric->mode, &mode);
  return sg_source_inception_new(job->inception, mode, metric->source, channels, size);
}

static gboolean
has_source(const Job *job, const char *name)
{
  for (int i = 0; i < job->n_sources; i++)
    if (g_str_equal(job->sources[i]->name, name))
      return TRUE;
  return FALSE;
}

/* One of each that the metrics ask for. */
static gboolean
open_sources(Job *job, GError **error)
{
  for (guint i = 0; job->m->metrics[i]; i++) {
    const SgMetric *metric = job->m->metrics[i];
    g_autoptr(GError) why = NULL;
    if (!metric->source || has_source(job, metric->source))
      continue;
    g_assert(job->n_sources < MAX_SOURCES && (!metric->by_mode || metric->mode));
    SgFeatureSource *source = open_source(job, metric, &why);
    if (why) {
      g_propagate_error(error, g_steal_pointer(&why));
      return FALSE;
    }
    if (source)
      job->sources[job->n_sources++] = source;
  }
  return TRUE;
}

/* ---- results ---- */

static gboolean
judge(Job *job, SgMetricResult *results, GError **error)
{
  const SgMeasurement *m = job->m;

  for (int i = 0; m->metrics[i]; i++) {
    const SgMetric *metric = m->metrics[i];
    if (sg_interrupted(error))
      return FALSE;
    if (metric->judge_paths && !m->model)
      return sg_unsupported(error, "%s walks through a model's latents: it needs --network",
                            metric->name);
    if (!(metric->judge_paths ? measure_path(job, metric, &results[i], error)
                              : sg_metric_group_measure(metric, i, job->real, job->fake, NULL,
                                                        m->seed, &results[i], error)))
      return FALSE;
  }
  return TRUE;
}

gboolean
sg_measurement_run(const SgMeasurement *m, SgMetricResult *results, GError **error)
{
  Job job = {.m = m};
  gboolean ok = check_labels(&job, error) && open_sources(&job, error) &&
                (!needs(m, SG_METRIC_NEEDS_REALS) || collect_reals(&job, error)) &&
                (!needs(m, SG_METRIC_NEEDS_FAKES) || collect_fakes(&job, error)) &&
                judge(&job, results, error);

  sg_metric_group_free(job.real);
  sg_metric_group_free(job.fake);
  g_clear_pointer(&job.renderer, sg_renderer_free);
  for (int i = 0; i < job.n_sources; i++)
    sg_feature_source_free(job.sources[i]);
  sg_inception_free(job.inception);
  sg_inception_free(job.random);
  sg_lpips_free(job.lpips);
  g_free(job.labels);
  return ok;
}
