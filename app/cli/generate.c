/* vitrine generate: pictures from seeds, saved vectors or recipes. */
#include "app/cli/cli.h"
#include "engine/kernels/element.h"
#include "engine/explore/picture-model.h"
#include "engine/backend/backend-device.h"
#include "engine/explore/renderer.h"
#include "engine/formats/npy.h"
#include "engine/pictures/picture.h"
#include "engine/formats/writer.h"
#include <float.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What an option holds when it was not given. */
#define UNSET_INT G_MININT
/* A value nobody asks for; NaN can be typed. */
#define UNSET_DOUBLE (-DBL_MAX)

typedef struct {
  char *network, *seeds, *noise_mode, *scale_space, *latent, *space, *recipe, *outdir, *device;
  char **set;
  double trunc, scale;
  int cutoff, noise_seed, label;
  gboolean npy, grid, json;
} Options;

typedef struct {
  const Options *opt;
  SgModel *model;
  SgRenderer *renderer;
  SgRecipe *base;      /* everything but the seed */
  gboolean has_vector; /* base carries a loaded z or w: it replaces a seed */
  GArray *seeds;       /* of guint32 */
  guint8 *all;         /* every picture, for --grid; NULL without */
  json_t *written;
  CliProgress progress;
  gsize done;
} Job;

static void
options_clear(Options *o)
{
  g_free(o->network);
  g_free(o->seeds);
  g_free(o->noise_mode);
  g_free(o->scale_space);
  g_free(o->latent);
  g_free(o->space);
  g_free(o->recipe);
  g_free(o->outdir);
  g_free(o->device);
  g_strfreev(o->set);
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"seeds", 0, 0, G_OPTION_ARG_STRING, &o->seeds, "which seeds, like 0-3,7", "SEEDS"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where pictures go; made if missing",
       "DIR"},
      {"trunc", 0, 0, G_OPTION_ARG_DOUBLE, &o->trunc, "truncation psi (1: none)", "PSI"},
      {"trunc-cutoff", 0, 0, G_OPTION_ARG_INT, &o->cutoff, "truncate only the first N layers", "N"},
      {"noise-mode", 0, 0, G_OPTION_ARG_STRING, &o->noise_mode, "const (default), random or none",
       "MODE"},
      {"noise-seed", 0, 0, G_OPTION_ARG_INT, &o->noise_seed, "for --noise-mode=random (0)", "N"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model", "N"},
      {"scale", 0, 0, G_OPTION_ARG_DOUBLE, &o->scale, "multiplies the whole latent vector (1)",
       "FACTOR"},
      {"scale-space", 0, 0, G_OPTION_ARG_STRING, &o->scale_space, "which vector: w (default) or z",
       "w|z"},
      {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->set, "moves dimensions, like z3=+2.5,w17=-1",
       "OFFSETS"},
      {"latent", 0, 0, G_OPTION_ARG_FILENAME, &o->latent, "a saved vector instead of a seed",
       "FILE.npy"},
      {"space", 0, 0, G_OPTION_ARG_STRING, &o->space, "what --latent holds: z or w (default)",
       "z|w"},
      {"recipe", 0, 0, G_OPTION_ARG_FILENAME, &o->recipe, "start from a saved picture or recipe",
       "PNG|JSON"},
      {"npy", 0, 0, G_OPTION_ARG_NONE, &o->npy, "also seed0000.npy: float32 [C, H, W], unclamped",
       NULL},
      {"grid", 0, 0, G_OPTION_ARG_NONE, &o->grid, "also grid.png with all of them", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was written as JSON on standard output",
       NULL},
      {"device", 0, 0, G_OPTION_ARG_STRING, &o->device,
       "auto (default), cpu, cuda, cuda:N, or reference: slow, in double", "D"},
      {NULL}};
  const CliHelp help = {
      "", "Makes pictures: DIR/seed0000.png and so on, each with its whole recipe inside.",
      "Other options win over what a recipe says. Values may follow after a space as well:\n"
      "  vitrine generate --network model.pkl --seeds 0-3 --trunc 0.7 --outdir out"};

  *o = (Options){.trunc = UNSET_DOUBLE,
                 .scale = UNSET_DOUBLE,
                 .cutoff = UNSET_INT,
                 .noise_seed = UNSET_INT,
                 .label = UNSET_INT};
  if (!cli_parse(&argc, &argv, entries, &help, error))
    return FALSE;
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network && !o->recipe)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->outdir)
    cli_set_usage_error(error, "where to? --outdir=DIR");
  else if (!o->seeds && !o->latent && !o->recipe)
    cli_set_usage_error(error, "which pictures? --seeds=0-3,7, --latent=FILE.npy or --recipe=FILE");
  else if (o->seeds && o->latent)
    cli_set_usage_error(error, "--latent replaces the seed: give one of --seeds and --latent");
  else
    return TRUE;
  return FALSE;
}

/* One of the words, as its index; -1 and a usage error otherwise. `text` NULL gives `fallback`. */
static int
choose(const char *option, const char *text, const char *const *words, int fallback, GError **error)
{
  if (!text)
    return fallback;
  for (int i = 0; words[i]; i++)
    if (g_ascii_strcasecmp(text, words[i]) == 0)
      return i;
  g_autofree char *list = g_strjoinv(", ", (char **)words);
  cli_set_usage_error(error, "--%s: expected one of %s, found \"%s\"", option, list, text);
  return -1;
}

static const char *const space_words[] = {"z", "w", NULL};                  /* as SgSpace */
static const char *const noise_words[] = {"const", "random", "none", NULL}; /* as SgNoiseMode */

/* "z3=+2.5" */
static gboolean
apply_offset(SgRecipe *r, const char *text, GError **error)
{
  char *end;
  const char *p = text + 1;
  gboolean z = text[0] == 'z' || text[0] == 'Z', w = text[0] == 'w' || text[0] == 'W';

  if ((!z && !w) || !g_ascii_isdigit(*p))
    goto bad;
  guint64 dim = g_ascii_strtoull(p, &end, 10);
  if (*end != '=' || !end[1])
    goto bad;
  p = end + 1;
  double value = g_ascii_strtod(p, &end);
  if (*end || end == p || !isfinite(value))
    goto bad;
  if (dim >= (guint64)(z ? r->z_dim : r->w_dim)) {
    cli_set_usage_error(error, "--set: %s: this model's %c has dimensions 0 to %d", text, text[0],
                        (z ? r->z_dim : r->w_dim) - 1);
    return FALSE;
  }
  (z ? r->z_offset : r->w_offset)[dim] = value;
  return TRUE;
bad:
  cli_set_usage_error(error, "--set: expected something like z3=+2.5 or w17=-1, found \"%s\"",
                      text);
  return FALSE;
}

static gboolean
apply_offsets(SgRecipe *r, char **set, GError **error)
{
  for (char **s = set; s && *s; s++) {
    g_auto(GStrv) parts = g_strsplit(*s, ",", -1);
    for (char **part = parts; *part; part++)
      if (!apply_offset(r, g_strstrip(*part), error))
        return FALSE;
  }
  return TRUE;
}

static gboolean
check_label(const SgModelInfo *info, int label, gboolean given, GError **error)
{
  if (info->c_dim == 0 && given)
    cli_set_usage_error(error, "--class: this model has no classes");
  else if (info->c_dim > 0 && (label < 0 || label >= info->c_dim))
    cli_set_usage_error(error, "this model has classes: choose one with --class=0 to %d",
                        info->c_dim - 1);
  else
    return TRUE;
  return FALSE;
}

static gboolean
apply_options(SgRecipe *r, const Options *o, const SgModelInfo *info, GError **error)
{
  int noise = choose("noise-mode", o->noise_mode, noise_words, (int)r->noise_mode, error);
  int space = noise < 0
                  ? -1
                  : choose("scale-space", o->scale_space, space_words, (int)r->scale_space, error);
  if (space < 0)
    return FALSE;
  r->noise_mode = (SgNoiseMode)noise;
  r->scale_space = (SgSpace)space;
  if (o->trunc != UNSET_DOUBLE)
    r->psi = o->trunc;
  if (o->scale != UNSET_DOUBLE)
    r->scale = o->scale;
  if (!isfinite(r->psi) || !isfinite(r->scale)) {
    cli_set_usage_error(error, "--trunc and --scale must be finite numbers");
    return FALSE;
  }
  if (o->cutoff != UNSET_INT) {
    if (o->cutoff < 0 || o->cutoff > info->num_ws) {
      cli_set_usage_error(error,
                          "--trunc-cutoff: this model has 0 to %d layers to truncate, found %d",
                          info->num_ws, o->cutoff);
      return FALSE;
    }
    r->cutoff = o->cutoff;
  }
  if (o->noise_seed != UNSET_INT) {
    if (o->noise_seed < 0) {
      cli_set_usage_error(error, "--noise-seed must not be negative, found %d", o->noise_seed);
      return FALSE;
    }
    r->noise_seed = (guint32)o->noise_seed;
  }
  if (o->label != UNSET_INT)
    r->label = o->label;
  return check_label(info, r->label, o->label != UNSET_INT, error) &&
         apply_offsets(r, o->set, error);
}

static gboolean
read_latent(SgRecipe *r, const Options *o, GError **error)
{
  int space = choose("space", o->space, space_words, SG_SPACE_W, error);
  double **base = space == SG_SPACE_Z ? &r->z_base : &r->w_base;

  if (space < 0)
    return FALSE;
  g_clear_pointer(&r->z_base, g_free);
  g_clear_pointer(&r->w_base, g_free);
  *base = sg_npy_read_vector(o->latent, space == SG_SPACE_Z ? r->z_dim : r->w_dim, error);
  r->faces = 1;
  return *base != NULL;
}

/* Fills base and seeds. */
static gboolean
prepare(Job *job, GError **error)
{
  const Options *o = job->opt;
  const SgModelInfo *info = &job->model->info;

  job->base = o->recipe ? cli_read_recipe("generate", o->recipe, job->model, error)
                        : sg_recipe_new(info->z_dim, info->w_dim);
  if (!job->base || (o->latent && !read_latent(job->base, o, error)) ||
      !apply_options(job->base, o, info, error))
    return FALSE;
  if (o->seeds) {
    job->seeds = cli_parse_seeds(o->seeds, error);
    if (!job->seeds)
      return FALSE;
    g_clear_pointer(&job->base->z_base, g_free);
    g_clear_pointer(&job->base->w_base, g_free);
  } else {
    job->seeds = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (int i = 0; i < job->base->faces; i++) {
      guint32 seed = job->base->seed + (guint32)i;
      g_array_append_val(job->seeds, seed);
    }
  }
  job->has_vector = job->base->z_base || job->base->w_base;
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
  if (i > 0) {
    g_clear_pointer(&r->z_base, g_free);
    g_clear_pointer(&r->w_base, g_free);
  }
  return r;
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
  g_autofree char *stem =
      job->has_vector && i == 0 ? g_strdup("vector") : g_strdup_printf("seed%04u", seed);
  g_autofree char *name = g_strconcat(stem, ".png", NULL);
  g_autofree char *png = g_build_filename(job->opt->outdir, name, NULL);
  g_autofree char *json = recipe_json(job, i, 1);
  json_t *entry = json_pack("{s:I}", "seed", (json_int_t)seed);

  json_array_append_new(job->written, entry);
  json_object_set_new(entry, "png", json_string(png));
  if (!sg_png_write_drawn(png, rgb, w, h, c, json, error))
    return FALSE;
  if (job->opt->npy) {
    g_autofree char *file = g_strconcat(stem, ".npy", NULL);
    g_autofree char *npy = g_build_filename(job->opt->outdir, file, NULL);
    const gint64 shape[] = {c, h, w};
    g_autoptr(SgTensor) face = sg_tensor_new(3, shape);
    memcpy(face->data, images->data + k * face->numel, face->numel * sizeof(float));
    json_object_set_new(entry, "npy", json_string(npy));
    if (!sg_npy_write(npy, face, error))
      return FALSE;
  }
  return TRUE;
}

static gsize
picture_bytes(const SgModel *model)
{
  return k_drawn_bytes((unsigned)model->info.img_channels) * (gsize)model->info.img_resolution *
         (gsize)model->info.img_resolution;
}

static gboolean
render_batch(Job *job, gsize first, int faces, GError **error)
{
  g_autoptr(SgRecipe) r = recipe_from(job, first, faces);
  g_autoptr(SgTensor) images = sg_renderer_render_float(job->renderer, r, error);

  if (!images)
    return FALSE;
  gsize bytes = picture_bytes(job->model);
  g_autofree guint8 *rgb = g_malloc(bytes * (gsize)faces);
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
run_length(const GArray *seeds, gsize first, int most)
{
  int n = 1;

  while (n < most && first + (gsize)n < seeds->len &&
         g_array_index(seeds, guint32, first + (gsize)n) ==
             g_array_index(seeds, guint32, first) + (guint32)n)
    n++;
  return n;
}

static int
best_batch(const SgModel *model)
{
  /* About the activations of sixteen 256×256 pictures: more saves no time and costs memory. */
  gint64 pixels = (gint64)model->info.img_resolution * model->info.img_resolution;
  return (int)CLAMP(16 * 65536 / pixels, 1, 16);
}

static gboolean
write_grid(Job *job, GError **error)
{
  int n = (int)job->seeds->len, size = job->model->info.img_resolution;
  int columns = (int)ceil(sqrt(n)), rows = (n + columns - 1) / columns;
  gsize line = picture_bytes(job->model) / (gsize)size, stride = line * (gsize)columns;
  g_autofree guint8 *grid = g_malloc0(stride * (gsize)size * (gsize)rows);
  g_autofree char *path = g_build_filename(job->opt->outdir, "grid.png", NULL);
  gboolean one_recipe = n <= SG_RECIPE_MAX_FACES && run_length(job->seeds, 0, n) == n;
  g_autofree char *json = one_recipe ? recipe_json(job, 0, n) : NULL;

  for (int i = 0; i < n; i++)
    for (int y = 0; y < size; y++)
      memcpy(grid + (gsize)(i / columns * size + y) * stride + (gsize)(i % columns) * line,
             job->all + (gsize)i * picture_bytes(job->model) + (gsize)y * line, line);
  return sg_png_write_drawn(path, grid, columns * size, rows * size, job->model->info.img_channels,
                            json, error);
}

static gboolean
render_all(Job *job, GError **error)
{
  gsize n = job->seeds->len;
  int most = best_batch(job->model);

  if (job->opt->grid) {
    gint64 pixels = (gint64)job->model->info.img_resolution * job->model->info.img_resolution;
    if ((gint64)n > SG_PICTURE_MAX_PIXELS / pixels) {
      cli_set_usage_error(error,
                          "--grid: %" G_GSIZE_FORMAT " pictures make a grid of more than %d pixels",
                          n, SG_PICTURE_MAX_PIXELS);
      return FALSE;
    }
    job->all = g_malloc(n * picture_bytes(job->model));
  }
  if (g_mkdir_with_parents(job->opt->outdir, 0777) != 0)
    return sg_file_failed(error, job->opt->outdir, "cannot make this folder");
  cli_progress_begin(&job->progress, "pictures", n);
  gboolean ok = TRUE;
  for (gsize i = 0; ok && i < n;) {
    int faces = run_length(job->seeds, i, most);
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
      json_pack("{s:s, s:s, s:s, s:f, s:O}", "network", job->opt->network, "hash", job->model->hash,
                "device", device, "seconds", seconds, "pictures", job->written);
  cli_print_json(root);
}

static gboolean
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt, .written = json_array()};
  gint64 start = g_get_monotonic_time();
  gboolean ok = FALSE;

  job.model = cli_load_model_of(opt->network, opt->recipe, error);
  if (job.model && prepare(&job, error)) {
    job.renderer = open_renderer(job.model, opt->device, error);
    ok = job.renderer && render_all(&job, error);
  }
  if (ok && opt->json)
    print_json(&job, (double)(g_get_monotonic_time() - start) / 1e6);
  g_clear_pointer(&job.renderer, sg_renderer_free);
  g_clear_pointer(&job.model, sg_model_unref);
  g_clear_pointer(&job.base, sg_recipe_free);
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
