/* SgSource: bounded random access to the bytes of a file or of memory.
 *
 * Files are read with pread, never mapped: a file that is truncated or vanishes while it is read
 * gives an error, where a mapping would raise SIGBUS. A part of a source is a source again, so
 * every reader is confined to the range it was given. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Deflate packs at most 1032 to 1: what claims more lies. */
#define SG_MAX_DEFLATE_RATIO 1040

typedef struct _SgSource SgSource;

/* Regular files only (a FIFO would block for ever). Errors: G_FILE_ERROR, without the path. */
SgSource *sg_source_open(const char *path, GError **error);
/* Takes the descriptor of a regular file, and closes it also where it fails. */
SgSource *sg_source_new_fd(int fd, GError **error);
/* Keeps a reference on `bytes`. */
SgSource *sg_source_new_bytes(GBytes *bytes);
/* Borrows `data`, which has to outlive the source and all its parts. */
SgSource *sg_source_new_memory(const guint8 *data, gsize size);
/* [offset, offset + size) of `parent`, or NULL with an error if it does not lie inside. */
SgSource *sg_source_new_part(SgSource *parent, guint64 offset, guint64 size, GError **error);
SgSource *sg_source_ref(SgSource *s);
void sg_source_unref(SgSource *s);

guint64 sg_source_size(const SgSource *s);
/* Reads exactly n bytes at `offset`, or fails. Thread-safe. */
gboolean sg_source_read(const SgSource *s, guint64 offset, gpointer buffer, gsize n,
                        GError **error);

/* A big-endian number. */
static inline guint32
sg_be32(const guint8 *p)
{
  return (guint32)p[0] << 24 | (guint32)p[1] << 16 | (guint32)p[2] << 8 | p[3];
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgSource, sg_source_unref)

G_END_DECLS
