#include "engine/formats/source.h"
#include "engine/formats/format-error.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct _SgSource {
  gatomicrefcount ref;
  SgSource *root;       /* parts: whose bytes these are; else NULL */
  guint64 start, size;  /* within the root */
  int fd;               /* roots that are files, else -1 */
  const guint8 *memory; /* roots that are memory */
  GBytes *bytes;        /* what owns the memory, may be NULL */
};

static SgSource *
new_source(guint64 size)
{
  SgSource *s = g_new0(SgSource, 1);
  g_atomic_ref_count_init(&s->ref);
  s->size = size;
  s->fd = -1;
  return s;
}

static void
set_errno_error(GError **error, const char *what)
{
  int saved = errno;
  g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(saved), "%s: %s", what,
              g_strerror(saved));
}

SgSource *
sg_source_new_fd(int fd, GError **error)
{
  struct stat st;

  if (fstat(fd, &st) < 0) {
    set_errno_error(error, "cannot be opened");
    close(fd);
    return NULL;
  }
  if (!S_ISREG(st.st_mode)) {
    g_set_error(error, G_FILE_ERROR, S_ISDIR(st.st_mode) ? G_FILE_ERROR_ISDIR : G_FILE_ERROR_INVAL,
                S_ISDIR(st.st_mode) ? "is a folder, not a file" : "is a device, not a file");
    close(fd);
    return NULL;
  }
  SgSource *s = new_source((guint64)st.st_size);
  s->fd = fd;
  return s;
}

SgSource *
sg_source_open(const char *path, GError **error)
{
  /* O_NONBLOCK: opening a FIFO nobody writes to would otherwise never return. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0) {
    set_errno_error(error, "cannot be opened");
    return NULL;
  }
  return sg_source_new_fd(fd, error);
}

SgSource *
sg_source_new_memory(const guint8 *data, gsize size)
{
  SgSource *s = new_source(size);
  s->memory = data;
  return s;
}

SgSource *
sg_source_new_bytes(GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data(bytes, &size);
  SgSource *s = sg_source_new_memory(data, size);
  s->bytes = g_bytes_ref(bytes);
  return s;
}

SgSource *
sg_source_new_part(SgSource *parent, guint64 offset, guint64 size, GError **error)
{
  if (offset > parent->size || size > parent->size - offset) {
    sg_broken(error,
              "%" G_GUINT64_FORMAT " bytes are expected at %" G_GUINT64_FORMAT
              ", but there are only %" G_GUINT64_FORMAT " in all",
              size, offset, parent->size);
    return NULL;
  }
  SgSource *s = new_source(size);
  s->root = sg_source_ref(parent->root ? parent->root : parent);
  s->start = parent->start + offset;
  return s;
}

SgSource *
sg_source_ref(SgSource *s)
{
  g_atomic_ref_count_inc(&s->ref);
  return s;
}

void
sg_source_unref(SgSource *s)
{
  if (!s || !g_atomic_ref_count_dec(&s->ref))
    return;
  if (s->root)
    sg_source_unref(s->root);
  if (s->fd >= 0)
    close(s->fd);
  g_clear_pointer(&s->bytes, g_bytes_unref);
  g_free(s);
}

guint64
sg_source_size(const SgSource *s)
{
  return s->size;
}

static gboolean
read_file(int fd, guint64 offset, guint8 *buffer, gsize n, GError **error)
{
  while (n > 0) {
    gssize got = pread(fd, buffer, MIN(n, (gsize)1 << 30), (off_t)offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      set_errno_error(error, "cannot be read");
      return FALSE;
    }
    if (got == 0)
      return sg_broken(error, "became shorter while it was read");
    buffer += got;
    offset += (guint64)got;
    n -= (gsize)got;
  }
  return TRUE;
}

gboolean
sg_source_read(const SgSource *s, guint64 offset, gpointer buffer, gsize n, GError **error)
{
  const SgSource *root = s->root ? s->root : s;

  if (offset > s->size || n > s->size - offset)
    return sg_broken(error,
                     "ends too early: %" G_GSIZE_FORMAT " bytes are expected at %" G_GUINT64_FORMAT
                     " of %" G_GUINT64_FORMAT,
                     n, offset, s->size);
  if (n == 0)
    return TRUE;
  if (root->fd >= 0)
    return read_file(root->fd, s->start + offset, buffer, n, error);
  memcpy(buffer, root->memory + s->start + offset, n);
  return TRUE;
}
