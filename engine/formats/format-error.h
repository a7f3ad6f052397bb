/* Shorthands for the two errors of this folder. The path of the file is put in front once, by
 * sg_archive_open() and its like; messages here say only what was expected and what was found. */
#pragma once

#include "engine/formats/archive.h"

G_BEGIN_DECLS

/* Both return FALSE, so that a reader can write `return sg_broken (error, "…")`. */
gboolean sg_broken(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
gboolean sg_unsupported(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

G_END_DECLS
