/* Writing what PyTorch reads. */
#pragma once

#include "engine/base/tensor.h"
#include "engine/formats/view.h"

G_BEGIN_DECLS

/* Writes state dicts as torch.save does since PyTorch 1.6, so that torch.load(weights_only=True)
 * reads them. A tensor "G_ema.mapping.fc0.weight" of `names` (of char*, in that order; all in
 * `tensors`: char* -> SgTensor*) becomes ["G_ema"]["mapping.fc0.weight"], a CPU tensor of `dtype`
 * (SG_DTYPE_FLOAT32 or SG_DTYPE_FLOAT16); `metadata` (char* -> char*, may be NULL) becomes
 * ["__metadata__"], of strings. The file appears under `path` only when all of it is on disk.
 * Errors: G_FILE_ERROR naming the path, those of sg_stored_numbers(). */
gboolean sg_torch_write(const char *path, GPtrArray *names, GHashTable *tensors,
                        GHashTable *metadata, SgDtype dtype, GError **error);

G_END_DECLS
