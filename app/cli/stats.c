/* vitrine stats: the statistics of one run, as a table or for other programs. */
#include "app/cli/cli.h"
#include "app/cli/runs.h"
#include "engine/base/visible.h"
#include "engine/metrics/metric.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static char *
date_text(double time)
{
  g_autoptr(GDateTime) date =
      time > 0 && time < 1e11 ? g_date_time_new_from_unix_local((gint64)time) : NULL;
  return date ? g_date_time_format(date, "%Y-%m-%d %H:%M") : g_strdup("-");
}

static void
print_summary(const SgRunStatus *s)
{
  g_autofree char *name = sg_visible(s->name), *data = sg_visible(s->data);

  printf("%s: %s", name, sg_run_state_text(s->state));
  if (isfinite(s->kimg))
    printf(" at %.3f kimg", s->kimg);
  if (isfinite(s->total_kimg))
    printf(" of %g", s->total_kimg);
  printf("; %s", s->program);
  if (*data)
    printf(", data %s", data);
  if (s->resolution > 0)
    printf(", %d pixels", s->resolution);
  if (s->batch > 0)
    printf(", batch %d", s->batch);
  putchar('\n');
  if (s->bad_lines > 0)
    printf("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " lines of stats.jsonl cannot be read\n",
           s->bad_lines, s->bad_lines + s->rows);
}

/* The paper's Table I: what the training was made of. */
static void
print_legs(SgRunReader *r)
{
  g_autoptr(GPtrArray) legs = sg_run_reader_legs(r);

  if (legs->len == 0)
    return;
  printf("\n%-4s %12s %12s %12s %14s  %s\n", "leg", "from kimg", "to kimg", "iterations", "time",
         "began");
  for (guint i = 0; i < legs->len; i++) {
    const SgRunLeg *leg = legs->pdata[i];
    g_autofree char *time = cli_time_text(leg->seconds), *began = date_text(leg->began);
    g_autofree char *iterations = leg->iterations > 0
                                      ? g_strdup_printf("%" G_GUINT64_FORMAT, leg->iterations)
                                      : g_strdup("-");
    printf("%-4u %12.3f %12.3f %12s %14s  %s\n", i + 1, leg->from_kimg, leg->to_kimg, iterations,
           time, began);
  }
}

static void
print_values(SgRunReader *r, char *const *tags)
{
  int width = 3;

  for (guint i = 0; tags[i]; i++)
    width = MAX(width, (int)g_utf8_strlen(tags[i], -1));
  printf("\ntag%*s %12s %14s %14s\n", width - 3, "", "kimg", "last", "deviation");
  for (guint i = 0; tags[i]; i++) {
    g_autoptr(SgSeries) mean = sg_run_reader_series(r, tags[i]);
    g_autoptr(SgSeries) deviation = sg_run_reader_deviation(r, tags[i]);
    g_autofree char *name = sg_visible(tags[i]), *std = g_strdup("-");
    double kimg, value, at, d;
    if (!cli_last_value(mean, &kimg, &value))
      continue;
    if (cli_last_value(deviation, &at, &d) && at == kimg) {
      g_free(std);
      std = g_strdup_printf("%.6g", d);
    }
    printf("%s%*s %12.3f %14.6g %14s\n", name, width - (int)g_utf8_strlen(tags[i], -1), "", kimg,
           value, std);
  }
}

static gboolean
check_tags(SgRunReader *r, char *const *tags, GError **error)
{
  g_auto(GStrv) all = sg_run_reader_tags(r);

  for (guint i = 0; tags[i]; i++)
    if (!g_strv_contains((const char *const *)all, tags[i])) {
      g_autofree char *known = g_strjoinv(", ", all);
      g_autofree char *plain = sg_visible(known);
      cli_set_usage_error(error, "--tags: expected some of %s; found \"%s\"",
                          *plain ? plain : "none, as this run has no statistics yet", tags[i]);
      return FALSE;
    }
  return TRUE;
}

static gboolean
stats(const char *path, const char *wanted, const char *csv, GError **error)
{
  g_autoptr(SgRunReader) r = cli_read_run(path, error);
  g_auto(GStrv) tags = !r ? NULL : wanted ? g_strsplit(wanted, ",", -1) : sg_run_reader_tags(r);

  if (!r || !check_tags(r, tags, error))
    return FALSE;
  if (csv)
    return sg_run_reader_write_csv(r, (const char *const *)tags, csv, error);
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  print_summary(s);
  print_legs(r);
  print_values(r, tags);
  return TRUE;
}

int
cli_stats(int argc, char **argv)
{
  g_autofree char *tags = NULL, *csv = NULL;
  const GOptionEntry entries[] = {
      {"tags", 0, 0, G_OPTION_ARG_STRING, &tags,
       "only these, as Loss/D/loss,Metrics/" SG_METRIC_DEFAULT, "A,B"},
      {"csv", 0, 0, G_OPTION_ARG_FILENAME, &csv, "write every row to a table instead", "FILE"},
      {NULL}};
  const CliHelp help = {
      "RUN", "The legs of a training and the last value of every statistic.",
      "A leg ends with a stop, a crash or the end; the next one resumes. Iterations are steps of\n"
      "batch pictures. The table of --csv has a column kimg and one for every tag; a value that\n"
      "was not measured, or is not a number, is empty. Curves have single precision."};
  const char *command = argv[0];
  GError *error = NULL;

  if (!cli_parse(&argc, &argv, entries, &help, &error))
    return cli_finish(command, error);
  if (argc != 2)
    cli_set_usage_error(&error, "expected one run directory");
  else
    stats(argv[1], tags, csv, &error);
  return cli_finish(command, error);
}
