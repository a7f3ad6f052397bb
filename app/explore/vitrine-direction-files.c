#include "app/explore/vitrine-direction-files.h"
#include "app/config.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

static const char *const kinds[VITRINE_N_COMPONENTS] = {"pca-s", "pca-w", "sefa"};

/* ---- where they are ---------------------------------------------------------------------- */

static char *
path_of_yours(const char *key)
{
  g_autofree char *folded = strchr(key, G_DIR_SEPARATOR)
                                ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1)
                                : g_strdup(key);
  g_autofree char *name = g_strconcat(folded, ".safetensors", NULL);

  return g_build_filename(g_get_user_data_dir(), "vitrine", "directions", name, NULL);
}

static char *
path_of_components(const char *hash, VitrineComponents kind)
{
  g_autofree char *name = g_strdup_printf("%s-%s.safetensors", hash, kinds[kind]);

  return g_build_filename(g_get_user_cache_dir(), "vitrine", "directions", name, NULL);
}

/* ---- reading ----------------------------------------------------------------------------- */

static SgDirectionSet *
read_set(const char *path, const char *hash, int w_dim, GError **error)
{
  g_autoptr(SgDirectionSet) set = sg_direction_set_load(path, error);

  if (set && (set->w_dim != w_dim || !g_str_equal(set->model, hash)))
    return NULL; /* of another model */
  return g_steal_pointer(&set);
}

/* What is there for this model in one file; what cannot be read is told. */
static SgDirectionSet *
read_if_there(VitrineDirectionFiles *files, const char *path, const char *hash, int w_dim)
{
  g_autoptr(GError) error = NULL;

  if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
    return NULL;
  SgDirectionSet *set = read_set(path, hash, w_dim, &error);
  if (error && !files->warning)
    files->warning = g_strdup(error->message);
  return set;
}

static void
add_all(SgDirectionSet **to, const SgDirectionSet *from)
{
  if (!*to)
    *to = sg_direction_set_new(from->w_dim, from->model, from->method, from->details);
  for (guint i = 0; i < from->list->len; i++)
    sg_direction_set_add_copy(*to, from->list->pdata[i], from);
}

static void
read_folder(VitrineDirectionFiles *files, const char *folder, const char *hash, int w_dim)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name(dir))) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(SgDirectionSet) set =
        g_str_has_suffix(name, ".safetensors") ? read_if_there(files, path, hash, w_dim) : NULL;
    if (set)
      add_all(&files->attributes, set);
  }
}

VitrineDirectionFiles *
vitrine_direction_files_read(const char *key, const char *hash, int w_dim)
{
  VitrineDirectionFiles *files = g_new0(VitrineDirectionFiles, 1);
  const char *bundled[] = {VITRINE_SOURCE_ROOT "/data/directions",
                           VITRINE_PKGDATADIR "/directions"};
  g_autofree char *yours = path_of_yours(key);

  files->yours = read_if_there(files, yours, key, w_dim);
  for (gsize i = 0; i < G_N_ELEMENTS(bundled) && !files->attributes; i++)
    read_folder(files, bundled[i], hash, w_dim);
  for (int kind = 0; kind < VITRINE_N_COMPONENTS; kind++) {
    g_autofree char *path = path_of_components(hash, kind);
    /* A cache that is broken is made again. */
    files->components[kind] = read_set(path, hash, w_dim, NULL);
  }
  return files;
}

void
vitrine_direction_files_free(VitrineDirectionFiles *files)
{
  if (!files)
    return;
  sg_direction_set_free(files->yours);
  sg_direction_set_free(files->attributes);
  for (int kind = 0; kind < VITRINE_N_COMPONENTS; kind++)
    sg_direction_set_free(files->components[kind]);
  g_free(files->warning);
  g_free(files);
}

/* ---- keeping ----------------------------------------------------------------------------- */

static gboolean
make_folder(const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname(path);

  if (g_mkdir_with_parents(folder, 0700) == 0)
    return TRUE;
  g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", folder,
              g_strerror(errno));
  return FALSE;
}

gboolean
vitrine_direction_files_keep_yours(const SgDirectionSet *set, const char *key, GError **error)
{
  g_autofree char *path = path_of_yours(key);

  if (set->list->len == 0) {
    g_remove(path);
    return TRUE;
  }
  return make_folder(path, error) && sg_direction_set_save(set, path, error);
}

void
vitrine_direction_files_keep_components(const SgDirectionSet *set, const char *hash,
                                        VitrineComponents kind)
{
  g_autofree char *path = path_of_components(hash, kind);

  if (make_folder(path, NULL))
    sg_direction_set_save(set, path, NULL);
}
