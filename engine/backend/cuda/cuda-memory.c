/* Device memory. cudaMalloc takes a millisecond and cudaFree waits for the device, so pieces are
 * kept by size class and handed out again. A piece may be reused while kernels that were launched
 * earlier still read it: they are before the new owner's in the one stream. */
#include "engine/backend/cuda/cuda-private.h"
#include <string.h>

/* Four classes to each doubling: at most a fifth of a piece is wasted. */
#define SMALLEST ((gsize)512)
#define CLASSES  200

struct _CudaPool {
  GMutex lock;
  GPtrArray *kept[CLASSES]; /* of gpointer, all of the class's size */
  gsize used, kept_bytes;
  gsize peak, peak_reserved; /* of used, and of both */
};

CudaPool *
cuda_pool_new(void)
{
  CudaPool *pool = g_new0(CudaPool, 1);
  g_mutex_init(&pool->lock);
  for (int i = 0; i < CLASSES; i++)
    pool->kept[i] = g_ptr_array_new();
  return pool;
}

static gsize
class_size(int i)
{
  return (SMALLEST << (i / 4)) / 4 * (gsize)(4 + i % 4);
}

static int
class_of(gsize bytes)
{
  int i = 0;
  while (i < CLASSES - 1 && class_size(i) < bytes)
    i++;
  return i;
}

/* Gives everything that is kept back to the device. */
static void
trim(SgBackend *b)
{
  CudaPool *pool = CU(b)->pool;
  for (int i = 0; i < CLASSES; i++) {
    for (guint k = 0; k < pool->kept[i]->len; k++)
      cuda_note(b, cudaFree(pool->kept[i]->pdata[k]), "free memory");
    g_ptr_array_set_size(pool->kept[i], 0);
  }
  pool->kept_bytes = 0;
}

void
cuda_pool_trim(SgBackend *b)
{
  CudaPool *pool = CU(b)->pool;

  cuda_stream(b);
  g_mutex_lock(&pool->lock);
  trim(b);
  g_mutex_unlock(&pool->lock);
}

void
cuda_pool_info(const SgBackend *b, SgDeviceInfo *info)
{
  CudaPool *pool = CU(b)->pool;

  g_mutex_lock(&pool->lock);
  info->used = pool->used;
  info->peak = pool->peak;
  info->reserved = pool->used + pool->kept_bytes;
  info->peak_reserved = pool->peak_reserved;
  g_mutex_unlock(&pool->lock);
}

void
cuda_pool_reset_peak(SgBackend *b)
{
  CudaPool *pool = CU(b)->pool;

  g_mutex_lock(&pool->lock);
  pool->peak = pool->used;
  pool->peak_reserved = pool->used + pool->kept_bytes;
  g_mutex_unlock(&pool->lock);
}

/* NOMEM and how much there is. */
static void
out_of_memory(SgBackend *b, gsize bytes, GError **error)
{
  size_t available = 0, total = 0;
  cudaGetLastError(); /* this failure is not to be met again */
  cudaMemGetInfo(&available, &total);
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
              "not enough GPU memory: %.1f MiB asked for; this program holds %.1f MiB, %.1f of "
              "%.1f MiB are free",
              (double)bytes / (1 << 20), (double)CU(b)->pool->used / (1 << 20),
              (double)available / (1 << 20), (double)total / (1 << 20));
}

/* What is kept for others may be in its way. NULL and why: no room, or no device any more. */
static gpointer
new_piece(SgBackend *b, gsize bytes, gsize wanted, GError **error)
{
  gpointer data = NULL;
  cudaError_t code = cudaMalloc(&data, bytes);

  if (code == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    trim(b);
    code = cudaMalloc(&data, bytes);
  }
  if (code == cudaSuccess)
    return data;
  if (code == cudaErrorMemoryAllocation) {
    out_of_memory(b, wanted, error);
    return NULL;
  }
  GError *lost = NULL;
  cuda_ok(code, "take memory", &lost);
  g_propagate_error(error, g_error_copy(lost));
  cuda_note_error(b, lost);
  return NULL;
}

static gpointer
take_locked(SgBackend *b, gsize wanted, gsize *taken, GError **error)
{
  CudaPool *pool = CU(b)->pool;
  int class = class_of(wanted);
  gpointer data = NULL;

  *taken = class_size(class);
  if (*taken < wanted) {
    out_of_memory(b, wanted, error);
    return NULL;
  }
  if (pool->kept[class]->len > 0) {
    pool->kept_bytes -= *taken;
    data = g_ptr_array_steal_index_fast(pool->kept[class], pool->kept[class]->len - 1);
  } else if (!(data = new_piece(b, *taken, wanted, error))) {
    return NULL;
  }
  pool->used += *taken;
  pool->peak = MAX(pool->peak, pool->used);
  pool->peak_reserved = MAX(pool->peak_reserved, pool->used + pool->kept_bytes);
  return data;
}

gpointer
cuda_pool_take(SgBackend *b, gsize bytes, gsize *taken, GError **error)
{
  CudaPool *pool = CU(b)->pool;

  gpointer data = NULL;

  cuda_stream(b);
  *taken = class_size(class_of(bytes));
  if (cuda_recording_take(b, *taken, &data))
    return data;
  g_mutex_lock(&pool->lock);
  data = take_locked(b, bytes, taken, error);
  g_mutex_unlock(&pool->lock);
  return data;
}

void
cuda_pool_give(SgBackend *b, gpointer data, gsize taken)
{
  CudaPool *pool = CU(b)->pool;

  if (!data || cuda_recording_give(b, (CudaPiece){data, taken}))
    return;
  g_mutex_lock(&pool->lock);
  pool->used -= taken;
  pool->kept_bytes += taken;
  g_ptr_array_add(pool->kept[class_of(taken)], data);
  g_mutex_unlock(&pool->lock);
}

/* ---- buffers --------------------------------------------------------------------------------- */

gboolean
cuda_buf_alloc(SgBuf *buf, GError **error)
{
  gsize bytes = sizeof(float);

  if (!cuda_check(buf->backend, error))
    return FALSE;
  if (!g_size_checked_mul(&bytes, bytes, (gsize)buf->n) ||
      !g_size_checked_mul(&bytes, bytes, (gsize)buf->c) ||
      !g_size_checked_mul(&bytes, bytes, (gsize)buf->h) ||
      !g_size_checked_mul(&bytes, bytes, (gsize)buf->w))
    bytes = G_MAXSIZE;
  buf->bytes = bytes;
  buf->data = cuda_pool_take(buf->backend, bytes, &buf->capacity, error);
  return buf->data != NULL;
}

void
cuda_buf_release(SgBuf *buf)
{
  cuda_pool_give(buf->backend, buf->data, buf->capacity);
}

SgBuf *
cuda_temporary(SgBackend *b, int n, int c, int h, int w)
{
  GError *error = NULL;
  SgBuf *buf = sg_buf_new(b, SG_FMT_PLAIN, n, c, h, w, &error);
  if (!buf)
    cuda_note_error(b, error);
  return buf;
}

static gsize
size_of(const SgBuf *x)
{
  return sg_buf_count(x) * sizeof(float);
}

/* From pageable memory: `src` has been read when this returns. */
void
cuda_upload(SgBuf *dst, const float *src)
{
  cudaStream_t stream = cuda_stream(dst->backend);
  if (cuda_recording_break(dst->backend))
    return;
  cuda_note(dst->backend,
            cudaMemcpyAsync(dst->data, src, size_of(dst), cudaMemcpyHostToDevice, stream),
            "copy to the device");
}

gboolean
cuda_fetch(const SgBackend *b, gpointer to, gconstpointer from, gsize bytes)
{
  cudaStream_t stream = cuda_stream(b);
  gboolean broken = cuda_recording_break(b);
  cudaError_t code =
      broken ? cudaSuccess : cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream);

  if (code == cudaSuccess && !broken)
    code = cudaStreamSynchronize(stream);
  if (code != cudaSuccess || broken)
    memset(to, 0, bytes);
  cuda_note(b, code, "copy from the device");
  return code == cudaSuccess;
}

/* Zeros if it failed: see SgBackend.check. */
void
cuda_download(const SgBuf *src, float *dst)
{
  cuda_fetch(src->backend, dst, src->data, size_of(src));
}

void
cuda_copy(SgBuf *dst, const SgBuf *src)
{
  cudaStream_t stream = cuda_stream(dst->backend);
  g_assert(sg_buf_count(dst) == sg_buf_count(src));
  cuda_note(dst->backend,
            cudaMemcpyAsync(dst->data, src->data, size_of(src), cudaMemcpyDeviceToDevice, stream),
            "copy on the device");
}

void
cuda_broadcast(SgBuf *dst, const SgBuf *src)
{
  cudaStream_t stream = cuda_stream(dst->backend);
  for (int n = 0; n < dst->n; n++)
    cuda_note(dst->backend,
              cudaMemcpyAsync((char *)dst->data + (gsize)n * size_of(src), src->data, size_of(src),
                              cudaMemcpyDeviceToDevice, stream),
              "copy on the device");
}
