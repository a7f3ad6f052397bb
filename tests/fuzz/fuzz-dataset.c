/* Whole data sets: a zip of pictures with labels; an LMDB database; TFRecords; IDX, packed or not,
 * with the same bytes as its labels. */
#include "engine/base/crc32c.h"
#include "engine/data/dataset.h"
#include "tests/fuzz/files.h"
#include <glib/gstdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* With labels and, where that is refused, without. */
static void
read_all(const char *path)
{
  for (int labels = 1; labels >= 0; labels--) {
    const SgDatasetOptions options = {.resolution = 8,
                                      .use_labels = labels != 0,
                                      .max_images = 8,
                                      .transform = SG_TRANSFORM_PAD,
                                      .all_frames = TRUE};
    g_autoptr(GError) error = NULL;
    g_autoptr(SgDataset) ds = sg_dataset_open(path, &options, &error);
    g_assert_true(!ds == (error != NULL));
    for (guint i = 0; ds && i < ds->n; i++) {
      guint8 pixels[3 * 8 * 8];
      g_autofree float *label = g_new(float, MAX(ds->label_dim, 1));
      SgImageChange change;
      sg_dataset_read_change(ds, i, pixels, &change, NULL);
      sg_dataset_label(ds, i, label);
    }
  }
}

/* Checksums keep a fuzzer from everything behind them: they are made right. */
static void
mend_records(guint8 *data, gsize size)
{
  for (gsize at = 0; size - at >= 12;) {
    guint64 length;
    memcpy(&length, data + at, 8);
    guint32 crc = GUINT32_TO_LE(sg_crc32c_masked(data + at, 8));
    memcpy(data + at + 8, &crc, 4);
    length = GUINT64_FROM_LE(length);
    if (size - at < 16 || length > size - at - 16)
      break;
    crc = GUINT32_TO_LE(sg_crc32c_masked(data + at + 12, length));
    memcpy(data + at + 12 + length, &crc, 4);
    at += 16 + length;
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  gboolean zip = size >= 2 && data[0] == 'P' && data[1] == 'K';
  gboolean gz = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
  gboolean lmdb = size >= 20 && memcmp(data + 16, "\xde\xc0\xef\xbe", 4) == 0;
  gboolean records = !zip && !gz && size >= 12 && data[4] == 0 && data[5] == 0 && data[7] == 0;
  const char *end = gz ? ".gz" : "";
  g_autofree char *name = zip       ? g_strdup("set.zip")
                          : lmdb    ? g_strdup("data.mdb")
                          : records ? g_strdup("a-r03.tfrecords")
                                    : g_strconcat("train-images-idx3-ubyte", end, NULL);
  g_autofree char *labels = g_strconcat("train-labels-idx1-ubyte", end, NULL);
  g_autofree guint8 *copy = g_memdup2(data, MAX(size, 1));

  if (records && !lmdb)
    mend_records(copy, size);
  g_autofree char *path = fuzz_put(name, copy, size), *beside = fuzz_put(labels, data, size);
  read_all(path);
  g_unlink(path);
  g_unlink(beside);
  return 0;
}
