/* Labels of every kind, CelebA, IDX; and files that are cut off or lie. */
#include "tests/unit/data/dataset-support.h"
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define SIDE 8

static const SgDatasetOptions with_labels = {.use_labels = TRUE};

static SgDataset *
open_ok(const char *path, const SgDatasetOptions *options)
{
  GError *error = NULL;
  SgDataset *ds = sg_dataset_open(path, options, &error);
  g_assert_no_error(error);
  return ds;
}

static void
assert_refused(const char *path, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) parts = g_strsplit(words, "|", -1);
  g_autoptr(SgDataset) ds = sg_dataset_open(path, &with_labels, &error);

  g_assert_null(ds);
  for (char **p = parts; *p; p++)
    if (!strstr(error->message, *p))
      g_error("expected “%s” in: %s", *p, error->message);
}

static void
assert_label(SgDataset *ds, guint index, const float *expected)
{
  g_autofree float *label = g_new(float, ds->label_dim);
  sg_dataset_label(ds, index, label);
  for (int k = 0; k < ds->label_dim; k++)
    g_assert_cmpfloat(label[k], ==, expected[k]);
}

static void
put_images(const char *folder, const char *const *names)
{
  for (guint8 i = 0; names[i]; i++)
    put_file(folder, names[i], flat_png(SIDE, SIDE, 1, &i));
}

/* ---- dataset.json ---------------------------------------------------------------------------- */

static const char *const abc[] = {"0/a.png", "0/b.png", "1/c.png", NULL};

static void
test_classes(void)
{
  char *folder = make_folder();
  g_autofree char *zip = g_strconcat(folder, ".zip", NULL);

  put_images(folder, abc);
  put_text(folder, "dataset.json",
           "{\"labels\": [[\"1/c.png\", 0], [\"0/a.png\", 4], [\"gone.png\", 1]]}");
  make_zip(zip, folder, TRUE);
  for (int i = 0; i < 2; i++) {
    g_autoptr(SgDataset) ds = open_ok(i ? zip : folder, &with_labels);
    g_assert_cmpuint(ds->n, ==, 2);
    g_assert_cmpint(ds->label_dim, ==, 5);
    g_assert_true(ds->one_hot);
    assert_label(ds, 0, (const float[]){0, 0, 0, 0, 1});
    assert_label(ds, 1, (const float[]){1, 0, 0, 0, 0});
    g_assert_nonnull(strstr(find_refusal(ds, "0/b.png")->reason, "label"));
  }
  g_autoptr(SgDataset) without = open_ok(folder, NULL);
  g_assert_cmpint(without->label_dim, ==, 0);
  g_assert_cmpuint(without->n, ==, 3);
  g_unlink(zip);
  drop_folder(folder);
}

/* A zip of a folder has the folder's name in front of everything. */
/* A table of several columns: numbers are a vector, words are left out and named; and a
 * dataset.json without labels does not hide it. */
static void
test_columns(void)
{
  char *folder = make_folder();
  const char *const names[] = {"set/0/a.png", "set/0/b.png", NULL};

  put_images(folder, names);
  put_text(folder, "set/dataset.json", "{\"labels\": null}");
  put_text(folder, "set/labels.csv",
           "file,beard,hair,light\n0/a.png,1,red,0.5\n0/b.png,0,blond,1\n");
  g_autoptr(SgDataset) ds = open_ok(folder, &with_labels);
  g_assert_cmpint(ds->label_dim, ==, 2);
  g_assert_cmpstr(ds->label_names[0], ==, "beard");
  g_assert_cmpstr(ds->label_names[1], ==, "light");
  assert_label(ds, 0, (const float[]){1, 0.5f});
  assert_label(ds, 1, (const float[]){0, 1});
  g_assert_cmpuint(ds->warnings->len, ==, 1);
  g_assert_nonnull(strstr(ds->warnings->pdata[0], "left out: hair"));
  drop_folder(folder);
}

static void
test_vectors(void)
{
  char *folder = make_folder();
  const char *const names[] = {"set/0/a.png", "set/0/b.png", NULL};

  put_images(folder, names);
  put_text(folder, "set/dataset.json",
           "{\"label_names\": [\"x\", \"y\"],"
           " \"labels\": [[\"0/a.png\", [0.25, -3]], [\"0/b.png\", [1e3, 0]]]}");
  g_autoptr(SgDataset) ds = open_ok(folder, &with_labels);
  g_assert_cmpint(ds->label_dim, ==, 2);
  g_assert_false(ds->one_hot);
  g_assert_cmpstr(ds->label_names[1], ==, "y");
  assert_label(ds, 0, (const float[]){0.25f, -3});
  assert_label(ds, 1, (const float[]){1000, 0});
  drop_folder(folder);
}

static void
test_bad_labels(void)
{
  static const char *const cases[][2] = {
      {"{\"labels\": null}", "found none"},
      {"{}", "found none"},
      {"{\"labels\": [[\"0/a.png\", true]]}", "0/a.png|true or false"},
      {"{\"labels\": [[\"0/a.png\", 0.5]]}", "0/a.png|0.5|fraction"},
      {"{\"labels\": [[\"0/a.png\", 1, 0, 0]]}", "place 0|3 values|[\"0/a.png\", 0]"},
      {"{\"labels\": [[\"0/a.png\", -1]]}", "found -1"},
      {"{\"labels\": [[\"0/a.png\", 99999999999]]}", "found 99999999999"},
      {"{\"labels\": [[\"0/a.png\", 1], [\"0/b.png\", [1]]]}", "0/b.png|a list"},
      {"{\"labels\": [[\"0/a.png\", [1]], [\"0/b.png\", [1, 2]]]}", "0/b.png|1 numbers"},
      {"{\"labels\": [[\"0/a.png\", [1e300]]]}", "too large"},
      {"{\"labels\": [[\"0/a.png\", []]]}", "found one of 0"},
      {"{\"labels\": [[\"0/a.png\"]]}", "place 0"},
      {"{\"labels\": [3]}", "place 0"},
      {"{\"labels\": 3}", "a whole number"},
      {"{\"labels\": [[\"0/a.png\", 1]", "JSON|line 1"},
      {"{\"labels\": [[\"other.png\", 1]]}",
       "none can be used|0/a.png|dataset.json names other.png, which is no picture here"},
  };
  char *folder = make_folder();

  put_images(folder, abc);
  put_file(folder, "c.png", flat_png(SIDE, SIDE, 1, (const guint8[]){3}));
  assert_refused(folder, "dataset.json|found none of these|c.png lies in no folder");
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    put_text(folder, "dataset.json", cases[i][0]);
    assert_refused(folder, cases[i][1]);
  }
  /* A quarter of a million brackets deep. */
  g_autofree char *deep = g_strnfill(250000, '[');
  put_text(folder, "dataset.json", deep);
  assert_refused(folder, "dataset.json");
  drop_folder(folder);
}

/* ---- CelebA ---------------------------------------------------------------------------------- */

static void
check_celeba(const char *path)
{
  g_autoptr(SgDataset) ds = open_ok(path, &with_labels);

  g_assert_cmpstr(ds->kind, ==, "CelebA folder");
  g_assert_cmpuint(ds->n, ==, 2);
  g_assert_cmpint(ds->label_dim, ==, 3);
  g_assert_false(ds->one_hot);
  g_assert_cmpstr(ds->label_names[0], ==, "5_o_Clock_Shadow");
  g_assert_null(ds->label_names[3]);
  assert_label(ds, 0, (const float[]){0, 1, 1});
  assert_label(ds, 1, (const float[]){1, 0, 0});
}

static void
test_celeba(void)
{
  const char *const names[] = {"img_align_celeba/000001.jpg", "img_align_celeba/000002.jpg", NULL};
  const char *text = "2\r\n5_o_Clock_Shadow Bald  Smiling \r\n000001.jpg -1  1  1\r\n"
                     "000002.jpg  1 -1 -1\r\n";
  char *folder = make_folder();
  g_autofree char *inside = g_build_filename(folder, "img_align_celeba", NULL);

  put_images(folder, names);
  put_images(folder, (const char *const[]){"logo.png", NULL});
  put_text(folder, "list_attr_celeba.txt", text);
  check_celeba(folder);
  check_celeba(inside);
  put_text(folder, "list_attr_celeba.txt", "");
  assert_refused(folder, "list_attr_celeba.txt|end of the file");
  put_text(folder, "list_attr_celeba.txt", "2\nBald Smiling\n000001.jpg 1\n");
  assert_refused(folder, "line 3|2 attributes|2 words");
  put_text(folder, "list_attr_celeba.txt", "2\nBald Smiling\n000001.jpg 1 2\n");
  assert_refused(folder, "line 3|Smiling|“2”");
  g_autofree char *list = g_build_filename(folder, "list_attr_celeba.txt", NULL);
  g_unlink(list);
  put_text(folder, "list_attr_celeba.csv",
           "image_id,5_o_Clock_Shadow,Bald,Smiling\n000001.jpg,-1,1,1\n000002.jpg,1,-1,-1\n");
  check_celeba(folder);
  drop_folder(folder);
}

/* ---- IDX ------------------------------------------------------------------------------------- */

#define N 3

/* Image i is 10 * i everywhere, 255 in its corner. */
static GByteArray *
idx_images(guint32 side)
{
  g_autofree guint8 *pixels = g_malloc(N * side * side);
  for (guint32 i = 0; i < N; i++) {
    memset(pixels + i * side * side, (int)(10 * i), side * side);
    pixels[i * side * side] = 255;
  }
  return make_idx(0x803, 3, (const guint32[]){N, side, side}, pixels, N * side * side);
}

static GByteArray *
idx_labels(void)
{
  return make_idx(0x801, 1, (const guint32[]){N}, (const guint8[]){2, 0, 1}, N);
}

static void
check_mnist(const char *path, const char *name)
{
  g_autoptr(SgDataset) ds = open_ok(path, &with_labels);
  guint8 pixels[32 * 32];

  g_assert_cmpstr(ds->kind, ==, "IDX");
  g_assert_cmpstr(ds->name, ==, name);
  g_assert_cmpuint(ds->n, ==, N);
  g_assert_cmpint(ds->channels, ==, 1);
  g_assert_cmpint(ds->resolution, ==, 32);
  g_assert_cmpint(ds->label_dim, ==, 3);
  assert_label(ds, 0, (const float[]){0, 0, 1});
  assert_label(ds, 1, (const float[]){1, 0, 0});
  for (guint i = 0; i < N; i++) {
    g_assert_true(sg_dataset_read(ds, i, pixels, NULL));
    for (int y = 0; y < 32; y++)
      for (int x = 0; x < 32; x++) {
        gboolean in = x >= 2 && x < 30 && y >= 2 && y < 30;
        g_assert_cmpint(pixels[32 * y + x], ==, !in ? 0 : x == 2 && y == 2 ? 255 : 10 * i);
      }
  }
}

static void
test_idx(void)
{
  char *folder = make_folder();
  g_autofree char *images = g_build_filename(folder, "train-images-idx3-ubyte", NULL);
  g_autofree char *packed = g_strconcat(images, ".gz", NULL);
  g_autofree char *labels = g_build_filename(folder, "train-labels-idx1-ubyte", NULL);
  g_autofree char *folder_name = g_path_get_basename(folder);
  const SgDatasetOptions small = {.resolution = 4, .channels = 3, .max_images = 2};
  guint8 pixels[3 * 4 * 4];

  put_file(folder, "train-images-idx3-ubyte", idx_images(28));
  assert_refused(images, "train-images-idx3-ubyte|labels beside it");
  put_file(folder, "train-labels-idx1-ubyte", idx_labels());
  put_file(folder, "t10k-images-idx3-ubyte", idx_images(20));
  check_mnist(images, "train-images-idx3-ubyte");
  check_mnist(folder, folder_name);
  g_autoptr(SgDataset) ds = open_ok(images, &small);
  g_assert_cmpuint(ds->n, ==, 2);
  g_assert_true(sg_dataset_read(ds, 1, pixels, NULL));
  g_assert_cmpint(pixels[47], ==, 10);
  g_autoptr(GByteArray) plain = idx_images(28);
  write_gz(packed, plain);
  g_unlink(images);
  check_mnist(packed, "train-images-idx3-ubyte");
  put_file(folder, "train-labels-idx1-ubyte",
           make_idx(0x801, 1, (const guint32[]){2}, (const guint8[]){2, 0}, 2));
  assert_refused(packed, "train-labels-idx1-ubyte|3 images|found 2");
  assert_refused(labels, "expected an IDX file of images|00000801");
  drop_folder(folder);
}

/* ---- cut off, or lying ----------------------------------------------------------------------- */

static void
test_cut_idx(void)
{
  char *folder = make_folder();
  g_autofree char *path = g_build_filename(folder, "x-images-idx3-ubyte", NULL);
  g_autofree char *packed = g_strconcat(path, ".gz", NULL);
  g_autofree char *whole = NULL;
  g_autoptr(GByteArray) plain = idx_images(4);
  gsize size;

  for (guint n = 0; n < plain->len; n++) {
    put_bytes(path, plain->data, n);
    g_assert_null(sg_dataset_open(path, NULL, NULL));
  }
  g_unlink(path);
  write_gz(packed, plain);
  g_assert_true(g_file_get_contents(packed, &whole, &size, NULL));
  for (gsize n = 0; n < size; n++) {
    put_bytes(packed, whole, n);
    g_assert_null(sg_dataset_open(packed, NULL, NULL));
  }
  /* Sizes that would not fit anywhere, or overflow. */
  static const guint32 sizes[][3] = {{0, 4, 4},
                                     {3, 0, 4},
                                     {G_MAXUINT32, G_MAXUINT32, G_MAXUINT32},
                                     {G_MAXINT, 8192, 8192},
                                     {3, 4, 5}};
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
    put_file(folder, "x-images-idx3-ubyte", make_idx(0x803, 3, sizes[i], (guint8[48]){0}, 48));
    g_assert_null(sg_dataset_open(path, NULL, NULL));
  }
  drop_folder(folder);
}

/* What unpacks to far more than it says, or says what so few bytes cannot hold, is refused by its
 * first bytes; a pipe is not waited for. */
static void
test_bomb(void)
{
  char *folder = make_folder();
  g_autofree char *packed = g_build_filename(folder, "train-images-idx3-ubyte.gz", NULL);
  g_autofree char *labels = g_build_filename(folder, "train-labels-idx1-ubyte", NULL);
  const gsize size = 32 * 1024 * 1024;
  g_autoptr(GByteArray) zeros = g_byte_array_set_size(g_byte_array_new(), size);

  memset(zeros->data, 0, size);
  write_gz(packed, zeros);
  assert_refused(packed, "begins with 00000803|found 00000000");
  g_autoptr(GByteArray) head = make_idx(0x803, 3, (const guint32[]){3, 4, 4}, NULL, 0);
  memcpy(zeros->data, head->data, 16);
  write_gz(packed, zeros);
  assert_refused(packed, "more than the 64 bytes expected");
  g_autoptr(GByteArray) claim = make_idx(0x803, 3, (const guint32[]){60000, 256, 256}, NULL, 0);
  memcpy(zeros->data, claim->data, 16);
  write_gz(packed, zeros);
  assert_refused(packed, "cannot hold the 3750 MB");
  g_unlink(packed);
  g_assert_cmpint(mkfifo(packed, 0600), ==, 0);
  assert_refused(packed, "train-images-idx3-ubyte.gz");
  g_unlink(packed);
  g_autoptr(GByteArray) images = idx_images(28);
  write_gz(packed, images);
  g_assert_cmpint(mkfifo(labels, 0600), ==, 0);
  assert_refused(packed, "train-labels-idx1-ubyte");
  drop_folder(folder);
}

/* Opens and reads everything: it may fail, but not crash or hang. */
static gboolean
try_all(const char *path)
{
  const SgDatasetOptions options = {.resolution = SIDE, .channels = 1};
  g_autoptr(SgDataset) ds = sg_dataset_open(path, &options, NULL);
  guint8 pixels[SIDE * SIDE];
  gboolean ok = ds != NULL;

  for (guint i = 0; ds && i < ds->n; i++)
    ok &= sg_dataset_read(ds, i, pixels, NULL);
  return ok && ds->n == 3;
}

/* Every length, and every byte turned over. */
static void
test_bad_zip(void)
{
  char *folder = make_folder(), *other = make_folder();
  g_autofree char *path = g_build_filename(other, "set.zip", NULL), *whole = NULL;
  gsize size;

  put_images(folder, abc);
  make_zip(path, folder, TRUE);
  g_assert_true(try_all(path));
  g_assert_true(g_file_get_contents(path, &whole, &size, NULL));
  for (gsize n = 0; n < size; n++) {
    put_bytes(path, whole, n);
    g_assert_false(try_all(path));
  }
  for (gsize n = 0; n < size; n++) {
    whole[n] ^= (char)0xff;
    put_bytes(path, whole, size);
    try_all(path);
    whole[n] ^= (char)0xff;
  }
  drop_folder(folder);
  drop_folder(other);
}

/* A JPEG has no checksum of its own: only the zip's tells that a byte has changed. */
static void
test_changed_zip(void)
{
  char *folder = make_folder(), *other = make_folder();
  g_autofree char *path = g_build_filename(other, "set.zip", NULL), *whole = NULL;
  guint8 pixels[SIDE * SIDE];
  gsize size, at;

  put_file(folder, "a.jpg", flat_jpeg(SIDE, SIDE, 1, (const guint8[]){50}));
  make_zip(path, folder, FALSE);
  g_assert_true(g_file_get_contents(path, &whole, &size, NULL));
  for (at = 0; memcmp(whole + at, "\xff\xd9", 2) != 0;)
    at++;
  whole[at - 1] ^= 8;
  put_bytes(path, whole, size);
  g_autoptr(SgDataset) ds = open_ok(path, NULL);
  g_autoptr(GError) error = NULL;
  g_assert_false(sg_dataset_read(ds, 0, pixels, &error));
  g_assert_nonnull(strstr(error->message, "a.jpg: is damaged"));
  drop_folder(folder);
  drop_folder(other);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/dataset/labels/classes", test_classes);
  g_test_add_func("/dataset/labels/vectors", test_vectors);
  g_test_add_func("/dataset/labels/columns", test_columns);
  g_test_add_func("/dataset/labels/bad", test_bad_labels);
  g_test_add_func("/dataset/labels/celeba", test_celeba);
  g_test_add_func("/dataset/idx", test_idx);
  g_test_add_func("/dataset/cut-idx", test_cut_idx);
  g_test_add_func("/dataset/idx-bomb", test_bomb);
  g_test_add_func("/dataset/bad-zip", test_bad_zip);
  g_test_add_func("/dataset/changed-zip", test_changed_zip);
  return g_test_run();
}
