#include "engine/explore/picture-model.h"
#include <string.h>

/* Reading a large model takes a second; nobody keeps more of them beside one picture. */
#define MAX_BESIDE 16

char *
sg_picture_recipe(const SgRecipe *recipe, const SgModel *model)
{
  g_autofree char *base = g_path_get_basename(model->path);
  gboolean folder = g_file_test(model->path, G_FILE_TEST_IS_DIR);
  g_autofree char *name = g_strconcat(base, folder ? "/" : "", NULL);

  return sg_recipe_to_json(recipe, model->hash, name);
}

typedef struct {
  const char *hash;
  GHashTable *tried; /* paths */
} Search;

/* The model of that file if its weights are the ones. */
static SgModel *
try(Search *s, const char *path)
{
  g_autofree char *canonical = g_canonicalize_filename(path, NULL);

  if (g_hash_table_contains(s->tried, canonical) || !g_file_test(canonical, G_FILE_TEST_IS_REGULAR))
    return NULL;
  g_autoptr(SgModel) m = sg_model_load(canonical, NULL);
  g_hash_table_add(s->tried, g_steal_pointer(&canonical));
  return m && strcmp(m->hash, s->hash) == 0 ? g_steal_pointer(&m) : NULL;
}

static gboolean
is_called(const char *path, const char *name)
{
  g_autofree char *base = g_path_get_basename(path);
  return strcmp(base, name) == 0;
}

/* Those of the picture's own name before the others: the first file that is read is mostly it. */
static SgModel *
try_places(Search *s, const char *name, const char *const *places)
{
  SgModel *m = NULL;

  for (int others = 0; places && others < 2; others++)
    for (gsize i = 0; !m && places[i]; i++)
      if (others || (name && is_called(places[i], name)))
        m = try(s, places[i]);
  return m;
}

static SgModel *
try_beside(Search *s, const char *folder)
{
  static const char *const ends[] = {".safetensors", ".pkl", ".pt", ".pth"};
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  SgModel *m = NULL;

  for (const char *name; dir && paths->len < MAX_BESIDE && (name = g_dir_read_name(dir));)
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++)
      if (g_str_has_suffix(name, ends[i]))
        g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
  for (guint i = 0; !m && i < paths->len; i++)
    m = try(s, paths->pdata[i]);
  return m;
}

SgModel *
sg_find_model(const char *hash, const char *name, const char *picture, const char *const *places)
{
  g_autofree char *base = name ? g_path_get_basename(name) : NULL;
  g_autofree char *folder = g_path_get_dirname(picture);
  g_autofree char *beside = base ? g_build_filename(folder, base, NULL) : NULL;
  Search s = {hash, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
  SgModel *m = NULL;

  if (name && g_path_is_absolute(name))
    m = try(&s, name);
  if (!m && beside)
    m = try(&s, beside);
  if (!m)
    m = try_places(&s, base, places);
  if (!m)
    m = try_beside(&s, folder);
  g_hash_table_unref(s.tried);
  return m;
}

static void
find_beside(char **file, const char *folder)
{
  g_autofree char *base = g_path_get_basename(*file);
  g_autofree char *beside = g_build_filename(folder, base, NULL);

  if (g_file_test(*file, G_FILE_TEST_IS_REGULAR) || !g_utf8_validate(beside, -1, NULL) ||
      !g_file_test(beside, G_FILE_TEST_IS_REGULAR))
    return;
  g_free(*file);
  *file = g_steal_pointer(&beside);
}

void
sg_find_recipe_files(SgRecipe *recipe, const char *path)
{
  g_autofree char *absolute = g_canonicalize_filename(path, NULL);
  g_autofree char *folder = g_path_get_dirname(absolute);

  for (guint i = 0; recipe->noise_maps && i < recipe->noise_maps->len; i++)
    find_beside(&((SgNoiseMap *)recipe->noise_maps->pdata[i])->file, folder);
  if (recipe->tuning)
    find_beside(&recipe->tuning->file, folder);
}
