/* Writing models, pictures and vectors, and reading them back. */
#include "tests/unit/formats/formats-support.h"
#include "engine/formats/npy.h"
#include "engine/pictures/picture.h"
#include "engine/formats/read-file.h"
#include "engine/formats/writer.h"
#include "engine/models/family.h"
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_round_trip(void)
{
  static const char *const files[] = {"sg2_ada_p3.pkl", "simplerick_zip.pt", "sg2_tf_v4_p4.pkl",
                                      "sg2_rosinality_zip.pt"};
  for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *from = fixture(files[i]), *to = scratch("model.safetensors");
    g_autoptr(GError) error = NULL;
    g_autoptr(SgModel) a = sg_model_load(from, &error);
    g_assert_no_error(error);
    a->info.g_conv_clamp = a->info.family == &sg_family_stylegan2 ? 256 : -1;
    a->info.mbstd_group_size = 7;
    g_assert_true(sg_model_save(a, to, &error));
    g_autoptr(SgModel) b = sg_model_load(to, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(a->hash, ==, b->hash);
    g_assert_cmpmem(&a->info, sizeof a->info, &b->info, sizeof b->info);
  }
}

/* ---- failures ---------------------------------------------------------------------------- */

static guint
files_beside(const char *path)
{
  g_autofree char *folder = g_path_get_dirname(path);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  guint n = 0;
  while (g_dir_read_name(dir))
    n++;
  return n;
}

static void
limit_files(rlim_t bytes)
{
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

/* A limit on the size of files fails as a full disk does: in the middle of a write. */
static void
test_full_disk(void)
{
  g_autofree char *from = fixture("sg2_ada_p3.pkl"), *to = scratch("full.safetensors");
  g_autofree char *kept = NULL;
  g_autofree guint8 *rgb = g_malloc(256 * 256 * 3);
  g_autoptr(SgModel) m = sg_model_load(from, NULL);
  g_autoptr(GError) error = NULL;

  for (int i = 0; i < 256 * 256 * 3; i++)
    rgb[i] = (guint8)g_test_rand_int(); /* noise cannot be packed below the limit */
  g_assert_true(g_file_set_contents(to, "what was there", -1, NULL));
  guint before = files_beside(to);
  signal(SIGXFSZ, SIG_IGN);
  limit_files(8192);
  gboolean model = sg_model_save(m, to, &error);
  gboolean picture = sg_png_write(to, rgb, 256, 256, NULL, NULL);
  gboolean vector = sg_npy_write(to, sg_model_tensor(m, "D.", "b4.fc.weight"), NULL);
  limit_files(RLIM_INFINITY);
  g_assert_false(model);
  g_assert_false(picture);
  g_assert_false(vector);
  assert_contains(error->message, to);
  g_assert_true(g_file_get_contents(to, &kept, NULL, NULL));
  g_assert_cmpstr(kept, ==, "what was there");
  g_assert_cmpint(files_beside(to), ==, before);
}

static void
test_unwritable(void)
{
  static const char *const paths[] = {"/dev/full", "/nonexistent-folder/x.npy", "/tmp"};
  for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(sg_write_file(paths[i], "x", 1, &error));
    assert_contains(error->message, paths[i]);
  }
}

/* Writing through a symbolic link changes the file, not the link; the mode stays. */
static void
test_links_and_modes(void)
{
  g_autofree char *file = scratch("target"), *link = scratch("link"), *text = NULL;
  GStatBuf st;

  g_assert_true(sg_write_file(file, "old", 3, NULL));
  g_assert_cmpint(g_chmod(file, 0640), ==, 0);
  g_assert_cmpint(symlink(file, link), ==, 0);
  g_assert_true(sg_write_file(link, "new", 3, NULL));
  g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
  g_assert_cmpstr(text, ==, "new");
  g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
  g_stat(file, &st);
  g_assert_cmpint(st.st_mode & 0777, ==, 0640);
}

/* A FIFO would wait for ever, a device never end, and no small file is large. */
static void
test_small_files(void)
{
  g_autofree char *file = scratch("small"), *fifo = scratch("fifo"), *none = scratch("none");
  const char *const others[] = {fifo, "/dev/zero", "/tmp"};
  gsize n = 0;

  g_assert_true(sg_write_file(file, "abc\0d", 5, NULL));
  g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
  g_autofree char *all = sg_read_file(file, 5, &n, NULL);
  g_assert_cmpmem(all, n + 1, "abc\0d", 6);
  g_autofree char *start = sg_read_start(file, 2, &n, NULL);
  g_assert_cmpmem(start, n + 1, "ab", 3);
  for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(sg_read_file(others[i], 100, &n, &error));
    assert_contains(error->message, others[i]);
    assert_contains(error->message, "expected a regular file");
    g_assert_cmpint(sg_open_regular(others[i], O_WRONLY, NULL), ==, -1);
  }
  g_autoptr(GError) error = NULL;
  g_assert_null(sg_read_file(file, 4, &n, &error));
  assert_contains(error->message, "more than 4");
  g_clear_error(&error);
  g_assert_null(sg_read_file(none, 4, NULL, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* ---- pictures ---------------------------------------------------------------------------- */

static const char recipe[] = "{\"vitrine\": 1, \"name\": \"Zoë\"}";

static GBytes *
sample_png(guint8 *rgb, const char *json)
{
  for (int i = 0; i < 9 * 5 * 3; i++)
    rgb[i] = (guint8)(i * 37);
  return sg_png_encode(rgb, 9, 5, json, NULL);
}

static void
test_png(void)
{
  guint8 rgb[9 * 5 * 3];
  g_autofree char *path = scratch("picture.png"), *plain = scratch("plain.png");
  g_autofree guint8 *back = NULL;
  g_autoptr(GError) error = NULL;
  int width, height;

  g_bytes_unref(sample_png(rgb, NULL));
  g_assert_true(sg_png_write(path, rgb, 9, 5, recipe, &error));
  g_assert_true(sg_picture_read(path, &back, &width, &height, &error));
  g_assert_cmpint(width, ==, 9);
  g_assert_cmpint(height, ==, 5);
  g_assert_cmpmem(rgb, sizeof rgb, back, sizeof rgb);
  g_autofree char *text = sg_png_read_recipe(path, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(text, ==, recipe);
  g_assert_true(sg_png_write(plain, rgb, 9, 5, NULL, &error));
  g_assert_null(sg_png_read_recipe(plain, &error));
  g_assert_no_error(error);
  g_autofree char *file = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(path, &file, &size, NULL));
  g_assert_nonnull(memmem(file, size, "trainedAlgorithmicMedia", 23));
}

static void
test_png_damage(void)
{
  guint8 rgb[9 * 5 * 3];
  g_autoptr(GBytes) png = sample_png(rgb, recipe);
  gsize size;
  const guint8 *data = g_bytes_get_data(png, &size);

  for (gsize n = 0; n < size; n++) {
    g_autofree guint8 *part = g_memdup2(data, MAX(n, 1)), *pixels = NULL;
    g_autoptr(GError) error = NULL;
    int width, height;
    g_free(sg_png_read_recipe_memory("part", part, n, NULL));
    gboolean ok = sg_picture_read_memory("part", part, n, &pixels, &width, &height, &error);
    g_assert_true(ok == (error == NULL));
    /* Without the end mark (12 bytes) and a checksum all pixels are still there. */
    g_assert_true(!ok || n + 16 >= size);
  }
  g_autofree guint8 *changed = g_memdup2(data, size);
  guint8 *at = memmem(changed, size, "Zo", 2);
  at[0] = 'X'; /* the checksum no longer fits */
  g_autoptr(GError) error = NULL;
  g_assert_null(sg_png_read_recipe_memory("changed", changed, size, &error));
  assert_contains(error->message, "damaged");
}

/* ---- vectors ----------------------------------------------------------------------------- */

/* A .npy as NumPy writes it. */
static GByteArray *
npy(const char *descr, const char *order, const char *shape, gconstpointer data, gsize bytes)
{
  GByteArray *a = g_byte_array_new();
  g_autoptr(GString) h = g_string_new(NULL);
  g_string_printf(h, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order, shape);
  while ((h->len + 11) % 64)
    g_string_append_c(h, ' ');
  g_string_append_c(h, '\n');
  guint8 length[2] = {(guint8)h->len, (guint8)(h->len >> 8)};
  g_byte_array_append(a, (const guint8 *)"\x93NUMPY\1\0", 8);
  g_byte_array_append(a, length, 2);
  g_byte_array_append(a, (const guint8 *)h->str, (guint)h->len);
  g_byte_array_append(a, data, (guint)bytes);
  return a;
}

static void
test_npy(void)
{
  const double columns[6] = {0, 3, 1, 4, 2, 5};
  const guint8 big_half[4] = {0x3c, 0x00, 0xc0, 0x00}; /* 1, -2 */
  g_autoptr(GByteArray) f = npy("<f8", "True", "(2, 3)", columns, sizeof columns);
  g_autoptr(GByteArray) h = npy(">f2", "False", "(2,)", big_half, sizeof big_half);
  g_autoptr(GByteArray) bad = npy("<i8", "False", "(2,)", columns, 16);
  g_autoptr(GByteArray) lies = npy("<f4", "False", "(4000000000, 4000000000)", columns, 16);
  g_autoptr(GError) error = NULL;

  g_autoptr(SgTensor) t = sg_npy_read_memory("f", f->data, f->len, &error);
  g_assert_no_error(error);
  g_assert_true(sg_tensor_has_shape(t, 2, 2, 3));
  for (int i = 0; i < 6; i++)
    g_assert_cmpfloat(t->data[i], ==, i);
  g_autoptr(SgTensor) u = sg_npy_read_memory("h", h->data, h->len, &error);
  g_assert_no_error(error);
  g_assert_cmpfloat(u->data[0], ==, 1);
  g_assert_cmpfloat(u->data[1], ==, -2);
  g_assert_null(sg_npy_read_memory("bad", bad->data, bad->len, &error));
  assert_contains(error->message, "int64");
  g_assert_null(sg_npy_read_memory("lies", lies->data, lies->len, NULL));
  for (guint n = 0; n < f->len; n++) {
    g_autofree guint8 *part = g_memdup2(f->data, MAX(n, 1));
    g_assert_null(sg_npy_read_memory("part", part, n, NULL));
  }
}

static void
test_npy_vectors(void)
{
  const double v[3] = {0.1, -1e-300, 12345.678901234567};
  g_autofree char *path = scratch("v.npy");
  g_autoptr(GError) error = NULL;

  g_assert_true(sg_npy_write_double(path, 3, v, &error));
  g_autofree double *back = sg_npy_read_vector(path, 3, &error);
  g_assert_no_error(error);
  g_assert_cmpmem(v, sizeof v, back, sizeof v);
  g_assert_null(sg_npy_read_vector(path, 512, &error));
  assert_contains(error->message, "has 3 numbers; the model takes 512");
  g_clear_error(&error);
  const double nan[1] = {NAN};
  g_assert_true(sg_npy_write_double(path, 1, nan, NULL));
  g_assert_null(sg_npy_read_vector(path, 1, &error));
  assert_contains(error->message, "not finite");
  g_autoptr(SgTensor) t = sg_tensor_new(3, (gint64[]){1, 2, 1});
  t->data[1] = 0.3f;
  g_assert_true(sg_npy_write(path, t, NULL));
  g_autoptr(SgTensor) u = sg_npy_read(path, NULL);
  g_assert_true(sg_tensor_has_shape(u, 3, 1, 2, 1));
  g_assert_cmpfloat(u->data[1], ==, 0.3f);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/formats/round-trip", test_round_trip);
  g_test_add_func("/formats/full-disk", test_full_disk);
  g_test_add_func("/formats/small-files", test_small_files);
  g_test_add_func("/formats/unwritable", test_unwritable);
  g_test_add_func("/formats/links-and-modes", test_links_and_modes);
  g_test_add_func("/formats/png", test_png);
  g_test_add_func("/formats/png-damage", test_png_damage);
  g_test_add_func("/formats/npy", test_npy);
  g_test_add_func("/formats/npy-vectors", test_npy_vectors);
  int result = g_test_run();
  cleanup();
  return result;
}
