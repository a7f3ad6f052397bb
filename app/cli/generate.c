/* vitrine generate: pictures from seeds, saved vectors or recipes. */
#include "app/cli/generate-gauge.h"
#include "engine/formats/format-error.h"
#include "engine/kernels/element.h"
#include "engine/explore/picture-model.h"
#include "engine/backend/backend-device.h"
#include "engine/explore/recipe-fields.h"
#include "engine/explore/renderer.h"
#include "engine/explore/vector-file.h"
#include "engine/formats/npy.h"
#include "engine/pictures/picture-write.h"
#include "engine/pictures/picture.h"
#include "engine/formats/writer.h"
#include <glib/gstdio.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  char *network, *seeds, *latent, *space, *save, *outdir, *device, *format;
  SgPictureWrite write;
  gboolean npy, grid, json, gauge, nearest;
  CliRecipeOptions recipe;
} Options;

typedef struct {
  const Options *opt;
  SgModel *model;
  SgRenderer *renderer;
  SgRecipe *base;       /* everything but the seed */
  SgVectors *vectors;   /* of --latent: each replaces a seed; or NULL */
  GArray *seeds;        /* of guint32; of --latent, how many there are */
  guint8 *all;          /* every picture, for --grid; NULL without */
  GenerateGauge *gauge; /* NULL: not asked for */
  json_t *written;
  CliProgress progress;
  gsize done;
} Job;

static void
options_clear(Options *o)
{
  g_free(o->network);
  g_free(o->seeds);
  g_free(o->latent);
  g_free(o->space);
  g_free(o->save);
  g_free(o->outdir);
  g_free(o->device);
  g_free(o->format);
  cli_recipe_options_clear(&o->recipe);
}

static gboolean
options_check(const Options *o, int argc, char **argv, GError **error)
{
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network && !o->recipe.recipe)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->outdir)
    cli_set_usage_error(error, "where to? --outdir=DIR");
  else if (!o->seeds && !o->latent && !o->recipe.recipe)
    cli_set_usage_error(error, "which pictures? --seeds=0-3,7, --latent=FILE.npy or --recipe=FILE");
  else if (o->seeds && o->latent)
    cli_set_usage_error(error, "--latent replaces the seed: give one of --seeds and --latent");
  else if (o->space && !o->latent)
    cli_set_usage_error(error, "--latent-space says what --latent holds, which is not given");
  else if (o->write.quality < 0 || o->write.quality > 100)
    cli_set_usage_error(error, "--quality: expected 1 to 100, found %d", o->write.quality);
  else if (o->write.factor < 0 || o->write.factor > SG_PICTURE_MAX_FACTOR)
    cli_set_usage_error(error, "--enlarge: expected 1 to %d, found %d", SG_PICTURE_MAX_FACTOR,
                        o->write.factor);
  else
    return TRUE;
  return FALSE;
}

/* "png" becomes the ending ".png". */
static gboolean
parse_format(Options *o, GError **error)
{
  static const char *const kinds[] = {"png", "jpg", "webp", NULL};
  g_autofree char *word = o->format ? g_ascii_strdown(o->format, -1) : g_strdup("png");

  o->write.lossless = g_str_equal(word, "webp-lossless");
  if (o->write.lossless)
    word[strlen("webp")] = '\0';
  else if (g_str_equal(word, "jpeg"))
    strcpy(word, "jpg");
  if (!g_strv_contains(kinds, word)) {
    cli_set_usage_error(error, "--format: expected png, jpg, webp or webp-lossless, found \"%s\"",
                        o->format);
    return FALSE;
  }
  g_free(o->format);
  o->format = g_strconcat(".", word, NULL);
  return TRUE;
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  static const char *const without[] = {"seed", "faces", NULL};
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"seeds", 0, 0, G_OPTION_ARG_STRING, &o->seeds, "which seeds, like 0-3,7", "SEEDS"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where pictures go; made if missing",
       "DIR"},
      {"latent", 0, 0, G_OPTION_ARG_FILENAME, &o->latent,
       "saved vectors instead of seeds: z, w or one w a layer", "NPY|NPZ|PT"},
      {"projected-w", 0, 0, G_OPTION_ARG_FILENAME, &o->latent, "the same, as NVlabs' tools call it",
       "NPZ"},
      {"latent-space", 0, 0, G_OPTION_ARG_STRING, &o->space,
       "what --latent holds, where its name or key does not tell", "z|w"},
      {"space", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &o->space, NULL, NULL},
      {"save-latent", 0, 0, G_OPTION_ARG_STRING, &o->save,
       "also seed0000-z.npy, or seed0000-w.npz: the w of each layer as it is drawn", "z|w"},
      {"format", 0, 0, G_OPTION_ARG_STRING, &o->format,
       "what kind of picture: png (default), jpg, webp, or webp-lossless; each has the recipe "
       "inside",
       "KIND"},
      {"quality", 0, 0, G_OPTION_ARG_INT, &o->write.quality,
       "of jpg and webp: 1 to 100 (default 92)", "N"},
      {"enlarge", 0, 0, G_OPTION_ARG_INT, &o->write.factor,
       "so many times as wide and high, smoothly: 1 to 32", "N"},
      {"sharp", 0, 0, G_OPTION_ARG_NONE, &o->write.sharp,
       "with --enlarge: each pixel becomes a square", NULL},
      {"no-recipe", 0, 0, G_OPTION_ARG_NONE, &o->write.no_recipe,
       "pictures say that a model made them, and no more", NULL},
      {"npy", 0, 0, G_OPTION_ARG_NONE, &o->npy, "also seed0000.npy: float32 [C, H, W], unclamped",
       NULL},
      {"grid", 0, 0, G_OPTION_ARG_NONE, &o->grid,
       "also grid.png (or of the --format) with all of them", NULL},
      {"gauge", 0, 0, G_OPTION_ARG_NONE, &o->gauge,
       "say how far out each face lies among 10000 that are drawn; a warning past 99.9 %", NULL},
      {"nearest-z", 0, 0, G_OPTION_ARG_NONE, &o->nearest,
       "also seed0000-nearest-z.npy and seed0000-nearest.png: the z whose w comes nearest, and "
       "what "
       "remains; with --gauge",
       NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was written as JSON on standard output",
       NULL},
      {"device", 0, 0, G_OPTION_ARG_STRING, &o->device,
       "auto (default), cpu, cuda, cuda:N, or reference: slow, in double", "D"},
      {NULL}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Makes pictures: DIR/seed0000.png and so on, each with its whole recipe inside.",
      .details =
          "Other options win over what a recipe says. Values may follow after a space as well:\n"
          "  vitrine generate --network model.pkl --seeds 0-3 --trunc 0.7 --outdir out",
      .recipe = &o->recipe};

  *o = (Options){0};
  cli_recipe_options_init(&o->recipe, NULL, without);
  return cli_parse(&argc, &argv, entries, &help, error) && options_check(o, argc, argv, error) &&
         parse_format(o, error);
}

/* One of the spaces' words, as SgSpace; -1 without one; -2 and a usage error for another. */
static int
parse_space(const char *option, const char *text, GError **error)
{
  for (int i = 0; text && sg_space_words[i]; i++)
    if (g_ascii_strcasecmp(text, sg_space_words[i]) == 0)
      return i;
  if (!text)
    return -1;
  cli_set_usage_error(error, "--%s: expected z or w, found \"%s\"", option, text);
  return -2;
}

/* Vectors replace seeds: as many pictures as there are vectors. */
static gboolean
read_latent(Job *job, GError **error)
{
  int space = parse_space("latent-space", job->opt->space, error);

  job->vectors = space < -1 ? NULL
                            : sg_vectors_read(job->opt->latent, &job->model->info, space, -1,
                                              "--latent-space=z or w", error);
  if (!job->vectors)
    return FALSE;
  for (int i = 0; i < job->vectors->n; i++)
    g_array_append_val(job->seeds, job->base->seed);
  sg_recipe_drop_vectors(job->base);
  return TRUE;
}

/* Fills base and seeds. */
static gboolean
prepare(Job *job, GError **error)
{
  const Options *o = job->opt;

  if (parse_space("save-latent", o->save, error) < -1)
    return FALSE;
  job->base = cli_recipe_new(&o->recipe, "generate", job->model, error);
  if (!job->base)
    return FALSE;
  if (o->seeds) {
    job->seeds = cli_parse_seeds(o->seeds, error);
    sg_recipe_drop_vectors(job->base);
    return job->seeds != NULL;
  }
  job->seeds = g_array_new(FALSE, FALSE, sizeof(guint32));
  if (o->latent)
    return read_latent(job, error);
  for (int i = 0; i < job->base->faces; i++) {
    guint32 seed = job->base->seed + (guint32)i;
    g_array_append_val(job->seeds, seed);
  }
  return TRUE;
}

static SgRenderer *
open_renderer(SgModel *model, const char *device, GError **error)
{
  SgBackend *b = NULL;

  if (device && !g_str_equal(device, "reference") && !sg_backend_is_name(device)) {
    cli_set_usage_error(
        error, "--device: expected auto, cpu, cuda, cuda:N or reference, found \"%s\"", device);
    return NULL;
  }
  if (device && g_str_equal(device, "reference"))
    b = sg_backend_reference();
  else if (!(b = sg_backend_open(device, error)))
    return NULL;
  SgRenderer *r = sg_renderer_new(model, b, error);
  if (r)
    sg_renderer_set_cache_budget(r, 0); /* no picture is rendered twice here */
  return r;
}

/* The part of the base recipe that face `i` of the job follows, as a recipe of `faces` faces. */
static SgRecipe *
recipe_from(const Job *job, gsize i, int faces)
{
  SgRecipe *r = sg_recipe_copy(job->base);

  r->seed = g_array_index(job->seeds, guint32, i);
  r->faces = faces;
  if (i > 0)
    sg_recipe_drop_vectors(r);
  if (job->vectors) /* base has none of its own */
    sg_vectors_apply(job->vectors, (int)i, r);
  return r;
}

static char *
stem_of(const Job *job, gsize i)
{
  if (job->vectors && job->vectors->n > 1)
    return g_strdup_printf("vector%04" G_GSIZE_FORMAT, i);
  if (job->vectors || (i == 0 && (job->base->z_base || job->base->w_base)))
    return g_strdup("vector");
  return g_strdup_printf("seed%04u", g_array_index(job->seeds, guint32, i));
}

/* z as edited, or the w of every layer as the synthesis network is given it. */
static gboolean
write_latent(const Job *job, gsize i, const char *stem, json_t *entry, GError **error)
{
  g_autoptr(SgRecipe) r = recipe_from(job, i, 1);
  gboolean z = g_ascii_strcasecmp(job->opt->save, "z") == 0;
  g_autofree char *name = g_strconcat(stem, z ? "-z.npy" : "-w.npz", NULL);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  int layers = z ? 1 : job->model->info.num_ws, dim = z ? r->z_dim : r->w_dim;
  g_autofree double *v = z ? sg_recipe_edited_z(r, 0) : sg_renderer_ws(job->renderer, r, error);

  json_object_set_new(entry, z ? "z" : "w", json_string(cli_json_name(path)));
  return v && sg_vectors_write(path, z ? SG_SPACE_Z : SG_SPACE_W, layers, dim, v, error);
}

static char *
recipe_json(const Job *job, gsize i, int faces)
{
  g_autoptr(SgRecipe) r = recipe_from(job, i, faces);
  return sg_picture_recipe(r, job->model);
}

static gboolean
write_face(Job *job, gsize i, const SgTensor *images, gsize k, const guint8 *rgb, GError **error)
{
  int c = (int)images->shape[1], h = (int)images->shape[2], w = (int)images->shape[3];
  guint32 seed = g_array_index(job->seeds, guint32, i);
  g_autofree char *stem = stem_of(job, i);
  g_autofree char *name = g_strconcat(stem, job->opt->format, NULL);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  g_autofree char *json = recipe_json(job, i, 1);
  json_t *entry = json_pack("{s:I}", "seed", (json_int_t)seed);

  json_array_append_new(job->written, entry);
  json_object_set_new(entry, job->opt->format + 1, json_string(cli_json_name(path)));
  if (!sg_picture_write(path, rgb, w, h, c, &job->opt->write, json, error))
    return FALSE;
  if (job->opt->npy) {
    g_autofree char *file = g_strconcat(stem, ".npy", NULL);
    g_autofree char *npy = g_build_filename(job->opt->outdir, file, NULL);
    const gint64 shape[] = {c, h, w};
    g_autoptr(SgTensor) face = sg_tensor_try_new(3, shape, error);
    if (!face)
      return FALSE;
    memcpy(face->data, images->data + k * face->numel, face->numel * sizeof(float));
    json_object_set_new(entry, "npy", json_string(cli_json_name(npy)));
    if (!sg_npy_write(npy, face, error))
      return FALSE;
  }
  if (job->gauge) {
    g_autoptr(SgRecipe) r = recipe_from(job, i, 1);
    if (!generate_gauge_face(job->gauge, r, job->opt->outdir, stem, job->opt->json, entry, error))
      return FALSE;
  }
  return !job->opt->save || write_latent(job, i, stem, entry, error);
}

static gsize
picture_bytes(const SgModel *model)
{
  return k_drawn_bytes((unsigned)model->info.img_channels) * (gsize)sg_info_width(&model->info) *
         (gsize)sg_info_height(&model->info);
}

static gboolean
render_batch(Job *job, gsize first, int faces, GError **error)
{
  g_autoptr(SgRecipe) r = recipe_from(job, first, faces);
  g_autoptr(SgTensor) images = sg_renderer_render_float(job->renderer, r, error);

  if (!images)
    return FALSE;
  gsize bytes = picture_bytes(job->model);
  g_autofree guint8 *rgb = g_try_malloc(bytes * (gsize)faces);
  if (!rgb)
    return sg_no_memory(error, "for pictures");
  sg_image_to_rgb8(images, rgb);
  if (job->all)
    memcpy(job->all + first * picture_bytes(job->model), rgb, bytes * (gsize)faces);
  for (int k = 0; k < faces; k++) {
    if (!write_face(job, first + (gsize)k, images, (gsize)k, rgb + (gsize)k * bytes, error))
      return FALSE;
    cli_progress_update(&job->progress, ++job->done);
  }
  return TRUE;
}

/* How many seeds from `first` on are consecutive, at most `most`: a recipe holds a first seed and a
 * count. */
static int
run_length(const Job *job, gsize first, int most)
{
  const GArray *seeds = job->seeds;
  int n = 1;

  while (n < most && !job->vectors && first + (gsize)n < seeds->len &&
         g_array_index(seeds, guint32, first + (gsize)n) ==
             g_array_index(seeds, guint32, first) + (guint32)n)
    n++;
  return n;
}

static int
best_batch(const SgModel *model)
{
  /* About the activations of sixteen 256×256 pictures: more saves no time and costs memory. */
  gint64 pixels = (gint64)sg_info_width(&model->info) * sg_info_height(&model->info);
  return (int)CLAMP(16 * 65536 / pixels, 1, 16);
}

static gboolean
write_grid(Job *job, GError **error)
{
  int n = (int)job->seeds->len;
  int w = sg_info_width(&job->model->info), h = sg_info_height(&job->model->info);
  int columns = (int)ceil(sqrt(n)), rows = (n + columns - 1) / columns;
  gsize line = picture_bytes(job->model) / (gsize)h, stride = line * (gsize)columns;
  g_autofree guint8 *grid = g_try_malloc0(stride * (gsize)h * (gsize)rows);
  if (!grid)
    return sg_no_memory(error, "for the grid");
  g_autofree char *name = g_strconcat("grid", job->opt->format, NULL);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  gboolean one_recipe = n <= SG_RECIPE_MAX_FACES && run_length(job, 0, n) == n;
  g_autofree char *json = one_recipe ? recipe_json(job, 0, n) : NULL;

  for (int i = 0; i < n; i++)
    for (int y = 0; y < h; y++)
      memcpy(grid + (gsize)(i / columns * h + y) * stride + (gsize)(i % columns) * line,
             job->all + (gsize)i * picture_bytes(job->model) + (gsize)y * line, line);
  return sg_picture_write(path, grid, columns * w, rows * h, job->model->info.img_channels,
                          &job->opt->write, json, error);
}

static gboolean
render_all(Job *job, GError **error)
{
  gsize n = job->seeds->len;
  int most = best_batch(job->model);

  if (job->opt->grid) {
    gint64 pixels = (gint64)sg_info_width(&job->model->info) * sg_info_height(&job->model->info);
    if ((gint64)n > SG_PICTURE_MAX_PIXELS / pixels) {
      cli_set_usage_error(error,
                          "--grid: %" G_GSIZE_FORMAT " pictures make a grid of more than %d pixels",
                          n, SG_PICTURE_MAX_PIXELS);
      return FALSE;
    }
    if (!(job->all = g_try_malloc(n * picture_bytes(job->model))))
      return sg_no_memory(error, "for the grid");
  }
  if (g_mkdir_with_parents(job->opt->outdir, 0777) != 0)
    return sg_file_failed(error, job->opt->outdir, "cannot make this folder");
  cli_progress_begin(&job->progress, "pictures", n);
  gboolean ok = TRUE;
  for (gsize i = 0; ok && i < n;) {
    int faces = run_length(job, i, most);
    ok = render_batch(job, i, faces, error);
    i += (gsize)faces;
  }
  cli_progress_end(&job->progress);
  return ok && (!job->all || write_grid(job, error));
}

static void
print_json(const Job *job, double seconds)
{
  g_autofree char *device = g_strdup(sg_renderer_backend(job->renderer)->name);
  json_t *root =
      json_pack("{s:s, s:s, s:s, s:f, s:O}", "network", cli_json_name(job->opt->network), "hash",
                job->model->hash, "device", device, "seconds", seconds, "pictures", job->written);
  cli_print_json(root);
}

static gboolean
open_gauge(Job *job, GError **error)
{
  const Options *o = job->opt;

  if (!o->gauge && !o->nearest)
    return TRUE;
  job->gauge = generate_gauge_new(job->renderer, job->base->label, o->nearest, error);
  return job->gauge != NULL;
}

static gboolean
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt, .written = json_array()};
  gint64 start = g_get_monotonic_time();
  gboolean ok = FALSE;

  job.model = cli_load_model_of(opt->network, opt->recipe.recipe, error);
  if (job.model && prepare(&job, error)) {
    job.renderer = open_renderer(job.model, opt->device, error);
    ok = job.renderer && open_gauge(&job, error) && render_all(&job, error);
  }
  if (ok && opt->json)
    print_json(&job, (double)(g_get_monotonic_time() - start) / 1e6);
  g_clear_pointer(&job.gauge, generate_gauge_free);
  g_clear_pointer(&job.renderer, sg_renderer_free);
  g_clear_pointer(&job.model, sg_model_unref);
  g_clear_pointer(&job.base, sg_recipe_free);
  g_clear_pointer(&job.vectors, sg_vectors_free);
  g_clear_pointer(&job.seeds, g_array_unref);
  g_free(job.all);
  json_decref(job.written);
  return ok;
}

int
cli_generate(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  options_clear(&opt);
  return cli_finish("generate", error);
}
