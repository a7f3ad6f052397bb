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

/* A GString ends the program where there is no memory. */
typedef struct {
  char *data;
  gsize n, room;
} Text;

#define PART ((gsize)16384)

/* For a byte more, and a zero. */
static gboolean
make_room(Text *text, gsize max)
{
  if (text->room - text->n >= 2)
    return TRUE;
  gsize room = MIN(MAX(2 * text->room, PART), MAX(max, PART)) + 2;
  char *larger = g_try_realloc(text->data, room);
  if (!larger)
    return FALSE;
  text->data = larger;
  text->room = room;
  return TRUE;
}

/* Up to `max` bytes of a file that may grow or shrink meanwhile. */
static gboolean
read_bytes(int fd, const char *path, gsize max, Text *text, GError **error)
{
  while (text->n < max) {
    if (!make_room(text, max))
      return sg_no_memory(error, "to read a file");
    gssize n = read(fd, text->data + text->n, MIN(text->room - 1 - text->n, max - text->n));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return sg_file_failed(error, path, "cannot be read");
    if (n == 0)
      break;
    text->n += (gsize)n;
  }
  if (!make_room(text, max))
    return sg_no_memory(error, "to read a file");
  text->data[text->n] = '\0';
  return TRUE;
}

char *
sg_read_start(const char *path, gsize max, gsize *length, GError **error)
{
  int fd = sg_open_regular(path, O_RDONLY, error);

  if (fd < 0)
    return NULL;
  Text text = {NULL};
  gboolean done = read_bytes(fd, path, max, &text, error);
  close(fd);
  if (!done) {
    g_free(text.data);
    return NULL;
  }
  if (length)
    *length = text.n;
  return text.data;
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
