/* The control socket: what it answers, and that nobody at the other end can hurt the training. */
#include "engine/record/run-dir-private.h"
#include "tests/support/run-dir-support.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 5000

static SgControl *
control_in(const char *root)
{
  g_autoptr(GError) error = NULL;
  SgControl *c = sg_control_new(root, &error);
  g_assert_no_error(error);
  g_assert_true(sg_control_answer(c, &error));
  return c;
}

static void
assert_answer(const char *root, const char *command, const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *answer = sg_control_send(root, command, PATIENCE, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(answer, ==, expected);
}

static void
end(const char *root, SgControl *c)
{
  sg_control_free(c);
  g_assert_cmpuint(count_files(root), ==, 0);
  remove_root(root);
}

/* ---- a client of its own ---- */

static int
dial(const char *root)
{
  int fd;
  while ((fd = sg_control_connect(root)) < 0 && errno == EAGAIN)
    g_usleep(1000); /* its queue is full */
  g_assert_cmpint(fd, >=, 0);
  return fd;
}

static void
say(int fd, const void *data, gsize n)
{
  for (const char *p = data; n > 0;) {
    struct pollfd writable = {fd, POLLOUT, 0};
    g_assert_cmpint(poll(&writable, 1, PATIENCE), ==, 1);
    gssize k = send(fd, p, n, MSG_NOSIGNAL);
    if (k < 0) /* it hung up on us */
      return;
    p += k;
    n -= (gsize)k;
  }
}

static void
say_text(int fd, const char *text)
{
  say(fd, text, strlen(text));
}

/* The next line, without its break; NULL when the other side has closed. */
static char *
hear(int fd)
{
  g_autoptr(GString) line = g_string_new(NULL);
  char byte;

  for (;;) {
    struct pollfd readable = {fd, POLLIN, 0};
    g_assert_cmpint(poll(&readable, 1, PATIENCE), ==, 1);
    gssize k = recv(fd, &byte, 1, 0);
    if (k <= 0)
      return NULL;
    if (byte == '\n')
      return g_strdup(line->str);
    g_string_append_c(line, byte);
  }
}

static void
assert_refused(int fd)
{
  g_autofree char *line = hear(fd);
  g_assert_nonnull(line);
  json_t *answer = json_loads(line, 0, NULL);
  g_assert_true(json_is_false(json_object_get(answer, "ok")));
  g_assert_true(json_is_string(json_object_get(answer, "error")));
  json_decref(answer);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void
test_commands(void)
{
  g_autofree char *root = make_root();
  g_autoptr(SgControl) c = control_in(root);

  g_assert_cmpint(sg_control_take(c), ==, 0);
  assert_answer(root, "status", "{\"ok\":true,\"paused\":false}");
  sg_control_set_status(c, "{\"kimg\": 12.5, \"tick\": 3, \"ok\": false, \"paused\": 7}");
  assert_answer(root, "status", "{\"ok\":true,\"paused\":false,\"kimg\":12.5,\"tick\":3}");
  assert_answer(root, "pause", "{\"ok\":true,\"paused\":true}");
  assert_answer(root, "snapshot", "{\"ok\":true,\"paused\":true}");
  assert_answer(root, "status", "{\"ok\":true,\"paused\":true,\"kimg\":12.5,\"tick\":3}");
  g_assert_cmpint(sg_control_take(c), ==, SG_CONTROL_PAUSE | SG_CONTROL_SNAPSHOT);
  g_assert_cmpint(sg_control_take(c), ==, SG_CONTROL_PAUSE); /* a level; the other is taken */
  assert_answer(root, "resume", "{\"ok\":true,\"paused\":false}");
  g_assert_cmpint(sg_control_take(c), ==, 0);
  assert_answer(root, "pause", "{\"ok\":true,\"paused\":true}");
  assert_answer(root, "stop", "{\"ok\":true,\"paused\":false,\"stopping\":true}");
  g_assert_cmpint(sg_control_wait(c), ==, SG_CONTROL_STOP);
  assert_answer(root, "pause", "{\"ok\":false,\"error\":\"the training is stopping\"}");
  g_assert_cmpint(sg_control_take(c), ==, SG_CONTROL_STOP);
  g_autofree char *answer = sg_control_send(root, "dance \"\n\"", PATIENCE, NULL);
  g_assert_true(g_str_has_prefix(answer, "{\"ok\":false,\"error\":\"unknown command"));
  end(root, g_steal_pointer(&c));
}

static gpointer
wait_in_thread(gpointer c)
{
  return GINT_TO_POINTER(sg_control_wait(c));
}

static void
test_wait(void)
{
  static const struct {
    const char *command;
    SgControlFlags expected;
  } ends[] = {{"resume", 0}, {"stop", SG_CONTROL_STOP}};

  for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
    g_autofree char *root = make_root(), *answer = NULL;
    g_autoptr(SgControl) c = control_in(root);
    g_assert_cmpint(sg_control_wait(c), ==, 0); /* not paused: at once */
    assert_answer(root, "pause", "{\"ok\":true,\"paused\":true}");
    GThread *thread = g_thread_new("trainer", wait_in_thread, c);
    assert_answer(root, "status", "{\"ok\":true,\"paused\":true}");
    answer = sg_control_send(root, ends[i].command, PATIENCE, NULL);
    g_assert_nonnull(answer);
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, ends[i].expected);
    end(root, g_steal_pointer(&c));
  }
}

/* ---- bad manners ----------------------------------------------------------------------------- */

static void
test_garbage(void)
{
  static const char *const lines[] = {"nonsense\n",         "{\"command\":\n",
                                      "{\"command\": 7}\n", "[]\n",
                                      "\"status\"\n",       "{\"command\":\"\\u0000\"}\n",
                                      "\xff\xfe\x80{\n",    "{\"command\":\"stop\"} x\n"};
  g_autofree char *root = make_root(), *deep = g_strnfill(60000, '[');
  g_autoptr(SgControl) c = control_in(root);
  int fd = dial(root);

  for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
    say_text(fd, lines[i]);
    assert_refused(fd);
  }
  say(fd, "a\0b\n", 4);
  assert_refused(fd);
  deep[59999] = '\n';
  say(fd, deep, 60000);
  assert_refused(fd);
  /* Blank lines have no answer; two lines in one go, and one in pieces, have one each. */
  say_text(fd, "\n \r\n{\"command\":\"pause\"}\r\n{\"comm");
  g_autofree char *first = hear(fd);
  g_assert_cmpstr(first, ==, "{\"ok\":true,\"paused\":true}");
  say_text(fd, "and\":\"resume\"}\n");
  g_autofree char *second = hear(fd);
  g_assert_cmpstr(second, ==, "{\"ok\":true,\"paused\":false}");
  /* The last line needs no break. */
  say_text(fd, "{\"command\":\"status\"}");
  shutdown(fd, SHUT_WR);
  g_autofree char *third = hear(fd), *none = hear(fd);
  g_assert_cmpstr(third, ==, "{\"ok\":true,\"paused\":false}");
  g_assert_null(none);
  close(fd);
  g_assert_cmpint(sg_control_take(c), ==, 0);
  end(root, g_steal_pointer(&c));
}

static void
test_huge_line(void)
{
  g_autofree char *root = make_root(), *line = g_strnfill(1000000, 'x'), *none = NULL;
  g_autofree char *padded = g_strnfill(SG_CONTROL_MAX_LINE + 1, ' '), *fits = NULL;
  g_autoptr(SgControl) c = control_in(root);
  int fd = dial(root), other = dial(root);

  say(fd, line, 1000000);
  assert_refused(fd);
  none = hear(fd);
  g_assert_null(none);
  close(fd);
  memcpy(padded, "{\"command\":\"pause\"}", 19);
  padded[SG_CONTROL_MAX_LINE] = '\n';
  say(other, padded, SG_CONTROL_MAX_LINE + 1);
  fits = hear(other);
  g_assert_cmpstr(fits, ==, "{\"ok\":true,\"paused\":true}");
  close(other);
  end(root, g_steal_pointer(&c));
}

static const char question[] = "{\"command\":\"status\"}\n";

/* Asks and never reads, until the other side cannot answer any more. */
static int
dial_deaf(const char *root)
{
  int fd = dial(root);
  struct pollfd writable = {fd, POLLOUT, 0};

  do {
    while (send(fd, question, strlen(question), MSG_NOSIGNAL) > 0)
      ;
    g_assert_cmpint(errno, ==, EAGAIN);
  } while (poll(&writable, 1, 300) > 0);
  return fd;
}

/* Two that never read, one that says half a line, and more than there is room for: others are still
 * answered. */
static void
test_many_clients(void)
{
  g_autofree char *root = make_root();
  g_autoptr(SgControl) c = control_in(root);
  int silent[40], deaf = dial_deaf(root), rude = dial_deaf(root), half = dial(root);
  int a = dial(root), b = dial(root);

  say(half, question, 9);
  say_text(a, question);
  say_text(b, question);
  g_autofree char *to_b = hear(b), *to_a = hear(a);
  g_assert_cmpstr(to_a, ==, "{\"ok\":true,\"paused\":false}");
  g_assert_cmpstr(to_b, ==, to_a);
  close(rude);
  for (int i = 0; i < 20; i++) { /* gone before the answer: SIGPIPE must not end us */
    int hasty = dial(root);
    say_text(hasty, "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n");
    close(hasty);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(silent); i++) {
    silent[i] = dial(root);
    assert_answer(root, "status", "{\"ok\":true,\"paused\":false}");
  }
  for (gsize i = 0; i < G_N_ELEMENTS(silent); i++)
    close(silent[i]);
  close(deaf);
  close(half);
  close(a);
  close(b);
  assert_answer(root, "pause", "{\"ok\":true,\"paused\":true}");
  end(root, g_steal_pointer(&c));
}

/* No descriptor left for a client: it waits, and the thread does not spin. */
static void
test_out_of_descriptors(void)
{
  g_autofree char *root = make_root();
  g_autoptr(SgControl) c = control_in(root);
  struct rlimit before, none;
  int fd = dial(root);

  /* Answered: it has been accepted. */
  say_text(fd, "{}\n");
  assert_refused(fd);
  int waiting = socket(AF_UNIX, SOCK_STREAM, 0);
  close(waiting);
  getrlimit(RLIMIT_NOFILE, &before);
  none = before;
  none.rlim_cur = (rlim_t)waiting + 1; /* the client's own socket, no other */
  setrlimit(RLIMIT_NOFILE, &none);
  waiting = sg_control_connect(root);
  clock_t start = clock();
  g_usleep(500000);
  clock_t used = clock() - start;
  setrlimit(RLIMIT_NOFILE, &before);
  g_assert_cmpint(waiting, >=, 0);
  g_assert_cmpint(used, <, CLOCKS_PER_SEC / 10);
  say_text(waiting, "{}\n");
  assert_refused(waiting);
  close(waiting);
  close(fd);
  end(root, g_steal_pointer(&c));
}

/* ---- the file -------------------------------------------------------------------------------- */

static void
test_stale_and_live(void)
{
  g_autofree char *root = make_root(), *path = g_build_filename(root, SG_CONTROL_NAME, NULL);
  g_autoptr(GError) error = NULL;
  struct stat st;

  /* Nobody listens to it any more. */
  close(sg_control_bind(root));
  g_assert_cmpint(stat(path, &st), ==, 0);
  g_assert_null(sg_control_send(root, "status", PATIENCE, &error));
  g_assert_nonnull(strstr(error->message, "no training is running"));
  g_autoptr(SgControl) c = control_in(root);
  g_assert_cmpint(stat(path, &st), ==, 0);
  g_assert_cmpint(st.st_mode & 0777, ==, 0600);
  assert_answer(root, "status", "{\"ok\":true,\"paused\":false}");
  g_clear_error(&error);
  g_assert_null(sg_control_new(root, &error));
  g_assert_nonnull(strstr(error->message, "already running"));
  assert_answer(root, "pause", "{\"ok\":true,\"paused\":true}"); /* still ours */
  sg_control_free(g_steal_pointer(&c));
  g_assert_cmpint(stat(path, &st), ==, -1);
  g_clear_error(&error);
  g_assert_null(sg_control_send(root, "status", PATIENCE, &error));
  g_assert_nonnull(strstr(error->message, "no training is running"));
  /* What is not a socket is not removed. */
  g_assert_true(g_file_set_contents(path, "mine", 4, NULL));
  g_clear_error(&error);
  g_assert_null(sg_control_new(root, &error));
  g_assert_nonnull(strstr(error->message, "in the way"));
  g_assert_cmpint(stat(path, &st), ==, 0);
  remove_root(root);
}

static void
test_long_path(void)
{
  g_autofree char *root = make_root(), *name = g_strnfill(200, 'n');
  g_autofree char *path = g_build_filename(root, name, NULL);

  g_assert_cmpint(g_mkdir(path, 0777), ==, 0);
  g_autoptr(SgControl) c = control_in(path);
  assert_answer(path, "pause", "{\"ok\":true,\"paused\":true}");
  g_assert_null(sg_control_new(path, NULL)); /* live, seen through the long path */
  sg_control_free(g_steal_pointer(&c));
  g_assert_cmpuint(count_files(path), ==, 0);
  g_autoptr(GError) error = NULL;
  g_assert_null(sg_control_new("/nonexistent/run", &error));
  g_assert_nonnull(strstr(error->message, "/nonexistent/run"));
  remove_root(root);
}

/* Something listens and does not answer. */
static void
test_timeout(void)
{
  g_autofree char *root = make_root();
  g_autoptr(GError) error = NULL;
  int listener = sg_control_bind(root), held[8];

  g_assert_cmpint(listen(listener, 1), ==, 0);
  gint64 start = g_get_monotonic_time();
  g_assert_null(sg_control_send(root, "status", 200, &error));
  g_assert_nonnull(strstr(error->message, "does not answer"));
  for (int i = 0; i < 8; i++) /* now its queue is full, too */
    held[i] = sg_control_connect(root);
  g_clear_error(&error);
  g_assert_null(sg_control_send(root, "status", 200, &error));
  g_assert_nonnull(strstr(error->message, "does not answer"));
  g_assert_cmpint(g_get_monotonic_time() - start, <, 3 * G_USEC_PER_SEC);
  for (int i = 0; i < 8; i++)
    if (held[i] >= 0)
      close(held[i]);
  close(listener);
  remove_root(root);
}

/* ---- signals --------------------------------------------------------------------------------- */

/* A training that waits, paused; ends with 42 when it is stopped. */
static pid_t
fork_trainer(const char *root, gboolean stays, gboolean ignores)
{
  fflush(stdout);
  pid_t child = fork();
  if (child != 0)
    return child;
  alarm(60); /* must not outlive a test that failed */
  signal(SIGINT, ignores ? SIG_IGN : SIG_DFL);
  SgControl *c = sg_control_new(root, NULL);
  if (!c || !sg_control_answer(c, NULL))
    _exit(1);
  g_free(sg_control_send(root, "pause", PATIENCE, NULL));
  SgControlFlags flags = sg_control_wait(c);
  while (stays)
    pause();
  sg_control_free(c);
  _exit(flags & SG_CONTROL_STOP ? 42 : 1);
}

static void
await(const char *root, const char *expected)
{
  for (int i = 0; i < PATIENCE / 10; i++) {
    g_autofree char *answer = sg_control_send(root, "status", PATIENCE, NULL);
    if (g_strcmp0(answer, expected) == 0)
      return;
    g_usleep(10000);
  }
  g_assert_not_reached();
}

#define IS_PAUSED   "{\"ok\":true,\"paused\":true}"
#define IS_STOPPING "{\"ok\":true,\"paused\":false,\"stopping\":true}"

static void
test_signals(void)
{
  static const int numbers[] = {SIGINT, SIGTERM};
  int status;

  for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
    g_autofree char *root = make_root();
    pid_t child = fork_trainer(root, FALSE, FALSE);
    await(root, IS_PAUSED);
    kill(child, numbers[i]);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    g_assert_cmpuint(count_files(root), ==, 0);
    /* It does not come to an end: the second one ends it. */
    child = fork_trainer(root, TRUE, FALSE);
    await(root, IS_PAUSED);
    kill(child, SIGINT);
    await(root, IS_STOPPING);
    kill(child, numbers[i]);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
    remove_root(root);
  }
}

/* A background job of a shell: Ctrl+C is not meant for it. SIGKILL leaves a stale socket, which the
 * next one replaces. */
static void
test_ignored_signal(void)
{
  g_autofree char *root = make_root();
  pid_t child = fork_trainer(root, FALSE, TRUE);
  int status;

  await(root, IS_PAUSED);
  kill(child, SIGINT);
  g_usleep(50000);
  await(root, IS_PAUSED);
  kill(child, SIGKILL);
  g_assert_cmpint(waitpid(child, &status, 0), ==, child);
  g_assert_cmpuint(count_files(root), ==, 1);
  g_autoptr(SgControl) c = control_in(root);
  assert_answer(root, "status", "{\"ok\":true,\"paused\":false}");
  sg_control_free(g_steal_pointer(&c));
  /* What was there before is there again. */
  struct sigaction after;
  sigaction(SIGTERM, NULL, &after);
  g_assert_true(after.sa_handler == SIG_DFL);
  remove_root(root);
}

/* Who is early waits for the first status: half an answer would be taken for the whole. */
static void
test_silent(void)
{
  g_autofree char *root = make_root();
  g_autoptr(GError) error = NULL;
  SgControl *c = sg_control_new(root, &error);
  g_assert_no_error(error);
  int fd = dial(root);
  struct pollfd readable = {fd, POLLIN, 0};
  char answer[256] = "";

  say_text(fd, "{\"command\":\"status\"}\n");
  g_assert_cmpint(poll(&readable, 1, 200), ==, 0);
  sg_control_set_status(c, "{\"tick\":3}");
  g_assert_true(sg_control_answer(c, &error));
  g_assert_cmpint(poll(&readable, 1, PATIENCE), ==, 1);
  g_assert_cmpint(recv(fd, answer, sizeof answer - 1, 0), >, 0);
  g_assert_nonnull(strstr(answer, "\"tick\":3"));
  close(fd);
  end(root, c);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  signal(SIGPIPE, SIG_DFL);
  g_test_add_func("/control/commands", test_commands);
  g_test_add_func("/control/wait", test_wait);
  g_test_add_func("/control/silent", test_silent);
  g_test_add_func("/control/garbage", test_garbage);
  g_test_add_func("/control/huge-line", test_huge_line);
  g_test_add_func("/control/many-clients", test_many_clients);
  g_test_add_func("/control/out-of-descriptors", test_out_of_descriptors);
  g_test_add_func("/control/stale-and-live", test_stale_and_live);
  g_test_add_func("/control/long-path", test_long_path);
  g_test_add_func("/control/timeout", test_timeout);
  g_test_add_func("/control/signals", test_signals);
  g_test_add_func("/control/ignored-signal", test_ignored_signal);
  return g_test_run();
}
