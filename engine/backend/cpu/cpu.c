/* The CPU back end: buffers, layouts and the table of its kernels. */
#include "engine/backend/backend-device.h"
#include "engine/backend/cpu/cpu-amx.h"
#include "engine/backend/cpu/cpu-private.h"
#include <malloc.h>
#include <omp.h>
#include <string.h>

/* Freed memory is kept for the next buffer of about its size: fresh pages cost more to fault in
 * than the kernels cost that fill them. Bounded, and shared by all threads. */
#define POOL_SLOTS 1024
#define POOL_BYTES ((gsize)256 << 20)
/* A training gives back and takes again all of its activations at every step. */
#define POOL_BYTES_TRAINING ((gsize)16 << 30)

static struct {
  GMutex lock;
  struct {
    gpointer data;
    gsize bytes;
  } slot[POOL_SLOTS];
  int used;
  gsize bytes, limit;
} pool = {.limit = POOL_BYTES};

/* The smallest free piece that holds `bytes` and wastes at most a quarter. */
static gpointer
pool_take(gsize bytes, gsize *taken)
{
  gpointer data = NULL;
  int best = -1;

  g_mutex_lock(&pool.lock);
  for (int i = 0; i < pool.used; i++)
    if (pool.slot[i].bytes >= bytes && pool.slot[i].bytes - bytes <= bytes / 4 &&
        (best < 0 || pool.slot[i].bytes < pool.slot[best].bytes))
      best = i;
  if (best >= 0) {
    data = pool.slot[best].data;
    *taken = pool.slot[best].bytes;
    pool.bytes -= *taken;
    pool.slot[best] = pool.slot[--pool.used];
  }
  g_mutex_unlock(&pool.lock);
  return data;
}

static void
pool_give(gpointer data, gsize bytes)
{
  g_mutex_lock(&pool.lock);
  gboolean keep = pool.used < POOL_SLOTS && bytes <= pool.limit - pool.bytes;
  if (keep) {
    pool.slot[pool.used].data = data;
    pool.slot[pool.used++].bytes = bytes;
    pool.bytes += bytes;
  }
  g_mutex_unlock(&pool.lock);
  if (!keep)
    sg_aligned_free(data);
}

/* Of all threads, and of the back end in bf16, too. */
static void
cpu_trim(SgBackend *b)
{
  g_mutex_lock(&pool.lock);
  for (int i = 0; i < pool.used; i++)
    sg_aligned_free(pool.slot[i].data);
  pool.used = 0;
  pool.bytes = 0;
  g_mutex_unlock(&pool.lock);
#ifdef __GLIBC__
  malloc_trim(0); /* pieces that were too small to be mapped by themselves */
#endif
}

static gboolean
cpu_buf_alloc(SgBuf *buf, GError **error)
{
  gsize block = buf->fmt == SG_FMT_ACT ? (gsize)CPU(buf->backend)->block : 1;
  gsize channels = ((gsize)buf->c + block - 1) / block * block, bytes = sizeof(float);

  if (!g_size_checked_mul(&bytes, bytes, (gsize)buf->n) ||
      !g_size_checked_mul(&bytes, bytes, channels) ||
      !g_size_checked_mul(&bytes, bytes, (gsize)buf->h) ||
      !g_size_checked_mul(&bytes, bytes, (gsize)buf->w))
    bytes = G_MAXSIZE;
  buf->bytes = bytes;
  buf->capacity = bytes;
  if (bytes < G_MAXSSIZE)
    buf->data = pool_take(bytes, &buf->capacity);
  if (!buf->data && bytes < G_MAXSSIZE)
    buf->data = sg_aligned_alloc(bytes);
  if (!buf->data)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "not enough memory for activations of %d × %d × %d × %d", buf->n, buf->c, buf->h,
                buf->w);
  return buf->data != NULL;
}

static void
cpu_buf_release(SgBuf *buf)
{
  pool_give(buf->data, buf->capacity);
}

static gsize
plain_size(const SgBuf *x)
{
  return (gsize)x->n * x->c * x->h * x->w;
}

/* Bytes that are more than one thread's to move. */
#define WORTH_THREADS ((gsize)1 << 17)

static void
cpu_upload(SgBuf *dst, const float *src)
{
  if (dst->fmt == SG_FMT_PLAIN) {
    memcpy(dst->data, src, plain_size(dst) * sizeof(float));
    return;
  }
  int block = CPU(dst->backend)->block, blocks = cpu_blocks(dst), jobs = dst->n * blocks;
  gsize pixels = (gsize)dst->h * (gsize)dst->w;
#pragma omp parallel for schedule(static) if (dst->bytes > WORTH_THREADS)
  for (int j = 0; j < jobs; j++) {
    int n = j / blocks, first = j % blocks * block, count = MIN(block, dst->c - first);
    const float *from = src + ((gsize)n * (gsize)dst->c + (gsize)first) * pixels;
    float *to = cpu_row(dst, n, j % blocks, 0);
    for (gsize p = 0; p < pixels; p++, to += block)
      for (int c = 0; c < block; c++)
        to[c] = c < count ? from[(gsize)c * pixels + p] : 0;
  }
}

static void
cpu_download(const SgBuf *src, float *dst)
{
  if (src->fmt == SG_FMT_PLAIN) {
    memcpy(dst, src->data, plain_size(src) * sizeof(float));
    return;
  }
  int block = CPU(src->backend)->block, blocks = cpu_blocks(src), jobs = src->n * blocks;
  gsize pixels = (gsize)src->h * (gsize)src->w;
#pragma omp parallel for schedule(static) if (src->bytes > WORTH_THREADS)
  for (int j = 0; j < jobs; j++) {
    int n = j / blocks, first = j % blocks * block, count = MIN(block, src->c - first);
    const float *from = cpu_row(src, n, j % blocks, 0);
    float *to = dst + ((gsize)n * (gsize)src->c + (gsize)first) * pixels;
    for (gsize p = 0; p < pixels; p++, from += block)
      for (int c = 0; c < count; c++)
        to[(gsize)c * pixels + p] = from[c];
  }
}

static void
cpu_copy(SgBuf *dst, const SgBuf *src)
{
  if (dst->fmt == src->fmt)
    memcpy(dst->data, src->data, src->bytes);
  else if (src->fmt == SG_FMT_ACT)
    cpu_download(src, dst->data);
  else
    cpu_upload(dst, src->data);
}

static void
cpu_broadcast(SgBuf *dst, const SgBuf *src)
{
  for (int n = 0; n < dst->n; n++)
    memcpy((char *)dst->data + (gsize)n * src->bytes, src->data, src->bytes);
}

static char *
cpu_describe(const SgBackend *b)
{
  int threads = omp_get_max_threads();
  return g_strdup_printf(threads == 1 ? "CPU, %d thread%s" : "CPU, %d threads%s", threads,
                         CPU(b)->bf16 ? ", bf16" : "");
}

/* The best instruction set this processor has; VITRINE_ISA=avx2 or generic asks for less (tests
 * do). */
static void
choose_kernels(SgCpuBackend *cpu)
{
  cpu->rows = &sg_cpu_rows_generic;
  cpu->wino = &sg_cpu_wino_generic;
#ifdef SG_HAVE_X86_64_LEVELS
  const char *wanted = g_getenv("VITRINE_ISA");
  gboolean v3 = g_strcmp0(wanted, "generic") != 0, v4 = v3 && g_strcmp0(wanted, "avx2") != 0;
  __builtin_cpu_init();
  if (v4 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    cpu->rows = &sg_cpu_rows_v4;
    cpu->wino = &sg_cpu_wino_v4;
  } else if (v3 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    cpu->rows = &sg_cpu_rows_v3;
    cpu->wino = &sg_cpu_wino_v3;
  }
#endif
  cpu->block = cpu->rows->block;
}

void
sg_backend_cpu_keep_memory(void)
{
  g_mutex_lock(&pool.lock);
  pool.limit = POOL_BYTES_TRAINING;
  g_mutex_unlock(&pool.lock);
}

/* More serve nobody, and OpenMP ends the program where the system gives it no more. */
static int
most_threads(void)
{
  return MAX(64, 4 * omp_get_num_procs());
}

void
sg_backend_cpu_set_threads(int n)
{
  omp_set_num_threads(CLAMP(n, 1, most_threads()));
}

void
sg_backend_cpu_limit_threads(void)
{
  if (omp_get_max_threads() > most_threads())
    omp_set_num_threads(most_threads());
}

/* The kernels; what differs by precision looks at SgCpuBackend.bf16. */
static const SgBackend table = {
    .name = "cpu",
    .element = sizeof(float),
    .buf_alloc = cpu_buf_alloc,
    .buf_release = cpu_buf_release,
    .trim = cpu_trim,
    .upload = cpu_upload,
    .download = cpu_download,
    .copy = cpu_copy,
    .broadcast = cpu_broadcast,
    .conv_new = cpu_conv_new,
    .conv_free = cpu_conv_free,
    .conv_run = cpu_conv_run,
    .dense = cpu_dense,
    .normalize = cpu_normalize,
    .demod = cpu_demod,
    .fir = cpu_fir,
    .add = cpu_add,
    .to_rgb = cpu_to_rgb,
    .from_rgb = cpu_from_rgb,
    .bilinear_up = cpu_bilinear_up,
    .minibatch_std = cpu_minibatch_std,
    .adain = cpu_adain,
    .filtered = cpu_filtered,
    .describe = cpu_describe,
    .conv = cpu_train_conv,
    .matmul = cpu_matmul,
    .combine = cpu_combine,
    .mul = cpu_mul,
    .map = cpu_map,
    .scale = cpu_scale,
    .dot = cpu_dot,
    .expand = cpu_expand,
    .sum_to = cpu_sum_to,
    .epilogue = cpu_train_epilogue,
    .epilogue_grad = cpu_epilogue_grad,
    .rgb = cpu_rgb,
    .channels = cpu_channels,
    .augment = cpu_augment,
    .adam = cpu_adam,
};

static SgCpuBackend exact = {.base.name = NULL}, halves = {.base.name = NULL};

SgBackend *
sg_backend_cpu(void)
{
  static gsize once;
  if (g_once_init_enter(&once)) {
    exact.base = table;
    choose_kernels(&exact);
    g_once_init_leave(&once, 1);
  }
  return &exact.base;
}

static gboolean
set_precision(SgBackend *b, SgPrecision precision, GError **error)
{
  if (precision != SG_PRECISION_FP32 && precision != SG_PRECISION_BF16) {
    g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DEVICE,
                "precision %s needs a CUDA device; the CPU computes in fp32 or bf16",
                sg_precision_names[precision]);
    return FALSE;
  }
  gboolean bf16 = precision == SG_PRECISION_BF16;
  if (CPU(b)->bf16 != bf16) {
    CPU(b)->bf16 = bf16;
    b->settings++;
  }
  return TRUE;
}

SgBackend *
sg_backend_cpu_bf16(GError **error)
{
  static gsize once;
  if (!sg_amx_find(error))
    return NULL;
  if (g_once_init_enter(&once)) {
    halves.base = table;
    halves.base.set_precision = set_precision;
    halves.bf16 = TRUE;
    choose_kernels(&halves);
    g_once_init_leave(&once, 1);
  }
  return &halves.base;
}

SgBackend *
sg_backend_rough(const SgBackend *b)
{
  return b == &exact.base ? sg_backend_cpu_bf16(NULL) : NULL;
}

gboolean
sg_backend_is_cpu(const SgBackend *b)
{
  return b == &exact.base || b == &halves.base;
}
