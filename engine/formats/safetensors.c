#include "engine/formats/safetensors.h"
#include "engine/formats/archive-builder.h"
#include "engine/formats/format-error.h"
#include "engine/formats/stored.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <string.h>

/* A header is read as a tree of JSON, about twenty times its size. A thousand tensors need 100 kB,
 * and the largest class tables some more. */
#define MAX_HEADER (4 << 20)

static const struct {
  const char *name;
  SgDtype dtype;
} stored_types[] = {
    {"BOOL", SG_DTYPE_BOOL},
    {"U8", SG_DTYPE_UINT8},
    {"I8", SG_DTYPE_INT8},
    {"F8_E5M2", SG_DTYPE_FLOAT8_E5M2},
    {"F8_E4M3", SG_DTYPE_FLOAT8_E4M3},
    {"U16", SG_DTYPE_UINT16},
    {"I16", SG_DTYPE_INT16},
    {"F16", SG_DTYPE_FLOAT16},
    {"BF16", SG_DTYPE_BFLOAT16},
    {"U32", SG_DTYPE_UINT32},
    {"I32", SG_DTYPE_INT32},
    {"F32", SG_DTYPE_FLOAT32},
    {"U64", SG_DTYPE_UINT64},
    {"I64", SG_DTYPE_INT64},
    {"F64", SG_DTYPE_FLOAT64},
    {"C64", SG_DTYPE_COMPLEX64},
};

/* One tensor of the header, before the ranges are compared with each other. */
typedef struct {
  const char *name; /* borrowed from the JSON */
  SgDtype dtype;
  guint64 begin, end;
  SgView view;
} HeaderEntry;

static gboolean
entry_dtype(HeaderEntry *e, json_t *object, GError **error)
{
  const char *name = json_string_value(json_object_get(object, "dtype"));
  if (!name)
    return sg_broken(error, "the tensor “%s” has no dtype", e->name);
  for (gsize i = 0; i < G_N_ELEMENTS(stored_types); i++)
    if (strcmp(stored_types[i].name, name) == 0) {
      e->dtype = stored_types[i].dtype;
      return TRUE;
    }
  return sg_unsupported(error, "the tensor “%s” has the dtype %s, which Vitrine does not read",
                        e->name, name);
}

static gboolean
entry_shape(HeaderEntry *e, json_t *object, guint64 *bytes, GError **error)
{
  json_t *shape = json_object_get(object, "shape");
  gsize ndim = json_array_size(shape);

  if (!json_is_array(shape) || ndim > SG_MAX_DIMS)
    return sg_broken(error, "the tensor “%s” has no shape of at most %d sizes", e->name,
                     SG_MAX_DIMS);
  e->view.ndim = (int)ndim;
  *bytes = sg_dtype_size(e->dtype);
  for (gsize i = 0; i < ndim; i++) {
    json_t *size = json_array_get(shape, i);
    if (!json_is_integer(size) || json_integer_value(size) < 0)
      return sg_broken(error, "a size of the tensor “%s” is not a count", e->name);
    e->view.shape[i] = json_integer_value(size);
    if (!g_uint64_checked_mul(bytes, *bytes, (guint64)e->view.shape[i]))
      return sg_broken(error, "the tensor “%s” has impossible sizes", e->name);
  }
  return TRUE;
}

static gboolean
parse_entry(HeaderEntry *e, json_t *object, guint64 buffer_size, GError **error)
{
  json_t *offsets = json_object_get(object, "data_offsets");
  json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
  guint64 bytes = 0;

  if (!json_is_object(object))
    return sg_broken(error, "“%s” in the header is not a tensor", e->name);
  if (!entry_dtype(e, object, error) || !entry_shape(e, object, &bytes, error))
    return FALSE;
  if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
      json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
    return sg_broken(error, "the tensor “%s” has no valid data_offsets", e->name);
  e->begin = (guint64)json_integer_value(begin);
  e->end = (guint64)json_integer_value(end);
  if (e->end > buffer_size)
    return sg_broken(error,
                     "ends too early: the tensor “%s” ends at byte %" G_GUINT64_FORMAT
                     " of the data, but there are %" G_GUINT64_FORMAT,
                     e->name, e->end, buffer_size);
  if (e->end - e->begin != bytes)
    return sg_broken(error,
                     "the tensor “%s” occupies %" G_GUINT64_FORMAT
                     " bytes, but its shape needs %" G_GUINT64_FORMAT,
                     e->name, e->end - e->begin, bytes);
  return TRUE;
}

static gint
compare_ranges(gconstpointer a, gconstpointer b)
{
  const HeaderEntry *x = a, *y = b;
  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

/* The tensors have to cover the data without holes and without overlap. */
static gboolean
check_ranges(GArray *entries, guint64 buffer_size, GError **error)
{
  guint64 end = 0;
  g_autoptr(GArray) sorted = g_array_copy(entries);

  g_array_sort(sorted, compare_ranges);
  for (guint i = 0; i < sorted->len; i++) {
    const HeaderEntry *e = &g_array_index(sorted, HeaderEntry, i);
    if (e->begin != end)
      return sg_broken(error, "there is %s in the data before the tensor “%s”",
                       e->begin > end ? "a hole" : "an overlap", e->name);
    end = e->end;
  }
  if (end != buffer_size)
    return sg_broken(error, "%" G_GUINT64_FORMAT " bytes after the last tensor belong to nothing",
                     buffer_size - end);
  return TRUE;
}

static gboolean
add_entries(SgArchiveBuilder *b, GArray *entries, guint64 data_start, GError **error)
{
  for (guint i = 0; i < entries->len; i++) {
    HeaderEntry *e = &g_array_index(entries, HeaderEntry, i);
    SgStorage *storage = sg_archive_builder_add_storage(
        b, sg_storage_new(e->dtype, (e->end - e->begin) / sg_dtype_size(e->dtype)));
    storage->source =
        sg_source_new_part(b->source, data_start + e->begin, e->end - e->begin, error);
    if (!storage->source)
      return FALSE;
    e->view.storage = storage;
    sg_view_set_contiguous(&e->view, FALSE);
    if (!sg_archive_builder_add_view(b, e->name, &e->view, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_metadata(SgArchiveBuilder *b, json_t *metadata, GError **error)
{
  const char *key;
  json_t *value;

  if (!json_is_object(metadata))
    return sg_broken(error, "__metadata__ is not a map of strings");
  json_object_foreach (metadata, key, value) {
    g_autofree char *name = g_strconcat("__metadata__.", key, NULL);
    if (!json_is_string(value))
      return sg_broken(error, "“%s” in __metadata__ is not a string", key);
    if (!sg_archive_builder_add_attribute(b, name, json_string_value(value), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_header(SgArchiveBuilder *b, json_t *header, guint64 data_start, GError **error)
{
  guint64 buffer_size = sg_source_size(b->source) - data_start;
  g_autoptr(GArray) entries = g_array_new(FALSE, TRUE, sizeof(HeaderEntry));
  const char *key;
  json_t *value;

  json_object_foreach (header, key, value) {
    HeaderEntry e = {.name = key};
    if (strcmp(key, "__metadata__") == 0) {
      if (!add_metadata(b, value, error))
        return FALSE;
      continue;
    }
    if (!parse_entry(&e, value, buffer_size, error))
      return FALSE;
    g_array_append_val(entries, e);
  }
  return check_ranges(entries, buffer_size, error) && add_entries(b, entries, data_start, error);
}

gboolean
sg_safetensors_read(SgArchiveBuilder *b, GError **error)
{
  guint64 length;
  json_error_t why;
  gboolean ok;

  if (!sg_source_read(b->source, 0, &length, sizeof length, error))
    return FALSE;
  length = GUINT64_FROM_LE(length);
  if (length > sg_source_size(b->source) - 8)
    return sg_broken(
        error, "ends too early: its safetensors header claims %" G_GUINT64_FORMAT " bytes", length);
  if (length > MAX_HEADER)
    return sg_broken(error,
                     "its safetensors header has %" G_GUINT64_FORMAT
                     " bytes; Vitrine reads up to %d, which is enough for any StyleGAN",
                     length, MAX_HEADER);
  g_autofree char *text = g_try_malloc(length + 1);
  if (!text)
    return sg_no_memory(error, "for the header of a safetensors file");
  if (!sg_source_read(b->source, 8, text, length, error))
    return FALSE;
  json_t *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
  if (!json_is_object(header)) {
    json_decref(header);
    return sg_broken(error, "its safetensors header is not valid JSON: %s", why.text);
  }
  ok = read_header(b, header, 8 + length, error);
  json_decref(header);
  b->archive->kind = g_strdup("safetensors file");
  return ok;
}

/* ---- writing --------------------------------------------------------------------------------- */

static json_t *
metadata_to_json(GHashTable *metadata)
{
  json_t *o = json_object();
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(metadata), (GCompareFunc)strcmp);
  for (GList *l = keys; l; l = l->next) {
    /* Values came from files and may not be UTF-8, which JSON has to be. */
    g_autofree char *value = g_utf8_make_valid(g_hash_table_lookup(metadata, l->data), -1);
    json_object_set_new(o, l->data, json_string(value));
  }
  return o;
}

/* What the reader above takes for it. */
static const char *
dtype_name(SgDtype dtype)
{
  for (gsize i = 0; i < G_N_ELEMENTS(stored_types); i++)
    if (stored_types[i].dtype == dtype)
      return stored_types[i].name;
  g_return_val_if_reached(NULL);
}

static json_t *
tensor_to_json(const SgTensor *t, SgDtype dtype, guint64 *offset)
{
  gsize bytes = t->numel * sg_dtype_size(dtype);
  json_t *shape = json_array(), *o = json_object();
  for (int i = 0; i < t->ndim; i++)
    json_array_append_new(shape, json_integer(t->shape[i]));
  json_object_set_new(o, "dtype", json_string(dtype_name(dtype)));
  json_object_set_new(o, "shape", shape);
  json_object_set_new(o, "data_offsets",
                      json_pack("[I,I]", (json_int_t)*offset, (json_int_t)(*offset + bytes)));
  *offset += bytes;
  return o;
}

/* Its length, and the header padded with spaces, so that the data starts on a multiple of 64
 * bytes. */
static GBytes *
make_head(GPtrArray *names, GHashTable *tensors, GHashTable *metadata, SgDtype dtype)
{
  guint64 offset = 0, length = 0;
  json_t *o = json_object();
  GString *header = g_string_new_len((const char *)&length, sizeof length);

  if (metadata)
    json_object_set_new(o, "__metadata__", metadata_to_json(metadata));
  for (guint i = 0; i < names->len; i++)
    json_object_set_new(
        o, names->pdata[i],
        tensor_to_json(g_hash_table_lookup(tensors, names->pdata[i]), dtype, &offset));
  char *text = json_dumps(o, JSON_COMPACT);
  g_string_append(header, text);
  free(text);
  json_decref(o);
  while (header->len % 64)
    g_string_append_c(header, ' ');
  length = GUINT64_TO_LE((guint64)(header->len - sizeof length));
  memcpy(header->str, &length, sizeof length);
  return g_string_free_to_bytes(header);
}

GBytes *
sg_safetensors_head(GPtrArray *names, GHashTable *tensors, GHashTable *metadata)
{
  return make_head(names, tensors, metadata, SG_DTYPE_FLOAT32);
}

gboolean
sg_safetensors_write(const char *path, GPtrArray *names, GHashTable *tensors, GHashTable *metadata,
                     GError **error)
{
  return sg_safetensors_write_as(path, names, tensors, metadata, SG_DTYPE_FLOAT32, error);
}

gboolean
sg_safetensors_write_as(const char *path, GPtrArray *names, GHashTable *tensors,
                        GHashTable *metadata, SgDtype dtype, GError **error)
{
  g_autoptr(SgWriter) w = sg_writer_new(path, error);
  if (!w)
    return FALSE;
  g_autoptr(GBytes) head = make_head(names, tensors, metadata, dtype);
  gsize n;
  gconstpointer bytes = g_bytes_get_data(head, &n);
  if (!sg_writer_write(w, bytes, n, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    g_autoptr(GBytes) numbers =
        sg_stored_numbers(name, g_hash_table_lookup(tensors, name), dtype, error);
    bytes = numbers ? g_bytes_get_data(numbers, &n) : NULL;
    if (!numbers || !sg_writer_write(w, bytes, n, error))
      return FALSE;
  }
  return sg_writer_commit(w, error);
}
