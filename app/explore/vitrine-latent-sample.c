#include "app/explore/vitrine-latent-sample.h"
#include <glib/gi18n.h>
#include <math.h>
#include "engine/directions/matrix.h"
#include "engine/directions/seeds.h"
#include "engine/directions/sefa.h"
#include "engine/explore/nets.h"

#define STEP       100 /* faces: some milliseconds */
#define COMPONENTS 20  /* that become sliders */

VitrineSample *
vitrine_sample_ref(VitrineSample *s)
{
  g_atomic_ref_count_inc(&s->ref);
  return s;
}

void
vitrine_sample_unref(VitrineSample *s)
{
  if (!s || !g_atomic_ref_count_dec(&s->ref))
    return;
  g_free(s->w);
  g_clear_pointer(&s->affines, g_ptr_array_unref);
  g_clear_pointer(&s->sigmas, g_ptr_array_unref);
  sg_gauge_free(s->gauge);
  sg_pca_free(s->pca[0]);
  sg_pca_free(s->pca[1]);
  g_mutex_clear(&s->lock);
  g_free(s);
}

/* ---- drawing ----------------------------------------------------------------------------- */

typedef struct {
  VitrineSample *sample; /* NULL before the first step */
  int done;
} Job;

gpointer
vitrine_sample_job_new(void)
{
  return g_new0(Job, 1);
}

static void
job_free(gpointer data)
{
  Job *job = data;

  vitrine_sample_unref(job->sample);
  g_free(job);
}

static void
news_free(gpointer data)
{
  VitrineSampleNews *news = data;

  vitrine_sample_unref(news->sample);
  g_free(news->error);
  g_free(news);
}

static gboolean
begin(Job *job, const SgNets *nets)
{
  VitrineSample *s = job->sample = g_new0(VitrineSample, 1);

  g_atomic_ref_count_init(&s->ref);
  g_mutex_init(&s->lock);
  s->n = VITRINE_SAMPLE_FACES;
  s->w_dim = nets->mapping->w_dim;
  s->num_ws = nets->net->num_ws;
  s->w = g_try_malloc_n((gsize)s->n, (gsize)s->w_dim * sizeof(float));
  s->affines = sg_affines_new(nets->net, 0, nets->net->num_ws - 1);
  return s->w != NULL;
}

static gboolean
draw(Job *job, SgRenderer *renderer, GError **error)
{
  const SgPrune as_stored = {0};
  const SgNets *nets = sg_renderer_nets(renderer, &as_stored, error);

  /* Before thousands of w are drawn, which would be gigabytes. */
  if (!nets || !sg_matrix_check(nets->mapping->w_dim, error))
    return FALSE;
  if (!job->sample && !begin(job, nets)) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, _("There is not enough memory."));
    return FALSE;
  }
  VitrineSample *s = job->sample;
  int n = MIN(STEP, s->n - job->done);
  float *w = s->w + (gsize)job->done * (gsize)s->w_dim;
  if (!sg_seeds_map(nets->mapping, (guint32)job->done, n, -1, NULL, w, error))
    return FALSE;
  job->done += n;
  return TRUE;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  VitrineSampleNews *news = g_new0(VitrineSampleNews, 1);
  g_autoptr(GError) error = NULL;
  gboolean more = draw(job, renderer, &error);

  if (error)
    news->error = g_strdup(error->message);
  news->done = job->done;
  if (more && job->done == job->sample->n) {
    news->sample = vitrine_sample_ref(job->sample);
    more = FALSE;
  }
  *out = news;
  return more;
}

VitrineTaskClass
vitrine_sample_class(void (*news)(gpointer, gboolean, gpointer))
{
  return (VitrineTaskClass){
      .step = step, .news = news, .free_news = news_free, .free_data = job_free};
}

double
vitrine_sample_heard(const VitrineSample *s, const double *one_sigma)
{
  double squares = 0;

  for (guint k = 0; k < s->affines->len; k++) {
    const SgAffine *a = s->affines->pdata[k];
    for (int r = 0; r < a->rows; r++) {
      const float *row = a->a + (gsize)r * (gsize)s->w_dim;
      double change = 0;
      for (int i = 0; i < s->w_dim; i++)
        change += (double)row[i] * one_sigma[i];
      squares += change * change;
    }
  }
  return sqrt(squares);
}

/* ---- components -------------------------------------------------------------------------- */

typedef struct {
  VitrineSample *sample;
  char *hash;
  gboolean components;
} Work;

static void
work_free(gpointer data)
{
  Work *work = data;

  vitrine_sample_unref(work->sample);
  g_free(work->hash);
  g_free(work);
}

void
vitrine_component_sets_free(VitrineComponentSets *c)
{
  if (!c)
    return;
  for (int kind = 0; kind < VITRINE_N_COMPONENTS; kind++)
    sg_direction_set_free(c->sets[kind]);
  g_free(c->error);
  g_free(c);
}

static SgDirectionSet *
set_new(const Work *work, const char *method)
{
  g_autofree char *details = g_strdup_printf("%d faces", work->sample->n);

  return sg_direction_set_new(work->sample->w_dim, work->hash, method, details);
}

static SgDirectionSet *
set_of_pca(const Work *work, const SgPca *p, const char *method, const char *name)
{
  SgDirectionSet *set = set_new(work, method);

  sg_pca_name(p, COMPONENTS, name, set);
  for (guint k = 0; k < set->list->len; k++)
    ((SgNamedDirection *)set->list->pdata[k])->samples = work->sample->n;
  return set;
}

static SgDirectionSet *
set_of_sefa(const Work *work, const SgSefa *sefa)
{
  SgDirectionSet *set = set_new(work, "sefa");

  sg_sefa_name(sefa, COMPONENTS, "SeFa ", work->sample->moments, set);
  return set;
}

const SgPca *
vitrine_sample_pca(VitrineSample *s, int view, GError **error)
{
  g_mutex_lock(&s->lock);
  if (!s->pca[view] && s->moments)
    s->pca[view] = sg_pca_new(s->moments, view ? s->affines : NULL, error);
  else if (!s->moments)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                _("Components need LAPACK, which is not installed."));
  const SgPca *pca = s->pca[view];
  g_mutex_unlock(&s->lock);
  return pca;
}

static gboolean
find(const Work *work, VitrineComponentSets *out, GError **error)
{
  VitrineSample *s = work->sample;
  const SgPca *of_w = vitrine_sample_pca(s, 0, error);
  const SgPca *of_s = of_w ? vitrine_sample_pca(s, 1, error) : NULL;
  g_autoptr(SgSefa) sefa = of_s ? sg_sefa_new(s->affines, s->w_dim, error) : NULL;

  if (!sefa)
    return FALSE;
  out->sets[VITRINE_COMPONENTS_W] = set_of_pca(work, of_w, "pca-w", "W ");
  out->sets[VITRINE_COMPONENTS_STYLES] = set_of_pca(work, of_s, "pca-s", "S ");
  out->sets[VITRINE_COMPONENTS_SEFA] = set_of_sefa(work, sefa);
  for (int kind = 0; kind < VITRINE_N_COMPONENTS; kind++)
    if (out->sets[kind]->list->len > 0)
      vitrine_direction_files_keep_components(out->sets[kind], work->hash, kind);
  return TRUE;
}

/* What takes a moment, and what pointing at a spot needs of every channel at once. */
static void
find_sigmas(VitrineSample *s, const SgMoments *m)
{
  g_autofree double *along = g_new(double, s->w_dim);

  s->sigmas = g_ptr_array_new_with_free_func(g_free);
  for (guint k = 0; k < s->affines->len; k++) {
    const SgAffine *a = s->affines->pdata[k];
    double *sigma = g_new(double, MAX(a->rows, 1));
    for (int r = 0; r < a->rows; r++) {
      const float *row = a->a + (gsize)r * (gsize)s->w_dim;
      for (int i = 0; i < s->w_dim; i++)
        along[i] = (double)row[i];
      sigma[r] = sg_moments_sigma(m, along);
    }
    g_ptr_array_add(s->sigmas, sigma);
  }
}

static void
work_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Work *work = data;
  VitrineSample *s = work->sample;
  VitrineComponentSets *out = g_new0(VitrineComponentSets, 1);
  g_autoptr(GError) error = NULL;

  s->gauge = sg_gauge_of(s->w_dim, (gsize)s->n, s->w, &error);
  if (s->gauge)
    find_sigmas(s, s->gauge->moments);
  s->moments = s->gauge ? s->gauge->moments : NULL;
  if (!s->gauge || (work->components && !find(work, out, &error)))
    out->error = g_strdup(error->message);
  g_task_return_pointer(task, out, (GDestroyNotify)vitrine_component_sets_free);
}

void
vitrine_sample_work(VitrineSample *s, const char *hash, gboolean components,
                    GCancellable *cancellable, GAsyncReadyCallback done, gpointer data)
{
  g_autoptr(GTask) task = g_task_new(NULL, cancellable, done, data);
  Work *work = g_new0(Work, 1);

  work->sample = vitrine_sample_ref(s);
  work->hash = g_strdup(hash);
  work->components = components;
  g_task_set_task_data(task, work, work_free);
  g_task_run_in_thread(task, work_thread);
}

VitrineComponentSets *
vitrine_sample_work_finish(GAsyncResult *result)
{
  return g_task_propagate_pointer(G_TASK(result), NULL);
}
