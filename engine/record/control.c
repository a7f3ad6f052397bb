/* The control socket of a running training.
 *
 * A thread of its own polls; the trainer only reads flags under a mutex, so that no client, however
 * slow or hostile, can hold it up. For the thread every descriptor is non-blocking, input and
 * output of a client are bounded, and a client is not read from before its answers are gone. */
#include "engine/formats/writer.h"
#include "engine/record/control-private.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_CLIENTS 16

typedef struct {
  int fd;
  GByteArray *in, *out;
  gboolean ended; /* the client sends no more, or shall not */
  gint64 active;  /* when something last came or went */
  int pass;       /* descriptor that goes with the first byte of `out`, borrowed; or -1 */
} Client;

/* ---- clients --------------------------------------------------------------------------------- */

static void
client_free(gpointer data)
{
  Client *client = data;
  close(client->fd);
  g_byte_array_unref(client->in);
  g_byte_array_unref(client->out);
  g_free(client);
}

/* Frees `answer`. */
static void
say(Client *client, json_t *answer)
{
  char *text = json_dumps(answer, JSON_COMPACT);
  g_byte_array_append(client->out, (const guint8 *)text, (guint)strlen(text));
  g_byte_array_append(client->out, (const guint8 *)"\n", 1);
  free(text);
  json_decref(answer);
}

static gboolean
is_blank(const guint8 *line, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isspace(line[i]))
      return FALSE;
  return TRUE;
}

/* Answers the next line, if all of it is here. */
static gboolean
client_answer_one(SgControl *c, Client *client)
{
  GByteArray *in = client->in;
  const guint8 *lf = in->len > 0 ? memchr(in->data, '\n', in->len) : NULL;
  guint n = lf ? (guint)(lf - in->data) : in->len;

  if (n > SG_CONTROL_MAX_LINE) {
    say(client, sg_control_refuse("a line may have 65536 bytes"));
    g_byte_array_set_size(in, 0);
    client->ended = TRUE;
    return TRUE;
  }
  /* A last line needs no break. */
  if (!lf && !(client->ended && n > 0))
    return FALSE;
  if (!is_blank(in->data, n))
    say(client, sg_control_obey(c, in->data, n, &client->pass));
  g_byte_array_remove_range(in, 0, lf ? n + 1 : n);
  return TRUE;
}

static gssize
send_some(Client *client)
{
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct iovec part = {client->out->data, client->out->len};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

  if (client->pass >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &client->pass, sizeof(int));
  }
  return sendmsg(client->fd, &message, MSG_NOSIGNAL);
}

/* All of these: FALSE when the client is gone. */
static gboolean
client_write(Client *client)
{
  while (client->out->len > 0) {
    gssize k = send_some(client);
    if (k < 0)
      return errno == EAGAIN || errno == EINTR;
    client->pass = -1;
    client->active = g_get_monotonic_time();
    g_byte_array_remove_range(client->out, 0, (guint)k);
  }
  return TRUE;
}

static gboolean
client_read(Client *client)
{
  guint8 buffer[8192];
  gssize k = recv(client->fd, buffer, sizeof buffer, 0);

  if (k < 0)
    return errno == EAGAIN || errno == EINTR;
  client->active = g_get_monotonic_time();
  client->ended = client->ended || k == 0;
  g_byte_array_append(client->in, buffer, (guint)k);
  return TRUE;
}

static gboolean
client_serve(SgControl *c, Client *client, short revents)
{
  if ((revents & (POLLERR | POLLNVAL)) ||
      ((revents & (POLLOUT | POLLHUP)) && !client_write(client)))
    return FALSE;
  if (client->out->len == 0 && !client->ended && (revents & (POLLIN | POLLHUP)) &&
      !client_read(client))
    return FALSE;
  while (client->out->len == 0 && client_answer_one(c, client))
    if (!client_write(client))
      return FALSE;
  return !(client->ended && client->out->len == 0);
}

/* Room for one more: the one that has been silent for longest goes. */
static void
drop_idlest(SgControl *c)
{
  guint idlest = 0;

  for (guint i = 1; i < c->clients->len; i++) {
    const Client *a = c->clients->pdata[i], *b = c->clients->pdata[idlest];
    if (a->active < b->active)
      idlest = i;
  }
  g_ptr_array_remove_index(c->clients, idlest);
}

static void
accept_client(SgControl *c)
{
  int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (fd < 0) {
    /* Out of descriptors, poll would report the listener again at once, for ever. */
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
      c->rest_until = g_get_monotonic_time() + G_USEC_PER_SEC / 5;
    return;
  }
  if (c->clients->len >= MAX_CLIENTS)
    drop_idlest(c);
  Client *client = g_new0(Client, 1);
  client->fd = fd;
  client->pass = -1;
  client->in = g_byte_array_new();
  client->out = g_byte_array_new();
  client->active = g_get_monotonic_time();
  g_ptr_array_add(c->clients, client);
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* Reads what woke the thread; FALSE when it shall end. */
static gboolean
woken(SgControl *c)
{
  char bytes[16];
  gboolean stay;

  for (gssize k; (k = read(c->wake[0], bytes, sizeof bytes)) > 0;)
    if (memchr(bytes, SG_CONTROL_WAKE_STOP[0], (gsize)k)) {
      g_mutex_lock(&c->mutex);
      sg_control_stop_locked(c);
      g_mutex_unlock(&c->mutex);
    }
  g_mutex_lock(&c->mutex);
  stay = !c->leaving;
  g_mutex_unlock(&c->mutex);
  return stay;
}

static gboolean
serve_once(SgControl *c)
{
  struct pollfd fds[2 + MAX_CLIENTS] = {{c->wake[0], POLLIN, 0}, {c->listener, POLLIN, 0}};
  guint n = c->clients->len;
  gboolean resting = c->rest_until > g_get_monotonic_time();

  if (resting)
    fds[1].fd = -1;
  for (guint i = 0; i < n; i++) {
    const Client *client = c->clients->pdata[i];
    fds[2 + i] = (struct pollfd){client->fd, client->out->len > 0 ? POLLOUT : POLLIN, 0};
  }
  if (poll(fds, 2 + n, resting ? 200 : -1) < 0)
    return TRUE; /* EINTR; nothing else that would not pass */
  for (guint i = n; i-- > 0;)
    if (fds[2 + i].revents && !client_serve(c, c->clients->pdata[i], fds[2 + i].revents))
      g_ptr_array_remove_index(c->clients, i);
  if (fds[1].revents)
    accept_client(c);
  return !fds[0].revents || woken(c);
}

static gpointer
control_thread(gpointer data)
{
  while (serve_once(data))
    ;
  return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* A socket that nobody listens to any more is removed. */
static gboolean
remove_stale(SgControl *c, const char *path, GError **error)
{
  struct stat st;
  int fd = sg_control_connect(c->run_dir);
  /* EAGAIN: alive, with a queue of clients. */
  gboolean live = fd >= 0 || errno == EAGAIN;

  if (fd >= 0)
    close(fd);
  if (!live && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && unlink(path) == 0)
    return TRUE;
  if (live)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                "%s: a training is already running in this directory", c->run_dir);
  else
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "%s: is in the way of the control socket",
                path);
  return FALSE;
}

static gboolean
open_socket(SgControl *c, GError **error)
{
  g_autofree char *path = g_build_filename(c->run_dir, SG_CONTROL_NAME, NULL);
  struct stat st;

  c->listener = sg_control_bind(c->run_dir);
  if (c->listener < 0 && errno == EADDRINUSE) {
    if (!remove_stale(c, path, error))
      return FALSE;
    c->listener = sg_control_bind(c->run_dir);
  }
  if (c->listener >= 0 && stat(path, &st) == 0) {
    c->device = st.st_dev;
    c->inode = st.st_ino;
    if (listen(c->listener, 16) == 0)
      return TRUE;
  }
  return sg_file_failed(error, path, "cannot be made");
}

SgControl *
sg_control_new(const char *run_dir, GError **error)
{
  g_autoptr(SgControl) c = g_new0(SgControl, 1);

  c->run_dir = g_strdup(run_dir);
  c->listener = c->wake[0] = c->wake[1] = -1;
  c->clients = g_ptr_array_new_with_free_func(client_free);
  c->status = json_object();
  g_mutex_init(&c->mutex);
  g_cond_init(&c->changed);
  if (pipe2(c->wake, O_CLOEXEC | O_NONBLOCK) != 0) {
    sg_file_failed(error, run_dir, "the training cannot be controlled");
    return NULL;
  }
  if (!open_socket(c, error))
    return NULL;
  c->takes_signals = sg_control_signals_take(c->wake[1]);
  return g_steal_pointer(&c);
}

gboolean
sg_control_answer(SgControl *c, GError **error)
{
  c->thread = g_thread_try_new("control", control_thread, c, error);
  return c->thread != NULL;
}

static void
remove_socket(SgControl *c)
{
  g_autofree char *path = g_build_filename(c->run_dir, SG_CONTROL_NAME, NULL);
  struct stat st;

  if (c->inode && lstat(path, &st) == 0 && st.st_dev == c->device && st.st_ino == c->inode)
    unlink(path);
}

void
sg_control_free(SgControl *c)
{
  if (!c)
    return;
  if (c->takes_signals)
    sg_control_signals_leave();
  if (c->thread) {
    g_mutex_lock(&c->mutex);
    c->leaving = TRUE;
    g_mutex_unlock(&c->mutex);
    (void)!write(c->wake[1], "q", 1);
    g_thread_join(c->thread);
  }
  remove_socket(c);
  for (int i = 0; i < 2; i++)
    if (c->wake[i] >= 0)
      close(c->wake[i]);
  if (c->listener >= 0)
    close(c->listener);
  g_ptr_array_unref(c->clients);
  json_decref(c->status);
  g_queue_clear_full(&c->changes, g_free);
  g_mutex_clear(&c->mutex);
  g_cond_clear(&c->changed);
  g_free(c->run_dir);
  g_free(c);
}
