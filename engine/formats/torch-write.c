/* A zip of data.pkl, which says what there is, and of one stored entry for each tensor's numbers
 * (docs/formats.md, torch zips). The pickle has the opcodes that Python's protocol 2 has for dicts,
 * strings and numbers, and names three globals. */
#include "engine/formats/torch-write.h"
#include "engine/formats/stored.h"
#include "engine/formats/zip-writer.h"
#include <string.h>

/* ---- the pickle ------------------------------------------------------------------------------ */

static void
put(GByteArray *p, const char *bytes, gsize n)
{
  g_byte_array_append(p, (const guint8 *)bytes, (guint)n);
}

static void
put_op(GByteArray *p, char op)
{
  put(p, &op, 1);
}

static void
put_little(GByteArray *p, guint64 value, int bytes)
{
  for (int i = 0; i < bytes; i++)
    put_op(p, (char)(value >> 8 * i & 0xff));
}

/* BINUNICODE. What is not UTF-8 becomes so: a pickle's strings are. */
static void
put_text(GByteArray *p, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  gsize n = strlen(valid);

  put_op(p, 'X');
  put_little(p, n, 4);
  put(p, valid, n);
}

/* BININT for what fits, else LONG1 of eight bytes. */
static void
put_int(GByteArray *p, gint64 value)
{
  if (value >= G_MININT32 && value <= G_MAXINT32) {
    put_op(p, 'J');
    put_little(p, (guint32)value, 4);
    return;
  }
  put(p, "\x8a\x08", 2);
  put_little(p, (guint64)value, 8);
}

static void
put_global(GByteArray *p, const char *module, const char *name)
{
  g_autofree char *text = g_strdup_printf("c%s\n%s\n", module, name);
  put(p, text, strlen(text));
}

static void
put_sizes(GByteArray *p, const gint64 *sizes, int n)
{
  put_op(p, '(');
  for (int i = 0; i < n; i++)
    put_int(p, sizes[i]);
  put_op(p, 't');
}

/* torch._utils._rebuild_tensor_v2 (storage, offset, size, stride, requires_grad, hooks); the
 * storage is a persistent id: ("storage", class, key, location, numel). */
static void
put_tensor(GByteArray *p, const SgTensor *t, guint key, SgDtype dtype)
{
  gint64 strides[SG_MAX_DIMS], step = 1;
  g_autofree char *name = g_strdup_printf("%u", key);

  for (int i = t->ndim - 1; i >= 0; i--) {
    strides[i] = step;
    step *= t->shape[i];
  }
  put_global(p, "torch._utils", "_rebuild_tensor_v2");
  put(p, "((", 2);
  put_text(p, "storage");
  put_global(p, "torch", dtype == SG_DTYPE_FLOAT16 ? "HalfStorage" : "FloatStorage");
  put_text(p, name);
  put_text(p, "cpu");
  put_int(p, (gint64)t->numel);
  put(p, "tQ", 2); /* the tuple is the persistent id */
  put_int(p, 0);
  put_sizes(p, t->shape, t->ndim);
  put_sizes(p, strides, t->ndim);
  put_op(p, '\x89'); /* False */
  put_global(p, "collections", "OrderedDict");
  put(p, ")RtR", 4); /* hooks: OrderedDict(); then the call */
}

/* Up to the first dot; 0: no network's. */
static gsize
prefix_of(const char *name)
{
  const char *dot = strchr(name, '.');
  return dot ? (gsize)(dot - name) : 0;
}

/* One network's state dict: the names from `first` on that share its prefix. Returns the next. */
static guint
put_network(GByteArray *p, GPtrArray *names, GHashTable *tensors, guint first, SgDtype dtype)
{
  const char *name = names->pdata[first];
  gsize n = prefix_of(name);
  g_autofree char *prefix = g_strndup(name, n);
  guint i = first;

  put_text(p, prefix);
  put(p, "}(", 2);
  for (; i < names->len; i++) {
    const char *at = names->pdata[i];
    if (prefix_of(at) != n || strncmp(at, name, n) != 0)
      break;
    put_text(p, at + n + 1);
    put_tensor(p, g_hash_table_lookup(tensors, at), i, dtype);
  }
  put_op(p, 'u');
  return i;
}

static void
put_metadata(GByteArray *p, GHashTable *metadata)
{
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(metadata), (GCompareFunc)strcmp);

  put_text(p, "__metadata__");
  put(p, "}(", 2);
  for (GList *l = keys; l; l = l->next) {
    put_text(p, l->data);
    put_text(p, g_hash_table_lookup(metadata, l->data));
  }
  put_op(p, 'u');
}

static GByteArray *
make_pickle(GPtrArray *names, GHashTable *tensors, GHashTable *metadata, SgDtype dtype)
{
  GByteArray *p = g_byte_array_new();

  put(p, "\x80\x02}(", 4);
  for (guint i = 0; i < names->len;)
    i = put_network(p, names, tensors, i, dtype);
  if (metadata)
    put_metadata(p, metadata);
  put(p, "u.", 2);
  return p;
}

/* ---- the file -------------------------------------------------------------------------------- */

static gboolean
add_numbers(SgZipWriter *z, const char *name, const SgTensor *t, guint key, SgDtype dtype,
            GError **error)
{
  g_autofree char *entry = g_strdup_printf("archive/data/%u", key);
  g_autoptr(GBytes) numbers = sg_stored_numbers(name, t, dtype, error);
  gsize n;

  if (!numbers)
    return FALSE;
  gconstpointer data = g_bytes_get_data(numbers, &n);
  return sg_zip_writer_add(z, entry, data, n, error);
}

gboolean
sg_torch_write(const char *path, GPtrArray *names, GHashTable *tensors, GHashTable *metadata,
               SgDtype dtype, GError **error)
{
  g_autoptr(SgZipWriter) z = sg_zip_writer_new(path, error);
  if (!z)
    return FALSE;
  g_autoptr(GByteArray) pickle = make_pickle(names, tensors, metadata, dtype);
  if (!sg_zip_writer_add(z, "archive/data.pkl", pickle->data, pickle->len, error) ||
      !sg_zip_writer_add(z, "archive/byteorder", "little", 6, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    if (!add_numbers(z, name, g_hash_table_lookup(tensors, name), i, dtype, error))
      return FALSE;
  }
  return sg_zip_writer_add(z, "archive/version", "3\n", 2, error) && sg_zip_writer_commit(z, error);
}
