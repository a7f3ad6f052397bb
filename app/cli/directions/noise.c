/* vitrine noise: what noise does to faces, and which layers' noise. */
#include "app/cli/directions/direction-job.h"
#include "engine/explore/causes/noise-variance.h"
#include "engine/explore/nets.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

#define CROPS 4

typedef struct {
  char *network, *outdir, *seeds;
  int draws, layer_draws, label;
  double gain;
  gboolean json;
} Options;

/* Of a face. */
typedef struct {
  guint32 seed;
  SgNoiseVariance *all;
  double *layers; /* [num_convs] variance by one convolution's noise, levels² */
} Face;

typedef struct {
  const Options *opt;
  DirectionJob base;
  GArray *seeds; /* of guint32 */
  Face *faces;   /* [seeds] */
  double most;   /* levels that are white in the maps */
  gsize done;
} Job;

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"seeds", 0, 0, G_OPTION_ARG_STRING, &o->seeds, "which faces (0-3)", "0-3,7"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (0)", "N"},
      {"draws", 0, 0, G_OPTION_ARG_INT, &o->draws, "draws of all noise for a face (100)", "N"},
      {"layer-draws", 0, 0, G_OPTION_ARG_INT, &o->layer_draws,
       "draws of each layer's noise alone (20)", "N"},
      {"gain", 0, 0, G_OPTION_ARG_DOUBLE, &o->gain,
       "what deviations are multiplied with in the pictures (as far as they go)", "FACTOR"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliRange ranges[] = {
      {"draws", 2, 10000}, {"layer-draws", 2, 10000}, {"gain", 1e-6, 1e9}, {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Shows what noise does to faces, and which layers' noise does it.",
      .details =
          "DIR/noise.png has a row for every face: with all noise as the model keeps it, without, "
          "with coarse noise alone (layers to 32x32), with fine alone (from 64x64), and how much "
          "each pixel differs from draw to draw, as a standard deviation times a factor. "
          "DIR/draws.png enlarges the part that differs most, in four draws. DIR/noise.csv has "
          "each layer's variance, alone, and its share.\n"
          "  vitrine noise --network model.pkl --seeds 0-3 --outdir out",
      .ranges = ranges};

  *o = (Options){.draws = 100, .layer_draws = 20, .label = -1};
  return cli_parse(&argc, &argv, entries, &help, error) &&
         direction_job_asked(argc, argv, o->network, o->outdir, error);
}

/* ---- the run --------------------------------------------------------------------------------- */

static int
num_convs(const Job *job)
{
  return job->base.nets->net->num_convs;
}

static gboolean
draw(Job *job, SgNoiseVariance *v, const SgRecipe *recipe, int n, GError **error)
{
  for (int i = 0; i < n; i++) {
    if (!sg_noise_variance_draw(v, job->base.renderer, recipe, 0, error))
      return FALSE;
    cli_progress_update(&job->base.progress, ++job->done);
  }
  return TRUE;
}

static gboolean
measure_face(Job *job, Face *face, GError **error)
{
  g_autoptr(SgRecipe) recipe = direction_job_recipe(&job->base, face->seed, job->opt->label);

  face->all = sg_noise_variance_new();
  face->layers = g_new0(double, num_convs(job));
  if (!draw(job, face->all, recipe, job->opt->draws, error))
    return FALSE;
  for (int k = 0; k < num_convs(job); k++) {
    g_autoptr(SgRecipe) only = sg_noise_only(job->base.renderer, recipe, k, error);
    g_autoptr(SgNoiseVariance) v = sg_noise_variance_new();
    if (!only || !draw(job, v, only, job->opt->layer_draws, error))
      return FALSE;
    face->layers[k] = sg_noise_variance_mean(v);
  }
  return TRUE;
}

static gboolean
measure(Job *job, GError **error)
{
  gsize each = (gsize)job->opt->draws + (gsize)num_convs(job) * (gsize)job->opt->layer_draws;
  double most = 0;

  job->faces = g_new0(Face, job->seeds->len);
  cli_progress_begin(&job->base.progress, "draws", each * job->seeds->len);
  for (guint i = 0; i < job->seeds->len; i++) {
    job->faces[i].seed = g_array_index(job->seeds, guint32, i);
    if (!measure_face(job, &job->faces[i], error))
      return FALSE;
    g_autoptr(SgHeatMap) map = sg_noise_variance_map(job->faces[i].all);
    most = MAX(most, sg_heat_map_stats(map).most);
  }
  cli_progress_end(&job->base.progress);
  job->most = job->opt->gain > 0 ? 255 / job->opt->gain : most > 0 ? most : 255;
  return TRUE;
}

/* ---- pictures -------------------------------------------------------------------------------- */

static gboolean
add_map(Job *job, DirectionTiles *tiles, const Face *face, const SgRecipe *recipe, GError **error)
{
  g_autoptr(SgHeatMap) map = sg_noise_variance_map(face->all);
  g_autofree char *text = g_strdup_printf("deviation ×%.3g", 255 / job->most);
  gsize pixels;
  g_autofree guint8 *rgb = direction_job_rgb(&job->base, recipe, &pixels, error);

  if (!rgb)
    return FALSE;
  memset(rgb, 0, 3 * (gsize)map->h * (gsize)map->w);
  g_autofree guint8 *drawn = sg_heat_map_draw(map, rgb, job->most);
  direction_tiles_rgb(tiles, drawn, text);
  return TRUE;
}

static gboolean
add_kinds(Job *job, DirectionTiles *tiles, const SgRecipe *recipe, GError **error)
{
  const struct {
    const char *text;
    int only;
  } kinds[] = {{"all noise", 0},
               {"none", 0},
               {"coarse, to 32", SG_NOISE_COARSE},
               {"fine, from 64", SG_NOISE_FINE}};

  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autoptr(SgRecipe) r = kinds[i].only
                                ? sg_noise_only(job->base.renderer, recipe, kinds[i].only, error)
                                : sg_recipe_copy(recipe);
    if (!r)
      return FALSE;
    if (i == 1)
      r->noise_mode = SG_NOISE_NONE;
    if (!direction_tiles_recipe(tiles, &job->base, r, kinds[i].text, error))
      return FALSE;
  }
  return TRUE;
}

static char *
title_of(const Job *job, const char *what)
{
  g_autofree char *name = g_path_get_basename(job->base.model->path);

  return g_strdup_printf("%s of %s, %d draws", what, cli_name(name), job->opt->draws);
}

static gboolean
write_kinds(Job *job, GError **error)
{
  g_autoptr(DirectionTiles) tiles = direction_tiles_new(&job->base, 5 * (int)job->seeds->len);
  g_autofree char *path = g_build_filename(job->opt->outdir, "noise.png", NULL);
  g_autofree char *title = title_of(job, "Noise");

  for (guint i = 0; i < job->seeds->len; i++) {
    const Face *face = &job->faces[i];
    g_autoptr(SgRecipe) recipe = direction_job_recipe(&job->base, face->seed, job->opt->label);
    g_autofree char *row = g_strdup_printf("seed %u", face->seed);
    direction_tiles_row(tiles, row);
    if (!add_kinds(job, tiles, recipe, error) || !add_map(job, tiles, face, recipe, error))
      return FALSE;
  }
  return direction_tiles_write(tiles, path, title, 5, error);
}

/* The corner of the square of `side` pixels that differs most. */
static void
find_crop(const SgNoiseVariance *v, int side, int *left, int *top)
{
  const int size = v->size, step = MAX(side / 4, 1);
  double best = -1;

  for (int y = 0; y + side <= size; y += step)
    for (int x = 0; x + side <= size; x += step) {
      double sum = 0;
      for (int i = 0; i < side * side; i++)
        sum += v->squares[(gsize)(y + i / side) * (gsize)size + (gsize)(x + i % side)];
      if (sum > best) {
        best = sum;
        *left = x;
        *top = y;
      }
    }
}

/* A part, as large as the whole. */
static guint8 *
enlarged(const guint8 *rgb, int size, int side, int left, int top)
{
  guint8 *out = g_malloc(3 * (gsize)size * (gsize)size);

  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++)
      memcpy(out + 3 * ((gsize)y * (gsize)size + (gsize)x),
             rgb + 3 * ((gsize)(top + y * side / size) * (gsize)size +
                        (gsize)(left + x * side / size)),
             3);
  return out;
}

static gboolean
add_crops(Job *job, DirectionTiles *tiles, const Face *face, const SgRecipe *recipe, GError **error)
{
  const int size = face->all->size, side = MAX(size / 4, 1);
  int left = 0, top = 0;

  find_crop(face->all, side, &left, &top);
  if (!direction_tiles_recipe(tiles, &job->base, recipe, "picture", error))
    return FALSE;
  for (guint32 i = 0; i < CROPS; i++) {
    g_autoptr(SgRecipe) r = sg_recipe_copy(recipe);
    g_autofree char *text = g_strdup_printf("draw %u, at %d, %d", i + 1, left, top);
    r->noise_mode = SG_NOISE_RANDOM;
    r->noise_seed = i;
    gsize pixels;
    g_autofree guint8 *rgb = direction_job_rgb(&job->base, r, &pixels, error);
    if (!rgb)
      return FALSE;
    g_autofree guint8 *crop = enlarged(rgb, size, side, left, top);
    direction_tiles_rgb(tiles, crop, text);
  }
  return add_map(job, tiles, face, recipe, error);
}

static gboolean
write_draws(Job *job, GError **error)
{
  g_autoptr(DirectionTiles) tiles =
      direction_tiles_new(&job->base, (CROPS + 2) * (int)job->seeds->len);
  g_autofree char *path = g_build_filename(job->opt->outdir, "draws.png", NULL);
  g_autofree char *title = title_of(job, "Draws of noise");

  for (guint i = 0; i < job->seeds->len; i++) {
    const Face *face = &job->faces[i];
    g_autoptr(SgRecipe) recipe = direction_job_recipe(&job->base, face->seed, job->opt->label);
    g_autofree char *row = g_strdup_printf("seed %u", face->seed);
    direction_tiles_row(tiles, row);
    if (!add_crops(job, tiles, face, recipe, error))
      return FALSE;
  }
  return direction_tiles_write(tiles, path, title, CROPS + 2, error);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Of what single layers' noise adds up to, since layers act through one another. */
static double
share_of(const Job *job, const Face *face, int conv)
{
  double sum = 0;

  for (int k = 0; k < num_convs(job); k++)
    sum += face->layers[k];
  return sum > 0 ? face->layers[conv] / sum : 0;
}

static const SgStage *
conv_of(const Job *job, int conv)
{
  const SgSynthesis *net = job->base.nets->net;

  for (guint i = 0; i < net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(net, i);
    if (stage->kind == SG_STAGE_CONV && conv-- == 0)
      return stage;
  }
  return NULL;
}

static gboolean
write_table(const Job *job, GError **error)
{
  g_autoptr(GString) s = g_string_new("seed,layer,resolution,strength,variance,share\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "noise.csv", NULL);

  for (guint i = 0; i < job->seeds->len; i++) {
    const Face *face = &job->faces[i];
    for (int k = 0; k < num_convs(job); k++) {
      const SgStage *stage = conv_of(job, k);
      g_string_append_printf(s, "%u,%s,%d,%.6g,%.6g,%.6g\n", face->seed, stage->name,
                             stage->resolution, (double)stage->noise_strength, face->layers[k],
                             share_of(job, face, k));
    }
    g_string_append_printf(s, "%u,all,%d,,%.6g,\n", face->seed, face->all->size,
                           sg_noise_variance_mean(face->all));
  }
  return sg_write_file(path, s->str, s->len, error);
}

static void
print_json(const Job *job)
{
  json_t *all = json_array();

  for (guint i = 0; i < job->seeds->len; i++) {
    const Face *face = &job->faces[i];
    g_autoptr(SgHeatMap) map = sg_noise_variance_map(face->all);
    json_t *layers = json_array();
    for (int k = 0; k < num_convs(job); k++) {
      const SgStage *stage = conv_of(job, k);
      json_array_append_new(layers, json_pack("{s:s, s:i, s:f, s:f}", "layer", stage->name,
                                              "resolution", stage->resolution, "variance",
                                              face->layers[k], "share", share_of(job, face, k)));
    }
    json_array_append_new(all, json_pack("{s:I, s:f, s:f, s:o}", "seed", (json_int_t)face->seed,
                                         "variance", sg_noise_variance_mean(face->all),
                                         "largest_deviation", sg_heat_map_stats(map).most, "layers",
                                         layers));
  }
  cli_print_json(json_pack("{s:s, s:i, s:o}", "hash", job->base.model->hash, "draws",
                           job->opt->draws, "faces", all));
}

static void
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt};

  job.seeds = cli_parse_seeds(opt->seeds ? opt->seeds : "0-3", error);
  if (job.seeds &&
      direction_job_open(&job.base, opt->network, NULL, opt->label, opt->outdir, error) &&
      measure(&job, error) && write_kinds(&job, error) && write_draws(&job, error) &&
      write_table(&job, error) && opt->json)
    print_json(&job);
  cli_progress_end(&job.base.progress);
  for (guint i = 0; job.faces && i < job.seeds->len; i++) {
    sg_noise_variance_free(job.faces[i].all);
    g_free(job.faces[i].layers);
  }
  g_free(job.faces);
  g_clear_pointer(&job.seeds, g_array_unref);
  direction_job_close(&job.base);
}

int
cli_noise(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.outdir);
  g_free(opt.seeds);
  return cli_finish("noise", error);
}
