/* Small files that somebody else may have put there: only regular ones are opened, since a FIFO
 * would wait for ever and a device never end, and what is read has a bound. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* open(2) with `flags` (and mode 0666), for regular files. -1 and error: G_FILE_ERROR, the message
 * names `path`. */
int sg_open_regular(const char *path, int flags, GError **error);
/* All of `path` with a NUL behind it; *length (or NULL) without it. A file of more than `max` bytes
 * is an error. Errors as above; SG_FORMAT_ERROR_UNSUPPORTED where it is too long. */
char *sg_read_file(const char *path, gsize max, gsize *length, GError **error);

/* At most the first `max` bytes of it. */
char *sg_read_start(const char *path, gsize max, gsize *length, GError **error);

G_END_DECLS
