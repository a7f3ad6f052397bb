/* vitrine project: what is read and what is written. */
#include "engine/formats/format-error.h"
#include "app/cli/project.h"
#include "engine/base/visible.h"
#include "engine/base/random.h"
#include "engine/data/square.h"
#include "engine/formats/writer.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- targets --------------------------------------------------------------------------------- */

static gboolean
is_set(const char *path)
{
  return g_file_test(path, G_FILE_TEST_IS_DIR) || g_str_has_suffix(path, ".zip");
}

gboolean
project_targets_open(ProjectJob *job, GError **error)
{
  const ProjectOptions *o = job->opt;
  const SgModelInfo *info = &job->model->info;
  const SgDatasetOptions options = {.resolution = info->img_resolution,
                                    .channels = info->img_channels,
                                    .max_images = (guint)o->num};

  if (!sg_info_require_square(info, "projection", error))
    return FALSE;
  job->pictures = 1;
  if (is_set(o->target)) {
    if (!(job->data = sg_dataset_open(o->target, &options, error)))
      return FALSE;
    job->pictures = MIN(o->num, (int)job->data->n);
    if (o->align) {
      cli_set_usage_error(error, "--align: is for one picture, %s holds many", o->target);
      return FALSE;
    }
  } else if (o->num > 1) {
    cli_set_usage_error(error, "--num: %s is one picture; give a folder or a zip of them",
                        o->target);
    return FALSE;
  }
  job->count = job->pictures + o->self_test;
  if (g_mkdir_with_parents(o->outdir, 0777) != 0)
    return sg_file_failed(error, o->outdir, "cannot make this folder");
  return TRUE;
}

void
project_targets_close(ProjectJob *job)
{
  g_clear_pointer(&job->data, sg_dataset_free);
  g_clear_pointer(&job->targets, sg_tensor_unref);
}

static gboolean
load_file(const ProjectJob *job, guint8 *planes, GError **error)
{
  const SgModelInfo *info = &job->model->info;
  g_auto(SgPixels) p = {0};

  if (!sg_pixels_load(&p, job->opt->target, error))
    return FALSE;
  if (MIN(p.width, p.height) < info->img_resolution)
    fprintf(stderr, "vitrine project: %s has %d×%d pixels and is enlarged to the model's %d×%d\n",
            cli_name(job->opt->target), p.width, p.height, info->img_resolution,
            info->img_resolution);
  if (job->opt->align && !sg_align_face(&p, job->points, info->img_resolution, error)) {
    g_prefix_error(error, "%s: ", job->opt->target);
    return FALSE;
  }
  sg_picture_square(&p, info->img_channels, info->img_resolution, SG_TRANSFORM_CENTER_CROP, planes);
  return TRUE;
}

/* Of the self-test: a face of the model, by a seed that nobody has looked at. */
static gboolean
generate(const ProjectJob *job, int number, float *out, GError **error)
{
  g_autoptr(SgRecipe) recipe = sg_recipe_new_for(&job->model->info);

  recipe->seed = (guint32)(1000000007 + job->opt->seed + number);
  recipe->label = job->opt->label;
  g_autoptr(SgTensor) t = sg_renderer_render_float(job->renderer, recipe, error);
  for (gsize i = 0; t && i < t->numel; i++) /* as the saved picture has it */
    out[i] = (float)(floor(CLAMP((double)t->data[i] * 127.5 + 128, 0, 255)) / 127.5 - 1);
  return t != NULL;
}

gboolean
project_targets_load(ProjectJob *job, int first, int n, GError **error)
{
  const SgModelInfo *info = &job->model->info;
  gint64 shape[4] = {n, info->img_channels, info->img_resolution, info->img_resolution};
  gsize size = (gsize)shape[1] * (gsize)shape[2] * (gsize)shape[3];
  g_autofree guint8 *planes = g_try_malloc(size);

  g_clear_pointer(&job->targets, sg_tensor_unref);
  job->targets = sg_tensor_try_new(4, shape, error);
  if (!job->targets || !(planes || sg_no_memory(error, "for a picture")))
    return FALSE;
  for (int i = 0; i < n; i++) {
    float *to = job->targets->data + (gsize)i * size;
    gboolean own = first + i >= job->pictures;
    if (own         ? !generate(job, first + i - job->pictures, to, error)
        : job->data ? !sg_dataset_read(job->data, (guint)(first + i), planes, error)
                    : !load_file(job, planes, error))
      return FALSE;
    for (gsize k = 0; !own && k < size; k++)
      to[k] = (float)(planes[k] / 127.5 - 1);
  }
  return TRUE;
}

/* ---- results --------------------------------------------------------------------------------- */

static json_t *
number(double v)
{
  return isfinite(v) ? json_real(v) : json_null();
}

static json_t *
describe(const SgProjected *out, const char *picture)
{
  json_t *o = json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f}", "picture", cli_json_name(picture),
                        "loss", out->loss.total, "pixels", out->loss.pixels, "pyramid",
                        out->loss.pyramid, "features", out->loss.features, "percentile",
                        out->percentile, "lpips", out->loss.lpips);

  json_object_set_new(o, "psnr", number(out->psnr));
  return o;
}

/* The folder of a person's picture: one goes to --outdir itself. */
static char *
folder_of(const ProjectJob *job, int number)
{
  if (!job->data || number >= job->pictures)
    return g_strdup(job->opt->outdir);
  g_autofree char *name = g_strdup_printf("%05d", number);
  return g_build_filename(job->opt->outdir, name, NULL);
}

gboolean
project_write(ProjectJob *job, int number, int i, const SgTuning *tuning, GError **error)
{
  gboolean own = number >= job->pictures;
  g_autofree char *prefix =
      own ? g_strdup_printf("self-test-%d-", number - job->pictures) : g_strdup("");
  g_autofree char *folder = folder_of(job, number);
  gsize plane = job->targets->numel / (gsize)job->targets->shape[0];
  gint64 shape[4] = {1, job->targets->shape[1], job->targets->shape[2], job->targets->shape[3]};
  g_autoptr(SgTensor) target = sg_tensor_try_new(4, shape, error);
  g_autofree guint8 *pixels = g_try_malloc(4 * plane);
  g_auto(SgProjected) out = {0};

  if (!target || !(pixels || sg_no_memory(error, "for a picture")))
    return FALSE;
  if (g_mkdir_with_parents(folder, 0777) != 0)
    return sg_file_failed(error, folder, "cannot make this folder");
  memcpy(target->data, job->targets->data + (gsize)i * plane, plane * sizeof(float));
  sg_image_to_rgb8(target, pixels);
  if (!sg_projected_write(job->projection, i, tuning, job->renderer, pixels, job->opt->label,
                          folder, prefix, &out, error))
    return FALSE;
  g_autofree char *name = g_strconcat(prefix, "proj.png", NULL);
  g_autofree char *picture = g_build_filename(folder, name, NULL);
  json_array_append_new(job->results, describe(&out, picture));
  return TRUE;
}

static double
value(const json_t *result, const char *key)
{
  return json_number_value(json_object_get(result, key));
}

/* What tells best how near the model comes: LPIPS, or the discriminator's features, where there are
 * any. */
static double
distance(const json_t *result)
{
  double features = value(result, "features"), lpips = value(result, "lpips");
  if (lpips > 0)
    return lpips;
  return features > 0 ? features : value(result, "pyramid");
}

/* Of each picture of people: the share of the model's own ones, in per cent, to which it comes
 * nearer. */
static void
add_percentiles(const ProjectJob *job)
{
  for (int i = 0; job->opt->self_test > 0 && i < job->pictures; i++) {
    json_t *r = json_array_get(job->results, (size_t)i);
    int nearer = 0;
    for (int k = job->pictures; k < job->count; k++)
      nearer += distance(json_array_get(job->results, (size_t)k)) < distance(r);
    json_object_set_new(r, "own_nearer", json_real(100.0 * nearer / job->opt->self_test));
  }
}

static void
print_results(const ProjectJob *job)
{
  size_t i;
  json_t *r;

  json_array_foreach (job->results, i, r) {
    g_autofree char *name = sg_visible(json_string_value(json_object_get(r, "picture")));
    printf("%s%s: %.1f dB, distance %.4f, w farther out than %.1f %% of the model's\n",
           (int)i >= job->pictures ? "the model's own, for comparison: " : "", name,
           value(r, "psnr"), distance(r), value(r, "percentile"));
    if (json_object_get(r, "own_nearer"))
      printf("  the model comes nearer to %.0f %% of its own pictures (%d of them were tried)\n",
             value(r, "own_nearer"), job->opt->self_test);
  }
}

gboolean
project_report(ProjectJob *job, GError **error)
{
  const ProjectOptions *o = job->opt;
  g_autofree char *path = g_build_filename(o->outdir, "projection.json", NULL);
  json_t *root = json_pack("{s:s, s:s, s:i, s:i, s:i, s:O}", "hash", job->model->hash, "space",
                           o->space ? o->space : "w", "steps", sg_projection_total(job->projection),
                           "seed", o->seed, "self_test", o->self_test, "pictures", job->results);
  add_percentiles(job);
  char *text = json_dumps(root, JSON_INDENT(2));
  gboolean ok = sg_write_file(path, text, strlen(text), error);

  free(text);
  if (ok && o->json)
    cli_print_json(json_incref(root));
  else if (ok)
    print_results(job);
  json_decref(root);
  return ok;
}
