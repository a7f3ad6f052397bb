/* vitrine truncation: what each kind of truncation takes from variety and gives to quality. */
#include "app/cli/directions/direction-job.h"
#include "app/figures/figure.h"
#include "engine/explore/face-sample.h"
#include "engine/explore/nets.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>

#define BATCH      16
#define MOST_FACES 1024
#define SHOWN      8 /* of a row of the sheet */

typedef struct {
  char *network, *outdir;
  int faces, label;
  gboolean json;
} Options;

typedef enum { AVERAGE, CLUSTER, NORMAL, N_KINDS } Kind;
static const char *const kind_names[] = {"average", "cluster", "z"};

static const double psis[] = {0, 0.25, 0.5, 0.7, 0.85, 1};
static const double taus[] = {0.1, 0.25, 0.5, 1, 1.5, SG_TAU_OFF};
#define N_VALUES ((int)G_N_ELEMENTS(psis))
G_STATIC_ASSERT(G_N_ELEMENTS(psis) == G_N_ELEMENTS(taus));

typedef struct {
  double value, score, error; /* mean logit of the discriminator and its standard error */
  double spread; /* mean distance of two faces in its features, of 1 where nothing is truncated */
} Point;

typedef struct {
  const Options *opt;
  DirectionJob base;
  SgDiscriminator *d;
  int grid, count; /* of features */
  Point points[N_KINDS][G_N_ELEMENTS(psis)];
  gsize done;
} Job;

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"faces", 0, 0, G_OPTION_ARG_INT, &o->faces, "faces for each point of the curves (128)", "N"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (0)", "N"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliRange ranges[] = {{"faces", SHOWN, MOST_FACES}, {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Compares three truncations: towards the average, towards clusters, and of z.",
      .details =
          "Truncation takes variety and gives quality. DIR/truncation.svg has a curve for each "
          "kind: psi towards the average w, psi towards the nearest of 32 clusters of w, and z of "
          "a normal distribution that is cut off (BigGAN). Quality is the discriminator's mean "
          "score; variety how far two faces lie apart in its features, of 1 without truncation. "
          "DIR/truncation.csv has the numbers, DIR/truncation.png faces at every point.\n"
          "  vitrine truncation --network model.pkl --outdir out",
      .ranges = ranges};

  *o = (Options){.faces = 128, .label = -1};
  return cli_parse(&argc, &argv, entries, &help, error) &&
         direction_job_asked(argc, argv, o->network, o->outdir, error);
}

/* ---- one point ------------------------------------------------------------------------------- */

static SgRecipe *
recipe_of(const Job *job, Kind kind, int i, guint32 seed, int faces)
{
  SgRecipe *r = direction_job_recipe(&job->base, seed, job->opt->label);

  r->faces = faces;
  r->psi = kind == NORMAL ? 1 : psis[i];
  r->cutoff = -1;
  r->towards = kind == CLUSTER ? SG_TOWARDS_CLUSTER : SG_TOWARDS_AVERAGE;
  r->tau = kind == NORMAL ? taus[i] : SG_TAU_OFF;
  return r;
}

/* Logits [n] and features [n, count] of some faces. */
static gboolean
look(Job *job, const SgRecipe *r, double *logits, float *features, GError **error)
{
  g_autoptr(SgTensor) pictures = sg_nets_render(job->base.nets, r, error);
  g_autofree int *labels = g_new(int, r->faces);

  for (int i = 0; i < r->faces; i++)
    labels[i] = r->label;
  return pictures &&
         sg_renderer_score(job->base.renderer, pictures, r->label >= 0 ? labels : NULL, 1, logits,
                           error) &&
         sg_discriminator_features(job->d, r->faces, pictures->data, job->grid, features, error);
}

/* The mean distance of two of them, over all pairs. */
static double
spread_of(const Job *job, const float *features)
{
  const int n = job->opt->faces;
  double sum = 0;

  for (int i = 0; i < n; i++)
    for (int k = 0; k < i; k++) {
      const float *a = features + (gsize)i * (gsize)job->count;
      const float *b = features + (gsize)k * (gsize)job->count;
      double squares = 0;
      for (int j = 0; j < job->count; j++)
        squares += (double)(a[j] - b[j]) * (double)(a[j] - b[j]);
      sum += sqrt(squares);
    }
  return sum / (n * (n - 1) / 2.0);
}

static gboolean
measure(Job *job, Kind kind, int i, GError **error)
{
  const int n = job->opt->faces;
  g_autofree double *logits = g_new(double, n);
  g_autofree float *features = g_new(float, (gsize)n *(gsize)job->count);
  Point *p = &job->points[kind][i];
  double squares = 0;

  for (int done = 0; done < n; done += BATCH) {
    g_autoptr(SgRecipe) r = recipe_of(job, kind, i, (guint32)done, MIN(BATCH, n - done));
    if (!look(job, r, logits + done, features + (gsize)done * (gsize)job->count, error))
      return FALSE;
    cli_progress_update(&job->base.progress, job->done += (gsize)r->faces);
  }
  for (int k = 0; k < n; k++)
    p->score += logits[k] / n;
  for (int k = 0; k < n; k++)
    squares += (logits[k] - p->score) * (logits[k] - p->score);
  p->error = sqrt(squares / (n - 1) / n);
  p->spread = spread_of(job, features);
  p->value = kind == NORMAL ? taus[i] : psis[i];
  return TRUE;
}

/* Where nothing is truncated all three are the same faces. */
static gboolean
measure_all(Job *job, GError **error)
{
  cli_progress_begin(&job->base.progress, "faces",
                     (gsize)(N_KINDS * (N_VALUES - 1) + 1) * (gsize)job->opt->faces);
  if (!measure(job, AVERAGE, N_VALUES - 1, error))
    return FALSE;
  for (int kind = 0; kind < N_KINDS; kind++) {
    for (int i = 0; i < N_VALUES - 1; i++)
      if (!measure(job, (Kind)kind, i, error))
        return FALSE;
    Point *last = &job->points[kind][N_VALUES - 1];
    *last = job->points[AVERAGE][N_VALUES - 1];
    last->value = kind == NORMAL ? taus[N_VALUES - 1] : psis[N_VALUES - 1];
  }
  cli_progress_end(&job->base.progress);
  const double whole = job->points[AVERAGE][N_VALUES - 1].spread;
  for (int kind = 0; kind < N_KINDS; kind++)
    for (int i = 0; i < N_VALUES; i++)
      job->points[kind][i].spread /= whole > 0 ? whole : 1;
  return TRUE;
}

/* ---- what is written ------------------------------------------------------------------------- */

static gboolean
write_table(const Job *job, GError **error)
{
  g_autoptr(GString) s = g_string_new("kind,value,score,score_error,spread\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "truncation.csv", NULL);

  for (int kind = 0; kind < N_KINDS; kind++)
    for (int i = 0; i < N_VALUES; i++) {
      const Point *p = &job->points[kind][i];
      g_string_append_printf(s, "%s,%g,%.6g,%.6g,%.6g\n", kind_names[kind], p->value, p->score,
                             p->error, p->spread);
    }
  return sg_write_file(path, s->str, s->len, error);
}

static gboolean
write_curves(const Job *job, GError **error)
{
  const VitrineAxes axes = {.title = "Quality and variety under truncation",
                            .x_label = "variety: distance of two faces, of 1 untruncated",
                            .y_label = "quality: mean score"};
  const char *labels[] = {"towards the average", "towards clusters", "of z"};
  g_autofree char *path = g_build_filename(job->opt->outdir, "truncation.svg", NULL);
  double x[N_KINDS][G_N_ELEMENTS(psis)], y[N_KINDS][G_N_ELEMENTS(psis)];
  VitrineCurve curves[N_KINDS];

  for (int kind = 0; kind < N_KINDS; kind++) {
    for (int i = 0; i < N_VALUES; i++) {
      x[kind][i] = job->points[kind][i].spread;
      y[kind][i] = job->points[kind][i].score;
    }
    curves[kind] = (VitrineCurve){labels[kind], G_N_ELEMENTS(psis), x[kind], y[kind], FALSE};
  }
  return vitrine_figure_curves(path, &axes, N_KINDS, curves, error);
}

static gboolean
add_row(Job *job, DirectionTiles *tiles, Kind kind, int i, GError **error)
{
  g_autofree char *row = g_strdup_printf("%s %s %g", kind_names[kind], kind == NORMAL ? "τ" : "ψ",
                                         job->points[kind][i].value);

  direction_tiles_row(tiles, row);
  for (guint32 seed = 0; seed < SHOWN; seed++) {
    g_autoptr(SgRecipe) r = recipe_of(job, kind, i, seed, 1);
    g_autofree char *text = g_strdup_printf("seed %u", seed);
    if (!direction_tiles_recipe(tiles, &job->base, r, text, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
write_sheet(Job *job, GError **error)
{
  g_autoptr(DirectionTiles) tiles = direction_tiles_new(&job->base, N_KINDS * N_VALUES * SHOWN);
  g_autofree char *path = g_build_filename(job->opt->outdir, "truncation.png", NULL);
  g_autofree char *name = g_path_get_basename(job->base.model->path);
  g_autofree char *title = g_strdup_printf("Three truncations of %s", cli_name(name));

  for (int kind = 0; kind < N_KINDS; kind++)
    for (int i = 0; i < N_VALUES; i++)
      if (!add_row(job, tiles, (Kind)kind, i, error))
        return FALSE;
  return direction_tiles_write(tiles, path, title, SHOWN, error);
}

static void
print_json(const Job *job)
{
  json_t *all = json_array();

  for (int kind = 0; kind < N_KINDS; kind++)
    for (int i = 0; i < N_VALUES; i++) {
      const Point *p = &job->points[kind][i];
      json_array_append_new(all, json_pack("{s:s, s:f, s:f, s:f, s:f}", "kind", kind_names[kind],
                                           "value", p->value, "score", p->score, "score_error",
                                           p->error, "spread", p->spread));
    }
  cli_print_json(json_pack("{s:s, s:i, s:o}", "hash", job->base.model->hash, "faces",
                           job->opt->faces, "points", all));
}

static gboolean
begin(Job *job, GError **error)
{
  if (!job->base.model->info.has_d) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s has no discriminator, which judges quality and variety here",
                cli_name(job->base.model->path));
    return FALSE;
  }
  job->d = sg_discriminator_new(sg_renderer_backend(job->base.renderer), job->base.model, error);
  if (!job->d)
    return FALSE;
  job->grid = sg_feature_grid(job->d);
  job->count = sg_discriminator_feature_count(job->d, job->grid);
  return TRUE;
}

static void
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt};

  if (direction_job_open(&job.base, opt->network, NULL, opt->label, opt->outdir, error) &&
      begin(&job, error) && measure_all(&job, error) && write_table(&job, error) &&
      write_curves(&job, error) && write_sheet(&job, error) && opt->json)
    print_json(&job);
  cli_progress_end(&job.base.progress);
  g_clear_pointer(&job.d, sg_discriminator_free);
  direction_job_close(&job.base);
}

int
cli_truncation(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.outdir);
  return cli_finish("truncation", error);
}
