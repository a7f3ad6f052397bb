#include "engine/formats/read-file.h"
#include "engine/formats/format-error.h"
#include "engine/formats/writer.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK: who opens a FIFO would wait for its other end. It changes nothing of a file. */
int
sg_open_regular(const char *path, int flags, GError **error)
{
  struct stat st;
  int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);

  /* ENXIO: a FIFO that nobody reads, or a socket. */
  if (fd < 0 && errno != ENXIO) {
    sg_file_failed(error, path, "cannot be opened");
    return -1;
  }
  if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
    return fd;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
              "%s: this is not a file but a %s; expected a regular file", path,
              fd >= 0 && S_ISDIR(st.st_mode) ? "folder" : "pipe, socket or device");
  if (fd >= 0)
    close(fd);
  return -1;
}

/* Up to `max` bytes of a file that may grow or shrink meanwhile. */
static gboolean
read_bytes(int fd, const char *path, gsize max, GString *text, GError **error)
{
  char part[16384];

  while (text->len < max) {
    gssize n = read(fd, part, MIN(sizeof part, max - text->len));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return sg_file_failed(error, path, "cannot be read");
    if (n == 0)
      return TRUE;
    g_string_append_len(text, part, n);
  }
  return TRUE;
}

char *
sg_read_start(const char *path, gsize max, gsize *length, GError **error)
{
  int fd = sg_open_regular(path, O_RDONLY, error);

  if (fd < 0)
    return NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  gboolean done = read_bytes(fd, path, max, text, error);
  close(fd);
  if (!done)
    return NULL;
  if (length)
    *length = text->len;
  return g_string_free(g_steal_pointer(&text), FALSE);
}

char *
sg_read_file(const char *path, gsize max, gsize *length, GError **error)
{
  gsize n = 0;
  char *text = sg_read_start(path, max + 1, &n, error);

  if (text && n > max) {
    g_autofree char *most = g_format_size_full(max, G_FORMAT_SIZE_IEC_UNITS);
    sg_unsupported(error, "%s: more than %s, which no such file has", path, most);
    g_clear_pointer(&text, g_free);
  }
  if (length)
    *length = n;
  return text;
}
