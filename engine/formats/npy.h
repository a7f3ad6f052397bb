/* NumPy's .npy files: one array each. */
#pragma once

#include "engine/base/tensor.h"
#include "engine/formats/view.h"

G_BEGIN_DECLS

/* Format 1.0 to 3.0 with float16, float32 or float64 in either byte order, C or Fortran order. As
 * float32, to be released with sg_tensor_unref(). NULL and error naming the file (`name` is only
 * for messages) when it is none of these. */
SgTensor *sg_npy_read(const char *path, GError **error);
SgTensor *sg_npy_read_memory(const char *name, const guint8 *data, gsize size, GError **error);
/* Its numbers, of these or of other types (bool, int32, int64): storage and view say how they lie
 * in what is returned. Nothing about the view has been checked. */
SgSource *sg_npy_open(SgSource *source, SgStorage *storage, SgView *view, GError **error);
/* All numbers as doubles that keep what the file has, at most `most`; *ndim and shape [SG_MAX_DIMS]
 * say how they lie. Not finite: an error. To be freed. */
double *sg_npy_read_doubles(const char *path, gsize most, int *ndim, gint64 *shape, GError **error);
double *sg_npy_read_doubles_source(SgSource *source, gsize most, int *ndim, gint64 *shape,
                                   GError **error);
/* A latent vector: [expected], [1, expected] and the like; to be freed. */
double *sg_npy_read_vector(const char *path, int expected, GError **error);
/* Format 1.0, '<f4' of t's shape; '<f8' [n]. Written by rename. Errors name the path. */
gboolean sg_npy_write(const char *path, const SgTensor *t, GError **error);
gboolean sg_npy_write_double(const char *path, int n, const double *v, GError **error);
/* The same as bytes. */
GBytes *sg_npy_bytes(const SgTensor *t, GError **error);
GBytes *sg_npy_bytes_double(int ndim, const gint64 *shape, const double *v, GError **error);

G_END_DECLS
