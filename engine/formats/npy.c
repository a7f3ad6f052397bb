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
take_descr(const char **p, Header *h, GError **error)
{
  static const struct {
    const char *code;
    SgDtype dtype;
  } codes[] = {{"f2", SG_DTYPE_FLOAT16}, {"f4", SG_DTYPE_FLOAT32}, {"f8", SG_DTYPE_FLOAT64}};
  g_autofree char *descr = take_string(p);

  if (descr && strlen(descr) == 3 && strchr("<>=|", descr[0]))
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
      if (strcmp(codes[i].code, descr + 1) == 0) {
        h->dtype = codes[i].dtype;
        h->big_endian = descr[0] == '>';
        h->has_descr = TRUE;
        return TRUE;
      }
  return sg_unsupported(error, "the array's type is %s; Vitrine reads float16, float32 and float64",
                        descr ? descr : "a record");
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
  g_autofree char *text = g_malloc0(length + 1);
  if (!sg_source_read(source, start, text, length, error) || !parse_header(text, h, error))
    return 0;
  return start + length;
}

/* ---- reading --------------------------------------------------------------------------------- */

static SgTensor *
read_npy(SgSource *source, GError **error)
{
  Header h = {0};
  guint64 start = read_header(source, &h, error);

  if (!start)
    return NULL;
  SgStorage storage = {
      .dtype = h.dtype,
      .big_endian = h.big_endian,
      .numel = (sg_source_size(source) - start) / sg_dtype_size(h.dtype),
  };
  SgView view = {.name = (char *)"array", .storage = &storage, .ndim = h.ndim};
  memcpy(view.shape, h.shape, sizeof h.shape);
  sg_view_set_contiguous(&view, h.fortran);
  if (!sg_view_check(&view, NULL, error))
    return NULL;
  g_autoptr(SgSource) data =
      sg_source_new_part(source, start, sg_source_size(source) - start, error);
  storage.source = data;
  return data ? sg_view_read(&view, error) : NULL;
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

/* All values as double, as stored: a float64 vector must not lose digits on its way through
 * float. */
static gboolean
read_doubles(SgSource *source, int expected, double *out, GError **error)
{
  Header h = {0};
  guint64 start = read_header(source, &h, error), count = 1;

  if (!start)
    return FALSE;
  for (int i = 0; i < h.ndim; i++)
    if (h.shape[i] != 1 && count != 1)
      return sg_unsupported(error, "the array has %d dimensions; expected a vector of %d numbers",
                            h.ndim, expected);
    else
      count *= (guint64)h.shape[i];
  if (count != (guint64)expected)
    return sg_unsupported(error, "the vector has %" G_GUINT64_FORMAT " numbers; the model takes %d",
                          count, expected);
  gsize size = sg_dtype_size(h.dtype);
  g_autofree guint8 *raw = g_malloc(size * (gsize)expected);
  if (!sg_source_read(source, start, raw, size * (gsize)expected, error))
    return FALSE;
  for (int i = 0; i < expected; i++) {
    if (h.dtype == SG_DTYPE_FLOAT64) {
      guint64 bits;
      memcpy(&bits, raw + 8 * i, 8);
      bits = h.big_endian ? GUINT64_FROM_BE(bits) : GUINT64_FROM_LE(bits);
      memcpy(&out[i], &bits, 8);
    } else {
      float f;
      sg_dtype_to_float(h.dtype, h.big_endian, raw + size * (gsize)i, 1, &f);
      out[i] = f;
    }
    if (!isfinite(out[i]))
      return sg_broken(error, "number %d of the vector is not finite", i);
  }
  return TRUE;
}

double *
sg_npy_read_vector(const char *path, int expected, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(path, error);
  g_autofree double *out = g_new(double, MAX(expected, 1));
  if (source && read_doubles(source, expected, out, error))
    return g_steal_pointer(&out);
  g_prefix_error(error, "%s: ", path);
  return NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
write_npy(const char *path, const char *descr, int ndim, const gint64 *shape, gconstpointer data,
          gsize bytes, GError **error)
{
  g_autoptr(GString) header = g_string_new("\x93NUMPY\x01");
  g_autoptr(SgWriter) w = sg_writer_new(path, error);

  if (!w)
    return FALSE;
  g_string_append_len(header, "\0\0\0", 3); /* minor version, header length */
  g_string_append_printf(header, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
  for (int i = 0; i < ndim; i++)
    g_string_append_printf(header, "%s%" G_GINT64_FORMAT, i ? ", " : "", shape[i]);
  g_string_append(header, ndim == 1 ? ",), }" : "), }");
  while ((header->len + 1) % 64)
    g_string_append_c(header, ' ');
  g_string_append_c(header, '\n');
  header->str[8] = (char)((header->len - 10) & 0xff);
  header->str[9] = (char)((header->len - 10) >> 8);
  return sg_writer_write(w, header->str, header->len, error) &&
         sg_writer_write(w, data, bytes, error) && sg_writer_commit(w, error);
}

gboolean
sg_npy_write(const char *path, const SgTensor *t, GError **error)
{
  return write_npy(path, "<f4", t->ndim, t->shape, t->data, t->numel * sizeof(float), error);
}

gboolean
sg_npy_write_double(const char *path, int n, const double *v, GError **error)
{
  gint64 shape[1] = {n};
  return write_npy(path, "<f8", 1, shape, v, (gsize)n * sizeof(double), error);
}
