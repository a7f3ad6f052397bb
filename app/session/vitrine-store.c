#include "app/session/vitrine-store.h"
#include "app/config.h"
#include "engine/formats/read-file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLED_MODEL "lorelei64.safetensors"
#define MAX_RECENT    8
/* Nothing of ours comes near; a file that large is not ours. */
#define MAX_STATE_FILE (8 * 1024 * 1024)

typedef struct {
  char *path;
  char *text;
} Write;

static GThreadPool *writer;
static GHashTable *written; /* name -> json_t: what is on its way to the disk, or there */

static char *
path_of(const char *name)
{
  g_autofree char *file = g_strconcat(name, ".json", NULL);
  return g_build_filename(g_get_user_state_dir(), "vitrine", file, NULL);
}

json_t *
vitrine_store_load(const char *name)
{
  g_autofree char *path = path_of(name);
  g_autofree char *text = NULL;
  gsize length = 0;
  json_t *root = written ? g_hash_table_lookup(written, name) : NULL;

  if (root)
    return json_deep_copy(root);
  if ((text = sg_read_file(path, MAX_STATE_FILE, &length, NULL)))
    root = json_loadb(text, length, 0, NULL);
  if (!json_is_object(root)) {
    json_decref(root);
    root = json_object();
  }
  return root;
}

static void
write_file(gpointer data, gpointer user_data)
{
  Write *w = data;
  g_autofree char *dir = g_path_get_dirname(w->path);
  g_autoptr(GError) error = NULL;

  if (g_mkdir_with_parents(dir, 0700) != 0)
    g_warning("Cannot create %s: %s", dir, g_strerror(errno));
  else if (!g_file_set_contents(w->path, w->text, -1, &error))
    g_warning("Cannot keep the state of the window: %s", error->message);
  g_free(w->path);
  free(w->text);
  g_free(w);
}

void
vitrine_store_save(const char *name, const json_t *root)
{
  Write *w = g_new0(Write, 1);
  w->path = path_of(name);
  w->text = json_dumps(root, JSON_INDENT(1) | JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
  if (!written)
    written = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
  g_hash_table_replace(written, g_strdup(name), json_deep_copy(root));
  if (!writer)
    writer = g_thread_pool_new(write_file, NULL, 1, FALSE, NULL);
  g_thread_pool_push(writer, w, NULL);
}

void
vitrine_store_flush(void)
{
  if (writer)
    g_thread_pool_free(g_steal_pointer(&writer), FALSE, TRUE);
  g_clear_pointer(&written, g_hash_table_unref);
}

char *
vitrine_store_encode_path(const char *path)
{
  if (!path || (g_utf8_validate(path, -1, NULL) && !g_str_has_prefix(path, "file:")))
    return g_strdup(path);
  g_autofree char *whole = g_canonicalize_filename(path, NULL);
  return g_filename_to_uri(whole, NULL, NULL);
}

char *
vitrine_store_decode_path(const char *text)
{
  return text && g_str_has_prefix(text, "file:") ? g_filename_from_uri(text, NULL, NULL)
                                                 : g_strdup(text);
}

char **
vitrine_store_recent(void)
{
  json_t *root = vitrine_store_load("recent"), *item;
  GPtrArray *paths = g_ptr_array_new();
  size_t i;

  json_array_foreach (json_object_get(root, "models"), i, item) {
    char *path = vitrine_store_decode_path(json_string_value(item));
    if (path && paths->len < MAX_RECENT && g_file_test(path, G_FILE_TEST_EXISTS))
      g_ptr_array_add(paths, path);
    else
      g_free(path);
  }
  g_ptr_array_add(paths, NULL);
  json_decref(root);
  return (char **)g_ptr_array_free(paths, FALSE);
}

char *
vitrine_store_bundled_model(void)
{
  const char *roots[] = {VITRINE_SOURCE_ROOT "/data/models", VITRINE_PKGDATADIR "/models"};

  for (gsize i = 0; i < G_N_ELEMENTS(roots); i++) {
    g_autofree char *path = g_build_filename(roots[i], BUNDLED_MODEL, NULL);
    if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
      return g_steal_pointer(&path);
  }
  return NULL;
}

char **
vitrine_store_model_places(void)
{
  char **recent = vitrine_store_recent();
  guint n = g_strv_length(recent);

  recent = g_renew(char *, recent, n + 2);
  recent[n] = vitrine_store_bundled_model();
  recent[n + 1] = NULL;
  return recent;
}

void
vitrine_store_add_recent(const char *path)
{
  g_autofree char *text = vitrine_store_encode_path(path);
  json_t *root = vitrine_store_load("recent"), *item, *models = json_array();
  size_t i;

  json_array_append_new(models, json_string(text));
  json_array_foreach (json_object_get(root, "models"), i, item)
    if (g_strcmp0(json_string_value(item), text) != 0 && json_array_size(models) < MAX_RECENT)
      json_array_append(models, item);
  json_object_set_new(root, "models", models);
  vitrine_store_save("recent", root);
  json_decref(root);
}

/* ---- how models are edited ------------------------------------------------------------------- */

static gboolean
is_of(const json_t *entry, const char *hash)
{
  return g_strcmp0(json_string_value(json_object_get(entry, "hash")), hash) == 0;
}

/* As text, about. */
static gsize
entry_bytes(const json_t *entry)
{
  char *text = json_dumps(entry, JSON_COMPACT);
  gsize bytes = text ? strlen(text) : 0;

  free(text);
  return bytes;
}

static json_t *
entry_new(const char *hash, const SgRecipe *recipe, SgSpace space)
{
  g_autofree char *text = sg_recipe_to_json(recipe, NULL, NULL);

  return json_pack("{s:s, s:i, s:o}", "hash", hash, "space", (int)space, "recipe",
                   json_loads(text, 0, NULL));
}

void
vitrine_edits_keep(const char *hash, const SgRecipe *recipe, SgSpace space)
{
  json_t *root = vitrine_store_load("edits"), *kept = json_array(), *entry;
  json_t *newest = entry_new(hash, recipe, space);
  gsize i, bytes = entry_bytes(newest);

  json_array_append_new(kept, newest);
  json_array_foreach (json_object_get(root, "models"), i, entry) {
    if (!json_is_object(entry) || is_of(entry, hash))
      continue;
    bytes += entry_bytes(entry);
    if (bytes > VITRINE_EDITS_BYTES || json_array_size(kept) >= VITRINE_EDITS_MAX)
      break;
    json_array_append(kept, entry);
  }
  json_object_set_new(root, "models", kept);
  vitrine_store_save("edits", root);
  json_decref(root);
}

SgRecipe *
vitrine_edits_find(const char *hash, const SgModelInfo *info, SgSpace *space)
{
  json_t *root = vitrine_store_load("edits"), *entry, *found = NULL;
  gsize i;

  json_array_foreach (json_object_get(root, "models"), i, entry)
    if (!found && is_of(entry, hash))
      found = entry;
  char *text = json_dumps(json_object_get(found, "recipe"), JSON_COMPACT | JSON_REAL_PRECISION(17));
  gboolean w = json_integer_value(json_object_get(found, "space")) == SG_SPACE_W;
  json_decref(root);
  g_autoptr(SgRecipe) recipe = text ? sg_recipe_from_json(text, -1, NULL, NULL, NULL) : NULL;
  free(text);
  if (!recipe || !sg_recipe_check(recipe, info, NULL))
    return NULL;
  *space = w ? SG_SPACE_W : SG_SPACE_Z;
  return g_steal_pointer(&recipe);
}
