#include "engine/record/metric-file.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "engine/formats/read-file.h"
#include "engine/formats/writer.h"
#include "engine/record/run-dir-private.h"

#define MOST (16 << 20) /* bytes of such a file that are looked at */

static char *
file_of(const char *run_dir, const SgMetric *m)
{
  g_autofree char *name = g_strdup_printf("metric-%s.jsonl", m->name);
  return g_build_filename(run_dir, name, NULL);
}

gboolean
sg_metric_file_has(const char *run_dir, const SgMetric *m, const char *snapshot)
{
  g_autofree char *path = file_of(run_dir, m);
  g_autofree char *wanted = g_strdup_printf("\"snapshot_pkl\": \"%s\"", snapshot);
  gsize n = 0;
  g_autofree char *text =
      g_file_test(path, G_FILE_TEST_IS_REGULAR) ? sg_read_file(path, MOST, &n, NULL) : NULL;

  return text && g_strstr_len(text, (gssize)n, wanted);
}

static char *
line_of(const SgMetric *m, const char *snapshot, const SgMetricResult *result, double seconds)
{
  json_t *results = json_object();

  json_object_set_new(results, m->name, json_real(result->value));
  for (int i = 0; i < result->n; i++) {
    g_autofree char *name = g_strdup_printf("%s/%s", m->name, result->parts[i].name);
    json_object_set_new(results, name, json_real(result->parts[i].value));
  }
  json_t *line = json_pack("{s:o, s:s, s:f, s:s, s:f}", "results", results, "metric", m->name,
                           "total_time", seconds, "snapshot_pkl", snapshot, "timestamp",
                           (double)g_get_real_time() / G_USEC_PER_SEC);
  char *text = line ? json_dumps(line, 0) : NULL;
  char *whole = text ? g_strconcat(text, "\n", NULL) : NULL;
  free(text);
  json_decref(line);
  return whole;
}

gboolean
sg_metric_file_append(const char *run_dir, const SgMetric *m, const char *snapshot,
                      const SgMetricResult *result, double seconds, GError **error)
{
  g_autofree char *path = file_of(run_dir, m);
  g_autofree char *line = line_of(m, snapshot, result, seconds);
  g_autoptr(SgAppend) a = line ? sg_append_open(path, FALSE, error) : NULL;

  if (!line)
    return sg_file_failed(error, path, "a result that is no number");
  return a && sg_append_record(a, line, strlen(line), error) && sg_append_flush(a, TRUE, error);
}
