/* A zip archive read by libzip from a SgSource. */
#pragma once

#include "engine/formats/source.h"
#include <zip.h>

G_BEGIN_DECLS

typedef struct {
  zip_t *zip;
  GError *why; /* the first read that failed below libzip, which does not keep why */
} SgZip;

/* NULL and an error if it is none. Keeps a reference on the source. */
SgZip *sg_zip_open(SgSource *source, GError **error);
void sg_zip_close(SgZip *z); /* NULL allowed */
/* All of an entry, unpacked into memory and compared with its checksum: whoever asks has looked at
 * its size. NULL and an error otherwise. */
SgSource *sg_zip_load(SgZip *z, const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgZip, sg_zip_close)

G_END_DECLS
