/* vitrine metrics --run: the snapshots of a training, one after the other, also while it trains. */
#include "app/cli/metrics.h"
#include "engine/base/visible.h"
#include "engine/formats/format-error.h"
#include "engine/record/metric-file.h"
#include "engine/runs/run-reader.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define LOOK_SECONDS 2
#define LOWEST       19

/* The data set of the run's own options, or NULL; to be freed. */
static char *
data_of(SgRunReader *r)
{
  g_autoptr(GHashTable) options = sg_run_reader_options(r);
  const char *data = g_hash_table_lookup(options, "data");

  return data && g_file_test(data, G_FILE_TEST_EXISTS) ? g_strdup(data) : NULL;
}

/* Those of the list that the snapshot has not been measured by; NULL-terminated, to be freed. */
static const SgMetric **
left_of(const SgMetric *const *list, const char *run, const char *snapshot)
{
  GPtrArray *left = g_ptr_array_new();

  for (guint i = 0; list[i]; i++)
    if (!sg_metric_file_has(run, list[i], snapshot))
      g_ptr_array_add(left, (gpointer)list[i]);
  g_ptr_array_add(left, NULL);
  return (const SgMetric **)g_ptr_array_free(left, FALSE);
}

static gboolean
keep(const CliMetricsJob *job, const char *run, const char *snapshot, double seconds,
     GError **error)
{
  for (guint i = 0; job->metrics[i]; i++) {
    if (!sg_metric_file_append(run, job->metrics[i], snapshot, &job->results[i], seconds, error))
      return FALSE;
    printf("%s: %s %.6g\n", snapshot, job->metrics[i]->name, job->results[i].value);
  }
  fflush(stdout);
  return TRUE;
}

/* One snapshot by those that are left. One that has gone meanwhile is nothing to speak of. */
static gboolean
measure_snapshot(const CliMetricsOptions *opt, const SgMetric **left, const char *path,
                 GError **error)
{
  CliMetricsOptions own = *opt;
  CliMetricsJob job = {.opt = &own, .metrics = left};
  g_autofree char *snapshot = g_path_get_basename(path);
  gint64 start = g_get_monotonic_time();
  g_autoptr(GError) why = NULL;

  own.network = (char *)path;
  gboolean ok = cli_metrics_open(&job, &why) && cli_metrics_measure(&job, &why) &&
                keep(&job, opt->run, snapshot,
                     (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC, &why);
  cli_metrics_close(&job);
  g_free(job.results);
  if (!ok && g_file_test(path, G_FILE_TEST_EXISTS))
    g_propagate_error(error, g_steal_pointer(&why));
  return ok || !*error;
}

static gboolean
measure_all(SgRunReader *r, const CliMetricsOptions *opt, const SgMetric *const *list,
            GError **error)
{
  g_autoptr(GPtrArray) snapshots = sg_run_reader_snapshots(r);

  for (guint i = 0; i < snapshots->len; i++) {
    const SgRunFile *f = snapshots->pdata[i];
    g_autofree char *name = g_path_get_basename(f->path);
    g_autofree const SgMetric **left = left_of(list, opt->run, name);
    if (*left && !measure_snapshot(opt, left, f->path, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
goes_on(SgRunReader *r)
{
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  return s->state == SG_RUN_RUNNING || s->state == SG_RUN_PAUSED;
}

gboolean
cli_metrics_run(const CliMetricsOptions *opt, GError **error)
{
  g_autofree const SgMetric **list = cli_metrics_list(opt);
  g_autoptr(SgRunReader) r = sg_run_reader_new(opt->run, error);
  g_autofree char *data = NULL;
  CliMetricsOptions own = *opt;
  gboolean more = TRUE, ok = TRUE;

  if (!r)
    return FALSE;
  if (opt->watch)
    setpriority(PRIO_PROCESS, 0, LOWEST);
  while (ok && more) {
    gboolean rest = TRUE;
    while (rest)
      sg_run_reader_poll(r, 0, &rest);
    if (!own.data)
      own.data = data = data_of(r);
    /* The order counts: what was written before the end is there after it. */
    more = opt->watch && goes_on(r);
    ok = measure_all(r, &own, list, error);
    if (ok && more)
      g_usleep(LOOK_SECONDS * G_USEC_PER_SEC);
  }
  return ok;
}
