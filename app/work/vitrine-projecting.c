#include "app/work/vitrine-projecting.h"
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "engine/base/room.h"
#include "engine/data/align.h"
#include "engine/data/square.h"
#include "engine/explore/projected.h"
#include "engine/formats/writer.h"

/* Microseconds between two pictures of the way. */
#define PERIOD (G_USEC_PER_SEC / 8)

typedef struct {
  char *path, *folder;
  VitrineProjectHow how;
  SgTransform crop;
  int steps, label;
  gboolean align;
  double points[6]; /* shares of the picture */

  SgTensor *target; /* [1, C, R, R]; NULL before the first step */
  guint8 *pixels;   /* the same as the renderer's pictures */
  SgProjection *projection;
  SgTuning *tuning;
  gint64 shown; /* when */
} Job;

gpointer
vitrine_projecting_job_new(const char *path, VitrineProjectHow how, SgTransform crop, int steps,
                           int label, const char *folder)
{
  Job *job = g_new0(Job, 1);

  *job = (Job){g_strdup(path), g_strdup(folder), how, crop, steps, label};
  return job;
}

void
vitrine_projecting_job_align(gpointer data, const double points[6])
{
  Job *job = data;

  job->align = TRUE;
  memcpy(job->points, points, sizeof job->points);
}

static void
job_free(gpointer data)
{
  Job *job = data;

  g_free(job->path);
  g_free(job->folder);
  g_clear_pointer(&job->target, sg_tensor_unref);
  g_free(job->pixels);
  sg_tuning_free(job->tuning);
  sg_projection_free(job->projection);
  g_free(job);
}

static void
news_free(gpointer data)
{
  VitrineProjectNews *news = data;

  g_free(news->target);
  g_free(news->picture);
  g_free(news->difference);
  g_free(news->face);
  g_free(news->error);
  g_free(news);
}

/* ---- work ------------------------------------------------------------------------------------ */

/* The points are shares of the picture. */
static gboolean
align(const Job *job, int size, SgPixels *p, GError **error)
{
  SgPoint points[3];

  for (int i = 0; i < 3; i++)
    points[i] =
        (SgPoint){job->points[2 * i] * p->width - 0.5, job->points[2 * i + 1] * p->height - 0.5};
  return sg_align_face(p, points, size, error);
}

static gboolean
load_target(Job *job, const SgModelInfo *info, GError **error)
{
  gint64 shape[4] = {1, info->img_channels, info->img_resolution, info->img_resolution};
  gsize n = (gsize)shape[1] * (gsize)shape[2] * (gsize)shape[3];
  g_autofree guint8 *planes = sg_room(n, 1);
  g_auto(SgPixels) p = {0};

  job->pixels = sg_room(4, n);
  if (!planes || !job->pixels)
    return sg_room_check(error);
  if (!sg_pixels_load(&p, job->path, error))
    return FALSE;
  if (job->align && !align(job, info->img_resolution, &p, error))
    return FALSE;
  sg_picture_square(&p, info->img_channels, info->img_resolution, job->crop, planes);
  if (!(job->target = sg_tensor_try_new(4, shape, error)))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    job->target->data[i] = (float)(planes[i] / 127.5 - 1);
  sg_image_to_rgb8(job->target, job->pixels);
  return TRUE;
}

static gboolean
begin(Job *job, SgRenderer *r, GError **error)
{
  SgModel *model = sg_renderer_model(r);
  SgProjectionOptions o;

  if (!load_target(job, &model->info, error))
    return FALSE;
  sg_projection_options_init(&o, job->steps, model->info.has_d);
  o.label = model->info.c_dim > 0 ? MAX(job->label, 0) : -1;
  o.steps[SG_PROJECTION_W_PLUS] = job->how == VITRINE_PROJECT_W_PLUS ? job->steps : 0;
  job->projection = sg_projection_new(model, sg_renderer_backend(r), &o, error);
  return job->projection && sg_projection_begin(job->projection, 1, 0, job->target->data, error);
}

static gboolean
begin_tuning(Job *job, SgRenderer *r, GError **error)
{
  SgModel *model = sg_renderer_model(r);
  SgTuningOptions o;

  sg_tuning_options_init(&o, job->steps, model->info.has_d);
  o.label = model->info.c_dim > 0 ? MAX(job->label, 0) : -1;
  job->tuning = sg_tuning_new(model, sg_renderer_backend(r), &o, job->projection, 0, error);
  return job->tuning != NULL;
}

static int
done(const Job *job)
{
  return (job->projection ? sg_projection_done(job->projection) : 0) +
         (job->tuning ? sg_tuning_done(job->tuning) : 0);
}

static int
total(const Job *job)
{
  return job->steps * (job->how == VITRINE_PROJECT_W ? 1 : 2);
}

static gboolean
advance(Job *job, SgRenderer *r, GError **error)
{
  if (!job->projection)
    return begin(job, r, error);
  if (sg_projection_done(job->projection) < sg_projection_total(job->projection))
    return sg_projection_step(job->projection, error);
  return (job->tuning || begin_tuning(job, r, error)) && sg_tuning_step(job->tuning, error);
}

/* ---- news ------------------------------------------------------------------------------------ */

/* RGB of what the renderer's pictures are: alpha is left out. NULL: sg_room_check() knows. */
static guint8 *
colours(const guint8 *pixels, int channels, int size)
{
  gsize n = (gsize)size * (gsize)size, bytes = channels == 2 || channels == 4 ? 4 : 3;
  guint8 *rgb = sg_room(n, 3);

  for (gsize i = 0; rgb && i < n; i++)
    memcpy(rgb + 3 * i, pixels + bytes * i, 3);
  return rgb;
}

static gboolean
compare(VitrineProjectNews *news, GError **error)
{
  gsize n = 3 * (gsize)news->size * (gsize)news->size;

  news->difference = sg_room(n, 1);
  if (!news->picture || !news->target || !news->difference) {
    g_clear_pointer(&news->picture, g_free); /* all three are shown, or none */
    return sg_room_check(error);
  }
  for (gsize i = 0; i < n; i++)
    news->difference[i] =
        (guint8)CLAMP(128 + 8 * ((int)news->picture[i] - (int)news->target[i]), 0, 255);
  news->psnr = sg_psnr(n, news->picture, news->target);
  return TRUE;
}

/* Leaves out what there is no memory for. */
static gboolean
tell(const Job *job, VitrineProjectNews *news, GError **error)
{
  int size = (int)job->target->shape[3], channels = (int)job->target->shape[1];
  g_autofree guint8 *pixels = sg_room(4, (gsize)size * (gsize)size);
  g_autoptr(SgTensor) t = sg_tensor_copy(job->target);

  if (!pixels || !t)
    return sg_room_check(error);
  memcpy(t->data,
         job->tuning ? sg_tuning_picture(job->tuning) : sg_projection_picture(job->projection, 0),
         t->numel * sizeof(float));
  sg_image_to_rgb8(t, pixels);
  news->size = size;
  news->target = colours(job->pixels, channels, size);
  news->picture = colours(pixels, channels, size);
  news->done = done(job);
  news->total = total(job);
  return compare(news, error);
}

/* A folder that was not there. */
static char *
new_folder(const Job *job, GError **error)
{
  g_autofree char *base = g_path_get_basename(job->path);
  g_autofree char *name = g_utf8_make_valid(base, -1);
  g_autoptr(GDateTime) now = g_date_time_new_now_local();
  g_autofree char *when = g_date_time_format(now, "%Y%m%d-%H%M%S");
  g_autofree char *parent =
      job->folder ? g_strdup(job->folder)
                  : g_build_filename(g_get_user_data_dir(), "vitrine", "projections", NULL);

  for (int i = 0;; i++) {
    g_autofree char *number = i ? g_strdup_printf("-%d", i) : g_strdup("");
    g_autofree char *leaf = g_strconcat(name, "-", when, number, NULL);
    char *path = g_build_filename(parent, leaf, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
      g_free(path);
      continue;
    }
    if (g_mkdir_with_parents(path, 0777) == 0)
      return path;
    sg_file_failed(error, path, _("This folder cannot be made"));
    g_free(path);
    return NULL;
  }
}

static gboolean
finish(Job *job, SgRenderer *r, VitrineProjectNews *news, GError **error)
{
  const SgModelInfo *info = &sg_renderer_model(r)->info;
  g_autofree char *folder = new_folder(job, error);
  g_auto(SgProjected) out = {0};

  if (!folder ||
      !sg_projected_write(job->projection, 0, job->tuning, r, job->pixels,
                          info->c_dim > 0 ? MAX(job->label, 0) : -1, folder, "", &out, error))
    return FALSE;
  g_free(news->picture);
  g_free(news->difference);
  news->picture = colours(out.picture->rgb, info->img_channels, news->size);
  if (!compare(news, error))
    return FALSE;
  news->face = g_build_filename(folder, "proj.png", NULL);
  return TRUE;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  g_autoptr(GError) error = NULL;
  gboolean ok = advance(job, renderer, &error), last = ok && done(job) >= total(job);
  gint64 now = g_get_monotonic_time();
  VitrineProjectNews *news = NULL;

  if (ok && done(job) > 0 && (last || now - job->shown >= PERIOD)) {
    job->shown = now;
    news = g_new0(VitrineProjectNews, 1);
    ok = tell(job, news, &error);
  }
  if (ok && last)
    ok = finish(job, renderer, news, &error);
  if (!ok) {
    news = news ? news : g_new0(VitrineProjectNews, 1);
    news->error = g_strdup(error->message);
  }
  *out = news;
  return ok && !last;
}

VitrineTaskClass
vitrine_projecting_class(void (*news)(gpointer, gboolean, gpointer))
{
  return (VitrineTaskClass){
      .step = step, .news = news, .free_news = news_free, .free_data = job_free};
}
