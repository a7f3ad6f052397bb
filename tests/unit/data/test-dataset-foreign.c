/* Data sets of other programs' making (tests/fixtures/make-sets.py): LMDB, TFRecords, moving
 * pictures; parts of a set; pictures of more pixels than are kept. */
#include "dataset-support.h"
#include "engine/data/dataset-private.h"
#include "engine/formats/npy.h"
#include <string.h>

static char *
fixture(const char *name)
{
  return g_test_build_filename(G_TEST_DIST, "fixtures", "sets", name, NULL);
}

static SgDataset *
open_set(const char *path, const SgDatasetOptions *options)
{
  g_autoptr(GError) error = NULL;
  SgDataset *ds = sg_dataset_open(path, options, &error);
  g_assert_no_error(error);
  return ds;
}

/* ---- LMDB ------------------------------------------------------------------------------------ */

static void
check_lsun(const char *path)
{
  const SgDatasetOptions options = {.resolution = 8, .channels = 3};
  g_autoptr(SgDataset) ds = open_set(path, &options);
  gboolean seen[70] = {FALSE};
  int large = 0;

  g_assert_cmpstr(ds->kind, ==, "LMDB database of images");
  g_assert_cmpuint(ds->n, ==, 71);
  g_assert_cmpuint(ds->refused->len, ==, 0);
  for (guint i = 0; i < ds->n; i++) {
    guint8 pixels[3 * 64];
    g_assert_true(sg_dataset_read(ds, i, pixels, NULL));
    if (pixels[128] != 7 || pixels[191] != 7) {
      large++;
      continue;
    }
    g_assert_cmpint(pixels[0], <, 70);
    g_assert_cmpint(pixels[64], ==, 255 - pixels[0]);
    g_assert_false(seen[pixels[0]]);
    seen[pixels[0]] = TRUE;
  }
  g_assert_cmpint(large, ==, 1);
}

static void
test_lmdb(void)
{
  g_autofree char *folder = fixture("lsun");
  g_autofree char *file = g_build_filename(folder, "data.mdb", NULL);

  check_lsun(folder);
  check_lsun(file);
}

/* `path` with another's beginning, or with one byte changed: read without a crash, or refused. */
static void
open_broken(const char *path, const char *bytes, gsize n, gboolean labels)
{
  const SgDatasetOptions options = {.resolution = 8, .use_labels = labels};
  g_autoptr(GError) error = NULL;

  put_bytes(path, bytes, n);
  g_autoptr(SgDataset) ds = sg_dataset_open(path, &options, &error);
  g_assert_true(!ds == (error != NULL));
  for (guint i = 0; ds && i < ds->n; i++) {
    guint8 pixels[3 * 64];
    sg_dataset_read(ds, i, pixels, NULL);
  }
}

static void
break_file(const char *source, const char *name, gsize step)
{
  char *folder = make_folder();
  g_autofree char *path = g_build_filename(folder, name, NULL), *bytes = NULL;
  gsize n;

  g_assert_true(g_file_get_contents(source, &bytes, &n, NULL));
  for (gsize cut = 0; cut < n; cut += step)
    open_broken(path, bytes, cut, FALSE);
  for (gsize at = 0; at < n; at += step) {
    char kept = bytes[at];
    bytes[at] = (char)(kept ^ 0x41);
    open_broken(path, bytes, n, FALSE);
    bytes[at] = kept;
  }
  drop_folder(folder);
}

static void
test_lmdb_broken(void)
{
  g_autofree char *file = fixture("lsun/data.mdb");
  break_file(file, "data.mdb", 401);
}

/* A branch that leads to itself. */
static void
test_lmdb_circle(void)
{
  g_autofree char *file = fixture("lsun/data.mdb"), *bytes = NULL;
  char *folder = make_folder();
  g_autofree char *path = g_build_filename(folder, "data.mdb", NULL);
  g_autoptr(GError) error = NULL;
  gsize n, changed = 0;

  g_assert_true(g_file_get_contents(file, &bytes, &n, NULL));
  for (gsize page = 0; page + 4096 <= n; page += 4096) {
    guint16 flags, node;
    memcpy(&flags, bytes + page + 10, 2);
    memcpy(&node, bytes + page + 16, 2);
    if (flags != 1)
      continue;
    memcpy(bytes + page + node, bytes + page, 2); /* its first child is itself */
    changed++;
  }
  g_assert_cmpuint(changed, >, 0);
  put_bytes(path, bytes, n);
  g_assert_null(sg_dataset_open(path, NULL, &error));
  g_assert_nonnull(strstr(error->message, "damaged"));
  drop_folder(folder);
}

/* ---- TFRecords ------------------------------------------------------------------------------- */

static void
test_tfrecords(void)
{
  g_autofree char *folder = fixture("tfrecords"),
                  *expected_path = fixture("tfrecords/expected.npy");
  g_autofree char *small = fixture("tfrecords/noise-r02.tfrecords");
  const SgDatasetOptions options = {.use_labels = TRUE};
  static const guint classes[] = {2, 0, 1, 2, 2};
  g_autoptr(SgDataset) ds = open_set(folder, &options), four = open_set(small, NULL);
  g_autoptr(SgTensor) expected = sg_npy_read(expected_path, NULL);
  guint8 pixels[192];
  float label[3];

  g_assert_cmpstr(ds->kind, ==, "TFRecords");
  g_assert_cmpuint(ds->n, ==, 5);
  g_assert_cmpint(ds->resolution, ==, 8);
  g_assert_cmpint(ds->label_dim, ==, 3);
  g_assert_cmpint(four->resolution, ==, 4);
  for (guint i = 0; i < 5; i++) {
    g_assert_true(sg_dataset_read(ds, i, pixels, NULL));
    for (gsize k = 0; k < 192; k++)
      g_assert_cmpfloat(pixels[k], ==, expected->data[192 * i + k]);
    sg_dataset_label(ds, i, label);
    for (guint k = 0; k < 3; k++)
      g_assert_cmpfloat(label[k], ==, k == classes[i]);
  }
}

static void
test_tfrecords_broken(void)
{
  g_autofree char *file = fixture("tfrecords/noise-r03.tfrecords"), *bytes = NULL;
  char *folder = make_folder();
  g_autofree char *path = g_build_filename(folder, "a-r03.tfrecords", NULL);
  const SgDatasetOptions labels = {.use_labels = TRUE};
  g_autoptr(GError) error = NULL, none = NULL, damaged = NULL;
  guint8 pixels[192];
  gsize n;

  break_file(file, "a-r03.tfrecords", 7);
  g_assert_true(g_file_get_contents(file, &bytes, &n, NULL));
  bytes[n - 20] ^= 1; /* of the last picture */
  put_bytes(path, bytes, n);
  g_autoptr(SgDataset) ds = open_set(path, NULL);
  g_assert_true(sg_dataset_read(ds, 3, pixels, NULL));
  g_assert_false(sg_dataset_read(ds, 4, pixels, &damaged));
  g_assert_nonnull(strstr(damaged->message, "checksum"));
  g_assert_null(sg_dataset_open(path, &labels, &none));
  g_assert_nonnull(strstr(none->message, "NAME-rxx.labels"));
  put_bytes(path, bytes, n - 3);
  g_assert_null(sg_dataset_open(path, NULL, &error));
  g_assert_nonnull(strstr(error->message, "record 4: it is damaged or cut off"));
  drop_folder(folder);
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* The frames of a GIF against Pillow, over each way of disposal. */
static void
check_frames(int disposal)
{
  g_autofree char *name = g_strdup_printf("moving-%d.gif", disposal), *path = fixture(name);
  g_autofree char *shown_name = g_strdup_printf("moving-%d.npy", disposal);
  g_autofree char *shown = fixture(shown_name), *data = NULL;
  g_autoptr(SgTensor) expected = sg_npy_read(shown, NULL);
  gsize size;

  g_assert_true(g_file_get_contents(path, &data, &size, NULL));
  g_assert_cmpuint(sg_picture_frames((const guint8 *)data, size), ==, 3);
  for (guint frame = 0; frame < 3; frame++) {
    g_auto(SgPixels) p = {0};
    g_autoptr(GError) error = NULL;
    g_assert_true(sg_pixels_decode_frame(&p, name, (const guint8 *)data, size, frame, &error));
    sg_pixels_convert(&p, 4);
    g_assert_true(p.width == 8 && p.height == 12 && p.frames == 2);
    for (gsize i = 0; i < 96; i++)
      for (gsize c = 0; c < 4; c++)
        if (p.pixels[4 * i + 3] || c == 3) /* what is invisible has no colour */
          g_assert_cmpfloat(p.pixels[4 * i + c], ==, expected->data[(frame * 4 + c) * 96 + i]);
  }
}

static void
test_frames(void)
{
  g_autofree char *tiff = fixture("pages.tif");
  g_autofree char *data = NULL;
  gsize size;

  for (int disposal = 1; disposal <= 3; disposal++)
    check_frames(disposal);
  g_assert_true(g_file_get_contents(tiff, &data, &size, NULL));
  g_assert_cmpuint(sg_picture_frames((const guint8 *)data, size), ==, 3);
  for (guint frame = 0; frame < 3; frame++) {
    g_auto(SgPixels) p = {0};
    g_assert_true(sg_pixels_decode_frame(&p, "pages", (const guint8 *)data, size, frame, NULL));
    /* Frame k is colour k from (k, 2k) on. */
    g_assert_cmpint(p.pixels[3 * (8 * (2 * (int)frame) + (int)frame) + (int)frame], ==, 255);
  }
  g_auto(SgPixels) beyond = {0};
  g_autoptr(GError) error = NULL;
  g_assert_false(sg_pixels_decode_frame(&beyond, "pages", (const guint8 *)data, size, 3, &error));
  g_assert_nonnull(strstr(error->message, "lacks a page"));
}

/* A folder with two moving pictures and a still one: 3 + 3 + 1. */
static void
test_all_frames(void)
{
  char *folder = make_folder();
  SgDatasetOptions options = {.resolution = 8, .all_frames = TRUE};
  static const guint8 red[] = {200, 0, 0};

  for (int i = 1; i <= 2; i++) {
    g_autofree char *name = g_strdup_printf("moving-%d.gif", i), *path = fixture(name),
                    *data = NULL;
    g_autofree char *to = g_build_filename(folder, name, NULL);
    gsize size;
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    put_bytes(to, data, size);
  }
  put_file(folder, "still.png", flat_png(8, 8, 3, red));
  g_autoptr(SgDataset) all = open_set(folder, &options);
  g_assert_cmpuint(all->n, ==, 7);
  for (guint i = 0; i < all->n; i++) {
    guint8 pixels[3 * 64];
    SgImageChange change;
    g_assert_true(sg_dataset_read_change(all, i, pixels, &change, NULL));
    g_assert_false(change.first_frame);
  }
  options.max_images = 5; /* ends within a file */
  g_autoptr(SgDataset) five = open_set(folder, &options);
  g_assert_cmpuint(five->n, ==, 5);
  options = (SgDatasetOptions){.resolution = 8};
  g_autoptr(SgDataset) first = open_set(folder, &options);
  g_assert_cmpuint(first->n, ==, 3);
  drop_folder(folder);
}

/* ---- a part of a set ------------------------------------------------------------------------- */

static void
test_draw(void)
{
  g_autofree guint *a = sg_subset_draw(1000, 100, 7), *b = sg_subset_draw(1000, 100, 7);
  g_autofree guint *c = sg_subset_draw(1000, 100, 8), *all = sg_subset_draw(5, 9, 1);
  double sum = 0;

  for (guint i = 0; i < 100; i++) {
    g_assert_cmpuint(a[i], ==, b[i]);
    g_assert_cmpuint(a[i], <, 1000);
    g_assert_true(i == 0 || a[i] > a[i - 1]);
    sum += a[i];
  }
  g_assert_cmpint(memcmp(a, c, sizeof *a * 100), !=, 0);
  /* The mean of 100 of 0 … 999 is 499.5 ± 27. */
  g_assert_cmpfloat(sum / 100, >, 400);
  g_assert_cmpfloat(sum / 100, <, 600);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint(all[i], ==, i);
}

static void
check_subset(const char *path)
{
  const SgDatasetOptions drawn = {
      .resolution = 8, .channels = 3, .max_images = 3, .drawn = TRUE, .subset_seed = 4};
  const SgDatasetOptions every = {.resolution = 8, .channels = 3};
  g_autoptr(SgDataset) part = open_set(path, &drawn), all = open_set(path, &every);
  g_autofree guint *expected = sg_subset_draw(all->n, 3, 4);

  g_assert_cmpuint(part->n, ==, 3);
  for (guint i = 0; i < 3; i++) {
    guint8 a[192], b[192];
    g_assert_true(sg_dataset_read(part, i, a, NULL));
    g_assert_true(sg_dataset_read(all, expected[i], b, NULL));
    g_assert_cmpmem(a, 192, b, 192);
  }
}

/* Of files and of a store. */
static void
test_subset(void)
{
  g_autofree char *lsun = fixture("lsun"), *records = fixture("tfrecords");
  const SgDatasetOptions labelled = {
      .use_labels = TRUE, .max_images = 3, .drawn = TRUE, .subset_seed = 4};
  static const guint classes[] = {2, 0, 1, 2, 2};
  g_autofree guint *expected = sg_subset_draw(5, 3, 4);

  check_subset(lsun);
  check_subset(records);
  g_autoptr(SgDataset) ds = open_set(records, &labelled);
  for (guint i = 0; i < 3; i++) {
    float label[3];
    sg_dataset_label(ds, i, label);
    g_assert_cmpfloat(label[classes[expected[i]]], ==, 1);
  }
}

/* ---- large pictures -------------------------------------------------------------------------- */

/* Grey of one bit: black, but for its right half; the rows differ in nothing. */
static GByteArray *
wide_png(int width, int height, int last)
{
  gsize row = ((gsize)width + 7) / 8;
  g_autofree guint8 *rows = g_malloc0(row * (gsize)height);

  for (int y = 0; y < height; y++)
    memset(rows + row * (gsize)y + row / 2, last, row - row / 2);
  return make_png(width, height, 1, 0, rows, row, NULL, 0);
}

static void
test_large(void)
{
  g_autoptr(GByteArray) just = wide_png(8192, 8192, 0xff), more = wide_png(8200, 8200, 0xaa);
  g_auto(SgPixels) p = {0}, q = {0};
  g_autoptr(GError) error = NULL;

  g_assert_true(sg_pixels_decode(&p, "just", just->data, just->len, &error));
  g_assert_cmpint(p.width, ==, 8192);
  g_assert_true(sg_pixels_decode(&q, "more", more->data, more->len, &error));
  g_assert_no_error(error);
  g_assert_cmpint(q.width, ==, 4100);
  g_assert_cmpint(q.height, ==, 4100);
  g_assert_true(q.grey && q.channels == 3);
  g_assert_cmpint(q.pixels[0], ==, 0);
  g_assert_cmpint(q.pixels[3 * 4099], ==, 128); /* every second pixel is white */
  /* Cut off. */
  sg_pixels_clear(&q);
  g_assert_false(sg_pixels_decode(&q, "more", more->data, more->len / 2, &error));
  g_assert_nonnull(strstr(error->message, "more: "));
}

/* A header alone is enough to refuse what is larger still, and what is interlaced. */
static void
test_too_large(void)
{
  g_autoptr(GByteArray) png = wide_png(8, 1, 0xff);
  g_auto(SgPixels) p = {0};
  g_autoptr(GError) large = NULL;
  static const guint8 sides[8] = {0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60};

  memcpy(png->data + 16, sides, 8);
  g_assert_false(sg_pixels_decode(&p, "x", png->data, png->len, &large));
  g_assert_nonnull(large);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/foreign/lmdb", test_lmdb);
  g_test_add_func("/foreign/lmdb-broken", test_lmdb_broken);
  g_test_add_func("/foreign/lmdb-circle", test_lmdb_circle);
  g_test_add_func("/foreign/tfrecords", test_tfrecords);
  g_test_add_func("/foreign/tfrecords-broken", test_tfrecords_broken);
  g_test_add_func("/foreign/frames", test_frames);
  g_test_add_func("/foreign/all-frames", test_all_frames);
  g_test_add_func("/foreign/draw", test_draw);
  g_test_add_func("/foreign/subset", test_subset);
  g_test_add_func("/foreign/large", test_large);
  g_test_add_func("/foreign/too-large", test_too_large);
  return g_test_run();
}
