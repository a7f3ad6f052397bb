#include "app/work/vitrine-score-humps.h"
#include <glib/gstdio.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "app/work/vitrine-examining.h"
#include "engine/base/debug.h"
#include "engine/directions/ranks.h"
#include "engine/explore/weights/real-score.h"
#include "engine/formats/read-file.h"
#include "engine/formats/writer.h"

#define MAX_CACHE (1024 * 1024)

static VitrineScoreHumps *
humps_new(int n_real, const double *real, int n_generated, const double *generated)
{
  VitrineScoreHumps *h = g_new0(VitrineScoreHumps, 1);

  h->n_real = n_real;
  h->n_generated = n_generated;
  h->real = g_memdup2(real, sizeof *real * (gsize)n_real);
  h->generated = g_memdup2(generated, sizeof *generated * (gsize)n_generated);
  sg_ranks_sort((gsize)n_real, h->real);
  sg_ranks_sort((gsize)n_generated, h->generated);
  return h;
}

VitrineScoreHumps *
vitrine_score_humps_copy(const VitrineScoreHumps *h)
{
  return humps_new(h->n_real, h->real, h->n_generated, h->generated);
}

void
vitrine_score_humps_free(VitrineScoreHumps *h)
{
  if (!h)
    return;
  g_free(h->real);
  g_free(h->generated);
  g_free(h);
}

/* ---- kept ------------------------------------------------------------------------------------ */

/* Of these weights and this data set as it is now. */
static char *
cache_path(const SgModel *model, const char *data)
{
  GStatBuf info = {0};

  g_stat(data, &info);
  g_autofree char *key =
      g_strdup_printf("1 %s %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, model->hash, data,
                      (gint64)info.st_mtime, (gint64)info.st_size);
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
  g_autofree char *name = g_strdup_printf("scores-%.32s.json", hash);
  return g_build_filename(g_get_user_cache_dir(), "vitrine", "examine", name, NULL);
}

static double *
numbers(const json_t *list, int *n)
{
  double *v = g_new0(double, json_array_size(list) + 1);

  *n = (int)json_array_size(list);
  for (int i = 0; i < *n; i++) {
    v[i] = json_number_value(json_array_get(list, (size_t)i));
    if (!isfinite(v[i]))
      *n = 0;
  }
  return v;
}

static VitrineScoreHumps *
load(const char *path)
{
  gsize length = 0;
  g_autofree char *text = g_file_test(path, G_FILE_TEST_IS_REGULAR)
                              ? sg_read_file(path, MAX_CACHE, &length, NULL)
                              : NULL;
  json_t *root = text ? json_loadb(text, length, 0, NULL) : NULL;
  int n_real, n_generated;
  g_autofree double *real = numbers(json_object_get(root, "real"), &n_real);
  g_autofree double *generated = numbers(json_object_get(root, "generated"), &n_generated);

  json_decref(root);
  return n_real > 1 && n_generated > 1 ? humps_new(n_real, real, n_generated, generated) : NULL;
}

static json_t *
list_of(int n, const double *v)
{
  json_t *list = json_array();

  for (int i = 0; i < n; i++)
    json_array_append_new(list, json_real(v[i]));
  return list;
}

static void
keep(const char *path, const VitrineScoreHumps *h)
{
  json_t *root = json_pack("{s:o, s:o}", "real", list_of(h->n_real, h->real), "generated",
                           list_of(h->n_generated, h->generated));
  char *text = json_dumps(root, 0);
  g_autofree char *folder = g_path_get_dirname(path);

  if (g_mkdir_with_parents(folder, 0700) == 0)
    sg_write_file(path, text, strlen(text), NULL); /* else it is measured again */
  free(text);
  json_decref(root);
}

/* ---- looking, on a worker -------------------------------------------------------------------- */

typedef struct {
  SgExamination *examination;
  char *path; /* where it is kept */
} Job;

/* Either of them. */
typedef struct {
  VitrineScoreHumps *humps;
  Job *job;
} Found;

void
vitrine_score_humps_job_free(gpointer data)
{
  Job *job = data;

  if (!job)
    return;
  sg_examination_free(job->examination);
  g_free(job->path);
  g_free(job);
}

static void
found_free(gpointer data)
{
  Found *found = data;

  vitrine_score_humps_free(found->humps);
  vitrine_score_humps_job_free(found->job);
  g_free(found);
}

/* An examination of nothing, whose references are scored and not projected. */
static Job *
job_new(SgModel *model, const char *data, const char *path)
{
  g_autoptr(GError) error = NULL;
  SgExamineOptions options;

  sg_examine_options_init(&options);
  options.data = data;
  options.steps = options.scan = 0;
  SgExamination *e = sg_examination_new(model, &options, &error);
  if (!e) {
    sg_debug(SG_DEBUG_TASKS, "no scores of real pictures: %s", error->message);
    return NULL;
  }
  Job *job = g_new0(Job, 1);
  job->examination = e;
  job->path = g_strdup(path);
  return job;
}

static void
look_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  SgModel *model = data;
  g_autofree char *chosen = vitrine_examining_data(model->hash);
  g_autofree char *set = chosen ? g_steal_pointer(&chosen) : sg_known_data(model->path);
  g_autofree char *path = set ? cache_path(model, set) : NULL;
  Found *found = g_new0(Found, 1);

  if (path)
    found->humps = load(path);
  if (path && !found->humps)
    found->job = job_new(model, set, path);
  g_task_return_pointer(task, found, found_free);
}

void
vitrine_score_humps_look(SgModel *model, GObject *source, GAsyncReadyCallback done,
                         gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new(source, NULL, done, user_data);

  g_task_set_task_data(task, sg_model_ref(model), (GDestroyNotify)sg_model_unref);
  g_task_run_in_thread(task, look_thread);
}

VitrineScoreHumps *
vitrine_score_humps_finish(GAsyncResult *result, gpointer *job)
{
  Found *found = g_task_propagate_pointer(G_TASK(result), NULL);
  VitrineScoreHumps *humps = g_steal_pointer(&found->humps);

  *job = g_steal_pointer(&found->job);
  found_free(found);
  return humps;
}

/* ---- measuring, on the render thread --------------------------------------------------------- */

static void
news_free(gpointer data)
{
  vitrine_score_humps_free(data);
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  g_autoptr(GError) error = NULL;

  if (!sg_examination_step(job->examination, renderer, &error)) {
    sg_debug(SG_DEBUG_TASKS, "no scores of real pictures: %s", error->message);
    return FALSE;
  }
  if (!sg_examination_is_done(job->examination))
    return TRUE;
  const SgEvidence *e = sg_examination_evidence(job->examination, SG_WITNESS_LOGIT);
  VitrineScoreHumps *humps =
      e && e->n_real > 1 ? humps_new(e->n_real, e->real, e->n_generated, e->generated) : NULL;
  if (humps)
    keep(job->path, humps);
  *out = humps;
  return FALSE;
}

VitrineTaskClass
vitrine_score_humps_class(void (*news)(gpointer, gboolean, gpointer))
{
  return (VitrineTaskClass){.step = step,
                            .news = news,
                            .free_news = news_free,
                            .free_data = vitrine_score_humps_job_free};
}
