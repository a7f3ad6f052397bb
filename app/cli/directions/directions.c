/* vitrine directions: what directions have to do with one another, and with what pictures show. */
#include "app/cli/directions/direction-job.h"
#include "app/figures/figure.h"
#include "engine/base/visible.h"
#include "engine/directions/measure.h"
#include "engine/directions/relations.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

/* For what one σ is. */
#define SAMPLES 10000
/* A matrix of more is no picture any more. */
#define MOST 64

typedef struct {
  char *network, *outdir, *only, *without;
  char **files;
  int label, faces;
  gboolean json;
} Options;

typedef struct {
  const Options *opt;
  DirectionJob base;
  SgMoments *moments;
  SgDirectionSet *all;
  double *cosine, *moved; /* [n, n] */
  double *shown;          /* [n, SG_MEASURE_COUNT], or NULL */
} Job;

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"only", 0, 0, G_OPTION_ARG_STRING, &o->only, "these of the files (all)", "NAMES"},
      {"without", 0, 0, G_OPTION_ARG_STRING, &o->without,
       "also the others' parts that none of these has, as conditional.safetensors", "NAMES"},
      {"faces", 0, 0, G_OPTION_ARG_INT, &o->faces,
       "so many are really moved, to see what their pictures change by (32; 0: none)", "N"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (all, in turns)",
       "N"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliRange ranges[] = {{"faces", 0, 10000}, {NULL}};
  const CliHelp help = {
      .parameters = "FILE…",
      .summary = "Says what directions have to do with one another.",
      .details =
          "DIR/cosines.csv has the cosine of each two; effects.csv by how many of its own sigmas "
          "each (column) moves when w goes one sigma along another (row), over 10000 sampled w; "
          "measures.csv by how many of its deviations among faces brightness, contrast … of the "
          "pictures change for one sigma. Each also as .svg. --without=glasses takes out of every "
          "other direction what glasses has of it (Shen et al. 2020): what is left moves glasses "
          "no more.\n"
          "  vitrine directions --network model.pkl --outdir matrix attributes.safetensors\n"
          "  vitrine directions --network model.pkl --outdir matrix --without glasses "
          "attributes.safetensors",
      .ranges = ranges};

  *o = (Options){.label = -1, .faces = 32};
  if (!cli_parse(&argc, &argv, entries, &help, error))
    return FALSE;
  o->files = argv + 1;
  if (argc < 2)
    cli_set_usage_error(error, "which directions? FILE… as pca, sefa and attribute write them");
  else if (!o->network)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->outdir)
    cli_set_usage_error(error, "where to? --outdir=DIR");
  else
    return TRUE;
  return FALSE;
}

/* ---- which ----------------------------------------------------------------------------------- */

static gboolean
add_file(Job *job, const char *path, char **wanted, GError **error)
{
  g_autoptr(SgDirectionSet) set = cli_load_directions("directions", path, job->base.model, error);

  if (!set)
    return FALSE;
  for (guint i = 0; i < set->list->len; i++) {
    const SgNamedDirection *d = set->list->pdata[i];
    if (!wanted || g_strv_contains((const char *const *)wanted, d->name))
      sg_direction_set_add_copy(job->all, d, set);
  }
  return TRUE;
}

static gboolean
read_files(Job *job, GError **error)
{
  g_auto(GStrv) wanted = job->opt->only ? g_strsplit(job->opt->only, ",", -1) : NULL;

  job->all = sg_direction_set_new(job->base.model->info.w_dim, job->base.model->hash, "conditional",
                                  job->opt->without ? job->opt->without : "");
  for (char **file = job->opt->files; *file; file++)
    if (!add_file(job, *file, wanted, error))
      return FALSE;
  if (job->all->list->len == 0)
    cli_set_usage_error(error, "--only: none of \"%s\" is there", job->opt->only);
  else if (job->all->list->len > MOST)
    cli_set_usage_error(error,
                        "%u directions are too many for a matrix: at most %d, chosen by "
                        "--only=NAME,…",
                        job->all->list->len, MOST);
  else
    return TRUE;
  return FALSE;
}

/* ---- tables ---------------------------------------------------------------------------------- */

typedef struct {
  const char *name, *title;
  int columns;
  const char *const *column_labels;
  const double *values;
} Table;

static char *
table_text(const Job *job, const char *const *names, const Table *t)
{
  GString *s = g_string_new("direction");
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  for (int c = 0; c < t->columns; c++)
    g_string_append_printf(s, ",%s", t->column_labels[c]);
  g_string_append_c(s, '\n');
  for (guint r = 0; r < job->all->list->len; r++) {
    g_string_append(s, names[r]);
    for (int c = 0; c < t->columns; c++) {
      double v = t->values[(int)r * t->columns + c];
      g_string_append_printf(s, ",%s",
                             isfinite(v) ? g_ascii_formatd(number, sizeof number, "%.6g", v) : "");
    }
    g_string_append_c(s, '\n');
  }
  return g_string_free(s, FALSE);
}

static gboolean
write_table(const Job *job, const char *const *names, const Table *t, GError **error)
{
  g_autofree char *csv = g_strconcat(job->opt->outdir, G_DIR_SEPARATOR_S, t->name, ".csv", NULL);
  g_autofree char *svg = g_strconcat(job->opt->outdir, G_DIR_SEPARATOR_S, t->name, ".svg", NULL);
  g_autofree char *text = table_text(job, names, t);
  const VitrineTable figure = {.title = t->title,
                               .rows = (int)job->all->list->len,
                               .columns = t->columns,
                               .row_labels = names,
                               .column_labels = t->column_labels,
                               .values = t->values,
                               .reach = 1};

  return sg_write_file(csv, text, strlen(text), error) && vitrine_figure_table(svg, &figure, error);
}

/* Names as they go into a line of CSV: no comma, no control characters. */
static const char **
safe_names(const Job *job, GStringChunk *chunk)
{
  guint n = job->all->list->len;
  const char **names = g_new0(const char *, n + 1);

  for (guint i = 0; i < n; i++) {
    const SgNamedDirection *d = job->all->list->pdata[i];
    g_autofree char *name = sg_visible(d->name);
    names[i] = g_string_chunk_insert(chunk, g_strdelimit(name, ",\"", ' '));
  }
  return names;
}

/* ---- really moving --------------------------------------------------------------------------- */

static gboolean
measure_at(Job *job, guint32 seed, const SgNamedDirection *d, double strength, double *out,
           GError **error)
{
  g_autoptr(SgRecipe) r = direction_job_recipe(&job->base, seed, job->opt->label);

  for (int k = 0; d && k < r->w_dim; k++)
    r->w_offset[k] = strength * d->sigma * d->vector[k];
  g_autoptr(SgTensor) picture = sg_renderer_render_float(job->base.renderer, r, error);
  for (int m = 0; picture && m < SG_MEASURE_COUNT; m++)
    out[m] = sg_measure((SgMeasure)m, (int)picture->shape[1], (int)picture->shape[2],
                        (int)picture->shape[3], picture->data);
  return picture != NULL;
}

/* Deviations of the measures among the faces. */
static gboolean
measure_faces(Job *job, double *deviation, GError **error)
{
  int n = job->opt->faces;
  double sum[SG_MEASURE_COUNT] = {0}, squares[SG_MEASURE_COUNT] = {0}, one[SG_MEASURE_COUNT];

  for (int i = 0; i < n; i++) {
    if (!measure_at(job, (guint32)i, NULL, 0, one, error))
      return FALSE;
    for (int m = 0; m < SG_MEASURE_COUNT; m++) {
      sum[m] += one[m] / n;
      squares[m] += one[m] * one[m] / n;
    }
  }
  for (int m = 0; m < SG_MEASURE_COUNT; m++)
    deviation[m] = sqrt(MAX(squares[m] - sum[m] * sum[m], 0));
  return TRUE;
}

static gboolean
move_faces(Job *job, GError **error)
{
  double deviation[SG_MEASURE_COUNT], up[SG_MEASURE_COUNT], down[SG_MEASURE_COUNT];
  int n = job->opt->faces;
  guint directions = job->all->list->len;

  if (n < 2)
    return TRUE;
  if (!measure_faces(job, deviation, error))
    return FALSE;
  job->shown = g_new0(double, directions *SG_MEASURE_COUNT);
  cli_progress_begin(&job->base.progress, "directions", directions);
  for (guint k = 0; k < directions; k++) {
    const SgNamedDirection *d = job->all->list->pdata[k];
    double *row = job->shown + k * SG_MEASURE_COUNT;
    for (int i = 0; i < n; i++) {
      if (!measure_at(job, (guint32)i, d, 1, up, error) ||
          !measure_at(job, (guint32)i, d, -1, down, error))
        return FALSE;
      for (int m = 0; m < SG_MEASURE_COUNT; m++)
        row[m] += deviation[m] > 0 ? (up[m] - down[m]) / 2 / n / deviation[m] : 0;
    }
    cli_progress_update(&job->base.progress, k + 1);
  }
  cli_progress_end(&job->base.progress);
  return TRUE;
}

/* ---- conditional directions ------------------------------------------------------------------ */

/* Those that --without names. */
static GPtrArray *
conditions(const Job *job, GError **error)
{
  g_auto(GStrv) names = g_strsplit(job->opt->without, ",", -1);
  g_autoptr(GPtrArray) found = g_ptr_array_new();

  for (char **name = names; *name; name++) {
    const SgNamedDirection *d = sg_direction_set_find(job->all, g_strstrip(*name));
    if (!d) {
      cli_set_usage_error(error, "--without: there is no direction \"%s\"", *name);
      return NULL;
    }
    g_ptr_array_add(found, (gpointer)d);
  }
  return g_steal_pointer(&found);
}

static gboolean
add_conditional(const Job *job, const SgNamedDirection *d, GPtrArray *without, SgDirectionSet *to,
                GError **error)
{
  g_autoptr(SgNamedDirection) rest = sg_direction_without(
      d, without->len, (const SgNamedDirection *const *)without->pdata, job->moments, error);

  if (!rest)
    return FALSE;
  char *name = g_strdup_printf("%s without %s", d->name, job->opt->without);
  g_free(rest->name);
  rest->name = name;
  g_free(rest->method);
  rest->method = g_strdup("conditional");
  sg_direction_set_add_copy(to, rest, NULL);
  return TRUE;
}

static gboolean
write_conditional(const Job *job, GError **error)
{
  if (!job->opt->without)
    return TRUE;
  g_autofree char *path = g_build_filename(job->opt->outdir, "conditional.safetensors", NULL);
  g_autoptr(SgDirectionSet) set =
      sg_direction_set_new(job->all->w_dim, job->all->model, "conditional", job->opt->without);
  g_autoptr(GPtrArray) without = conditions(job, error);
  if (!without)
    return FALSE;
  for (guint i = 0; i < job->all->list->len; i++) {
    const SgNamedDirection *d = job->all->list->pdata[i];
    if (!g_ptr_array_find(without, d, NULL) && !add_conditional(job, d, without, set, error))
      return FALSE;
  }
  if (set->list->len > 0)
    return sg_direction_set_save(set, path, error);
  cli_set_usage_error(error, "--without names all directions: none is left");
  return FALSE;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static json_t *
matrix_json(guint rows, int columns, const double *values)
{
  json_t *all = json_array();

  for (guint r = 0; r < rows; r++) {
    json_t *row = json_array();
    for (int c = 0; c < columns; c++) {
      double v = values[(int)r * columns + c];
      json_array_append_new(row, isfinite(v) ? json_real(v) : json_null());
    }
    json_array_append_new(all, row);
  }
  return all;
}

static void
print_json(const Job *job)
{
  guint n = job->all->list->len;
  json_t *names = json_array(), *root;

  for (guint i = 0; i < n; i++) {
    g_autofree char *name = sg_valid(((const SgNamedDirection *)job->all->list->pdata[i])->name);
    json_array_append_new(names, json_string(name));
  }
  root = json_pack("{s:s, s:o, s:o, s:o}", "hash", job->base.model->hash, "directions", names,
                   "cosines", matrix_json(n, (int)n, job->cosine), "effects",
                   matrix_json(n, (int)n, job->moved));
  if (job->shown)
    json_object_set_new(root, "measures", matrix_json(n, SG_MEASURE_COUNT, job->shown));
  cli_print_json(root);
}

static gboolean
write_all(Job *job, GError **error)
{
  g_autoptr(GStringChunk) chunk = g_string_chunk_new(256);
  g_autofree const char **names = safe_names(job, chunk);
  const char *measures[SG_MEASURE_COUNT];
  int n = (int)job->all->list->len;

  for (int m = 0; m < SG_MEASURE_COUNT; m++)
    measures[m] = sg_measure_name((SgMeasure)m);
  const Table tables[] = {
      {"cosines", "Cosines between directions", n, names, job->cosine},
      {"effects", "σ that each (column) moves for one σ of another (row)", n, names, job->moved},
      {"measures", "Deviations that pictures change by for one σ", SG_MEASURE_COUNT, measures,
       job->shown}};
  for (guint i = 0; i < (job->shown ? 3 : 2); i++)
    if (!write_table(job, names, &tables[i], error))
      return FALSE;
  return write_conditional(job, error);
}

static gboolean
find(Job *job, GError **error)
{
  guint n = job->all->list->len;

  job->moments = direction_job_moments(&job->base, SAMPLES, 0, job->opt->label, error);
  if (!job->moments)
    return FALSE;
  job->cosine = g_new(double, n *n);
  job->moved = g_new(double, n *n);
  sg_relations(n, (const SgNamedDirection *const *)job->all->list->pdata, job->all->w_dim,
               job->moments, job->cosine, job->moved);
  return move_faces(job, error);
}

static gboolean
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt};
  gboolean ok = direction_job_open(&job.base, opt->network, NULL, opt->label, opt->outdir, error) &&
                read_files(&job, error) && find(&job, error) && write_all(&job, error);

  cli_progress_end(&job.base.progress);
  if (ok && opt->json)
    print_json(&job);
  g_free(job.cosine);
  g_free(job.moved);
  g_free(job.shown);
  sg_direction_set_free(job.all);
  sg_moments_free(job.moments);
  direction_job_close(&job.base);
  return ok;
}

int
cli_directions(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.outdir);
  g_free(opt.only);
  g_free(opt.without);
  return cli_finish("directions", error);
}
