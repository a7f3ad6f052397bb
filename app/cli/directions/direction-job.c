#include "app/cli/directions/direction-job.h"
#include "app/figures/figure.h"
#include "engine/directions/seeds.h"
#include "engine/explore/nets.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

struct _DirectionTiles {
  int n, done, width, height;
  guint8 *rgb; /* [n, height, width, 3] */
  VitrineTile *tiles;
  GPtrArray *labels, *rows;
};

/* ---- the job --------------------------------------------------------------------------------- */

gboolean
direction_job_asked(int argc, char **argv, const char *network, const char *outdir, GError **error)
{
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!network)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!outdir)
    cli_set_usage_error(error, "where to? --outdir=DIR");
  else
    return TRUE;
  return FALSE;
}

static gboolean
parse_layers(DirectionJob *job, const char *text, GError **error)
{
  int last = job->model->info.num_ws - 1;

  job->first = 0;
  job->last = last;
  if (!text)
    return TRUE;
  g_autoptr(GArray) layers = cli_parse_numbers("layers", text, error);
  if (!layers)
    return FALSE;
  job->first = (int)MIN(g_array_index(layers, guint32, 0), 1024);
  job->last = (int)MIN(g_array_index(layers, guint32, layers->len - 1), 1024);
  for (guint i = 1; i < layers->len; i++)
    if (g_array_index(layers, guint32, i) != g_array_index(layers, guint32, i - 1) + 1) {
      cli_set_usage_error(error, "--layers: expected one range like 0-3, found \"%s\"", text);
      return FALSE;
    }
  if (job->last <= last)
    return TRUE;
  cli_set_usage_error(error, "--layers: this model has layers 0 to %d, found \"%s\"", last, text);
  return FALSE;
}

static gboolean
check_class(const SgModelInfo *info, int label, GError **error)
{
  if (label == -1 || (label >= 0 && label < info->c_dim))
    return TRUE;
  if (info->c_dim == 0)
    cli_set_usage_error(error, "--class: this model has no classes");
  else
    cli_set_usage_error(error, "--class: this model has classes 0 to %d, found %d", info->c_dim - 1,
                        label);
  return FALSE;
}

gboolean
direction_job_open(DirectionJob *job, const char *network, const char *layers, int label,
                   const char *outdir, GError **error)
{
  return (job->model = cli_load_model(network, error)) && parse_layers(job, layers, error) &&
         check_class(&job->model->info, label, error) && direction_job_begin(job, outdir, error);
}

gboolean
direction_job_begin(DirectionJob *job, const char *outdir, GError **error)
{
  const SgPrune as_stored = {0};

  if (outdir && g_mkdir_with_parents(outdir, 0777) != 0) {
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", outdir,
                g_strerror(errno));
    return FALSE;
  }
  job->renderer = sg_renderer_new(job->model, NULL, error);
  job->nets = job->renderer ? sg_renderer_nets(job->renderer, &as_stored, error) : NULL;
  return job->nets != NULL;
}

int
direction_job_conv(const DirectionJob *job, const char *name, GError **error)
{
  const SgSynthesis *net = job->nets->net;
  g_autoptr(GString) there = g_string_new(NULL);

  for (guint i = 0; i < net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(net, i);
    if (stage->kind != SG_STAGE_CONV)
      continue;
    if (g_str_equal(stage->name, name))
      return (int)i;
    g_string_append_printf(there, "%s%s", there->len ? ", " : "", stage->name);
  }
  cli_set_usage_error(error, "--layer: expected one of the convolutions %s, found \"%s\"",
                      there->str, name);
  return -1;
}

gboolean
direction_job_region(const char *text, SgRegion *r, GError **error)
{
  g_autoptr(GArray) n = cli_parse_numbers("region", text, error);

  if (!n)
    return FALSE;
  if (n->len != 4) {
    cli_set_usage_error(error, "--region: expected X,Y,WIDTH,HEIGHT, found \"%s\"", text);
    return FALSE;
  }
  int *v[] = {&r->x, &r->y, &r->w, &r->h};
  for (int i = 0; i < 4; i++)
    *v[i] = (int)MIN(g_array_index(n, guint32, i), G_MAXINT32);
  return TRUE;
}

void
direction_job_close(DirectionJob *job)
{
  g_clear_pointer(&job->renderer, sg_renderer_free);
  g_clear_pointer(&job->model, sg_model_unref);
}

guint8 *
direction_job_rgb(const DirectionJob *job, const SgRecipe *recipe, gsize *pixels, GError **error)
{
  SgPicture *p = sg_renderer_render(job->renderer, recipe, 0, error);

  if (!p)
    return NULL;
  *pixels = (gsize)p->width * (gsize)p->height;
  guint8 *rgb = g_malloc(3 * *pixels);
  for (gsize i = 0; i < *pixels; i++)
    memcpy(rgb + 3 * i, p->rgb + (gsize)p->bytes * i, 3);
  sg_picture_free(p);
  return rgb;
}

static gboolean
show_progress(gint64 done, gint64 total, gpointer data)
{
  cli_progress_update(data, (gsize)done);
  return TRUE;
}

SgMoments *
direction_job_moments(DirectionJob *job, gint64 samples, guint32 seed, int label, GError **error)
{
  cli_progress_begin(&job->progress, "samples", (gsize)samples);
  SgMoments *m = sg_moments_sample(job->nets->mapping, samples, seed, label, show_progress,
                                   &job->progress, error);
  cli_progress_end(&job->progress);
  return m;
}

SgGauge *
direction_job_gauge(DirectionJob *job, gsize n, int label, GError **error)
{
  cli_progress_begin(&job->progress, "samples", n);
  SgGauge *g = sg_gauge_new(job->nets->mapping, n, label, show_progress, &job->progress, error);
  cli_progress_end(&job->progress);
  return g;
}

float *
direction_job_faces(DirectionJob *job, int n, int label, GError **error)
{
  const SgMapping *m = job->nets->mapping;
  g_autofree float *w = g_new(float, (gsize)m->w_dim *(gsize)n);

  return sg_seeds_map(m, 0, n, label, NULL, w, error) ? g_steal_pointer(&w) : NULL;
}

SgRecipe *
direction_job_recipe(const DirectionJob *job, guint32 seed, int label)
{
  const SgModelInfo *info = &job->model->info;
  SgRecipe *r = sg_recipe_new(info->z_dim, info->w_dim);

  r->seed = seed;
  r->label = label >= 0 || info->c_dim == 0 ? label : 0;
  return r;
}

void
direction_job_found_for(SgDirectionSet *set, int first, int last)
{
  for (guint k = 0; k < set->list->len; k++) {
    SgNamedDirection *d = set->list->pdata[k];
    d->first = first;
    d->last = last;
  }
}

/* ---- sheets ---------------------------------------------------------------------------------- */

DirectionTiles *
direction_tiles_new(const DirectionJob *job, int n)
{
  DirectionTiles *t = g_new0(DirectionTiles, 1);

  t->n = n;
  t->width = sg_info_width(&job->model->info);
  t->height = sg_info_height(&job->model->info);
  t->rgb = g_malloc((gsize)n * 4 * (gsize)t->width * (gsize)t->height);
  t->tiles = g_new0(VitrineTile, n);
  t->labels = g_ptr_array_new_with_free_func(g_free);
  t->rows = g_ptr_array_new_with_free_func(g_free);
  return t;
}

void
direction_tiles_free(DirectionTiles *t)
{
  if (!t)
    return;
  g_free(t->rgb);
  g_free(t->tiles);
  g_ptr_array_unref(t->labels);
  g_ptr_array_unref(t->rows);
  g_free(t);
}

void
direction_tiles_row(DirectionTiles *t, const char *label)
{
  g_ptr_array_add(t->rows, g_strdup(label));
}

static void
next_tile(DirectionTiles *t, const guint8 *pixels, int bytes, const char *text)
{
  gsize count = (gsize)t->width * (gsize)t->height;
  guint8 *rgb = t->rgb + 4 * count * (gsize)t->done;

  memcpy(rgb, pixels, count * (gsize)bytes);
  g_ptr_array_add(t->labels, g_strdup(text));
  t->tiles[t->done++] = (VitrineTile){rgb, t->labels->pdata[t->labels->len - 1], bytes == 4};
}

gboolean
direction_tiles_recipe(DirectionTiles *t, DirectionJob *job, const SgRecipe *recipe,
                       const char *text, GError **error)
{
  g_autoptr(SgPicture) picture = sg_renderer_render(job->renderer, recipe, 0, error);

  if (picture)
    next_tile(t, picture->rgb, picture->bytes, text);
  return picture != NULL;
}

void
direction_tiles_rgb(DirectionTiles *t, const guint8 *rgb, const char *text)
{
  next_tile(t, rgb, 3, text);
}

gboolean
direction_tiles_face(DirectionTiles *t, DirectionJob *job, guint32 seed, int label,
                     const char *text, GError **error)
{
  g_autoptr(SgRecipe) r = direction_job_recipe(job, seed, label);

  return direction_tiles_recipe(t, job, r, text, error);
}

gboolean
direction_tiles_write(DirectionTiles *t, const char *path, const char *title, int columns,
                      GError **error)
{
  g_ptr_array_add(t->rows, NULL);
  return vitrine_figure_tiles(path, title, t->width, t->height, (gsize)t->done, t->tiles, columns,
                              (const char *const *)t->rows->pdata, error);
}
