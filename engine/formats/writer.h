/* SgWriter: a file that appears under its name only when all of it is on disk.
 *
 * Bytes go to a temporary file in the same folder; commit syncs and renames it. Freed without a
 * commit (or after a failed write) it removes the temporary file: what was under the name stays. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SgWriter SgWriter;

/* Errors: G_FILE_ERROR, the message names `path`. */
SgWriter *sg_writer_new(const char *path, GError **error);
gboolean sg_writer_write(SgWriter *w, gconstpointer data, gsize n, GError **error);
/* The temporary file, for libraries that write and seek in it themselves; the writer's. */
int sg_writer_fd(SgWriter *w);
gboolean sg_writer_commit(SgWriter *w, GError **error);
void sg_writer_free(SgWriter *w);
/* All three in one. */
gboolean sg_write_file(const char *path, gconstpointer data, gsize n, GError **error);
/* Does the name suit what would be written? FALSE with an error if it ends as files of another kind
 * that is known do: `x.pkl` or `x.jpg` for safetensors or a PNG. `endings` (".png", NULL at the
 * end) are what suits; names without an ending, or with one of nobody's, are a person's own
 * affair. */
gboolean sg_check_ending(const char *path, const char *const *endings, GError **error);
/* So that a new name in `folder` survives a power cut, too. Not every file system can; that is no
 * failure. */
void sg_sync_folder(const char *folder);
/* Sets G_FILE_ERROR from errno, "PATH: WHAT: why"; returns FALSE. */
gboolean sg_file_failed(GError **error, const char *path, const char *what);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgWriter, sg_writer_free)

G_END_DECLS
