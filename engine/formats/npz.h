/* NumPy's .npz: a zip of .npy files, one array a key. */
#pragma once

#include "engine/base/tensor.h"

G_BEGIN_DECLS

/* The array of the first of `keys` (NULL-terminated) that the file has, at most `most` numbers, as
 * doubles that keep what it has; *ndim and shape [SG_MAX_DIMS] say how they lie, *key which it was
 * (borrowed from keys). To be freed. NULL and error naming the file and what it holds otherwise. */
double *sg_npz_read(const char *path, const char *const *keys, gsize most, const char **key,
                    int *ndim, gint64 *shape, GError **error);
/* One array of '<f8' or '<f4', stored; by rename. */
gboolean sg_npz_write_double(const char *path, const char *key, int ndim, const gint64 *shape,
                             const double *v, GError **error);
gboolean sg_npz_write(const char *path, const char *key, const SgTensor *t, GError **error);

G_END_DECLS
