/* vitrine sefa: the directions that the affine layers answer most strongly to. */
#include "app/cli/directions/direction-job.h"
#include "app/figures/figure.h"
#include "engine/directions/sefa.h"
#include "engine/explore/nets.h"
#include "engine/formats/writer.h"
#include <jansson.h>

/* For what one σ of a direction is. */
#define SAMPLES 10000

typedef struct {
  char *network, *layers, *outdir;
  int components, label;
  gboolean json;
} Options;

typedef struct {
  const Options *opt;
  DirectionJob base;
  SgMoments *moments;
  SgSefa *sefa;
  int channels;
} Job;

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"layers", 0, 0, G_OPTION_ARG_STRING, &o->layers, "which w are looked at (all), like 0-3",
       "A-B"},
      {"components", 0, 0, G_OPTION_ARG_INT, &o->components,
       "how many are saved as directions (20)", "N"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label,
       "class of a conditional model, for the σ (all, in turns)", "N"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliHelp help = {
      "",
      "Finds directions of w in closed form (SeFa, Shen and Zhou 2021): no sampling, no labels.",
      "DIR/sefa.csv has the eigenvalues, beside those of an untrained network of the same shape; "
      "sefa.svg both as curves; sefa.safetensors the first directions (--direction of \"vitrine "
      "generate\"), one σ of each being that of 10000 sampled w.\n"
      "  vitrine sefa --network model.pkl --layers 0-3 --outdir sefa"};

  *o = (Options){.components = 20, .label = -1};
  if (!cli_parse(&argc, &argv, entries, &help, error))
    return FALSE;
  if (!direction_job_asked(argc, argv, o->network, o->outdir, error))
    return FALSE;
  if (o->components < 1 || o->components > SG_DIRECTIONS_MAX)
    cli_set_usage_error(error, "--components: expected 1 to %d, found %d", SG_DIRECTIONS_MAX,
                        o->components);
  else
    return TRUE;
  return FALSE;
}

static gboolean
save_directions(const Job *job, GError **error)
{
  const SgSefa *s = job->sefa;
  g_autofree char *path = g_build_filename(job->opt->outdir, "sefa.safetensors", NULL);
  g_autofree char *details = g_strdup_printf("layers %d to %d, %d channels", job->base.first,
                                             job->base.last, job->channels);
  g_autoptr(SgDirectionSet) set =
      sg_direction_set_new(s->dim, job->base.model->hash, "sefa", details);

  sg_sefa_name(s, job->opt->components, "sefa", job->moments, set);
  direction_job_found_for(set, job->base.first, job->base.last);
  return sg_direction_set_save(set, path, error);
}

static gboolean
write_table(const Job *job, GError **error)
{
  g_autoptr(GString) s = g_string_new("component,eigenvalue,untrained\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "sefa.csv", NULL);
  char a[G_ASCII_DTOSTR_BUF_SIZE], b[G_ASCII_DTOSTR_BUF_SIZE];

  for (int k = 0; k < job->sefa->dim; k++)
    g_string_append_printf(s, "%d,%s,%s\n", k + 1,
                           g_ascii_formatd(a, sizeof a, "%.9g", job->sefa->values[k]),
                           g_ascii_formatd(b, sizeof b, "%.9g", job->sefa->untrained[k]));
  return sg_write_file(path, s->str, s->len, error);
}

static gboolean
write_curves(const Job *job, GError **error)
{
  g_autofree char *path = g_build_filename(job->opt->outdir, "sefa.svg", NULL);
  int n = MIN(job->sefa->dim, 50);
  g_autofree double *x = g_new(double, n);

  for (int k = 0; k < n; k++)
    x[k] = k + 1;
  const VitrineCurve curves[] = {
      {.label = "this network", .n = (gsize)n, .x = x, .y = job->sefa->values},
      {.label = "untrained", .n = (gsize)n, .x = x, .y = job->sefa->untrained}};
  const VitrineAxes axes = {"What the affine layers answer to", "direction", "eigenvalue", 0, 0};
  return vitrine_figure_curves(path, &axes, 2, curves, error);
}

static void
print_json(const Job *job)
{
  json_t *values = json_array();

  for (int k = 0; k < MIN(10, job->sefa->dim); k++)
    json_array_append_new(values, json_real(job->sefa->values[k]));
  cli_print_json(json_pack("{s:s, s:s, s:i, s:o, s:f}", "network", cli_json_name(job->opt->network),
                           "hash", job->base.model->hash, "channels", job->channels, "eigenvalues",
                           values, "untrained", job->sefa->untrained[0]));
}

static gboolean
find(Job *job, GError **error)
{
  g_autoptr(GPtrArray) affines =
      sg_affines_new(job->base.nets->net, job->base.first, job->base.last);

  job->channels = sg_affines_rows(affines);
  if (job->channels == 0) {
    cli_set_usage_error(error, "--layers: no convolution reads w of layers %d to %d",
                        job->base.first, job->base.last);
    return FALSE;
  }
  job->moments = direction_job_moments(&job->base, SAMPLES, 0, job->opt->label, error);
  job->sefa = job->moments ? sg_sefa_new(affines, job->moments->dim, error) : NULL;
  return job->sefa != NULL;
}

static gboolean
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt};
  gboolean ok =
      direction_job_open(&job.base, opt->network, opt->layers, opt->label, opt->outdir, error) &&
      find(&job, error) && write_table(&job, error) && write_curves(&job, error) &&
      save_directions(&job, error);

  if (ok && opt->json)
    print_json(&job);
  sg_sefa_free(job.sefa);
  sg_moments_free(job.moments);
  direction_job_close(&job.base);
  return ok;
}

int
cli_sefa(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.layers);
  g_free(opt.outdir);
  return cli_finish("sefa", error);
}
