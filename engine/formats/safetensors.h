/* Writing safetensors; reading goes through sg_archive_open(). */
#pragma once

#include "engine/base/tensor.h"
#include "engine/formats/view.h"

G_BEGIN_DECLS

/* Writes float32 tensors under `names` (of char*, all in `tensors`: char* -> SgTensor*) in that
 * order, and `metadata` (char* -> char*, may be NULL). The file appears under `path` only when all
 * of it is on disk; on failure what was there stays. Errors: G_FILE_ERROR naming the path. */
gboolean sg_safetensors_write(const char *path, GPtrArray *names, GHashTable *tensors,
                              GHashTable *metadata, GError **error);
/* The same with numbers of `dtype`: SG_DTYPE_FLOAT32 or, rounded, SG_DTYPE_FLOAT16. Errors also
 * those of sg_stored_numbers(). */
gboolean sg_safetensors_write_as(const char *path, GPtrArray *names, GHashTable *tensors,
                                 GHashTable *metadata, SgDtype dtype, GError **error);
/* What such a file has before the first tensor's numbers, which follow it without gaps in the order
 * of `names`. */
GBytes *sg_safetensors_head(GPtrArray *names, GHashTable *tensors, GHashTable *metadata);

G_END_DECLS
