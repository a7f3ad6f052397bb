/* SgZipWriter: a zip of stored entries, written as they come. (libzip keeps every entry in memory
 * until the archive is closed: for a data set that is gigabytes.) It appears under its name only
 * when committed. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SgZipWriter SgZipWriter;

/* Errors of all three: G_FILE_ERROR, the message names the path. */
SgZipWriter *sg_zip_writer_new(const char *path, GError **error);
/* `name` in UTF-8, below 64 KiB; size below 4 GiB. */
gboolean sg_zip_writer_add(SgZipWriter *z, const char *name, gconstpointer data, gsize size,
                           GError **error);
gboolean sg_zip_writer_commit(SgZipWriter *z, GError **error);
void sg_zip_writer_free(SgZipWriter *z);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgZipWriter, sg_zip_writer_free)

G_END_DECLS
