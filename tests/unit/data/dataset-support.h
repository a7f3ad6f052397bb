/* Makes the files that the tests of the data sets read: pictures of every kind, zips, IDX. */
#pragma once

#include "engine/data/dataset.h"

G_BEGIN_DECLS

/* PNG of any kind: `row_bytes` per row as PNG stores it; palette [3 * colours] or NULL. */
GByteArray *make_png(int width, int height, int depth, int color_type, const guint8 *rows,
                     gsize row_bytes, const guint8 *palette, int colours);
/* One colour everywhere: 1 or 3 (2, 4: with alpha) values a pixel. */
GByteArray *flat_png(int width, int height, int channels, const guint8 *colour);
/* `space` is libjpeg's name for what is stored: JCS_GRAYSCALE, JCS_YCbCr, JCS_CMYK, JCS_YCCK. */
GByteArray *flat_jpeg(int width, int height, int space, const guint8 *colour);
/* Lossless; alpha with 4 channels. */
GByteArray *flat_webp(int width, int height, int channels, const guint8 *colour);
GByteArray *animated_webp(int width, int height);

/* Big-endian sizes, then bytes. */
GByteArray *make_idx(guint32 magic, int n_sizes, const guint32 *sizes, const guint8 *data, gsize n);
void write_gz(const char *path, const GByteArray *bytes);

/* Below `folder`, with the folders in between; frees `bytes`. */
void put_file(const char *folder, const char *name, GByteArray *bytes);
/* Without the fsync of g_file_set_contents(), which takes most of a test's time. */
void put_bytes(const char *path, gconstpointer data, gsize n);
void put_text(const char *folder, const char *name, const char *text);
/* A zip of what is in `folder`, deflated or stored, entries in the order of their names. */
void make_zip(const char *path, const char *folder, gboolean deflate);

char *make_folder(void);
/* Removes and frees. */
void drop_folder(char *folder);

const SgRefusal *find_refusal(const SgDataset *ds, const char *name);

G_END_DECLS
