/* vitrine mix: the grid of style mixing, as NVlabs' style_mixing.py makes it. */
#include "app/cli/cli.h"
#include "engine/formats/format-error.h"
#include "engine/kernels/element.h"
#include "engine/explore/picture-model.h"
#include "engine/explore/mix.h"
#include "engine/explore/renderer.h"
#include "engine/formats/npy.h"
#include "engine/pictures/picture.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* As in style_mixing.py; a smaller model has fewer. */
#define DEFAULT_LAST_STYLE 6

typedef struct {
  char *network, *rows, *cols, *styles, *outdir;
  gboolean npy, json;
  CliRecipeOptions recipe;
} Options;

typedef struct {
  const Options *opt;
  SgModel *model;
  SgRenderer *renderer;
  SgRecipe *base;      /* everything but the seed */
  GArray *rows, *cols; /* of guint32 */
  gboolean *styles;    /* [num_ws] the columns decide */
  GHashTable *pure;    /* seed -> GBytes, RGB8 of the unmixed face */
  guint8 *grid;
  json_t *written;
  CliProgress progress;
  gsize done;
} Job;

static void
options_clear(Options *o)
{
  g_free(o->network);
  g_free(o->rows);
  g_free(o->cols);
  g_free(o->styles);
  g_free(o->outdir);
  cli_recipe_options_clear(&o->recipe);
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  static const char *const without[] = {"seed", "faces", NULL};
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"rows", 0, 0, G_OPTION_ARG_STRING, &o->rows, "seeds of the rows: whose faces, like 85,100",
       "SEEDS"},
      {"cols", 0, 0, G_OPTION_ARG_STRING, &o->cols,
       "seeds of the columns: whose styles, like 55-58", "SEEDS"},
      {"styles", 0, 0, G_OPTION_ARG_STRING, &o->styles,
       "which w the columns replace (0-6, or all of a smaller model)", "LAYERS"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where pictures go; made if missing",
       "DIR"},
      {"npy", 0, 0, G_OPTION_ARG_NONE, &o->npy, "also ROW-COL.npy: float32 [C, H, W], unclamped",
       NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was written as JSON on standard output",
       NULL},
      {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary =
          "Mixes styles: DIR/ROW-COL.png is the face of seed ROW with the styles of seed COL in "
          "the "
          "chosen layers, each with its whole recipe inside; SEED-SEED.png is a face as it is; "
          "DIR/grid.png has all of them.",
      .details =
          "Low layers draw pose and shape, high ones colours and detail (\"vitrine inspect\" lists "
          "them):\n"
          "  vitrine mix --network model.pkl --rows 85,100,75 --cols 55,821 --styles 0-3 --outdir "
          "out",
      .recipe = &o->recipe};

  *o = (Options){0};
  cli_recipe_options_init(&o->recipe, NULL, without);
  if (!cli_parse(&argc, &argv, entries, &help, error))
    return FALSE;
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->rows)
    cli_set_usage_error(error, "whose faces? --rows=85,100,75");
  else if (!o->cols)
    cli_set_usage_error(error, "whose styles? --cols=55,821");
  else if (!o->outdir)
    cli_set_usage_error(error, "where to? --outdir=DIR");
  else
    return TRUE;
  return FALSE;
}

/* ---- what is asked for ------------------------------------------------------------------- */

static gboolean *
parse_styles(const char *text, int num_ws, GError **error)
{
  g_autofree gboolean *styles = g_new0(gboolean, num_ws);

  if (!text) {
    for (int k = 0; k < MIN(num_ws, DEFAULT_LAST_STYLE + 1); k++)
      styles[k] = TRUE;
    return g_steal_pointer(&styles);
  }
  g_autoptr(GArray) layers = cli_parse_numbers("styles", text, error);
  for (guint i = 0; layers && i < layers->len; i++) {
    guint32 k = g_array_index(layers, guint32, i);
    if (k >= (guint32)num_ws) {
      cli_set_usage_error(error, "--styles: this model has layers 0 to %d, found %u", num_ws - 1,
                          k);
      return NULL;
    }
    styles[k] = TRUE;
  }
  return layers ? g_steal_pointer(&styles) : NULL;
}

static gboolean
check_size(const Job *job, GError **error)
{
  const SgModelInfo *info = &job->model->info;
  gint64 pixels = (gint64)sg_info_width(info) * sg_info_height(info);
  gint64 cells = ((gint64)job->rows->len + 1) * ((gint64)job->cols->len + 1);

  if (cells <= SG_PICTURE_MAX_PIXELS / pixels)
    return TRUE;
  cli_set_usage_error(error, "%u rows and %u columns make a grid of more than %d pixels",
                      job->rows->len, job->cols->len, SG_PICTURE_MAX_PIXELS);
  return FALSE;
}

static gboolean
prepare(Job *job, GError **error)
{
  const Options *o = job->opt;
  const SgModelInfo *info = &job->model->info;

  job->base = cli_recipe_new(&o->recipe, "mix", job->model, error);
  if (!job->base)
    return FALSE;
  sg_recipe_drop_vectors(job->base);
  job->base->faces = 1;
  job->rows = cli_parse_numbers("rows", o->rows, error);
  job->cols = job->rows ? cli_parse_numbers("cols", o->cols, error) : NULL;
  job->styles = job->cols ? parse_styles(o->styles, info->num_ws, error) : NULL;
  return job->styles && check_size(job, error);
}

/* ---- pictures ---------------------------------------------------------------------------- */

static SgRecipe *
face(const Job *job, guint32 seed)
{
  SgRecipe *r = sg_recipe_copy(job->base);
  r->seed = seed;
  return r;
}

/* Renders and writes ROW-COL.png; its RGB8, to be freed. */
static guint8 *
write_picture(Job *job, guint32 row, guint32 col, const SgRecipe *recipe, GError **error)
{
  g_autofree char *stem = g_strdup_printf("%u-%u", row, col);
  g_autofree char *png_name = g_strconcat(stem, ".png", NULL);
  g_autofree char *npy_name = g_strconcat(stem, ".npy", NULL);
  g_autofree char *png = g_build_filename(job->opt->outdir, png_name, NULL);
  g_autofree char *npy = g_build_filename(job->opt->outdir, npy_name, NULL);
  g_autofree char *json = sg_picture_recipe(recipe, job->model);
  g_autoptr(SgTensor) image = sg_renderer_render_float(job->renderer, recipe, error);

  if (!image)
    return NULL;
  int c = (int)image->shape[1], h = (int)image->shape[2], w = (int)image->shape[3];
  g_autofree guint8 *rgb = g_try_malloc(k_drawn_bytes((unsigned)c) * (gsize)h * (gsize)w);
  if (!rgb) {
    sg_no_memory(error, "for a picture");
    return NULL;
  }
  sg_image_to_rgb8(image, rgb);
  json_t *entry = json_pack("{s:I, s:I, s:s}", "row", (json_int_t)row, "col", (json_int_t)col,
                            "png", cli_json_name(png));
  json_array_append_new(job->written, entry);
  if (!sg_png_write_drawn(png, rgb, w, h, c, json, error))
    return NULL;
  if (job->opt->npy) {
    const gint64 shape[] = {c, h, w};
    g_autoptr(SgTensor) one = sg_tensor_try_new(3, shape, error);
    if (!one)
      return NULL;
    memcpy(one->data, image->data, image->numel * sizeof(float));
    json_object_set_new(entry, "npy", json_string(cli_json_name(npy)));
    if (!sg_npy_write(npy, one, error))
      return NULL;
  }
  cli_progress_update(&job->progress, ++job->done);
  return g_steal_pointer(&rgb);
}

static void
paste(Job *job, guint row, guint column, const guint8 *rgb)
{
  const SgModelInfo *info = &job->model->info;
  gsize height = (gsize)sg_info_height(info);
  gsize line = k_drawn_bytes((unsigned)info->img_channels) * (gsize)sg_info_width(info);
  gsize stride = line * ((gsize)job->cols->len + 1);

  for (gsize y = 0; y < height; y++)
    memcpy(job->grid + (row * height + y) * stride + column * line, rgb + y * line, line);
}

/* The unmixed face of a seed, rendered once. Borrowed. */
static const guint8 *
pure_face(Job *job, guint32 seed, GError **error)
{
  guint8 *rgb = g_hash_table_lookup(job->pure, GUINT_TO_POINTER(seed));

  if (!rgb) {
    g_autoptr(SgRecipe) recipe = face(job, seed);
    rgb = write_picture(job, seed, seed, recipe, error);
    if (rgb)
      g_hash_table_insert(job->pure, GUINT_TO_POINTER(seed), rgb);
  }
  return rgb;
}

static gboolean
render_row(Job *job, guint i, GError **error)
{
  guint32 row = g_array_index(job->rows, guint32, i);
  g_autoptr(SgRecipe) own = face(job, row);
  const guint8 *pure = pure_face(job, row, error);

  if (!pure)
    return FALSE;
  paste(job, i + 1, 0, pure);
  for (guint j = 0; j < job->cols->len; j++) {
    guint32 col = g_array_index(job->cols, guint32, j);
    if (row == col) { /* a face mixed with itself */
      paste(job, i + 1, j + 1, pure);
      continue;
    }
    g_autoptr(SgRecipe) other = face(job, col);
    g_autoptr(SgRecipe) pair = sg_mix_pair(own, other, job->model->info.num_ws, job->styles);
    g_autofree guint8 *rgb = write_picture(job, row, col, pair, error);
    if (!rgb)
      return FALSE;
    paste(job, i + 1, j + 1, rgb);
  }
  return TRUE;
}

static gboolean
render_all(Job *job, GError **error)
{
  gsize columns = (gsize)job->cols->len + 1, rows = (gsize)job->rows->len + 1;
  int width = sg_info_width(&job->model->info), height = sg_info_height(&job->model->info);
  g_autofree char *path = g_build_filename(job->opt->outdir, "grid.png", NULL);
  gboolean ok = TRUE;

  if (g_mkdir_with_parents(job->opt->outdir, 0777) != 0) {
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", job->opt->outdir,
                g_strerror(errno));
    return FALSE;
  }
  job->grid = g_try_malloc0(k_drawn_bytes((unsigned)job->model->info.img_channels) * columns *
                            rows * (gsize)width * (gsize)height);
  if (!job->grid)
    return sg_no_memory(error, "for the grid");
  cli_progress_begin(&job->progress, "pictures", columns * rows - 1);
  for (guint j = 0; ok && j < job->cols->len; j++) {
    const guint8 *rgb = pure_face(job, g_array_index(job->cols, guint32, j), error);
    ok = rgb != NULL;
    if (ok)
      paste(job, 0, j + 1, rgb);
  }
  for (guint i = 0; ok && i < job->rows->len; i++)
    ok = render_row(job, i, error);
  cli_progress_end(&job->progress);
  return ok && sg_png_write_drawn(path, job->grid, (int)columns * width, (int)rows * height,
                                  job->model->info.img_channels, NULL, error);
}

static void
print_json(const Job *job, double seconds)
{
  g_autofree char *grid = g_build_filename(job->opt->outdir, "grid.png", NULL);
  json_t *styles = json_array();

  for (int k = 0; k < job->model->info.num_ws; k++)
    if (job->styles[k])
      json_array_append_new(styles, json_integer(k));
  json_t *root =
      json_pack("{s:s, s:s, s:f, s:o, s:s, s:O}", "network", cli_json_name(job->opt->network),
                "hash", job->model->hash, "seconds", seconds, "styles", styles, "grid",
                cli_json_name(grid), "pictures", job->written);
  cli_print_json(root);
}

static gboolean
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt, .written = json_array()};
  gint64 start = g_get_monotonic_time();
  gboolean ok = FALSE;

  job.pure = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  job.model = cli_load_model(opt->network, error);
  if (job.model && prepare(&job, error)) {
    job.renderer = sg_renderer_new(job.model, NULL, error);
    ok = job.renderer && render_all(&job, error);
  }
  if (ok && opt->json)
    print_json(&job, (double)(g_get_monotonic_time() - start) / 1e6);
  g_clear_pointer(&job.renderer, sg_renderer_free);
  g_clear_pointer(&job.model, sg_model_unref);
  g_clear_pointer(&job.base, sg_recipe_free);
  g_clear_pointer(&job.rows, g_array_unref);
  g_clear_pointer(&job.cols, g_array_unref);
  g_hash_table_unref(job.pure);
  g_free(job.styles);
  g_free(job.grid);
  json_decref(job.written);
  return ok;
}

int
cli_mix(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  options_clear(&opt);
  return cli_finish("mix", error);
}
