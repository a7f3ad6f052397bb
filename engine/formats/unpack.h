/* Model files inside gzip, bzip2, xz and zstd, and inside zip and tar archives.
 *
 * What is unpacked lies in a temporary file without a name, so that a large model needs no memory
 * twice. Model weights hardly shrink: what unpacks to many times its size is no model, and is not
 * unpacked any further. */
#pragma once

#include "engine/formats/source.h"

G_BEGIN_DECLS

/* TRUE if the file is packed. PyTorch's own zip files are not: their numbers lie in them as they
 * are. `head` are its first `n` bytes. */
gboolean sg_is_packed(SgSource *source, const guint8 *head, gsize n);
/* How many bytes a file may unpack to, all that is packed in it included. */
guint64 sg_unpacked_most(SgSource *packed);
/* The one model in it, of at most `most` bytes, which may be packed again; `*where` (to be freed)
 * says where that was: "model.pkl in a zip archive". Errors: SG_FORMAT_ERROR if there is none, more
 * than one, or too much. */
SgSource *sg_unpack(SgSource *packed, guint64 most, char **where, GError **error);

G_END_DECLS
