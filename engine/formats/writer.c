#include "engine/formats/writer.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct _SgWriter {
  char *path;   /* for messages */
  char *target; /* where the file will be: path with symbolic links followed */
  char *temporary;
  int fd;
};

gboolean
sg_file_failed(GError **error, const char *path, const char *what)
{
  int saved = errno;
  g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(saved), "%s: %s: %s", path, what,
              g_strerror(saved));
  return FALSE;
}

/* A name that no other process and no other thread of this one takes. The mode is that of the file
 * that is replaced, or what the umask leaves. */
static gboolean
create_temporary(SgWriter *w, GError **error)
{
  struct stat st;
  gboolean replaces = stat(w->target, &st) == 0;

  if (replaces && !S_ISREG(st.st_mode)) {
    errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    return sg_file_failed(error, w->path, "cannot be written");
  }
  for (int attempt = 0; attempt < 100; attempt++) {
    g_free(w->temporary);
    w->temporary = g_strdup_printf("%s.%08x.tmp", w->target, g_random_int());
    w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (w->fd >= 0 && replaces)
      (void)!fchmod(w->fd, st.st_mode & 07777);
    if (w->fd >= 0 || errno != EEXIST)
      break;
  }
  if (w->fd < 0) {
    g_clear_pointer(&w->temporary, g_free);
    return sg_file_failed(error, w->path, "cannot be written");
  }
  return TRUE;
}

SgWriter *
sg_writer_new(const char *path, GError **error)
{
  g_autoptr(SgWriter) w = g_new0(SgWriter, 1);
  char *resolved = realpath(path, NULL);

  w->fd = -1;
  w->path = g_strdup(path);
  w->target = g_strdup(resolved ? resolved : path);
  free(resolved);
  return create_temporary(w, error) ? g_steal_pointer(&w) : NULL;
}

gboolean
sg_writer_write(SgWriter *w, gconstpointer data, gsize n, GError **error)
{
  const guint8 *p = data;
  while (n > 0) {
    gssize done = write(w->fd, p, MIN(n, (gsize)1 << 30));
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return sg_file_failed(error, w->path, "cannot be written");
    p += done;
    n -= (gsize)done;
  }
  return TRUE;
}

int
sg_writer_fd(SgWriter *w)
{
  return w->fd;
}

void
sg_sync_folder(const char *folder)
{
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    (void)!fsync(fd);
    close(fd);
  }
}

gboolean
sg_writer_commit(SgWriter *w, GError **error)
{
  int fd = w->fd;
  gboolean synced = fsync(fd) == 0 || errno == EINVAL || errno == EROFS;

  if (!synced)
    return sg_file_failed(error, w->path, "cannot be written");
  w->fd = -1;
  /* Some file systems report a full disk only here. */
  if (close(fd) < 0)
    return sg_file_failed(error, w->path, "cannot be written");
  if (rename(w->temporary, w->target) < 0)
    return sg_file_failed(error, w->path, "cannot be written");
  g_clear_pointer(&w->temporary, g_free);
  g_autofree char *folder = g_path_get_dirname(w->target);
  sg_sync_folder(folder);
  return TRUE;
}

void
sg_writer_free(SgWriter *w)
{
  if (!w)
    return;
  if (w->fd >= 0)
    close(w->fd);
  if (w->temporary)
    g_unlink(w->temporary);
  g_free(w->temporary);
  g_free(w->target);
  g_free(w->path);
  g_free(w);
}

gboolean
sg_write_file(const char *path, gconstpointer data, gsize n, GError **error)
{
  g_autoptr(SgWriter) w = sg_writer_new(path, error);
  return w && sg_writer_write(w, data, n, error) && sg_writer_commit(w, error);
}

/* ---- names ----------------------------------------------------------------------------------- */

static gboolean
ends_in(const char *path, const char *const *endings)
{
  g_autofree char *lower = g_ascii_strdown(path, -1);

  for (; *endings; endings++)
    if (g_str_has_suffix(lower, *endings))
      return TRUE;
  return FALSE;
}

gboolean
sg_check_ending(const char *path, const char *const *endings, GError **error)
{
  static const char *const known[] = {
      ".png", ".jpg", ".jpeg", ".webp",        ".bmp", ".gif", ".tif", ".tiff", ".avif", ".svg",
      ".pdf", ".npy", ".npz",  ".safetensors", ".pkl", ".pt",  ".pth", ".ckpt", ".bin",  ".h5",
      ".csv", ".txt", ".json", ".jsonl",       ".zip", ".tar", ".gz",  ".onnx", NULL};

  if (ends_in(path, endings) || !ends_in(path, known))
    return TRUE;
  g_autofree char *wanted = g_strjoinv(" or ", (char **)endings);
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
              "%s: the file would be %s whatever its name says; give it a name that ends in %s",
              path,
              strcmp(endings[0], ".png") == 0   ? "a PNG"
              : strcmp(endings[0], ".npy") == 0 ? "a NumPy array"
              : strcmp(endings[0], ".pt") == 0  ? "PyTorch's"
                                                : "safetensors",
              wanted);
  return FALSE;
}
