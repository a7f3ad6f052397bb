#include "tests/fuzz/files.h"
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder;

static void
remove_all(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    g_autofree char *child = g_build_filename(path, name, NULL);
    remove_all(child);
  }
  remove(path);
}

static void
remove_folder(void)
{
  remove_all(folder);
}

const char *
fuzz_folder(void)
{
  if (!folder) {
    if (!(folder = g_dir_make_tmp("vitrine-fuzz-XXXXXX", NULL)))
      g_error("there is no place for temporary files");
    atexit(remove_folder);
  }
  return folder;
}

char *
fuzz_put(const char *name, const guint8 *data, gsize size)
{
  char *path = g_build_filename(fuzz_folder(), name, NULL);
  g_autofree char *parent = g_path_get_dirname(path);
  FILE *f = g_mkdir_with_parents(parent, 0700) == 0 ? fopen(path, "wb") : NULL;

  if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
    g_error("%s cannot be written", path);
  return path;
}

char *
fuzz_line(const guint8 **data, gsize *size)
{
  const guint8 *end = *size ? memchr(*data, '\n', *size) : NULL;
  gsize n = end ? (gsize)(end - *data) : *size;
  char *line = g_strndup((const char *)*data, n);

  *data += end ? n + 1 : n;
  *size -= end ? n + 1 : n;
  return line;
}
