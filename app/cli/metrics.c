/* vitrine metrics: how far a model's pictures are from a data set, or one set from another. */
#include "app/cli/metrics.h"
#include "engine/formats/format-error.h"
#include "engine/perceptual/fit-picture.h"
#include "engine/perceptual/weights.h"
#include "engine/runs/run-network.h"
#include <jansson.h>
#include <stdio.h>

#define FEW 10000 /* pictures */

static void
options_clear(CliMetricsOptions *o)
{
  g_free(o->network);
  g_free(o->data);
  g_free(o->reference);
  g_free(o->metrics);
  g_free(o->features);
  g_free(o->run);
  g_free(o->inception);
  g_free(o->vgg);
  g_free(o->lpips);
  g_free(o->mode);
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
check_metrics(CliMetricsOptions *o, GError **error)
{
  g_autoptr(GError) why = NULL;
  g_autofree const SgMetric **list = sg_metric_parse(o->metrics, &why);

  if (!list)
    cli_set_usage_error(error, "--%s", why->message);
  else if (!*list)
    cli_set_usage_error(error, "--metrics: there is nothing to do");
  return list && *list;
}

const SgMetric **
cli_metrics_list(const CliMetricsOptions *o)
{
  const SgMetric **list = sg_metric_parse(o->metrics, NULL);

  for (guint i = 0; list[i]; i++)
    list[i] = sg_metric_with_mode(list[i], o->mode ? o->mode : SG_METRIC_MODE);
  return list;
}

/* --mode, and the files of weights. */
static gboolean
check_network(const CliMetricsOptions *o, GError **error)
{
  SgFitMode mode;

  if (o->mode && !sg_fit_parse(o->mode, &mode))
    cli_set_usage_error(error, "--mode should be tf, pytorch or clean, but is \"%s\"",
                        cli_name(o->mode));
  else {
    const char *const files[SG_WEIGHTS_KINDS] = {[SG_WEIGHTS_INCEPTION] = o->inception,
                                                 [SG_WEIGHTS_VGG] = o->vgg,
                                                 [SG_WEIGHTS_LPIPS] = o->lpips};
    for (SgWeightsKind kind = 0; kind < SG_WEIGHTS_KINDS; kind++)
      if (files[kind])
        sg_weights_use(kind, files[kind]);
    return TRUE;
  }
  return FALSE;
}

#define METRICS_HELP                                                                               \
  "Sliced Wasserstein distance × 1000 of 7×7 patches for each level of a Laplacian pyramid "     \
  "(Karras et al.\n"                                                                               \
  "2018): fine levels see sharpness and noise, coarse ones shapes; 0 is the same. Compare only "   \
  "numbers of\n"                                                                                   \
  "the same --images: fewer pictures alone make them larger. Noise inputs are the model's own "    \
  "(const).\n"                                                                                     \
  "Metrics that end in -d compare what a discriminator makes of pictures by the formulas of FID, " \
  "KID, MIND,\n"                                                                                   \
  "precision and recall, and path length: their numbers are no FID, and compare only where the "   \
  "discriminator\n"                                                                                \
  "is the same (--features). A name may say how many pictures, that all real ones are taken, how " \
  "many\n"                                                                                         \
  "neighbours, or which paths: fd-d2k, kid-d10k_full, pr-d2k5, ppl-d1k_zfull (_wend, _wfull, "     \
  "_zend).\n"                                                                                      \
  "Those in -rand compare features of an Inception network with fixed random weights: no FID, "    \
  "either, but the\n"                                                                              \
  "same everywhere. fid, kid, mind and is (fid50k_full, kid2k-clean) want the trained network's "  \
  "weights.\n"                                                                                     \
  "  vitrine metrics --network=model.pkl --data=faces.zip\n"                                       \
  "  vitrine metrics --network=model.pkl --data=faces.zip --metrics=kid-d2k,pr-d2k,ppl-d1k\n"      \
  "  vitrine metrics --network=model.pkl --data=faces.zip --metrics=fid50k_full,is50k "            \
  "--mode=clean\n"                                                                                 \
  "  vitrine metrics --data=faces.zip --reference=other-faces\n"                                   \
  "  vitrine metrics --run=training-runs/00001-faces --metrics=fd-d2k,ppl-d1k"

static gboolean
options_parse(CliMetricsOptions *o, int argc, char **argv, GError **error)
{
  g_autofree char *known = known_metrics();
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network,
       "the model, or a run directory (its newest snapshot)", "FILE|RUN_DIR"},
      {"data", 0, 0, G_OPTION_ARG_FILENAME, &o->data, "real pictures", "DIR|ZIP"},
      {"reference", 0, 0, G_OPTION_ARG_FILENAME, &o->reference,
       "other pictures in place of a model's", "DIR|ZIP"},
      {"images", 0, 0, G_OPTION_ARG_INT, &o->images,
       "how many pictures of each, where a metric's name does not say it (2048)", "N"},
      {"mirror", 0, 0, G_OPTION_ARG_NONE, &o->mirror, "every real picture also counts flipped",
       NULL},
      {"features", 0, 0, G_OPTION_ARG_FILENAME, &o->features,
       "the model whose discriminator -d metrics ask (--network's own)", "FILE"},
      {"inception", 0, 0, G_OPTION_ARG_FILENAME, &o->inception,
       "weights of the Inception network as pytorch-fid has them "
       "(~/.local/share/vitrine/weights/pt_inception-2015-12-05-6726825d.pth)",
       "FILE"},
      {"vgg", 0, 0, G_OPTION_ARG_FILENAME, &o->vgg,
       "weights of VGG16 as torchvision has them (vgg16-397923af.pth in the same folder)", "FILE"},
      {"lpips", 0, 0, G_OPTION_ARG_FILENAME, &o->lpips,
       "LPIPS' factors for it, of the lpips package (vgg.pth in the same folder)", "FILE"},
      {"mode", 0, 0, G_OPTION_ARG_STRING, &o->mode,
       "how pictures come to its size: tf as NVlabs and torch-fidelity, pytorch as pytorch-fid, "
       "clean as clean-fid (tf)",
       "MODE"},
      {"metrics", 0, 0, G_OPTION_ARG_STRING, &o->metrics, known, "NAMES"},
      {"seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "which pictures, patches and directions (0)",
       "N"},
      {"trunc", 0, 0, G_OPTION_ARG_DOUBLE, &o->trunc, "truncation psi (1: none)", "PSI"},
      {"run", 0, 0, G_OPTION_ARG_FILENAME, &o->run,
       "measure every snapshot of a run that has not been yet, into metric-NAME.jsonl", "RUN_DIR"},
      {"watch", 0, 0, G_OPTION_ARG_NONE, &o->watch,
       "…and those to come, until the training ends; at the lowest priority", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "write JSON", NULL},
      {NULL}};
  static const CliRange ranges[] = {{"images", 1, 1000000},
                                    {"seed", 0, G_MAXINT32},
                                    {"trunc", -SG_RECIPE_FACTOR_MAX, SG_RECIPE_FACTOR_MAX},
                                    {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Measures how far a model's pictures are from real ones, without another network.",
      .details = METRICS_HELP,
      .ranges = ranges};

  *o = (CliMetricsOptions){.images = 2048, .trunc = 1};
  if (!cli_parse(&argc, &argv, entries, &help, error))
    return FALSE;
  if (!o->metrics)
    o->metrics = g_strdup(SG_METRIC_DEFAULT);
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (o->run && (o->network || o->reference || o->json))
    cli_set_usage_error(error, "--run measures a run's own snapshots into its own files: without "
                               "--network, --reference and --json");
  else if (o->watch && !o->run)
    cli_set_usage_error(error, "--watch needs --run");
  else if (!o->run && !o->network == !o->reference)
    cli_set_usage_error(error, "compared with what? Give one of --network, --reference and --run");
  else
    return check_network(o, error) && check_metrics(o, error);
  return FALSE;
}

/* ---- the job ---- */

static gboolean
open_network(CliMetricsJob *job, GError **error)
{
  job->network = sg_run_network(job->opt->network, error);
  job->model = job->network ? cli_load_model(job->network, error) : NULL;
  return job->model != NULL;
}

static gboolean
needs(const CliMetricsJob *job, SgMetricNeeds side)
{
  for (guint i = 0; job->metrics[i]; i++)
    if (job->metrics[i]->needs & side)
      return TRUE;
  return FALSE;
}

static gboolean
open_data(CliMetricsJob *job, GError **error)
{
  const CliMetricsOptions *o = job->opt;
  SgDatasetOptions options = {0};

  if (job->model)
    options = (SgDatasetOptions){.resolution = job->model->info.img_resolution,
                                 .channels = job->model->info.img_channels,
                                 .use_labels = job->model->info.c_dim > 0};
  job->data = sg_dataset_open(o->data, &options, error);
  if (!job->data || !o->reference)
    return job->data != NULL;
  options.resolution = job->data->resolution;
  options.channels = job->data->channels;
  job->reference = sg_dataset_open(o->reference, &options, error);
  return job->reference != NULL;
}

gboolean
cli_metrics_open(CliMetricsJob *job, GError **error)
{
  const CliMetricsOptions *o = job->opt;

  if (o->network &&
      (!open_network(job, error) ||
       !sg_info_require_square(&job->model->info, "a distance between pictures", error)))
    return FALSE;
  if (o->features && !(job->features = cli_load_model(o->features, error)))
    return FALSE;
  if (!o->data && needs(job, SG_METRIC_NEEDS_REALS)) {
    cli_set_usage_error(error, "which real pictures? --data=DIR or ZIP");
    return FALSE;
  }
  return !o->data || open_data(job, error);
}

/* ---- results ---- */

/* Real pictures that there are, or other ones if these are fewer. */
static int
images_there(const CliMetricsJob *job)
{
  guint n = job->data ? job->data->n * (job->opt->mirror ? 2u : 1u) : G_MAXINT;

  return (int)MIN(MIN(n, job->reference ? job->reference->n : n), (guint)G_MAXINT);
}

/* Pictures of each side where a metric's name does not say how many. */
static int
images(const CliMetricsJob *job)
{
  return MIN(job->opt->images, images_there(job));
}

/* "2048 pictures of each", "2000 pictures, 70000 real ones", "1000 pairs"; to be freed. */
static char *
compared(const CliMetricsJob *job, const SgMetric *m)
{
  int all = job->data ? (int)job->data->n * (job->opt->mirror ? 2 : 1) : 0;
  int real = sg_metric_images(m, SG_METRIC_NEEDS_REALS, all, images(job));
  int fake = sg_metric_images(m, SG_METRIC_NEEDS_FAKES, all, images(job));

  if (m->needs & SG_METRIC_NEEDS_PATHS)
    return g_strdup_printf("%d pairs",
                           sg_metric_images(m, SG_METRIC_NEEDS_PATHS, all, job->opt->images));
  return real == fake ? g_strdup_printf("%d pictures of each", real)
                      : g_strdup_printf("%d pictures, %d real ones", fake, real);
}

/* Distances of features may be small: these have six digits. */
static void
print_value(const SgMetric *m, const char *label, double value)
{
  if (m->source)
    printf("%-10s%12.6g\n", label, value);
  else
    printf("%-10s%10.3f\n", label, value);
}

/* The most pictures that a metric asks for and the sets do not have; 0: none does. */
static int
missing(const CliMetricsJob *job)
{
  int most = 0, there = images_there(job);

  for (guint i = 0; job->metrics[i]; i++) {
    const SgMetric *m = job->metrics[i];
    int asked = m->count > 0 ? m->count : job->opt->images;
    if ((m->needs & SG_METRIC_NEEDS_REALS) && !m->full && asked > there)
      most = MAX(most, asked);
  }
  return most;
}

/* What small sets do to a number, once. */
static void
warn_of_few(const CliMetricsJob *job)
{
  int asked = missing(job), there = images_there(job);
  gboolean frechet = FALSE;

  if (asked > 0)
    fprintf(stderr,
            "vitrine metrics: only %d pictures are there; numbers of %d would be "
            "smaller\n",
            there, asked);
  for (guint i = 0; job->metrics[i]; i++) {
    const SgMetric *m = job->metrics[i];
    frechet = frechet || (m->grows_with_few &&
                          sg_metric_images(m, SG_METRIC_NEEDS_FAKES, there, images(job)) < FEW);
  }
  if (frechet)
    fprintf(stderr,
            "vitrine metrics: a Fréchet distance of fewer than %d pictures is too large, "
            "the more so the fewer there are; a kernel distance (kid-d) is not\n",
            FEW);
}

/* The first line is for people: what, in which unit, of how many. */
static void
print_text(const CliMetricsJob *job)
{
  for (guint i = 0; job->metrics[i]; i++) {
    const SgMetric *m = job->metrics[i];
    const SgMetricResult *r = &job->results[i];
    g_autofree char *of = compared(job, m);
    printf("%s%s%s, %s\n", m->summary, *m->unit ? " " : "", m->unit, of);
    for (int k = 0; k < r->n; k++)
      print_value(m, r->parts[k].label, r->parts[k].value);
    print_value(m, m->whole, r->value);
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
print_json(const CliMetricsJob *job)
{
  const CliMetricsOptions *o = job->opt;
  json_t *root = json_pack("{s:s, s:i, s:I}", "data", o->data ? cli_json_name(o->data) : "",
                           "images", images(job), "seed", (json_int_t)o->seed);

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

/* ---- the job ---- */

typedef struct {
  CliProgress bar;
  const char *what; /* that it is of, or NULL */
} Progress;

static void
show_progress(const char *what, int done, int total, gpointer data)
{
  Progress *p = data;

  if (!p->what || !g_str_equal(p->what, what))
    cli_progress_begin(&p->bar, what, (gsize)total);
  p->what = what;
  cli_progress_update(&p->bar, (gsize)done);
  if (done < total)
    return;
  cli_progress_end(&p->bar);
  p->what = NULL;
}

gboolean
cli_metrics_measure(CliMetricsJob *job, GError **error)
{
  const CliMetricsOptions *o = job->opt;
  g_autofree char *cache = g_build_filename(g_get_user_cache_dir(), "vitrine", "metrics", NULL);
  Progress progress = {.what = NULL};
  const SgMeasurement m = {.metrics = job->metrics,
                           .data = job->data,
                           .model = job->model,
                           .reference = job->reference,
                           .features = job->features,
                           .images = images(job),
                           .seed = (guint64)o->seed,
                           .psi = o->trunc,
                           .mirror = o->mirror,
                           .cache = cache,
                           .progress = show_progress,
                           .user_data = &progress};
  gsize count = 0;

  while (job->metrics[count])
    count++;
  g_free(job->results);
  job->results = g_new0(SgMetricResult, count);
  gboolean ok = sg_measurement_run(&m, job->results, error);
  if (progress.what)
    cli_progress_end(&progress.bar);
  return ok;
}

void
cli_metrics_close(CliMetricsJob *job)
{
  g_clear_pointer(&job->data, sg_dataset_free);
  g_clear_pointer(&job->reference, sg_dataset_free);
  g_clear_pointer(&job->model, sg_model_unref);
  g_clear_pointer(&job->features, sg_model_unref);
  g_clear_pointer(&job->network, g_free);
}

static void
run(const CliMetricsOptions *opt, GError **error)
{
  CliMetricsJob job = {.opt = opt, .metrics = cli_metrics_list(opt)};

  if (cli_metrics_open(&job, error)) {
    warn_of_few(&job);
    if (cli_metrics_measure(&job, error))
      (opt->json ? print_json : print_text)(&job);
  }
  cli_metrics_close(&job);
  g_free(job.results);
  g_free(job.metrics);
}

int
cli_metrics(int argc, char **argv)
{
  GError *error = NULL;
  CliMetricsOptions opt;

  if (options_parse(&opt, argc, argv, &error))
    opt.run ? (void)cli_metrics_run(&opt, &error) : run(&opt, &error);
  options_clear(&opt);
  return cli_finish("metrics", error);
}
