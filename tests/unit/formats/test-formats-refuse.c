/* What has to be refused, and with which words. */
#include "tests/unit/formats/formats-support.h"
#include "engine/pictures/picture.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>

#define SHAPE(...)                                                                                 \
  (int)(sizeof((gint64[]){__VA_ARGS__}) / sizeof(gint64)), (gint64[])                              \
  {                                                                                                \
    __VA_ARGS__                                                                                    \
  }

/* Microseconds of this process: what else the machine does must not fail a test. */
static gint64
cpu_time(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (gint64)t.tv_sec * G_USEC_PER_SEC + t.tv_nsec / 1000;
}

static void
test_hostile(void)
{
  g_autofree char *folder = fixture("hostile");
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  int count = 0;

  g_assert_nonnull(dir);
  for (const char *name; (name = g_dir_read_name(dir)); count++) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;
    gint64 start = cpu_time();
    g_autoptr(SgArchive) a = sg_archive_open(path, &error);
    if (a || !error)
      g_error("%s was accepted", name);
    g_assert_cmpint(error->domain, ==, SG_FORMAT_ERROR);
    g_assert_true(g_str_has_prefix(error->message, path));
    /* Walking the paths would take days; a second is not enough under a sanitizer. */
    g_assert_cmpint(cpu_time() - start, <, 20 * G_USEC_PER_SEC);
  }
  g_assert_cmpint(count, ==, 31);
}

/* Every file cut off at (nearly) every length. */
static void
test_truncated(void)
{
  static const struct {
    const char *name;
    gsize step;
  } files[] = {{"torch_views_zip.pt", 1},      {"torch_views_legacy.pt", 1},
               {"sg2.safetensors", 41},        {"sg2_ada_p4.pkl", 1009},
               {"sg2_tf_v4_p2.pkl", 1009},     {"sg2_ada_p2.pkl", 2003},
               {"simplerick_legacy.pt", 1009}, {"hostile/tensor_oob_offset.pkl", 1}};
  for (gsize f = 0; f < G_N_ELEMENTS(files); f++) {
    g_autofree guint8 *data = NULL;
    gsize size;
    read_fixture(files[f].name, &data, &size);
    for (gsize n = 0; n<size; n += size - n> 40 ? files[f].step : 1) {
      g_autoptr(GError) error = NULL;
      /* A copy of exactly that length, so that the sanitizer sees a read beyond it. */
      g_autofree guint8 *part = g_memdup2(data, MAX(n, 1));
      g_autoptr(SgArchive) a = sg_archive_open_memory("part", part, n, &error);
      if (a || !error)
        g_error("%s was accepted at %" G_GSIZE_FORMAT " bytes", files[f].name, n);
    }
  }
}

/* Single bytes changed: the answer may be anything, but there has to be one. */
static void
test_damaged(void)
{
  static const char *const files[] = {"torch_views_zip.pt", "torch_views_legacy.pt",
                                      "hostile/tensor_neg_stride.pkl"};
  for (gsize f = 0; f < G_N_ELEMENTS(files); f++) {
    g_autofree guint8 *data = NULL;
    gsize size;
    read_fixture(files[f], &data, &size);
    for (gsize i = 0; i < size; i++) {
      guint8 was = data[i];
      for (int bit = 0; bit < 8; bit += 3) {
        data[i] = was ^ (guint8)(1 << bit);
        g_autoptr(GError) error = NULL;
        g_autoptr(SgArchive) a = sg_archive_open_memory("damaged", data, size, &error);
        g_assert_true((a != NULL) != (error != NULL));
      }
      data[i] = was;
    }
  }
}

/* A dict that holds the same dict twice, fifty times over: 2^50 paths in 600 bytes. */
static void
test_repetition(void)
{
  g_autoptr(GByteArray) bomb = g_byte_array_new();
  g_autoptr(GError) error = NULL;
  gint64 start = cpu_time();

  g_byte_array_append(bomb, (const guint8 *)"\x80\x02}", 3);
  for (guint8 i = 0; i < 50; i++) {
    const guint8 step[] = {'q', i,   '0', '}', 'X', 1, 0, 0,   0,   'a', 'h',
                           i,   's', 'X', 1,   0,   0, 0, 'b', 'h', i,   's'};
    g_byte_array_append(bomb, step, sizeof step);
  }
  g_byte_array_append(bomb, (const guint8 *)".", 1);
  g_assert_null(sg_archive_open_memory("bomb", bomb->data, bomb->len, &error));
  g_assert_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN);
  /* Walking the paths would take days; a second is not enough under a sanitizer. */
  g_assert_cmpint(cpu_time() - start, <, 20 * G_USEC_PER_SEC);
}

static void
assert_message(const void *data, gsize size, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgArchive) a = sg_archive_open_memory("F", data, size, &error);
  g_assert_null(a);
  g_assert_nonnull(error);
  g_assert_true(g_str_has_prefix(error->message, "F: "));
  assert_contains(error->message, words);
}

static void
test_foreign_files(void)
{
  char tar[512] = "";
  memcpy(tar + 257, "ustar", 5);
  assert_message("\x89PNG\r\n\x1a\n....", 12, "PNG");
  assert_message("\xff\xd8\xff\xe0....", 8, "JPEG");
  assert_message("<!DOCTYPE html><html>", 21, "web page");
  assert_message("\n <html><body>Not found", 23, "web page");
  assert_message("", 0, "empty");
  assert_message(tar, sizeof tar, "torch 0.1");
  assert_message("(lp0\nI1\na.", 10, "protocol 0 or 1");
  assert_message("\x80\x06N.", 4, "protocol 6");
  assert_message("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22, "data.pkl");
  assert_message("hello world, this is text", 25, "neither");
  assert_message("GGUF\3\0\0\0....", 12, "GGUF");
  assert_message("\x08\x08\x12\x07pytorch\x1a\x05", 13, "ONNX");
  assert_message("version https://git-lfs.github.com/spec/v1\n", 43, "Git LFS");
  assert_message("\x80\x02}.", 4, "no tensors");
  assert_message("\x80\x02"
                 "cposix\nsystem\nX\4\0\0\0true\x85R.",
                 28, "posix.system");
}

/* A header is refused by its length, before a tree of JSON many times its size is made of it. */
static void
test_large_header(void)
{
  static const guint32 lengths[] = {5 << 20, 98 << 20};
  for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
    g_autofree char *file = g_malloc(8 + lengths[i]);
    guint64 length = GUINT64_TO_LE((guint64)lengths[i]);
    memset(file, ' ', 8 + lengths[i]);
    memcpy(file, &length, 8);
    memcpy(file + 8, "{}", 2);
    assert_message(file, 8 + lengths[i], "enough for any StyleGAN");
  }
}

static void
test_unreadable(void)
{
  g_autofree char *absent = scratch("absent"), *fifo = scratch("fifo");
  g_autoptr(GError) error = NULL;

  g_assert_null(sg_model_load(absent, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  assert_contains(error->message, absent);
  g_clear_error(&error);
  g_assert_null(sg_model_load(g_get_tmp_dir(), &error));
  assert_contains(error->message, "folder");
  g_clear_error(&error);
  g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
  g_assert_null(sg_model_load(fifo, &error)); /* and does not wait for a writer */
  g_assert_nonnull(error);
}

static void
test_known_foreign_networks(void)
{
  static const struct {
    const char *tensor, *words;
  } known[] = {
      {"G_ema.synthesis.magnitude_ema", "StyleGAN3"},
      {"GAN.GE.initial_block", "lucidrains"},
      {"something.weight", "no StyleGAN2 that Vitrine knows"},
      {"D.b4.conv.weight", "no StyleGAN2 that Vitrine knows"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
    g_autofree char *path = fixture("torch_views_zip.pt");
    g_autoptr(TensorSet) s = tensor_set_from(path);
    tensor_set_rename(s, "full", known[i].tensor);
    assert_refused(s, known[i].words);
  }
}

/* ---- a sound file, but not a sound network ----------------------------------------------- */

static TensorSet *
network(void)
{
  g_autofree char *path = fixture("sg2.safetensors");
  return tensor_set_from(path);
}

static void
test_not_finite(void)
{
  g_autoptr(TensorSet) s = network();
  tensor_set_get(s, "g_ema.synthesis.b8.conv0.weight")->data[7] = NAN;
  tensor_set_get(s, "g_ema.synthesis.b8.conv0.weight")->data[9] = -INFINITY;
  assert_refused(s, " weights are not finite, first G_ema.synthesis.b8.conv0.weight");
  assert_refused(s, ": 2 of ");
}

static void
test_missing_and_misshapen(void)
{
  g_autoptr(TensorSet) a = network(), b = network(), c = network(), d = network(), e = network();

  tensor_set_remove(a, "g_ema.synthesis.b8.conv1.bias");
  assert_refused(a, "G_ema.synthesis.b8.conv1.bias is missing");
  tensor_set_put(b, "g_ema.synthesis.b16.conv0.weight", SHAPE(3, 5, 3, 3));
  assert_refused(b, "G_ema.synthesis.b16.conv0.weight should have the shape [?, 6, 3, 3], but has "
                    "[3, 5, 3, 3]");
  tensor_set_put(c, "g_ema.synthesis.b16.attention.weight", SHAPE(3, 3));
  assert_refused(c, "G_ema.synthesis.b16.attention.weight");
  tensor_set_put(d, "g_ema.mapping.w_avg", SHAPE(9));
  assert_refused(d, "mapping.w_avg");
  tensor_set_get(e, "g_ema.synthesis.b8.resample_filter")->data[0] = 1;
  assert_refused(e, "filter");
}

static void
test_architectures(void)
{
  g_autoptr(TensorSet) s = network();
  g_autoptr(GError) error = NULL;

  for (int r = 4; r < 16; r *= 2) {
    static const char *const parts[] = {"weight", "bias", "affine.weight", "affine.bias"};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
      g_autofree char *name = g_strdup_printf("g_ema.synthesis.b%d.torgb.%s", r, parts[i]);
      tensor_set_remove(s, name);
    }
  }
  g_autoptr(SgModel) orig = tensor_set_load(s, &error);
  g_assert_no_error(error);
  g_assert_cmpint(orig->info.g_arch, ==, SG_ARCH_ORIG);
  tensor_set_put(s, "g_ema.synthesis.b8.skip.weight", SHAPE(6, 12, 1, 1));
  assert_refused(s, "b16.skip.weight is missing");
  tensor_set_put(s, "g_ema.synthesis.b16.skip.weight", SHAPE(3, 6, 1, 1));
  tensor_set_put(s, "g_ema.mapping.embed.weight", SHAPE(8, 5));
  tensor_set_put(s, "g_ema.mapping.embed.bias", SHAPE(8));
  tensor_set_put(s, "g_ema.mapping.fc0.weight", SHAPE(8, 16));
  tensor_set_meta(s, "g_conv_clamp", "256");
  g_autoptr(SgModel) resnet = tensor_set_load(s, &error);
  g_assert_no_error(error);
  g_assert_cmpint(resnet->info.g_arch, ==, SG_ARCH_RESNET);
  g_assert_cmpint(resnet->info.c_dim, ==, 5);
  g_assert_cmpint(resnet->info.z_dim, ==, 8);
  g_assert_cmpfloat(resnet->info.g_conv_clamp, ==, 256);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/formats/hostile", test_hostile);
  g_test_add_func("/formats/truncated", test_truncated);
  g_test_add_func("/formats/damaged", test_damaged);
  g_test_add_func("/formats/repetition", test_repetition);
  g_test_add_func("/formats/foreign-files", test_foreign_files);
  g_test_add_func("/formats/large-header", test_large_header);
  g_test_add_func("/formats/unreadable", test_unreadable);
  g_test_add_func("/formats/foreign-networks", test_known_foreign_networks);
  g_test_add_func("/formats/not-finite", test_not_finite);
  g_test_add_func("/formats/missing-and-misshapen", test_missing_and_misshapen);
  g_test_add_func("/formats/architectures", test_architectures);
  int result = g_test_run();
  cleanup();
  return result;
}
