/* Where the networks are in a file. Private to models/.
 *
 * People keep the same few networks behind many names: in dicts ("state_dict", "params_ema"), in
 * tuples and lists, in a whole Lightning module, as a decoder behind an encoder, in a DataParallel
 * ("module.") or compiled ("_orig_mod.") wrapper. A network is recognised by tensors that every one
 * of its kind has; what stands before their names is the wrapper. */
#pragma once

#include "engine/formats/archive.h"

G_BEGIN_DECLS

typedef struct {
  SgArchive *archive;  /* the networks alone, under the prefixes that the importers know */
  char *generator;     /* the prefix the file has for the one that is run; NULL: there is none */
  char *discriminator; /* the same; NULL: there is none beside this kind of generator */
  GPtrArray *notes;    /* of char*: what was chosen where the file offers more than one */
} SgUnwrapped;

/* Tensors are shared with `a`, not copied. */
SgUnwrapped *sg_unwrap(const SgArchive *a);
/* The same archive without the discriminator. */
SgArchive *sg_unwrapped_generators(const SgUnwrapped *u);
void sg_unwrapped_free(SgUnwrapped *u);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgUnwrapped, sg_unwrapped_free)

G_END_DECLS
