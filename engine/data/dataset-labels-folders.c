/* Class folders: cat/1.png, dog/2.png. */
#include "engine/data/dataset-labels.h"
#include "engine/formats/format-error.h"
#include <string.h>

/* Bytes of the folders that all names begin with, "set/" for example. */
static gsize
common_folders(const char *const *names, guint n)
{
  const char *slash = n > 0 ? strrchr(names[0], '/') : NULL;
  gsize common = slash ? (gsize)(slash + 1 - names[0]) : 0;

  for (guint i = 1; i < n && common > 0; i++)
    while (common > 0 && strncmp(names[0], names[i], common) != 0) {
      for (common--; common > 0 && names[0][common - 1] != '/';)
        common--;
    }
  return common;
}

/* dataset_tool numbers its folders and pictures: 00000/img00000000.png. */
static gboolean
is_numbered(const char *name)
{
  return strspn(name, "0123456789") == 5 && g_str_has_prefix(name + 5, "/img");
}

/* Parts of a set are no classes. */
static gboolean
is_part(const char *folder, gsize n)
{
  static const char *const parts[] = {"train",      "test",     "val",    "valid",
                                      "validation", "training", "testing"};

  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
    if (strlen(parts[i]) == n && g_ascii_strncasecmp(parts[i], folder, n) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
check_sure(const char *name, const char *below, GError **error)
{
  const char *slash = strchr(below, '/');

  if (strchr(slash + 1, '/'))
    return sg_unsupported(error, "%s lies in more than one folder", name);
  if (is_numbered(below))
    return sg_unsupported(error, "folders like that of %s only number pictures", name);
  if (is_part(below, (gsize)(slash - below)))
    return sg_unsupported(error, "the folder of %s has the name of a part of a set", name);
  return TRUE;
}

SgLabels *
sg_labels_from_folders(const char *const *pictures, guint n, gboolean sure, GError **error)
{
  g_autoptr(SgLabels) l = sg_labels_new("the folders");
  gsize common = common_folders(pictures, n);

  for (guint i = 0; i < n; i++) {
    const char *below = pictures[i] + common, *slash = strchr(below, '/');
    g_autofree char *class = slash ? g_strndup(below, (gsize)(slash - below)) : NULL;
    if (!class && sure) {
      sg_unsupported(error, "%s lies in no folder of a class", pictures[i]);
      return NULL;
    }
    if (sure && !check_sure(pictures[i], below, error))
      return NULL;
    if (!(class ? sg_labels_add_text(l, pictures[i], class, error)
                : sg_labels_add_none(l, pictures[i], error)))
      return NULL;
  }
  return sg_labels_finish(l, error) ? g_steal_pointer(&l) : NULL;
}
