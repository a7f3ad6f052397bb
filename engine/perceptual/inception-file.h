/* The Inception network of FID in a file that a person has. */
#pragma once

#include <nettle/sha2.h>
#include "engine/perceptual/inception-layers.h"

G_BEGIN_DECLS

typedef struct {
  const SgArchive *archive;
  char *name;            /* of the file, for people */
  struct sha256_ctx sum; /* of what has been read */
} SgInceptionFile;

/* weight [out, in, kh, kw] and bias [out] of a layer, its batch normalisation within: w γ / √(σ² +
 * ε) and β - μ γ / √(σ² + ε). FALSE and error: what is missing or wrong. */
gboolean sg_inception_file_layer(SgInceptionFile *f, const SgFrozenStep *s,
                                 const SgInceptionLayer *l, float *weight, float *bias,
                                 GError **error);
/* [1008, 2048], the archive's. */
const float *sg_inception_file_classifier(SgInceptionFile *f, GError **error);

G_END_DECLS
