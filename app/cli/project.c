/* vitrine project: the face whose picture is nearest to a given one. */
#include "app/cli/project.h"
#include "engine/backend/backend-device.h"
#include "engine/formats/writer.h"
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Numbers of a batch's pictures: more at once saves little time and costs memory. */
#define BATCH_PIXELS (4 * 256 * 256)
#define MAX_BATCH    8

static gboolean
check_options(const ProjectOptions *o, int argc, char **argv, GError **error)
{
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->target)
    cli_set_usage_error(error, "which picture? --target=FILE, or a folder of pictures");
  else if (!o->outdir)
    cli_set_usage_error(error, "where to? --outdir=DIR");
  else if (o->lpips && !o->vgg)
    cli_set_usage_error(error, "--lpips: factors need their network, --vgg=FILE");
  else if (o->space && !g_str_equal(o->space, "w") && !g_str_equal(o->space, "w+"))
    cli_set_usage_error(error, "--space: expected w or w+, found \"%s\"", o->space);
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(ProjectOptions *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"target", 0, 0, G_OPTION_ARG_FILENAME, &o->target,
       "the picture; of a folder or zip the first --num", "FILE"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"space", 0, 0, G_OPTION_ARG_STRING, &o->space,
       "w (default), or w+: then one w for each layer", "w|w+"},
      {"steps", 0, 0, G_OPTION_ARG_INT, &o->steps, "of each stage (200)", "N"},
      {"num-steps", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &o->steps, NULL, NULL},
      {"noise-steps", 0, 0, G_OPTION_ARG_INT, &o->noise_steps,
       "of a last stage that leaves w and puts the rest into the noise maps (0)", "N"},
      {"tune", 0, 0, G_OPTION_ARG_NONE, &o->tune,
       "then bend the generator until it draws the picture (the model stays as it is)", NULL},
      {"tune-steps", 0, 0, G_OPTION_ARG_INT, &o->tune_steps, "of that (150)", "N"},
      {"align", 0, 0, G_OPTION_ARG_STRING, &o->align,
       "eye on the left, eye on the right and mouth, in pixels: the square around them as in FFHQ",
       "X,Y,X,Y,X,Y"},
      {"loss", 0, 0, G_OPTION_ARG_STRING, &o->loss,
       "auto (default), or weights like pixels=1,pyramid=0.3,features=1,lpips=1", "PARTS"},
      {"vgg", 0, 0, G_OPTION_ARG_FILENAME, &o->vgg,
       "weights of VGG16 that you have (torchvision's vgg16-….pth): LPIPS takes the place of the "
       "discriminator's features",
       "FILE"},
      {"lpips", 0, 0, G_OPTION_ARG_FILENAME, &o->lpips,
       "LPIPS' factors for it (v0.1/vgg.pth of the lpips package); else all are 1", "FILE"},
      {"seed", 0, 0, G_OPTION_ARG_INT, &o->seed, "of the noise (0)", "N"},
      {"num", 0, 0, G_OPTION_ARG_INT, &o->num, "how many pictures of a folder or zip (1)", "N"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (0)", "N"},
      {"self-test", 0, 0, G_OPTION_ARG_INT, &o->self_test,
       "how many pictures of the model's own go beside it, for comparison (1)", "N"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what came out as JSON on standard output",
       NULL},
      {NULL}};
  static const CliRange ranges[] = {{"steps", 1, 100000},       {"num-steps", 1, 100000},
                                    {"noise-steps", 0, 100000}, {"tune-steps", 1, 100000},
                                    {"seed", 0, G_MAXINT},      {"num", 1, 10000},
                                    {"self-test", 0, 1000},     {NULL, 0, 0}};
  const CliHelp help = {
      .parameters = "",
      .summary = "Finds the face whose picture is nearest to a given one.",
      .details =
          "DIR/proj.png is a face like any other: it opens in the window, with sliders, mixing and "
          "directions. projected_w.npz has its w as NVlabs' projector writes it, noise-NN-….npy "
          "its "
          "noise maps, target.png the picture that was looked for, projection.json the numbers. A "
          "picture is cropped to its middle square. Nothing has to be downloaded: at first pixels "
          "and their Laplacian pyramid count, then also what the model's discriminator sees. The "
          "self-test projects generated pictures of the same model beside it: they show what "
          "\"good\" "
          "looks like there, and how many of them the model comes nearer to.\n"
          "  vitrine project --network model.pkl --target photo.jpg --space w+ --outdir me",
      .ranges = ranges};

  *o = (ProjectOptions){.steps = 200, .tune_steps = 150, .num = 1, .label = -1, .self_test = 1};
  return cli_parse(&argc, &argv, entries, &help, error) && check_options(o, argc, argv, error);
}

/* ---- the loss -------------------------------------------------------------------------------- */

static gboolean
parse_part(const char *text, SgProjectionWeights *w, GError **error)
{
  struct {
    const char *name;
    double *weight;
  } parts[] = {
      {"pixels", &w->pixels}, {"pyramid", &w->pyramid}, {"features", &w->features},
      {"pixel", &w->pixels},  {"d", &w->features},      {"lpips", &w->lpips},
  };
  g_auto(GStrv) pair = g_strsplit(text, "=", 2);

  for (gsize i = 0; pair[0] && i < G_N_ELEMENTS(parts); i++)
    if (g_str_equal(pair[0], parts[i].name)) {
      *parts[i].weight = 1;
      return !pair[1] || cli_parse_number("loss", pair[1], 0, 1e6, parts[i].weight, error);
    }
  cli_set_usage_error(error,
                      "--loss: expected auto, or pixels, pyramid, features and lpips with their "
                      "weights like pixels=1,pyramid=0.3, found \"%s\"",
                      text);
  return FALSE;
}

static gboolean
parse_loss(const char *text, SgProjectionOptions *o, GError **error)
{
  SgProjectionWeights w = {0};

  if (!text || g_str_equal(text, "auto")) {
    if (o->lpips)
      o->fine = (SgProjectionWeights){o->fine.pixels, o->fine.pyramid, 0, 1};
    return TRUE;
  }
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  for (char **p = parts; *p; p++)
    if (!parse_part(*p, &w, error))
      return FALSE;
  if (w.lpips > 0 && !o->lpips) {
    cli_set_usage_error(error, "--loss: lpips needs the weights of VGG16, --vgg=FILE");
    return FALSE;
  }
  if (w.pixels + w.pyramid + w.features + w.lpips <= 0) {
    cli_set_usage_error(error, "--loss: some part must have a weight, found \"%s\"", text);
    return FALSE;
  }
  o->coarse = o->fine = w;
  return TRUE;
}

static gboolean
parse_align(ProjectJob *job, GError **error)
{
  double *to[] = {&job->points[0].x, &job->points[0].y, &job->points[1].x,
                  &job->points[1].y, &job->points[2].x, &job->points[2].y};
  g_auto(GStrv) parts = job->opt->align ? g_strsplit(job->opt->align, ",", -1) : NULL;

  if (!parts)
    return TRUE;
  if (g_strv_length(parts) != G_N_ELEMENTS(to)) {
    cli_set_usage_error(error, "--align: expected six numbers X,Y,X,Y,X,Y, found \"%s\"",
                        job->opt->align);
    return FALSE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(to); i++)
    if (!cli_parse_number("align", parts[i], -1e6, 1e6, to[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
check_class(const SgModelInfo *info, int *label, GError **error)
{
  if (info->c_dim == 0 && *label >= 0)
    cli_set_usage_error(error, "--class: this model has no classes");
  else if (info->c_dim > 0 && (*label >= info->c_dim || *label < -1))
    cli_set_usage_error(error, "--class: this model has classes 0 to %d, found %d", info->c_dim - 1,
                        *label);
  else {
    *label = info->c_dim > 0 ? MAX(*label, 0) : -1;
    return TRUE;
  }
  return FALSE;
}

/* ---- running --------------------------------------------------------------------------------- */

/* The weights of --vgg, if it was given. */
static gboolean
open_lpips(ProjectJob *job, GError **error)
{
  const ProjectOptions *o = job->opt;

  if (!o->vgg)
    return TRUE;
  job->lpips = sg_lpips_new(sg_renderer_backend(job->renderer), o->vgg, o->lpips, error);
  if (job->lpips && !sg_lpips_is_learnt(job->lpips))
    fprintf(stderr,
            "vitrine project: %s has no factors of LPIPS, so all channels count alike; "
            "--lpips=FILE names them\n",
            cli_name(o->vgg));
  return job->lpips != NULL;
}

static gboolean
open_job(ProjectJob *job, GError **error)
{
  ProjectOptions *o = job->opt;
  SgProjectionOptions options;

  if (!(job->model = cli_load_model(o->network, error)) ||
      !check_class(&job->model->info, &o->label, error))
    return FALSE;
  sg_projection_options_init(&options, o->steps, job->model->info.has_d);
  if (!(job->renderer = sg_renderer_new(job->model, NULL, error)) || !open_lpips(job, error))
    return FALSE;
  options.lpips = job->lpips;
  if (!parse_loss(o->loss, &options, error) || !parse_align(job, error))
    return FALSE;
  options.steps[SG_PROJECTION_W_PLUS] = o->space && g_str_equal(o->space, "w+") ? o->steps : 0;
  options.steps[SG_PROJECTION_NOISE] = o->noise_steps;
  options.seed = (guint64)o->seed;
  options.label = o->label;
  if (!project_targets_open(job, error))
    return FALSE;
  if (sg_backend_is_cpu(sg_renderer_backend(job->renderer)))
    sg_backend_cpu_keep_memory();
  job->projection =
      sg_projection_new(job->model, sg_renderer_backend(job->renderer), &options, error);
  return job->projection != NULL;
}

static gsize
steps_each(const ProjectJob *job)
{
  return (gsize)sg_projection_total(job->projection) +
         (gsize)(job->opt->tune ? job->opt->tune_steps : 0);
}

/* The model's own pictures are tuned as well: else they were no comparison. */
static gboolean
tune(ProjectJob *job, int i, SgTuning **out, GError **error)
{
  SgTuningOptions o;

  if (!job->opt->tune)
    return TRUE;
  sg_tuning_options_init(&o, job->opt->tune_steps, job->model->info.has_d);
  o.seed = (guint64)job->opt->seed;
  o.label = job->opt->label;
  if ((o.lpips = job->lpips))
    o.weights = (SgProjectionWeights){o.weights.pixels, o.weights.pyramid, 0, 1};
  g_autoptr(SgTuning) t =
      sg_tuning_new(job->model, sg_renderer_backend(job->renderer), &o, job->projection, i, error);
  for (int k = 0; t && k < o.steps; k++) {
    if (!sg_tuning_step(t, error))
      return FALSE;
    cli_progress_update(&job->progress, ++job->done);
  }
  *out = g_steal_pointer(&t);
  return *out != NULL;
}

/* Pictures first … first + n - 1 of the job together. */
static gboolean
project_some(ProjectJob *job, int first, int n, GError **error)
{
  SgProjection *p = job->projection;

  if (!project_targets_load(job, first, n, error) ||
      !sg_projection_begin(p, n, first, job->targets->data, error))
    return FALSE;
  while (sg_projection_done(p) < sg_projection_total(p)) {
    if (!sg_projection_step(p, error))
      return FALSE;
    cli_progress_update(&job->progress, job->done += (gsize)n);
  }
  for (int i = 0; i < n; i++) {
    g_autoptr(SgTuning) t = NULL;
    if (!tune(job, i, &t, error) || !project_write(job, first + i, i, t, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
run(ProjectOptions *opt, GError **error)
{
  ProjectJob job = {.opt = opt, .results = json_array()};
  gboolean ok = open_job(&job, error);

  if (ok) {
    int size = job.model->info.img_resolution;
    int batch = CLAMP(BATCH_PIXELS / (size * size), 1, MAX_BATCH);
    cli_progress_begin(&job.progress, "steps", steps_each(&job) * (gsize)job.count);
    for (int i = 0; ok && i < job.count; i += batch)
      ok = project_some(&job, i, MIN(batch, job.count - i), error);
    cli_progress_end(&job.progress);
  }
  ok = ok && project_report(&job, error);
  project_targets_close(&job);
  g_clear_pointer(&job.projection, sg_projection_free);
  g_clear_pointer(&job.lpips, sg_lpips_free);
  g_clear_pointer(&job.renderer, sg_renderer_free);
  g_clear_pointer(&job.model, sg_model_unref);
  json_decref(job.results);
  return ok;
}

int
cli_project(int argc, char **argv)
{
  GError *error = NULL;
  ProjectOptions opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.target);
  g_free(opt.outdir);
  g_free(opt.space);
  g_free(opt.loss);
  g_free(opt.align);
  g_free(opt.vgg);
  g_free(opt.lpips);
  return cli_finish("project", error);
}
