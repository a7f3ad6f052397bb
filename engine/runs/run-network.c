#include "engine/runs/run-network.h"
#include "engine/formats/archive.h"
#include <string.h>

#define PREFIX "network-snapshot-"

/* Thousands of pictures by the file's name, or -1 if it is no snapshot's. */
static gint64
kimg_of(const char *name)
{
  gint64 kimg = -1;

  if (!g_str_has_prefix(name, PREFIX) ||
      !(g_str_has_suffix(name, ".safetensors") || g_str_has_suffix(name, ".pkl")))
    return -1;
  const char *number = name + strlen(PREFIX);
  g_autofree char *digits = g_strndup(number, strspn(number, "0123456789"));
  return number[strlen(digits)] == '.' &&
                 g_ascii_string_to_signed(digits, 10, 0, G_MAXINT64, &kimg, NULL)
             ? kimg
             : -1;
}

char *
sg_run_network(const char *path, GError **error)
{
  g_autofree char *newest = NULL;
  gint64 most = -1;

  if (!g_file_test(path, G_FILE_TEST_IS_DIR))
    return g_strdup(path);
  g_autoptr(GDir) dir = g_dir_open(path, 0, error);
  if (!dir)
    return NULL;
  for (const char *name; (name = g_dir_read_name(dir));) {
    gint64 kimg = kimg_of(name);
    /* Of two with the same count the name decides, so that the answer does not depend on the order
     * of the folder. */
    if (kimg < 0 || kimg < most || (kimg == most && strcmp(name, newest) < 0))
      continue;
    most = kimg;
    g_free(newest);
    newest = g_strdup(name);
  }
  if (newest)
    return g_build_filename(path, newest, NULL);
  g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
              "%s is a folder without snapshots of a training (network-snapshot-*.safetensors or "
              "*.pkl).",
              path);
  return NULL;
}
