/* What torch.save writes since 1.6: a zip with data.pkl and one stored entry per storage. */
#include "engine/formats/format-error.h"
#include "engine/formats/torch.h"
#include <string.h>
#include <zip.h>

/* ---- libzip on a SgSource -------------------------------------------------------------------- */

typedef struct {
  SgSource *source;
  guint64 position;
  zip_error_t error;
} Reader;

static zip_int64_t
read_some(Reader *r, void *data, zip_uint64_t n)
{
  guint64 left = sg_source_size(r->source) - r->position;
  n = MIN(n, left);
  if (!sg_source_read(r->source, r->position, data, n, NULL)) {
    zip_error_set(&r->error, ZIP_ER_READ, 0);
    return -1;
  }
  r->position += n;
  return (zip_int64_t)n;
}

static zip_int64_t
seek_to(Reader *r, void *data, zip_uint64_t n)
{
  zip_int64_t position =
      zip_source_seek_compute_offset(r->position, sg_source_size(r->source), data, n, &r->error);
  if (position < 0)
    return -1;
  r->position = (guint64)position;
  return 0;
}

static zip_int64_t
stat_source(Reader *r, void *data)
{
  zip_stat_t *st = data;
  zip_stat_init(st);
  st->size = sg_source_size(r->source);
  st->valid |= ZIP_STAT_SIZE;
  return sizeof *st;
}

static zip_int64_t
source_cb(void *user, void *data, zip_uint64_t n, zip_source_cmd_t command)
{
  Reader *r = user;
  switch (command) {
  case ZIP_SOURCE_OPEN:
    r->position = 0;
    return 0;
  case ZIP_SOURCE_READ:
    return read_some(r, data, n);
  case ZIP_SOURCE_SEEK:
    return seek_to(r, data, n);
  case ZIP_SOURCE_TELL:
    return (zip_int64_t)r->position;
  case ZIP_SOURCE_STAT:
    return stat_source(r, data);
  case ZIP_SOURCE_ERROR:
    return zip_error_to_data(&r->error, data, n);
  case ZIP_SOURCE_SUPPORTS:
    return zip_source_make_command_bitmap(
        ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
        ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
  case ZIP_SOURCE_CLOSE:
    return 0;
  case ZIP_SOURCE_FREE:
    zip_error_fini(&r->error);
    sg_source_unref(r->source);
    g_free(r);
    return 0;
  default:
    zip_error_set(&r->error, ZIP_ER_OPNOTSUPP, 0);
    return -1;
  }
}

static zip_t *
open_zip(SgSource *source, GError **error)
{
  zip_error_t why;
  Reader *r = g_new0(Reader, 1);
  zip_t *zip = NULL;

  r->source = sg_source_ref(source);
  zip_error_init(&r->error);
  zip_error_init(&why);
  zip_source_t *s = zip_source_function_create(source_cb, r, &why);
  if (s)
    zip = zip_open_from_source(s, ZIP_RDONLY, &why);
  if (!zip) {
    sg_broken(error, "not a readable zip archive, probably cut off: %s", zip_error_strerror(&why));
    if (s)
      zip_source_free(s);
  }
  zip_error_fini(&why);
  return zip;
}

void
sg_torch_zip_close(gpointer zip)
{
  zip_discard(zip);
}

/* ---- entries --------------------------------------------------------------------------------- */

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
load_entry(zip_t *zip, const char *name, GError **error)
{
  zip_stat_t st;
  zip_file_t *file;

  if (zip_stat(zip, name, 0, &st) < 0) {
    sg_broken(error, "the entry “%s” is missing", name);
    return NULL;
  }
  guint8 *data = g_try_malloc(MAX(st.size, 1));
  if (!data || !(file = zip_fopen(zip, name, 0))) {
    g_free(data);
    sg_broken(error, "the entry “%s” cannot be read", name);
    return NULL;
  }
  zip_int64_t got = zip_fread(file, data, st.size);
  /* One byte more than there is: only now libzip compares the checksum. */
  guint8 beyond;
  gboolean whole = got == (zip_int64_t)st.size && zip_fread(file, &beyond, 1) == 0;
  zip_fclose(file);
  g_autoptr(GBytes) bytes = g_bytes_new_take(data, st.size);
  if (!whole) {
    sg_broken(error, "the entry “%s” is damaged", name);
    return NULL;
  }
  return sg_source_new_bytes(bytes);
}

static SgSource *
open_storage(SgStorage *storage, GError **error)
{
  return load_entry(storage->open_data, storage->key, error);
}

/* ---- PyTorch's layout ------------------------------------------------------------------------ */

/* "archive" of "archive/data.pkl"; to be freed. */
static char *
find_root(zip_t *zip, GError **error)
{
  gboolean script = FALSE;

  for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0); i++) {
    const char *name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
    script |= name && g_str_has_suffix(name, "/constants.pkl");
  }
  for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0) && !script; i++) {
    const char *name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
    if (name && g_str_has_suffix(name, "/data.pkl"))
      return g_strndup(name, strlen(name) - strlen("/data.pkl"));
  }
  if (script)
    sg_unsupported(error, "this is a TorchScript program; Vitrine reads weights, not programs");
  else
    sg_unsupported(error, "this is a zip archive without data.pkl, not a PyTorch file");
  return NULL;
}

gboolean
sg_torch_zip_recognises(SgSource *source)
{
  zip_t *zip = open_zip(source, NULL);
  gboolean found = !zip;

  for (zip_int64_t i = 0; zip && i < zip_get_num_entries(zip, 0) && !found; i++) {
    const char *name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
    found =
        name && (g_str_has_suffix(name, "/data.pkl") || g_str_has_suffix(name, "/constants.pkl"));
  }
  if (zip)
    zip_discard(zip);
  return found;
}

static gboolean
is_big_endian(zip_t *zip, const char *root)
{
  g_autofree char *name = g_strconcat(root, "/byteorder", NULL);
  char text[4] = "";

  if (zip_name_locate(zip, name, 0) < 0)
    return FALSE;
  g_autoptr(SgSource) source = load_entry(zip, name, NULL);
  return source && sg_source_size(source) >= 3 && sg_source_read(source, 0, text, 3, NULL) &&
         strcmp(text, "big") == 0;
}

static SgStorage *
make_storage(SgArchiveBuilder *b, zip_t *zip, const char *root, const SgStorageId *id,
             GError **error)
{
  g_autofree char *name = g_strconcat(root, "/data/", id->key, NULL);
  guint64 bytes;
  zip_stat_t st;

  if (zip_stat(zip, name, 0, &st) < 0) {
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
  storage->open_data = zip;
  return sg_archive_builder_add_storage(b, storage);
}

static gboolean
resolve_storages(SgArchiveBuilder *b, zip_t *zip, const char *root, GPtrArray *nodes,
                 GError **error)
{
  g_autoptr(GHashTable) storages = g_hash_table_new(g_str_hash, g_str_equal);
  gboolean big_endian = is_big_endian(zip, root);

  for (guint i = 0; i < nodes->len; i++) {
    SgPickleNode *node = nodes->pdata[i];
    SgStorageId id;
    if (!sg_torch_storage_id(node, &id))
      continue;
    SgStorage *storage = g_hash_table_lookup(storages, id.key);
    if (storage && (storage->dtype != id.dtype || storage->numel != id.numel))
      return sg_broken(error, "the storage %s is described in two ways", id.key);
    if (!storage) {
      if (!(storage = make_storage(b, zip, root, &id, error)))
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
  zip_t *zip = b->zip = open_zip(b->source, error);
  if (!zip || !check_entries(zip, sg_source_size(b->source), error))
    return FALSE;
  g_autofree char *root = find_root(zip, error);
  if (!root)
    return FALSE;
  g_autofree char *name = g_strconcat(root, "/data.pkl", NULL);
  SgSource *program = load_entry(zip, name, error);
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
  b->archive->kind = g_strdup("PyTorch file (zip)");
  return resolve_storages(b, zip, root, nodes, error) && sg_pickle_walk(b, pickle, object, error);
}
