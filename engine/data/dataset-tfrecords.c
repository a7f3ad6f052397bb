/* TFRecords as NVlabs' dataset_tool.py of StyleGAN and StyleGAN2 wrote them: NAME-r02.tfrecords to
 * NAME-r10.tfrecords, one file a resolution, of which the largest is read, and NAME-rxx.labels with
 * one-hot labels as .npy.
 *
 * A record is its length, the length's checksum, an Example and its checksum. The Example is a
 * protocol buffer (tensorflow/core/example) with two features: "shape", int64 [3], and "data", the
 * bytes [C, H, W]. No other field is looked at. */
#include "engine/base/crc32c.h"
#include "engine/data/dataset-private.h"
#include "engine/formats/format-error.h"
#include "engine/formats/npy.h"
#include <string.h>

#define MAX_SIDE   4096
#define HEAD_BYTES 12 /* length and its checksum */
#define TAIL_BYTES 4
#define MAX_SLACK  4096 /* bytes that a record has besides its pixels */

typedef struct {
  SgStore store; /* first: an SgStore* is one of these */
  SgSource *file;
  char *base;
  GArray *at; /* of guint64: where each record begins */
} Records;

/* ---- protocol buffers ------------------------------------------------------------------------ */

typedef struct {
  const guint8 *p, *end;
} Bytes;

static gboolean
take_varint(Bytes *b, guint64 *v)
{
  *v = 0;
  for (guint shift = 0; b->p < b->end && shift < 64; shift += 7) {
    guint8 byte = *b->p++;
    *v |= (guint64)(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return TRUE;
  }
  return FALSE;
}

/* The next field; `inside` has its bytes, or `value` its number. FALSE: the message ends, or is
 * none. */
static gboolean
next_field(Bytes *b, guint *field, Bytes *inside, guint64 *value)
{
  guint64 key, length;

  *inside = (Bytes){NULL, NULL};
  if (b->p == b->end || !take_varint(b, &key))
    return FALSE;
  *field = (guint)MIN(key >> 3, G_MAXUINT);
  switch (key & 7) {
  case 0:
    return take_varint(b, value);
  case 1:
  case 5:
    length = (key & 7) == 1 ? 8 : 4;
    break;
  case 2:
    if (!take_varint(b, &length))
      return FALSE;
    break;
  default:
    return FALSE;
  }
  if (length > (guint64)(b->end - b->p))
    return FALSE;
  *inside = (Bytes){b->p, b->p + length};
  b->p += length;
  return TRUE;
}

/* Field `wanted` of a message, which is a message or bytes. */
static gboolean
find_field(Bytes message, guint wanted, Bytes *found)
{
  guint field;
  guint64 value;

  while (next_field(&message, &field, found, &value))
    if (field == wanted && found->p)
      return TRUE;
  return FALSE;
}

/* The numbers of an Int64List, packed or one by one; how many there are. */
static guint
read_shape(Bytes list, gint64 shape[3])
{
  guint field, n = 0;
  guint64 v;
  Bytes packed;

  while (next_field(&list, &field, &packed, &v)) {
    if (field != 1)
      continue;
    if (!packed.p) {
      if (n < 3)
        shape[n] = (gint64)v;
      n++;
    }
    while (packed.p && packed.p < packed.end && take_varint(&packed, &v)) {
      if (n < 3)
        shape[n] = (gint64)v;
      n++;
    }
  }
  return n;
}

/* Example.features.feature: entries of key and Feature, whose kind is the field's number. */
static gboolean
read_example(Bytes example, gint64 shape[3], Bytes *pixels)
{
  Bytes features, entry, key, feature, list;
  guint field, dims = 0;
  guint64 value;

  *pixels = (Bytes){NULL, NULL};
  if (!find_field(example, 1, &features))
    return FALSE;
  while (next_field(&features, &field, &entry, &value)) {
    if (field != 1 || !entry.p || !find_field(entry, 1, &key) || !find_field(entry, 2, &feature))
      continue;
    gsize n = (gsize)(key.end - key.p);
    if (n == 5 && memcmp(key.p, "shape", 5) == 0 && find_field(feature, 3, &list))
      dims = read_shape(list, shape);
    else if (n == 4 && memcmp(key.p, "data", 4) == 0 && find_field(feature, 1, &list))
      find_field(list, 1, pixels);
  }
  return dims == 3 && pixels->p;
}

/* ---- records --------------------------------------------------------------------------------- */

static guint32
le32(const guint8 *p)
{
  return (guint32)p[0] | (guint32)p[1] << 8 | (guint32)p[2] << 16 | (guint32)p[3] << 24;
}

static guint64
le64(const guint8 *p)
{
  return (guint64)le32(p) | (guint64)le32(p + 4) << 32;
}

/* How long the record at `at` is, which lies in the file; FALSE and an error, the file's own if it
 * cannot be read. */
static gboolean
record_size(const Records *r, guint64 at, guint64 *size, GError **error)
{
  guint64 left = sg_source_size(r->file) - at;
  guint8 head[HEAD_BYTES];

  if (left < HEAD_BYTES || !sg_source_read(r->file, at, head, HEAD_BYTES, error) ||
      le32(head + 8) != sg_crc32c_masked(head, 8) ||
      le64(head) > 4 * (guint64)MAX_SIDE * MAX_SIDE + MAX_SLACK ||
      le64(head) + TAIL_BYTES > left - HEAD_BYTES)
    return sg_broken(error, "it is damaged or cut off");
  *size = le64(head);
  return TRUE;
}

/* A record without its length, to be freed. The file may have changed since it was listed. */
static guint8 *
read_record(const Records *r, guint64 at, guint64 *size, GError **error)
{
  if (!record_size(r, at, size, error))
    return NULL;
  g_autofree guint8 *data = g_try_malloc(*size + TAIL_BYTES);
  if (!data)
    sg_no_memory(error, "for the picture");
  if (!data || !sg_source_read(r->file, at + HEAD_BYTES, data, *size + TAIL_BYTES, error))
    return NULL;
  if (le32(data + *size) != sg_crc32c_masked(data, *size)) {
    sg_broken(error, "its checksum is wrong: the file is damaged");
    return NULL;
  }
  return g_steal_pointer(&data);
}

static gboolean
is_picture(const gint64 shape[3], const Bytes *pixels)
{
  return (shape[0] == 1 || shape[0] == 3) && shape[1] > 0 && shape[1] <= MAX_SIDE && shape[2] > 0 &&
         shape[2] <= MAX_SIDE && pixels->end - pixels->p == shape[0] * shape[1] * shape[2];
}

static gboolean
records_read(SgStore *store, guint index, guint8 *out, GError **error)
{
  const Records *r = (const Records *)store;
  gint64 shape[3] = {0};
  Bytes pixels;
  gsize plane = (gsize)store->width * (gsize)store->height;
  guint64 size;
  g_autofree guint8 *data = read_record(r, g_array_index(r->at, guint64, index), &size, error);

  if (!data)
    return FALSE;
  if (!read_example((Bytes){data, data + size}, shape, &pixels) || !is_picture(shape, &pixels) ||
      shape[0] != store->channels || shape[1] != store->height || shape[2] != store->width)
    return sg_broken(error, "expected a picture of %d×%d and %d colours, as the first one is",
                     store->width, store->height, store->channels);
  for (gsize i = 0; i < plane; i++)
    for (gsize c = 0; c < (gsize)store->channels; c++)
      out[i * (gsize)store->channels + c] = pixels.p[c * plane + i];
  return TRUE;
}

static char *
records_name(const SgStore *store, guint index)
{
  return g_strdup_printf("%s[%u]", ((const Records *)store)->base, index);
}

static void
records_free(SgStore *store)
{
  Records *r = (Records *)store;

  g_clear_pointer(&r->file, sg_source_unref);
  g_array_unref(r->at);
  g_free(r->base);
  g_free(r);
}

/* Where each record is. A length that does not lie in the file, or is not what its checksum says,
 * is the file's end. */
static gboolean
list_records(Records *r, GError **error)
{
  guint64 size = sg_source_size(r->file), length = 0;

  for (guint64 at = 0; at < size;) {
    if (!record_size(r, at, &length, error)) {
      g_prefix_error(error, "record %u: ", r->at->len);
      return FALSE;
    }
    if (r->at->len == G_MAXINT)
      return sg_unsupported(error, "it has more than %d records", G_MAXINT);
    g_array_append_val(r->at, at);
    at += HEAD_BYTES + length + TAIL_BYTES;
  }
  return r->at->len > 0 || sg_broken(error, "expected pictures, found an empty file");
}

static gboolean
look_at_first(Records *r, GError **error)
{
  gint64 shape[3] = {0};
  Bytes pixels;
  guint64 size;
  g_autofree guint8 *data = read_record(r, 0, &size, error);

  if (!data)
    return FALSE;
  if (!read_example((Bytes){data, data + size}, shape, &pixels) || !is_picture(shape, &pixels))
    return sg_unsupported(error,
                          "expected records as NVlabs' dataset_tool.py writes them, with the "
                          "features \"shape\" and \"data\" of a picture, found others");
  r->store.channels = (int)shape[0];
  r->store.height = (int)shape[1];
  r->store.width = (int)shape[2];
  r->store.n = r->at->len;
  return TRUE;
}

/* ---- labels ---------------------------------------------------------------------------------- */

/* One row of 0s and a single 1; which. */
static gboolean
one_hot(const float *row, gint64 dim, guint32 *class)
{
  gint64 ones = 0;

  for (gint64 k = 0; k < dim; k++) {
    if (row[k] != 0 && row[k] != 1)
      return FALSE;
    ones += row[k] == 1;
    *class = row[k] == 1 ? (guint32)k : *class;
  }
  return ones == 1;
}

static gboolean
take_labels(Records *r, const char *path, GError **error)
{
  g_autoptr(SgTensor) t = sg_npy_read(path, error);
  SgStore *s = &r->store;

  if (!t)
    return FALSE;
  if (t->ndim != 2 || t->shape[0] != s->n || t->shape[1] < 1 || t->shape[1] > SG_LABELS_MAX_DIM)
    return sg_unsupported(error, "%s: expected a row of labels for each of %u pictures", path,
                          s->n);
  if (!(s->classes = g_try_new(guint32, MAX(s->n, 1))))
    return sg_no_memory(error, "for labels");
  for (guint i = 0; i < s->n; i++)
    if (!one_hot(t->data + (gsize)i * (gsize)t->shape[1], t->shape[1], &s->classes[i]))
      return sg_unsupported(error,
                            "%s: expected rows of 0 with a single 1, which is the class; row %u is "
                            "none",
                            path, i);
  s->label_dim = (guint)t->shape[1];
  return TRUE;
}

/* "…/NAME-r08.tfrecords" -> "…/NAME-rxx.labels" */
static gboolean
find_labels(Records *r, const char *path, GError **error)
{
  const char *dash = g_strrstr(path, "-r");
  g_autofree char *begin = dash ? g_strndup(path, (gsize)(dash - path)) : NULL;
  g_autofree char *labels = begin ? g_strconcat(begin, "-rxx.labels", NULL) : NULL;

  if (!labels || !g_file_test(labels, G_FILE_TEST_EXISTS))
    return sg_unsupported(error, "%s: expected labels beside it in NAME-rxx.labels, found none",
                          path);
  return take_labels(r, labels, error);
}

/* ---- which file ------------------------------------------------------------------------------ */

/* NAME-r08.tfrecords: 8; 0 where it does not say. */
static guint64
level_of(const char *base)
{
  const char *dash = g_strrstr(base, "-r");
  return dash ? g_ascii_strtoull(dash + 2, NULL, 10) : 0;
}

/* The file with the largest pictures of a folder, by its name; NULL: there is none. */
static char *
largest_in(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  g_autofree char *best = NULL;
  const char *base;

  while (dir && (base = g_dir_read_name(dir))) {
    if (base[0] == '.' || !g_str_has_suffix(base, ".tfrecords"))
      continue;
    if (!best || level_of(base) > level_of(best) ||
        (level_of(base) == level_of(best) && strcmp(base, best) < 0)) {
      g_free(best);
      best = g_strdup(base);
    }
  }
  return best ? g_build_filename(path, best, NULL) : NULL;
}

static char *
choose(const char *path)
{
  if (g_file_test(path, G_FILE_TEST_IS_DIR))
    return largest_in(path);
  return g_str_has_suffix(path, ".tfrecords") ? g_strdup(path) : NULL;
}

gboolean
sg_tfrecords_recognise(const char *path)
{
  g_autofree char *file = choose(path);
  return file != NULL;
}

SgStore *
sg_tfrecords_open(const char *path, gboolean use_labels, GError **error)
{
  Records *r = g_new0(Records, 1);
  g_autoptr(SgStore) store = &r->store;
  g_autofree char *file = choose(path);

  r->store = (SgStore){.kind = g_strdup("TFRecords"),
                       .read = records_read,
                       .name = records_name,
                       .free = records_free};
  r->at = g_array_new(FALSE, FALSE, sizeof(guint64));
  r->base = g_path_get_basename(file ? file : path);
  r->file = file ? sg_source_open(file, error) : NULL;
  if (!r->file || !list_records(r, error) || !look_at_first(r, error)) {
    g_prefix_error(error, "%s: ", file ? file : path);
    return NULL;
  }
  return !use_labels || find_labels(r, file, error) ? g_steal_pointer(&store) : NULL;
}
