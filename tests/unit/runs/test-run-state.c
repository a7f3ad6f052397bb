/* What a run is doing, from its socket, its log and the time. */
#include "engine/record/run-dir-private.h"
#include "engine/runs/run-reader-private.h"
#include "tests/support/run-dir-support.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
put(const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(dir, name, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A row that was written so many seconds ago. */
static void
add_row(const char *dir, double kimg, double ago)
{
  g_autofree char *line = g_strdup_printf(
      "{\"Progress/kimg\": %.3f, \"Timing/sec_per_kimg\": 20.0, \"timestamp\": %.3f}\n", kimg,
      (double)g_get_real_time() / G_USEC_PER_SEC - ago);
  append_text(dir, "stats.jsonl", line);
}

/* A directory as `vitrine train` makes it, long ago. */
static char *
old_run(const char *root)
{
  SgRunDir *dir = create_in(root);
  char *path = g_strdup(sg_run_dir_path(dir));
  sg_run_dir_free(dir);
  add_row(path, 4, 3600);
  return path;
}

static SgRunReader *
open_reader(const char *path)
{
  g_autoptr(GError) error = NULL;
  SgRunReader *r = sg_run_reader_new(path, &error);
  g_assert_no_error(error);
  sg_run_reader_poll(r, 0, NULL);
  return r;
}

static SgRunState
state_now(SgRunReader *r)
{
  sg_run_reader_poll(r, 0, NULL);
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  return s->state;
}

static SgRunState
state_at_first(const char *path)
{
  g_autoptr(SgRunReader) r = open_reader(path);
  return state_now(r);
}

static gboolean
advises(SgRunReader *r, const char *id)
{
  g_autoptr(GPtrArray) all = sg_run_reader_advice(r);
  for (guint i = 0; i < all->len; i++)
    if (g_str_equal(((SgAdvice *)all->pdata[i])->id, id))
      return TRUE;
  return FALSE;
}

/* ---- the log --------------------------------------------------------------------------------- */

#define TICK "tick 3     kimg 4.0      time 1s\n"

static void
test_log_ends(void)
{
  static const struct {
    const char *log;
    SgRunState state;
    const char *advice; /* or NULL */
  } cases[] = {
      {"", SG_RUN_DIED, "died"},
      {TICK, SG_RUN_DIED, "died"},
      {TICK "Finished at 4.000 kimg; newest snapshot none\n", SG_RUN_FINISHED, NULL},
      {TICK "Stopped at 4.000 kimg; newest snapshot none\n", SG_RUN_STOPPED, NULL},
      {TICK "Stopped at 4.000 kimg; newest snapshot none\n\n  \n", SG_RUN_STOPPED, NULL},
      {TICK "Failed: the training diverged at 4.000 kimg: x\n", SG_RUN_DIVERGED, "diverged"},
      {TICK "Failed: /x: no room\n", SG_RUN_DIED, "failed"},
      {"Finished at 4.000 kimg; newest snapshot none\nRun directory: x\n" TICK, SG_RUN_DIED,
       "died"},
      {TICK "Not Finished at all\n", SG_RUN_DIED, "died"},
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *root = make_root(), *path = old_run(root);
    put(path, "log.txt", cases[i].log);
    g_autoptr(SgRunReader) r = open_reader(path);
    g_test_message("%s", cases[i].log);
    g_assert_cmpstr(sg_run_state_text(state_now(r)), ==, sg_run_state_text(cases[i].state));
    for (const char *const *id = (const char *const[]){"died", "failed", "diverged", NULL}; *id;
         id++)
      g_assert_cmpint(advises(r, *id), ==, g_strcmp0(*id, cases[i].advice) == 0);
    remove_root(root);
  }
}

static void
test_foreign(void)
{
  g_autofree char *root = make_root();

  put(root, "training_options.json",
      "{\"total_kimg\": 5, \"batch_size\": 4, \"training_set_kwargs\": {}}");
  put(root, "log.txt", TICK);
  add_row(root, 4, 3600);
  g_assert_cmpint(state_at_first(root), ==, SG_RUN_FOREIGN);
  put(root, "log.txt", TICK "\nExiting...\n");
  g_assert_cmpint(state_at_first(root), ==, SG_RUN_FINISHED);
  put(root, "log.txt", TICK);
  add_row(root, 5.004, 3600);
  g_assert_cmpint(state_at_first(root), ==, SG_RUN_FINISHED);
  remove_root(root);
}

/* Ours on another machine, or copied from there: no socket, but rows of now. */
static void
test_somewhere_else(void)
{
  g_autofree char *root = make_root(), *path = old_run(root);
  g_autoptr(SgRunReader) r = open_reader(path);

  g_assert_cmpint(state_now(r), ==, SG_RUN_DIED);
  add_row(path, 5, 3500); /* clocks differ; it is seen to grow */
  g_assert_cmpint(state_now(r), ==, SG_RUN_FOREIGN);
  r->grown -= 200 * G_USEC_PER_SEC;
  g_assert_cmpint(state_now(r), ==, SG_RUN_DIED);
  add_row(path, 6, 10);
  g_assert_cmpint(state_at_first(path), ==, SG_RUN_FOREIGN);
  remove_root(root);
}

/* ---- the socket ------------------------------------------------------------------------------ */

static void
test_socket(void)
{
  g_autofree char *root = make_root(), *path = old_run(root);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgControl) control = sg_control_new(path, &error);

  g_assert_no_error(error);
  g_assert_true(sg_control_answer(control, &error));
  sg_control_set_status(control, "{\"kimg\":7.5,\"total_kimg\":10,\"sec_per_kimg\":2,\"eta_sec\":5,"
                                 "\"pid\":4711}");
  g_autoptr(SgRunReader) r = open_reader(path);
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  g_assert_cmpint(s->state, ==, SG_RUN_RUNNING);
  g_assert_cmpfloat(s->kimg, ==, 7.5);
  g_assert_cmpfloat(s->total_kimg, ==, 10);
  g_assert_cmpfloat(s->sec_per_kimg, ==, 20); /* as measured by the rows */
  g_assert_cmpfloat(s->eta, ==, 50);
  g_assert_cmpint(s->pid, ==, 4711);

  g_autofree char *paused = sg_control_send(path, "pause", 1000, NULL);
  g_assert_nonnull(paused);
  g_assert_cmpint(state_now(r), ==, SG_RUN_RUNNING); /* asked once a second only */
  g_usleep(1050000);
  g_assert_cmpint(state_now(r), ==, SG_RUN_PAUSED);
  g_autofree char *resumed = sg_control_send(path, "resume", 1000, NULL);
  g_usleep(1050000);
  g_assert_cmpint(state_now(r), ==, SG_RUN_RUNNING);

  put(path, "log.txt", "Finished at 10.000 kimg; newest snapshot none\n");
  g_clear_pointer(&control, sg_control_free);
  g_assert_cmpint(state_now(r), ==, SG_RUN_FINISHED); /* at once */
  remove_root(root);
}

/* An answer of an older trainer, which names neither a process nor a speed. */
static void
test_old_answer(void)
{
  g_autofree char *root = make_root(), *path = old_run(root);
  g_autoptr(SgControl) control = sg_control_new(path, NULL);

  g_assert_true(sg_control_answer(control, NULL));
  sg_control_set_status(control, "{\"kimg\":0,\"total_kimg\":\"many\",\"sec_per_kimg\":0,"
                                 "\"eta_sec\":0,\"pid\":-3}");
  g_autoptr(SgRunReader) r = open_reader(path);
  g_autoptr(SgRunStatus) s = sg_run_reader_status(r);
  g_assert_cmpint(s->state, ==, SG_RUN_RUNNING);
  g_assert_cmpint(s->pid, ==, 0);
  g_assert_cmpfloat(s->kimg, ==, 4);
  g_assert_cmpfloat(s->sec_per_kimg, ==, 20);
  remove_root(root);
}

/* Killed: the socket's file is still there, and the rows are of now. */
static void
test_dead_socket(void)
{
  g_autofree char *root = make_root(), *path = old_run(root);
  int fd = sg_control_bind(path);

  g_assert_cmpint(fd, >=, 0);
  close(fd);
  add_row(path, 5, 1);
  g_autoptr(SgRunReader) r = open_reader(path);
  g_assert_cmpint(state_now(r), ==, SG_RUN_DIED);
  g_assert_true(advises(r, "died"));
  /* The last words of the process that died are not a sign of life, what comes later is. */
  add_row(path, 6, 0);
  g_assert_cmpint(state_now(r), ==, SG_RUN_DIED);
  r->refused_since -= 10 * G_USEC_PER_SEC;
  g_assert_cmpint(state_now(r), ==, SG_RUN_FOREIGN);
  remove_root(root);
}

/* It listens but says nothing: stopped by a debugger or a signal. Looking does not take long. */
static void
test_silent_socket(void)
{
  g_autofree char *root = make_root(), *path = old_run(root);
  int fd = sg_control_bind(path);

  g_assert_cmpint(listen(fd, 4), ==, 0);
  gint64 start = g_get_monotonic_time();
  g_autoptr(SgRunReader) r = open_reader(path);
  g_assert_cmpint(state_now(r), ==, SG_RUN_RUNNING);
  g_assert_cmpint(g_get_monotonic_time() - start, <, 900000);
  close(fd);
  remove_root(root);
}

/* A file of that name that is no socket is nobody's. */
static void
test_no_socket(void)
{
  g_autofree char *root = make_root(), *path = old_run(root);

  put(path, "control.sock", "");
  g_assert_cmpint(state_at_first(path), ==, SG_RUN_DIED);
  remove_root(root);
}

/* Made just now: there are options, but nothing else yet. */
static void
test_young(void)
{
  g_autofree char *root = make_root();
  SgRunDir *dir = create_in(root);

  g_assert_cmpint(state_at_first(sg_run_dir_path(dir)), ==, SG_RUN_RUNNING);
  sg_run_dir_free(dir);
  remove_root(root);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/run-state/log-ends", test_log_ends);
  g_test_add_func("/run-state/foreign", test_foreign);
  g_test_add_func("/run-state/somewhere-else", test_somewhere_else);
  g_test_add_func("/run-state/socket", test_socket);
  g_test_add_func("/run-state/old-answer", test_old_answer);
  g_test_add_func("/run-state/dead-socket", test_dead_socket);
  g_test_add_func("/run-state/silent-socket", test_silent_socket);
  g_test_add_func("/run-state/no-socket", test_no_socket);
  g_test_add_func("/run-state/young", test_young);
  return g_test_run();
}
