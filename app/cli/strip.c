/* vitrine strip: the same faces over one parameter, as one labelled picture and a table. */
#include "app/cli/cli.h"
#include <stdio.h>
#include "app/figures/strip-sheet.h"

typedef struct {
  char *network, *parameter, *values, *out, *csv;
  CliRecipeOptions recipe;
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
  else if (!o->network && !o->recipe.recipe)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->parameter)
    cli_set_usage_error(error, "over what? --parameter=scale, prune, z3, w17, psi, blend, noise…");
  else if (!o->out)
    cli_set_usage_error(error, "where to? --out=FILE.png");
  else if (cli_recipe_option_given(&o->recipe, "seed") == (o->recipe.recipe != NULL))
    cli_set_usage_error(error, "which face? one of --seed=N and --recipe=FILE");
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"parameter", 0, 0, G_OPTION_ARG_STRING, &o->parameter,
       "scale, prune, psi, blend, noise, or a number like z3, w17, w0:3, s7.123 or d1", "P"},
      {"values", 0, 0, G_OPTION_ARG_STRING, &o->values,
       "like 0.5,1,2 or -10:10:2.5 (from, to, step)", "VALUES"},
      {"out", 0, 0, G_OPTION_ARG_FILENAME, &o->out, "the labelled picture", "PNG|SVG"},
      {"csv", 0, 0, G_OPTION_ARG_FILENAME, &o->csv, "the numbers as well; - for standard output",
       "FILE"},
      {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Draws the same faces over one parameter: one labelled picture, and a table.",
      .details =
          "Without --values: the nine factors 0.05 to 10 of scale, thresholds 0 to 1 of prune, -10 "
          "to "
          "10 of a\n"
          "dimension. A value replaces what the face has there: of a dimension it is the value "
          "itself, "
          "not what is\n"
          "added to it; of a style it is what is added, of a direction its strength. The table has "
          "a line for every picture: face, seed, value, the "
          "discriminator's logit and\n"
          "sigmoid (each picture alone, with its 256 levels), the share of the generator's weights "
          "that remain, and\n"
          "the mean change of the colour values (0 to 255) from the face as it is without "
          "--parameter.\n"
          "  vitrine strip --network model.pkl --seed 0 --parameter prune --out strip.png --csv "
          "strip.csv",
      .recipe = &o->recipe};

  *o = (Options){0};
  cli_recipe_options_init(&o->recipe, NULL, NULL);
  return cli_parse(&argc, &argv, entries, &help, error) && options_check(o, argc, argv, error);
}

static void
options_clear(Options *o)
{
  g_free(o->network);
  cli_recipe_options_clear(&o->recipe);
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

/* Fills parameter and values, which need no model. */
static gboolean
prepare_values(Job *job, GError **error)
{
  const Options *o = job->opt;
  GError *inner = NULL;

  if (!sg_strip_parse_parameter(o->parameter, &job->parameter)) {
    cli_set_usage_error(error,
                        "--parameter: expected scale, prune, psi, blend, noise, or a number "
                        "like z3, w17, w0:3, s7.123 or d1, found \"%s\"",
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
  job->model = cli_load_model_of(job->opt->network, job->opt->recipe.recipe, error);
  job->base = job->model ? cli_recipe_new(&job->opt->recipe, "strip", job->model, error) : NULL;
  if (!job->base)
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
