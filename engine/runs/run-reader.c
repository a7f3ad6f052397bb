/* A run directory under one lock: what run-reader-poll.c finds is handed out in copies. */
#include "engine/runs/run-reader-private.h"
#include <math.h>
#include <string.h>

static void
series_free(gpointer s)
{
  sg_series_unref(s);
}

/* ---- making ---------------------------------------------------------------------------------- */

static gboolean
has(const char *dir, const char *name)
{
  g_autofree char *path = g_build_filename(dir, name, NULL);
  return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

gboolean
sg_run_reader_recognises(const char *path)
{
  if (has(path, "training_options.json") || has(path, "stats.jsonl") || has(path, "log.txt"))
    return TRUE;
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  guint n = 0;
  for (const char *name; dir && n++ < 10000 && (name = g_dir_read_name(dir));)
    if (g_str_has_prefix(name, "network-snapshot-"))
      return TRUE;
  return FALSE;
}

SgRunReader *
sg_run_reader_new(const char *path, GError **error)
{
  if (!sg_run_reader_recognises(path)) {
    g_set_error(error, G_FILE_ERROR,
                g_file_test(path, G_FILE_TEST_IS_DIR) ? G_FILE_ERROR_INVAL : G_FILE_ERROR_NOENT,
                "%s: not a run directory: expected one with training_options.json, stats.jsonl, "
                "log.txt or network-snapshot-*, found %s",
                path, g_file_test(path, G_FILE_TEST_IS_DIR) ? "none of them" : "no directory");
    return NULL;
  }
  SgRunReader *r = g_new0(SgRunReader, 1);
  g_autofree char *stats = g_build_filename(path, "stats.jsonl", NULL);
  r->path = g_canonicalize_filename(path, NULL);
  r->name = g_filename_display_basename(r->path);
  r->file = sg_stats_file_new(stats);
  r->metric_stamps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_mutex_init(&r->lock);
  r->table = sg_stats_table_new();
  r->metrics = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, series_free);
  r->options = sg_run_options_read("");
  r->log = g_strdup("");
  r->advice = g_ptr_array_new();
  r->answer = (SgRunAnswer){FALSE, FALSE, FALSE, NULL, NAN, NAN, NAN, NAN, 0};
  r->status.state = SG_RUN_FOREIGN;
  return r;
}

void
sg_run_reader_free(SgRunReader *r)
{
  if (!r)
    return;
  sg_stats_file_free(r->file);
  sg_stats_file_free(r->file_anew);
  sg_stats_table_free(r->anew);
  sg_stats_table_free(r->table);
  g_hash_table_unref(r->metric_stamps);
  g_hash_table_unref(r->metrics);
  sg_run_files_free(r->files);
  sg_run_options_free(r->options);
  g_ptr_array_unref(r->advice);
  g_mutex_clear(&r->lock);
  g_free(r->answer.waiting);
  g_free(r->log);
  g_free(r->path);
  g_free(r->name);
  g_free(r);
}

/* ---- copies ---------------------------------------------------------------------------------- */

SgRunStatus *
sg_run_reader_status(SgRunReader *r)
{
  SgRunStatus *s = g_new(SgRunStatus, 1);

  g_mutex_lock(&r->lock);
  *s = r->status;
  s->path = g_strdup(r->path);
  s->name = g_strdup(r->name);
  s->data = g_strdup(r->options->data ? r->options->data : "");
  s->program = g_strdup(sg_run_reader_is_ours(r) ? "Vitrine" : "NVlabs");
  g_mutex_unlock(&r->lock);
  return s;
}

void
sg_run_status_free(SgRunStatus *s)
{
  if (!s)
    return;
  g_free(s->path);
  g_free(s->name);
  g_free(s->data);
  g_free(s->program);
  g_free(s);
}

static int
by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_names(GPtrArray *to, GHashTable *from, GHashTable *but)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init(&iter, from);
  while (g_hash_table_iter_next(&iter, &name, NULL))
    if (!but || !g_hash_table_contains(but, name))
      g_ptr_array_add(to, g_strdup(name));
}

char **
sg_run_reader_tags(SgRunReader *r)
{
  GPtrArray *names = g_ptr_array_new();

  g_mutex_lock(&r->lock);
  add_names(names, r->table->tags, NULL);
  add_names(names, r->metrics, r->table->tags);
  g_mutex_unlock(&r->lock);
  g_ptr_array_sort(names, by_text);
  g_ptr_array_add(names, NULL);
  return (char **)g_ptr_array_free(names, FALSE);
}

SgSeries *
sg_run_reader_series(SgRunReader *r, const char *tag)
{
  g_mutex_lock(&r->lock);
  SgSeries *s = sg_run_reader_find(r, tag);
  if (s)
    sg_series_ref(s);
  g_mutex_unlock(&r->lock);
  return s;
}

SgSeries *
sg_run_reader_deviation(SgRunReader *r, const char *tag)
{
  g_mutex_lock(&r->lock);
  const SgStatsTag *t = sg_stats_table_tag(r->table, tag);
  SgSeries *s = t && t->deviation ? sg_series_ref(t->deviation) : NULL;
  g_mutex_unlock(&r->lock);
  return s;
}

static void
file_free(gpointer f)
{
  sg_run_file_free(f);
}

static GPtrArray *
copy_files(SgRunReader *r, gboolean grids)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func(file_free);

  g_mutex_lock(&r->lock);
  const GPtrArray *files = !r->files ? NULL : grids ? r->files->grids : r->files->snapshots;
  for (guint i = 0; files && i < files->len; i++)
    g_ptr_array_add(copies, sg_run_file_copy(files->pdata[i]));
  g_mutex_unlock(&r->lock);
  return copies;
}

GPtrArray *
sg_run_reader_grids(SgRunReader *r)
{
  return copy_files(r, TRUE);
}

GPtrArray *
sg_run_reader_snapshots(SgRunReader *r)
{
  return copy_files(r, FALSE);
}

char *
sg_run_reader_reals(SgRunReader *r)
{
  g_mutex_lock(&r->lock);
  char *path = g_strdup(r->files ? r->files->reals : NULL);
  g_mutex_unlock(&r->lock);
  return path;
}

GPtrArray *
sg_run_reader_legs(SgRunReader *r)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func(g_free);

  g_mutex_lock(&r->lock);
  int batch = r->options->batch;
  for (guint i = 0; i < r->table->legs->len; i++) {
    SgRunLeg *leg = g_new(SgRunLeg, 1);
    *leg = g_array_index(r->table->legs, SgRunLeg, i);
    double iterations = batch > 0 ? (leg->to_kimg - leg->from_kimg) * 1000 / batch : 0;
    leg->iterations = iterations > 0 && iterations < 1e18 ? (guint64)llround(iterations) : 0;
    g_ptr_array_add(copies, leg);
  }
  g_mutex_unlock(&r->lock);
  return copies;
}

static void
histogram_free(gpointer h)
{
  sg_run_histogram_free(h);
}

GPtrArray *
sg_run_reader_histograms(SgRunReader *r, const char *which)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func(histogram_free);

  g_mutex_lock(&r->lock);
  const GPtrArray *all = g_str_equal(which, "fake") ? r->table->fake : r->table->real;
  for (guint i = 0; i < all->len; i++) {
    SgRunHistogram *h = g_memdup2(all->pdata[i], sizeof(SgRunHistogram));
    h->counts = g_memdup2(h->counts, h->bins * sizeof(double));
    g_ptr_array_add(copies, h);
  }
  g_mutex_unlock(&r->lock);
  return copies;
}

static void
advice_free(gpointer a)
{
  sg_advice_free(a);
}

GPtrArray *
sg_run_reader_advice(SgRunReader *r)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func(advice_free);

  g_mutex_lock(&r->lock);
  for (guint i = 0; i < r->advice->len; i++)
    g_ptr_array_add(copies, sg_advice_copy(r->advice->pdata[i]));
  g_mutex_unlock(&r->lock);
  return copies;
}

char *
sg_run_reader_log(SgRunReader *r, guint lines)
{
  g_mutex_lock(&r->lock);
  char *log = g_strdup(sg_run_last_lines(r->log, strlen(r->log), lines));
  g_mutex_unlock(&r->lock);
  return log;
}

GHashTable *
sg_run_reader_options(SgRunReader *r)
{
  GHashTable *copy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer name, value;

  g_mutex_lock(&r->lock);
  g_hash_table_iter_init(&iter, r->options->texts);
  while (g_hash_table_iter_next(&iter, &name, &value))
    g_hash_table_insert(copy, g_strdup(name), g_strdup(value));
  g_mutex_unlock(&r->lock);
  return copy;
}
