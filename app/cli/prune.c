/* vitrine prune: magnitude pruning over a range of thresholds, and the pruned model. */
#include "app/cli/prune.h"
#include "app/cli/cli.h"
#include "app/figures/figure.h"
#include "engine/explore/picture-model.h"
#include "engine/explore/weights/prune-score.h"
#include "engine/explore/weights/real-score.h"
#include "engine/pictures/picture.h"
#include "engine/formats/format-error.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_THRESHOLDS 100001
#define MAX_THRESHOLD  1e12 /* no weight is larger */
#define REAL_IMAGES    32

typedef struct {
  char *network, *magnitude, *exclude, *outdir, *save, *data, *judge;
  char **layers;
  double from, to, step, threshold;
  int images, pictures;
  gboolean json;
  CliRecipeOptions recipe; /* seed, truncation and class of the faces */
} Options;

typedef struct {
  const Options *opt;
  SgModel *model;
  SgRecipe *faces; /* seed, truncation and class of those that are scored */
  SgPrune prune;   /* of which the sweep changes the threshold */
  SgPruneScorer *scorer;
  int n;                                  /* thresholds */
  double *threshold, *share, *score_mean; /* [n] */
  GString *csv;
  json_t *pictures;
  guint64 total;
  SgScoreSummary real; /* of --data; no images: not asked for */
} Job;

/* ---- options --------------------------------------------------------------------------------- */

static void
options_clear(Options *o)
{
  g_free(o->network);
  g_free(o->magnitude);
  g_free(o->exclude);
  g_free(o->outdir);
  g_free(o->save);
  g_free(o->data);
  g_free(o->judge);
  g_strfreev(o->layers);
  cli_recipe_options_clear(&o->recipe);
}

static gboolean
check_range(const Options *o, GError **error)
{
  if (!(o->from >= 0) || !isfinite(o->to) || o->to < o->from)
    cli_set_usage_error(error, "--from and --to must be 0 or more, in this order, found %g and %g",
                        o->from, o->to);
  else if (!(o->step > 0) || (o->to - o->from) / o->step > MAX_THRESHOLDS - 1)
    cli_set_usage_error(error, "--step must make from 1 to %d thresholds, found %g", MAX_THRESHOLDS,
                        o->step);
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_check(const Options *o, int argc, char **argv, GError **error)
{
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->outdir && !o->save)
    cli_set_usage_error(error, "where to? --outdir=DIR, or --threshold=T --save=FILE.safetensors");
  else if (o->data && !o->outdir)
    cli_set_usage_error(error, "--data=DIR|ZIP is scored beside a sweep: --outdir=DIR is missing");
  else if (!o->save != (o->threshold < 0))
    cli_set_usage_error(error, "--threshold=T (0 or more) and --save=FILE go together");
  else if (o->magnitude && strcmp(o->magnitude, "stored") && strcmp(o->magnitude, "effective"))
    cli_set_usage_error(error, "--magnitude must be stored or effective, found \"%s\"",
                        o->magnitude);
  else if (o->judge && strcmp(o->judge, "alone") && strcmp(o->judge, "training"))
    cli_set_usage_error(error, "--judge must be alone or training, found \"%s\"", o->judge);
  else
    return check_range(o, error);
  return FALSE;
}

static SgJudge
judge(const Options *o)
{
  return o->judge && strcmp(o->judge, "training") == 0 ? SG_JUDGE_TRAINING : SG_JUDGE_ALONE;
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  static const char *const only[] = {"seed", "trunc", "class", NULL};
  static const CliRange ranges[] = {{"from", 0, MAX_THRESHOLD},
                                    {"to", 0, MAX_THRESHOLD},
                                    {"step", 1e-9, MAX_THRESHOLD},
                                    {"threshold", 0, MAX_THRESHOLD},
                                    {"images", 1, SG_PRUNE_MAX_IMAGES},
                                    {"pictures", 0, MAX_THRESHOLDS},
                                    {NULL}};
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"from", 0, 0, G_OPTION_ARG_DOUBLE, &o->from, "first threshold (0)", "T"},
      {"to", 0, 0, G_OPTION_ARG_DOUBLE, &o->to, "last threshold (1)", "T"},
      {"step", 0, 0, G_OPTION_ARG_DOUBLE, &o->step, "from one to the next (0.001)", "T"},
      {"images", 0, 0, G_OPTION_ARG_INT, &o->images, "faces that are scored (32)", "N"},
      {"magnitude", 0, 0, G_OPTION_ARG_STRING, &o->magnitude,
       "of weights as stored, or times their equalised learning rate", "stored|effective"},
      {"exclude", 0, 0, G_OPTION_ARG_STRING, &o->exclude,
       "what is never pruned: mapping, affine, conv, torgb or a layer's name, with commas", "LIST"},
      {"layer", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->layers,
       "a layer with a threshold of its own; may be repeated", "NAME=T"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where the sweep goes; made if missing",
       "DIR"},
      {"pictures", 0, 0, G_OPTION_ARG_INT, &o->pictures,
       "grids of faces, at evenly spaced thresholds (11)", "N"},
      {"data", 0, 0, G_OPTION_ARG_FILENAME, &o->data,
       "real pictures, the first 32 of which are scored as well", "DIR|ZIP"},
      {"judge", 0, 0, G_OPTION_ARG_STRING, &o->judge,
       "whether the discriminator sees each face alone, or groups of them as in training (alone)",
       "alone|training"},
      {"threshold", 0, 0, G_OPTION_ARG_DOUBLE, &o->threshold, "of the model to save", "T"},
      {"save", 0, 0, G_OPTION_ARG_FILENAME, &o->save, "the pruned model", "FILE"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "write JSON", NULL},
      {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary =
          "Sets a generator's weights below a threshold to zero and scores what it draws then.",
      .details =
          "DIR/prune.csv has a line for each threshold: weights that remain and that are removed, "
          "mean "
          "and standard\n"
          "deviation of the discriminator's sigmoid and logit over the faces. prune.svg has both "
          "curves, t0.000.png\n"
          "and so on the faces. With --data, real.csv and a line in prune.svg say what the same "
          "discriminator says of\n"
          "real pictures, cropped and resized as for a training.\n"
          "The score columns are means of the sigmoid, the logit columns of the logit itself. Each "
          "face is judged alone\n"
          "and as it is saved, as by \"vitrine score\"; with --judge=training unclamped and in "
          "groups as large as those of\n"
          "the minibatch standard deviation, in order.\n"
          "Layers are named as \"vitrine inspect\" lists them, without G_ema.\n"
          "  vitrine prune --network model.pkl --outdir out --exclude mapping,torgb\n"
          "  vitrine prune --network model.pkl --threshold 0.3 --save pruned.safetensors",
      .ranges = ranges,
      .recipe = &o->recipe};

  cli_recipe_options_init(&o->recipe, only, NULL);
  return cli_parse(&argc, &argv, entries, &help, error) && options_check(o, argc, argv, error);
}

/* ---- which layers ---------------------------------------------------------------------------- */

static gboolean
in_group(const SgWeightLayer *layer, const char *group)
{
  static const char *const names[] = {[SG_LAYER_MAPPING] = "mapping",
                                      [SG_LAYER_AFFINE] = "affine",
                                      [SG_LAYER_CONV] = "conv",
                                      [SG_LAYER_RGB] = "torgb"};
  return strcmp(group, names[layer->group]) == 0;
}

/* A layer's name as stored, also without what all names end in. */
static gboolean
is_layer(const SgWeightLayer *layer, const char *name)
{
  gsize n = strlen(name);
  return n > 0 && strncmp(layer->name, name, n) == 0 &&
         (!layer->name[n] || layer->name + n == strrchr(layer->name, '.'));
}

static gboolean
set_layers(SgPrune *p, const GArray *layers, const char *option, const char *name, gboolean groups,
           double threshold, GError **error)
{
  gboolean found = FALSE;

  for (guint i = 0; i < layers->len; i++) {
    const SgWeightLayer *layer = &g_array_index(layers, SgWeightLayer, i);
    if (!is_layer(layer, name) && !(groups && in_group(layer, name)))
      continue;
    sg_prune_set_layer(p, layer->name, threshold);
    found = TRUE;
  }
  if (!found)
    cli_set_usage_error(error, "--%s: this model has no layer \"%s\"%s", option, name,
                        groups ? "; groups are mapping, affine, conv and torgb" : "");
  return found;
}

static gboolean
set_own_threshold(SgPrune *p, const GArray *layers, const char *text, GError **error)
{
  const char *equals = strrchr(text, '=');
  double threshold;

  if (!equals) {
    cli_set_usage_error(error, "--layer: expected NAME=THRESHOLD, found \"%s\"", text);
    return FALSE;
  }
  if (!cli_parse_number("layer", equals + 1, 0, MAX_THRESHOLD, &threshold, error))
    return FALSE;
  g_autofree char *name = g_strndup(text, (gsize)(equals - text));
  return set_layers(p, layers, "layer", name, FALSE, threshold, error);
}

static gboolean
choose_layers(Job *job, GError **error)
{
  const Options *o = job->opt;
  g_autoptr(GArray) layers = sg_weight_layers(job->model);
  g_auto(GStrv) excluded = g_strsplit(o->exclude ? o->exclude : "", ",", -1);

  job->prune.magnitude = o->magnitude && strcmp(o->magnitude, "effective") == 0
                             ? SG_MAGNITUDE_EFFECTIVE
                             : SG_MAGNITUDE_STORED;
  for (char **name = excluded; *name; name++)
    if (!set_layers(&job->prune, layers, "exclude", g_strstrip(*name), TRUE, 0, error))
      return FALSE;
  for (char **text = o->layers; text && *text; text++)
    if (!set_own_threshold(&job->prune, layers, *text, error))
      return FALSE;
  return TRUE;
}

/* ---- the sweep ------------------------------------------------------------------------------- */

static char *
recipe_json(const Job *job)
{
  g_autoptr(SgRecipe) r = sg_recipe_copy(job->faces);

  if (job->opt->images > SG_RECIPE_MAX_FACES)
    return NULL;
  r->faces = job->opt->images;
  sg_prune_copy(&r->prune, &job->prune);
  return sg_picture_recipe(r, job->model);
}

/* All faces as one picture, four rows of eight where there are 32. */
static gboolean
write_grid(Job *job, const SgPruneResult *r, GError **error)
{
  int columns = (int)ceil(sqrt(2 * r->images)), rows = (r->images + columns - 1) / columns;
  gsize line = (gsize)r->bytes * (gsize)r->width, stride = line * (gsize)columns;
  g_autofree char *name = g_strdup_printf("t%.3f.png", r->threshold);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  g_autofree char *json = recipe_json(job);

  if (!sg_picture_check_size((guint64)columns * (guint64)r->width,
                             (guint64)rows * (guint64)r->height, error))
    return FALSE;
  g_autofree guint8 *grid = g_try_malloc0(stride * (gsize)(rows * r->height));
  if (!grid)
    return sg_no_memory(error, "for the grid");
  for (int i = 0; i < r->images; i++)
    for (int y = 0; y < r->height; y++)
      memcpy(grid + (gsize)(i / columns * r->height + y) * stride + (gsize)(i % columns) * line,
             r->rgb + ((gsize)i * (gsize)r->height + (gsize)y) * line, line);
  json_array_append_new(job->pictures, json_string(cli_json_name(path)));
  return sg_png_write_drawn(path, grid, columns * r->width, rows * r->height, r->channels, json,
                            error);
}

/* Is threshold i one of `pictures` evenly spaced among all? */
static gboolean
wants_picture(const Job *job, int i)
{
  int wanted = MIN(job->opt->pictures, job->n);

  for (int k = 0; k < wanted; k++)
    if (i == (wanted == 1 ? 0 : (int)((gint64)k * (job->n - 1) / (wanted - 1))))
      return TRUE;
  return FALSE;
}

static void
add_line(Job *job, int i, const SgPruneResult *r)
{
  job->share[i] = (double)r->remaining / (double)MAX(r->total, 1);
  job->score_mean[i] = r->scored ? r->score_mean : NAN;
  const double score[] = {r->score_mean, r->score_std, r->logit_mean, r->logit_std};
  sg_prune_csv_row(job->csv, r->threshold, r->remaining, r->total, r->scored ? score : NULL);
}

static gboolean
run_sweep(Job *job, GError **error)
{
  CliProgress progress;
  gboolean ok = TRUE;

  cli_progress_begin(&progress, "thresholds", (gsize)job->n);
  for (int i = 0; ok && i < job->n; i++) {
    job->prune.threshold = job->threshold[i];
    const SgPruneResult *r = sg_prune_scorer_run(job->scorer, &job->prune, error);
    ok = r != NULL;
    if (!ok)
      break;
    job->total = r->total;
    add_line(job, i, r);
    ok = !wants_picture(job, i) || write_grid(job, r, error);
    cli_progress_update(&progress, (gsize)i + 1);
  }
  cli_progress_end(&progress);
  return ok;
}

/* What D says of real pictures: how far any generator could come. */
static gboolean
score_real(Job *job, GError **error)
{
  g_autoptr(SgRenderer) renderer = sg_renderer_new(job->model, NULL, error);
  g_autoptr(SgRealScorer) s =
      renderer ? sg_real_scorer_new(job->model, job->opt->data, REAL_IMAGES, error) : NULL;
  gboolean done = FALSE;

  if (s)
    sg_real_scorer_set_judge(s, judge(job->opt));
  while (s && !done)
    if (!sg_real_scorer_step(s, renderer, &done, error))
      return FALSE;
  if (!s)
    return FALSE;
  job->real = *sg_real_scorer_summary(s);
  if (!job->opt->json)
    printf("%d real pictures: sigmoid %.6f ± %.6f, logit %+.6f ± %.6f\n", job->real.images,
           job->real.score_mean, job->real.score_std, job->real.logit_mean, job->real.logit_std);
  return TRUE;
}

static gboolean
write_real(const Job *job, GError **error)
{
  const SgScoreSummary *r = &job->real;
  g_autofree char *path = g_build_filename(job->opt->outdir, "real.csv", NULL);
  g_autofree char *text =
      g_strdup_printf("images,score_mean,score_std,logit_mean,logit_std\n"
                      "%d,%.9g,%.9g,%.9g,%.9g\n",
                      r->images, r->score_mean, r->score_std, r->logit_mean, r->logit_std);

  return r->images == 0 || sg_write_file(path, text, strlen(text), error);
}

static gboolean
write_results(const Job *job, GError **error)
{
  g_autofree char *csv = g_build_filename(job->opt->outdir, "prune.csv", NULL);
  g_autofree char *svg = g_build_filename(job->opt->outdir, "prune.svg", NULL);
  const VitrineAxes axes = {NULL, "threshold", NULL, 0, 1};
  const double ends[] = {job->threshold[0], job->threshold[job->n - 1]};
  const double level[] = {job->real.score_mean, job->real.score_mean};
  const VitrineCurve curves[] = {
      {"weights that remain", (gsize)job->n, job->threshold, job->share},
      {"discriminator score (mean sigmoid)", (gsize)job->n, job->threshold, job->score_mean},
      {"score of real pictures (mean sigmoid)", 2, ends, level}};
  gsize n = !job->model->info.has_d ? 1 : job->real.images == 0 ? 2 : 3;

  return sg_write_file(csv, job->csv->str, job->csv->len, error) && write_real(job, error) &&
         vitrine_figure_curves(svg, &axes, n, curves, error);
}

/* Thresholds are rounded to what the table prints, so that they are the same numbers there. */
static void
make_thresholds(Job *job)
{
  const Options *o = job->opt;

  job->n = (int)floor((o->to - o->from) / o->step + 1e-6) + 1;
  job->threshold = g_new(double, job->n);
  job->share = g_new(double, job->n);
  job->score_mean = g_new(double, job->n);
  for (int i = 0; i < job->n; i++)
    job->threshold[i] = round((o->from + i * o->step) * 1e9) / 1e9;
}

static gboolean
sweep(Job *job, GError **error)
{
  const Options *o = job->opt;

  make_thresholds(job);
  if (g_mkdir_with_parents(o->outdir, 0777) != 0)
    return sg_file_failed(error, o->outdir, "cannot make this folder");
  job->scorer =
      sg_prune_scorer_new(job->model, o->images, job->faces->seed, job->faces->psi, error);
  if (!job->scorer)
    return FALSE;
  sg_prune_scorer_set_judge(job->scorer, judge(o));
  if (job->faces->label != 0 && job->model->info.c_dim > 0)
    sg_prune_scorer_set_label(job->scorer, job->faces->label);
  if (!job->model->info.has_d)
    fprintf(stderr, "vitrine prune: %s has no discriminator, so nothing is scored\n",
            cli_name(o->network));
  job->csv = g_string_new(SG_PRUNE_CSV_HEADER);
  return (!o->data || score_real(job, error)) && run_sweep(job, error) && write_results(job, error);
}

/* ---- the job --------------------------------------------------------------------------------- */

static gboolean
save(Job *job, json_t **report, GError **error)
{
  job->prune.threshold = job->opt->threshold;
  return cli_prune_save(job->model, &job->prune, job->opt->save, job->opt->json ? report : NULL,
                        error);
}

static void
print_json(const Job *job, json_t *saved, double seconds)
{
  const Options *o = job->opt;
  json_t *root = json_pack(
      "{s:s, s:s, s:i, s:I, s:s, s:s, s:f}", "network", cli_json_name(o->network), "hash",
      job->model->hash, "images", o->images, "seed", (json_int_t)job->faces->seed, "magnitude",
      job->prune.magnitude == SG_MAGNITUDE_EFFECTIVE ? "effective" : "stored", "judge",
      judge(o) == SG_JUDGE_TRAINING ? "training" : "alone", "seconds", seconds);

  if (o->outdir) {
    json_object_set_new(root, "outdir", json_string(cli_json_name(o->outdir)));
    json_object_set_new(root, "thresholds", json_integer(job->n));
    json_object_set_new(root, "weights", json_integer((json_int_t)job->total));
    json_object_set(root, "pictures", job->pictures);
  }
  if (job->real.images > 0)
    json_object_set_new(root, "real",
                        json_pack("{s:s, s:i, s:f, s:f, s:f, s:f}", "data", cli_json_name(o->data),
                                  "images", job->real.images, "score_mean", job->real.score_mean,
                                  "score_std", job->real.score_std, "logit_mean",
                                  job->real.logit_mean, "logit_std", job->real.logit_std));
  if (saved)
    json_object_set(root, "saved", saved);
  cli_print_json(root);
}

static void
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt, .pictures = json_array()};
  gint64 start = g_get_monotonic_time();
  json_t *saved = NULL;

  job.model = cli_load_model(opt->network, error);
  if (job.model && (job.faces = cli_recipe_new(&opt->recipe, "prune", job.model, error)) &&
      choose_layers(&job, error) && (!opt->outdir || sweep(&job, error)) &&
      (!opt->save || save(&job, &saved, error)) && opt->json)
    print_json(&job, saved, (double)(g_get_monotonic_time() - start) / 1e6);
  if (saved)
    json_decref(saved);
  json_decref(job.pictures);
  if (job.csv)
    g_string_free(job.csv, TRUE);
  g_free(job.threshold);
  g_free(job.share);
  g_free(job.score_mean);
  sg_prune_clear(&job.prune);
  sg_recipe_free(job.faces);
  g_clear_pointer(&job.scorer, sg_prune_scorer_free);
  g_clear_pointer(&job.model, sg_model_unref);
}

int
cli_prune(int argc, char **argv)
{
  Options opt = {.to = 1, .step = 0.001, .threshold = -1, .images = 32, .pictures = 11};
  GError *error = NULL;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  options_clear(&opt);
  return cli_finish("prune", error);
}
