/* SgTensor: a reference-counted, row-major (C order) array of float in host memory.
 *
 * It is what files hold and what nets are built from. Activations inside a back end have layouts of
 * their own (see backend/backend.h) and never leave it; what does leave is a SgTensor again. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SG_MAX_DIMS 8

typedef struct {
  gatomicrefcount ref;
  int ndim; /* 0 for a scalar */
  gint64 shape[SG_MAX_DIMS];
  gsize numel; /* product of shape, 1 for a scalar */
  float *data; /* 64-byte aligned, owned; NULL only if numel is 0 */
} SgTensor;

/* Contents are uninitialised. Returns NULL and sets `error` (G_FILE_ERROR_NOMEM) if the product of
 * the sizes overflows or memory is not to be had: sizes may come from a file. */
SgTensor *sg_tensor_try_new(int ndim, const gint64 *shape, GError **error);
/* The same where there is no error to return, zero-filled. NULL: no memory, which room.h
 * remembers; so does the copy. */
SgTensor *sg_tensor_new(int ndim, const gint64 *shape);
SgTensor *sg_tensor_ref(SgTensor *t);
void sg_tensor_unref(SgTensor *t);
SgTensor *sg_tensor_copy(const SgTensor *t);
gboolean sg_tensor_has_shape(const SgTensor *t, int ndim, ...); /* sizes as int */
/* "[512, 512, 3, 3]", to be freed. */
char *sg_shape_to_string(int ndim, const gint64 *shape);
/* Lower-case hex SHA-256 of the float32 little-endian bytes in C order, to be freed. */
char *sg_tensor_sha256(const SgTensor *t);

/* aligned_alloc/free of 64-byte aligned memory; NULL when it is not to be had. */
gpointer sg_aligned_alloc(gsize bytes);
void sg_aligned_free(gpointer p);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgTensor, sg_tensor_unref)

G_END_DECLS
