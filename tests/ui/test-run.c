/* Runs as the window sees them: watched, started, steered; without a display. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "app/runs/vitrine-run.h"
#include "engine/record/run-dir.h"
#include "app/session/vitrine-store.h"
#include "engine/pictures/picture.h"

typedef gboolean (*Done)(gpointer data);

static gboolean
wake_cb(gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Trainings are started at the lowest priority: what else runs on this machine delays them. */
#define PATIENCE 4

static void
wait_for(Done done, gpointer data, double seconds)
{
  seconds *= PATIENCE;
  gint64 deadline = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
  guint waker = g_timeout_add(10, wake_cb, NULL);

  while (!done(data)) {
    if (g_get_monotonic_time() > deadline)
      g_error("waited %.0f s for something that did not happen", seconds);
    g_main_context_iteration(NULL, TRUE);
  }
  g_source_remove(waker);
}

static gboolean
is_counted(gpointer count)
{
  return *(guint *)count > 0;
}

static void
count_cb(guint *count)
{
  (*count)++;
}

static char *
make_folder(const char *name)
{
  char *path = g_build_filename(g_getenv("VITRINE_TEST_DIR"), name, NULL);
  g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
  return path;
}

/* ---- watching a directory that grows ----------------------------------------------------- */

static void
append(const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(dir, name, NULL);
  FILE *f = g_fopen(path, "ab");

  g_assert_nonnull(f);
  fputs(text, f);
  fclose(f);
}

/* As NVlabs' training_loop.py writes it: one line a tick. */
static void
append_tick(const char *dir, double kimg, double loss)
{
  g_autofree char *line = g_strdup_printf(
      "{\"Loss/G/loss\": {\"num\": 4, \"mean\": %.17g, \"std\": 0.5}, \"Progress/kimg\": {\"num\": "
      "1, \"mean\": %.17g, \"std\": 0.0}, \"Progress/tick\": {\"num\": 1, \"mean\": %g, \"std\": "
      "0.0}, \"timestamp\": %.3f}\n",
      loss, kimg, kimg, 1.7e9 + kimg * 100);
  append(dir, "stats.jsonl", line);
}

typedef struct {
  VitrineRun *run;
  guint64 rows;
} Rows;

static gboolean
has_rows(gpointer data)
{
  Rows *want = data;
  const SgRunStatus *status = vitrine_run_get_status(want->run);
  return vitrine_run_is_loaded(want->run) && status && status->rows == want->rows;
}

static gboolean
has_error(gpointer run)
{
  return vitrine_run_get_error(run) != NULL;
}

static void
check_last_point(VitrineRun *run, gsize n, double kimg, double loss)
{
  g_autoptr(SgSeries) series = sg_run_reader_series(vitrine_run_get_reader(run), "Loss/G/loss");
  double x, y;

  g_assert_nonnull(series);
  g_assert_cmpuint(sg_series_length(series), ==, n);
  g_assert_true(sg_series_point(series, n - 1, &x, &y));
  g_assert_cmpfloat(x, ==, kimg);
  g_assert_cmpfloat(y, ==, loss);
}

static void
test_growing(void)
{
  g_autofree char *dir = make_folder("growing");
  g_autoptr(VitrineRun) run = vitrine_run_watch(dir);
  g_autofree char *detour = g_strconcat(dir, "/../growing", NULL);
  g_autoptr(VitrineRun) same = vitrine_run_watch(detour);
  guint changed = 0, files = 0;

  g_assert_true(run == same);
  g_signal_connect_swapped(run, "changed", G_CALLBACK(count_cb), &changed);
  g_signal_connect_swapped(run, "files-changed", G_CALLBACK(count_cb), &files);
  /* There is nothing yet: that is said, and looked at again. */
  wait_for(has_error, run, 10);
  g_assert_false(vitrine_run_is_loaded(run));
  g_assert_null(vitrine_run_get_reader(run));
  append(dir, "training_options.json", "{\"batch_size\": 16, \"total_kimg\": 25000}");
  append_tick(dir, 0, 1.5);
  append_tick(dir, 4, 1.25);
  wait_for(has_rows, &(Rows){run, 2}, 20);
  g_assert_null(vitrine_run_get_error(run));
  g_assert_cmpfloat(vitrine_run_get_status(run)->kimg, ==, 4);
  g_assert_true(g_strv_contains(vitrine_run_get_tags(run), "Loss/G/loss"));
  check_last_point(run, 2, 4, 1.25);
  g_assert_false(vitrine_run_can_steer(run));

  changed = files = 0;
  append_tick(dir, 8, 0.75);
  wait_for(has_rows, &(Rows){run, 3}, 20);
  g_assert_cmpuint(changed, >, 0);
  g_assert_cmpuint(files, ==, 0);
  check_last_point(run, 3, 8, 0.75);

  guint8 rgb[8 * 8 * 3] = {0};
  g_autofree char *grid = g_build_filename(dir, "fakes000008.png", NULL);
  g_assert_true(sg_png_write(grid, rgb, 8, 8, NULL, NULL));
  wait_for(is_counted, &files, 20);
  GPtrArray *grids = vitrine_run_get_grids(run);
  g_assert_cmpuint(grids->len, ==, 1);
  g_assert_cmpfloat(((SgRunFile *)grids->pdata[0])->kimg, ==, 8);
}

/* ---- starting ---------------------------------------------------------------------------- */

typedef struct {
  char *text, *error;
  guint calls;
} Answer;

static void
answer_cb(const char *text, const char *error, gpointer data)
{
  Answer *a = data;

  g_assert_true((text == NULL) != (error == NULL));
  a->text = g_strdup(text);
  a->error = g_strdup(error);
  a->calls++;
}

static gboolean
is_answered(gpointer data)
{
  return ((Answer *)data)->calls > 0;
}

static void
answer_clear(Answer *a)
{
  g_free(a->text);
  g_free(a->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

/* Noise of 8 × 8 pixels. */
static char *
make_pictures(void)
{
  char *folder = make_folder("pictures");
  guint8 rgb[8 * 8 * 3];
  g_autoptr(GRand) random = g_rand_new_with_seed(1);

  for (int i = 0; i < 24; i++) {
    g_autofree char *path = g_strdup_printf("%s/%02d.png", folder, i);
    for (gsize k = 0; k < sizeof rgb; k++)
      rgb[k] = (guint8)g_rand_int_range(random, 0, 256);
    g_assert_true(sg_png_write(path, rgb, 8, 8, NULL, NULL));
  }
  return folder;
}

/* Of very small nets; ends by itself after some minutes if nobody ends it. */
static char **
training_argv(const char *more)
{
  static const char *const small[] = {"--resolution=8",
                                      "--batch=4",
                                      "--mbstd-group=2",
                                      "--channel-base=64",
                                      "--channel-max=8",
                                      "--z-dim=8",
                                      "--w-dim=8",
                                      "--mapping-layers=2",
                                      "--threads=1",
                                      "--tick=1",
                                      "--d-mapping-layers=2",
                                      "--metrics=none",
                                      "--snap=100",
                                      "--kimg=100"};
  g_autofree char *pictures = make_pictures(), *out = make_folder("runs");
  g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
  char *data_arg = g_strconcat("--data=", pictures, NULL);
  char *out_arg = g_strconcat("--outdir=", out, NULL);

  g_strv_builder_add_many(argv, data_arg, out_arg, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(small); i++)
    g_strv_builder_add(argv, small[i]);
  if (more)
    g_strv_builder_add(argv, more);
  g_free(data_arg);
  g_free(out_arg);
  return g_strv_builder_end(argv);
}

static void
test_bad_arguments(void)
{
  const char *nothing[] = {"--data=/nowhere/at/all", "--outdir=/tmp", NULL};
  g_auto(GStrv) wrong = training_argv("--gamma=often");
  g_auto(Answer) a = {0}, b = {0}, c = {0};

  vitrine_run_start(nothing, answer_cb, &a, NULL);
  wait_for(is_answered, &a, 30);
  g_assert_nonnull(strstr(a.error, "/nowhere/at/all"));
  g_assert_null(strchr(a.error, '\n'));
  vitrine_run_start((const char *const *)wrong, answer_cb, &b, NULL);
  wait_for(is_answered, &b, 30);
  g_assert_nonnull(strstr(b.error, "gamma"));
  g_assert_null(strstr(b.error, "vitrine train:"));
  vitrine_run_preflight((const char *const *)wrong, answer_cb, &c, NULL);
  wait_for(is_answered, &c, 30);
  g_assert_cmpstr(c.error, ==, b.error);
}

static void
test_preflight(void)
{
  g_auto(GStrv) argv = training_argv(NULL);
  g_auto(Answer) a = {0};
  json_error_t error;

  vitrine_run_preflight((const char *const *)argv, answer_cb, &a, NULL);
  wait_for(is_answered, &a, 60);
  g_assert_cmpstr(a.error, ==, NULL);
  /* The options come first, as JSON. */
  json_t *options = json_loads(a.text, JSON_DISABLE_EOF_CHECK, &error);
  g_assert_nonnull(options);
  json_decref(options);
  g_assert_nonnull(strstr(a.text, "Memory: "));
}

/* A question nobody waits for any more is answered all the same, once. */
static void
test_cancelled(void)
{
  g_auto(GStrv) argv = training_argv(NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  g_auto(Answer) a = {0};

  vitrine_run_preflight((const char *const *)argv, answer_cb, &a, cancellable);
  g_cancellable_cancel(cancellable);
  wait_for(is_answered, &a, 30);
  g_assert_nonnull(a.error);
}

/* ---- a training -------------------------------------------------------------------------- */

typedef struct {
  VitrineRun *run;
  int ended; /* -1: not */
  char *message;
  gboolean is_error;
} Events;

static void
ended_cb(VitrineRun *run, int state, Events *e)
{
  e->ended = state;
}

static void
message_cb(VitrineRun *run, const char *text, gboolean is_error, Events *e)
{
  g_free(e->message);
  e->message = g_strdup(text);
  e->is_error = is_error;
}

static gboolean
can_steer(gpointer data)
{
  Events *e = data;
  return vitrine_run_can_steer(e->run) && vitrine_run_get_status(e->run)->pid > 0;
}

static gboolean
is_paused(gpointer data)
{
  Events *e = data;
  return vitrine_run_get_status(e->run)->state == SG_RUN_PAUSED;
}

static gboolean
has_message(gpointer data)
{
  return ((Events *)data)->message != NULL;
}

static gboolean
has_ended(gpointer data)
{
  return ((Events *)data)->ended >= 0;
}

static gboolean
is_gone(gpointer pid)
{
  return kill(GPOINTER_TO_INT(pid), 0) != 0 && errno == ESRCH;
}

static void
steer(Events *e, const char *command, gboolean goes_wrong)
{
  g_clear_pointer(&e->message, g_free);
  vitrine_run_steer(e->run, command);
  wait_for(has_message, e, 30);
  g_assert_true(e->is_error == goes_wrong);
}

/* A session of its own, the lowest priority, nothing of the window's terminal. */
static void
check_process(pid_t pid)
{
  g_autofree char *link = g_strdup_printf("/proc/%d/fd/0", pid);
  g_autofree char *input = g_file_read_link(link, NULL);

  g_assert_cmpint(getsid(pid), ==, pid);
  g_assert_cmpint(getpriority(PRIO_PROCESS, (id_t)pid), ==, 19);
  g_assert_cmpstr(input, ==, "/dev/null");
}

static gboolean
is_stopping(gpointer data)
{
  return vitrine_run_is_stopping(((Events *)data)->run);
}

static gboolean
is_not_stopping(gpointer data)
{
  return !is_stopping(data) && !vitrine_run_can_steer(((Events *)data)->run);
}

/* From the word until its last snapshot is written, which may take a minute, a training is said to
 * be stopping and not to be running. */
static void
test_stopping(void)
{
  g_autofree char *dir = make_folder("stopping");
  g_autoptr(GError) error = NULL;
  Events e = {.ended = -1};

  append_tick(dir, 1, 2);
  SgControl *control = sg_control_new(dir, &error);
  g_assert_no_error(error);
  g_assert_true(sg_control_answer(control, &error));
  sg_control_set_status(control, "{\"pid\": 1}");
  e.run = vitrine_run_watch(dir);
  g_signal_connect(e.run, "message", G_CALLBACK(message_cb), &e);
  wait_for(can_steer, &e, 30);
  g_assert_false(vitrine_run_is_stopping(e.run));
  steer(&e, "stop", FALSE);
  wait_for(is_stopping, &e, 30);
  sg_control_free(control);
  wait_for(is_not_stopping, &e, 30);
  g_free(e.message);
  g_object_unref(e.run);
}

static void
test_training(void)
{
  g_auto(GStrv) argv = training_argv(NULL);
  g_auto(Answer) a = {0};
  Events e = {.ended = -1};

  vitrine_run_start((const char *const *)argv, answer_cb, &a, NULL);
  wait_for(is_answered, &a, 60);
  g_assert_cmpstr(a.error, ==, NULL);
  g_assert_true(g_file_test(a.text, G_FILE_TEST_IS_DIR));
  e.run = vitrine_run_watch(a.text);
  g_signal_connect(e.run, "ended", G_CALLBACK(ended_cb), &e);
  g_signal_connect(e.run, "message", G_CALLBACK(message_cb), &e);
  wait_for(can_steer, &e, 30);
  pid_t pid = vitrine_run_get_status(e.run)->pid;
  g_assert_cmpint(vitrine_run_get_status(e.run)->state, ==, SG_RUN_RUNNING);
  check_process(pid);
  g_assert_nonnull(strstr(vitrine_run_get_log(e.run), "Run directory: "));

  steer(&e, "pause", FALSE);
  wait_for(is_paused, &e, 30);
  steer(&e, "set snap 5", FALSE);
  steer(&e, "set batch 3", TRUE); /* what may not change */
  steer(&e, "set snap", TRUE);
  g_assert_cmpint(e.ended, ==, -1);
  steer(&e, "stop", FALSE);
  wait_for(has_ended, &e, 60);
  g_assert_cmpint(e.ended, ==, SG_RUN_STOPPED);
  g_assert_cmpuint(vitrine_run_get_snapshots(e.run)->len, >, 0);
  wait_for(is_gone, GINT_TO_POINTER(pid), 30); /* not a zombie either */
  g_assert_false(vitrine_run_can_steer(e.run));
  g_free(e.message);
  g_object_unref(e.run);
}

static void
test_recent(void)
{
  g_autofree char *one = make_folder("one"), *two = make_folder("two");
  g_autofree char *detour = g_strconcat(two, "/../one", NULL);

  vitrine_run_remember(one);
  vitrine_run_remember(two);
  vitrine_run_remember("/nowhere/at/all");
  vitrine_run_remember(detour);
  g_auto(GStrv) recent = vitrine_run_recent();
  g_assert_cmpuint(g_strv_length(recent), ==, 2);
  g_assert_cmpstr(recent[0], ==, one);
  g_assert_cmpstr(recent[1], ==, two);
}

int
main(int argc, char **argv)
{
  g_autofree char *dir = g_dir_make_tmp("vitrine-run-XXXXXX", NULL);

  g_setenv("VITRINE_TEST_DIR", dir, TRUE);
  g_setenv("XDG_STATE_HOME", dir, TRUE);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/run/growing", test_growing);
  g_test_add_func("/run/bad-arguments", test_bad_arguments);
  g_test_add_func("/run/preflight", test_preflight);
  g_test_add_func("/run/cancelled", test_cancelled);
  g_test_add_func("/run/stopping", test_stopping);
  g_test_add_func("/run/training", test_training);
  g_test_add_func("/run/recent", test_recent);
  int status = g_test_run();
  vitrine_store_flush();
  const char *remove[] = {"rm", "-rf", dir, NULL};
  g_spawn_sync(NULL, (char **)remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
               NULL);
  return status;
}
