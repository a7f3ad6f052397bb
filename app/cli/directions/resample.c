/* vitrine resample: other faces that keep what carries a direction. */
#include "app/cli/directions/resample.h"
#include "engine/base/philox.h"
#include "engine/directions/seeds.h"
#include "engine/explore/nets.h"
#include "engine/formats/npy.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* For moments and percentiles of w. */
#define SAMPLES 10000

/* One way to draw other faces; before the ways stands none: faces drawn freely. */
typedef struct {
  const char *name;
  SgKeep way;
  gboolean freely;
  float *w; /* [samples, w_dim] */
  double *score, *percentile;
  int kept;
} Row;

typedef struct {
  const ResampleOptions *opt;
  DirectionJob base;
  SgNamedDirection *direction;
  SgGauge *gauge;
  ResampleJudge judge;
  SgRecipe *recipe; /* the face to start from */
  double *from;     /* [w_dim]: its w */
  double from_score;
  int *fixed, count;
  SgConditional *conditional;
  Row rows[1 + SG_KEEP_WAYS];
  int n_rows;
} Job;

static gboolean
check_options(const ResampleOptions *o, int argc, char **argv, GError **error)
{
  if (!direction_job_asked(argc, argv, o->network, o->outdir, error))
    return FALSE;
  if (!o->direction)
    cli_set_usage_error(error, "what is to be kept? --direction=FILE#NAME");
  else if (o->attribute && !o->data)
    cli_set_usage_error(error, "--attribute names a label of --data, which is not given");
  else if (o->data && o->measure)
    cli_set_usage_error(error, "one judge: --data=SET or --measure=NAME");
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(ResampleOptions *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"direction", 0, 0, G_OPTION_ARG_FILENAME, &o->direction, "what is to be kept",
       "FILE[#NAME]"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"seed", 0, 0, G_OPTION_ARG_INT, &o->seed, "whose face is kept (0)", "N"},
      {"recipe", 0, 0, G_OPTION_ARG_FILENAME, &o->recipe, "that of a saved picture or recipe",
       "PNG|JSON"},
      {"ways", 0, 0, G_OPTION_ARG_STRING, &o->ways,
       "of coordinates, projection, conditional (all three)", "LIST"},
      {"top", 0, 0, G_OPTION_ARG_INT, &o->top,
       "only so many coordinates carry it, the strongest (0: all that are not 0)", "K"},
      {"samples", 0, 0, G_OPTION_ARG_INT, &o->samples, "faces that are judged a way (100)", "N"},
      {"shown", 0, 0, G_OPTION_ARG_INT, &o->shown, "of which so many are in the picture (8)", "N"},
      {"from", 0, 0, G_OPTION_ARG_INT, &o->from, "their first seed (1000)", "N"},
      {"data", 0, 0, G_OPTION_ARG_FILENAME, &o->data,
       "a labelled set of real pictures: a reader made of it judges", "SET"},
      {"attribute", 0, 0, G_OPTION_ARG_STRING, &o->attribute,
       "its label (that with the direction's name)", "NAME"},
      {"reals", 0, 0, G_OPTION_ARG_INT, &o->reals, "real pictures of --data (5000)", "N"},
      {"measure", 0, 0, G_OPTION_ARG_STRING, &o->measure,
       "what is measured in the pictures judges: brightness, contrast …", "NAME"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (0)", "N"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliRange ranges[] = {{"seed", 0, G_MAXINT},
                             {"top", 0, SG_RECIPE_MAX_DIM},
                             {"samples", 2, 100000},
                             {"shown", 0, 32},
                             {"from", 0, G_MAXINT / 2},
                             {"reals", 100, 1000000},
                             {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Draws other faces that keep what carries a direction of a face.",
      .details =
          "Three ways: \"coordinates\" copies the numbers of w that the direction uses (Liu 2019, "
          "figure 6); \"projection\" moves a new w along the direction until it is as far; "
          "\"conditional\" keeps those numbers and draws the rest from what is normal beside "
          "them. DIR/resample.png shows each, below faces that are drawn freely; resample.csv has "
          "every face with its score and how far out its w lies; WAY-w.npy the w. A face keeps the "
          "attribute if the judge finds it on the side on which the first face is: a reader "
          "(--data), a measure, or else the direction itself, these two by the median of free "
          "faces.\n"
          "  vitrine resample --network model.pkl --direction attributes.safetensors#beard "
          "--outdir out",
      .ranges = ranges};

  *o = (ResampleOptions){.samples = 100, .shown = 8, .from = 1000, .label = -1, .reals = 5000};
  return cli_parse(&argc, &argv, entries, &help, error) && check_options(o, argc, argv, error);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static gboolean
read_face(Job *job, GError **error)
{
  const ResampleOptions *o = job->opt;
  int dim = job->base.model->info.w_dim;

  job->recipe = o->recipe ? cli_read_recipe("resample", o->recipe, job->base.model, error)
                          : direction_job_recipe(&job->base, (guint32)o->seed, o->label);
  if (!job->recipe)
    return FALSE;
  job->recipe->faces = 1;
  if (sg_recipe_has_layers(job->recipe) || job->recipe->num_mix > 0) {
    cli_set_usage_error(error, "--recipe: this face has a w of its own in each layer; one w is "
                               "what is resampled");
    return FALSE;
  }
  /* Truncation comes after what is kept, for this face as for the others. */
  g_autoptr(SgRecipe) whole = sg_recipe_copy(job->recipe);
  whole->psi = 1;
  g_autofree double *ws = sg_renderer_ws(job->base.renderer, whole, error);
  if (!ws)
    return FALSE;
  job->from = g_memdup2(ws, (gsize)dim * sizeof(double));
  return TRUE;
}

static gboolean
find_carriers(Job *job, GError **error)
{
  const SgMoments *m = job->gauge->moments;

  job->fixed = sg_carriers(job->direction->vector, m, job->opt->top, &job->count);
  if (job->count < m->dim)
    return TRUE;
  cli_set_usage_error(error,
                      "--top: this direction uses all %d numbers of w: with all of them fixed "
                      "nothing is left to draw; say how many, like --top=100",
                      m->dim);
  return FALSE;
}

static gboolean
add_ways(Job *job, GError **error)
{
  g_auto(GStrv) names =
      g_strsplit(job->opt->ways ? job->opt->ways : "coordinates,projection,conditional", ",", -1);

  job->rows[job->n_rows++] = (Row){.name = "free", .freely = TRUE};
  for (char **name = names; *name; name++) {
    Row row = {0};
    if (!sg_keep_parse(g_strstrip(*name), &row.way) || job->n_rows > SG_KEEP_WAYS) {
      cli_set_usage_error(error,
                          "--ways: expected coordinates, projection, conditional, found \"%s\"",
                          job->opt->ways);
      return FALSE;
    }
    row.name = sg_keep_name(row.way);
    job->rows[job->n_rows++] = row;
    if (row.way == SG_KEEP_CONDITIONAL && !job->conditional) {
      job->conditional = sg_conditional_new(job->gauge->moments, job->count, job->fixed, error);
      if (!job->conditional)
        return FALSE;
    }
  }
  return TRUE;
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* w of new face i, before: a freely drawn one. */
static void
keep(const Job *job, const Row *row, int i, double *w)
{
  int dim = job->base.model->info.w_dim;

  if (row->freely)
    return;
  if (row->way == SG_KEEP_COORDINATES)
    sg_keep_coordinates(job->count, job->fixed, job->from, w);
  else if (row->way == SG_KEEP_PROJECTION)
    sg_keep_projection(dim, job->direction->vector, job->from, w);
  else {
    SgPhilox random = {.seed = (guint64)job->opt->from, .stream = (guint64)i};
    g_autofree double *normals = g_new(double, MAX(1, dim - job->count));
    for (int k = 0; k < dim - job->count; k++)
      normals[k] = sg_philox_normal(&random);
    sg_keep_coordinates(job->count, job->fixed, job->from, w);
    sg_conditional_draw(job->conditional, normals, w);
  }
}

static gboolean
draw_row(Job *job, Row *row, const float *free_w, GError **error)
{
  int n = job->opt->samples, dim = job->base.model->info.w_dim;
  g_autofree double *w = g_new(double, dim);

  row->w = g_new(float, (gsize)n *(gsize)dim);
  row->score = g_new(double, n);
  row->percentile = g_new(double, n);
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < dim; j++)
      w[j] = (double)free_w[i * dim + j];
    keep(job, row, i, w);
    for (int j = 0; j < dim; j++)
      row->w[i * dim + j] = (float)w[j];
    g_autoptr(SgRecipe) r = sg_recipe_copy(job->recipe);
    sg_recipe_clear_edits(r, SG_SPACE_W);
    sg_recipe_set_w(r, 1, w);
    g_autoptr(SgTensor) picture = sg_renderer_render_float(job->base.renderer, r, error);
    if (!picture || !resample_judge_ask(&job->judge, w, picture, &row->score[i], error))
      return FALSE;
    row->percentile[i] = sg_gauge_percentile(job->gauge, w);
    cli_progress_update(&job->base.progress, (gsize)((row - job->rows) * n + i + 1));
  }
  return TRUE;
}

static gboolean
has_it(const Job *job, double score)
{
  return score > job->judge.threshold;
}

static gboolean
keeps(const Job *job, const Row *row, int i)
{
  return has_it(job, row->score[i]) == has_it(job, job->from_score);
}

static gboolean
draw_all(Job *job, GError **error)
{
  int n = job->opt->samples, dim = job->base.model->info.w_dim;
  g_autofree float *free_w = g_new(float, (gsize)n *(gsize)dim);
  g_autoptr(SgTensor) first = sg_renderer_render_float(job->base.renderer, job->recipe, error);

  if (!first || !resample_judge_ask(&job->judge, job->from, first, &job->from_score, error) ||
      !sg_seeds_map(job->base.nets->mapping, (guint32)job->opt->from, n, job->recipe->label, NULL,
                    free_w, error))
    return FALSE;
  cli_progress_begin(&job->base.progress, "faces", (gsize)(n * job->n_rows));
  for (int k = 0; k < job->n_rows; k++) {
    Row *row = &job->rows[k];
    if (!draw_row(job, row, free_w, error))
      return FALSE;
    if (row->freely)
      resample_judge_learn(&job->judge, n, row->score);
    for (int i = 0; i < n; i++)
      row->kept += keeps(job, row, i);
  }
  cli_progress_end(&job->base.progress);
  return TRUE;
}

/* ---- what is written ------------------------------------------------------------------------- */

static double
share_of(const Job *job, const Row *row)
{
  return (double)row->kept / job->opt->samples;
}

static double
mean_percentile(const Job *job, const Row *row)
{
  double sum = 0;

  for (int i = 0; i < job->opt->samples; i++)
    sum += row->percentile[i] / job->opt->samples;
  return sum;
}

static gboolean
write_table(const Job *job, GError **error)
{
  g_autoptr(GString) s = g_string_new("way,face,score,keeps,percentile\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "resample.csv", NULL);
  char number[2][G_ASCII_DTOSTR_BUF_SIZE];

  for (int k = 0; k < job->n_rows; k++)
    for (int i = 0; i < job->opt->samples; i++) {
      const Row *row = &job->rows[k];
      g_string_append_printf(
          s, "%s,%d,%s,%d,%s\n", row->name, i,
          g_ascii_formatd(number[0], sizeof number[0], "%.6g", row->score[i]), keeps(job, row, i),
          g_ascii_formatd(number[1], sizeof number[1], "%.4g", row->percentile[i]));
    }
  return sg_write_file(path, s->str, s->len, error);
}

/* [samples, 1, w_dim]: as vectors, never as one w a layer. */
static gboolean
write_vectors(const Job *job, const Row *row, GError **error)
{
  g_autofree char *name = g_strconcat(row->name, "-w.npy", NULL);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  g_autoptr(SgTensor) t =
      sg_tensor_new(3, (gint64[]){job->opt->samples, 1, job->base.model->info.w_dim});

  memcpy(t->data, row->w, t->numel * sizeof(float));
  return sg_npy_write(path, t, error);
}

static gboolean
add_tiles(Job *job, const Row *row, DirectionTiles *tiles, GError **error)
{
  int dim = job->base.model->info.w_dim;
  g_autofree double *w = g_new(double, dim);
  g_autofree char *label =
      row->freely ? g_strdup_printf("drawn freely\n%.0f %% alike", 100 * share_of(job, row))
      : row->way == SG_KEEP_PROJECTION
          ? g_strdup_printf("projection kept\n%.0f %% keep it", 100 * share_of(job, row))
          : g_strdup_printf("%s\n%d of %d kept\n%.0f %% keep it", row->name, job->count, dim,
                            100 * share_of(job, row));

  direction_tiles_row(tiles, label);
  if (!direction_tiles_recipe(tiles, &job->base, job->recipe, "the face", error))
    return FALSE;
  for (int i = 0; i < MIN(job->opt->shown, job->opt->samples); i++) {
    g_autoptr(SgRecipe) r = sg_recipe_copy(job->recipe);
    for (int j = 0; j < dim; j++)
      w[j] = (double)row->w[i * dim + j];
    sg_recipe_clear_edits(r, SG_SPACE_W);
    sg_recipe_set_w(r, 1, w);
    const char *text = keeps(job, row, i) ? (row->freely ? "alike" : "keeps it")
                       : row->freely      ? "another"
                                          : "lost";
    if (!direction_tiles_recipe(tiles, &job->base, r, text, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
write_sheet(Job *job, GError **error)
{
  int columns = 1 + MIN(job->opt->shown, job->opt->samples);
  g_autofree char *path = g_build_filename(job->opt->outdir, "resample.png", NULL);
  g_autofree char *title = g_strdup_printf("Other faces that keep %s", job->direction->name);
  g_autoptr(DirectionTiles) tiles = direction_tiles_new(&job->base, columns * job->n_rows);

  for (int k = 0; k < job->n_rows; k++)
    if (!add_tiles(job, &job->rows[k], tiles, error))
      return FALSE;
  return direction_tiles_write(tiles, path, title, columns, error);
}

static gboolean
write_all(Job *job, GError **error)
{
  gboolean ok = write_table(job, error) && write_sheet(job, error);

  for (int k = 1; ok && k < job->n_rows; k++)
    ok = write_vectors(job, &job->rows[k], error);
  return ok;
}

static void
print(const Job *job)
{
  json_t *ways = json_array();

  for (int k = 0; k < job->n_rows; k++) {
    const Row *row = &job->rows[k];
    json_array_append_new(ways,
                          json_pack("{s:s, s:f, s:f}", "way", row->name, "keep", share_of(job, row),
                                    "percentile", mean_percentile(job, row)));
    if (!job->opt->json)
      printf("%-12s %5.1f %% keep it; their w lie at percentile %.1f\n", row->name,
             100 * share_of(job, row), mean_percentile(job, row));
  }
  if (job->opt->json)
    cli_print_json(json_pack("{s:s, s:s, s:i, s:s, s:O}", "hash", job->base.model->hash,
                             "direction", cli_json_name(job->direction->name), "coordinates",
                             job->count, "judge", job->judge.name, "ways", ways));
  json_decref(ways);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static gboolean
find(Job *job, GError **error)
{
  job->direction = cli_load_direction("resample", job->opt->direction, job->base.model, error);
  if (!job->direction || !read_face(job, error))
    return FALSE;
  job->gauge = direction_job_gauge(&job->base, SAMPLES, job->recipe->label, error);
  return job->gauge && find_carriers(job, error) && add_ways(job, error) &&
         resample_judge_open(&job->judge, &job->base, job->opt, job->direction, error) &&
         draw_all(job, error);
}

static void
job_clear(Job *job)
{
  for (int k = 0; k < job->n_rows; k++) {
    g_free(job->rows[k].w);
    g_free(job->rows[k].score);
    g_free(job->rows[k].percentile);
  }
  resample_judge_clear(&job->judge);
  sg_conditional_free(job->conditional);
  sg_gauge_free(job->gauge);
  sg_named_direction_free(job->direction);
  g_clear_pointer(&job->recipe, sg_recipe_free);
  g_free(job->from);
  g_free(job->fixed);
  direction_job_close(&job->base);
}

static gboolean
run(const ResampleOptions *opt, GError **error)
{
  Job job = {.opt = opt};
  gboolean ok = direction_job_open(&job.base, opt->network, NULL, opt->label, opt->outdir, error) &&
                find(&job, error) && write_all(&job, error);

  cli_progress_end(&job.base.progress);
  if (ok)
    print(&job);
  job_clear(&job);
  return ok;
}

int
cli_resample(int argc, char **argv)
{
  GError *error = NULL;
  ResampleOptions opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.outdir);
  g_free(opt.direction);
  g_free(opt.recipe);
  g_free(opt.ways);
  g_free(opt.data);
  g_free(opt.attribute);
  g_free(opt.measure);
  return cli_finish("resample", error);
}
