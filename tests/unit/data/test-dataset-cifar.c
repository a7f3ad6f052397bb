/* CIFAR's tarballs and folders, in both versions. */
#include "tests/unit/data/dataset-support.h"
#include <string.h>

#define PIXELS 3072

static guint8
value_of(guint picture, guint i)
{
  return (guint8)(picture * 50 + i / 1024 * 20 + i % 32);
}

static void
put_pixels(GByteArray *b, guint picture)
{
  for (guint i = 0; i < PIXELS; i++)
    g_byte_array_append(b, &(guint8){value_of(picture, i)}, 1);
}

static void
put_string(GByteArray *b, const char *text)
{
  g_byte_array_append(b, (const guint8 *)text, (guint)strlen(text));
}

/* A literal with whatever bytes it has. */
#define PUT(b, text) g_byte_array_append(b, (const guint8 *)(text), sizeof(text) - 1)

/* Records of `labels` bytes and pixels. */
static GByteArray *
binary(guint first, guint n, guint labels)
{
  GByteArray *b = g_byte_array_new();

  for (guint k = first; k < first + n; k++) {
    for (guint l = 0; l < labels; l++)
      g_byte_array_append(b, &(guint8){(guint8)(l + 1 == labels ? k % 3 : 9)}, 1);
    put_pixels(b, k);
  }
  return b;
}

/* What Python 2 wrote: {'data': array, 'labels': [...]}, the array as NumPy pickles it. */
static GByteArray *
pickled(guint first, guint n)
{
  GByteArray *b = g_byte_array_new();
  guint32 size = GUINT32_TO_LE(n * PIXELS);

  PUT(b, "\x80\x02}(U\x04"
         "data");
  PUT(b, "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\1btR(K\1");
  PUT(b, "K\0K\0\x86"
         "cnumpy\ndtype\n(U\2u1K\0K\1tR\x89T");
  g_byte_array_append(b, (const guint8 *)&size, 4);
  for (guint k = first; k < first + n; k++)
    put_pixels(b, k);
  PUT(b, "tbU\6labels](");
  for (guint k = first; k < first + n; k++)
    g_byte_array_append(b, (const guint8[]){'K', (guint8)(k % 3)}, 2);
  put_string(b, "eu.");
  return b;
}

static void
add_to_tar(GByteArray *tar, const char *name, GByteArray *bytes)
{
  guint8 head[512] = {0};

  g_snprintf((char *)head, 100, "cifar-10-batches/%s", name);
  g_snprintf((char *)head + 124, 12, "%011o", bytes->len);
  head[156] = '0';
  g_byte_array_append(tar, head, 512);
  g_byte_array_append(tar, bytes->data, bytes->len);
  memset(head, 0, 512);
  g_byte_array_append(tar, head, (512 - bytes->len % 512) % 512);
  g_byte_array_unref(bytes);
}

static void
check(const char *path, guint n, gboolean named)
{
  const SgDatasetOptions options = {.use_labels = TRUE};
  GError *error = NULL;
  g_autoptr(SgDataset) ds = sg_dataset_open(path, &options, &error);
  guint8 pixels[PIXELS];

  g_assert_no_error(error);
  g_assert_cmpstr(ds->kind, ==, "CIFAR");
  g_assert_cmpuint(ds->n, ==, n);
  g_assert_cmpint(ds->resolution, ==, 32);
  g_assert_cmpint(ds->channels, ==, 3);
  g_assert_cmpint(ds->label_dim, ==, 3);
  g_assert_true(named == (ds->label_names != NULL));
  for (guint k = 0; k < n; k++) {
    float label[3];
    g_assert_true(sg_dataset_read(ds, k, pixels, NULL));
    for (guint i = 0; i < PIXELS; i++)
      g_assert_cmpuint(pixels[i], ==, value_of(k, i));
    sg_dataset_label(ds, k, label);
    g_assert_cmpfloat(label[k % 3], ==, 1);
  }
}

static void
test_binary(void)
{
  char *folder = make_folder();
  g_autofree char *packed = g_build_filename(folder, "cifar-10-binary.tar.gz", NULL);
  g_autofree char *inside = g_build_filename(folder, "out", NULL);
  g_autoptr(GByteArray) tar = g_byte_array_new();
  GByteArray *names = g_byte_array_new();

  put_string(names, "airplane\nautomobile\nbird\n\n");
  add_to_tar(tar, "batches.meta.txt", names);
  add_to_tar(tar, "data_batch_1.bin", binary(0, 2, 1));
  add_to_tar(tar, "data_batch_2.bin", binary(2, 3, 1));
  add_to_tar(tar, "test_batch.bin", binary(7, 1, 1));
  write_gz(packed, tar);
  check(packed, 5, TRUE);
  /* CIFAR-100: the fine label is the second. */
  put_file(inside, "train.bin", binary(0, 4, 2));
  put_text(inside, "fine_label_names.txt", "a\nb\nc\n");
  check(inside, 4, TRUE);
  drop_folder(folder);
}

static void
test_pickled(void)
{
  char *folder = make_folder();
  g_autofree char *packed = g_build_filename(folder, "cifar-10-python.tar.gz", NULL);
  g_autofree char *inside = g_build_filename(folder, "out", NULL);
  g_autoptr(GByteArray) tar = g_byte_array_new();
  GByteArray *bytes = g_byte_array_new();

  PUT(bytes, "\x80\x02}U\x0blabel_names](U\1aU\1bU\1ces.");
  add_to_tar(tar, "batches.meta", bytes);
  add_to_tar(tar, "data_batch_1", pickled(0, 3));
  add_to_tar(tar, "data_batch_2", pickled(3, 1));
  write_gz(packed, tar);
  check(packed, 4, TRUE);
  put_file(inside, "cifar-10-batches-py/data_batch_1", pickled(0, 3));
  check(inside, 3, FALSE);
  drop_folder(folder);
}

/* Every length of a tarball: it may fail, but not crash. */
static void
test_cut(void)
{
  char *folder = make_folder();
  g_autofree char *path = g_build_filename(folder, "cifar.tar", NULL);
  g_autoptr(GByteArray) tar = g_byte_array_new();
  const SgDatasetOptions options = {.use_labels = TRUE};

  add_to_tar(tar, "data_batch_1", pickled(0, 1));
  for (guint n = 0; n <= tar->len; n += n < 800 ? 1 : 37) {
    g_autoptr(GError) error = NULL;
    put_bytes(path, tar->data, n);
    g_autoptr(SgDataset) ds = sg_dataset_open(path, &options, &error);
    g_assert_true(!ds == (error != NULL));
  }
  drop_folder(folder);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/cifar/binary", test_binary);
  g_test_add_func("/cifar/python", test_pickled);
  g_test_add_func("/cifar/cut", test_cut);
  return g_test_run();
}
