/* vitrine score: the discriminator's opinion of pictures. */
#include "app/cli/cli.h"
#include "engine/kernels/element.h"
#include "engine/explore/renderer.h"
#include "engine/formats/npy.h"
#include "engine/pictures/picture.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *network;
  int batch;
  gboolean json;
  CliRecipeOptions recipe; /* the class */
} Options;

/* Pictures are read one file after another and scored whenever `batch` of them are together. */
typedef struct {
  const Options *opt;
  SgModel *model;
  SgRenderer *renderer;
  int label;        /* < 0: none */
  SgTensor *images; /* [batch, C, R, R] */
  GPtrArray *names; /* of those already in images */
  json_t *results;
  CliProgress progress;
} Job;

static double
sigmoid(double x)
{
  return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

/* The minibatch standard deviation splits a batch of n into groups of min (group, n). */
static gboolean
check_batch(const SgModelInfo *info, int n, const char *what, GError **error)
{
  int group = info->mbstd_group_size > 0 ? MIN(info->mbstd_group_size, n) : n;

  if (info->mbstd_num_channels > 0 && n % group != 0) {
    cli_set_usage_error(error,
                        "%s of %d pictures cannot be split into this model's groups of %d; "
                        "choose another --batch",
                        what, n, group);
    return FALSE;
  }
  return TRUE;
}

static void
report(Job *job, const char *name, double logit)
{
  double p = sigmoid(logit);

  if (job->opt->json)
    json_array_append_new(job->results, json_pack("{s:s, s:f, s:f}", "image", cli_json_name(name),
                                                  "logit", logit, "sigmoid", p));
  else
    printf("%+.6f\t%.6f\t%s\n", logit, p, cli_name(name));
}

/* Scores what is in images and empties it. */
static gboolean
flush(Job *job, GError **error)
{
  int n = (int)job->names->len;

  if (n == 0)
    return TRUE;
  gint64 shape[4];
  memcpy(shape, job->images->shape, sizeof shape);
  shape[0] = n;
  g_autoptr(SgTensor) batch = sg_tensor_try_new(4, shape, error);
  if (!batch)
    return FALSE;
  memcpy(batch->data, job->images->data, batch->numel * sizeof(float));
  g_autofree double *logits = g_new(double, n);
  g_autofree int *labels = g_new(int, n);
  for (int i = 0; i < n; i++)
    labels[i] = job->label;
  if (!check_batch(&job->model->info, n, "the last batch", error) ||
      !sg_renderer_score(job->renderer, batch, job->model->info.c_dim > 0 ? labels : NULL,
                         job->opt->batch, logits, error))
    return FALSE;
  cli_progress_end(&job->progress);
  for (int i = 0; i < n; i++)
    report(job, g_ptr_array_index(job->names, i), logits[i]);
  g_ptr_array_set_size(job->names, 0);
  return TRUE;
}

/* One picture, [C, R, R] floats. */
static gboolean
add_image(Job *job, const char *name, const float *data, GError **error)
{
  gsize numel = job->images->numel / (gsize)job->images->shape[0];

  for (gsize i = 0; i < numel; i++)
    if (!isfinite(data[i])) {
      g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN,
                  "%s: holds values that are not finite", name);
      return FALSE;
    }
  memcpy(job->images->data + job->names->len * numel, data, numel * sizeof(float));
  g_ptr_array_add(job->names, g_strdup(name));
  return (int)job->names->len < job->opt->batch || flush(job, error);
}

static gboolean
wrong_size(const Job *job, const char *name, gint64 w, gint64 h, gint64 c, GError **error)
{
  const SgModelInfo *info = &job->model->info;

  if (w == sg_info_width(info) && h == sg_info_height(info) && c == info->img_channels)
    return FALSE;
  g_set_error(
      error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
      "%s: expected %d×%d pixels with %d channels, as this model's discriminator takes, found "
      "%" G_GINT64_FORMAT "×%" G_GINT64_FORMAT " with %" G_GINT64_FORMAT,
      name, sg_info_width(info), sg_info_height(info), info->img_channels, w, h, c);
  return TRUE;
}

static gboolean
add_npy(Job *job, const char *path, GError **error)
{
  g_autoptr(SgTensor) t = sg_npy_read(path, error);

  if (!t)
    return FALSE;
  if (t->ndim != 3 && t->ndim != 4) {
    g_autofree char *shape = sg_shape_to_string(t->ndim, t->shape);
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s: expected an array [C, H, W] or [N, C, H, W], found %s", path, shape);
    return FALSE;
  }
  const gint64 *chw = t->shape + t->ndim - 3;
  if (wrong_size(job, path, chw[2], chw[1], chw[0], error))
    return FALSE;
  gint64 n = t->ndim == 4 ? t->shape[0] : 1;
  for (gint64 i = 0; i < n; i++) {
    g_autofree char *name =
        t->ndim == 4 ? g_strdup_printf("%s[%" G_GINT64_FORMAT "]", path, i) : g_strdup(path);
    if (!add_image(job, name, t->data + (gsize)i * (t->numel / (gsize)n), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_picture(Job *job, const char *path, GError **error)
{
  int channels = job->model->info.img_channels;
  g_auto(SgPixels) p = {0};

  if (!sg_pixels_load(&p, path, error) || wrong_size(job, path, p.width, p.height, channels, error))
    return FALSE;
  sg_pixels_convert(&p, (int)k_drawn_bytes((unsigned)channels));
  g_autoptr(SgTensor) image = sg_image_from_rgb8(p.pixels, p.width, p.height, channels);
  return add_image(job, path, image->data, error);
}

static gboolean
score_all(Job *job, int n, char **paths, GError **error)
{
  const SgModelInfo *info = &job->model->info;
  const gint64 shape[] = {job->opt->batch, info->img_channels, sg_info_height(info),
                          sg_info_width(info)};
  gboolean ok = TRUE;

  job->images = sg_tensor_try_new(4, shape, error);
  if (!job->images)
    return FALSE;
  if (!job->opt->json)
    puts("logit\tsigmoid\timage");
  cli_progress_begin(&job->progress, "files", (gsize)n);
  for (int i = 0; ok && i < n; i++) {
    ok = g_str_has_suffix(paths[i], ".npy") ? add_npy(job, paths[i], error)
                                            : add_picture(job, paths[i], error);
    cli_progress_update(&job->progress, (gsize)i + 1);
  }
  ok = ok && flush(job, error);
  cli_progress_end(&job->progress);
  return ok;
}

static void
print_json(const Job *job)
{
  json_t *root =
      json_pack("{s:s, s:s, s:i, s:O}", "network", cli_json_name(job->opt->network), "hash",
                job->model->hash, "batch", job->opt->batch, "scores", job->results);
  cli_print_json(root);
}

static gboolean
check_model(const Options *opt, const SgModelInfo *info, GError **error)
{
  if (!info->has_d) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s: this file has no discriminator, so it cannot score", opt->network);
    return FALSE;
  }
  return check_batch(info, opt->batch, "a batch", error);
}

static void
run(const Options *opt, int n, char **paths, GError **error)
{
  Job job = {.opt = opt, .results = json_array(), .names = g_ptr_array_new_with_free_func(g_free)};

  job.model = cli_load_model(opt->network, error);
  g_autoptr(SgRecipe) of_class =
      job.model ? cli_recipe_new(&opt->recipe, "score", job.model, error) : NULL;
  if (of_class && check_model(opt, &job.model->info, error)) {
    job.label = of_class->label;
    job.renderer = sg_renderer_new(job.model, NULL, error);
    if (job.renderer && score_all(&job, n, paths, error) && opt->json)
      print_json(&job);
  }
  g_clear_pointer(&job.renderer, sg_renderer_free);
  g_clear_pointer(&job.images, sg_tensor_unref);
  g_clear_pointer(&job.model, sg_model_unref);
  g_ptr_array_unref(job.names);
  json_decref(job.results);
}

int
cli_score(int argc, char **argv)
{
  static const char *const only[] = {"class", NULL};
  static const CliRange ranges[] = {{"batch", 1, 1024}, {NULL}};
  Options opt = {.batch = 1};
  GError *error = NULL;
  const GOptionEntry entries[] = {{"network", 0, 0, G_OPTION_ARG_FILENAME, &opt.network,
                                   "the model, with its discriminator", "FILE"},
                                  {"batch", 0, 0, G_OPTION_ARG_INT, &opt.batch,
                                   "how many pictures are scored together (1)", "N"},
                                  {"json", 0, 0, G_OPTION_ARG_NONE, &opt.json, "write JSON", NULL},
                                  {NULL}};
  const CliHelp help = {
      .parameters = "IMAGE…",
      .summary =
          "Scores PNG and JPEG pictures, or .npy arrays [C, H, W] or [N, C, H, W] from -1 to 1.",
      .details =
          "Prints the logit, its sigmoid and the name of each. A discriminator compares the "
          "pictures "
          "of a batch\n"
          "(its minibatch standard deviation), so a score depends on what is scored with it: by "
          "default each\n"
          "picture is alone, as in the window, in strips and in \"vitrine prune\"; --batch=N "
          "scores N "
          "at a time, in the\n"
          "order given. The logit is the score; its sigmoid is no probability that a picture is "
          "real.",
      .ranges = ranges,
      .recipe = &opt.recipe};

  cli_recipe_options_init(&opt.recipe, only, NULL);
  if (cli_parse(&argc, &argv, entries, &help, &error)) {
    if (!opt.network)
      cli_set_usage_error(&error, "which model? --network=FILE");
    else if (argc < 2)
      cli_set_usage_error(&error, "which pictures? Name at least one");
    else
      run(&opt, argc - 1, argv + 1, &error);
  }
  g_free(opt.network);
  cli_recipe_options_clear(&opt.recipe);
  return cli_finish("score", error);
}
