/* A run's statistics: reading a long stats.jsonl for the first time, following it, and drawing a
 * curve of 5 million points. Prints milliseconds, min / median / max.
 *
 * bench-stats [ROUNDS [ROWS]]: 125000 rows of 40 tags are 5 million points, as NVlabs' program
 * writes them (17 digits, with deviations), 450 MB in a temporary folder. */
#include "engine/runs/run-reader.h"
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define TAGS  40
#define TEXTS 10007

static int
compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double
now(void)
{
  return (double)g_get_monotonic_time() / 1e3;
}

static void
report(const char *what, double *ms, int n)
{
  qsort(ms, (gsize)n, sizeof(double), compare);
  printf("%-44s %9.3f / %9.3f / %9.3f ms (%d)\n", what, ms[0], ms[n / 2], ms[n - 1], n);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void
write_row(FILE *f, char *const *texts, int row)
{
  static int next;

  fprintf(f, "{\"Progress/kimg\": {\"num\": 1, \"mean\": %.17g, \"std\": 0.0}, ",
          (row + 1) * 4.096);
  fprintf(f, "\"Timing/total_sec\": {\"num\": 1, \"mean\": %.17g, \"std\": 0.0}, ", row * 101.25);
  for (int i = 2; i < TAGS; i++)
    fprintf(f, "\"Loss/scores/layer%02d\": %s, ", i, texts[next++ % TEXTS]);
  fprintf(f, "\"timestamp\": %.17g}\n", 1.7e9 + row * 101.25);
}

static void
write_stats(const char *path, int rows)
{
  FILE *f = fopen(path, "w");
  GRand *rand = g_rand_new_with_seed(1);
  char *texts[TEXTS];

  if (!f)
    g_error("%s cannot be written", path);
  for (int i = 0; i < TEXTS; i++)
    texts[i] = g_strdup_printf("{\"num\": %d, \"mean\": %.17g, \"std\": %.17g}",
                               g_rand_int_range(rand, 1, 9000), g_rand_double_range(rand, -2, 2),
                               g_rand_double(rand));
  for (int row = 0; row < rows; row++)
    write_row(f, texts, row);
  if (fclose(f) != 0)
    g_error("%s cannot be written", path);
  for (int i = 0; i < TEXTS; i++)
    g_free(texts[i]);
  g_rand_free(rand);
}

static double
open_once(const char *dir, gboolean slices, double *longest)
{
  double start = now();
  g_autoptr(SgRunReader) r = sg_run_reader_new(dir, NULL);
  gboolean more = TRUE;

  while (more) {
    double slice = now();
    sg_run_reader_poll(r, slices ? 20 : 0, &more);
    *longest = MAX(*longest, now() - slice);
  }
  return now() - start;
}

static void
bench_open(const char *dir, int rounds)
{
  g_autofree double *ms = g_new(double, rounds), *slices = g_new(double, rounds),
                    *longest = g_new0(double, rounds);
  struct rusage before, after;
  double unused = 0;

  getrusage(RUSAGE_SELF, &before);
  for (int i = 0; i < rounds; i++) {
    ms[i] = open_once(dir, FALSE, &unused);
    if (i == 0)
      getrusage(RUSAGE_SELF, &after);
    slices[i] = open_once(dir, TRUE, &longest[i]);
  }
  report("first reading", ms, rounds);
  report("first reading in slices of 20 ms", slices, rounds);
  report("  longest slice", longest, rounds);
  printf("%-44s %9.1f MiB\n", "memory: peak of the process", (double)after.ru_maxrss / 1024);
  printf("%-44s %9.1f MiB\n", "  before", (double)before.ru_maxrss / 1024);
}

/* One row more, and what it takes to notice it. */
static void
bench_follow(const char *dir, const char *path)
{
  g_autoptr(SgRunReader) r = sg_run_reader_new(dir, NULL);
  double ms[200], idle[200];

  sg_run_reader_poll(r, 0, NULL);
  for (int i = 0; i < 200; i++) {
    FILE *f = fopen(path, "a");
    fprintf(f, "{\"Progress/kimg\": {\"num\": 1, \"mean\": %d.0, \"std\": 0.0}}\n", 1000000 + i);
    fclose(f);
    double start = now();
    if (!sg_run_reader_poll(r, 0, NULL))
      g_error("a new row was not noticed");
    ms[i] = now() - start;
    start = now();
    sg_run_reader_poll(r, 0, NULL);
    idle[i] = now() - start;
  }
  report("poll with one new row", ms, 200);
  report("poll with nothing new", idle, 200);
}

/* ---- one long curve -------------------------------------------------------------------------- */

static SgSeries *
long_curve(gsize n)
{
  SgSeries *s = sg_series_new();
  GRand *rand = g_rand_new_with_seed(2);
  double x[1000], y[1000], start = now();

  for (gsize i = 0; i < n; i += 1000) {
    for (gsize k = 0; k < 1000; k++)
      x[k] = (double)(i + k), y[k] = g_rand_double(rand);
    sg_series_append(s, 1000, x, y);
  }
  printf("%-44s %9.3f ms, %.1f bytes a point\n", "5 million points appended", now() - start,
         (double)sg_series_bytes(s) / (double)n);
  g_rand_free(rand);
  return s;
}

static void
bench_queries(SgSeries *s, gsize n, const char *what, double width)
{
  enum { COLUMNS = 2000, QUERIES = 1000 };
  g_autofree SgSeriesColumn *columns = g_new(SgSeriesColumn, COLUMNS);
  g_autofree double *ms = g_new(double, QUERIES);
  GRand *rand = g_rand_new_with_seed(3);
  SgSeriesColumn left, right;

  for (int i = 0; i < QUERIES; i++) {
    double w = width * (double)n, from = g_rand_double_range(rand, 0, (double)n - w + 1);
    double start = now();
    sg_series_query(s, from, from + w, COLUMNS, columns, &left, &right);
    ms[i] = now() - start;
  }
  report(what, ms, QUERIES);
  g_rand_free(rand);
}

static void
bench_curve(void)
{
  const gsize n = 5000000;
  g_autoptr(SgSeries) s = long_curve(n);
  double ms[20];

  bench_queries(s, n, "2000 columns over all points", 0.9999);
  bench_queries(s, n, "2000 columns over a third", 1 / 3.0);
  bench_queries(s, n, "2000 columns over a thousandth", 0.001);
  for (int i = 0; i < 20; i++) {
    double start = now();
    sg_series_set_smoothing(s, 0.5 + i / 50.0);
    ms[i] = now() - start;
  }
  report("another smoothing", ms, 20);
  bench_queries(s, n, "2000 smoothed columns over all points", 0.9999);
}

int
main(int argc, char **argv)
{
  int rounds = argc > 1 ? atoi(argv[1]) : 7, rows = argc > 2 ? atoi(argv[2]) : 125000;
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp("vitrine-bench-XXXXXX", &error);

  if (!dir || rounds < 1 || rows < 1) {
    fprintf(stderr, "bench-stats [ROUNDS [ROWS]]: %s\n",
            error ? error->message : "positive numbers");
    return 2;
  }
  g_autofree char *path = g_build_filename(dir, "stats.jsonl", NULL);
  write_stats(path, rows);
  bench_open(dir, rounds);
  bench_follow(dir, path);
  g_unlink(path);
  g_rmdir(dir);
  bench_curve();
  return 0;
}
