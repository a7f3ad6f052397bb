/* Whole data sets: a zip of pictures with labels; IDX, packed or not, with the same bytes as its
 * labels. Files have to have names, so they lie in a folder of their own. */
#include "engine/data/dataset.h"
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static char *folder;

static void
remove_folder(void)
{
  g_rmdir(folder);
}

static char *
put(const char *name, const guint8 *data, gsize size)
{
  char *path = g_build_filename(folder, name, NULL);
  FILE *f = fopen(path, "wb");

  if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
    g_error("%s cannot be written", path);
  return path;
}

/* With labels and, where that is refused, without. */
static void
read_all(const char *path)
{
  for (int labels = 1; labels >= 0; labels--) {
    const SgDatasetOptions options = {
        .resolution = 8, .use_labels = labels != 0, .max_images = 8, .transform = SG_TRANSFORM_PAD};
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

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  gboolean zip = size >= 2 && data[0] == 'P' && data[1] == 'K';
  gboolean gz = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
  const char *end = gz ? ".gz" : "";

  if (!folder) {
    folder = g_dir_make_tmp("vitrine-fuzz-XXXXXX", NULL);
    atexit(remove_folder);
  }
  g_autofree char *name =
      zip ? g_strdup("set.zip") : g_strconcat("train-images-idx3-ubyte", end, NULL);
  g_autofree char *labels = g_strconcat("train-labels-idx1-ubyte", end, NULL);
  g_autofree char *path = put(name, data, size), *beside = put(labels, data, size);
  read_all(path);
  g_unlink(path);
  g_unlink(beside);
  return 0;
}
