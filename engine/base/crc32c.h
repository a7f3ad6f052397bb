/* CRC-32C (Castagnoli), which TFRecords are checked with: RFC 3720, B.4. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint32 sg_crc32c(gconstpointer data, gsize n);
/* As a TFRecord stores it ("masked"), so that a record of records does not check itself. */
guint32 sg_crc32c_masked(gconstpointer data, gsize n);

G_END_DECLS
