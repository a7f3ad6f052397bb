/* Shorthands for the two errors of this folder. The path of the file is put in front once, by
 * sg_archive_open() and its like; messages here say only what was expected and what was found. */
#pragma once

#include "engine/formats/archive.h"

G_BEGIN_DECLS

/* Both return FALSE, so that a reader can write `return sg_broken (error, "…")`. */
gboolean sg_broken(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
gboolean sg_unsupported(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* What is short now may be there later, so nothing is said about the file: G_FILE_ERROR_NOMEM, "not
 * enough memory WHAT". Returns FALSE. */
gboolean sg_no_memory(GError **error, const char *what);
/* Whether it is memory or descriptors that were short, and not the file that is wrong. */
gboolean sg_is_shortage(const GError *error);

G_END_DECLS
