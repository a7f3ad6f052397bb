/* Finding and loading what computes. */
#include "engine/backend/backend-device.h"
#include "engine/backend/module.h"
#include <string.h>

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

typedef struct {
  SgCudaOpen open;
  SgCudaDevice device;
} Module;

static gboolean
load(Module *m, GError **error)
{
  static const SgModuleFile file = {.file = "libvitrine-cuda.so",
                                    .variable = "VITRINE_CUDA_MODULE",
                                    .folder = "engine/backend/cuda",
                                    .name = "CUDA"};

  *(void **)&m->device = sg_module_symbol(&file, SG_CUDA_DEVICE, error);
  if (m->device)
    *(void **)&m->open = sg_module_symbol(&file, SG_CUDA_OPEN, error);
  return m->open != NULL;
}

/* NULL: it is not there. Loaded once; looked for again until then. */
static const Module *
module(GError **error)
{
  static Module loaded;
  static GMutex lock;

  g_mutex_lock(&lock);
  gboolean there = loaded.open || load(&loaded, error);
  g_mutex_unlock(&lock);
  return there ? &loaded : NULL;
}

static SgBackend *
open_cuda(int number, GError **error)
{
  const Module *m = module(error);
  return m ? m->open(sizeof(SgBackend), number, error) : NULL;
}

GPtrArray *
sg_backend_devices(GError **why_none)
{
  GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
  const Module *m = module(why_none);

  for (int i = 0; m; i++) {
    g_autoptr(GError) error = NULL;
    g_autofree SgDeviceInfo *info = g_new0(SgDeviceInfo, 1);
    if (!m->device(sizeof(SgBackend), i, info, &error)) {
      if (all->len == 0)
        g_propagate_error(why_none, g_steal_pointer(&error));
      break;
    }
    g_ptr_array_add(all, g_steal_pointer(&info));
  }
  return all;
}

gboolean
sg_backend_is_device_error(const GError *error)
{
  return error && (error->domain == SG_BACKEND_ERROR ||
                   g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM));
}

/* ---- choosing -------------------------------------------------------------------------------- */

const char *const sg_precision_names[] = {"fp32", "tf32", "bf16", "fp16", NULL};
static SgPrecision precision;
static gboolean precision_demanded;

static gboolean
take_precision(const char *name, gboolean demanded, GError **error)
{
  for (int i = 0; sg_precision_names[i]; i++)
    if (strcmp(name, sg_precision_names[i]) == 0) {
      precision = (SgPrecision)i;
      precision_demanded = demanded;
      return TRUE;
    }
  g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_NAME,
              "precision should be fp32, tf32, bf16 or fp16, but is “%s”", name);
  return FALSE;
}

gboolean
sg_backend_set_precision(const char *name, GError **error)
{
  return take_precision(name, TRUE, error);
}

gboolean
sg_backend_prefer_precision(const char *name, GError **error)
{
  return take_precision(name, FALSE, error);
}

const char *
sg_backend_precision(gboolean *demanded)
{
  if (demanded)
    *demanded = precision_demanded;
  return sg_precision_names[precision];
}

static SgBackend *
in_precision(SgBackend *b, GError **error)
{
  if (!b)
    return NULL;
  if (b == sg_backend_cpu()) { /* each of its precisions is a back end of its own */
    if (precision == SG_PRECISION_FP32)
      return b;
    if (precision == SG_PRECISION_BF16) {
      SgBackend *halves = sg_backend_cpu_bf16(precision_demanded ? error : NULL);
      return halves || precision_demanded ? halves : b;
    }
  }
  if (b->set_precision) {
    if (b->set_precision(b, precision, precision_demanded ? error : NULL) ||
        (!precision_demanded && b->set_precision(b, SG_PRECISION_FP32, error)))
      return b;
    return NULL;
  }
  if (precision == SG_PRECISION_FP32 || !precision_demanded)
    return b;
  g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DEVICE,
              "precision %s needs a CUDA device; the CPU computes in fp32 or bf16",
              sg_precision_names[precision]);
  return NULL;
}

static SgBackend *
open_device(const char *device, GError **error)
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
sg_backend_open(const char *device, GError **error)
{
  return in_precision(open_device(device, error), error);
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
