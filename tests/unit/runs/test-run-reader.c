/* A run directory as both programs leave it, as it grows, and as it must not be. */
#include "engine/runs/run-reader.h"
#include "engine/runs/run-reader-private.h"
#include "tests/support/run-dir-support.h"
#include "tests/unit/runs/run-table.h"
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static SgRunReader *
open_reader(const char *path)
{
  g_autoptr(GError) error = NULL;
  SgRunReader *r = sg_run_reader_new(path, &error);
  g_assert_no_error(error);
  return r;
}

/* Everything there is. */
static gboolean
poll_all(SgRunReader *r)
{
  gboolean more = TRUE, changed = FALSE;
  while (more)
    changed = sg_run_reader_poll(r, 0, &more) || changed;
  return changed;
}

static void
put(const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(dir, name, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A row with the tags that everything here needs. */
static char *
row(double kimg, double total_sec, double loss)
{
  return g_strdup_printf("{\"Loss/D/loss\": {\"num\": 1, \"mean\": %.3f, \"std\": 0.0}, "
                         "\"Progress/kimg\": {\"num\": 1, \"mean\": %.3f, \"std\": 0.0}, "
                         "\"Timing/sec_per_kimg\": {\"num\": 1, \"mean\": 20.0, \"std\": 0.0}, "
                         "\"Timing/total_sec\": {\"num\": 1, \"mean\": %.3f, \"std\": 0.0}, "
                         "\"timestamp\": %.3f}\n",
                         loss, kimg, total_sec, 1e9 + total_sec);
}

static void
add_row(const char *dir, double kimg, double total_sec, double loss)
{
  g_autofree char *text = row(kimg, total_sec, loss);
  append_text(dir, "stats.jsonl", text);
}

static gsize
length_of(SgRunReader *r, const char *tag)
{
  g_autoptr(SgSeries) s = sg_run_reader_series(r, tag);
  return s ? sg_series_length(s) : 0;
}

static SgRunState
state_of(SgRunReader *r)
{
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  return s->state;
}

static guint64
rows_of(SgRunReader *r)
{
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  return s->rows;
}

/* ---- NVlabs' --------------------------------------------------------------------------------- */

static SgRunReader *
nvlabs(void)
{
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", "run-nvlabs", NULL);
  SgRunReader *r = open_reader(path);
  g_assert_true(poll_all(r));
  return r;
}

/* Every point of every curve and nothing else; in single precision. */
static void
test_nvlabs_curves(void)
{
  g_autoptr(SgRunReader) r = nvlabs();
  g_auto(GStrv) tags = sg_run_reader_tags(r);
  gsize points = 0;

  for (guint i = 0; i < G_N_ELEMENTS(run_values); i++) {
    const RunValue *v = &run_values[i];
    g_autoptr(SgSeries) s = sg_run_reader_series(r, v->tag);
    g_autoptr(SgSeries) d = sg_run_reader_deviation(r, v->tag);
    double x, y;
    g_assert_nonnull(s);
    g_assert_true(sg_series_nearest(s, v->kimg, &x, &y, NULL));
    g_assert_cmpfloat(x, ==, v->kimg);
    if (isnan(v->mean))
      g_assert_true(isnan(y));
    else
      g_assert_cmpfloat(y, ==, (double)(float)v->mean);
    if (d && !isnan(v->std)) {
      g_assert_true(sg_series_nearest(d, v->kimg, &x, &y, NULL));
      g_assert_cmpfloat(y, ==, (double)(float)v->std);
    } else {
      g_assert_true(isnan(v->std) || v->std == 0);
    }
  }
  for (guint i = 0; tags[i]; i++) {
    points += length_of(r, tags[i]);
    if (i > 0)
      g_assert_cmpstr(tags[i - 1], <, tags[i]);
  }
  g_assert_cmpuint(points, ==, G_N_ELEMENTS(run_values));
  g_assert_null(sg_run_reader_series(r, "timestamp"));
  g_autoptr(SgSeries) none = sg_run_reader_deviation(r, "Progress/kimg");
  g_assert_null(none);
}

static void
assert_files(GPtrArray *files, const char *const *names, const double *kimgs)
{
  for (guint i = 0; names[i]; i++) {
    g_assert_cmpuint(i, <, files->len);
    const SgRunFile *f = files->pdata[i];
    g_autofree char *name = g_path_get_basename(f->path);
    g_assert_cmpstr(name, ==, names[i]);
    g_assert_cmpfloat(f->kimg, ==, kimgs[i]);
  }
  g_assert_cmpuint(files->len, ==, g_strv_length((char **)names));
}

static void
test_nvlabs_rest(void)
{
  static const char *const grids[] = {"fakes_init.png", "fakes000000.png", "fakes000041.png",
                                      "fakes000082.png", NULL};
  static const char *const snapshots[] = {"network-snapshot-000000.pkl",
                                          "network-snapshot-000041.pkl",
                                          "network-snapshot-000082.pkl", NULL};
  static const double kimgs[] = {0, 0, 41, 82};
  g_autoptr(SgRunReader) r = nvlabs();
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  g_autoptr(GPtrArray) g = sg_run_reader_grids(r), n = sg_run_reader_snapshots(r);
  g_autoptr(GPtrArray) legs = sg_run_reader_legs(r);
  g_autofree char *reals = sg_run_reader_reals(r), *log = sg_run_reader_log(r, 2);
  g_autoptr(GHashTable) options = sg_run_reader_options(r);

  g_assert_cmpstr(s->name, ==, "run-nvlabs");
  g_assert_cmpstr(s->program, ==, "NVlabs");
  g_assert_cmpstr(s->data, ==, "/data/fac\u00e9s.zip");
  g_assert_cmpint(s->state, ==, SG_RUN_FOREIGN);
  g_assert_cmpfloat(s->kimg, ==, RUN_LAST_KIMG);
  g_assert_cmpfloat(s->total_kimg, ==, 1000);
  g_assert_cmpfloat(s->newest, ==, RUN_NEWEST);
  g_assert_cmpfloat(s->sec_per_kimg, ==, 28.25 / 4);
  g_assert_cmpfloat_with_epsilon(s->eta, (1000 - RUN_LAST_KIMG) * 28.25 / 4, 1e-6);
  g_assert_cmpint(s->batch, ==, 32);
  g_assert_cmpint(s->resolution, ==, 64);
  g_assert_cmpuint(s->rows, ==, RUN_LINES);
  g_assert_cmpuint(s->bad_lines, ==, 0);
  assert_files(g, grids, kimgs);
  assert_files(n, snapshots, kimgs + 1);
  g_assert_true(g_str_has_suffix(reals, "/reals.png"));
  g_assert_true(g_str_has_prefix(log, "tick 43 ") && strstr(log, "\ntick 44 "));
  g_assert_cmpstr(g_hash_table_lookup(options, "training_set_kwargs.resolution"), ==, "64");
  g_assert_cmpstr(g_hash_table_lookup(options, "G_kwargs.mapping_kwargs.num_layers"), ==, "8");
  g_assert_cmpstr(g_hash_table_lookup(options, "metrics"), ==, "[\"fid50k_full\"]");

  g_assert_cmpuint(legs->len, ==, 2);
  const SgRunLeg *a = legs->pdata[0], *b = legs->pdata[1];
  g_assert_cmpfloat(a->from_kimg, ==, 0);
  g_assert_cmpfloat(a->to_kimg, ==, RUN_FIRST_LEG_TO);
  g_assert_cmpuint(a->iterations, ==, RUN_FIRST_LEG_ITERATIONS);
  g_assert_cmpfloat_with_epsilon(a->seconds, RUN_FIRST_LEG_SEC, 1e-3);
  g_assert_cmpfloat_with_epsilon(a->began, 1600000000.0, 1e-3);
  g_assert_cmpfloat(b->from_kimg, ==, RUN_FIRST_LEG_TO);
  g_assert_cmpfloat(b->to_kimg, ==, RUN_LAST_KIMG);
  g_assert_cmpuint(b->iterations, ==, RUN_SECOND_LEG_ITERATIONS);
  g_assert_cmpfloat_with_epsilon(b->seconds, RUN_SECOND_LEG_SEC, 1e-3);
  g_assert_cmpfloat_with_epsilon(b->began, 1600100000.25, 1e-3);
}

/* ---- ours ------------------------------------------------------------------------------------ */

/* Written by what `vitrine train` writes with. */
static void
test_ours(void)
{
  g_autofree char *root = make_root();
  const float scores[] = {0.05f, 0.1f, 0.55f, 0.9f}, values[] = {1, 2, 3, 6};
  SgRunDir *dir = create_in(root);
  g_autofree char *path = g_strdup(sg_run_dir_path(dir));

  for (int i = 1; i <= 3; i++) {
    sg_run_dir_report_n(dir, "Loss/scores/real", values, 4);
    sg_run_dir_report(dir, "Timing/total_sec", 10 * i);
    if (i == 2) {
      sg_run_dir_report(dir, "Metrics/swd", 25.5);
      sg_run_dir_histogram(dir, "Scores/fake", scores, 4, 0, 1, 2);
      sg_run_dir_histogram(dir, "Scores/real", scores, 3, 0, 1, 5);
    }
    g_assert_true(sg_run_dir_tick(dir, 0.5 * i, NULL));
  }
  log_unseen(dir, "Data set:      /data/a: 7 images, b: 24 images, 8×8, 3 channels\n");
  sg_run_dir_free(dir);

  g_autoptr(SgRunReader) r = open_reader(path);
  g_assert_true(poll_all(r));
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  g_assert_cmpstr(s->program, ==, "Vitrine");
  g_assert_cmpuint(s->rows, ==, 3);
  g_assert_cmpint(s->batch, ==, 32);
  g_assert_cmpint(s->resolution, ==, 256);
  g_autoptr(SgSeries) mean = sg_run_reader_series(r, "Loss/scores/real");
  g_autoptr(SgSeries) deviation = sg_run_reader_deviation(r, "Loss/scores/real");
  double x, y;
  g_assert_true(sg_series_point(mean, 1, &x, &y));
  g_assert_true(x == 1 && y == 3);
  g_assert_true(sg_series_point(deviation, 2, &x, &y));
  g_assert_cmpfloat_with_epsilon(y, sqrt(3.5), 1e-6);
  g_assert_cmpuint(length_of(r, "Metrics/swd"), ==, 1);
  g_autoptr(GPtrArray) fake = sg_run_reader_histograms(r, "fake");
  g_autoptr(GPtrArray) real = sg_run_reader_histograms(r, "real");
  g_assert_cmpuint(fake->len, ==, 1);
  g_assert_cmpuint(real->len, ==, 1);
  const SgRunHistogram *h = fake->pdata[0], *k = real->pdata[0];
  g_assert_true(h->kimg == 1 && h->lo == 0 && h->hi == 1 && h->bins == 2);
  g_assert_true(h->counts[0] == 2 && h->counts[1] == 2);
  g_assert_true(k->bins == 5 && k->counts[0] == 2 && k->counts[2] == 1 && k->counts[4] == 0);
  /* 24 pictures and no ADA. */
  g_autoptr(GPtrArray) advice = sg_run_reader_advice(r);
  gboolean little = FALSE;
  for (guint i = 0; i < advice->len; i++) {
    const SgAdvice *a = advice->pdata[i];
    little = little || (g_str_equal(a->id, "little-data") && strstr(a->text, " 24 pictures"));
  }
  g_assert_true(little);
  remove_root(root);
}

/* ---- growing --------------------------------------------------------------------------------- */

static void
test_not_a_run(void)
{
  g_autofree char *root = make_root(), *gone = g_build_filename(root, "gone", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false(sg_run_reader_recognises(root));
  g_assert_null(sg_run_reader_new(root, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
  g_assert_nonnull(strstr(error->message, root));
  g_assert_nonnull(strstr(error->message, "stats.jsonl"));
  g_clear_error(&error);
  g_assert_null(sg_run_reader_new(gone, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  put(root, "network-snapshot-000001.pkl", "");
  g_assert_true(sg_run_reader_recognises(root));
  g_autoptr(SgRunReader) r = open_reader(root);
  poll_all(r);
  g_assert_cmpuint(rows_of(r), ==, 0);
  g_assert_cmpint(state_of(r), ==, SG_RUN_FOREIGN);
  remove_root(root);
}

/* Ten rows, one byte after the other: at every byte exactly the whole rows, by a reader that was
 * there all the time and by one that has just come. */
static void
test_every_byte(void)
{
  g_autofree char *root = make_root();
  GString *all = g_string_new(NULL);
  guint64 lines = 0;

  for (int i = 1; i <= 10; i++) {
    g_autofree char *line = row(i, i, i);
    g_string_append(all, line);
  }
  put(root, "stats.jsonl", "");
  g_autoptr(SgRunReader) r = open_reader(root);
  for (gsize i = 0; i < all->len; i++) {
    char byte[2] = {all->str[i], '\0'};
    append_text(root, "stats.jsonl", byte);
    lines += byte[0] == '\n';
    gboolean changed = sg_run_reader_poll(r, 0, NULL);
    g_assert_true(changed || byte[0] != '\n');
    g_assert_cmpuint(rows_of(r), ==, lines);
    if (i % 7 == 0 || byte[0] == '\n') {
      g_autoptr(SgRunReader) fresh = open_reader(root);
      sg_run_reader_poll(fresh, 0, NULL);
      g_assert_cmpuint(rows_of(fresh), ==, lines);
      g_assert_cmpuint(length_of(fresh, "Loss/D/loss"), ==, lines);
    }
  }
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  g_assert_cmpuint(s->bad_lines, ==, 0);
  g_assert_cmpfloat(s->kimg, ==, 10);
  g_assert_false(sg_run_reader_poll(r, 0, NULL));
  g_string_free(all, TRUE);
  remove_root(root);
}

/* Resumed as `vitrine train` does it: a shorter file under the same name. Curves that somebody
 * holds go on, and at no time are they empty. */
static void
test_written_anew(void)
{
  g_autofree char *root = make_root();
  double x, y;

  for (int i = 1; i <= 20; i++)
    add_row(root, i, 10 * i, i);
  g_autoptr(SgRunReader) r = open_reader(root);
  poll_all(r);
  g_autoptr(SgSeries) loss = sg_run_reader_series(r, "Loss/D/loss");
  g_assert_cmpuint(sg_series_length(loss), ==, 20);

  GString *shorter = g_string_new(NULL);
  for (int i = 1; i <= 12; i++) {
    g_autofree char *line = row(i, 10 * i, i);
    g_string_append(shorter, line);
  }
  put(root, "stats.jsonl", shorter->str);
  add_row(root, 13, 2, 113);
  poll_all(r);
  g_assert_cmpuint(sg_series_length(loss), ==, 13);
  g_assert_true(sg_series_point(loss, 12, &x, &y) && x == 13 && y == 113);
  g_autoptr(GPtrArray) legs = sg_run_reader_legs(r);
  g_assert_cmpuint(legs->len, ==, 2);
  g_assert_cmpfloat(((SgRunLeg *)legs->pdata[0])->seconds, ==, 120);
  g_assert_cmpuint(((SgRunLeg *)legs->pdata[0])->iterations, ==, 0); /* no batch known */
  add_row(root, 14, 3, 114);
  poll_all(r);
  g_assert_cmpuint(sg_series_length(loss), ==, 14);

  /* The same file, emptied and filled to the same length with something else. */
  g_autofree char *path = g_build_filename(root, "stats.jsonl", NULL);
  g_assert_cmpint(truncate(path, 0), ==, 0);
  for (int i = 1; i <= 30; i++)
    add_row(root, i + 0.5, i, -i);
  poll_all(r);
  g_assert_cmpuint(sg_series_length(loss), ==, 30);
  g_assert_true(sg_series_point(loss, 29, &x, &y) && x == 30.5 && y == -30);
  g_string_free(shorter, TRUE);
  remove_root(root);
}

/* More than one chunk, in slices of a millisecond and at once, by two threads. */
static void
test_in_slices(void)
{
  g_autofree char *root = make_root(), *path = g_build_filename(root, "stats.jsonl", NULL);
  GString *all = g_string_new(NULL);
  gboolean more = TRUE;
  int polls = 0;

  for (int i = 1; i <= 40000; i++) {
    g_autofree char *line = row(i, i, i % 100);
    g_string_append(all, line);
  }
  g_assert_cmpuint(all->len, >, 9 * 1024 * 1024);
  put(root, "stats.jsonl", all->str);
  g_autoptr(SgRunReader) r = open_reader(root);
  for (; more; polls++) {
    guint64 before = rows_of(r);
    g_assert_true(sg_run_reader_poll(r, 1, &more) || !more);
    g_assert_cmpuint(rows_of(r), >, before);
  }
  g_assert_cmpint(polls, >, 2);
  g_assert_cmpuint(rows_of(r), ==, 40000);
  g_autoptr(SgSeries) loss = sg_run_reader_series(r, "Loss/D/loss");
  double x, y;
  for (gsize i = 0; i < 40000; i++)
    g_assert_true(sg_series_point(loss, i, &x, &y) && x == i + 1 && y == (i + 1) % 100);
  g_string_free(all, TRUE);
  remove_root(root);
}

/* Deviations that begin late were 0 before. */
static void
test_late_deviation(void)
{
  g_autofree char *root = make_root();
  double x, y;

  add_row(root, 1, 1, 1);
  add_row(root, 2, 2, 2);
  g_autoptr(SgRunReader) r = open_reader(root);
  poll_all(r);
  g_assert_null(sg_run_reader_deviation(r, "Loss/D/loss"));
  append_text(root, "stats.jsonl",
              "{\"Progress/kimg\": 3, \"Loss/D/loss\": {\"num\": 2, \"mean\": 5, "
              "\"std\": 0.5}}\n");
  poll_all(r);
  g_autoptr(SgSeries) d = sg_run_reader_deviation(r, "Loss/D/loss");
  g_assert_cmpuint(sg_series_length(d), ==, 3);
  g_assert_true(sg_series_point(d, 1, &x, &y) && x == 2 && y == 0);
  g_assert_true(sg_series_point(d, 2, &x, &y) && x == 3 && y == 0.5);
  remove_root(root);
}

/* ---- hostile --------------------------------------------------------------------------------- */

static void
test_hostile(void)
{
  g_autofree char *root = make_root(), *path = g_build_filename(root, "stats.jsonl", NULL);
  GString *line = g_string_new(NULL);

  /* A line without end, longer than what is read at once, between good ones. */
  add_row(root, 1, 1, 1);
  while (line->len < 9 * 1024 * 1024)
    g_string_append(line, "{\"a\": [[[[[[");
  append_text(root, "stats.jsonl", line->str);
  g_autoptr(SgRunReader) r = open_reader(root);
  poll_all(r);
  g_assert_cmpuint(rows_of(r), ==, 1);
  append_text(root, "stats.jsonl", line->str);
  poll_all(r);
  append_text(root, "stats.jsonl", "\n");
  add_row(root, 2, 2, 2);
  append_text(root, "stats.jsonl", "\xff\xfe\x01 nonsense\n[]\n");
  add_row(root, 3, 3, 3);
  poll_all(r);
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  g_assert_cmpuint(s->rows, ==, 3);
  g_assert_cmpuint(s->bad_lines, ==, 3);

  /* Names that are no files. */
  g_unlink(path);
  g_assert_cmpint(mkfifo(path, 0600), ==, 0);
  poll_all(r);
  g_assert_cmpuint(rows_of(r), ==, 3);
  g_unlink(path);
  g_mkdir(path, 0700);
  poll_all(r);
  g_rmdir(path);
  put(root, "training_options.json", "{\"kimg\": [1e999, {\"batch\": -5}");
  put(root, "metric-fid.jsonl",
      "{\"results\": 7, \"snapshot_pkl\": \"network-snapshot-000001.pkl\"}\n"
      "\n{\"results\": {\"fid\": \"x\"}}\n[]\n{\"snapshot_pkl\": 3}\nx");
  put(root, "network-snapshot-99999999999999999999.pkl", "");
  put(root, "fakes-00001.png", "");
  put(root, "log.txt", "\xff\xfe broken\n\nFailed");
  poll_all(r);
  g_autofree char *log = sg_run_reader_log(r, 200);
  g_assert_true(g_utf8_validate(log, -1, NULL));
  g_autoptr(GPtrArray) grids = sg_run_reader_grids(r), snapshots = sg_run_reader_snapshots(r);
  g_assert_cmpuint(grids->len, ==, 0);
  g_assert_cmpuint(snapshots->len, ==, 0);

  /* A directory that goes away. */
  remove_root(root);
  poll_all(r);
  g_assert_cmpuint(length_of(r, "Loss/D/loss"), ==, 3);
  g_string_free(line, TRUE);
}

/* Written, cut, replaced and removed by one thread while another reads and a third asks. */
static gpointer
rewrite(gpointer data)
{
  const char *root = data;
  g_autofree char *path = g_build_filename(root, "stats.jsonl", NULL);

  for (int round = 0; round < 60; round++) {
    for (int i = 1; i <= 40; i++)
      add_row(root, i, i, i);
    if (round % 3 == 0)
      g_unlink(path);
    else if (round % 3 == 1)
      (void)!truncate(path, 1000 + round);
    else
      put(root, "stats.jsonl", "{\"Progress/kimg\": 1}\n");
    put(root, "log.txt", round % 2 ? "one\n" : "");
  }
  return NULL;
}

static gint asking = 1;

static gpointer
ask(gpointer data)
{
  SgRunReader *r = data;

  while (g_atomic_int_get(&asking)) {
    g_auto(GStrv) tags = sg_run_reader_tags(r);
    SgSeriesColumn columns[10];
    for (guint i = 0; tags[i]; i++) {
      g_autoptr(SgSeries) s = sg_run_reader_series(r, tags[i]);
      if (s)
        sg_series_query(s, 0, 50, 10, columns, NULL, NULL);
    }
    g_autoptr(GPtrArray) legs = sg_run_reader_legs(r), advice = sg_run_reader_advice(r);
    g_autoptr(SgRunStatus) status = sg_run_reader_status(r);
  }
  return NULL;
}

static void
test_at_once(void)
{
  g_autofree char *root = make_root();

  add_row(root, 1, 1, 1);
  g_autoptr(SgRunReader) r = open_reader(root);
  GThread *writer = g_thread_new("writer", rewrite, root);
  GThread *asker = g_thread_new("asker", ask, r);
  for (int i = 0; i < 400; i++) {
    poll_all(r);
    g_usleep(1000);
  }
  g_thread_join(writer);
  g_atomic_int_set(&asking, 0);
  g_thread_join(asker);
  g_autofree char *path = g_build_filename(root, "stats.jsonl", NULL);
  g_unlink(path);
  add_row(root, 5, 5, 5);
  poll_all(r);
  g_assert_cmpuint(length_of(r, "Loss/D/loss"), ==, 1);
  remove_root(root);
}

/* ---- the log and the table ------------------------------------------------------------------- */

static void
test_log(void)
{
  g_autofree char *root = make_root();
  GString *text = g_string_new("short\n");

  put(root, "log.txt", "");
  g_autoptr(SgRunReader) r = open_reader(root);
  poll_all(r);
  g_autofree char *empty = sg_run_reader_log(r, 10);
  g_assert_cmpstr(empty, ==, "");
  for (int i = 0; i < 100000; i++)
    g_string_append_printf(text, "line %d\n", i);
  g_string_append(text, "half a li");
  put(root, "log.txt", text->str);
  poll_all(r);
  g_autofree char *three = sg_run_reader_log(r, 3);
  g_assert_cmpstr(three, ==, "line 99998\nline 99999\nhalf a li");
  g_autofree char *many = sg_run_reader_log(r, 200);
  g_assert_true(g_str_has_prefix(many, "line 99801\n"));
  g_assert_cmpuint(strlen(many), <, 4000);
  g_string_free(text, TRUE);
  remove_root(root);
}

static void
test_csv(void)
{
  g_autofree char *root = make_root(), *path = g_build_filename(root, "out.csv", NULL),
                  *text = NULL;
  static const char *const tags[] = {"a,\"b\"", "Loss/D/loss", NULL};
  static const char *const wrong[] = {"Loss/D/loss", "nothing", NULL};
  g_autoptr(GError) error = NULL;

  put(root, "stats.jsonl",
      "{\"Progress/kimg\": 0.1, \"Loss/D/loss\": 0.1}\n"
      "{\"Progress/kimg\": 2, \"a,\\\"b\\\"\": 16777216, \"Loss/D/loss\": NaN}\n"
      "{\"Progress/kimg\": 3.0625, \"a,\\\"b\\\"\": -1e-7}\n");
  g_autoptr(SgRunReader) r = open_reader(root);
  poll_all(r);
  g_assert_true(sg_run_reader_write_csv(r, tags, path, &error));
  g_assert_no_error(error);
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  g_assert_cmpstr(text, ==,
                  "kimg,\"a,\"\"b\"\"\",Loss/D/loss\n"
                  "0.1,,0.1\n2,16777216,\n3.0625,-1e-07,\n");
  g_unlink(path);
  g_assert_false(sg_run_reader_write_csv(r, wrong, path, &error));
  g_assert_nonnull(strstr(error->message, "nothing"));
  g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
  g_clear_error(&error);
  g_assert_true(sg_run_reader_write_csv(r, NULL, path, &error));
  g_clear_pointer(&text, g_free);
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  g_assert_true(g_str_has_prefix(text, "kimg,Loss/D/loss,Progress/kimg,\"a,"));
  remove_root(root);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/run-reader/nvlabs/curves", test_nvlabs_curves);
  g_test_add_func("/run-reader/nvlabs/rest", test_nvlabs_rest);
  g_test_add_func("/run-reader/ours", test_ours);
  g_test_add_func("/run-reader/not-a-run", test_not_a_run);
  g_test_add_func("/run-reader/every-byte", test_every_byte);
  g_test_add_func("/run-reader/written-anew", test_written_anew);
  g_test_add_func("/run-reader/in-slices", test_in_slices);
  g_test_add_func("/run-reader/late-deviation", test_late_deviation);
  g_test_add_func("/run-reader/hostile", test_hostile);
  g_test_add_func("/run-reader/at-once", test_at_once);
  g_test_add_func("/run-reader/log", test_log);
  g_test_add_func("/run-reader/csv", test_csv);
  return g_test_run();
}
