/* Runs a fuzz target once on every file named, and on every file of every folder named: how the
 * corpus becomes an ordinary test, with any compiler. */
#include <glib.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static int
replay(const char *path)
{
  g_autofree guint8 *data = NULL;
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  gsize size;
  int count = 0;

  if (dir) {
    for (const char *name; (name = g_dir_read_name(dir));) {
      g_autofree char *child = g_build_filename(path, name, NULL);
      count += replay(child);
    }
    return count;
  }
  if (!g_file_get_contents(path, (char **)&data, &size, NULL))
    g_error("%s cannot be read", path);
  /* Exactly as long as the file: g_file_get_contents() adds a NUL, which would hide a read beyond
   * it. */
  g_autofree guint8 *exact = g_memdup2(data, size ? size : 1);
  LLVMFuzzerTestOneInput(exact, size);
  return 1;
}

int
main(int argc, char **argv)
{
  int count = 0;
  for (int i = 1; i < argc; i++)
    count += replay(argv[i]);
  printf("%d inputs\n", count);
  return count > 0 ? 0 : 1;
}
