/* Media that cannot be read, memory and disks that are full, wherever a data set meets them: what
 * is short for a moment makes no picture a bad one, and nothing half-written stays. */
#include "engine/data/dataset-export.h"
#include "engine/formats/format-error.h"
#include "tests/support/failing.h"
#include "tests/unit/data/dataset-support.h"
#include <glib/gstdio.h>
#include <string.h>

#define MOST 50

static char *folder; /* of what this test makes */

static char *
from_tests(const char *name)
{
  return g_test_build_filename(G_TEST_DIST, name, NULL);
}

static gboolean
shortage(const char *name, const char *reason, GError **error)
{
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", name, reason);
  return FALSE;
}

/* No memory is no reason to leave a picture out; what cannot be read is one, which is told. */
static gboolean
check_refused(const SgDataset *ds, GError **error)
{
  for (guint i = 0; i < ds->refused->len; i++) {
    const SgRefusal *r = ds->refused->pdata[i];
    if (strstr(r->reason, "memory") || !strstr(r->reason, "Input/output error"))
      return shortage(r->name, r->reason, error);
  }
  return TRUE;
}

static gboolean
open_and_read(gconstpointer data, GError **error)
{
  const char *path = data;
  const SgDatasetOptions options = {.use_labels = !strstr(path, "lsun") && !strstr(path, "plain"),
                                    .resolution = 8};
  g_autoptr(SgDataset) ds = sg_dataset_open(path, &options, error);

  if (!ds || !check_refused(ds, error))
    return FALSE;
  g_autofree guint8 *pixels = g_malloc((gsize)ds->channels * 64);
  g_autofree float *label = g_new(float, MAX(ds->label_dim, 1));
  for (guint i = 0; i < ds->n; i++) {
    if (!sg_dataset_read(ds, i, pixels, error))
      return FALSE;
    sg_dataset_label(ds, i, label);
  }
  return TRUE;
}

/* A folder, a zip and IDX files of small pictures with labels, in `folder`. */
static void
make_sets(void)
{
  const guint8 colours[3][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
  g_autofree char *pictures = g_build_filename(folder, "pictures", NULL);
  g_autofree char *zip = g_build_filename(folder, "pictures.zip", NULL);
  g_autofree char *packed = g_build_filename(folder, "packed.zip", NULL);
  g_autofree char *idx = g_build_filename(folder, "idx", NULL);
  g_autofree char *images = g_build_filename(idx, "train-images-idx3-ubyte.gz", NULL);
  g_autofree char *labels = g_build_filename(idx, "train-labels-idx1-ubyte.gz", NULL);
  guint8 grey[3 * 64];

  put_file(pictures, "a/0.png", flat_png(8, 8, 3, colours[0]));
  put_file(pictures, "a/1.jpg", flat_jpeg(16, 8, 3, colours[1])); /* JCS_YCbCr */
  put_file(pictures, "b/2.webp", flat_webp(8, 16, 3, colours[2]));
  put_text(pictures, "dataset.json",
           "{\"labels\": [[\"a/0.png\", 0], [\"a/1.jpg\", 1], [\"b/2.webp\", 1]]}");
  make_zip(zip, pictures, FALSE);
  make_zip(packed, pictures, TRUE);
  memset(grey, 100, sizeof grey);
  g_mkdir(idx, 0777);
  g_autoptr(GByteArray) i = make_idx(0x803, 3, (const guint32[]){3, 8, 8}, grey, sizeof grey);
  g_autoptr(GByteArray) l = make_idx(0x801, 1, (const guint32[]){3}, (const guint8[]){0, 1, 1}, 3);
  write_gz(images, i);
  write_gz(labels, l);
}

static void
test_reading(void)
{
  static const char *const made[] = {"pictures", "pictures.zip", "packed.zip", "idx"};
  static const char *const given[] = {"fixtures/sets/lsun", "fixtures/sets/tfrecords",
                                      "cases/labels/csvset", "cases/labels/l_str.zip"};

  for (guint i = 0; i < G_N_ELEMENTS(made) + G_N_ELEMENTS(given); i++) {
    g_autofree char *path = i < G_N_ELEMENTS(made) ? g_build_filename(folder, made[i], NULL)
                                                   : from_tests(given[i - G_N_ELEMENTS(made)]);
    g_assert_cmpint(failing_each(FAIL_MEMORY, MOST, path, open_and_read, path), >, 0);
    failing_each(FAIL_READ, MOST, path, open_and_read, path);
  }
}

/* What is packed is unpacked to a file, for which there may be no space. */
static void
test_unpacking(void)
{
  g_autofree char *idx = g_build_filename(folder, "idx", NULL);
  g_assert_cmpint(failing_each(FAIL_WRITE, MOST, "idx", open_and_read, idx), ==, 2);
}

static void
progress(guint done, gpointer data)
{
  *(guint *)data = done;
}

static gboolean export(gconstpointer to, GError **error)
{
  g_autofree char *path = g_build_filename(folder, "pictures", NULL);
  const SgDatasetOptions options = {.use_labels = TRUE, .resolution = 8};
  g_autoptr(SgDataset) ds = sg_dataset_open(path, &options, error);
  g_auto(SgExportReport) report = {0};
  guint done = 0;

  if (!ds || !sg_dataset_export(ds, to, TRUE, progress, &done, &report, error))
    return FALSE;
  g_assert_cmpuint(report.written, ==, 3);
  g_assert_cmpuint(report.classes[1], ==, 2);
  return check_refused(ds, error);
}

/* What was there is there still, or the whole new one; nothing else lies beside it. */
static void
test_writing(void)
{
  static const char *const names[] = {"out.zip", "out"};

  for (guint k = 0; k < G_N_ELEMENTS(names); k++) {
    g_autofree char *parent = g_build_filename(folder, "exports", names[k], NULL);
    g_autofree char *to = g_build_filename(parent, names[k], NULL);
    g_assert_cmpint(g_mkdir_with_parents(parent, 0777), ==, 0);
    g_assert_cmpint(failing_each(FAIL_WRITE, MOST, names[k], export, to), >, 1);
    g_assert_cmpint(failing_each(FAIL_MEMORY, MOST, names[k], export, to), >, 1);
    g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(dir), ==, names[k]);
    g_assert_null(g_dir_read_name(dir));
    g_assert_true(open_and_read(to, NULL));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = make_folder();
  make_sets();
  g_test_add_func("/dataset/failing/reading", test_reading);
  g_test_add_func("/dataset/failing/unpacking", test_unpacking);
  g_test_add_func("/dataset/failing/writing", test_writing);
  int status = g_test_run();
  drop_folder(folder);
  return status;
}
