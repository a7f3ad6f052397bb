/* What torch.save writes since 1.6: a zip with data.pkl and one stored entry per storage. */
#include "engine/formats/format-error.h"
#include "engine/formats/torch.h"
#include "engine/formats/zip-reader.h"
#include <string.h>

/* ---- entries --------------------------------------------------------------------------------- */

/* Of a TorchScript program: its source text, which is never read. */
static gboolean
is_code(const char *name)
{
  const char *inside = strchr(name, '/');
  return inside && g_str_has_prefix(inside, "/code/");
}

/* PyTorch stores its entries as they are, under plain names. Anything else is another kind of file,
 * or one that wants to unpack to more than it is. */
static gboolean
check_entries(zip_t *zip, guint64 file_size, GError **error)
{
  guint64 total = 0;

  for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0); i++) {
    zip_stat_t st;
    if (zip_stat_index(zip, (zip_uint64_t)i, 0, &st) < 0)
      return sg_broken(error, "an entry of the zip archive cannot be read");
    if (st.name[0] == '/' || strstr(st.name, ".."))
      return sg_broken(error, "the zip archive has the entry “%s”, which leads outside of it",
                       st.name);
    if (is_code(st.name))
      continue;
    if (st.encryption_method != ZIP_EM_NONE)
      return sg_unsupported(error, "the zip archive is encrypted");
    if (st.comp_method != ZIP_CM_STORE)
      return sg_unsupported(error, "this is a compressed zip archive, not a PyTorch file");
    if (st.size != st.comp_size || !g_uint64_checked_add(&total, total, st.size) ||
        total > file_size)
      return sg_broken(error, "the entries of the zip archive are larger than the file");
  }
  return TRUE;
}

static SgSource *
open_storage(SgStorage *storage, GError **error)
{
  return sg_zip_load(storage->open_data, storage->key, error);
}

/* ---- PyTorch's layout ------------------------------------------------------------------------ */

/* "archive" of "archive/data.pkl"; to be freed. `script`: it is a TorchScript program's. */
static char *
find_root(zip_t *zip, gboolean *script, GError **error)
{
  char *root = NULL;

  *script = FALSE;
  for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0); i++) {
    const char *name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
    *script |= name && g_str_has_suffix(name, "/constants.pkl");
    if (name && !root && g_str_has_suffix(name, "/data.pkl"))
      root = g_strndup(name, strlen(name) - strlen("/data.pkl"));
  }
  if (!root)
    sg_unsupported(error, *script ? "this is a TorchScript program without data.pkl; Vitrine reads "
                                    "weights, not programs"
                                  : "this is a zip archive without data.pkl, not a PyTorch file");
  return root;
}

gboolean
sg_torch_zip_recognises(SgSource *source)
{
  g_autoptr(SgZip) z = sg_zip_open(source, NULL);
  gboolean found = !z;

  for (zip_int64_t i = 0; z && i < zip_get_num_entries(z->zip, 0) && !found; i++) {
    const char *name = zip_get_name(z->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
    found =
        name && (g_str_has_suffix(name, "/data.pkl") || g_str_has_suffix(name, "/constants.pkl"));
  }
  return found;
}

static gboolean
is_big_endian(SgZip *z, const char *root)
{
  g_autofree char *name = g_strconcat(root, "/byteorder", NULL);
  char text[4] = "";

  if (zip_name_locate(z->zip, name, 0) < 0)
    return FALSE;
  g_autoptr(SgSource) source = sg_zip_load(z, name, NULL);
  return source && sg_source_size(source) >= 3 && sg_source_read(source, 0, text, 3, NULL) &&
         strcmp(text, "big") == 0;
}

static SgStorage *
make_storage(SgArchiveBuilder *b, SgZip *z, const char *root, const SgStorageId *id, GError **error)
{
  g_autofree char *name = g_strconcat(root, "/data/", id->key, NULL);
  guint64 bytes;
  zip_stat_t st;

  if (zip_stat(z->zip, name, 0, &st) < 0) {
    sg_broken(error, "the storage “%s” is missing", name);
    return NULL;
  }
  if (!g_uint64_checked_mul(&bytes, id->numel, sg_dtype_size(id->dtype)) || bytes != st.size) {
    sg_broken(error,
              "the storage “%s” has %" G_GUINT64_FORMAT " bytes, but should have %" G_GUINT64_FORMAT
              " numbers of %" G_GSIZE_FORMAT " bytes",
              name, (guint64)st.size, id->numel, sg_dtype_size(id->dtype));
    return NULL;
  }
  SgStorage *storage = sg_storage_new(id->dtype, id->numel);
  storage->key = g_steal_pointer(&name);
  storage->open = open_storage;
  storage->open_data = z;
  return sg_archive_builder_add_storage(b, storage);
}

static gboolean
resolve_storages(SgArchiveBuilder *b, SgZip *z, const char *root, GPtrArray *nodes, GError **error)
{
  g_autoptr(GHashTable) storages = g_hash_table_new(g_str_hash, g_str_equal);
  gboolean big_endian = is_big_endian(z, root);

  for (guint i = 0; i < nodes->len; i++) {
    SgPickleNode *node = nodes->pdata[i];
    SgStorageId id;
    if (!sg_torch_storage_id(node, &id))
      continue;
    SgStorage *storage = g_hash_table_lookup(storages, id.key);
    if (storage && (storage->dtype != id.dtype || storage->numel != id.numel))
      return sg_broken(error, "the storage %s is described in two ways", id.key);
    if (!storage) {
      if (!(storage = make_storage(b, z, root, &id, error)))
        return FALSE;
      storage->big_endian = big_endian;
      g_hash_table_insert(storages, (char *)id.key, storage);
    }
    node->meaning = storage;
  }
  return TRUE;
}

gboolean
sg_torch_zip_read(SgArchiveBuilder *b, GError **error)
{
  SgZip *z = b->zip = sg_zip_open(b->source, error);
  if (!z || !check_entries(z->zip, sg_source_size(b->source), error))
    return FALSE;
  gboolean script;
  g_autofree char *root = find_root(z->zip, &script, error);
  if (!root)
    return FALSE;
  g_autofree char *name = g_strconcat(root, "/data.pkl", NULL);
  SgSource *program = sg_zip_load(z, name, error);
  if (!program)
    return FALSE;
  SgPickle *pickle = sg_pickle_new();
  g_ptr_array_add(b->pickles, pickle);
  sg_pickle_own(pickle, program, (GDestroyNotify)sg_source_unref);
  guint64 offset = 0;
  SgPickleNode *object = sg_pickle_load(pickle, program, &offset, error);
  if (!object)
    return FALSE;
  g_autoptr(GPtrArray) nodes = sg_pickle_take_persistent(pickle);
  b->archive->kind =
      g_strdup(script ? "TorchScript program (zip), of which only the weights are read"
                      : "PyTorch file (zip)");
  return resolve_storages(b, z, root, nodes, error) && sg_pickle_walk(b, pickle, object, error);
}
