/* A folder of a target's own, for readers that are given files. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Made when it is first asked for, removed with what is in it when the process ends. */
const char *fuzz_folder(void);
/* A file in it with these bytes; its path, to be freed. Name: "a" or "a/b". */
char *fuzz_put(const char *name, const guint8 *data, gsize size);

/* What a fuzz target takes from an input's start: its first line without the break; the rest
 * follows. To be freed. */
char *fuzz_line(const guint8 **data, gsize *size);

G_END_DECLS
