/* NumPy's .npy: a magic number, a version, and a Python dict literal of three known keys. */
#include "engine/formats/npy.h"
#include "engine/formats/format-error.h"
#include "engine/formats/view.h"
#include "engine/formats/writer.h"
#include <math.h>
#include <string.h>

#define MAX_HEADER 65536

/* ---- the header ------------------------------------------------------------------------------ */

typedef struct {
  SgDtype dtype;
  gboolean big_endian, fortran;
  int ndim;
  gint64 shape[SG_MAX_DIMS];
  gboolean has_descr, has_order, has_shape;
} Header;

static void
skip_space(const char **p)
{
  while (g_ascii_isspace(**p))
    ++*p;
}

static gboolean
take(const char **p, char c)
{
  skip_space(p);
  if (**p != c)
    return FALSE;
  ++*p;
  return TRUE;
}

/* 'text' or "text", without escapes: dtypes and keys have none. */
static char *
take_string(const char **p)
{
  skip_space(p);
  char quote = **p;
  if (quote != '\'' && quote != '"')
    return NULL;
  const char *end = strchr(*p + 1, quote);
  if (!end)
    return NULL;
  char *text = g_strndup(*p + 1, (gsize)(end - *p - 1));
  *p = end + 1;
  return text;
}

static gboolean
wrong_type(const char *type, GError **error)
{
  return sg_unsupported(error, "the array's type is %s; Vitrine reads float16, float32 and float64",
                        type);
}

static gboolean
take_descr(const char **p, Header *h, GError **error)
{
  static const struct {
    const char *code;
    SgDtype dtype;
  } codes[] = {{"f2", SG_DTYPE_FLOAT16}, {"f4", SG_DTYPE_FLOAT32}, {"f8", SG_DTYPE_FLOAT64},
               {"b1", SG_DTYPE_BOOL},    {"i4", SG_DTYPE_INT32},   {"i8", SG_DTYPE_INT64}};
  g_autofree char *descr = take_string(p);

  if (descr && strlen(descr) == 3 && strchr("<>=|", descr[0]))
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
      if (strcmp(codes[i].code, descr + 1) == 0) {
        h->dtype = codes[i].dtype;
        h->big_endian = descr[0] == '>';
        h->has_descr = TRUE;
        return TRUE;
      }
  return wrong_type(descr ? descr : "a record", error);
}

static gboolean
check_floats(SgDtype type, GError **error)
{
  return type == SG_DTYPE_FLOAT16 || type == SG_DTYPE_FLOAT32 || type == SG_DTYPE_FLOAT64 ||
         wrong_type(sg_dtype_name(type), error);
}

static gboolean
take_order(const char **p, Header *h)
{
  skip_space(p);
  h->fortran = g_str_has_prefix(*p, "True");
  if (!h->fortran && !g_str_has_prefix(*p, "False"))
    return FALSE;
  *p += h->fortran ? 4 : 5;
  h->has_order = TRUE;
  return TRUE;
}

static gboolean
take_shape(const char **p, Header *h)
{
  if (!take(p, '('))
    return FALSE;
  for (h->ndim = 0; !take(p, ')');) {
    char *end;
    if (h->ndim == SG_MAX_DIMS || !g_ascii_isdigit(**p))
      return FALSE;
    guint64 size = g_ascii_strtoull(*p, &end, 10);
    if (size > G_MAXINT64)
      return FALSE;
    *p = *end == 'L' ? end + 1 : end; /* Python 2 */
    h->shape[h->ndim++] = (gint64)size;
    if (!take(p, ',')) {
      if (!take(p, ')'))
        return FALSE;
      break;
    }
  }
  h->has_shape = TRUE;
  return TRUE;
}

static gboolean
parse_header(const char *text, Header *h, GError **error)
{
  const char *p = text;
  gboolean ok = take(&p, '{');

  while (ok && !take(&p, '}')) {
    g_autofree char *key = take_string(&p);
    ok = key && take(&p, ':');
    if (ok && strcmp(key, "descr") == 0) {
      if (!take_descr(&p, h, error))
        return FALSE;
    } else if (ok && strcmp(key, "fortran_order") == 0)
      ok = take_order(&p, h);
    else
      ok = ok && strcmp(key, "shape") == 0 && take_shape(&p, h);
    take(&p, ',');
  }
  if (!ok || !h->has_descr || !h->has_order || !h->has_shape)
    return sg_broken(error, "the header of the .npy file is damaged");
  return TRUE;
}

/* Returns where the data starts, or 0. */
static guint64
read_header(SgSource *source, Header *h, GError **error)
{
  guint8 head[12] = {0};
  guint64 size = sg_source_size(source), length, start;

  if (size < 10) {
    sg_broken(error, size ? "this is not a NumPy array (.npy)" : "the file is empty");
    return 0;
  }
  if (!sg_source_read(source, 0, head, MIN(size, 12), error))
    return 0;
  if (memcmp(head, "\x93NUMPY", 6) != 0 || head[6] < 1 || head[6] > 3) {
    sg_unsupported(error, "this is not a NumPy array (.npy) of format 1 to 3");
    return 0;
  }
  start = head[6] == 1 ? 10 : 12;
  length = head[8] | (guint64)head[9] << 8;
  if (head[6] > 1)
    length |= (guint64)head[10] << 16 | (guint64)head[11] << 24;
  if (length > MAX_HEADER) {
    sg_broken(error, "the header of the .npy file claims %" G_GUINT64_FORMAT " bytes", length);
    return 0;
  }
  g_autofree char *text = g_try_malloc0(length + 1);
  if (!text)
    return sg_no_memory(error, "for the header of a .npy file");
  if (!sg_source_read(source, start, text, length, error) || !parse_header(text, h, error))
    return 0;
  return start + length;
}

/* ---- reading --------------------------------------------------------------------------------- */

SgSource *
sg_npy_open(SgSource *source, SgStorage *storage, SgView *view, GError **error)
{
  Header h = {0};
  guint64 start = read_header(source, &h, error);

  if (!start)
    return NULL;
  storage->dtype = h.dtype;
  storage->big_endian = h.big_endian;
  storage->numel = (sg_source_size(source) - start) / sg_dtype_size(h.dtype);
  view->storage = storage;
  view->offset = 0;
  view->ndim = h.ndim;
  memcpy(view->shape, h.shape, sizeof h.shape);
  sg_view_set_contiguous(view, h.fortran);
  return sg_source_new_part(source, start, sg_source_size(source) - start, error);
}

static SgTensor *
read_npy(SgSource *source, GError **error)
{
  SgStorage storage = {0};
  SgView view = {.name = (char *)"array"};
  g_autoptr(SgSource) data = sg_npy_open(source, &storage, &view, error);

  storage.source = data;
  return data && check_floats(storage.dtype, error) && sg_view_check(&view, NULL, error)
             ? sg_view_read(&view, error)
             : NULL;
}

SgTensor *
sg_npy_read(const char *path, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(path, error);
  SgTensor *t = source ? read_npy(source, error) : NULL;
  if (!t)
    g_prefix_error(error, "%s: ", path);
  return t;
}

SgTensor *
sg_npy_read_memory(const char *name, const guint8 *data, gsize size, GError **error)
{
  g_autoptr(SgSource) source = sg_source_new_memory(data, size);
  SgTensor *t = read_npy(source, error);
  if (!t)
    g_prefix_error(error, "%s: ", name);
  return t;
}

/* One number as stored: a float64 vector must not lose digits on its way through float. */
static double
number_at(const Header *h, const guint8 *raw)
{
  if (h->dtype == SG_DTYPE_FLOAT64) {
    guint64 bits;
    double v;
    memcpy(&bits, raw, 8);
    bits = h->big_endian ? GUINT64_FROM_BE(bits) : GUINT64_FROM_LE(bits);
    memcpy(&v, &bits, 8);
    return v;
  }
  float f;
  sg_dtype_to_float(h->dtype, h->big_endian, raw, 1, &f);
  return f;
}

/* Where number i in C order lies in an array in Fortran order. */
static gsize
fortran_position(const Header *h, gsize i)
{
  gsize at = 0, stride = 1, left[SG_MAX_DIMS];

  for (int d = h->ndim - 1; d >= 0; d--) {
    left[d] = i % (gsize)h->shape[d];
    i /= (gsize)h->shape[d];
  }
  for (int d = 0; d < h->ndim; d++) {
    at += left[d] * stride;
    stride *= (gsize)h->shape[d];
  }
  return at;
}

static double *
read_doubles(SgSource *source, gsize most, int *ndim, gint64 *shape, GError **error)
{
  Header h = {0};
  guint64 start = read_header(source, &h, error), count = 1;

  if (!start || !check_floats(h.dtype, error))
    return NULL;
  for (int i = 0; i < h.ndim; i++) {
    if (h.shape[i] > (gint64)most || (count *= (guint64)h.shape[i]) > most) {
      g_autofree char *text = sg_shape_to_string(h.ndim, h.shape);
      sg_unsupported(error, "the array is %s, larger than any vector of such a model", text);
      return NULL;
    }
  }
  gsize size = sg_dtype_size(h.dtype);
  g_autofree guint8 *raw = g_try_malloc(size * (gsize)count + 1);
  g_autofree double *out = g_try_new(double, count + 1);
  if (!raw || !out) {
    sg_no_memory(error, "for an array");
    return NULL;
  }
  if (!sg_source_read(source, start, raw, size * (gsize)count, error))
    return NULL;
  for (gsize i = 0; i < count; i++) {
    out[i] = number_at(&h, raw + size * (h.fortran ? fortran_position(&h, i) : i));
    if (!isfinite(out[i])) {
      sg_broken(error, "number %" G_GSIZE_FORMAT " of the array is not finite", i);
      return NULL;
    }
  }
  *ndim = h.ndim;
  memcpy(shape, h.shape, sizeof h.shape);
  return g_steal_pointer(&out);
}

double *
sg_npy_read_doubles(const char *path, gsize most, int *ndim, gint64 *shape, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(path, error);
  double *v = source ? read_doubles(source, most, ndim, shape, error) : NULL;
  if (!v)
    g_prefix_error(error, "%s: ", path);
  return v;
}

double *
sg_npy_read_doubles_source(SgSource *source, gsize most, int *ndim, gint64 *shape, GError **error)
{
  return read_doubles(source, most, ndim, shape, error);
}

/* Axes of 1 do not count. */
static gboolean
check_vector(int ndim, const gint64 *shape, int expected, GError **error)
{
  guint64 count = 1;

  for (int i = 0; i < ndim; i++)
    if (shape[i] != 1 && count != 1)
      return sg_unsupported(error, "the array has %d dimensions; expected a vector of %d numbers",
                            ndim, expected);
    else
      count *= (guint64)shape[i];
  return count == (guint64)expected ||
         sg_unsupported(error, "the vector has %" G_GUINT64_FORMAT " numbers; the model takes %d",
                        count, expected);
}

double *
sg_npy_read_vector(const char *path, int expected, GError **error)
{
  int ndim;
  gint64 shape[SG_MAX_DIMS];
  g_autofree double *v =
      sg_npy_read_doubles(path, MAX((gsize)expected, 1 << 20), &ndim, shape, error);

  if (!v)
    return NULL;
  if (check_vector(ndim, shape, expected, error))
    return g_steal_pointer(&v);
  g_prefix_error(error, "%s: ", path);
  return NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static GBytes *
npy_bytes(const char *descr, int ndim, const gint64 *shape, gconstpointer data, gsize bytes,
          GError **error)
{
  g_autoptr(GString) head = g_string_new("\x93NUMPY\x01");

  g_string_append_len(head, "\0\0\0", 3); /* minor version, header length */
  g_string_append_printf(head, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
  for (int i = 0; i < ndim; i++)
    g_string_append_printf(head, "%s%" G_GINT64_FORMAT, i ? ", " : "", shape[i]);
  g_string_append(head, ndim == 1 ? ",), }" : "), }");
  while ((head->len + 1) % 64)
    g_string_append_c(head, ' ');
  g_string_append_c(head, '\n');
  head->str[8] = (char)((head->len - 10) & 0xff);
  head->str[9] = (char)((head->len - 10) >> 8);
  guint8 *file = g_try_malloc(head->len + bytes);
  if (!file) {
    sg_no_memory(error, "to write an array");
    return NULL;
  }
  memcpy(file, head->str, head->len);
  if (bytes > 0)
    memcpy(file + head->len, data, bytes);
  return g_bytes_new_take(file, head->len + bytes);
}

GBytes *
sg_npy_bytes(const SgTensor *t, GError **error)
{
  return npy_bytes("<f4", t->ndim, t->shape, t->data, t->numel * sizeof(float), error);
}

GBytes *
sg_npy_bytes_double(int ndim, const gint64 *shape, const double *v, GError **error)
{
  gsize n = 1;

  for (int i = 0; i < ndim; i++)
    n *= (gsize)shape[i];
  return npy_bytes("<f8", ndim, shape, v, n * sizeof(double), error);
}

static gboolean
write_bytes(const char *path, GBytes *npy, GError **error)
{
  return npy && sg_write_file(path, g_bytes_get_data(npy, NULL), g_bytes_get_size(npy), error);
}

gboolean
sg_npy_write(const char *path, const SgTensor *t, GError **error)
{
  g_autoptr(GBytes) npy = sg_npy_bytes(t, error);
  return write_bytes(path, npy, error);
}

gboolean
sg_npy_write_double(const char *path, int n, const double *v, GError **error)
{
  gint64 shape[1] = {n};
  g_autoptr(GBytes) npy = sg_npy_bytes_double(1, shape, v, error);
  return write_bytes(path, npy, error);
}
