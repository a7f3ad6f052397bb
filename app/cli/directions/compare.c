/* vitrine compare A B: two models, how far their weights lie apart, and the same faces of both. */
#include "app/cli/directions/direction-job.h"
#include "app/figures/figure.h"
#include "engine/explore/nets.h"
#include "engine/explore/weights/model-compare.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BETWEEN 16
#define CONTRAST     4 /* of difference pictures */

typedef struct {
  char *outdir, *seeds, *save;
  double at, psi;
  int label, between;
  gboolean json;
} Options;

/* The models in a row: the first, those between, the second. */
typedef struct {
  const Options *opt;
  const char *paths[2];
  SgModel *models[2];
  GArray *changes, *seeds;
  DirectionJob jobs[MOST_BETWEEN + 2];
  int n;     /* jobs; 0: the models cannot be drawn side by side */
  char *why; /* then, what differs */
} Job;

static gboolean
options_parse(Options *o, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"seeds", 0, 0, G_OPTION_ARG_STRING, &o->seeds, "the faces, like 0-3,7 (0-7)", "SEEDS"},
      {"trunc", 0, 0, G_OPTION_ARG_DOUBLE, &o->psi, "truncation psi (1)", "PSI"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (0)", "N"},
      {"between", 0, 0, G_OPTION_ARG_INT, &o->between,
       "how many models between both are drawn, evenly spaced (1)", "N"},
      {"at", 0, 0, G_OPTION_ARG_DOUBLE, &o->at,
       "with --save: how far from the first model to the second (0.5)", "T"},
      {"save", 0, 0, G_OPTION_ARG_FILENAME, &o->save,
       "also write the model between them, as safetensors", "FILE"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliRange ranges[] = {
      {"between", 0, MOST_BETWEEN}, {"at", 0, 1}, {"trunc", -100, 100}, {NULL}};
  const CliHelp help = {
      .parameters = "A B",
      .summary = "Compares two models: weights layer by layer, and the same faces of both.",
      .details =
          "DIR/compare.csv says for each tensor how far it has moved (|B − A| / |A|) and in which "
          "direction (cosine), DIR/compare.png shows it layer by layer. Where both draw from the "
          "same z, DIR/faces.png has each face of both, of models between them (weights are "
          "interpolated) and how both differ, four times as strong. Two snapshots of one training "
          "show what it learned between them.\n"
          "  vitrine compare early.safetensors late.safetensors --outdir out",
      .ranges = ranges};

  *o = (Options){.at = 0.5, .psi = 1, .label = -1, .between = 1};
  if (!cli_parse(argc, argv, entries, &help, error))
    return FALSE;
  if (*argc != 3)
    cli_set_usage_error(error, "expected two models");
  else if (!o->outdir)
    cli_set_usage_error(error, "where to? --outdir=DIR");
  else
    return TRUE;
  return FALSE;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Why faces of one seed have nothing to do with each other; NULL: they have. To be freed. */
static char *
faces_differ(const SgModelInfo *a, const SgModelInfo *b)
{
  if (a->z_dim != b->z_dim || a->c_dim != b->c_dim)
    return g_strdup_printf("z has %d numbers (%d classes) and %d (%d)", a->z_dim, a->c_dim,
                           b->z_dim, b->c_dim);
  if (sg_info_height(a) != sg_info_height(b) || sg_info_width(a) != sg_info_width(b))
    return g_strdup_printf("pictures are %d×%d and %d×%d", sg_info_width(a), sg_info_height(a),
                           sg_info_width(b), sg_info_height(b));
  return NULL;
}

/* Models between exist where shapes agree; else both are drawn alone. */
static gboolean
begin_jobs(Job *job, GError **error)
{
  const int between = job->opt->between;

  for (int i = 0; i <= between + 1; i++) {
    DirectionJob *one = &job->jobs[job->n];
    GError *why = NULL;
    if (i == 0 || i == between + 1)
      one->model = sg_model_ref(job->models[i > 0]);
    else
      one->model = sg_model_between(job->models[0], job->models[1], i / (between + 1.0), &why);
    if (!one->model) {
      if (!job->why)
        job->why = g_strdup(why->message);
      g_error_free(why);
      continue;
    }
    job->n++;
    if (!direction_job_begin(one, job->opt->outdir, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
open_both(Job *job, GError **error)
{
  for (int i = 0; i < 2; i++)
    if (!(job->models[i] = cli_load_model(job->paths[i], error)))
      return FALSE;
  const SgModelInfo *a = &job->models[0]->info;
  if (job->opt->label >= MAX(a->c_dim, 1) || (job->opt->label >= 0 && a->c_dim == 0)) {
    cli_set_usage_error(error, "--class: the first model has %d classes", a->c_dim);
    return FALSE;
  }
  job->changes = sg_model_changes(job->models[0], job->models[1]);
  job->why = faces_differ(a, &job->models[1]->info);
  if (!job->why)
    return begin_jobs(job, error);
  job->jobs[0].model = sg_model_ref(job->models[0]);
  return direction_job_begin(&job->jobs[0], job->opt->outdir, error);
}

/* ---- weights --------------------------------------------------------------------------------- */

static gboolean
write_csv(const Job *job, GError **error)
{
  g_autoptr(GString) s = g_string_new("network,layer,tensor,numbers,change,cosine\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "compare.csv", NULL);

  for (guint i = 0; i < job->changes->len; i++) {
    const SgTensorChange *c = &g_array_index(job->changes, SgTensorChange, i);
    g_string_append_printf(s, "%c,%s,%s,%" G_GSIZE_FORMAT ",", c->network, c->layer->label,
                           c->param->name, c->numel);
    if (!isnan(c->change))
      g_string_append_printf(s, "%.6g", c->change);
    g_string_append_c(s, ',');
    if (!isnan(c->cosine))
      g_string_append_printf(s, "%.9g", c->cosine);
    g_string_append_c(s, '\n');
  }
  return sg_write_file(path, s->str, s->len, error);
}

/* The table's columns, by what a tensor is to its layer. */
static int
column_of(SgRole role)
{
  switch (role) {
  case SG_ROLE_WEIGHT:
    return 0;
  case SG_ROLE_BIAS:
    return 1;
  case SG_ROLE_AFFINE_WEIGHT:
    return 2;
  case SG_ROLE_AFFINE_BIAS:
    return 3;
  case SG_ROLE_NOISE_STRENGTH:
    return 4;
  default:
    return -1;
  }
}

static char *
row_name(const SgTensorChange *c)
{
  return g_strdup_printf("%c %s", c->network, c->layer->label);
}

static gboolean
write_table(const Job *job, GError **error)
{
  static const char *const columns[] = {"weight", "bias", "style weight", "style bias", "noise"};
  const int width = G_N_ELEMENTS(columns);
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
  g_autofree char *path = g_build_filename(job->opt->outdir, "compare.png", NULL);
  const SgLayer *last = NULL;

  for (guint i = 0; i < job->changes->len; i++) {
    const SgTensorChange *c = &g_array_index(job->changes, SgTensorChange, i);
    int column = column_of(c->param->role);
    if (column < 0)
      continue;
    if (c->layer != last) {
      last = c->layer;
      g_ptr_array_add(rows, row_name(c));
      for (int k = 0; k < width; k++) {
        double none = NAN;
        g_array_append_val(values, none);
        g_ptr_array_add(texts, g_strdup(""));
      }
    }
    guint at = (rows->len - 1) * (guint)width + (guint)column;
    g_array_index(values, double, at) = c->change;
    g_free(texts->pdata[at]);
    texts->pdata[at] =
        isnan(c->change) ? g_strdup("other shape") : g_strdup_printf("%.3g %%", 100 * c->change);
  }
  const VitrineTable table = {.title = "How far weights lie apart, |B − A| / |A|",
                              .rows = (int)rows->len,
                              .columns = width,
                              .row_labels = (const char *const *)rows->pdata,
                              .column_labels = columns,
                              .values = (const double *)(gpointer)values->data,
                              .texts = (const char *const *)texts->pdata,
                              .reach = 1};
  return vitrine_figure_table(path, &table, error);
}

/* ---- faces ----------------------------------------------------------------------------------- */

static SgRecipe *
recipe_of(const Job *job, const DirectionJob *one, guint32 seed)
{
  SgRecipe *r = direction_job_recipe(one, seed, job->opt->label);

  r->psi = job->opt->psi;
  return r;
}

static gboolean
add_row(Job *job, DirectionTiles *tiles, guint32 seed, double *difference, GError **error)
{
  g_autofree char *row = g_strdup_printf("seed %u", seed);
  g_autofree guint8 *first = NULL, *rgb = NULL;
  gsize pixels = 0;

  direction_tiles_row(tiles, row);
  for (int i = 0; i < job->n; i++) {
    g_autofree char *text = i == 0            ? g_strdup("A")
                            : i == job->n - 1 ? g_strdup("B")
                                              : g_strdup_printf("%.3g of B", i / (job->n - 1.0));
    g_autoptr(SgRecipe) r = recipe_of(job, &job->jobs[i], seed);
    g_free(rgb);
    if (!(rgb = direction_job_rgb(&job->jobs[i], r, &pixels, error)))
      return FALSE;
    direction_tiles_rgb(tiles, rgb, text);
    if (i == 0)
      first = g_steal_pointer(&rgb);
  }
  *difference = 0;
  for (gsize i = 0; i < 3 * pixels; i++) {
    int d = abs(rgb[i] - first[i]);
    *difference += d / (3.0 * (double)pixels);
    rgb[i] = (guint8)MIN(d * CONTRAST, 255);
  }
  direction_tiles_rgb(tiles, rgb, "|B − A| ×4");
  return TRUE;
}

static gboolean
write_faces(Job *job, double *difference, GError **error)
{
  g_autofree char *path = g_build_filename(job->opt->outdir, "faces.png", NULL);
  g_autofree char *a = g_path_get_basename(job->paths[0]);
  g_autofree char *b = g_path_get_basename(job->paths[1]);
  g_autofree char *first = g_strdup(cli_name(a));
  g_autofree char *title = g_strdup_printf("A: %s   B: %s", first, cli_name(b));
  CliProgress *progress = &job->jobs[0].progress;
  g_autoptr(DirectionTiles) tiles =
      direction_tiles_new(&job->jobs[0], (job->n + 1) * (int)job->seeds->len);

  cli_progress_begin(progress, "faces", job->seeds->len);
  for (guint i = 0; i < job->seeds->len; i++) {
    double one;
    if (!add_row(job, tiles, g_array_index(job->seeds, guint32, i), &one, error))
      return FALSE;
    *difference += one / job->seeds->len;
    cli_progress_update(progress, i + 1);
  }
  cli_progress_end(progress);
  return direction_tiles_write(tiles, path, title, job->n + 1, error);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static json_t *
number(double v)
{
  return isfinite(v) ? json_real(v) : json_null();
}

static void
say(const Job *job, double difference)
{
  double g = sg_model_changes_mean(job->changes, 'G');
  double d = sg_model_changes_mean(job->changes, 'D');

  if (job->opt->json) {
    cli_print_json(json_pack("{s:[s, s], s:o, s:o, s:o, s:o}", "hashes", job->models[0]->hash,
                             job->models[1]->hash, "generator", number(g), "discriminator",
                             number(d), "pixels", number(job->n ? difference : NAN), "refused",
                             job->why ? json_string(job->why) : json_null()));
    return;
  }
  if (g_str_equal(job->models[0]->hash, job->models[1]->hash))
    puts("The same weights.");
  else
    printf("Generator: %.3g %% apart on average.%s\n", 100 * g,
           isnan(g) ? " No tensor is of both shapes." : "");
  if (!isnan(d))
    printf("Discriminator: %.3g %% apart on average.\n", 100 * d);
  if (job->n)
    printf("Faces: %.3g of 255 apart on average.\n", difference);
  if (job->why)
    printf(job->n ? "Nothing lies between them: %s.\n" : "Faces are not compared: %s.\n", job->why);
}

static gboolean
save_between(const Job *job, GError **error)
{
  if (!job->opt->save)
    return TRUE;
  g_autoptr(SgModel) m = sg_model_between(job->models[0], job->models[1], job->opt->at, error);
  return m && sg_model_save(m, job->opt->save, error);
}

static void
run(const Options *opt, char **paths, GError **error)
{
  Job job = {.opt = opt, .paths = {paths[0], paths[1]}};
  double difference = 0;

  job.seeds = cli_parse_seeds(opt->seeds ? opt->seeds : "0-7", error);
  if (job.seeds && open_both(&job, error) && save_between(&job, error) && write_csv(&job, error) &&
      write_table(&job, error) && (job.n == 0 || write_faces(&job, &difference, error)))
    say(&job, difference);
  cli_progress_end(&job.jobs[0].progress);
  for (gsize i = 0; i < G_N_ELEMENTS(job.jobs); i++)
    direction_job_close(&job.jobs[i]);
  for (int i = 0; i < 2; i++)
    sg_model_unref(job.models[i]);
  g_clear_pointer(&job.changes, g_array_unref);
  g_clear_pointer(&job.seeds, g_array_unref);
  g_free(job.why);
}

int
cli_compare(int argc, char **argv)
{
  const char *command = argv[0];
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, &argc, &argv, &error))
    run(&opt, argv + 1, &error);
  g_free(opt.outdir);
  g_free(opt.seeds);
  g_free(opt.save);
  return cli_finish(command, error);
}
