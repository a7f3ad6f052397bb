/* Following a training: whole publications only, two followers, deaths on either side. The model is
 * a small one from the fixtures; every publication fills it with one number. */
#include "engine/formats/archive.h"
#include "engine/record/publish-private.h"
#include "engine/record/run-dir-private.h"
#include "tests/support/run-dir-support.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE (20 * G_USEC_PER_SEC)

typedef struct {
  char *root;
  SgModel *like;
  gsize numbers;
  SgPublisher *publisher;
  SgControl *control;
} Run;

/* In `root`, or in a folder of its own. */
static Run
run_new_in(const char *root)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", "sg2.safetensors", NULL);
  Run r = {.root = root ? g_strdup(root) : make_root(), .like = sg_model_load(path, &error)};

  g_assert_no_error(error);
  for (guint i = 0; i < r.like->names->len; i++)
    r.numbers += ((SgTensor *)g_hash_table_lookup(r.like->tensors, r.like->names->pdata[i]))->numel;
  r.publisher = sg_publisher_new(r.like);
  r.control = sg_control_new(r.root, &error);
  g_assert_no_error(error);
  g_assert_true(sg_control_answer(r.control, &error));
  sg_control_set_publisher(r.control, r.publisher);
  return r;
}

static Run
run_new(void)
{
  return run_new_in(NULL);
}

static void
run_end(Run *r)
{
  g_clear_pointer(&r->control, sg_control_free);
  g_clear_pointer(&r->publisher, sg_publisher_free);
}

static void
run_clear(Run *r)
{
  run_end(r);
  g_assert_cmpuint(count_files(r->root), ==, 0);
  remove_root(r->root);
  g_free(r->root);
  sg_model_unref(r->like);
}

/* What the training does after an iteration; `hurry`: also when it is not due. */
static gboolean
publish(Run *r, guint64 nimg, gboolean hurry)
{
  sg_publisher_advance(r->publisher, nimg);
  if (sg_publisher_due(r->publisher) != 0 && !hurry)
    return FALSE;
  float *to = sg_publisher_begin(r->publisher);
  for (gsize i = 0; i < r->numbers; i++)
    to[i] = (float)nimg;
  sg_publisher_end(r->publisher);
  return TRUE;
}

static SgFollow *
follow(const char *root)
{
  g_autoptr(GError) error = NULL;
  SgFollow *f = sg_follow_new(root, &error);
  g_assert_no_error(error);
  return f;
}

/* All numbers of all tensors are `nimg`, and so is kimg, but for the unit. */
static void
assert_whole(const Run *r, SgModel *m, double kimg)
{
  double nimg = round(kimg * 1000);

  g_assert_cmpfloat(fabs(nimg / 1000 - kimg), <, 1e-9);
  g_assert_cmpuint(m->names->len, ==, r->like->names->len);
  g_assert_cmpstr(m->path, ==, r->root);
  g_assert_cmpuint(strlen(m->hash), ==, 64);
  for (guint i = 0; i < m->names->len; i++) {
    const char *name = m->names->pdata[i];
    const SgTensor *t = g_hash_table_lookup(m->tensors, name);
    const SgTensor *as = g_hash_table_lookup(r->like->tensors, name);
    g_assert_nonnull(as);
    g_assert_cmpuint(t->numel, ==, as->numel);
    for (gsize k = 0; k < t->numel; k++)
      if ((double)t->data[k] != nimg)
        g_error("torn: %s[%zu] is %g at %g", name, k, (double)t->data[k], nimg);
  }
}

static void
assert_next(const Run *r, SgFollow *f, guint64 nimg)
{
  g_autoptr(GError) error = NULL;
  double kimg = -1;
  g_autoptr(SgModel) m = sg_follow_next(f, &kimg, &error);

  g_assert_no_error(error);
  g_assert_nonnull(m);
  g_assert_cmpfloat(kimg, ==, (double)nimg / 1000);
  g_assert_cmpfloat(g_ascii_strtod(g_hash_table_lookup(m->metadata, "kimg"), NULL), ==, kimg);
  assert_whole(r, m, kimg);
}

static void
assert_nothing_new(SgFollow *f)
{
  g_autoptr(GError) error = NULL;
  double kimg = -1;
  g_assert_null(sg_follow_next(f, &kimg, &error));
  g_assert_no_error(error);
}

static void
assert_ended(SgFollow *f)
{
  g_autoptr(GError) error = NULL;
  double kimg = -1;
  g_assert_null(sg_follow_next(f, &kimg, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull(strstr(error->message, "the training has ended"));
}

/* ---- whole publications ---------------------------------------------------------------------- */

static void
test_order(void)
{
  Run r = run_new();

  /* Nobody follows: nothing is due. */
  sg_publisher_advance(r.publisher, 4);
  g_assert_cmpint(sg_publisher_due(r.publisher), ==, -1);
  g_autoptr(SgFollow) a = follow(r.root);
  assert_nothing_new(a);
  g_assert_true(publish(&r, 8, FALSE));
  assert_next(&r, a, 8);
  assert_nothing_new(a);
  /* Not at once again, and not without news. */
  g_assert_cmpint(sg_publisher_due(r.publisher), ==, -1);
  g_assert_false(publish(&r, 12, FALSE));
  g_assert_cmpint(sg_publisher_due(r.publisher), >, 0);
  g_assert_cmpint(sg_publisher_due(r.publisher), <=, G_USEC_PER_SEC / 2);
  assert_nothing_new(a);
  /* Who comes later sees what is there; two do not take it from each other. */
  g_autoptr(SgFollow) b = follow(r.root);
  assert_next(&r, b, 8);
  publish(&r, 16, TRUE);
  publish(&r, 20, TRUE);
  publish(&r, 24, TRUE);
  assert_next(&r, b, 24);
  assert_next(&r, a, 24);
  assert_nothing_new(a);
  /* The last weights come before the news of the end. */
  publish(&r, 28, TRUE);
  g_clear_pointer(&b, sg_follow_free);
  run_end(&r);
  assert_next(&r, a, 28);
  assert_ended(a);
  assert_ended(a);
  run_clear(&r);
}

typedef struct {
  Run *run;
  int stop;
  guint64 nimg;
} Writer;

/* As fast as it goes: readers are overtaken all the time. */
static gpointer
write_without_rest(gpointer data)
{
  Writer *w = data;
  while (!g_atomic_int_get(&w->stop))
    publish(w->run, ++w->nimg, TRUE);
  return NULL;
}

static gpointer
read_some(gpointer data)
{
  Run *r = data;
  g_autoptr(SgFollow) f = follow(r->root);
  gint64 end = g_get_monotonic_time() + PATIENCE;
  double last = 0;

  for (int found = 0; found < 50;) {
    g_autoptr(GError) error = NULL;
    double kimg = 0;
    g_autoptr(SgModel) m = sg_follow_next(f, &kimg, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_get_monotonic_time(), <, end);
    if (!m)
      continue;
    assert_whole(r, m, kimg);
    g_assert_cmpfloat(kimg, >, last);
    last = kimg;
    found++;
  }
  return NULL;
}

static void
test_never_torn(void)
{
  Run r = run_new();
  Writer w = {.run = &r};
  g_autoptr(SgFollow) first = follow(r.root); /* now there is memory to write to */
  GThread *readers[2];

  GThread *writer = g_thread_new("writer", write_without_rest, &w);
  for (int i = 0; i < 2; i++)
    readers[i] = g_thread_new("reader", read_some, &r);
  for (int i = 0; i < 2; i++)
    g_thread_join(readers[i]);
  g_atomic_int_set(&w.stop, 1);
  g_thread_join(writer);
  g_assert_cmpuint(w.nimg, >, 50);
  run_clear(&r);
}

/* Weights that are not numbers are the training's to report. */
static void
test_not_finite(void)
{
  Run r = run_new();
  g_autoptr(SgFollow) f = follow(r.root);

  publish(&r, 4, TRUE);
  float *to = sg_publisher_begin(r.publisher);
  to[r.numbers / 2] = NAN;
  sg_publisher_end(r.publisher);
  assert_nothing_new(f);
  publish(&r, 8, TRUE);
  assert_next(&r, f, 8);
  run_clear(&r);
}

/* ---- the memory file, as another program sees it --------------------------------------------- */

static int
ask_for_file(const char *root)
{
  g_autofree char *line = sg_control_line("follow", NULL, NULL);
  g_autoptr(GString) answer = g_string_new(NULL);
  int fd = sg_control_connect(root), passed = -1;

  g_assert_true(sg_control_exchange(fd, line, answer, &passed, 5000));
  g_assert_cmpstr(answer->str, ==, "{\"ok\":true,\"paused\":false}");
  g_assert_cmpint(passed, >=, 0);
  close(fd);
  return passed;
}

static void
test_file(void)
{
  Run r = run_new();
  int fd = ask_for_file(r.root), again = ask_for_file(r.root);
  struct stat st, same;

  g_assert_cmpint(fstat(fd, &st) | fstat(again, &same), ==, 0);
  g_assert_cmpuint(st.st_ino, ==, same.st_ino);
  g_assert_cmpint(st.st_size, >=, (gint64)(2 * r.numbers * sizeof(float)));
  g_assert_cmpint(st.st_size, <, (gint64)(2 * r.numbers * sizeof(float) + 100000));
  g_assert_cmpint(fcntl(fd, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW), ==,
                  F_SEAL_SHRINK | F_SEAL_GROW);
  g_assert_cmpint(ftruncate(fd, 4096), ==, -1);
  g_assert_cmpint(write(fd, "x", 1), ==, -1);
  g_assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  close(fd);
  close(again);
  run_clear(&r);
}

/* A server that answers "follow" with `fd`. */
static gpointer
pass_it(gpointer data)
{
  int *fds = data; /* listener, what is passed */
  char line[64];
  int client = accept(fds[0], NULL, NULL);
  char text[] = "{\"ok\":true}\n";
  struct iovec part = {text, strlen(text)};
  char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(16))) = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

  g_assert_cmpint(recv(client, line, sizeof line, 0), >, 0);
  if (fds[1] >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fds[1], sizeof(int));
  }
  g_assert_cmpint(sendmsg(client, &message, 0), >, 0);
  close(client);
  return NULL;
}

static void
assert_not_taken(int fd, const char *says)
{
  g_autofree char *root = make_root();
  g_autoptr(GError) error = NULL;
  int fds[2] = {sg_control_bind(root), fd};

  g_assert_cmpint(listen(fds[0], 4), ==, 0);
  fcntl(fds[0], F_SETFL, 0); /* blocking */
  GThread *server = g_thread_new("server", pass_it, fds);
  g_assert_null(sg_follow_new(root, &error));
  g_thread_join(server);
  g_assert_nonnull(error);
  g_assert_nonnull(strstr(error->message, says));
  g_assert_true(g_str_has_prefix(error->message, root));
  close(fds[0]);
  if (fd >= 0)
    close(fd);
  remove_root(root);
}

static int
memory_file(const SgPublishHeader *h, off_t size, int seals)
{
  int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  g_assert_cmpint(ftruncate(fd, size), ==, 0);
  g_assert_cmpint(pwrite(fd, h, sizeof *h, 0), ==, sizeof *h);
  g_assert_cmpint(fcntl(fd, F_ADD_SEALS, seals), ==, 0);
  return fd;
}

/* Descriptors that could hurt who looks. */
static void
test_foreign_files(void)
{
  const int sealed = F_SEAL_SHRINK | F_SEAL_GROW;
  SgPublishHeader good = {.layout = SG_PUBLISH_LAYOUT,
                          .file_size = 16384,
                          .head_at = 1024,
                          .head_size = 64,
                          .slot_at = {4096, 8192},
                          .slot_size = 4096};
  SgPublishHeader wrong[6];

  memcpy(good.magic, SG_PUBLISH_MAGIC, sizeof good.magic);
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
    memcpy(&wrong[i], &good, sizeof good);
  wrong[0].magic[0] = 'x';
  wrong[1].layout++;
  wrong[2].file_size = 1 << 20;
  wrong[3].slot_at[1] = 16384 - 4088;
  wrong[4].head_size = G_MAXUINT64 - 8;
  wrong[5].slot_at[0] = G_MAXUINT64 - 7;
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
    assert_not_taken(memory_file(&wrong[i], 16384, sealed), "does not know");
  assert_not_taken(memory_file(&good, 16384, F_SEAL_GROW), "does not know");
  assert_not_taken(memory_file(&good, 128, sealed | F_SEAL_SEAL), "does not know");
  assert_not_taken(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "does not know");
  assert_not_taken(-1, "cannot be followed");
}

typedef struct {
  SgPublishHeader *map;
  int stop;
} Flipper;

/* Between sound sizes and such that lie outside, wrap or are not whole numbers. */
static gpointer
flip(gpointer data)
{
  Flipper *f = data;
  volatile guint64 *head = &f->map->head_size, *slot = &f->map->slot_size;
  volatile guint64 *at = &f->map->slot_at[0], *file = &f->map->file_size;

  for (guint i = 0; !g_atomic_int_get(&f->stop); i++) {
    *slot = i % 2 ? 4096 : G_MAXUINT64 - 63;
    *head = i % 3 ? 64 : (guint64)1 << 62;
    *at = i % 5 ? 4096 : G_MAXUINT64 - 7;
    *file = i % 7 ? 16384 : 4096;
  }
  return NULL;
}

/* Who shares the memory changes its header while it is looked at: what was checked is what counts.
 * Without a copy this reads outside of the file within some hundred rounds. */
static void
test_flipped(void)
{
  SgPublishHeader good = {.layout = SG_PUBLISH_LAYOUT,
                          .file_size = 16384,
                          .head_at = 1024,
                          .head_size = 64,
                          .slot_at = {4096, 8192},
                          .slot_size = 4096,
                          .newest = 2};
  int taken = 0;

  memcpy(good.magic, SG_PUBLISH_MAGIC, sizeof good.magic);
  int fd = memory_file(&good, 16384, F_SEAL_SHRINK | F_SEAL_GROW);
  Flipper f = {mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), 0};
  g_assert_true(f.map != MAP_FAILED);
  GThread *flipper = g_thread_new("flipper", flip, &f);
  for (int round = 0; round < 400 || (taken < 20 && round < 20000); round++) {
    g_autofree char *root = make_root();
    g_autoptr(GError) error = NULL;
    int fds[2] = {sg_control_bind(root), fd};
    double kimg;
    g_assert_cmpint(listen(fds[0], 4), ==, 0);
    fcntl(fds[0], F_SETFL, 0); /* blocking */
    GThread *server = g_thread_new("server", pass_it, fds);
    g_autoptr(SgFollow) follower = sg_follow_new(root, NULL);
    g_thread_join(server);
    close(fds[0]);
    g_autoptr(SgModel) m = follower ? sg_follow_next(follower, &kimg, &error) : NULL;
    g_assert_null(m); /* zeros are no model */
    taken += follower != NULL;
    remove_root(root);
  }
  g_atomic_int_set(&f.stop, 1);
  g_thread_join(flipper);
  g_test_message("%d were sound when they were looked at", taken);
  g_assert_cmpint(taken, >, 0);
  munmap(f.map, 16384);
  close(fd);
}

/* ---- deaths ---------------------------------------------------------------------------------- */

/* A training in a process of its own: publishes 1, 2, 3… until it is killed; stops when asked. */
static pid_t
fork_training(const char *root)
{
  int ready[2];
  char byte;

  fflush(stdout);
  g_assert_cmpint(pipe(ready), ==, 0);
  pid_t child = fork();
  if (child != 0) {
    close(ready[1]);
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    close(ready[0]);
    return child;
  }
  alarm(60);
  Run r = run_new_in(root);
  (void)!write(ready[1], "r", 1);
  for (guint64 nimg = 1; !(sg_control_wait(r.control) & SG_CONTROL_STOP); nimg++) {
    publish(&r, nimg, FALSE);
    g_usleep(1000);
  }
  _exit(0);
}

static double
wait_for_one(SgFollow *f)
{
  gint64 end = g_get_monotonic_time() + PATIENCE;
  double kimg = -1;

  for (;;) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SgModel) m = sg_follow_next(f, &kimg, &error);
    g_assert_no_error(error);
    if (m)
      return kimg;
    g_assert_cmpint(g_get_monotonic_time(), <, end);
    g_usleep(1000);
  }
}

static void
test_training_dies(void)
{
  g_autofree char *root = make_root();
  pid_t child = fork_training(root);
  g_autoptr(SgFollow) f = follow(root), other = follow(root);

  wait_for_one(f);
  wait_for_one(other);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  double kimg;
  g_autoptr(GError) error = NULL;
  gint64 start = g_get_monotonic_time();
  for (SgModel *m; (m = sg_follow_next(f, &kimg, &error));)
    sg_model_unref(m);
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_cmpint(g_get_monotonic_time() - start, <, G_USEC_PER_SEC);
  /* Nobody is there to be followed. */
  g_clear_error(&error);
  g_assert_null(sg_follow_new(root, &error));
  g_assert_nonnull(strstr(error->message, "no training is running"));
  /* It goes on in the same directory: who did not look meanwhile goes on, too. */
  child = fork_training(root);
  wait_for_one(other);
  kill(child, SIGTERM);
  waitpid(child, NULL, 0);
  remove_root(root);
}

/* Followers that die, or ask and take nothing, do not matter to anybody else. */
static void
test_follower_dies(void)
{
  Run r = run_new();

  for (int i = 0; i < 3; i++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      SgFollow *f = sg_follow_new(r.root, NULL);
      if (f)
        kill(getpid(), SIGKILL);
      _exit(1);
    }
    int status;
    waitpid(child, &status, 0);
    g_assert_true(WIFSIGNALED(status));
  }
  g_autoptr(SgFollow) f = follow(r.root);
  for (int i = 0; i < 40; i++) { /* more than there is room for, and none takes its answer */
    int fd = sg_control_connect(r.root);
    if (fd >= 0) {
      (void)!send(fd, "{\"command\":\"follow\"}\n", 21, MSG_NOSIGNAL);
      close(fd);
    }
  }
  publish(&r, 4, TRUE);
  g_assert_cmpfloat(wait_for_one(f), ==, 0.004);
  run_clear(&r);
}

/* ---- while paused ---------------------------------------------------------------------------- */

static gpointer
wait_in_thread(gpointer c)
{
  return GINT_TO_POINTER(sg_control_wait(c));
}

/* A pause is no reason to show nothing: the wait ends for a publication, once. */
static void
test_paused(void)
{
  Run r = run_new();

  sg_publisher_advance(r.publisher, 4);
  g_free(sg_control_send(r.root, "pause", 5000, NULL));
  GThread *thread = g_thread_new("trainer", wait_in_thread, r.control);
  g_autoptr(SgFollow) f = follow(r.root);
  g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, SG_CONTROL_PAUSE);
  g_assert_true(publish(&r, 4, FALSE));
  assert_next(&r, f, 4);
  thread = g_thread_new("trainer", wait_in_thread, r.control);
  g_usleep(700000);
  g_free(sg_control_send(r.root, "resume", 5000, NULL));
  g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 0); /* slept until then */
  run_clear(&r);
}

/* A training without anything to show says so. */
static void
test_nothing_to_follow(void)
{
  g_autofree char *root = make_root();
  g_autoptr(GError) error = NULL;
  SgControl *c = sg_control_new(root, &error);

  g_assert_no_error(error);
  g_assert_true(sg_control_answer(c, &error));
  g_assert_null(sg_follow_new(root, &error));
  g_assert_nonnull(strstr(error->message, "nothing to follow"));
  sg_control_free(c);
  remove_root(root);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/publish/order", test_order);
  g_test_add_func("/publish/never-torn", test_never_torn);
  g_test_add_func("/publish/not-finite", test_not_finite);
  g_test_add_func("/publish/file", test_file);
  g_test_add_func("/publish/foreign-files", test_foreign_files);
  g_test_add_func("/publish/flipped", test_flipped);
  g_test_add_func("/publish/training-dies", test_training_dies);
  g_test_add_func("/publish/follower-dies", test_follower_dies);
  g_test_add_func("/publish/paused", test_paused);
  g_test_add_func("/publish/nothing-to-follow", test_nothing_to_follow);
  return g_test_run();
}
