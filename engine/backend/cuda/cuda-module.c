/* The CUDA back end: one per device, its stream, its errors and its table. */
#include "engine/backend/cuda/cuda-private.h"

#define MAX_DEVICES 64

/* ---- errors ---------------------------------------------------------------------------------- */

static int
error_code(cudaError_t code)
{
  switch (code) {
  case cudaErrorNoDevice:
  case cudaErrorInvalidDevice:
    return SG_BACKEND_ERROR_DEVICE;
  case cudaErrorInsufficientDriver:
  case cudaErrorStubLibrary:
    return SG_BACKEND_ERROR_DRIVER;
  default:
    return SG_BACKEND_ERROR_LOST;
  }
}

gboolean
cuda_ok(cudaError_t code, const char *what, GError **error)
{
  if (code == cudaSuccess)
    return TRUE;
  if (code == cudaErrorMemoryAllocation)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough GPU memory: %s", what);
  else
    g_set_error(error, SG_BACKEND_ERROR, error_code(code), "the CUDA device failed: %s: %s", what,
                cudaGetErrorString(code));
  return FALSE;
}

void
cuda_note_error(const SgBackend *b, GError *taken)
{
  CudaBackend *cu = CU(b);
  if (cuda_recording_break(b)) { /* the recording failed, nothing else */
    g_error_free(taken);
    return;
  }
  g_mutex_lock(&cu->lock);
  cu->lost |= g_error_matches(taken, SG_BACKEND_ERROR, SG_BACKEND_ERROR_LOST);
  if (cu->failure)
    g_error_free(taken);
  else
    cu->failure = taken;
  g_mutex_unlock(&cu->lock);
}

void
cuda_note(const SgBackend *b, cudaError_t code, const char *what)
{
  GError *error = NULL;
  if (!cuda_ok(code, what, &error))
    cuda_note_error(b, error);
}

/* A lost device stays lost; of anything else one caller is told, but none that only records. */
gboolean
cuda_check(SgBackend *b, GError **error)
{
  CudaBackend *cu = CU(b);
  GError *failure;

  g_mutex_lock(&cu->lock);
  failure = cu->failure && (cu->lost || cuda_recording_stream(b)) ? g_error_copy(cu->failure)
                                                                  : g_steal_pointer(&cu->failure);
  g_mutex_unlock(&cu->lock);
  if (!failure)
    return TRUE;
  g_propagate_error(error, failure);
  return FALSE;
}

cudaStream_t
cuda_stream(const SgBackend *b)
{
  static __thread int current = -1;
  if (current != CU(b)->device) {
    cuda_note(b, cudaSetDevice(CU(b)->device), "choose the device");
    current = CU(b)->device;
  }
  cudaStream_t recorded = cuda_recording_stream(b);
  return recorded ? recorded : CU(b)->stream;
}

/* ---- what it says of itself ------------------------------------------------------------------ */

static gboolean
cuda_device_info(SgBackend *b, SgDeviceInfo *info)
{
  size_t available = 0, total = 0;

  g_snprintf(info->id, sizeof info->id, "cuda:%d", CU(b)->device);
  cuda_stream(b);
  if (cudaMemGetInfo(&available, &total) != cudaSuccess)
    return FALSE;
  g_strlcpy(info->name, CU(b)->name, sizeof info->name);
  info->available = available;
  info->total = total;
  info->precision = CU(b)->precision;
  cuda_pool_info(b, info);
  return TRUE;
}

static const char *const precision_names[] = {"fp32", "TF32", "bf16", "fp16"};

static char *
cuda_describe(const SgBackend *b)
{
  struct cudaDeviceProp p;
  size_t available = 0, total = 0;

  cuda_stream(b);
  if (cudaGetDeviceProperties(&p, CU(b)->device) != cudaSuccess ||
      cudaMemGetInfo(&available, &total) != cudaSuccess)
    return g_strdup_printf("cuda:%d, which does not answer", CU(b)->device);
  return g_strdup_printf("cuda:%d, %s, %.1f of %.1f GiB free, %s", CU(b)->device, p.name,
                         (double)available / (1 << 30), (double)total / (1 << 30),
                         precision_names[CU(b)->precision]);
}

/* bf16 and TF32 came with compute capability 8.0. */
static gboolean
cuda_set_precision(SgBackend *b, SgPrecision precision, GError **error)
{
  CudaBackend *cu = CU(b);
  int major = 0;

  cuda_stream(b);
  if (!cuda_ok(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, cu->device),
               "ask for its capability", error))
    return FALSE;
  if (precision == SG_PRECISION_BF16 && major < 8) {
    g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DEVICE,
                "%s has no bf16, which began with compute capability 8.0; fp16 works on it",
                cu->name);
    return FALSE;
  }
  b->settings += precision != cu->precision;
  cu->precision = precision;
  return TRUE;
}

/* ---- opening --------------------------------------------------------------------------------- */

static gboolean
find_device(int device, GError **error)
{
  int count = 0, driver = 0;
  cudaError_t code = cudaGetDeviceCount(&count);

  if (code == cudaErrorInsufficientDriver || code == cudaErrorStubLibrary) {
    cudaDriverGetVersion(&driver);
    if (driver == 0)
      g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DRIVER,
                  "no NVIDIA driver is loaded on this machine");
    else
      g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DRIVER,
                  "the NVIDIA driver is too old: it offers CUDA %d.%d, this program needs %d.%d",
                  driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000,
                  CUDART_VERSION % 1000 / 10);
    return FALSE;
  }
  if (code == cudaErrorNoDevice || (code == cudaSuccess && count == 0)) {
    g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DEVICE,
                "the NVIDIA driver finds no device on this machine");
    return FALSE;
  }
  if (!cuda_ok(code, "count the devices", error))
    return FALSE;
  if (device < 0 || device >= count) {
    g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DEVICE,
                "there is no device cuda:%d; the last one of this machine is cuda:%d", device,
                count - 1);
    return FALSE;
  }
  return TRUE;
}

static gboolean
start(CudaBackend *cu, GError **error)
{
  struct cudaDeviceProp p;
  int low = 0, high = 0;

  if (!cuda_ok(cudaSetDevice(cu->device), "choose the device", error) ||
      !cuda_ok(cudaGetDeviceProperties(&p, cu->device), "ask for its name", error) ||
      !cuda_ok(cudaDeviceGetStreamPriorityRange(&low, &high), "ask for priorities", error) ||
      !cuda_ok(cudaStreamCreateWithPriority(&cu->stream, cudaStreamNonBlocking, high),
               "make a stream", error) ||
      !cuda_ok(cudaMalloc((void **)&cu->sums, CU_SUMS * sizeof(double)), "room for sums", error))
    return FALSE;
  g_strlcpy(cu->name, p.name, sizeof cu->name);
  cu->pool = cuda_pool_new();
  return TRUE;
}

/* A training's: behind what the window draws, and with nothing running. */
static void
cuda_prepare_training(SgBackend *b)
{
  int low = 0, high = 0;
  cudaStream_t stream, old = cuda_stream(b);

  if (cudaDeviceGetStreamPriorityRange(&low, &high) != cudaSuccess ||
      cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, low) != cudaSuccess)
    return; /* it works without */
  cuda_note(b, cudaStreamSynchronize(old), "finish");
  CU(b)->stream = stream;
  cudaStreamDestroy(old);
}

static const SgBackend table = {
    .name = "cuda",
    .element = sizeof(float),
    .buf_alloc = cuda_buf_alloc,
    .buf_release = cuda_buf_release,
    .upload = cuda_upload,
    .download = cuda_download,
    .copy = cuda_copy,
    .broadcast = cuda_broadcast,
    .conv_new = cuda_conv_new,
    .conv_free = cuda_conv_free,
    .conv_run = cuda_conv_run,
    .dense = cuda_dense,
    .normalize = cuda_normalize,
    .demod = cuda_demod,
    .fir = cuda_fir,
    .add = cuda_add,
    .to_rgb = cuda_to_rgb,
    .from_rgb = cuda_from_rgb,
    .bilinear_up = cuda_bilinear_up,
    .minibatch_std = cuda_minibatch_std,
    .describe = cuda_describe,
    .conv = cuda_conv,
    .matmul = cuda_matmul,
    .combine = cuda_combine,
    .mul = cuda_mul,
    .map = cuda_map,
    .scale = cuda_scale,
    .dot = cuda_dot,
    .expand = cuda_expand,
    .sum_to = cuda_sum_to,
    .epilogue = cuda_epilogue,
    .epilogue_grad = cuda_epilogue_grad,
    .rgb = cuda_rgb,
    .channels = cuda_channels,
    .augment = cuda_augment,
    .augment_params = cuda_augment_params,
    .adam = cuda_adam,
    .check = cuda_check,
    .set_precision = cuda_set_precision,
    .prepare_training = cuda_prepare_training,
    .fill = cuda_fill,
    .normals = cuda_normals,
    .record_begin = cuda_record_begin,
    .record_end = cuda_record_end,
    .replay_run = cuda_replay_run,
    .replay_free = cuda_replay_free,
#ifdef SG_HAVE_NCCL
    .reduce_id = cuda_reduce_id,
    .reduce_join = cuda_reduce_join,
    .reduce = cuda_reduce,
#endif
    .device_info = cuda_device_info,
    .reset_peak = cuda_pool_reset_peak,
    .trim = cuda_pool_trim,
    .rgb8 = cuda_rgb8,
};

#define EXPORTED __attribute__((visibility("default")))
EXPORTED SgBackend *sg_cuda_open(gsize size, int device, GError **error);
EXPORTED gboolean sg_cuda_device(gsize size, int device, SgDeviceInfo *info, GError **error);

static gboolean
fits_program(gsize size, GError **error)
{
  if (size == sizeof(SgBackend))
    return TRUE;
  g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_MODULE,
              "the CUDA module was built for another version of this program");
  return FALSE;
}

gboolean
sg_cuda_device(gsize size, int device, SgDeviceInfo *info, GError **error)
{
  struct cudaDeviceProp p;

  if (!fits_program(size, error) || !find_device(device, error) ||
      !cuda_ok(cudaGetDeviceProperties(&p, device), "ask for its name", error))
    return FALSE;
  g_snprintf(info->id, sizeof info->id, "cuda:%d", device);
  g_strlcpy(info->name, p.name, sizeof info->name);
  info->total = p.totalGlobalMem;
  return TRUE;
}

SgBackend *
sg_cuda_open(gsize size, int device, GError **error)
{
  static CudaBackend *opened[MAX_DEVICES];
  static GMutex lock;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

  if (!fits_program(size, error) || !find_device(device, error))
    return NULL;
  if (device >= MAX_DEVICES || opened[device])
    return device < MAX_DEVICES ? &opened[device]->base : NULL;
  CudaBackend *cu = g_new0(CudaBackend, 1);
  cu->base = table;
  cu->device = device;
  g_mutex_init(&cu->lock);
  g_mutex_init(&cu->sums_lock);
  g_mutex_init(&cu->library_lock);
  g_mutex_init(&cu->record_lock);
  if (!start(cu, error)) {
    g_free(cu);
    return NULL;
  }
  opened[device] = cu;
  return &cu->base;
}
