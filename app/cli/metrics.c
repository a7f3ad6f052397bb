/* vitrine metrics: how far a model's pictures are from a data set, or one set from another. */
#include "engine/base/room.h"
#include "app/cli/cli.h"
#include "engine/runs/run-network.h"
#include "engine/explore/renderer.h"
#include "engine/data/dataset.h"
#include "engine/record/run-dir.h"
#include "engine/metrics/metric.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 16 /* pictures decoded or rendered together */

typedef struct {
  char *network, *data, *reference, *metrics;
  int images;
  gint64 seed;
  double trunc;
  gboolean json;
} Options;

typedef struct {
  const Options *opt;
  SgDataset *data, *reference;
  char *network; /* the file, also where a run directory was given */
  SgModel *model;
  int n;           /* pictures of each side */
  guint32 *labels; /* [c_dim] pictures of each class, conditional models only */
  const SgMetric **metrics;
  GPtrArray *real, *other; /* what each metric has collected */
  SgMetricResult *results;
} Job;

static void
options_clear(Options *o)
{
  g_free(o->network);
  g_free(o->data);
  g_free(o->reference);
  g_free(o->metrics);
}

/* "NAME: what it is, unit (less is better); …" */
static char *
known_metrics(void)
{
  GString *text = g_string_new(NULL);

  for (guint i = 0; sg_metric_table[i]; i++) {
    const SgMetric *m = sg_metric_table[i];
    g_string_append_printf(text, "%s%s: %s%s%s (%s is better)", i > 0 ? "; " : "", m->name,
                           m->summary, *m->unit ? " " : "", m->unit,
                           m->less_is_better ? "less" : "more");
  }
  g_string_append_printf(text, " [%s]", SG_METRIC_DEFAULT);
  return g_string_free(text, FALSE);
}

static gboolean
check_metrics(Options *o, GError **error)
{
  g_autoptr(GError) why = NULL;
  g_autofree const SgMetric **list = sg_metric_parse(o->metrics, &why);

  if (!list)
    cli_set_usage_error(error, "--%s", why->message);
  else if (!*list)
    cli_set_usage_error(error, "--metrics: there is nothing to do");
  return list && *list;
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  g_autofree char *known = known_metrics();
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network,
       "the model, or a run directory (its newest snapshot)", "FILE|RUN_DIR"},
      {"data", 0, 0, G_OPTION_ARG_FILENAME, &o->data, "real pictures", "DIR|ZIP"},
      {"reference", 0, 0, G_OPTION_ARG_FILENAME, &o->reference,
       "other pictures in place of a model's", "DIR|ZIP"},
      {"images", 0, 0, G_OPTION_ARG_INT, &o->images, "how many pictures of each (2048)", "N"},
      {"metrics", 0, 0, G_OPTION_ARG_STRING, &o->metrics, known, "NAMES"},
      {"seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "which pictures, patches and directions (0)",
       "N"},
      {"trunc", 0, 0, G_OPTION_ARG_DOUBLE, &o->trunc, "truncation psi (1: none)", "PSI"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "write JSON", NULL},
      {NULL}};
  static const CliRange ranges[] = {{"images", 1, 1000000},
                                    {"seed", 0, G_MAXINT32},
                                    {"trunc", -SG_RECIPE_FACTOR_MAX, SG_RECIPE_FACTOR_MAX},
                                    {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Measures how far a model's pictures are from real ones, without another network.",
      .details =
          "Sliced Wasserstein distance × 1000 of 7×7 patches for each level of a Laplacian pyramid "
          "(Karras et al.\n"
          "2018): fine levels see sharpness and noise, coarse ones shapes; 0 is the same. Compare "
          "only numbers of\n"
          "the same --images: fewer pictures alone make them larger. Noise inputs are the model's "
          "own "
          "(const).\n"
          "  vitrine metrics --network=model.pkl --data=faces.zip\n"
          "  vitrine metrics --data=faces.zip --reference=other-faces",
      .ranges = ranges};

  *o = (Options){.images = 2048, .trunc = 1};
  if (!cli_parse(&argc, &argv, entries, &help, error))
    return FALSE;
  if (!o->metrics)
    o->metrics = g_strdup(SG_METRIC_DEFAULT);
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->data)
    cli_set_usage_error(error, "which real pictures? --data=DIR or ZIP");
  else if (!o->network == !o->reference)
    cli_set_usage_error(error, "compared with what? Give one of --network and --reference");
  else
    return check_metrics(o, error);
  return FALSE;
}

/* ---- what the metrics collect ---- */

typedef struct {
  const SgMetric *metric;
  gpointer set; /* NULL: it does not need this side */
} Collected;

static void
collected_free(gpointer data)
{
  Collected *c = data;

  if (c->set)
    c->metric->release(c->set);
  g_free(c);
}

/* One for each metric; NULL and error. */
static GPtrArray *
prepare(const Job *job, SgMetricNeeds side, int channels, int resolution, GError **error)
{
  const SgMetricSetup setup = {channels, resolution, job->n, (guint64)job->opt->seed};
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(collected_free);

  for (guint i = 0; job->metrics[i]; i++) {
    Collected *c = g_new0(Collected, 1);
    c->metric = job->metrics[i];
    g_ptr_array_add(all, c);
    if ((c->metric->needs & side) && !(c->set = c->metric->prepare(&setup, error)))
      return NULL;
  }
  return g_steal_pointer(&all);
}

static void
add_pictures(GPtrArray *all, const float *pictures, int n)
{
  for (guint i = 0; i < all->len; i++) {
    Collected *c = all->pdata[i];
    if (c->set)
      c->metric->add(c->set, pictures, n);
  }
}

/* ---- pictures of a data set ---- */

/* Classes of one-hot labels; they decide which classes the model is asked for. Every picture counts
 * once, whatever its label: both sides must have as many. */
static void
count_labels(const Job *job, const float *labels, int n)
{
  int dim = job->data->label_dim;

  for (int i = 0; i < n; i++, labels += dim) {
    int best = 0;
    for (int k = 1; k < dim; k++)
      if (labels[k] > labels[best])
        best = k;
    job->labels[best]++;
  }
}

/* n of them in the loader's random order, none twice. */
static GPtrArray *
collect_dataset(const Job *job, SgMetricNeeds side, SgDataset *ds, const char *what, GError **error)
{
  gsize values = (gsize)ds->channels * (gsize)ds->resolution * (gsize)ds->resolution;
  g_autoptr(GPtrArray) all = prepare(job, side, ds->channels, ds->resolution, error);
  g_autofree float *images = sg_room(BATCH * values, sizeof *images);
  g_autofree float *labels = sg_room0(BATCH * (gsize)MAX(ds->label_dim, 1), sizeof *labels);
  gboolean labelled = ds == job->data && job->labels;
  CliProgress progress;

  if (!all || !sg_room_check(error))
    return NULL;
  g_autoptr(SgLoader) loader = sg_loader_new(ds, FALSE, (guint64)job->opt->seed, 0, BATCH, 2, 0);
  cli_progress_begin(&progress, what, (gsize)job->n);
  for (int at = 0; at < job->n; at += BATCH) {
    int n = MIN(BATCH, job->n - at);
    if (!sg_loader_next(loader, images, labelled ? labels : NULL, error)) {
      cli_progress_end(&progress);
      return NULL;
    }
    if (labelled)
      count_labels(job, labels, n);
    add_pictures(all, images, n);
    cli_progress_update(&progress, (gsize)(at + n));
  }
  cli_progress_end(&progress);
  return g_steal_pointer(&all);
}

/* ---- pictures of a model ---- */

/* As many of each class as the real pictures have: then the order does not matter, and pictures of
 * a class can be rendered together. */
static gboolean
collect_model(const Job *job, SgRenderer *renderer, GPtrArray *all, GError **error)
{
  const SgModelInfo *info = &job->model->info;
  g_autoptr(SgRecipe) r = sg_recipe_new(info->z_dim, info->w_dim);
  int most =
      (int)CLAMP(BATCH * (gint64)65536 / info->img_resolution / info->img_resolution, 1, BATCH);
  CliProgress progress;
  int done = 0;

  r->psi = job->opt->trunc;
  r->label = -1;
  /* Another --seed gives other pictures, none of them again. */
  r->seed = (guint32)((guint64)job->opt->seed * (guint64)job->n);
  cli_progress_begin(&progress, "pictures", (gsize)job->n);
  for (int label = 0; label < MAX(info->c_dim, 1); label++) {
    int left = job->labels ? (int)job->labels[label] : job->n;
    if (job->labels)
      r->label = label;
    for (; left > 0; left -= r->faces, r->seed += (guint32)r->faces) {
      r->faces = MIN(left, most);
      g_autoptr(SgTensor) images = sg_renderer_render_float(renderer, r, error);
      if (!images) {
        cli_progress_end(&progress);
        return FALSE;
      }
      add_pictures(all, images->data, r->faces);
      cli_progress_update(&progress, (gsize)(done += r->faces));
    }
  }
  cli_progress_end(&progress);
  return TRUE;
}

static GPtrArray *
render(const Job *job, GError **error)
{
  const SgModelInfo *info = &job->model->info;
  g_autoptr(SgRenderer) renderer = sg_renderer_new(job->model, NULL, error);
  g_autoptr(GPtrArray) all = renderer ? prepare(job, SG_METRIC_NEEDS_FAKES, info->img_channels,
                                                info->img_resolution, error)
                                      : NULL;

  if (!all)
    return NULL;
  sg_renderer_set_cache_budget(renderer, 0); /* no picture is rendered twice here */
  return collect_model(job, renderer, all, error) ? g_steal_pointer(&all) : NULL;
}

/* ---- the job ---- */

static gboolean
open_network(Job *job, GError **error)
{
  job->network = sg_run_network(job->opt->network, error);
  job->model = job->network ? cli_load_model(job->network, error) : NULL;
  return job->model != NULL;
}

static gboolean
check_labels(Job *job, GError **error)
{
  int classes = job->model->info.c_dim;

  if (classes == 0)
    return TRUE;
  if (job->data->label_dim != classes || !job->data->one_hot) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s: this model has %d classes and needs a data set with as many, found %d%s",
                job->opt->data, classes, job->data->label_dim,
                job->data->label_dim > 0 && !job->data->one_hot ? " (not class numbers)" : "");
    return FALSE;
  }
  job->labels = g_new0(guint32, classes);
  return TRUE;
}

static gboolean
open_all(Job *job, GError **error)
{
  const Options *o = job->opt;
  SgDatasetOptions options = {0};

  if (o->network) {
    if (!open_network(job, error) ||
        !sg_info_require_square(&job->model->info, "a distance between pictures", error))
      return FALSE;
    options = (SgDatasetOptions){.resolution = job->model->info.img_resolution,
                                 .channels = job->model->info.img_channels,
                                 .use_labels = job->model->info.c_dim > 0};
  }
  job->data = sg_dataset_open(o->data, &options, error);
  if (!job->data || (job->model && !check_labels(job, error)))
    return FALSE;
  job->n = (int)MIN((guint)o->images, job->data->n);
  if (!o->reference)
    return TRUE;
  options.resolution = job->data->resolution;
  options.channels = job->data->channels;
  job->reference = sg_dataset_open(o->reference, &options, error);
  if (job->reference)
    job->n = (int)MIN((guint)job->n, job->reference->n);
  return job->reference != NULL;
}

/* The first line is for people: what, in which unit, of how many. */
static void
print_text(const Job *job)
{
  for (guint i = 0; job->metrics[i]; i++) {
    const SgMetric *m = job->metrics[i];
    const SgMetricResult *r = &job->results[i];
    printf("%s%s%s, %d pictures of each\n", m->summary, *m->unit ? " " : "", m->unit, job->n);
    for (int k = 0; k < r->n; k++)
      printf("%-10s%10.3f\n", r->parts[k].label, r->parts[k].value);
    printf("%-10s%10.3f\n", m->whole, r->value);
  }
}

/* A part's name is mostly a number. */
static json_t *
name_json(const char *name)
{
  gint64 number;
  return g_ascii_string_to_signed(name, 10, G_MININT, G_MAXINT, &number, NULL)
             ? json_integer((json_int_t)number)
             : json_string(cli_json_name(name));
}

static json_t *
result_json(const SgMetric *m, const SgMetricResult *r)
{
  json_t *result = json_object(), *parts = json_array();

  for (int i = 0; i < r->n; i++)
    json_array_append_new(parts, json_pack("{s:o, s:f}", m->part, name_json(r->parts[i].name),
                                           m->part_value, r->parts[i].value));
  if (m->parts)
    json_object_set_new(result, m->parts, parts);
  else
    json_decref(parts);
  json_object_set_new(result, m->whole, json_real(r->value));
  return result;
}

static void
print_json(const Job *job)
{
  const Options *o = job->opt;
  json_t *root = json_pack("{s:s, s:i, s:I}", "data", cli_json_name(o->data), "images", job->n,
                           "seed", (json_int_t)o->seed);

  if (job->model) {
    json_object_set_new(root, "network", json_string(cli_json_name(job->network)));
    json_object_set_new(root, "hash", json_string(job->model->hash));
    json_object_set_new(root, "trunc", json_real(o->trunc));
  } else {
    json_object_set_new(root, "reference", json_string(cli_json_name(o->reference)));
  }
  for (guint i = 0; job->metrics[i]; i++)
    json_object_set_new(root, job->metrics[i]->name,
                        result_json(job->metrics[i], &job->results[i]));
  cli_print_json(root);
}

static gboolean
measure(Job *job, GError **error)
{
  job->results = g_new0(SgMetricResult, job->real->len);
  for (guint i = 0; job->metrics[i]; i++)
    job->metrics[i]->measure(((Collected *)job->real->pdata[i])->set,
                             ((Collected *)job->other->pdata[i])->set, (guint64)job->opt->seed,
                             &job->results[i]);
  return sg_room_check(error);
}

static void
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt, .metrics = sg_metric_parse(opt->metrics, NULL)};

  if (open_all(&job, error)) {
    job.real = collect_dataset(&job, SG_METRIC_NEEDS_REALS, job.data, "real pictures", error);
    if (job.real)
      job.other = job.model ? render(&job, error)
                            : collect_dataset(&job, SG_METRIC_NEEDS_FAKES, job.reference,
                                              "other pictures", error);
  }
  if (job.real && job.other) {
    if (job.n < opt->images)
      fprintf(stderr,
              "vitrine metrics: only %d pictures are there; numbers of %d would be "
              "smaller\n",
              job.n, opt->images);
    if (measure(&job, error))
      (opt->json ? print_json : print_text)(&job);
  }
  g_clear_pointer(&job.real, g_ptr_array_unref);
  g_clear_pointer(&job.other, g_ptr_array_unref);
  g_clear_pointer(&job.data, sg_dataset_free);
  g_clear_pointer(&job.reference, sg_dataset_free);
  g_clear_pointer(&job.model, sg_model_unref);
  g_free(job.labels);
  g_free(job.results);
  g_free(job.metrics);
  g_free(job.network);
}

int
cli_metrics(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  options_clear(&opt);
  return cli_finish("metrics", error);
}
