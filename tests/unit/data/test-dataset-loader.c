/* The loader's order, and data sets that are written. */
#include "engine/formats/zip-writer.h"
#include "engine/data/dataset-export.h"
#include "tests/unit/data/dataset-support.h"
#include <glib/gstdio.h>
#include <string.h>
#include <zip.h>

#define SIDE  4
#define N     10
#define PLANE (SIDE * SIDE)

/* Image i: its right half is i, its left half 100 + i. `broken` of them are cut off after their
 * headers. */
static char *
make_set(const char *broken)
{
  char *folder = make_folder();

  for (guint8 i = 0; i < N; i++) {
    guint8 pixels[PLANE];
    g_autofree char *name = g_strdup_printf("%d.png", i);
    for (int k = 0; k < PLANE; k++)
      pixels[k] = k % SIDE < SIDE / 2 ? 100 + i : i;
    GByteArray *png = make_png(SIDE, SIDE, 8, 0, pixels, SIDE, NULL, 0);
    put_file(folder, name, strchr(broken, '0' + i) ? g_byte_array_set_size(png, 45) : png);
  }
  return folder;
}

static SgDataset *
open_set(const char *path)
{
  GError *error = NULL;
  SgDataset *ds = sg_dataset_open(path, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(ds->n, ==, N);
  return ds;
}

/* Which image, +100 if it is flipped. */
static int
identify(const float *image)
{
  int left = (int)((image[0] + 1) * 127.5f + 0.5f);
  int right = (int)((image[SIDE - 1] + 1) * 127.5f + 0.5f);
  g_assert_cmpint(ABS(left - right), ==, 100);
  return left < right ? 100 + left : right;
}

/* The images at `count` positions from `position`. */
static int *
draw(SgDataset *ds, gboolean mirror, guint64 seed, guint64 position, int batch, int ahead,
     int count)
{
  SgLoader *l = sg_loader_new(ds, mirror, seed, position, batch, ahead, 0);
  g_autofree float *images = g_new(float, (batch * PLANE));
  int *found = g_new(int, count + batch);

  for (int i = 0; i < count; i += batch) {
    g_assert_cmpuint(sg_loader_position(l), ==, position + (guint64)i);
    g_assert_true(sg_loader_next(l, images, NULL, NULL));
    for (int k = 0; k < batch; k++)
      found[i + k] = identify(images + k * PLANE);
  }
  sg_loader_free(l);
  return found;
}

static void
assert_permutation(const int *found, int n, gboolean mirror)
{
  gboolean seen[200] = {FALSE};

  for (int i = 0; i < n; i++) {
    g_assert_cmpint(found[i] % 100, <, N);
    g_assert_false(seen[found[i]]);
    g_assert_true(mirror || found[i] < 100);
    seen[found[i]] = TRUE;
  }
}

static void
test_order(void)
{
  char *folder = make_set("");
  g_autoptr(SgDataset) ds = open_set(folder);

  for (int mirror = 0; mirror < 2; mirror++) {
    int epoch = mirror ? 2 * N : N, count = 5 * epoch;
    g_autofree int *a = draw(ds, mirror, 7, 0, 1, 1, count);
    for (int e = 0; e < 5; e++)
      assert_permutation(a + e * epoch, epoch, mirror);
    g_assert_cmpint(memcmp(a, a + epoch, (gsize)epoch * sizeof *a), !=, 0);
    g_autofree int *other = draw(ds, mirror, 8, 0, 1, 1, count);
    g_assert_cmpint(memcmp(a, other, (gsize)epoch * sizeof *a), !=, 0);
    /* Any batch, any number ahead, from any position. */
    for (int start = 0; start < count - 12; start++) {
      g_autofree int *b = draw(ds, mirror, 7, (guint64)start, 1 + start % 4, 1 + start % 5, 12);
      g_assert_cmpint(memcmp(a + start, b, 12 * sizeof *a), ==, 0);
    }
  }
  drop_folder(folder);
}

/* In an epoch every image comes once each way: as it is, flipped, upside down, and both. */
static void
test_mirror(void)
{
  char *folder = make_folder();
  static const int ways[] = {0, SG_MIRROR_X, SG_MIRROR_Y, SG_MIRROR_X | SG_MIRROR_Y};

  for (guint8 i = 0; i < N; i++) { /* 10 i + 1 … 4 in the corners, by rows */
    guint8 pixels[PLANE] = {0};
    g_autofree char *name = g_strdup_printf("%d.png", i);
    for (guint8 k = 0; k < 4; k++)
      pixels[(k / 2) * (SIDE - 1) * SIDE + (k % 2) * (SIDE - 1)] = (guint8)(10 * i + k + 1);
    put_file(folder, name, make_png(SIDE, SIDE, 8, 0, pixels, SIDE, NULL, 0));
  }
  g_autoptr(SgDataset) ds = open_set(folder);
  for (guint w = 0; w < G_N_ELEMENTS(ways); w++) {
    int seen[N][4] = {{0}}, kinds = (ways[w] & 1 ? 2 : 1) * (ways[w] & 2 ? 2 : 1);
    SgLoader *l = sg_loader_new(ds, (guint)ways[w], 3, 0, 1, 2, 1);
    float image[PLANE];
    for (int k = 0; k < N * kinds; k++) {
      g_assert_true(sg_loader_next(l, image, NULL, NULL));
      int corner = (int)((image[0] + 1) * 127.5f + 0.5f);
      seen[corner / 10][corner % 10 - 1]++;
    }
    sg_loader_free(l);
    for (int i = 0; i < N; i++)
      for (int c = 0; c < 4;
           c++) /* the corner that comes to the top left: 1 flipped, 2 upside down */
        g_assert_cmpint(seen[i][c], ==, (c & ~ways[w]) == 0);
  }
  drop_folder(folder);
}

/* A training that lasts. */
static void
test_far(void)
{
  char *folder = make_set("");
  g_autoptr(SgDataset) ds = open_set(folder);
  guint64 far = G_GUINT64_CONSTANT(1000000000000);
  g_autofree int *a = draw(ds, FALSE, 7, far, 4, 2, 40), *b = draw(ds, FALSE, 7, far + 8, 4, 2, 20);

  g_assert_cmpint(memcmp(a + 8, b, 20 * sizeof *a), ==, 0);
  drop_folder(folder);
}

/* What fails gives its place to the next that works, whatever position one starts at. */
static void
test_broken(void)
{
  char *folder = make_set("258"), *sound = make_set("");
  g_autoptr(SgDataset) ds = open_set(folder);
  g_autoptr(SgDataset) all = open_set(sound);
  g_autofree int *order = draw(all, FALSE, 3, 0, 1, 1, 6 * N);
  g_autofree int *found = draw(ds, FALSE, 3, 0, 4, 3, 5 * N);

  for (int i = 0; i < 5 * N; i++) {
    int k = i;
    while (strchr("258", '0' + order[k]))
      k++;
    g_assert_cmpint(found[i], ==, order[k]);
  }
  g_assert_cmpuint(ds->refused->len, ==, 3);
  g_assert_nonnull(find_refusal(ds, "5.png"));
  g_assert_false(g_str_has_prefix(find_refusal(ds, "5.png")->reason, "5.png"));
  for (int start = 0; start < 3 * N; start++) {
    g_autofree int *b = draw(ds, FALSE, 3, (guint64)start, 3, 2, 6);
    g_assert_cmpint(memcmp(found + start, b, 6 * sizeof *b), ==, 0);
  }
  g_assert_cmpuint(ds->refused->len, ==, 3);
  drop_folder(folder);
  drop_folder(sound);
}

static void
test_all_broken(void)
{
  char *folder = make_set("0123456789");
  g_autoptr(SgDataset) ds = open_set(folder);
  SgLoader *l = sg_loader_new(ds, TRUE, 1, 0, 4, 3, 2);
  float images[4 * PLANE];

  for (int i = 0; i < 2; i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(sg_loader_next(l, images, NULL, &error));
    g_assert_nonnull(strstr(error->message, "none of its 10 images"));
  }
  sg_loader_free(l);
  g_assert_cmpuint(ds->refused->len, ==, N);
  drop_folder(folder);
}

/* Freed while its threads decode or wait, and labels with their images. */
static void
test_labels(void)
{
  char *folder = make_set("");
  g_autoptr(GString) json = g_string_new("{\"labels\": [");
  const SgDatasetOptions options = {.use_labels = TRUE};
  float images[4 * PLANE], labels[4 * N];

  for (int i = 0; i < N; i++)
    g_string_append_printf(json, "%s[\"%d.png\", %d]", i ? "," : "", i, N - 1 - i);
  g_string_append(json, "]}");
  put_text(folder, "dataset.json", json->str);
  g_autoptr(SgDataset) ds = sg_dataset_open(folder, &options, NULL);
  for (int ahead = 1; ahead < 30; ahead++) {
    SgLoader *l = sg_loader_new(ds, TRUE, 1, 0, 4, ahead, 0);
    g_assert_true(sg_loader_next(l, images, labels, NULL));
    for (int i = 0; i < 4; i++)
      for (int k = 0; k < N; k++)
        g_assert_cmpfloat(labels[i * N + k], ==, k == N - 1 - identify(images + i * PLANE) % 100);
    sg_loader_free(l);
  }
  drop_folder(folder);
}

static gpointer
read_all(gpointer ds)
{
  for (int round = 0; round < 20; round++)
    for (guint i = 0; i < N; i++) {
      guint8 pixels[PLANE];
      g_assert_true(sg_dataset_read(ds, i, pixels, NULL));
      g_assert_cmpint(pixels[SIDE - 1], ==, i);
    }
  return NULL;
}

static void
test_threads(void)
{
  char *folder = make_set("");
  g_autofree char *path = g_strconcat(folder, ".zip", NULL);
  GThread *threads[4];

  make_zip(path, folder, TRUE);
  g_autoptr(SgDataset) ds = open_set(path);
  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new("reader", read_all, ds);
  for (int i = 0; i < 4; i++)
    g_thread_join(threads[i]);
  g_unlink(path);
  drop_folder(folder);
}

/* ---- writing --------------------------------------------------------------------------------- */

static guint
count_files(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  guint n = 0;
  while (g_dir_read_name(dir))
    n++;
  return n;
}

static void
check_export(SgDataset *ds, const char *dest, gboolean force)
{
  const SgDatasetOptions options = {.use_labels = TRUE};
  g_auto(SgExportReport) report = {0};
  GError *error = NULL;

  g_assert_true(sg_dataset_export(ds, dest, force, NULL, NULL, &report, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(report.written, ==, N - 1);
  g_autoptr(SgDataset) again = sg_dataset_open(dest, &options, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(again->n, ==, N - 1);
  g_assert_cmpint(again->channels, ==, 1);
  g_assert_cmpstr(again->label_names[1], ==, "\"b\"");
  for (guint i = 0; i < N - 1; i++) {
    guint8 pixels[PLANE];
    float label[2];
    guint was = i + (i >= 3);
    g_assert_true(sg_dataset_read(again, i, pixels, NULL));
    sg_dataset_label(again, i, label);
    g_assert_cmpint(pixels[SIDE - 1], ==, was);
    g_assert_cmpfloat(label[0], ==, (float)was / 7);
    g_assert_cmpfloat(label[1], ==, -1e-9f);
  }
}

static void
refuse_export(SgDataset *ds, const char *dest, gboolean force, const char *words)
{
  g_auto(SgExportReport) report = {0};
  g_autoptr(GError) error = NULL;

  g_assert_false(sg_dataset_export(ds, dest, force, NULL, NULL, &report, &error));
  g_assert_nonnull(strstr(error->message, words));
}

static void
test_export(void)
{
  char *folder = make_set("3"), *out = make_folder();
  g_autoptr(GString) json = g_string_new("{\"label_names\": [\"a\", \"\\\"b\\\"\"], \"labels\": [");
  const SgDatasetOptions options = {.use_labels = TRUE};
  g_autofree char *zip = g_build_filename(out, "set.zip", NULL);
  g_autofree char *dir = g_build_filename(out, "set", NULL);

  for (int i = 0; i < N; i++)
    g_string_append_printf(json, "%s[\"%d.png\", [%.9g, -1e-9]]", i ? "," : "", i, i / 7.0);
  g_string_append(json, "]}");
  put_text(folder, "dataset.json", json->str);
  g_autoptr(SgDataset) ds = sg_dataset_open(folder, &options, NULL);
  check_export(ds, zip, FALSE);
  refuse_export(ds, zip, FALSE, "--force");
  check_export(ds, zip, TRUE); /* replaces itself */
  check_export(ds, dir, FALSE);
  g_assert_cmpuint(ds->refused->len, ==, 1);
  refuse_export(ds, dir, FALSE, "empty folder");
  check_export(ds, dir, TRUE);
  put_text(dir, "mine.txt", "what is no data set stays");
  refuse_export(ds, dir, TRUE, "other files");
  g_assert_cmpuint(count_files(dir), ==, 3);
  g_assert_cmpuint(count_files(out), ==, 2);
  drop_folder(folder);
  drop_folder(out);
}

static void
test_export_nothing(void)
{
  char *folder = make_set("0123456789"), *out = make_folder();
  g_autoptr(SgDataset) ds = open_set(folder);
  static const char *const names[] = {"set.zip", "set"};

  for (int i = 0; i < 2; i++) {
    g_autofree char *dest = g_build_filename(out, names[i], NULL);
    g_autoptr(GError) error = NULL;
    g_auto(SgExportReport) report = {0};
    g_assert_false(sg_dataset_export(ds, dest, FALSE, NULL, NULL, &report, &error));
    g_assert_nonnull(error);
  }
  g_assert_cmpuint(count_files(out), ==, 0);
  drop_folder(folder);
  drop_folder(out);
}

/* More entries than the plain format can count. */
static void
test_zip64(void)
{
  char *out = make_folder(), name[32];
  g_autofree char *path = g_build_filename(out, "many.zip", NULL);
  g_autoptr(SgZipWriter) z = sg_zip_writer_new(path, NULL);

  for (int i = 0; i < 66000; i++) {
    g_snprintf(name, sizeof name, "%05d", i);
    g_assert_true(sg_zip_writer_add(z, name, name, 5, NULL));
  }
  g_assert_true(sg_zip_writer_commit(z, NULL));
  zip_t *zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, NULL);
  g_assert_nonnull(zip);
  g_assert_cmpint(zip_get_num_entries(zip, 0), ==, 66000);
  zip_file_t *f = zip_fopen(zip, "65999", 0);
  g_assert_cmpint(zip_fread(f, name, sizeof name), ==, 5);
  zip_fclose(f);
  zip_discard(zip);
  drop_folder(out);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/loader/order", test_order);
  g_test_add_func("/loader/mirror", test_mirror);
  g_test_add_func("/loader/far", test_far);
  g_test_add_func("/loader/broken", test_broken);
  g_test_add_func("/loader/all-broken", test_all_broken);
  g_test_add_func("/loader/labels", test_labels);
  g_test_add_func("/loader/threads", test_threads);
  g_test_add_func("/dataset/export", test_export);
  g_test_add_func("/dataset/export-nothing", test_export_nothing);
  g_test_add_func("/dataset/zip64", test_zip64);
  return g_test_run();
}
