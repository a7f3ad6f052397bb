/* SgStorage: a run of equal numbers somewhere in a file. SgView: a tensor over a storage, with an
 * offset and strides as PyTorch stores them. Reading a view gives a SgTensor. */
#pragma once

#include "engine/formats/source.h"
#include "engine/base/tensor.h"

G_BEGIN_DECLS

typedef enum {
  SG_DTYPE_BOOL,
  SG_DTYPE_UINT8,
  SG_DTYPE_INT8,
  SG_DTYPE_UINT16,
  SG_DTYPE_INT16,
  SG_DTYPE_UINT32,
  SG_DTYPE_INT32,
  SG_DTYPE_UINT64,
  SG_DTYPE_INT64,
  SG_DTYPE_FLOAT8_E5M2,
  SG_DTYPE_FLOAT8_E4M3,
  SG_DTYPE_FLOAT16,
  SG_DTYPE_BFLOAT16,
  SG_DTYPE_FLOAT32,
  SG_DTYPE_FLOAT64,
  SG_DTYPE_COMPLEX64, /* read as pairs: shape [..., 2] */
  SG_DTYPE_COMPLEX128,
  SG_DTYPE_COUNT,
} SgDtype;

gsize sg_dtype_size(SgDtype dtype);       /* bytes */
const char *sg_dtype_name(SgDtype dtype); /* as NumPy and PyTorch call it */
/* FALSE if no type has that name. */
gboolean sg_dtype_from_name(const char *name, SgDtype *dtype);
/* `n` stored numbers (pairs for complex types) to float. `raw` need not be aligned. */
void sg_dtype_to_float(SgDtype dtype, gboolean big_endian, const guint8 *raw, gsize n, float *out);

typedef struct _SgStorage SgStorage;
struct _SgStorage {
  SgDtype dtype;
  gboolean big_endian;
  guint64 numel;
  SgSource *source; /* exactly numel elements; NULL: `open` gets it when it is first needed */
  SgSource *(*open)(SgStorage *storage, GError **error);
  gpointer open_data;
  char *key;  /* what the file calls it, for `open` and for messages; owned */
  guint uses; /* views not read yet; at 0 an opened source is let go */
};

SgStorage *sg_storage_new(SgDtype dtype, guint64 numel);
void sg_storage_free(SgStorage *storage);

typedef struct {
  char *name;         /* owned */
  SgStorage *storage; /* borrowed */
  guint64 offset;     /* elements, like the strides */
  int ndim;
  gint64 shape[SG_MAX_DIMS], stride[SG_MAX_DIMS];
} SgView;

void sg_view_free(SgView *view);
/* C-order strides for view->shape. Call after the shape has been checked. */
void sg_view_set_contiguous(SgView *view, gboolean fortran_order);
/* Nothing about a view may be believed before this has passed: sizes and strides are not negative,
 * no product overflows and the last element lies within the storage. */
gboolean sg_view_check(const SgView *view, guint64 *numel, GError **error);
/* The elements as float in C order. */
SgTensor *sg_view_read(const SgView *view, GError **error);

G_END_DECLS
