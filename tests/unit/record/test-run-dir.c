/* The run directory: its number, its files, and what a resume, a full disk and a broken pipe leave.
 * TensorBoard's files have their own test (test-events.c). */
#include "engine/pictures/picture.h"
#include "tests/support/run-dir-support.h"
#include <glib/gstdio.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- numbers --------------------------------------------------------------------------------- */

static void
assert_makes(SgTrainOptions *o, const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRunDir) r = sg_run_dir_create(o, &error);
  g_assert_no_error(error);
  g_autofree char *name = g_path_get_basename(sg_run_dir_path(r));
  g_autofree char *options = read_file(sg_run_dir_path(r), "training_options.json", NULL);
  g_assert_cmpstr(name, ==, expected);
  g_assert_nonnull(options);
  g_assert_cmpint(options[0], ==, '{');
}

static void
test_numbers(void)
{
  g_autofree char *root = make_root(), *outdir = g_build_filename(root, "a", "b", NULL);
  g_autofree char *other = g_build_filename(outdir, "00041-sg3", NULL);
  g_autofree char *file = g_build_filename(outdir, "99999.txt", NULL);
  g_autofree char *long_name = g_strnfill(200, 'x');
  SgTrainOptions o = options_in(outdir);

  assert_makes(&o, "00000-stylegan2-faces-res256-batch32-gamma0.4096");
  assert_makes(&o, "00001-stylegan2-faces-res256-batch32-gamma0.4096");
  g_assert_cmpint(g_mkdir(other, 0777), ==, 0);
  g_assert_true(g_file_set_contents(file, "", 0, NULL));
  o.r1_gamma = 10;
  o.name = (char *)"../é";
  assert_makes(&o, "00042-stylegan2-.._é-res256-batch32-gamma10");
  memcpy(long_name + 119, "é", 2); /* not cut in two */
  o.name = long_name;
  long_name[119 + 2] = '\0';
  g_autofree char *cut = g_strndup(long_name, 119);
  g_autofree char *expected = g_strdup_printf("00043-stylegan2-%s-res256-batch32-gamma10", cut);
  assert_makes(&o, expected);
  remove_root(root);
}

/* Folders that were synced; the engine is linked statically and finds this one. */
static GPtrArray *synced;

int
fsync(int fd)
{
  char name[64], path[4096];
  g_snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  gssize n = readlink(name, path, sizeof path - 1);
  if (synced && n > 0)
    g_ptr_array_add(synced, g_strndup(path, (gsize)n));
  return 0;
}

static gboolean
was_synced(const char *path)
{
  return g_ptr_array_find_with_equal_func(synced, path, g_str_equal, NULL);
}

/* A power cut loses no new run: the folder that its name is in is on the disk, too. */
static void
test_names_are_synced(void)
{
  g_autofree char *root = make_root();
  SgTrainOptions o = options_in(root);

  synced = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(SgRunDir) r = sg_run_dir_create(&o, NULL);
  g_autofree char *real = realpath(root, NULL);
  g_autofree char *run =
      g_build_filename(real, "00000-stylegan2-faces-res256-batch32-gamma0.4096", NULL);
  g_assert_true(was_synced(real));
  g_assert_true(was_synced(run));
  g_clear_pointer(&synced, g_ptr_array_unref);
  g_clear_pointer(&r, sg_run_dir_free);
  remove_root(root);
}

static void
test_not_writable(void)
{
  g_autofree char *root = make_root(), *outdir = g_build_filename(root, "file", NULL);
  g_autoptr(GError) error = NULL;
  SgTrainOptions o = options_in(outdir);

  g_assert_true(g_file_set_contents(outdir, "", 0, NULL));
  g_assert_null(sg_run_dir_create(&o, &error));
  g_assert_nonnull(strstr(error->message, outdir));
  remove_root(root);
}

#define CREATORS   4
#define EACH_MAKES 8

typedef struct {
  const char *outdir;
  int creator;
  gint *ready;
  char *paths[EACH_MAKES];
} Creator;

static gpointer
create_many(gpointer data)
{
  Creator *c = data;
  g_autofree char *name = g_strdup_printf("set%d", c->creator);
  SgTrainOptions o = options_in(c->outdir);

  /* Two of each name, so that both ways of meeting occur. */
  name[3] = (char)('0' + c->creator / 2);
  o.name = name;
  g_atomic_int_inc(c->ready);
  while (g_atomic_int_get(c->ready) < CREATORS)
    g_thread_yield();
  for (int i = 0; i < EACH_MAKES; i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SgRunDir) r = sg_run_dir_create(&o, &error);
    g_assert_no_error(error);
    c->paths[i] = g_path_get_basename(sg_run_dir_path(r));
  }
  return NULL;
}

static void
test_creators_at_once(void)
{
  g_autofree char *root = make_root();
  g_autoptr(GHashTable) numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Creator creators[CREATORS] = {0};
  GThread *threads[CREATORS];
  gint ready = 0;

  for (int i = 0; i < CREATORS; i++) {
    creators[i].outdir = root;
    creators[i].creator = i;
    creators[i].ready = &ready;
    threads[i] = g_thread_new("creator", create_many, &creators[i]);
  }
  for (int i = 0; i < CREATORS; i++) {
    g_thread_join(threads[i]);
    for (int k = 0; k < EACH_MAKES; k++) {
      g_assert_true(g_hash_table_add(numbers, g_strndup(creators[i].paths[k], 5)));
      g_free(creators[i].paths[k]);
    }
  }
  g_assert_cmpuint(g_hash_table_size(numbers), ==, CREATORS * EACH_MAKES);
  remove_root(root);
}

static void
test_lock(void)
{
  g_autofree char *root = make_root(), *path = NULL;
  SgRunDir *r = create_in(root);
  g_autoptr(GError) error = NULL;

  path = g_strdup(sg_run_dir_path(r));
  sg_run_dir_report(r, "Progress/kimg", 4);
  g_assert_true(sg_run_dir_tick(r, 4, NULL));
  g_assert_null(sg_run_dir_reopen(path, 0, &error));
  g_assert_nonnull(strstr(error->message, "another training"));
  g_assert_cmpuint(count_lines(path, "stats.jsonl"), ==, 1); /* nothing was cut */
  sg_run_dir_free(r);
  g_clear_error(&error);
  r = sg_run_dir_reopen(path, 4, &error);
  g_assert_no_error(error);
  sg_run_dir_free(r);
  remove_root(root);
}

/* ---- grids ----------------------------------------------------------------------------------- */

static void
test_grid(void)
{
  enum { N = 5, COLUMNS = 3, RES = 4 };
  g_autofree char *root = make_root(), *path = NULL;
  g_autoptr(SgRunDir) r = create_in(root);
  g_autoptr(GError) error = NULL;
  float pictures[N][3][RES][RES];
  g_autofree guint8 *rgb = NULL;
  int width, height;

  for (int i = 0; i < N; i++)
    for (int c = 0; c < 3; c++)
      for (int y = 0; y < RES; y++)
        for (int x = 0; x < RES; x++)
          pictures[i][c][y][x] = (float)(i * 48 + c * 16 + y * 4 + x) / 127.5f - 1;
  pictures[0][0][0][0] = NAN;
  pictures[0][0][0][1] = -7;
  pictures[0][0][0][2] = 7;
  guint before = count_files(sg_run_dir_path(r));
  g_assert_true(
      sg_run_dir_grid(r, "fakes_init.png", &pictures[0][0][0][0], N, COLUMNS, 3, RES, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(count_files(sg_run_dir_path(r)), ==, before + 1);
  path = g_build_filename(sg_run_dir_path(r), "fakes_init.png", NULL);
  g_assert_true(sg_picture_read(path, &rgb, &width, &height, &error));
  g_assert_cmpint(width, ==, COLUMNS * RES);
  g_assert_cmpint(height, ==, 2 * RES);
  g_assert_cmpint(rgb[0], ==, 0);
  g_assert_cmpint(rgb[3], ==, 0);
  g_assert_cmpint(rgb[6], ==, 255);
  for (int y = 0; y < 2 * RES; y++)
    for (int x = 0; x < COLUMNS * RES; x++)
      for (int c = 0; c < 3; c++) {
        int i = y / RES * COLUMNS + x / RES;
        int expected = i < N ? i * 48 + c * 16 + y % RES * 4 + x % RES : 0;
        if (y > 0 || x > 2 || c > 0)
          g_assert_cmpint(rgb[(y * width + x) * 3 + c], ==, expected);
      }
  sg_run_dir_free(g_steal_pointer(&r));
  remove_root(root);
}

static void
test_grid_grey_and_refused(void)
{
  g_autofree char *root = make_root(), *path = NULL;
  g_autoptr(SgRunDir) r = create_in(root);
  g_autoptr(GError) error = NULL;
  const float grey[4] = {-1, 0, 1, 0.5f};
  g_autofree guint8 *rgb = NULL;
  int width, height;

  path = g_build_filename(sg_run_dir_path(r), "reals.png", NULL);
  g_assert_true(sg_run_dir_grid(r, "reals.png", grey, 1, 1, 1, 2, &error));
  g_assert_true(sg_picture_read(path, &rgb, &width, &height, &error));
  const guint8 expected[12] = {0, 0, 0, 128, 128, 128, 255, 255, 255, 191, 191, 191};
  g_assert_cmpmem(rgb, (gsize)width * (gsize)height * 3, expected, sizeof expected);
  g_auto(SgPixels) kind = {0};
  g_assert_true(sg_pixels_load(&kind, path, NULL));
  g_assert_true(kind.grey); /* a grey picture is a grey file */
  static const struct {
    const char *name;
    int n, columns, channels, resolution;
  } bad[] = {{"x.png", 0, 1, 1, 2},    {"x.png", 1, 0, 1, 2},         {"x.png", 1, 1, 5, 2},
             {"../x.png", 1, 1, 1, 2}, {"x.png", 30000, 1, 1, 32768}, {"x.png", 1, 1, 1, 9000}};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_clear_error(&error);
    g_assert_false(sg_run_dir_grid(r, bad[i].name, grey, bad[i].n, bad[i].columns, bad[i].channels,
                                   bad[i].resolution, &error));
    g_assert_nonnull(error);
  }
  sg_run_dir_free(g_steal_pointer(&r));
  remove_root(root);
}

/* ---- statistics ------------------------------------------------------------------------------ */

static void
assert_stat(json_t *line, const char *tag, int num, double mean, double std)
{
  json_t *stat = json_object_get(line, tag);
  g_assert_cmpint((int)json_integer_value(json_object_get(stat, "num")), ==, num);
  g_assert_cmpfloat_with_epsilon(json_number_value(json_object_get(stat, "mean")), mean, 1e-12);
  g_assert_cmpfloat_with_epsilon(json_number_value(json_object_get(stat, "std")), std, 1e-9);
}

static void
test_stats(void)
{
  g_autofree char *root = make_root(), *text = NULL;
  g_autoptr(SgRunDir) r = create_in(root);
  const float scores[4] = {1, 2, 3, 4};

  sg_run_dir_report_n(r, "Loss/scores/real", scores, 4);
  for (int i = 0; i < 3; i++)
    sg_run_dir_report(r, "Far", 1e9 + i); /* what sums of squares get wrong */
  sg_run_dir_report(r, "A/one", -0.1);
  sg_run_dir_report(r, "Loss/nan", 1);
  sg_run_dir_report(r, "Loss/nan", NAN);
  sg_run_dir_report(r, "Loss/inf", INFINITY);
  const float spread[] = {-9, 0, 0.24f, 0.25f, 0.99f, 1, 5, NAN, INFINITY};
  sg_run_dir_histogram(r, "H", spread, 8, 0, 1, 4);
  sg_run_dir_histogram(r, "H", spread + 8, 1, 0, 1, 4);
  g_assert_cmpfloat(sg_run_dir_mean(r, "Loss/scores/real"), ==, 2.5);
  g_assert_true(isnan(sg_run_dir_mean(r, "H")));
  g_assert_true(isnan(sg_run_dir_mean(r, "none")));
  g_assert_true(sg_run_dir_tick(r, 0.5, NULL));
  g_assert_true(isnan(sg_run_dir_mean(r, "Loss/scores/real")));

  text = read_file(sg_run_dir_path(r), "stats.jsonl", NULL);
  json_t *line = json_loads(text, 0, NULL);
  g_assert_true(json_is_object(line));
  assert_stat(line, "Loss/scores/real", 4, 2.5, 1.118033988749895); /* sqrt(5 / 4) */
  assert_stat(line, "Far", 3, 1e9 + 1, 0.816496580927726);          /* sqrt(2 / 3) */
  assert_stat(line, "A/one", 1, -0.1, 0);
  assert_stat(line, "Progress/kimg", 1, 0.5, 0);
  g_assert_true(json_is_null(json_object_get(json_object_get(line, "Loss/nan"), "mean")));
  g_assert_true(json_is_null(json_object_get(json_object_get(line, "Loss/inf"), "std")));
  g_autofree char *histogram = json_dumps(json_object_get(line, "H"), JSON_COMPACT);
  g_assert_cmpstr(histogram, ==, "{\"lo\":0.0,\"hi\":1.0,\"counts\":[3,1,0,4]}");
  double age =
      (double)g_get_real_time() / 1e6 - json_number_value(json_object_get(line, "timestamp"));
  g_assert_cmpfloat(fabs(age), <, 60);
  json_decref(line);
  g_assert_true(g_str_has_prefix(text, "{\"A/one\": {\"num\": 1, \"mean\": -0.1, \"std\": 0.0}, "
                                       "\"Far\": {"));
  g_assert_nonnull(strstr(text, ", \"timestamp\": "));
  sg_run_dir_free(g_steal_pointer(&r));
  remove_root(root);
}

static void
test_reopen_cuts(void)
{
  g_autofree char *root = make_root(), *text = NULL, *log = NULL;
  g_autoptr(SgRunDir) r = create_in(root);
  g_autofree char *path = g_strdup(sg_run_dir_path(r));
  g_autofree char *leftover =
      g_build_filename(path, "network-snapshot-000008.safetensors.0123abcd.tmp", NULL);
  g_autofree char *foreign = g_build_filename(path, "notes.txt.0123abcd.tmp", NULL);

  for (int kimg = 4; kimg <= 16; kimg += 4)
    g_assert_true(sg_run_dir_tick(r, kimg + 0.0001, NULL));
  sg_run_dir_free(g_steal_pointer(&r));
  append_text(path, "stats.jsonl", "{\"Progress/kimg\": {\"num\": 1, \"me");
  append_text(path, "log.txt", "tick 5   kim");
  g_assert_true(g_file_set_contents(leftover, "x", 1, NULL));
  g_assert_true(g_file_set_contents(foreign, "x", 1, NULL));
  r = sg_run_dir_reopen(path, 8.0001, NULL);
  g_assert_nonnull(r);
  g_assert_false(g_file_test(leftover, G_FILE_TEST_EXISTS));
  g_assert_true(g_file_test(foreign, G_FILE_TEST_EXISTS));
  log_unseen(r, "resumed\n");
  g_assert_true(sg_run_dir_tick(r, 12, NULL));
  g_assert_cmpuint(count_lines(path, "stats.jsonl"), ==, 3);
  text = read_file(path, "stats.jsonl", NULL);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  static const double kimgs[] = {4.0001, 8.0001, 12};
  for (int i = 0; i < 3; i++) {
    json_t *line = json_loads(lines[i], 0, NULL);
    assert_stat(line, "Progress/kimg", 1, kimgs[i], 0);
    json_decref(line);
  }
  log = read_file(path, "log.txt", NULL);
  g_assert_cmpstr(log, ==, "tick 5   kim\nresumed\n");
  sg_run_dir_free(g_steal_pointer(&r));
  g_autoptr(GError) error = NULL;
  g_assert_null(sg_run_dir_reopen("/nonexistent/run", 0, &error));
  g_assert_nonnull(strstr(error->message, "/nonexistent/run"));
  remove_root(root);
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

static void
limit_files(rlim_t bytes)
{
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

/* A limit on the size of files fails as a full disk does: in the middle of a write. */
static void
test_full_disk(void)
{
  g_autofree char *root = make_root(), *before = NULL, *during = NULL, *after = NULL, *log = NULL;
  g_autofree char *long_line = g_strdup_printf("%0200d\n", 1);
  g_autoptr(SgRunDir) r = create_in(root);
  g_autoptr(GError) error = NULL;
  const char *path = sg_run_dir_path(r);
  gsize n_before, n_during;

  g_assert_true(sg_run_dir_tick(r, 4, NULL));
  before = read_file(path, "stats.jsonl", &n_before);
  signal(SIGXFSZ, SIG_IGN);
  limit_files(n_before + 30); /* half a line */
  gboolean first = sg_run_dir_tick(r, 8, &error);
  gboolean second = sg_run_dir_tick(r, 12, NULL);
  /* A log line that does not fit is there later, in its place. */
  log_unseen(r, long_line);
  during = read_file(path, "stats.jsonl", &n_during);
  limit_files(RLIM_INFINITY);
  g_assert_false(first);
  g_assert_false(second);
  g_assert_nonnull(strstr(error->message, "stats.jsonl"));
  g_assert_cmpmem(before, n_before, during, n_during); /* nothing half-written */
  log_unseen(r, "later\n");
  g_assert_true(sg_run_dir_tick(r, 16, NULL));
  after = read_file(path, "stats.jsonl", NULL);
  g_assert_cmpuint(count_lines(path, "stats.jsonl"), ==, 4);
  g_auto(GStrv) lines = g_strsplit(after, "\n", -1);
  for (int i = 0; i < 4; i++) {
    json_t *line = json_loads(lines[i], 0, NULL);
    assert_stat(line, "Progress/kimg", 1, 4 * (i + 1), 0);
    json_decref(line);
  }
  log = read_file(path, "log.txt", NULL);
  g_assert_true(g_str_has_prefix(log, "000000"));
  g_assert_true(g_str_has_suffix(log, "1\nlater\n"));
  assert_events_are_whole(path, 5); /* version and four ticks */
  sg_run_dir_free(g_steal_pointer(&r));
  remove_root(root);
}

static void
test_create_on_full_disk(void)
{
  g_autofree char *root = make_root();
  SgTrainOptions o = options_in(root);
  g_autoptr(GError) error = NULL;

  signal(SIGXFSZ, SIG_IGN);
  limit_files(1);
  g_autoptr(SgRunDir) r = sg_run_dir_create(&o, &error);
  limit_files(RLIM_INFINITY);
  g_assert_null(r);
  g_assert_nonnull(strstr(error->message, "training_options.json"));
  g_assert_cmpuint(count_files(root), ==, 0);
  remove_root(root);
}

/* Runs logging with its standard output somewhere else. */
static int
log_in_child(const char *root, int output)
{
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    SgTrainOptions o = options_in(root);
    dup2(output, STDOUT_FILENO);
    SgRunDir *r = sg_run_dir_create(&o, NULL);
    sg_run_dir_log(r, "tick %-5d kimg", 1);
    sg_run_dir_log(r, " %-8.1f\nhalf", 4.0);
    sg_run_dir_free(r);
    _exit(0);
  }
  int status;
  g_assert_cmpint(waitpid(child, &status, 0), ==, child);
  return status;
}

static void
test_log(void)
{
  static const char expected[] = "tick 1     kimg 4.0     \nhalf";
  g_autofree char *root = make_root(), *log = NULL;
  int ends[2];
  char console[100];

  g_assert_cmpint(pipe(ends), ==, 0);
  g_assert_cmpint(log_in_child(root, ends[1]), ==, 0);
  g_assert_cmpint((int)read(ends[0], console, sizeof console), ==, (int)sizeof expected - 1);
  g_assert_cmpmem(console, sizeof expected - 1, expected, sizeof expected - 1);
  g_autofree char *first =
      g_build_filename(root, "00000-stylegan2-faces-res256-batch32-gamma0.4096", NULL);
  log = read_file(first, "log.txt", NULL);
  g_assert_cmpstr(log, ==, expected);
  /* The reader of the console is gone. */
  close(ends[0]);
  signal(SIGPIPE, SIG_DFL);
  g_assert_cmpint(log_in_child(root, ends[1]), ==, 0);
  g_autofree char *second =
      g_build_filename(root, "00001-stylegan2-faces-res256-batch32-gamma0.4096", NULL);
  g_autofree char *unread = read_file(second, "log.txt", NULL);
  g_assert_cmpstr(unread, ==, expected);
  close(ends[1]);
  remove_root(root);
}

/* ---- snapshots ------------------------------------------------------------------------------- */

static void
test_snapshots(void)
{
  static const char *const names[] = {"network-snapshot-000000.safetensors",
                                      "network-snapshot-000200.safetensors",
                                      "network-snapshot-1000000.safetensors",
                                      "network-snapshot-999999.safetensors",
                                      "network-snapshot-2000000.pkl",
                                      "network-snapshot-3000000.safetensors.bak",
                                      "network-snapshot-5000000.safetensors.01234567.tmp",
                                      "network-snapshot-9.safetensors"};
  g_autofree char *root = make_root();
  g_autoptr(SgRunDir) r = create_in(root);
  const char *path = sg_run_dir_path(r);
  guint before = count_files(path);

  g_assert_null(sg_run_dir_newest_snapshot(path));
  g_assert_null(sg_run_dir_newest_snapshot("/nonexistent"));
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    append_text(path, names[i], "x");
  g_autofree char *newest = sg_run_dir_newest_snapshot(path);
  g_assert_cmpstr(newest, ==, names[2]); /* by number, not by name */
  sg_run_dir_prune_snapshots(r, 0);
  g_assert_cmpuint(count_files(path), ==, before + G_N_ELEMENTS(names));
  sg_run_dir_prune_snapshots(r, 2);
  g_assert_cmpuint(count_files(path), ==, before + G_N_ELEMENTS(names) - 2);
  g_autofree char *kept = read_file(path, names[3], NULL), *gone = read_file(path, names[1], NULL);
  g_assert_nonnull(kept);
  g_assert_null(gone);
  sg_run_dir_free(g_steal_pointer(&r));
  remove_root(root);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/run-dir/numbers", test_numbers);
  g_test_add_func("/run-dir/names-are-synced", test_names_are_synced);
  g_test_add_func("/run-dir/not-writable", test_not_writable);
  g_test_add_func("/run-dir/creators-at-once", test_creators_at_once);
  g_test_add_func("/run-dir/lock", test_lock);
  g_test_add_func("/run-dir/grid", test_grid);
  g_test_add_func("/run-dir/grid-grey-and-refused", test_grid_grey_and_refused);
  g_test_add_func("/run-dir/stats", test_stats);
  g_test_add_func("/run-dir/reopen-cuts", test_reopen_cuts);
  g_test_add_func("/run-dir/full-disk", test_full_disk);
  g_test_add_func("/run-dir/create-on-full-disk", test_create_on_full_disk);
  g_test_add_func("/run-dir/log", test_log);
  g_test_add_func("/run-dir/snapshots", test_snapshots);
  return g_test_run();
}
