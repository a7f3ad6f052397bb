#include "engine/formats/zip-reader.h"
#include "engine/formats/format-error.h"

/* Lives as long as its source in libzip. */
typedef struct {
  SgZip *zip;
  SgSource *source;
  guint64 position;
  zip_error_t error;
} Reader;

static zip_int64_t
read_some(Reader *r, void *data, zip_uint64_t n)
{
  guint64 left = sg_source_size(r->source) - r->position;
  n = MIN(n, left);
  if (!sg_source_read(r->source, r->position, data, n, r->zip->why ? NULL : &r->zip->why)) {
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

/* What the file had to say; else libzip. */
static gboolean
fail(SgZip *z, const char *what, const char *why, GError **error)
{
  if (!z->why)
    return sg_broken(error, "%s: %s", what, why);
  if (error && !*error)
    g_propagate_prefixed_error(error, g_steal_pointer(&z->why), "%s: ", what);
  return FALSE;
}

SgZip *
sg_zip_open(SgSource *source, GError **error)
{
  zip_error_t why;
  g_autoptr(SgZip) z = g_new0(SgZip, 1);
  Reader *r = g_new0(Reader, 1);

  r->zip = z;
  r->source = sg_source_ref(source);
  zip_error_init(&r->error);
  zip_error_init(&why);
  zip_source_t *s = zip_source_function_create(source_cb, r, &why);
  if (s)
    z->zip = zip_open_from_source(s, ZIP_RDONLY, &why);
  if (!z->zip) {
    fail(z, "not a readable zip archive, probably cut off", zip_error_strerror(&why), error);
    if (s)
      zip_source_free(s);
  }
  zip_error_fini(&why);
  return z->zip ? g_steal_pointer(&z) : NULL;
}

void
sg_zip_close(SgZip *z)
{
  if (!z)
    return;
  if (z->zip)
    zip_discard(z->zip);
  g_clear_error(&z->why);
  g_free(z);
}

SgSource *
sg_zip_load(SgZip *z, const char *name, GError **error)
{
  zip_stat_t st;
  zip_file_t *file;

  if (zip_stat(z->zip, name, 0, &st) < 0) {
    sg_broken(error, "the entry “%s” is missing", name);
    return NULL;
  }
  guint8 *data = g_try_malloc(MAX(st.size, 1));
  if (!data) {
    sg_no_memory(error, "to read a zip archive");
    return NULL;
  }
  g_autoptr(GBytes) bytes = g_bytes_new_take(data, st.size);
  if (!(file = zip_fopen(z->zip, name, 0))) {
    g_autofree char *what = g_strdup_printf("the entry “%s” cannot be read", name);
    fail(z, what, zip_strerror(z->zip), error);
    return NULL;
  }
  zip_int64_t got = zip_fread(file, data, st.size);
  /* One byte more than there is: only now libzip compares the checksum. */
  guint8 beyond;
  gboolean whole = got == (zip_int64_t)st.size && zip_fread(file, &beyond, 1) == 0;
  if (!whole) {
    g_autofree char *what = g_strdup_printf("the entry “%s” is damaged", name);
    fail(z, what, zip_file_strerror(file), error);
  }
  zip_fclose(file);
  return whole ? sg_source_new_bytes(bytes) : NULL;
}
