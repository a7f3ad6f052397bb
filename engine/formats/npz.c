#include "engine/formats/npz.h"
#include "engine/formats/archive-builder.h"
#include "engine/formats/format-error.h"
#include "engine/formats/npy.h"
#include "engine/formats/zip-reader.h"
#include "engine/formats/zip-writer.h"
#include <string.h>

/* Of a .npy inside, before its numbers. */
#define MAX_HEADER 70000
#define MAX_KEYS   1000

/* What is in the archive, for people: "w, img". */
static char *
list_keys(zip_t *zip)
{
  GString *text = g_string_new(NULL);
  zip_int64_t n = MIN(zip_get_num_entries(zip, 0), 10);

  for (zip_int64_t i = 0; i < n; i++) {
    const char *name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
    g_autofree char *shown = g_strescape(name ? name : "", NULL);
    g_string_append_printf(text, "%s%.40s", i ? ", " : "", shown);
  }
  return g_string_free(text, FALSE);
}

static zip_int64_t
find_key(zip_t *zip, const char *const *keys, const char **key)
{
  for (; *keys; keys++) {
    g_autofree char *name = g_strconcat(*keys, ".npy", NULL);
    zip_int64_t i = zip_name_locate(zip, name, 0);
    *key = *keys;
    if (i >= 0)
      return i;
  }
  return -1;
}

/* An entry, which may not be larger than `most` bytes. */
static SgSource *
load_entry(SgZip *z, zip_uint64_t i, guint64 most, GError **error)
{
  zip_stat_t st;

  if (zip_stat_index(z->zip, i, 0, &st) == 0 && (st.valid & ZIP_STAT_SIZE) && st.size <= most)
    return sg_zip_load(z, st.name, error);
  sg_unsupported(error, "its array is larger than any vector of such a model");
  return NULL;
}

static double *
read_zip(SgZip *z, const char *const *keys, gsize most, const char **key, int *ndim, gint64 *shape,
         GError **error)
{
  zip_int64_t i = zip_get_num_entries(z->zip, 0) <= MAX_KEYS ? find_key(z->zip, keys, key) : -1;

  if (i < 0) {
    g_autofree char *found = list_keys(z->zip), *wanted = g_strjoinv(" or ", (char **)keys);
    sg_unsupported(error, "expected an array %s, found %s", wanted, *found ? found : "nothing");
    return NULL;
  }
  g_autoptr(SgSource) npy = load_entry(z, (zip_uint64_t)i, MAX_HEADER + 8 * (guint64)most, error);
  return npy ? sg_npy_read_doubles_source(npy, most, ndim, shape, error) : NULL;
}

double *
sg_npz_read(const char *path, const char *const *keys, gsize most, const char **key, int *ndim,
            gint64 *shape, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(path, error);
  g_autoptr(SgZip) z = source ? sg_zip_open(source, error) : NULL;
  double *v = z ? read_zip(z, keys, most, key, ndim, shape, error) : NULL;

  if (!v)
    g_prefix_error(error, "%s: ", path);
  return v;
}

static gboolean
write_one(const char *path, const char *key, GBytes *npy, GError **error)
{
  g_autoptr(SgZipWriter) z = npy ? sg_zip_writer_new(path, error) : NULL;
  g_autofree char *name = g_strconcat(key, ".npy", NULL);

  return z &&
         sg_zip_writer_add(z, name, g_bytes_get_data(npy, NULL), g_bytes_get_size(npy), error) &&
         sg_zip_writer_commit(z, error);
}

gboolean
sg_npz_write_double(const char *path, const char *key, int ndim, const gint64 *shape,
                    const double *v, GError **error)
{
  g_autoptr(GBytes) npy = sg_npy_bytes_double(ndim, shape, v, error);
  return write_one(path, key, npy, error);
}

gboolean
sg_npz_write(const char *path, const char *key, const SgTensor *t, GError **error)
{
  g_autoptr(GBytes) npy = sg_npy_bytes(t, error);
  return write_one(path, key, npy, error);
}

/* ---- a network ------------------------------------------------------------------------------- */

/* What shrinks more is not made of weights. */
#define MAX_RATIO 64

static char *
array_name(zip_t *zip, zip_int64_t i)
{
  const char *name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
  return name && g_str_has_suffix(name, ".npy") ? g_strndup(name, strlen(name) - 4) : NULL;
}

gboolean
sg_npz_recognises(SgSource *source)
{
  g_autoptr(SgZip) z = sg_zip_open(source, NULL);
  zip_int64_t n = z ? zip_get_num_entries(z->zip, 0) : 0;

  for (zip_int64_t i = 0; i < n; i++) {
    g_autofree char *name = array_name(z->zip, i);
    if (!name)
      return FALSE;
  }
  return n > 0;
}

/* Once more from the zip, when its numbers are wanted: only one array at a time is in memory. */
static SgSource *
open_array(SgStorage *storage, GError **error)
{
  g_autoptr(SgSource) npy = sg_zip_load(storage->open_data, storage->key, error);
  SgStorage again = {0};
  SgView view = {0};

  return npy ? sg_npy_open(npy, &again, &view, error) : NULL;
}

static gboolean
add_array(SgArchiveBuilder *b, zip_int64_t i, guint64 *left, GError **error)
{
  g_autofree char *name = array_name(b->zip->zip, i);
  SgStorage *storage = sg_archive_builder_add_storage(b, sg_storage_new(SG_DTYPE_FLOAT32, 0));
  SgView view = {0};
  zip_stat_t st;

  if (zip_stat_index(b->zip->zip, (zip_uint64_t)i, 0, &st) < 0 || st.size > *left)
    return sg_broken(error, "it unpacks to more than %d times its size, which no model does",
                     MAX_RATIO);
  *left -= st.size;
  storage->key = g_strdup(st.name);
  storage->open = open_array;
  storage->open_data = b->zip;
  g_autoptr(SgSource) npy = sg_zip_load(b->zip, st.name, error);
  g_autoptr(SgSource) numbers = npy ? sg_npy_open(npy, storage, &view, error) : NULL;
  if (numbers && sg_archive_builder_add_view(b, name, &view, error))
    return TRUE;
  g_prefix_error(error, "%s: ", st.name);
  return FALSE;
}

gboolean
sg_npz_archive_read(SgArchiveBuilder *b, GError **error)
{
  guint64 left = MAX_RATIO * sg_source_size(b->source) + (1 << 20);

  b->archive->kind = g_strdup("NumPy arrays (.npz)");
  if (!(b->zip = sg_zip_open(b->source, error)))
    return FALSE;
  for (zip_int64_t i = 0; i < zip_get_num_entries(b->zip->zip, 0); i++)
    if (!add_array(b, i, &left, error))
      return FALSE;
  return TRUE;
}
