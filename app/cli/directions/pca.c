/* vitrine pca: what a generator can vary, as principal components of W and of S. */
#include "app/cli/cli.h"
#include "app/cli/directions/direction-job.h"
#include "app/figures/figure.h"
#include "engine/directions/pca.h"
#include "engine/directions/ranks.h"
#include "engine/explore/nets.h"
#include "engine/explore/renderer.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>

/* Faces whose scores are looked at for the lowest and highest, and that the scatter shows. */
#define FACES 2000

typedef struct {
  char *network, *layers, *outdir;
  gint64 samples;
  int seed, components, extremes, label;
  gboolean json;
} Options;

/* One of the two views. */
typedef struct {
  const char *letter; /* "w", "s": of file names */
  const char *title;
  SgPca *pca;
  SgDirectionSet *set;
} View;

typedef struct {
  const Options *opt;
  DirectionJob base;
  SgMoments *moments;
  float *faces; /* [FACES, w_dim]: w of seeds 0, 1, … */
  View view[2];
} Job;

static gboolean
check_options(const Options *o, int argc, char **argv, GError **error)
{
  if (!direction_job_asked(argc, argv, o->network, o->outdir, error))
    return FALSE;
  if (o->samples < 100 || o->samples > 100000000)
    cli_set_usage_error(error, "--samples: expected 100 to 100000000, found %" G_GINT64_FORMAT,
                        o->samples);
  else if (o->seed < 0)
    cli_set_usage_error(error, "--seed must not be negative, found %d", o->seed);
  else if (o->components < 1 || o->components > SG_DIRECTIONS_MAX)
    cli_set_usage_error(error, "--components: expected 1 to %d, found %d", SG_DIRECTIONS_MAX,
                        o->components);
  else if (o->extremes < 0 || o->extremes > 50)
    cli_set_usage_error(error, "--extremes: expected 0 to 50, found %d", o->extremes);
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"samples", 0, 0, G_OPTION_ARG_INT64, &o->samples, "how many w are drawn (50000)", "N"},
      {"seed", 0, 0, G_OPTION_ARG_INT, &o->seed, "of the samples: RandomState(N) (0)", "N"},
      {"layers", 0, 0, G_OPTION_ARG_STRING, &o->layers,
       "of which w the styles are looked at (all), like 0-3", "A-B"},
      {"components", 0, 0, G_OPTION_ARG_INT, &o->components,
       "how many are saved as directions (20)", "N"},
      {"extremes", 0, 0, G_OPTION_ARG_INT, &o->extremes,
       "faces at each end of a component, 0: no pictures (5)", "N"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (all, in turns)",
       "N"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliHelp help = {
      "",
      "Finds the principal components of what a generator can draw: of w, and of the styles s = A "
      "w "
      "+ b that the synthesis network hears.",
      "DIR/pca.csv has every component's variance, share and cumulated share; pca.svg both "
      "cumulative curves; pca-w.safetensors and pca-s.safetensors the first components as "
      "directions (--direction of \"vitrine generate\"); scatter-w.svg and scatter-s.svg 2000 "
      "faces "
      "over the first two; extremes-w.png and extremes-s.png a row of faces for each of the first "
      "five: the lowest of those 2000 on the left, the highest on the right. What w contains is "
      "spread over hundreds of components; what the synthesis network hears is not.\n"
      "  vitrine pca --network model.pkl --outdir pca"};

  *o = (Options){.samples = 50000, .components = 20, .extremes = 5, .label = -1};
  return cli_parse(&argc, &argv, entries, &help, error) && check_options(o, argc, argv, error);
}

/* ---- finding --------------------------------------------------------------------------------- */

static gboolean
name_components(Job *job, View *v, GError **error)
{
  const SgPca *p = v->pca;
  g_autofree char *details =
      g_strdup_printf("%" G_GINT64_FORMAT " samples of RandomState (%d), layers %d to %d",
                      job->moments->samples, job->opt->seed, job->base.first, job->base.last);
  g_autofree char *method = g_strconcat("pca-", v->letter, NULL);
  g_autofree char *name = g_strdup_printf("pca-%s.safetensors", v->letter);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);

  v->set = sg_direction_set_new(p->dim, job->base.model->hash, method, details);
  sg_pca_name(p, job->opt->components, "pc", v->set);
  direction_job_found_for(v->set, job->base.first,
                          g_str_equal(v->letter, "s") ? job->base.last : -1);
  return sg_direction_set_save(v->set, path, error);
}

static gboolean
find(Job *job, GError **error)
{
  const SgNets *nets = job->base.nets;
  g_autoptr(GPtrArray) affines = sg_affines_new(nets->net, job->base.first, job->base.last);

  job->moments = direction_job_moments(&job->base, job->opt->samples, (guint32)job->opt->seed,
                                       job->opt->label, error);
  if (!job->moments || !(job->view[0].pca = sg_pca_new(job->moments, NULL, error)) ||
      !(job->view[1].pca = sg_pca_new(job->moments, affines, error)))
    return FALSE;
  return name_components(job, &job->view[0], error) && name_components(job, &job->view[1], error);
}

/* ---- what is written ------------------------------------------------------------------------- */

static gboolean
write_table(const Job *job, GError **error)
{
  g_autoptr(GString) s =
      g_string_new("component,w_variance,w_share,w_cumulative,s_variance,s_share,s_cumulative\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "pca.csv", NULL);
  char a[3][G_ASCII_DTOSTR_BUF_SIZE];
  double sum[2] = {0, 0};

  for (int k = 0; k < job->view[0].pca->dim; k++) {
    g_string_append_printf(s, "%d", k + 1);
    for (int i = 0; i < 2; i++) {
      const SgPca *p = job->view[i].pca;
      double total = p->total > 0 ? p->total : 1;
      sum[i] += p->variance[k];
      g_string_append_printf(s, ",%s,%s,%s",
                             g_ascii_formatd(a[0], sizeof a[0], "%.9g", p->variance[k]),
                             g_ascii_formatd(a[1], sizeof a[1], "%.9g", p->variance[k] / total),
                             g_ascii_formatd(a[2], sizeof a[2], "%.9g", sum[i] / total));
    }
    g_string_append_c(s, '\n');
  }
  return sg_write_file(path, s->str, s->len, error);
}

static gboolean
write_curves(const Job *job, GError **error)
{
  g_autofree char *path = g_build_filename(job->opt->outdir, "pca.svg", NULL);
  int dim = job->view[0].pca->dim;
  g_autofree double *x = g_new(double, dim + 1), *y = g_new(double, 2 * (dim + 1));
  char label[2][128];
  VitrineCurve curves[2];

  for (int i = 0; i < 2; i++) {
    const SgPca *p = job->view[i].pca;
    double *sum = y + i * (dim + 1);
    sg_pca_cumulative(p, sum);
    for (int k = 0; k <= dim; k++) {
      x[k] = k;
      sum[k] *= 100;
    }
    g_snprintf(label[i], sizeof label[i], "%s: 80, 90, 95, 99 %% in %d, %d, %d, %d",
               job->view[i].title, sg_pca_count_for(p, 0.8), sg_pca_count_for(p, 0.9),
               sg_pca_count_for(p, 0.95), sg_pca_count_for(p, 0.99));
    curves[i] = (VitrineCurve){.label = label[i], .n = (gsize)dim + 1, .x = x, .y = sum};
  }
  const VitrineAxes axes = {"Variance in the first components", "components", "share, %", 0, 100};
  return vitrine_figure_curves(path, &axes, 2, curves, error);
}

/* Scores of the faces on component k, in σ: [FACES], to be freed. */
static double *
scores(const Job *job, const SgPca *p, int k)
{
  double *out = g_new(double, FACES);

  sg_pca_scores(p, job->moments->mean, k, FACES, job->faces, 1, out);
  return out;
}

static gboolean
write_scatter(const Job *job, const View *v, GError **error)
{
  g_autofree char *name = g_strdup_printf("scatter-%s.svg", v->letter);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  g_autofree double *x = scores(job, v->pca, 0), *y = scores(job, v->pca, 1);
  const VitrineCurve points = {.n = FACES, .x = x, .y = y, .dots = TRUE};
  const VitrineAxes axes = {v->title, "component 1, σ", "component 2, σ", 0, 0};
  return vitrine_figure_curves(path, &axes, 1, &points, error);
}

typedef struct {
  double score;
  int face;
} Ranked;

/* The lowest and the highest faces of a component, `each` of both, left to right. */
static void
find_extremes(const Job *job, const SgPca *p, int k, int each, Ranked *out)
{
  g_autofree double *score = scores(job, p, k);
  g_autofree guint32 *order = sg_ranks_order(FACES, score);

  for (int i = 0; i < each; i++) {
    guint32 low = order[i], high = order[FACES - each + i];
    out[i] = (Ranked){score[low], (int)low};
    out[each + i] = (Ranked){score[high], (int)high};
  }
}

static gboolean
write_extremes(Job *job, const View *v, GError **error)
{
  enum { ROWS = 5 };
  int each = job->opt->extremes, columns = 2 * each;
  int rows = MIN(ROWS, v->pca->dim);
  g_autofree char *name = g_strdup_printf("extremes-%s.png", v->letter);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  g_autofree Ranked *ranked = g_new(Ranked, rows * columns);
  g_autoptr(DirectionTiles) tiles = direction_tiles_new(&job->base, rows * columns);

  for (int k = 0; k < rows; k++) {
    g_autofree char *row = g_strdup_printf("pc%d\n%.1f %%", k + 1,
                                           100 * v->pca->variance[k] / MAX(v->pca->total, 1e-300));
    find_extremes(job, v->pca, k, each, ranked + k * columns);
    direction_tiles_row(tiles, row);
    for (int i = 0; i < columns; i++) {
      const Ranked *r = &ranked[k * columns + i];
      g_autofree char *label = g_strdup_printf("seed %d\n%+.1f σ", r->face, r->score);
      if (!direction_tiles_face(tiles, &job->base, (guint32)r->face, job->opt->label, label, error))
        return FALSE;
    }
  }
  return direction_tiles_write(tiles, path, v->title, columns, error);
}

static gboolean
write_view(Job *job, const View *v, GError **error)
{
  return write_scatter(job, v, error) && (job->opt->extremes == 0 || write_extremes(job, v, error));
}

static void
print_json(const Job *job, double seconds)
{
  json_t *root = json_pack("{s:s, s:s, s:I, s:f}", "network", cli_json_name(job->opt->network),
                           "hash", job->base.model->hash, "samples",
                           (json_int_t)job->moments->samples, "seconds", seconds);

  for (int i = 0; i < 2; i++) {
    const SgPca *p = job->view[i].pca;
    json_object_set_new(root, job->view[i].letter,
                        json_pack("{s:f, s:f, s:i, s:i, s:i, s:i}", "first",
                                  p->variance[0] / MAX(p->total, 1e-300), "participation",
                                  sg_pca_participation(p), "80%", sg_pca_count_for(p, 0.8), "90%",
                                  sg_pca_count_for(p, 0.9), "95%", sg_pca_count_for(p, 0.95), "99%",
                                  sg_pca_count_for(p, 0.99)));
  }
  cli_print_json(root);
}

static gboolean
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt, .view = {{"w", "Principal components of W"}, {"s", "…of S, the styles"}}};
  gint64 start = g_get_monotonic_time();
  gboolean ok =
      direction_job_open(&job.base, opt->network, opt->layers, opt->label, opt->outdir, error) &&
      find(&job, error) &&
      (job.faces = direction_job_faces(&job.base, FACES, opt->label, error)) != NULL &&
      write_table(&job, error) && write_curves(&job, error) &&
      write_view(&job, &job.view[0], error) && write_view(&job, &job.view[1], error);

  if (ok && opt->json)
    print_json(&job, (double)(g_get_monotonic_time() - start) / 1e6);
  for (int i = 0; i < 2; i++) {
    sg_pca_free(job.view[i].pca);
    sg_direction_set_free(job.view[i].set);
  }
  sg_moments_free(job.moments);
  g_free(job.faces);
  direction_job_close(&job.base);
  return ok;
}

int
cli_pca(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.layers);
  g_free(opt.outdir);
  return cli_finish("pca", error);
}
