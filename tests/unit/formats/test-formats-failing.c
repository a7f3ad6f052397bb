/* Media that cannot be read, memory and disks that are full, wherever a reader or writer meets
 * them: the system's reason in a sentence, never half a file. */
#include "engine/formats/format-error.h"
#include "engine/formats/npy.h"
#include "engine/formats/npz.h"
#include "engine/formats/read-file.h"
#include "engine/formats/source.h"
#include "engine/formats/writer.h"
#include "engine/formats/zip-writer.h"
#include "engine/formats/zip-writer.h"
#include "tests/support/failing.h"
#include "tests/unit/formats/formats-support.h"
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define MOST 60

static gboolean
open_archive(gconstpointer path, GError **error)
{
  g_autoptr(SgArchive) a = sg_archive_open(path, error);
  return a != NULL;
}

static void
test_archives(void)
{
  static const char *const names[] = {
      "sg2.safetensors",       "sg2_ada_p2.pkl",        "sg2_ada_p4.pkl",
      "sg2_numpy.pkl",         "sg2_numpy5.pkl",        "sg2_arrays.npz",
      "sg2_tf_v5_p3.pkl",      "sg2_rosinality_zip.pt", "simplerick_legacy.pt",
      "torch_views_zip.pt",    "torch_views_legacy.pt", "torch_kinds_zip.pt",
      "torch_kinds_legacy.pt",
  };

  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = fixture(names[i]);
    g_assert_cmpint(failing_each(FAIL_READ, MOST, names[i], open_archive, path), >, 1);
    g_assert_cmpint(failing_each(FAIL_MEMORY, MOST, names[i], open_archive, path), >, 1);
  }
}

/* A zip with a network in it is unpacked to a file, for which there may be no space. */
static void
test_packed(void)
{
#ifdef SG_HAVE_LIBARCHIVE
  g_autofree char *path = scratch("packed.zip");
  g_autoptr(SgZipWriter) z = sg_zip_writer_new(path, NULL);
  g_autofree guint8 *data = NULL;
  gsize n;

  read_fixture("sg2.safetensors", &data, &n);
  g_assert_true(sg_zip_writer_add(z, "run/net.safetensors", data, n, NULL));
  g_assert_true(sg_zip_writer_commit(z, NULL));
  g_assert_cmpint(failing_each(FAIL_READ, MOST, path, open_archive, path), >, 2);
  g_assert_cmpint(failing_each(FAIL_WRITE, MOST, path, open_archive, path), >, 0);
#endif
}

static gboolean
read_npy(gconstpointer path, GError **error)
{
  int ndim;
  gint64 shape[SG_MAX_DIMS];
  g_autoptr(SgTensor) t = sg_npy_read(path, error);
  g_autofree double *v = t ? sg_npy_read_doubles(path, 100, &ndim, shape, error) : NULL;

  return v != NULL;
}

static gboolean
read_npz(gconstpointer path, GError **error)
{
  static const char *const keys[] = {"z", "w", NULL};
  const char *key;
  int ndim;
  gint64 shape[SG_MAX_DIMS];
  g_autofree double *v = sg_npz_read(path, keys, 100, &key, &ndim, shape, error);

  return v != NULL;
}

static gboolean
read_text(gconstpointer path, GError **error)
{
  gsize n;
  g_autofree char *text = sg_read_file(path, 1 << 20, &n, error);

  return text != NULL;
}

static const double numbers[6] = {0, 0.5, 1, -1.5, 2, 1e-300};
static const gint64 two_by_three[2] = {2, 3};

static gboolean
write_npy(gconstpointer path, GError **error)
{
  return sg_npy_write_double(path, 6, numbers, error);
}

static gboolean
write_npz(gconstpointer path, GError **error)
{
  return sg_npz_write_double(path, "w", 2, two_by_three, numbers, error);
}

static gboolean
write_npz_floats(gconstpointer path, GError **error)
{
  g_autoptr(SgTensor) t = sg_tensor_try_new(2, two_by_three, error);

  for (gsize i = 0; t && i < t->numel; i++)
    t->data[i] = (float)numbers[i];
  return t && sg_npz_write(path, "img", t, error);
}

/* What cannot be written whole leaves what was there, and nothing beside it. */
static void
check_kept(const char *path, const char *text)
{
  g_autofree char *now = NULL, *folder = g_path_get_dirname(path);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

  g_assert_true(g_file_get_contents(path, &now, NULL, NULL));
  g_assert_cmpstr(now, ==, text);
  for (const char *name; (name = g_dir_read_name(dir));)
    g_assert_false(g_str_has_suffix(name, ".tmp"));
}

static void
test_arrays(void)
{
  static const FailAttempt writers[] = {write_npy, write_npz, write_npz_floats};
  g_autofree char *npy = scratch("a.npy"), *npz = scratch("a.npz"), *old = scratch("old");

  for (gsize i = 0; i < G_N_ELEMENTS(writers); i++) {
    g_assert_cmpint(failing_each(FAIL_MEMORY, MOST, "writing", writers[i], npy), >, 0);
    g_assert_cmpint(failing_each(FAIL_WRITE, MOST, "writing", writers[i], npy), >, 2);
    for (int at = 1; at <= 3; at++) { /* write, fsync, rename */
      g_autoptr(GError) error = NULL;
      g_assert_true(g_file_set_contents(old, "old", 3, NULL));
      failing_begin(FAIL_WRITE, at);
      gboolean ok = writers[i](old, &error);
      failing_end();
      g_assert_false(ok);
      check_kept(old, "old");
    }
  }
  g_assert_true(write_npy(npy, NULL));
  g_assert_true(write_npz(npz, NULL));
  for (FailKind kind = FAIL_READ; kind <= FAIL_MEMORY; kind++) {
    g_assert_cmpint(failing_each(kind, MOST, "a.npy", read_npy, npy), >, 2);
    g_assert_cmpint(failing_each(kind, MOST, "a.npy as text", read_text, npy), >, 0);
  }
  g_assert_cmpint(failing_each(FAIL_MEMORY, MOST, "a.npz", read_npz, npz), >, 1);
}

/* The file is cut while it is open, as by somebody who copies over it. */
static void
test_shorter(void)
{
  g_autofree char *path = scratch("shrinks");
  g_autoptr(GError) error = NULL;
  char bytes[100] = "", out[100];

  g_assert_true(g_file_set_contents(path, bytes, sizeof bytes, NULL));
  g_autoptr(SgSource) source = sg_source_open(path, &error);
  g_assert_no_error(error);
  g_assert_cmpint(truncate(path, 10), ==, 0);
  g_assert_false(sg_source_read(source, 0, out, sizeof out, &error));
  assert_contains(error->message, "became shorter while it was read");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/formats/failing/archives", test_archives);
  g_test_add_func("/formats/failing/packed", test_packed);
  g_test_add_func("/formats/failing/arrays", test_arrays);
  g_test_add_func("/formats/failing/shorter", test_shorter);
  int status = g_test_run();
  cleanup();
  return status;
}
