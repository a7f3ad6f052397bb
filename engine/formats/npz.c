#include "engine/formats/npz.h"
#include "engine/formats/format-error.h"
#include "engine/formats/npy.h"
#include "engine/formats/zip-writer.h"
#include <string.h>
#include <zip.h>

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

/* An entry's bytes, to be freed; it may not be larger than `most`. */
static guint8 *
read_entry(zip_t *zip, zip_uint64_t i, guint64 most, gsize *size, GError **error)
{
  zip_stat_t st;

  if (zip_stat_index(zip, i, 0, &st) != 0 || !(st.valid & ZIP_STAT_SIZE) || st.size > most) {
    sg_unsupported(error, "its array is larger than any vector of such a model");
    return NULL;
  }
  zip_file_t *f = zip_fopen_index(zip, i, 0);
  g_autofree guint8 *data = g_try_malloc(st.size + 1);
  zip_int64_t n = f && data ? zip_fread(f, data, st.size) : -1;
  if (f && zip_fclose(f) != 0)
    n = -1;
  if (n < 0 || (zip_uint64_t)n != st.size) {
    sg_broken(error, "its array cannot be unpacked");
    return NULL;
  }
  *size = st.size;
  return g_steal_pointer(&data);
}

static double *
read_zip(zip_t *zip, const char *const *keys, gsize most, const char **key, int *ndim,
         gint64 *shape, GError **error)
{
  gsize size;
  zip_int64_t i = zip_get_num_entries(zip, 0) <= MAX_KEYS ? find_key(zip, keys, key) : -1;

  if (i < 0) {
    g_autofree char *found = list_keys(zip), *wanted = g_strjoinv(" or ", (char **)keys);
    sg_unsupported(error, "expected an array %s, found %s", wanted, *found ? found : "nothing");
    return NULL;
  }
  g_autofree guint8 *data =
      read_entry(zip, (zip_uint64_t)i, MAX_HEADER + 8 * (guint64)most, &size, error);
  return data ? sg_npy_read_doubles_memory(data, size, most, ndim, shape, error) : NULL;
}

double *
sg_npz_read(const char *path, const char *const *keys, gsize most, const char **key, int *ndim,
            gint64 *shape, GError **error)
{
  int code;
  zip_t *zip = zip_open(path, ZIP_RDONLY, &code);
  double *v = NULL;

  if (zip) {
    v = read_zip(zip, keys, most, key, ndim, shape, error);
    zip_discard(zip);
  } else {
    zip_error_t why;
    zip_error_init_with_code(&why, code);
    sg_broken(error, "expected a .npz archive: %s", zip_error_strerror(&why));
    zip_error_fini(&why);
  }
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
