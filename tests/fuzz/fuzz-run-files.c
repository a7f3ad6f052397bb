/* The small files of a run directory that anybody may have written: options (ours or NVlabs'),
 * log, metric files. */
#include "engine/runs/run-reader-private.h"
#include "tests/fuzz/files.h"
#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void
read_options(const char *path)
{
  SgRunOptions *o = sg_run_options_read(path);

  g_assert_true(o->batch >= 0 && o->resolution >= 0 && o->snap >= 0 && o->images >= 0);
  g_assert_true(!o->data || g_utf8_validate(o->data, -1, NULL));
  sg_run_options_free(o);
}

static void
read_log(const char *path)
{
  g_autofree char *tail = sg_run_log_tail(path, 20), *head = sg_run_log_head(path, 100);
  g_autofree char *line = sg_run_last_line(tail), *reason = sg_run_log_reason(tail);

  g_assert_true(g_utf8_validate(tail, -1, NULL) && g_utf8_validate(head, -1, NULL));
  g_assert_null(strchr(line, '\n'));
  sg_run_log_end(tail);
}

static void
read_metrics(const char *path)
{
  g_autoptr(GHashTable) all = sg_run_metrics_read(path);
  GHashTableIter iter;
  gpointer s;
  double x, y, last;

  g_hash_table_iter_init(&iter, all);
  while (g_hash_table_iter_next(&iter, NULL, &s)) {
    last = -INFINITY;
    for (gsize i = 0; sg_series_point(s, i, &x, &y); i++) {
      g_assert_cmpfloat(x, >, last);
      last = x;
    }
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_autofree char *path = fuzz_put("file", data, size);

  read_options(path);
  read_log(path);
  read_metrics(path);
  return 0;
}
