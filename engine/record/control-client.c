/* Where a run's control socket is, and the side that asks. */
#include "engine/record/run-dir-private.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* More than any status: an answer is read into memory. */
#define MAX_ANSWER (1024 * 1024)

/* ---- the address ----------------------------------------------------------------------------- */

/* sun_path has 108 bytes; a longer path is entered through a descriptor of its directory, which
 * must stay open (*folder, or -1) until the address has been used. */
static gboolean
address_of(const char *run_dir, struct sockaddr_un *address, int *folder)
{
  g_autofree char *path = g_build_filename(run_dir, SG_CONTROL_NAME, NULL);

  *folder = -1;
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (g_strlcpy(address->sun_path, path, sizeof address->sun_path) < sizeof address->sun_path)
    return TRUE;
  *folder = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/" SG_CONTROL_NAME,
           *folder);
  return *folder >= 0;
}

typedef int (*UseAddress)(int fd, const struct sockaddr *address, socklen_t n);

static int
socket_at(const char *run_dir, UseAddress use, mode_t mode)
{
  struct sockaddr_un address;
  int folder = -1;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* bind gives the file the mode of the socket: at no time can others connect. */
  gboolean done = fd >= 0 && fchmod(fd, mode) == 0 && address_of(run_dir, &address, &folder) &&
                  use(fd, (struct sockaddr *)&address, sizeof address) == 0;
  int saved = errno;

  if (folder >= 0)
    close(folder);
  if (!done && fd >= 0)
    close(fd);
  errno = saved;
  return done ? fd : -1;
}

int
sg_control_connect(const char *run_dir)
{
  return socket_at(run_dir, connect, 0600);
}

int
sg_control_bind(const char *run_dir)
{
  return socket_at(run_dir, bind, 0600);
}

/* ---- asking ---------------------------------------------------------------------------------- */

gboolean
sg_control_failed(GError **error, const char *run_dir, int why)
{
  if (why == ENOENT || why == ECONNREFUSED)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "%s: no training is running there",
                run_dir);
  else if (why == ETIMEDOUT)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "%s: the training does not answer",
                run_dir);
  else
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(why),
                "%s: the training cannot be asked: %s", run_dir, g_strerror(why));
  return FALSE;
}

/* Waits until fd can be read (or written); sets errno. */
static gboolean
wait_for(int fd, short events, gint64 deadline)
{
  for (;;) {
    gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
    struct pollfd p = {fd, events, 0};
    int n = left > 0 ? poll(&p, 1, (int)MIN(left, G_MAXINT)) : 0;
    if (n > 0)
      return TRUE;
    if (n < 0 && errno == EINTR)
      continue;
    if (n == 0)
      errno = ETIMEDOUT;
    return FALSE;
  }
}

/* A full queue of connections says EAGAIN and cannot be waited for. */
static int
connect_in_time(const char *run_dir, gint64 deadline)
{
  for (;;) {
    int fd = sg_control_connect(run_dir);
    if (fd >= 0 || errno != EAGAIN)
      return fd;
    if (g_get_monotonic_time() >= deadline) {
      errno = ETIMEDOUT;
      return -1;
    }
    g_usleep(10000);
  }
}

static gboolean
send_all(int fd, const char *text, gint64 deadline)
{
  for (gsize n = strlen(text); n > 0;) {
    gssize k = send(fd, text, n, MSG_NOSIGNAL);
    if (k < 0 && (errno == EAGAIN ? !wait_for(fd, POLLOUT, deadline) : errno != EINTR))
      return FALSE;
    if (k > 0) {
      text += k;
      n -= (gsize)k;
    }
  }
  return TRUE;
}

static void
keep_passed(struct msghdr *message, int *passed)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    int fd;
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
        c->cmsg_len < CMSG_LEN(sizeof fd))
      continue;
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    if (*passed >= 0)
      close(*passed);
    *passed = fd;
  }
}

/* With room for one descriptor: the kernel closes what is too much. */
static gssize
receive(int fd, char *buffer, gsize n, int *passed)
{
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part = {buffer, n};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  gssize k = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

  if (k >= 0)
    keep_passed(&message, passed);
  return k;
}

static gboolean
receive_line(int fd, GString *line, int *passed, gint64 deadline)
{
  char buffer[4096];

  while (line->len <= MAX_ANSWER) {
    if (!wait_for(fd, POLLIN, deadline))
      return FALSE;
    gssize k = receive(fd, buffer, sizeof buffer, passed);
    if (k < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (k <= 0) {
      errno = k == 0 ? ECONNRESET : errno;
      return FALSE;
    }
    const char *lf = memchr(buffer, '\n', (gsize)k);
    g_string_append_len(line, buffer, lf ? lf - buffer : k);
    if (lf)
      return TRUE;
  }
  errno = EMSGSIZE;
  return FALSE;
}

gboolean
sg_control_exchange(int fd, const char *line, GString *answer, int *passed, int timeout_ms)
{
  gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;

  *passed = -1;
  if (send_all(fd, line, deadline) && receive_line(fd, answer, passed, deadline))
    return TRUE;
  if (*passed >= 0)
    close(*passed);
  *passed = -1;
  return FALSE;
}

char *
sg_control_line(const char *command, const char *name, const char *value)
{
  json_t *object = json_object();

  json_object_set_new(object, "command", json_string(command));
  if (name)
    json_object_set_new(object, "name", json_string(name));
  if (value)
    json_object_set_new(object, "value", json_string(value));
  char *text = json_dumps(object, JSON_COMPACT);
  char *line = g_strconcat(text, "\n", NULL);
  free(text);
  json_decref(object);
  return line;
}

static char *
send_line(const char *run_dir, const char *line, int timeout_ms, GError **error)
{
  gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
  GString *answer = g_string_new(NULL);
  int fd = connect_in_time(run_dir, deadline), passed = -1;
  int left = (int)MAX((deadline - g_get_monotonic_time()) / 1000, 0);
  gboolean done = fd >= 0 && sg_control_exchange(fd, line, answer, &passed, left);

  if (!done)
    sg_control_failed(error, run_dir, errno);
  if (fd >= 0)
    close(fd);
  if (passed >= 0)
    close(passed);
  return g_string_free(answer, !done);
}

char *
sg_control_send(const char *run_dir, const char *command, int timeout_ms, GError **error)
{
  g_autofree char *line = sg_control_line(command, NULL, NULL);
  return send_line(run_dir, line, timeout_ms, error);
}

char *
sg_control_send_set(const char *run_dir, const char *name, const char *value, int timeout_ms,
                    GError **error)
{
  g_autofree char *line = sg_control_line("set", name, value);
  return send_line(run_dir, line, timeout_ms, error);
}
