/* vitrine strip: the same faces over one parameter, as one labelled picture and a table. */
#include "app/cli/cli.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include "app/figures/strip-sheet.h"

#define UNSET_DOUBLE (-DBL_MAX)

typedef struct {
  char *network, *seed, *recipe, *parameter, *values, *out, *csv;
  double trunc;
  int faces, label;
} Options;

typedef struct {
  const Options *opt;
  SgStripParameter parameter;
  SgModel *model;
  SgRecipe *base;
  GArray *values; /* of double */
  SgStripTile **tiles;
} Job;

static gboolean
options_check(const Options *o, int argc, char **argv, GError **error)
{
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network && !o->recipe)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->parameter)
    cli_set_usage_error(error, "over what? --parameter=scale, prune, z3, w17, psi, blend or noise");
  else if (!o->out)
    cli_set_usage_error(error, "where to? --out=FILE.png");
  else if (!o->seed == !o->recipe)
    cli_set_usage_error(error, "which face? one of --seed=N and --recipe=FILE");
  else if (o->faces != G_MININT && (o->faces < 1 || o->faces > SG_RECIPE_MAX_FACES))
    cli_set_usage_error(error, "--faces must be from 1 to %d, found %d", SG_RECIPE_MAX_FACES,
                        o->faces);
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"seed", 0, 0, G_OPTION_ARG_STRING, &o->seed, "which face", "N"},
      {"recipe", 0, 0, G_OPTION_ARG_FILENAME, &o->recipe, "a saved picture or recipe instead",
       "PNG|JSON"},
      {"faces", 0, 0, G_OPTION_ARG_INT, &o->faces, "how many, from that seed on: a row each (1)",
       "N"},
      {"parameter", 0, 0, G_OPTION_ARG_STRING, &o->parameter,
       "scale, prune, psi, blend, noise, or a dimension like z3 or w17", "P"},
      {"values", 0, 0, G_OPTION_ARG_STRING, &o->values,
       "like 0.5,1,2 or -10:10:2.5 (from, to, step)", "VALUES"},
      {"trunc", 0, 0, G_OPTION_ARG_DOUBLE, &o->trunc, "truncation psi of all of them (1: none)",
       "PSI"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model", "N"},
      {"out", 0, 0, G_OPTION_ARG_FILENAME, &o->out, "the labelled picture", "PNG|SVG"},
      {"csv", 0, 0, G_OPTION_ARG_FILENAME, &o->csv, "the numbers as well; - for standard output",
       "FILE"},
      {NULL}};
  const CliHelp help = {
      "", "Draws the same faces over one parameter: one labelled picture, and a table.",
      "Without --values: the nine factors 0.05 to 10 of scale, thresholds 0 to 1 of prune, -10 to "
      "10 of a\n"
      "dimension. A value replaces what the face has there: of a dimension it is the value itself, "
      "not what is\n"
      "added to it. The table has a line for every picture: face, seed, value, the "
      "discriminator's logit and\n"
      "sigmoid (each picture alone, with its 256 levels), the share of the generator's weights "
      "that remain, and\n"
      "the mean change of the colour values (0 to 255) from the face as it is without "
      "--parameter.\n"
      "  vitrine strip --network model.pkl --seed 0 --parameter prune --out strip.png --csv "
      "strip.csv"};

  *o = (Options){.trunc = UNSET_DOUBLE, .faces = G_MININT, .label = G_MININT};
  return cli_parse(&argc, &argv, entries, &help, error) && options_check(o, argc, argv, error);
}

static void
options_clear(Options *o)
{
  g_free(o->network);
  g_free(o->seed);
  g_free(o->recipe);
  g_free(o->parameter);
  g_free(o->values);
  g_free(o->out);
  g_free(o->csv);
}

/* What the engine says about an option is about how it was used. */
static gboolean
as_usage(const char *option, GError *inner, GError **error)
{
  cli_set_usage_error(error, "--%s: %s", option, inner->message);
  g_error_free(inner);
  return FALSE;
}

static SgRecipe *
new_base(const Options *o, const SgModel *model, GError **error)
{
  guint64 seed;

  if (o->recipe)
    return cli_read_recipe("strip", o->recipe, model, error);
  if (!g_ascii_string_to_unsigned(o->seed, 10, 0, G_MAXUINT32, &seed, NULL)) {
    cli_set_usage_error(error, "--seed: expected a number from 0 to %u, found \"%s\"", G_MAXUINT32,
                        o->seed);
    return NULL;
  }
  SgRecipe *base = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  base->seed = (guint32)seed;
  return base;
}

static gboolean
apply_options(const Options *o, const SgModelInfo *info, SgRecipe *base, GError **error)
{
  if (o->faces != G_MININT)
    base->faces = o->faces;
  if (o->label != G_MININT)
    base->label = o->label;
  if (o->trunc != UNSET_DOUBLE)
    base->psi = o->trunc;
  if (!isfinite(base->psi))
    cli_set_usage_error(error, "--trunc must be a finite number");
  else if (info->c_dim == 0 && o->label != G_MININT)
    cli_set_usage_error(error, "--class: this model has no classes");
  else if (info->c_dim > 0 && (base->label < 0 || base->label >= info->c_dim))
    cli_set_usage_error(error, "this model has classes: choose one with --class=0 to %d",
                        info->c_dim - 1);
  else
    return TRUE;
  return FALSE;
}

/* Fills parameter and values, which need no model. */
static gboolean
prepare_values(Job *job, GError **error)
{
  const Options *o = job->opt;
  GError *inner = NULL;

  if (!sg_strip_parse_parameter(o->parameter, &job->parameter)) {
    cli_set_usage_error(error,
                        "--parameter: expected scale, prune, psi, blend, noise, or a dimension "
                        "like z3 or w17, found \"%s\"",
                        o->parameter);
    return FALSE;
  }
  job->values = o->values ? sg_strip_parse_values(o->values, &inner)
                          : sg_strip_default_values(&job->parameter);
  return job->values || as_usage("values", inner, error);
}

static gboolean
prepare(Job *job, GError **error)
{
  GError *inner = NULL;

  if (!prepare_values(job, error))
    return FALSE;
  job->model = cli_load_model_of(job->opt->network, job->opt->recipe, error);
  job->base = job->model ? new_base(job->opt, job->model, error) : NULL;
  if (!job->base || !apply_options(job->opt, &job->model->info, job->base, error))
    return FALSE;
  return sg_strip_check(&job->parameter, job->base, (int)job->values->len,
                        (const double *)job->values->data, &inner) ||
         as_usage("parameter", inner, error);
}

static gboolean
render_all(Job *job, GError **error)
{
  int n = (int)job->values->len;
  gsize done = 0, all = (gsize)n * (gsize)job->base->faces;
  g_autoptr(SgStrip) strip =
      sg_strip_new(job->model, job->base, &job->parameter, n, (const double *)job->values->data);
  CliProgress progress;
  GError *inner = NULL;
  gboolean more = TRUE;

  job->tiles = g_new0(SgStripTile *, all);
  cli_progress_begin(&progress, "pictures", all);
  while (more) {
    SgStripTile *tile;
    more = sg_strip_step(strip, &tile, &inner);
    if (!tile)
      continue;
    job->tiles[tile->row * n + tile->column] = tile;
    cli_progress_update(&progress, ++done);
  }
  cli_progress_end(&progress);
  if (inner)
    g_propagate_error(error, inner);
  return inner == NULL;
}

static gboolean
write_all(Job *job, GError **error)
{
  int n = (int)job->values->len;

  if (!vitrine_strip_write_png(job->opt->out, job->model, job->base, &job->parameter, n, job->tiles,
                               error))
    return FALSE;
  if (g_strcmp0(job->opt->csv, "-") == 0) {
    g_autofree char *csv = sg_strip_csv(job->base, n, job->tiles);
    fputs(csv, stdout);
    return TRUE;
  }
  return !job->opt->csv || vitrine_strip_write_csv(job->opt->csv, job->base, n, job->tiles, error);
}

static void
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt};

  if (prepare(&job, error) && render_all(&job, error))
    write_all(&job, error);
  for (gsize i = 0; job.tiles && i < (gsize)job.values->len * (gsize)job.base->faces; i++)
    sg_strip_tile_free(job.tiles[i]);
  g_free(job.tiles);
  g_clear_pointer(&job.values, g_array_unref);
  g_clear_pointer(&job.base, sg_recipe_free);
  g_clear_pointer(&job.model, sg_model_unref);
}

int
cli_strip(int argc, char **argv)
{
  Options opt;
  GError *error = NULL;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  options_clear(&opt);
  return cli_finish("strip", error);
}
