/* Choosing what computes: names, and what is said where a device cannot be had. The pretended
 * device (tests/cuda-on-host) stands for drivers and devices of all kinds. */
#include "engine/backend/backend-device.h"
#include <glib/gstdio.h>
#include <string.h>

static void
test_names(void)
{
  const char *good[] = {"auto", "cpu", "cuda", "cuda:0", "cuda:12"};
  const char *bad[] = {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1 ", "cuda0", "CPU"};

  for (guint i = 0; i < G_N_ELEMENTS(good); i++)
    g_assert_true(sg_backend_is_name(good[i]));
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(sg_backend_is_name(bad[i]));
    g_assert_null(sg_backend_open(bad[i], &error));
    g_assert_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_NAME);
  }
  g_assert_true(sg_backend_open("cpu", NULL) == sg_backend_cpu());
}

typedef struct {
  const char *module;         /* NULL: the pretended device's */
  const char *device, *fails; /* VITRINE_ON_HOST_FAILS */
  int code;
  const char *says;
} Refusal;

static const Refusal refusals[] = {
    {"/nowhere/libvitrine-cuda.so", "cuda", NULL, SG_BACKEND_ERROR_MODULE, "no CUDA module"},
    {"/proc/self/exe", "cuda", NULL, SG_BACKEND_ERROR_MODULE, "cannot be loaded"},
    {NULL, "cuda:7", NULL, SG_BACKEND_ERROR_DEVICE, "no device cuda:7"},
    {NULL, "cuda", "35", SG_BACKEND_ERROR_DRIVER, "too old: it offers CUDA 11.4"},
    {NULL, "cuda:0", "100", SG_BACKEND_ERROR_DEVICE, "finds no device"},
};

/* Named: an error. Automatic: the CPU. */
static void
test_refusal(gconstpointer data)
{
  const Refusal *r = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_strdup(g_getenv("VITRINE_CUDA_MODULE"));

  if (r->module)
    g_setenv("VITRINE_CUDA_MODULE", r->module, TRUE);
  if (r->fails)
    g_setenv("VITRINE_ON_HOST_FAILS", r->fails, TRUE);
  g_assert_null(sg_backend_open(r->device, &error));
  g_assert_error(error, SG_BACKEND_ERROR, r->code);
  g_assert_nonnull(strstr(error->message, r->says));
  g_assert_true(g_str_has_prefix(error->message, "device cuda"));
  if (!g_str_equal(r->device, "cuda:7"))
    g_assert_true(sg_backend_open("auto", NULL) == sg_backend_cpu());
  g_setenv("VITRINE_CUDA_MODULE", path, TRUE);
  g_unsetenv("VITRINE_ON_HOST_FAILS");
}

static void
test_open(void)
{
  g_autoptr(GError) error = NULL;
  SgBackend *b = sg_backend_open("cuda", &error);

  g_assert_no_error(error);
  g_assert_cmpstr(b->name, ==, "cuda");
  g_assert_true(sg_backend_open("cuda:0", NULL) == b);
  g_assert_true(sg_backend_open("auto", NULL) == b);
  g_autofree char *says = sg_backend_describe(b);
  g_assert_true(g_str_has_prefix(says, "cuda:0, a device pretended on the CPU, "));
  g_assert_true(sg_backend_default() == sg_backend_cpu());
  sg_backend_set_default(NULL);
  g_assert_true(sg_backend_default() == b);
  sg_backend_set_default(sg_backend_cpu());
}

/* An old device has no bf16: who demands it is refused, who would like it gets fp32. */
static void
test_precision(void)
{
  g_autoptr(GError) error = NULL;
  SgDeviceInfo info;

  g_setenv("VITRINE_ON_HOST_CAPABILITY", "7", TRUE);
  g_assert_true(sg_backend_set_precision("bf16", NULL));
  g_assert_null(sg_backend_open("cuda", &error));
  g_assert_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DEVICE);
  g_assert_nonnull(strstr(error->message, "fp16 works on it"));
  g_clear_error(&error);
  g_assert_true(sg_backend_prefer_precision("bf16", NULL));
  SgBackend *b = sg_backend_open("cuda", &error);
  g_assert_no_error(error);
  g_assert_true(sg_backend_device_info(b, &info));
  g_assert_cmpint(info.precision, ==, SG_PRECISION_FP32);
  SgBackend *halves = sg_backend_cpu_bf16(NULL); /* NULL: a CPU without matrix units */
  g_assert_true(sg_backend_open("cpu", NULL) == (halves ? halves : sg_backend_cpu()));
  g_unsetenv("VITRINE_ON_HOST_CAPABILITY");
  g_assert_true(sg_backend_open("cuda", NULL) == b);
  g_assert_true(sg_backend_device_info(b, &info));
  g_assert_cmpint(info.precision, ==, SG_PRECISION_BF16);
  g_assert_true(sg_backend_set_precision("bf16", NULL));
  g_assert_true(sg_backend_open("cpu", NULL) == halves);
  g_assert_true(sg_backend_set_precision("tf32", NULL));
  g_assert_null(sg_backend_open("cpu", NULL));
  g_assert_true(sg_backend_set_precision("fp32", NULL));
  g_assert_true(sg_backend_open("cuda", NULL) == b);
}

/* The device has 64 MiB. What is freed can be had again, in other sizes too. */
static void
test_memory(void)
{
  g_autoptr(GError) error = NULL;
  SgBackend *b = sg_backend_open("cuda", NULL);
  SgBuf *all[32] = {NULL};
  int n = 0;

  for (int round = 0; round < 2; round++) {
    while ((all[n] = sg_buf_new(b, SG_FMT_ACT, 1, 1, 1024, 1024, &error)))
      g_assert_cmpint(++n, <, 16);
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM);
    g_assert_nonnull(strstr(error->message, "4.0 MiB asked for"));
    g_clear_error(&error);
    g_assert_cmpint(n, >=, 10);
    while (n > 0)
      sg_buf_unref(all[--n]);
  }
  g_autoptr(SgBuf) large = sg_buf_new(b, SG_FMT_ACT, 1, 10, 1024, 1024, &error);
  g_assert_no_error(error);
  g_assert_null(sg_buf_new(b, SG_FMT_PLAIN, 1 << 30, 1 << 30, 1 << 30, 1, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM);
}

/* A function that returns nothing had no memory: the next question tells, once. */
static void
test_check(void)
{
  g_autoptr(GError) error = NULL;
  SgBackend *b = sg_backend_open("cuda", NULL);
  const double g_inv[9] = {1, 0, 0.5, 0, 1, 0, 0, 0, 1}, color[2] = {1, 0};
  SgAugmentArgs a = {1, 1, 1024, 1024, g_inv, color, {1023, 1023, 1023, 1023}, TRUE};
  g_autoptr(SgBuf) x = sg_buf_new(b, SG_FMT_PLAIN, 1, 1, 1024, 1024, NULL);
  g_autoptr(SgBuf) y = sg_buf_new(b, SG_FMT_PLAIN, 1, 1, 1024, 1024, NULL);

  g_assert_true(sg_backend_check(b, &error));
  b->augment(y, x, &a, SG_AUGMENT_ADJOINT); /* wants 150 MiB */
  g_assert_false(sg_backend_check(b, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM);
  g_assert_true(sg_backend_check(b, NULL));
}

/* ---- what there is --------------------------------------------------------------------------- */

static void
test_devices(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) all = sg_backend_devices(&error);

  g_assert_no_error(error);
  g_assert_cmpuint(all->len, ==, 1);
  const SgDeviceInfo *one = all->pdata[0];
  g_assert_cmpstr(one->id, ==, "cuda:0");
  g_assert_cmpstr(one->name, ==, "a device pretended on the CPU");
  g_assert_cmpuint(one->total, ==, 64 << 20);
  g_setenv("VITRINE_ON_HOST_FAILS", "35", TRUE);
  g_autoptr(GPtrArray) none = sg_backend_devices(&error);
  g_unsetenv("VITRINE_ON_HOST_FAILS");
  g_assert_cmpuint(none->len, ==, 0);
  g_assert_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DRIVER);
}

/* Pieces come in classes of 4, 5, 6 or 7 times a power of two: 4 MiB and 1 MiB are such. */
static void
test_info(void)
{
  const guint64 mib = 1 << 20;
  SgBackend *b = sg_backend_open("cuda", NULL);
  SgDeviceInfo before, now;

  g_assert_false(sg_backend_device_info(sg_backend_cpu(), &now));
  g_assert_cmpstr(now.id, ==, "");
  b->trim(b);
  b->reset_peak(b);
  g_assert_true(sg_backend_device_info(b, &before));
  g_assert_cmpuint(before.peak, ==, before.used);
  SgBuf *large = sg_buf_new(b, SG_FMT_ACT, 1, 1, 1024, 1024, NULL);
  SgBuf *small = sg_buf_new(b, SG_FMT_ACT, 1, 1, 512, 512, NULL);
  sg_buf_unref(large);
  g_assert_true(sg_backend_device_info(b, &now));
  g_assert_cmpuint(now.total, ==, 64 * mib);
  g_assert_cmpuint(before.available - now.available, ==, 5 * mib);
  g_assert_cmpuint(now.used - before.used, ==, 1 * mib);
  g_assert_cmpuint(now.peak - before.used, ==, 5 * mib);
  g_assert_cmpuint(now.reserved - before.used, ==, 5 * mib);
  b->trim(b);
  b->reset_peak(b);
  g_assert_true(sg_backend_device_info(b, &now));
  g_assert_cmpuint(before.available - now.available, ==, 1 * mib);
  g_assert_cmpuint(now.reserved - before.used, ==, 1 * mib);
  g_assert_cmpuint(now.peak_reserved, ==, now.reserved);
  sg_buf_unref(small);
  g_autofree char *title = sg_backend_title(b), *cpu = sg_backend_title(sg_backend_cpu());
  g_assert_cmpstr(title, ==, "cuda:0, a device pretended on the CPU");
  g_assert_true(g_str_has_prefix(cpu, "CPU, "));
}

/* Others take what is left, and give it back. */
static void
test_full(void)
{
  g_autoptr(GError) error = NULL;
  SgBackend *b = sg_backend_open("cuda", NULL);

  b->trim(b);
  g_assert_true(g_file_set_contents(g_getenv("VITRINE_ON_HOST_FULL"), "", 0, NULL));
  g_assert_null(sg_buf_new(b, SG_FMT_ACT, 1, 1, 64, 64, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM);
  g_assert_true(sg_backend_is_device_error(error));
  g_remove(g_getenv("VITRINE_ON_HOST_FULL"));
  g_assert_true(sg_backend_check(b, NULL));
  g_autoptr(SgBuf) x = sg_buf_new(b, SG_FMT_ACT, 1, 1, 64, 64, NULL);
  g_assert_nonnull(x);
}

/* Once lost, always lost; asking for memory then is no lack of memory. Ends this program's use of
 * the device, so it comes last. */
static void
test_lost(void)
{
  SgBackend *b = sg_backend_open("cuda", NULL);
  g_autoptr(SgBuf) x = sg_buf_new(b, SG_FMT_PLAIN, 1, 1, 64, 64, NULL);
  float v[64 * 64] = {1};

  b->trim(b);
  g_assert_true(g_file_set_contents(g_getenv("VITRINE_ON_HOST_LOST"), "", 0, NULL));
  g_autoptr(GError) memory = NULL;
  g_assert_null(sg_buf_new(b, SG_FMT_PLAIN, 1, 1, 64, 64, &memory));
  g_assert_error(memory, SG_BACKEND_ERROR, SG_BACKEND_ERROR_LOST);
  g_assert_true(sg_backend_is_device_error(memory));
  b->download(x, v);
  g_assert_cmpfloat(v[0], ==, 0);
  for (int i = 0; i < 3; i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(sg_backend_check(b, &error));
    g_assert_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_LOST);
  }
  g_assert_null(sg_buf_new(b, SG_FMT_PLAIN, 1, 1, 64, 64, NULL));
  SgDeviceInfo info;
  g_assert_false(sg_backend_device_info(b, &info));
  g_assert_cmpstr(info.id, ==, "cuda:0");
  g_autofree char *title = sg_backend_title(b);
  g_assert_cmpstr(title, ==, "cuda:0, which does not answer");
  g_remove(g_getenv("VITRINE_ON_HOST_LOST"));
}

/* Names of files that a test makes when it is time (tests/cuda-on-host). */
static char *
name_events(void)
{
  char *dir = g_dir_make_tmp("vitrine-device-XXXXXX", NULL);
  g_autofree char *full = g_build_filename(dir, "full", NULL);
  g_autofree char *lost = g_build_filename(dir, "lost", NULL);

  g_setenv("VITRINE_ON_HOST_FULL", full, TRUE);
  g_setenv("VITRINE_ON_HOST_LOST", lost, TRUE);
  return dir;
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_autofree char *dir = name_events();
  g_test_add_func("/device/names", test_names);
  for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
    g_autofree char *path = g_strdup_printf("/device/refusal-%u", i);
    g_test_add_data_func(path, &refusals[i], test_refusal);
  }
  g_test_add_func("/device/open", test_open);
  g_test_add_func("/device/precision", test_precision);
  g_test_add_func("/device/memory", test_memory);
  g_test_add_func("/device/check", test_check);
  g_test_add_func("/device/devices", test_devices);
  g_test_add_func("/device/info", test_info);
  g_test_add_func("/device/full", test_full);
  g_test_add_func("/device/lost", test_lost);
  int status = g_test_run();
  g_rmdir(dir);
  return status;
}
