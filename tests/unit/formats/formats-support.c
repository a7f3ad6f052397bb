#include "tests/unit/formats/formats-support.h"
#include "engine/formats/safetensors.h"
#include <glib/gstdio.h>
#include <string.h>

char *
fixture(const char *name)
{
  return g_test_build_filename(G_TEST_DIST, "fixtures", name, NULL);
}

void
read_fixture(const char *name, guint8 **data, gsize *size)
{
  g_autofree char *path = fixture(name);
  g_autoptr(GError) error = NULL;
  if (!g_file_get_contents(path, (char **)data, size, &error))
    g_error("%s", error->message);
}

static char *folder;

char *
scratch(const char *name)
{
  if (!folder)
    folder = g_dir_make_tmp("vitrine-test-XXXXXX", NULL);
  return g_build_filename(folder, name, NULL);
}

void
cleanup(void)
{
  if (!folder)
    return;
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_remove(path);
  }
  g_rmdir(folder);
  g_clear_pointer(&folder, g_free);
}

TensorSet *
tensor_set_from(const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgArchive) a = sg_archive_open(path, &error);
  TensorSet *s = g_new0(TensorSet, 1);

  g_assert_no_error(error);
  s->names = g_ptr_array_new_with_free_func(g_free);
  s->tensors =
      g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)sg_tensor_unref);
  s->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < a->entries->len; i++) {
    SgEntry *e = a->entries->pdata[i];
    char *name = g_strdup(e->name);
    g_ptr_array_add(s->names, name);
    g_hash_table_insert(s->tensors, name, sg_tensor_copy(e->tensor));
  }
  return s;
}

void
tensor_set_remove(TensorSet *s, const char *name)
{
  for (guint i = 0; i < s->names->len; i++)
    if (strcmp(s->names->pdata[i], name) == 0) {
      g_hash_table_remove(s->tensors, name);
      g_ptr_array_remove_index(s->names, i);
      return;
    }
  g_error("there is no tensor %s", name);
}

static void
add(TensorSet *s, const char *name, SgTensor *t)
{
  char *copy = g_strdup(name);
  g_ptr_array_add(s->names, copy);
  g_hash_table_insert(s->tensors, copy, t);
}

void
tensor_set_put(TensorSet *s, const char *name, int ndim, const gint64 *shape)
{
  if (g_hash_table_contains(s->tensors, name))
    tensor_set_remove(s, name);
  add(s, name, sg_tensor_new(ndim, shape));
}

void
tensor_set_rename(TensorSet *s, const char *from, const char *to)
{
  SgTensor *t = sg_tensor_ref(tensor_set_get(s, from));
  tensor_set_remove(s, from);
  add(s, to, t);
}

SgTensor *
tensor_set_get(TensorSet *s, const char *name)
{
  SgTensor *t = g_hash_table_lookup(s->tensors, name);
  if (!t)
    g_error("there is no tensor %s", name);
  return t;
}

void
tensor_set_meta(TensorSet *s, const char *key, const char *value)
{
  g_hash_table_replace(s->metadata, g_strdup(key), g_strdup(value));
}

void
tensor_set_free(TensorSet *s)
{
  g_hash_table_unref(s->tensors);
  g_ptr_array_unref(s->names);
  g_hash_table_unref(s->metadata);
  g_free(s);
}

SgModel *
tensor_set_load(TensorSet *s, GError **error)
{
  g_autofree char *path = scratch("set.safetensors");
  g_autoptr(GError) why = NULL;
  sg_safetensors_write(path, s->names, s->tensors, s->metadata, &why);
  g_assert_no_error(why);
  return sg_model_load(path, error);
}

void
assert_refused(TensorSet *s, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) m = tensor_set_load(s, &error);
  g_assert_null(m);
  g_assert_nonnull(error);
  assert_contains(error->message, words);
}
