#include "app/work/vitrine-weight-data.h"
#include <math.h>
#include <string.h>

#define SIGMAS 4 /* how far histograms reach */

static void
record_free(gpointer data)
{
  VitrineWeightRecord *record = data;

  g_free(record->name);
  sg_tensor_unref(record->tensor);
  g_free(record);
}

static void
add_records(VitrineWeightData *data, const char *prefix, const SgNetwork *n, GArray *layers)
{
  guint next = 0;

  for (guint i = 0; i < data->model->names->len; i++) {
    const char *name = data->model->names->pdata[i];
    SgTensor *t = sg_model_tensor(data->model, "", name);
    if (!g_str_has_prefix(name, prefix) || t->numel == 0)
      continue;
    VitrineWeightRecord *record = g_new0(VitrineWeightRecord, 1);
    record->name = g_strdup(name);
    record->tensor = sg_tensor_ref(t);
    record->layer.scale = 1;
    record->param = sg_network_find(n, name + strlen(prefix));
    record->sigma = record->param ? record->param->std : 0;
    record->group = record->param ? sg_network_layer(n, record->param->layer)->block : "";
    if (layers && next < layers->len && g_array_index(layers, SgWeightLayer, next).tensor == t) {
      record->prunable = TRUE;
      record->layer = g_array_index(layers, SgWeightLayer, next++);
    }
    g_ptr_array_add(data->records, record);
  }
}

VitrineWeightData *
vitrine_weight_data_new(SgModel *model)
{
  VitrineWeightData *data = g_new0(VitrineWeightData, 1);
  g_autoptr(GArray) layers = sg_weight_layers(model);
  double squares = 0, n = 0;

  g_atomic_ref_count_init(&data->ref);
  data->model = sg_model_ref(model);
  data->records = g_ptr_array_new_with_free_func(record_free);
  add_records(data, sg_model_generator_prefix(model), sg_model_generator(model), layers);
  if (model->info.has_d)
    add_records(data, "D.", sg_model_discriminator(model), NULL);
  for (guint i = 0; i < data->records->len; i++) {
    const VitrineWeightRecord *r = data->records->pdata[i];
    double sigma = r->sigma * r->layer.scale;
    squares += r->prunable ? sigma * sigma * (double)r->tensor->numel : 0;
    n += r->prunable ? (double)r->tensor->numel : 0;
  }
  data->effective_range = n > 0 ? SIGMAS * sqrt(squares / n) : SIGMAS;
  return data;
}

VitrineWeightData *
vitrine_weight_data_ref(VitrineWeightData *data)
{
  g_atomic_ref_count_inc(&data->ref);
  return data;
}

void
vitrine_weight_data_unref(VitrineWeightData *data)
{
  if (!data || !g_atomic_ref_count_dec(&data->ref))
    return;
  g_ptr_array_unref(data->records);
  sg_model_unref(data->model);
  g_free(data);
}

/* ---- measuring --------------------------------------------------------------------------- */

static void
measure(const VitrineWeightData *data, VitrineWeightRecord *r)
{
  const SgTensor *t = r->tensor;
  double reach = data->effective_range / r->layer.scale;

  r->stats = sg_weight_stats_measure(t->data, t->numel);
  r->low = r->sigma > 0 ? -SIGMAS * r->sigma : r->stats.min;
  r->high = r->sigma > 0 ? SIGMAS * r->sigma : r->stats.max;
  if (!(r->low < r->high)) { /* one value, or none that is finite */
    double middle = isfinite(r->low) ? r->low : 0, room = MAX(fabs(middle) / 2, 0.5);
    r->low = middle - room;
    r->high = middle + room;
  }
  const double low[] = {r->low, -SIGMAS, -reach}, high[] = {r->high, SIGMAS, reach};
  for (int i = 0; i < VITRINE_N_WEIGHT_RANGES; i++)
    if (i == VITRINE_WEIGHT_OWN || r->prunable || r->sigma > 0)
      r->outside[i] = sg_weight_histogram(t->data, t->numel, low[i], high[i], VITRINE_WEIGHT_BINS,
                                          r->counts[i]);
}

typedef struct {
  VitrineWeightData *data;
  guint next;
  GArray *indices; /* counting */
  SgPrune prune;
  guint64 removed;
} Job;

static void
job_free(gpointer user_data)
{
  Job *job = user_data;

  vitrine_weight_data_unref(job->data);
  g_clear_pointer(&job->indices, g_array_unref);
  sg_prune_clear(&job->prune);
  g_free(job);
}

/* The news pass a lock: what is written here is seen there. */
static gboolean
measure_step(gpointer user_data, SgRenderer *renderer, gpointer *news)
{
  Job *job = user_data;

  if (job->next >= job->data->records->len)
    return FALSE;
  measure(job->data, job->data->records->pdata[job->next++]);
  *news = GUINT_TO_POINTER(job->next);
  return job->next < job->data->records->len;
}

/* Weights below the threshold, layer after layer. */
static gboolean
count_step(gpointer user_data, SgRenderer *renderer, gpointer *news)
{
  Job *job = user_data;

  if (job->next < job->indices->len) {
    guint index = g_array_index(job->indices, guint, job->next++);
    const VitrineWeightRecord *r = job->data->records->pdata[index];
    if (r->prunable)
      job->removed += r->tensor->numel - sg_prune_remaining(&r->layer, &job->prune);
    return TRUE;
  }
  *news = g_memdup2(&job->removed, sizeof job->removed);
  return FALSE;
}

typedef void (*NewsFunc)(gpointer news, gboolean finished, gpointer user_data);

/* Classes must outlive their tasks: one for each function that is ever given, few. */
static const VitrineTaskClass *
class_for(GHashTable **classes, NewsFunc news, const VitrineTaskClass *like)
{
  if (!*classes)
    *classes = g_hash_table_new(NULL, NULL);
  VitrineTaskClass *class = g_hash_table_lookup(*classes, (gpointer)news);
  if (!class) {
    class = g_memdup2(like, sizeof *like);
    class->news = news;
    g_hash_table_insert(*classes, (gpointer)news, class);
  }
  return class;
}

guint
vitrine_weight_data_measure(VitrineWeightData *data, VitrineSession *session, NewsFunc news,
                            gpointer user_data)
{
  static GHashTable *classes;
  static const VitrineTaskClass like = {
      .urgent = TRUE, .step = measure_step, .free_data = job_free};
  Job *job = g_new0(Job, 1);

  job->data = vitrine_weight_data_ref(data);
  return vitrine_view_start_task(vitrine_session_get_view(session),
                                 class_for(&classes, news, &like), job, user_data);
}

guint
vitrine_weight_data_count(VitrineWeightData *data, VitrineSession *session, const GArray *indices,
                          const SgPrune *prune, NewsFunc news, gpointer user_data)
{
  static GHashTable *classes;
  static const VitrineTaskClass like = {
      .urgent = TRUE, .step = count_step, .free_news = g_free, .free_data = job_free};
  Job *job = g_new0(Job, 1);

  job->data = vitrine_weight_data_ref(data);
  job->indices = g_array_copy((GArray *)indices);
  sg_prune_copy(&job->prune, prune);
  return vitrine_view_start_task(vitrine_session_get_view(session),
                                 class_for(&classes, news, &like), job, user_data);
}

char *
vitrine_weight_data_csv(SgModel *model, int bins)
{
  GString *csv = g_string_new(NULL);

  sg_weight_csv_header(csv, bins);
  for (guint i = 0; i < model->names->len; i++) {
    const char *name = model->names->pdata[i];
    sg_weight_csv_row(csv, name, sg_model_tensor(model, "", name), bins);
  }
  return g_string_free(csv, FALSE);
}

/* ---- several together -------------------------------------------------------------------- */

static const VitrineWeightRecord *
record_at(const VitrineWeightData *data, const GArray *indices, guint i)
{
  return data->records->pdata[g_array_index(indices, guint, i)];
}

/* Records that may share a histogram over their own range. */
static gboolean
alike(const VitrineWeightData *data, const GArray *indices)
{
  const VitrineWeightRecord *first = record_at(data, indices, 0);

  for (guint i = 1; i < indices->len; i++) {
    const VitrineWeightRecord *r = record_at(data, indices, i);
    if (r->low != first->low || r->high != first->high || r->layer.scale != first->layer.scale)
      return FALSE;
  }
  return TRUE;
}

gboolean
vitrine_weight_data_sum(const VitrineWeightData *data, const GArray *indices, gboolean effective,
                        VitrineWeightSum *sum)
{
  memset(sum, 0, sizeof *sum);
  sum->stats = sg_weight_stats_none();
  for (guint i = 0; i < indices->len; i++)
    if (!record_at(data, indices, i)->measured)
      return FALSE;
  if (indices->len == 0)
    return FALSE;
  const VitrineWeightRecord *first = record_at(data, indices, 0);
  gboolean own = alike(data, indices);
  int range = own         ? VITRINE_WEIGHT_OWN
              : effective ? VITRINE_WEIGHT_EFFECTIVE
                          : VITRINE_WEIGHT_NORMAL;
  double scale = own && effective ? first->layer.scale : 1;
  double reach = effective ? data->effective_range : SIGMAS;
  sum->low = own ? first->low * scale : -reach;
  sum->high = own ? first->high * scale : reach;
  sum->sigma = own ? first->sigma * scale : reach / SIGMAS;
  for (guint i = 0; i < indices->len; i++) {
    const VitrineWeightRecord *r = record_at(data, indices, i);
    SgWeightStats stats = r->stats;
    double factor = effective ? r->layer.scale : 1;
    stats.min *= factor;
    stats.max *= factor;
    stats.mean *= factor;
    stats.std *= factor;
    sg_weight_stats_add(&sum->stats, &stats);
    sum->outside += r->outside[range];
    for (int b = 0; b < VITRINE_WEIGHT_BINS; b++)
      sum->counts[b] += r->counts[range][b];
  }
  return TRUE;
}

double
vitrine_weight_data_threshold(const VitrineWeightData *data, const GArray *indices,
                              gboolean effective, const SgPrune *prune)
{
  double common = NAN;

  for (guint i = 0; i < indices->len; i++) {
    const VitrineWeightRecord *r = record_at(data, indices, i);
    if (!r->prunable)
      return NAN;
    double t = sg_prune_stored_threshold(&r->layer, prune) * (effective ? r->layer.scale : 1);
    if (i > 0 && fabs(t - common) > 1e-9 * fabs(t))
      return NAN;
    common = t;
  }
  return common;
}
