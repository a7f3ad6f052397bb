#include "engine/formats/view.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

static const struct {
  const char *name;
  guint8 size;
} dtypes[SG_DTYPE_COUNT] = {
    [SG_DTYPE_BOOL] = {"bool", 1},
    [SG_DTYPE_UINT8] = {"uint8", 1},
    [SG_DTYPE_INT8] = {"int8", 1},
    [SG_DTYPE_UINT16] = {"uint16", 2},
    [SG_DTYPE_INT16] = {"int16", 2},
    [SG_DTYPE_UINT32] = {"uint32", 4},
    [SG_DTYPE_INT32] = {"int32", 4},
    [SG_DTYPE_UINT64] = {"uint64", 8},
    [SG_DTYPE_INT64] = {"int64", 8},
    [SG_DTYPE_FLOAT8_E5M2] = {"float8_e5m2", 1},
    [SG_DTYPE_FLOAT8_E4M3] = {"float8_e4m3fn", 1},
    [SG_DTYPE_FLOAT16] = {"float16", 2},
    [SG_DTYPE_BFLOAT16] = {"bfloat16", 2},
    [SG_DTYPE_FLOAT32] = {"float32", 4},
    [SG_DTYPE_FLOAT64] = {"float64", 8},
    [SG_DTYPE_COMPLEX64] = {"complex64", 8},
    [SG_DTYPE_COMPLEX128] = {"complex128", 16},
};

gsize
sg_dtype_size(SgDtype dtype)
{
  return dtypes[dtype].size;
}

const char *
sg_dtype_name(SgDtype dtype)
{
  return dtypes[dtype].name;
}

gboolean
sg_dtype_from_name(const char *name, SgDtype *dtype)
{
  for (int i = 0; i < SG_DTYPE_COUNT; i++)
    if (strcmp(dtypes[i].name, name) == 0) {
      *dtype = (SgDtype)i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
is_complex(SgDtype dtype)
{
  return dtype == SG_DTYPE_COMPLEX64 || dtype == SG_DTYPE_COMPLEX128;
}

/* ---- one number ----------------------------------------------------------------------------- */

static guint64
load_uint(const guint8 *p, gsize size, gboolean big_endian)
{
  guint64 v = 0;
  for (gsize i = 0; i < size; i++)
    v |= (guint64)p[big_endian ? size - 1 - i : i] << (8 * i);
  return v;
}

/* A small IEEE float: `exponent_bits`, `mantissa_bits`; all ones in the exponent is inf or NaN. */
static float
small_float(guint64 v, int exponent_bits, int mantissa_bits)
{
  int exponent = (int)(v >> mantissa_bits) & ((1 << exponent_bits) - 1);
  int mantissa = (int)v & ((1 << mantissa_bits) - 1);
  int bias = (1 << (exponent_bits - 1)) - 1;
  float sign = (v >> (exponent_bits + mantissa_bits)) & 1 ? -1.0f : 1.0f;

  if (exponent == (1 << exponent_bits) - 1)
    return mantissa ? NAN : sign * INFINITY;
  if (exponent == 0)
    return sign * ldexpf((float)mantissa, 1 - bias - mantissa_bits);
  return sign * ldexpf((float)(mantissa | 1 << mantissa_bits), exponent - bias - mantissa_bits);
}

/* E4M3 has no infinities: only all ones is NaN, which leaves room for values up to 448. */
static float
float8_e4m3(guint64 v)
{
  if ((v & 0x7f) == 0x7f)
    return NAN;
  if ((v & 0x78) == 0x78)
    return (v & 0x80 ? -1.0f : 1.0f) * ldexpf((float)(8 + (v & 7)), 15 - 7 - 3);
  return small_float(v, 4, 3);
}

static float
float_from_bits(guint32 bits)
{
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static float
double_from_bits(guint64 bits)
{
  double d;
  memcpy(&d, &bits, sizeof d);
  return (float)d;
}

static float
number_to_float(SgDtype dtype, gboolean big_endian, const guint8 *p)
{
  guint64 v = load_uint(p, dtypes[dtype].size, big_endian);
  switch (dtype) {
  case SG_DTYPE_BOOL:
    return v != 0;
  case SG_DTYPE_INT8:
    return (float)(gint8)v;
  case SG_DTYPE_INT16:
    return (float)(gint16)v;
  case SG_DTYPE_INT32:
    return (float)(gint32)v;
  case SG_DTYPE_INT64:
    return (float)(gint64)v;
  case SG_DTYPE_FLOAT8_E5M2:
    return small_float(v, 5, 2);
  case SG_DTYPE_FLOAT8_E4M3:
    return float8_e4m3(v);
  case SG_DTYPE_FLOAT16:
    return small_float(v, 5, 10);
  case SG_DTYPE_BFLOAT16:
    return float_from_bits((guint32)v << 16);
  case SG_DTYPE_FLOAT32:
    return float_from_bits((guint32)v);
  case SG_DTYPE_FLOAT64:
    return double_from_bits(v);
  default:
    return (float)v;
  }
}

void
sg_dtype_to_float(SgDtype dtype, gboolean big_endian, const guint8 *raw, gsize n, float *out)
{
  if (is_complex(dtype)) {
    dtype = dtype == SG_DTYPE_COMPLEX64 ? SG_DTYPE_FLOAT32 : SG_DTYPE_FLOAT64;
    n *= 2;
  }
  if (dtype == SG_DTYPE_FLOAT32 && big_endian == (G_BYTE_ORDER == G_BIG_ENDIAN)) {
    memcpy(out, raw, n * sizeof(float));
    return;
  }
  for (gsize i = 0; i < n; i++)
    out[i] = number_to_float(dtype, big_endian, raw + i * dtypes[dtype].size);
}

/* ---- storages and views ---------------------------------------------------------------------- */

SgStorage *
sg_storage_new(SgDtype dtype, guint64 numel)
{
  SgStorage *s = g_new0(SgStorage, 1);
  s->dtype = dtype;
  s->numel = numel;
  return s;
}

void
sg_storage_free(SgStorage *storage)
{
  if (!storage)
    return;
  g_clear_pointer(&storage->source, sg_source_unref);
  g_free(storage->key);
  g_free(storage);
}

void
sg_view_free(SgView *view)
{
  if (view)
    g_free(view->name);
  g_free(view);
}

void
sg_view_set_contiguous(SgView *view, gboolean fortran_order)
{
  guint64 stride = 1;
  for (int i = 0; i < view->ndim; i++) {
    int axis = fortran_order ? i : view->ndim - 1 - i;
    view->stride[axis] = (gint64)stride;
    /* An overflow here belongs to a shape that sg_view_check() refuses or to an empty tensor. */
    stride = (stride * (guint64)view->shape[axis]) & G_MAXINT64;
  }
}

gboolean
sg_view_check(const SgView *view, guint64 *numel, GError **error)
{
  guint64 count = 1, last = view->offset;
  gboolean empty = FALSE;

  for (int i = 0; i < view->ndim; i++) {
    if (view->shape[i] < 0 || view->stride[i] < 0)
      return sg_broken(error, "the tensor “%s” has a negative size or stride", view->name);
    empty |= view->shape[i] == 0;
  }
  if (numel)
    *numel = 0;
  if (empty)
    return TRUE;
  for (int i = 0; i < view->ndim; i++) {
    guint64 reach;
    if (!g_uint64_checked_mul(&count, count, (guint64)view->shape[i]) || count > G_MAXINT64 / 16 ||
        !g_uint64_checked_mul(&reach, (guint64)view->shape[i] - 1, (guint64)view->stride[i]) ||
        !g_uint64_checked_add(&last, last, reach))
      return sg_broken(error, "the tensor “%s” has impossible sizes", view->name);
  }
  if (last >= view->storage->numel)
    return sg_broken(error,
                     "the tensor “%s” reaches element %" G_GUINT64_FORMAT
                     " of a storage of %" G_GUINT64_FORMAT,
                     view->name, last, view->storage->numel);
  if (numel)
    *numel = count;
  return TRUE;
}

static gboolean
is_contiguous(const SgView *view)
{
  gint64 stride = 1;
  for (int i = view->ndim - 1; i >= 0; i--) {
    if (view->shape[i] != 1 && view->stride[i] != stride)
      return FALSE;
    stride *= view->shape[i];
  }
  return TRUE;
}

#define CHUNK (256 * 1024)

static gboolean
read_contiguous(const SgView *view, guint64 numel, float *out, GError **error)
{
  const SgStorage *s = view->storage;
  gsize size = sg_dtype_size(s->dtype), floats = is_complex(s->dtype) ? 2 : 1;
  g_autofree guint8 *buffer = NULL;

  if (s->dtype == SG_DTYPE_FLOAT32 && s->big_endian == (G_BYTE_ORDER == G_BIG_ENDIAN))
    return sg_source_read(s->source, view->offset * size, out, numel * size, error);
  if (!(buffer = g_try_malloc(CHUNK)))
    return sg_no_memory(error, "to read a tensor");
  for (guint64 done = 0; done < numel;) {
    gsize n = MIN(numel - done, CHUNK / size);
    if (!sg_source_read(s->source, (view->offset + done) * size, buffer, n * size, error))
      return FALSE;
    sg_dtype_to_float(s->dtype, s->big_endian, buffer, n, out + done * floats);
    done += n;
  }
  return TRUE;
}

/* Steps `index` to the next element in C order and returns its distance from the first,
 * elements. */
static guint64
next_element(const SgView *view, gint64 *index, guint64 position)
{
  for (int i = view->ndim - 1; i >= 0; i--) {
    position += (guint64)view->stride[i];
    if (++index[i] < view->shape[i])
      return position;
    position -= (guint64)view->stride[i] * (guint64)view->shape[i];
    index[i] = 0;
  }
  return position;
}

static gboolean
read_strided(const SgView *view, guint64 numel, float *out, GError **error)
{
  const SgStorage *s = view->storage;
  gsize size = sg_dtype_size(s->dtype), floats = is_complex(s->dtype) ? 2 : 1;
  guint64 span = 1, position = 0;
  gint64 index[SG_MAX_DIMS] = {0};
  g_autofree guint8 *buffer = NULL;
  guint8 number[16];

  for (int i = 0; i < view->ndim; i++)
    span += (guint64)(view->shape[i] - 1) * (guint64)view->stride[i];
  /* A few elements scattered over a large storage are fetched one by one: no work is done that the
   * tensor's own size does not justify. */
  if (span / 64 <= numel) {
    if (!(buffer = g_try_malloc(span * size))) {
      g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                  "not enough memory to read the tensor “%s”", view->name);
      return FALSE;
    }
    if (!sg_source_read(s->source, view->offset * size, buffer, span * size, error))
      return FALSE;
  }
  for (guint64 i = 0; i < numel; i++) {
    const guint8 *p = buffer ? buffer + position * size : number;
    if (!buffer &&
        !sg_source_read(s->source, (view->offset + position) * size, number, size, error))
      return FALSE;
    sg_dtype_to_float(s->dtype, s->big_endian, p, 1, out + i * floats);
    position = next_element(view, index, position);
  }
  return TRUE;
}

SgTensor *
sg_view_read(const SgView *view, GError **error)
{
  SgStorage *s = view->storage;
  int ndim = view->ndim;
  gint64 shape[SG_MAX_DIMS + 1];
  guint64 numel;
  gboolean ok;

  if (!sg_view_check(view, &numel, error))
    return NULL;
  memcpy(shape, view->shape, sizeof view->shape);
  if (is_complex(s->dtype))
    shape[ndim++] = 2;
  if (ndim > SG_MAX_DIMS) {
    sg_unsupported(error, "the tensor “%s” has more than %d dimensions", view->name, SG_MAX_DIMS);
    return NULL;
  }
  g_autoptr(SgTensor) t = sg_tensor_try_new(ndim, shape, error);
  if (!t)
    return NULL;
  if (numel && !s->source && !(s->source = s->open(s, error)))
    return NULL;
  ok = !numel || (is_contiguous(view) ? read_contiguous(view, numel, t->data, error)
                                      : read_strided(view, numel, t->data, error));
  if (s->uses > 0 && --s->uses == 0 && s->open)
    g_clear_pointer(&s->source, sg_source_unref);
  return ok ? g_steal_pointer(&t) : NULL;
}
