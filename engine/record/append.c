/* Files that grow by whole records, also on a disk that is full for a while.
 *
 * A record is one write(2) to a file opened for appending. Where that stops in the middle the file
 * is shortened to what it was, and the record waits for the next one. */
#include "engine/formats/read-file.h"
#include "engine/formats/writer.h"
#include "engine/record/run-dir-private.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Days of ticks; a trainer must not fill the memory because it cannot fill the disk. */
#define MAX_KEPT (4 * 1024 * 1024)

struct _SgAppend {
  char *path;
  int fd;
  gboolean torn; /* part of a record could not be taken back: the file should end at `whole` */
  off_t whole;
  GQueue kept; /* of GBytes */
  gsize kept_bytes;
  guint lost;
};

SgAppend *
sg_append_open(const char *path, gboolean fresh, GError **error)
{
  int fd = sg_open_regular(path, O_WRONLY | O_APPEND | O_CREAT | (fresh ? O_EXCL : 0), error);

  if (fd < 0)
    return NULL;
  SgAppend *a = g_new0(SgAppend, 1);
  a->path = g_strdup(path);
  a->fd = fd;
  g_queue_init(&a->kept);
  return a;
}

static gboolean
write_whole(SgAppend *a, const guint8 *data, gsize n)
{
  struct stat st;
  gsize done = 0;

  if (a->torn && ftruncate(a->fd, a->whole) != 0)
    return FALSE;
  a->torn = FALSE;
  if (fstat(a->fd, &st) != 0)
    return FALSE;
  while (done < n) {
    gssize k = write(a->fd, data + done, n - done);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      break;
    done += (gsize)k;
  }
  if (done == n)
    return TRUE;
  int saved = errno;
  a->whole = st.st_size;
  a->torn = done > 0 && ftruncate(a->fd, a->whole) != 0;
  errno = saved;
  return FALSE;
}

static void
drop_oldest(SgAppend *a)
{
  GBytes *oldest = g_queue_pop_head(&a->kept);
  a->kept_bytes -= g_bytes_get_size(oldest);
  g_bytes_unref(oldest);
}

gboolean
sg_append_flush(SgAppend *a, gboolean sync, GError **error)
{
  gboolean done = TRUE;

  for (GBytes *b; done && (b = g_queue_peek_head(&a->kept));) {
    gsize n;
    const guint8 *data = g_bytes_get_data(b, &n);
    done = write_whole(a, data, n);
    if (done)
      drop_oldest(a);
  }
  /* Some file systems report a full disk only here; EINVAL is one that cannot sync. */
  if (done && (!sync || fdatasync(a->fd) == 0 || errno == EINVAL || errno == EROFS))
    return TRUE;
  int saved = errno;
  g_autofree char *lost = a->lost ? g_strdup_printf(", %u are lost", a->lost) : g_strdup("");
  g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(saved),
              "%s: cannot be written: %s (%u records wait%s)", a->path, g_strerror(saved),
              g_queue_get_length(&a->kept), lost);
  return FALSE;
}

gboolean
sg_append_record(SgAppend *a, gconstpointer data, gsize n, GError **error)
{
  g_queue_push_tail(&a->kept, g_bytes_new(data, n));
  a->kept_bytes += n;
  gboolean done = sg_append_flush(a, FALSE, error);
  for (; a->kept_bytes > MAX_KEPT; a->lost++)
    drop_oldest(a);
  return done;
}

void
sg_append_close(SgAppend *a)
{
  if (!a)
    return;
  sg_append_flush(a, FALSE, NULL);
  while (!g_queue_is_empty(&a->kept))
    drop_oldest(a);
  close(a->fd);
  g_free(a->path);
  g_free(a);
}
