/* A folder of numbered PNGs. It is filled under another name and renamed when it is whole. */
#include "engine/film/film-private.h"
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

typedef struct {
  char *path, *temporary; /* NULL once it has its name */
  int width, height, bytes;
  guint64 frames;
} Folder;

static char *
frame_path(const Folder *f, guint64 frame)
{
  char name[32];

  g_snprintf(name, sizeof name, "frame%06" G_GUINT64_FORMAT ".png", frame);
  return g_build_filename(f->temporary, name, NULL);
}

static void
folder_free(gpointer film)
{
  Folder *f = film;

  for (guint64 i = 0; f->temporary && i <= f->frames; i++) {
    g_autofree char *path = frame_path(f, i);
    g_unlink(path);
  }
  if (f->temporary)
    g_rmdir(f->temporary);
  g_free(f->temporary);
  g_free(f->path);
  g_free(f);
}

/* An empty folder may be there already: renaming replaces it. */
static gboolean
is_free(const char *path, GError **error)
{
  GDir *dir = g_dir_open(path, 0, NULL);
  gboolean ok = dir ? g_dir_read_name(dir) == NULL : !g_file_test(path, G_FILE_TEST_EXISTS);

  if (dir)
    g_dir_close(dir);
  if (!ok)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                "%s: there is something under this name already; a film of PNGs takes a new or an "
                "empty folder",
                path);
  return ok;
}

static gpointer
folder_open(const char *path, SgWriter *writer, const SgFilmFormat *format, GError **error)
{
  Folder *f;

  if (!is_free(path, error))
    return NULL;
  f = g_new0(Folder, 1);
  f->width = format->width;
  f->height = format->height;
  f->bytes = format->bytes;
  f->path = g_canonicalize_filename(path, NULL); /* without a "/" at its end */
  f->temporary = g_strdup_printf("%s.%08x.tmp", f->path, g_random_int());
  if (g_mkdir_with_parents(f->temporary, 0777) == 0)
    return f;
  sg_file_failed(error, path, "cannot make this folder");
  g_clear_pointer(&f->temporary, g_free);
  folder_free(f);
  return NULL;
}

static gboolean
folder_add(gpointer film, guint64 frame, const guint8 *pixels, const char *recipe_json,
           GError **error)
{
  Folder *f = film;
  g_autofree char *path = frame_path(f, frame);
  g_autoptr(GBytes) png = sg_png_encode_channels(pixels, f->width, f->height, f->bytes,
                                                 recipe_json ? recipe_json : "", error);

  if (!png)
    return FALSE;
  f->frames = frame + 1;
  /* Not synced one by one: the folder is, before it gets its name. */
  gsize n;
  gconstpointer data = g_bytes_get_data(png, &n);
  FILE *file = g_fopen(path, "wbe");
  gboolean ok = file && fwrite(data, 1, n, file) == n;
  int why = errno;
  if (file && fclose(file) != 0 && ok) {
    ok = FALSE;
    why = errno;
  }
  errno = why;
  return ok || sg_file_failed(error, f->path, "a frame cannot be written");
}

static gboolean
folder_finish(gpointer film, guint64 frames, GError **error)
{
  Folder *f = film;
  int fd = open(f->temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autofree char *parent = g_path_get_dirname(f->path);

  gboolean ok = fd >= 0 && (syncfs(fd) == 0 || errno == ENOSYS);
  int why = errno;
  if (fd >= 0)
    close(fd);
  errno = why;
  if (!ok || g_rename(f->temporary, f->path) != 0)
    return sg_file_failed(error, f->path, "cannot be written");
  g_clear_pointer(&f->temporary, g_free);
  sg_sync_folder(parent);
  return TRUE;
}

const SgFilmKind sg_film_pngs = {.lossless = TRUE,
                                 .open = folder_open,
                                 .add = folder_add,
                                 .finish = folder_finish,
                                 .free = folder_free};
