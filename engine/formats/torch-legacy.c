/* The stream that torch.save wrote before 1.6, and that NVlabs' pickles embed once per storage:
 * five pickles back to back, then the raw storages (docs/formats.md, PyTorch's legacy stream). */
#include "engine/formats/format-error.h"
#include "engine/formats/torch.h"
#include <string.h>

typedef struct {
  SgArchiveBuilder *b;
  SgSource *source;
  guint64 offset;
  gboolean big_endian;
  GHashTable *storages; /* key -> SgStorage, both borrowed; source NULL until its data is found */
} Stream;

static const SgPickleNode *
dict_value(const SgPickleNode *dict, const char *key)
{
  if (dict->type != SG_PK_DICT)
    return NULL;
  for (gsize i = dict->seq.n; i >= 2; i -= 2)
    if (strcmp(sg_pickle_text(dict->seq.items[i - 2]), key) == 0)
      return dict->seq.items[i - 1];
  return NULL;
}

/* Magic number, version, and the writer's byte order. */
static gboolean
read_preamble(Stream *s, SgPickle *pickle, GError **error)
{
  static const guint8 magic[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
  SgPickleNode *number, *version, *system;
  gint64 value;

  if (!(number = sg_pickle_load(pickle, s->source, &s->offset, error)))
    return FALSE;
  if (number->type != SG_PK_BIGINT || number->text.length != sizeof magic ||
      memcmp(number->text.data, magic, sizeof magic) != 0)
    return sg_broken(error, "a PyTorch stream inside it does not start as one");
  if (!(version = sg_pickle_load(pickle, s->source, &s->offset, error)))
    return FALSE;
  if (!sg_pickle_int(version, &value) || value != 1001)
    return sg_unsupported(error, "its PyTorch stream is of an unknown version");
  if (!(system = sg_pickle_load(pickle, s->source, &s->offset, error)))
    return FALSE;
  if (sg_pickle_int(dict_value(system, "little_endian"), &value))
    s->big_endian = !value;
  return TRUE;
}

/* One storage per key; `nodes` refer to them. Nodes of types that Vitrine does not read keep no
 * meaning. */
static gboolean
collect_storages(Stream *s, GPtrArray *nodes, GError **error)
{
  for (guint i = 0; i < nodes->len; i++) {
    SgStorageId id;
    if (!sg_torch_storage_id(nodes->pdata[i], &id))
      continue;
    SgStorage *known = g_hash_table_lookup(s->storages, id.key);
    if (known && (known->dtype != id.dtype || known->numel != id.numel))
      return sg_broken(error, "the storage %s is described in two ways", id.key);
    if (known)
      continue;
    known = sg_archive_builder_add_storage(s->b, sg_storage_new(id.dtype, id.numel));
    known->big_endian = s->big_endian;
    g_hash_table_insert(s->storages, (char *)id.key, known);
  }
  return TRUE;
}

/* Raw data follows in the order of the key list, each run behind its count of elements. */
static gboolean
locate_data(Stream *s, const SgPickleNode *keys, GError **error)
{
  for (gsize i = 0; i < keys->seq.n; i++) {
    const char *key = sg_pickle_text(keys->seq.items[i]);
    SgStorage *storage = g_hash_table_lookup(s->storages, key);
    guint64 count, bytes;
    if (!storage)
      return sg_unsupported(error, "its storage %s holds numbers of a type Vitrine does not read",
                            key);
    if (!sg_source_read(s->source, s->offset, &count, sizeof count, error))
      return FALSE;
    count = GUINT64_FROM_LE(count);
    if (count != storage->numel || storage->source ||
        !g_uint64_checked_mul(&bytes, count, sg_dtype_size(storage->dtype)))
      return sg_broken(error, "the storage %s does not have the size it should have", key);
    storage->source = sg_source_new_part(s->source, s->offset + sizeof count, bytes, error);
    if (!storage->source)
      return FALSE;
    s->offset += sizeof count + bytes;
  }
  return TRUE;
}

/* A storage that is a part of another: only very old files have them. */
static SgStorage *
make_part(Stream *s, SgStorage *whole, const SgPickleNode *view, GError **error)
{
  gint64 offset, size;
  gsize width = sg_dtype_size(whole->dtype);

  if (!sg_pickle_int(sg_pickle_item(view, 1), &offset) ||
      !sg_pickle_int(sg_pickle_item(view, 2), &size) || offset < 0 || size < 0 ||
      (guint64)offset > whole->numel || (guint64)size > whole->numel - (guint64)offset) {
    sg_broken(error, "a part of a storage reaches outside of it");
    return NULL;
  }
  SgStorage *part =
      sg_archive_builder_add_storage(s->b, sg_storage_new(whole->dtype, (guint64)size));
  part->big_endian = whole->big_endian;
  part->source =
      sg_source_new_part(whole->source, (guint64)offset * width, (guint64)size * width, error);
  return part->source ? part : NULL;
}

static gboolean
give_meaning(Stream *s, GPtrArray *nodes, GError **error)
{
  for (guint i = 0; i < nodes->len; i++) {
    SgPickleNode *node = nodes->pdata[i];
    SgStorageId id;
    if (!sg_torch_storage_id(node, &id))
      continue;
    SgStorage *storage = g_hash_table_lookup(s->storages, id.key);
    if (!storage->source)
      return sg_broken(error, "the data of the storage %s is missing", id.key);
    if (id.view && !(storage = make_part(s, storage, id.view, error)))
      return FALSE;
    node->meaning = storage;
  }
  return TRUE;
}

static SgPickleNode *
parse(Stream *s, SgPickle *pickle, GPtrArray **nodes, GError **error)
{
  SgPickleNode *object, *keys;

  if (!read_preamble(s, pickle, error))
    return NULL;
  g_ptr_array_unref(sg_pickle_take_persistent(pickle));
  if (!(object = sg_pickle_load(pickle, s->source, &s->offset, error)))
    return NULL;
  *nodes = sg_pickle_take_persistent(pickle);
  if (!(keys = sg_pickle_load(pickle, s->source, &s->offset, error)))
    return NULL;
  if (keys->type != SG_PK_LIST) {
    sg_broken(error, "a PyTorch stream inside it has no list of storages");
    return NULL;
  }
  return collect_storages(s, *nodes, error) && locate_data(s, keys, error) &&
                 give_meaning(s, *nodes, error)
             ? object
             : NULL;
}

SgPickleNode *
sg_torch_legacy_parse(SgArchiveBuilder *b, SgPickle *pickle, SgSource *source, GError **error)
{
  Stream s = {.b = b, .source = source};
  g_autoptr(GPtrArray) nodes = NULL;

  s.storages = g_hash_table_new(g_str_hash, g_str_equal);
  SgPickleNode *object = parse(&s, pickle, &nodes, error);
  g_hash_table_unref(s.storages);
  return object;
}

gboolean
sg_torch_legacy_read(SgArchiveBuilder *b, GError **error)
{
  SgPickle *pickle = sg_pickle_new();
  g_ptr_array_add(b->pickles, pickle);
  SgPickleNode *object = sg_torch_legacy_parse(b, pickle, b->source, error);
  b->archive->kind = g_strdup("PyTorch file (legacy stream)");
  return object && sg_pickle_walk(b, pickle, object, error);
}
