/* vitrine runs: what became of trainings. */
#include "app/cli/cli.h"
#include "app/cli/runs.h"
#include "engine/base/visible.h"
#include "engine/metrics/metric.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what both commands say ------------------------------------------------------------------ */

SgRunReader *
cli_read_run(const char *path, GError **error)
{
  SgRunReader *r = sg_run_reader_new(path, error);
  gboolean more = r != NULL;

  while (more)
    sg_run_reader_poll(r, 0, &more);
  return r;
}

char *
cli_time_text(double seconds)
{
  if (!(seconds >= 0) || seconds > 1e9)
    return g_strdup("-");
  guint64 s = (guint64)llround(seconds);
  guint days = (guint)(s / 86400), hours = (guint)(s / 3600 % 24), minutes = (guint)(s / 60 % 60);
  if (days > 0)
    return g_strdup_printf("%ud %02uh %02um", days, hours, minutes);
  if (hours > 0)
    return g_strdup_printf("%uh %02um", hours, minutes);
  return minutes > 0 ? g_strdup_printf("%um %02us", minutes, (guint)(s % 60))
                     : g_strdup_printf("%us", (guint)s);
}

gboolean
cli_last_value(SgSeries *s, double *kimg, double *value)
{
  for (gsize n = s ? sg_series_length(s) : 0; n-- > 0;)
    if (sg_series_point(s, n, kimg, value) && isfinite(*value))
      return TRUE;
  return FALSE;
}

/* ---- one run --------------------------------------------------------------------------------- */

typedef struct {
  SgRunStatus *status;
  GPtrArray *advice;
  char *metric; /* "fid50k_full", or NULL */
  double metric_kimg, metric_value;
} Row;

static void
row_free(gpointer data)
{
  Row *row = data;
  sg_run_status_free(row->status);
  g_ptr_array_unref(row->advice);
  g_free(row->metric);
  g_free(row);
}

static void
take_metric(Row *row, SgRunReader *r)
{
  g_auto(GStrv) tags = sg_run_reader_tags(r);
  const char *tag = sg_metric_judge(tags);
  g_autoptr(SgSeries) s = tag ? sg_run_reader_series(r, tag) : NULL;

  if (cli_last_value(s, &row->metric_kimg, &row->metric_value))
    row->metric = g_strdup(tag + strlen("Metrics/"));
}

static Row *
read_row(const char *path, GError **error)
{
  g_autoptr(SgRunReader) r = cli_read_run(path, error);

  if (!r)
    return NULL;
  Row *row = g_new0(Row, 1);
  row->status = sg_run_reader_status(r);
  row->advice = sg_run_reader_advice(r);
  take_metric(row, r);
  return row;
}

/* ---- which ----------------------------------------------------------------------------------- */

static int
by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The runs directly below a directory, by name. */
static GPtrArray *
runs_in(const char *path, GError **error)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) dir = g_dir_open(path, 0, error);

  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    g_autofree char *one = g_build_filename(path, name, NULL);
    if (g_file_test(one, G_FILE_TEST_IS_DIR) && sg_run_reader_recognises(one))
      g_ptr_array_add(paths, g_steal_pointer(&one));
  }
  g_ptr_array_sort(paths, by_text);
  return paths;
}

/* A run, or a directory of runs. */
static gboolean
add_operand(GPtrArray *rows, const char *path, GError **error)
{
  GError *why = NULL;
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

  if (sg_run_reader_recognises(path)) {
    g_ptr_array_add(paths, g_strdup(path));
  } else {
    g_ptr_array_unref(g_steal_pointer(&paths));
    paths = runs_in(path, &why);
    if (!why && paths->len == 0)
      g_set_error(&why, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                  "%s: expected a run directory or a directory of them, found no run", path);
  }
  for (guint i = 0; !why && i < paths->len; i++) {
    Row *row = read_row(paths->pdata[i], &why);
    if (row)
      g_ptr_array_add(rows, row);
  }
  if (why)
    g_propagate_error(error, why);
  return why == NULL;
}

/* ---- the table ------------------------------------------------------------------------------- */

enum { NAME, STATE, KIMG, ETA, METRIC, ADVICE, COLUMNS };

static char *
kimg_text(const SgRunStatus *s)
{
  if (isnan(s->kimg))
    return g_strdup("-");
  return isnan(s->total_kimg) ? g_strdup_printf("%.1f", s->kimg)
                              : g_strdup_printf("%.1f of %g", s->kimg, s->total_kimg);
}

static char *
advice_ids(const GPtrArray *advice)
{
  GString *ids = g_string_new(NULL);

  for (guint i = 0; i < advice->len; i++)
    g_string_append_printf(ids, "%s%s", i > 0 ? ", " : "", ((SgAdvice *)advice->pdata[i])->id);
  return g_string_free(ids, FALSE);
}

static void
fill(const Row *row, char **cells)
{
  const SgRunStatus *s = row->status;

  cells[NAME] = sg_visible(s->name);
  cells[STATE] = g_strdup(sg_run_state_text(s->state));
  cells[KIMG] = kimg_text(s);
  cells[ETA] = cli_time_text(s->eta);
  cells[METRIC] =
      row->metric ? g_strdup_printf("%s %.2f", row->metric, row->metric_value) : g_strdup("-");
  cells[ADVICE] = advice_ids(row->advice);
}

static void
print_cells(char *const *cells, const int *widths)
{
  GString *line = g_string_new(NULL);

  for (int c = 0; c < COLUMNS; c++)
    g_string_append_printf(line, "%s%*s", cells[c],
                           widths[c] + 2 - (int)g_utf8_strlen(cells[c], -1), "");
  puts(g_strchomp(line->str));
  g_string_free(line, TRUE);
}

/* Each piece of advice once, below: whom it is for is in the table. */
static void
print_advice(const GPtrArray *rows)
{
  g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < rows->len; i++) {
    const Row *row = rows->pdata[i];
    for (guint k = 0; k < row->advice->len; k++) {
      const SgAdvice *a = row->advice->pdata[k];
      g_autofree char *text = sg_visible(a->text);
      char *all = g_strdup_printf("%s: %s %s", a->id, text, a->what_to_try);
      if (!g_hash_table_contains(said, all))
        printf("\n%s\n", all);
      g_hash_table_add(said, all);
    }
  }
}

static void
print_table(const GPtrArray *rows)
{
  static const char *const titles[COLUMNS] = {"run", "state", "kimg", "left", "metric", "advice"};
  g_autofree char **cells = g_new0(char *, (rows->len + 1) * COLUMNS);
  int widths[COLUMNS] = {0};

  for (int c = 0; c < COLUMNS; c++)
    cells[c] = g_strdup(titles[c]);
  for (guint i = 0; i < rows->len; i++)
    fill(rows->pdata[i], cells + (i + 1) * COLUMNS);
  for (guint i = 0; i < (rows->len + 1) * COLUMNS; i++)
    widths[i % COLUMNS] = MAX(widths[i % COLUMNS], (int)g_utf8_strlen(cells[i], -1));
  for (guint i = 0; i <= rows->len; i++)
    print_cells(cells + i * COLUMNS, widths);
  for (guint i = 0; i < (rows->len + 1) * COLUMNS; i++)
    g_free(cells[i]);
  print_advice(rows);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *
number(double v)
{
  return isfinite(v) ? json_real(v) : json_null();
}

static json_t *
text(const char *s)
{
  g_autofree char *valid = sg_valid(s);
  return json_string(valid);
}

static json_t *
advice_json(const GPtrArray *advice)
{
  static const char *const levels[] = {"note", "warning", "error"};
  json_t *all = json_array();

  for (guint i = 0; i < advice->len; i++) {
    const SgAdvice *a = advice->pdata[i];
    json_array_append_new(all,
                          json_pack("{s:s, s:s, s:o, s:o}", "id", a->id, "level", levels[a->level],
                                    "text", text(a->text), "what_to_try", text(a->what_to_try)));
  }
  return all;
}

static json_t *
row_json(const Row *row)
{
  const SgRunStatus *s = row->status;
  json_t *o =
      json_pack("{s:o, s:o, s:o, s:s, s:s}", "path", text(s->path), "name", text(s->name), "data",
                text(s->data), "program", s->program, "state", sg_run_state_text(s->state));

  json_object_set_new(o, "kimg", number(s->kimg));
  json_object_set_new(o, "total_kimg", number(s->total_kimg));
  json_object_set_new(o, "sec_per_kimg", number(s->sec_per_kimg));
  json_object_set_new(o, "eta_sec", number(s->eta));
  json_object_set_new(o, "batch", json_integer(s->batch));
  json_object_set_new(o, "resolution", json_integer(s->resolution));
  json_object_set_new(o, "rows", json_integer((json_int_t)s->rows));
  json_object_set_new(o, "bad_lines", json_integer((json_int_t)s->bad_lines));
  json_object_set_new(o, "newest", s->newest > 0 ? number(s->newest) : json_null());
  json_object_set_new(o, "pid", s->pid > 0 ? json_integer(s->pid) : json_null());
  json_object_set_new(o, "metric",
                      row->metric ? json_pack("{s:s, s:f, s:f}", "name", row->metric, "kimg",
                                              row->metric_kimg, "value", row->metric_value)
                                  : json_null());
  json_object_set_new(o, "advice", advice_json(row->advice));
  return o;
}

static void
print_json(const GPtrArray *rows)
{
  json_t *all = json_array();

  for (guint i = 0; i < rows->len; i++)
    json_array_append_new(all, row_json(rows->pdata[i]));
  char *dump = json_dumps(all, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
  puts(dump);
  free(dump);
  json_decref(all);
}

int
cli_runs(int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "everything known, as a JSON array", NULL}, {NULL}};
  const CliHelp help = {
      "[DIR|RUN…]", "Trainings: how far each is, what became of it, and what to know about it.",
      "RUN is a run directory of vitrine train or of NVlabs' stylegan2-ada-pytorch and stylegan3;\n"
      "of another DIR, by default this one, the runs directly in it are listed. States: running,\n"
      "paused, finished, stopped (asked to), diverged, died (killed or crashed), foreign (of "
      "another\nmachine or program: nobody here can tell). Nothing is ever written."};
  const char *command = argv[0];
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
  GError *error = NULL;

  if (!cli_parse(&argc, &argv, entries, &help, &error))
    return cli_finish(command, error);
  if (argc == 1)
    add_operand(rows, ".", &error);
  for (int i = 1; i < argc && !error; i++)
    add_operand(rows, argv[i], &error);
  if (!error && json)
    print_json(rows);
  else if (!error)
    print_table(rows);
  return cli_finish(command, error);
}
