/* Finding and loading what computes. */
#include "engine/backend/backend-device.h"
#include <dlfcn.h>
#include <string.h>

#define MODULE "libvitrine-cuda.so"

static SgBackend *chosen; /* NULL: the CPU, or what "auto" finds */
static gboolean automatic;

/* ---- names ----------------------------------------------------------------------------------- */

/* N of "cuda:N", 0 of "cuda", -1 of anything else. */
static int
cuda_number(const char *device)
{
  guint64 n = 0;
  if (strcmp(device, "cuda") == 0)
    return 0;
  if (!g_str_has_prefix(device, "cuda:"))
    return -1;
  return g_ascii_string_to_unsigned(device + 5, 10, 0, 999, &n, NULL) ? (int)n : -1;
}

gboolean
sg_backend_is_name(const char *device)
{
  return strcmp(device, "auto") == 0 || strcmp(device, "cpu") == 0 || cuda_number(device) >= 0;
}

/* ---- the module ------------------------------------------------------------------------------ */

/* Where it may be: named by VITRINE_CUDA_MODULE, installed, beside the program, or in the build
 * tree. */
static GPtrArray *
places(void)
{
  GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
  const char *named = g_getenv("VITRINE_CUDA_MODULE");
  g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
  g_autofree char *dir = program ? g_path_get_dirname(program) : NULL;

  if (named) {
    g_ptr_array_add(all, g_strdup(named));
    return all;
  }
  if (dir) {
    g_ptr_array_add(all, g_build_filename(dir, MODULE, NULL));
    g_ptr_array_add(all, g_build_filename(dir, "..", "engine", "backend", "cuda", MODULE, NULL));
    g_ptr_array_add(all,
                    g_build_filename(dir, "..", "..", "engine", "backend", "cuda", MODULE, NULL));
  }
  g_ptr_array_add(all, g_build_filename(SG_MODULE_DIR, MODULE, NULL));
  return all;
}

static SgCudaOpen
load(GError **error)
{
  g_autoptr(GPtrArray) all = places();

  for (guint i = 0; i < all->len; i++) {
    const char *path = all->pdata[i];
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
      continue;
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    SgCudaOpen open_device = NULL;
    if (module)
      *(void **)&open_device = dlsym(module, SG_CUDA_OPEN);
    if (!open_device)
      g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_MODULE,
                  "the CUDA module cannot be loaded: %s", dlerror());
    return open_device;
  }
  g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_MODULE,
              "this installation has no CUDA module (%s is not at %s)", MODULE,
              (const char *)all->pdata[all->len - 1]);
  return NULL;
}

static SgBackend *
open_cuda(int number, GError **error)
{
  static SgCudaOpen open_device;
  static GMutex lock;

  g_mutex_lock(&lock);
  if (!open_device)
    open_device = load(error);
  SgCudaOpen now = open_device;
  g_mutex_unlock(&lock);
  return now ? now(sizeof(SgBackend), number, error) : NULL;
}

/* ---- choosing -------------------------------------------------------------------------------- */

SgBackend *
sg_backend_open(const char *device, GError **error)
{
  if (!device || strcmp(device, "auto") == 0) {
    SgBackend *cuda = open_cuda(0, NULL);
    return cuda ? cuda : sg_backend_cpu();
  }
  if (strcmp(device, "cpu") == 0)
    return sg_backend_cpu();
  int number = cuda_number(device);
  if (number < 0) {
    g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_NAME,
                "device should be auto, cpu, cuda or cuda:N, but is “%s”", device);
    return NULL;
  }
  GError *why = NULL;
  SgBackend *cuda = open_cuda(number, &why);
  if (!cuda) {
    g_prefix_error(&why, "device %s: ", device);
    g_propagate_error(error, why);
  }
  return cuda;
}

SgBackend *
sg_backend_default(void)
{
  SgBackend *b = g_atomic_pointer_get(&chosen);

  if (!b) {
    b = automatic ? sg_backend_open("auto", NULL) : sg_backend_cpu();
    g_atomic_pointer_set(&chosen, b);
  }
  return b;
}

void
sg_backend_set_default(SgBackend *b)
{
  automatic = !b;
  g_atomic_pointer_set(&chosen, b);
}
