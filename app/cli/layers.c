/* vitrine layers: what the stages of the synthesis network compute for one face, as pictures and
 * tables. */
#include "app/cli/cli.h"
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include "engine/base/room.h"
#include "engine/explore/probe.h"
#include "engine/pictures/picture.h"
#include "engine/formats/writer.h"

#define COLUMNS 16

typedef struct {
  char *network, *layers, *outdir;
  gboolean common;
  CliRecipeOptions recipe;
} Options;

typedef struct {
  const Options *opt;
  SgModel *model;
  SgRenderer *renderer;
  SgRecipe *face;
  GArray *stages; /* of SgProbeStage */
} Job;

static gboolean
options_check(const Options *o, int argc, char **argv, GError **error)
{
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network && !o->recipe.recipe)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->outdir)
    cli_set_usage_error(error, "where to? --outdir=FOLDER");
  else if (cli_recipe_option_given(&o->recipe, "seed") == (o->recipe.recipe != NULL))
    cli_set_usage_error(error, "which face? one of --seed=N and --recipe=FILE");
  else
    return TRUE;
  return FALSE;
}

/* The stages that --layer names, all of them without it: [stages], to be freed. */
static gboolean *
chosen_stages(const Job *job, GError **error)
{
  gboolean *chosen = g_new0(gboolean, job->stages->len);
  g_auto(GStrv) names = job->opt->layers ? g_strsplit(job->opt->layers, ",", -1) : NULL;

  for (guint i = 0; i < job->stages->len; i++)
    chosen[i] = names == NULL;
  for (int k = 0; names && names[k]; k++) {
    gboolean found = FALSE;
    for (guint i = 0; i < job->stages->len; i++)
      if (g_str_equal(names[k], g_array_index(job->stages, SgProbeStage, i).name))
        found = chosen[i] = TRUE;
    if (!found) {
      cli_set_usage_error(error, "--layer: there is no \"%s\"; the first one is \"%s\"", names[k],
                          g_array_index(job->stages, SgProbeStage, 0).name);
      g_free(chosen);
      return NULL;
    }
  }
  return chosen;
}

/* Takes the pixels; NULL: there was no memory for them. */
static gboolean
write_drawn(const Job *job, const char *stage, const char *what, guint8 *pixels, int width,
            int height, int channels, GError **error)
{
  g_autofree char *name = g_strdup_printf("%s-%s.png", stage, what);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  gboolean ok = sg_room_check(error) &&
                sg_png_write_drawn(path, pixels, width, height, channels, NULL, error);

  g_free(pixels);
  return ok;
}

/* What a toRGB adds, as a picture's values are shown. */
static gboolean
write_contribution(const Job *job, const char *stage, const SgTensor *t, GError **error)
{
  SgTensor batch = *t;
  /* What is added to alpha is no transparency. */
  int channels = (int)t->shape[0] - (t->shape[0] == 2 || t->shape[0] == 4);
  guint8 *rgb = sg_room((gsize)t->shape[1] * (gsize)t->shape[2], 3);

  batch.ndim = 4;
  batch.shape[0] = 1;
  memcpy(batch.shape + 1, t->shape, 3 * sizeof t->shape[0]);
  batch.shape[1] = channels;
  if (rgb)
    sg_image_to_rgb8(&batch, rgb);
  return write_drawn(job, stage, "rgb", rgb, (int)t->shape[2], (int)t->shape[1], channels, error);
}

static gboolean
write_stage(const Job *job, guint i, GError **error)
{
  const SgProbeStage *stage = &g_array_index(job->stages, SgProbeStage, i);
  g_autoptr(SgProbe) p = sg_probe_run(job->renderer, job->face, i, error);
  int width, height;

  if (!p)
    return FALSE;
  const SgTensor *a = p->activation;
  g_autofree SgChannelStats *stats = sg_activation_stats(a);
  g_autofree char *csv = sg_probe_csv(p, stats);
  g_autofree char *name = g_strdup_printf("%s.csv", stage->name);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  if (!sg_write_file(path, csv, strlen(csv), error))
    return FALSE;
  if (p->contribution)
    return write_contribution(job, stage->name, p->contribution, error);
  guint8 *grid = sg_activation_grid(
      a, COLUMNS, job->opt->common ? SG_NORMALISE_COMMON : SG_NORMALISE_EACH, &width, &height);
  return write_drawn(job, stage->name, "channels", grid, width, height, 3, error) &&
         write_drawn(job, stage->name, "mean", sg_activation_channel(a, -1), (int)a->shape[2],
                     (int)a->shape[1], 3, error);
}

static void
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt};

  if ((job.model = cli_load_model_of(opt->network, opt->recipe.recipe, error)) &&
      (job.face = cli_recipe_new(&opt->recipe, "layers", job.model, error)) &&
      (job.renderer = sg_renderer_new(job.model, NULL, error))) {
    job.stages = sg_probe_stages(job.renderer);
    g_autofree gboolean *chosen = chosen_stages(&job, error);
    if (chosen && g_mkdir_with_parents(opt->outdir, 0777) != 0) {
      sg_file_failed(error, opt->outdir, "cannot make this folder");
      g_clear_pointer(&chosen, g_free);
    }
    for (guint i = 0; chosen && i < job.stages->len; i++)
      if (chosen[i] && !write_stage(&job, i, error))
        break;
  }
  g_clear_pointer(&job.stages, g_array_unref);
  sg_renderer_free(job.renderer);
  sg_recipe_free(job.face);
  g_clear_pointer(&job.model, sg_model_unref);
}

int
cli_layers(int argc, char **argv)
{
  static const char *const without[] = {"faces", NULL};
  Options o = {0};
  GError *error = NULL;
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o.network, "the model", "FILE"},
      {"layer", 0, 0, G_OPTION_ARG_STRING, &o.layers, "which layers (all)", "NAME,…"},
      {"common", 0, 0, G_OPTION_ARG_NONE, &o.common,
       "all channels over one range of grey, instead of each over its own", NULL},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o.outdir, "the folder to write to", "FOLDER"},
      {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Writes what the layers of the synthesis network compute for one face.",
      .details =
          "For a convolution: LAYER-channels.png (16 in a row, each from black to white) and "
          "LAYER-mean.png; for a\n"
          "toRGB: LAYER-rgb.png, what it adds to the picture. LAYER.csv has the numbers of each "
          "channel and the style\n"
          "vector. A recipe's pruning, mixing and noise apply.\n"
          "  vitrine layers --network model.pkl --seed 0 --layer b16.conv1,b16.torgb --outdir "
          "inside",
      .recipe = &o.recipe};

  cli_recipe_options_init(&o.recipe, NULL, without);
  if (cli_parse(&argc, &argv, entries, &help, &error) && options_check(&o, argc, argv, &error))
    run(&o, &error);
  g_free(o.network);
  cli_recipe_options_clear(&o.recipe);
  g_free(o.layers);
  g_free(o.outdir);
  return cli_finish("layers", error);
}
