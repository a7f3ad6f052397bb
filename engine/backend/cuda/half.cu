/* To 16 bits and back: [N, C, H, W] floats become [N, H, W, C] halves, the order that tensor cores
 * read, times a power of two that brings the largest to between a half and 1. */
#include "engine/backend/cuda/cuda-launch.h"
#include "engine/kernels/half.h"

#define TILE    32
#define ROWS    (CU_THREADS / TILE)
#define SAMPLES 4096

static __device__ __forceinline__ uint16_t
encode(float v, int type)
{
  return type == CU_FP16 ? k_to_fp16(v) : k_to_bf16(v);
}

static __device__ __forceinline__ float
decode(uint16_t v, int type)
{
  return type == CU_FP16 ? k_from_fp16(v) : k_from_bf16(v);
}

/* ---- the scale ------------------------------------------------------------------------------- */

/* The largest of the block's threads, the same in each. */
static __device__ float
block_max(float v)
{
  __shared__ float part[32];
  unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;

  for (int step = 16; step > 0; step /= 2)
    v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, step));
  if (lane == 0)
    part[warp] = v;
  __syncthreads();
  for (unsigned i = 0; i < CU_THREADS / 32; i++)
    v = fmaxf(v, part[i]);
  return v;
}

static __global__ void
maxima_kernel(float *maxima, const float *x, size_t count)
{
  float v = 0;
  EACH_NUMBER(i, count)
  {
    v = fmaxf(v, fabsf(x[i]));
  }
  v = block_max(v);
  if (threadIdx.x == 0)
    maxima[blockIdx.x] = v;
}

/* scale[0] = 2^-e for a largest of m 2^e, m between a half and 1; scale[1] = 2^e. */
static __global__ void
scale_kernel(float *scale, const float *maxima, unsigned count)
{
  float v = 0;
  int e = 0;

  for (unsigned i = threadIdx.x; i < count; i += CU_THREADS)
    v = fmaxf(v, maxima[i]);
  v = block_max(v);
  if (threadIdx.x != 0)
    return;
  if (v > 0 && v <= 3.4028234e38f)
    frexpf(v, &e);
  e = e < -120 ? -120 : e > 120 ? 120 : e;
  scale[0] = ldexpf(1, -e);
  scale[1] = ldexpf(1, e);
}

void
cuda_half_scale(SgBackend *b, float *scale, float *maxima, const float *x, gsize count)
{
  unsigned blocks = cu_ceil(count, CU_THREADS * 8, CU_MAXIMA);

  CU_LAUNCH_SUMS(b, maxima_kernel, blocks, CU_THREADS, maxima, x, count);
  CU_LAUNCH_SUMS(b, scale_kernel, 1, CU_THREADS, scale, maxima, blocks);
}

/* ---- the order ------------------------------------------------------------------------------- */

static __global__ void
pack_kernel(uint16_t *to, const float *from, const float *scale, unsigned samples,
            unsigned channels, unsigned pixels, int type)
{
  __shared__ float tile[TILE][TILE + 1];
  unsigned p0 = blockIdx.x * TILE, c0 = blockIdx.y * TILE, x = threadIdx.x;
  float s = scale ? *scale : 1;

  for (unsigned n = blockIdx.z; n < samples; n += gridDim.z) {
    for (unsigned y = threadIdx.y; y < TILE; y += ROWS)
      if (c0 + y < channels && p0 + x < pixels)
        tile[y][x] = from[((size_t)n * channels + c0 + y) * pixels + p0 + x] * s;
    __syncthreads();
    for (unsigned y = threadIdx.y; y < TILE; y += ROWS)
      if (c0 + x < channels && p0 + y < pixels)
        to[((size_t)n * pixels + p0 + y) * channels + c0 + x] = encode(tile[x][y], type);
    __syncthreads();
  }
}

/* a and b: factors on the device, or NULL. */
static __global__ void
unpack_kernel(float *to, const uint16_t *from, float factor, const float *a, const float *b,
              unsigned samples, unsigned channels, unsigned pixels, int type)
{
  __shared__ float tile[TILE][TILE + 1];
  unsigned p0 = blockIdx.x * TILE, c0 = blockIdx.y * TILE, x = threadIdx.x;
  float fa = a ? *a : 1, fb = b ? *b : 1;

  for (unsigned n = blockIdx.z; n < samples; n += gridDim.z) {
    for (unsigned y = threadIdx.y; y < TILE; y += ROWS)
      if (c0 + x < channels && p0 + y < pixels)
        tile[y][x] = decode(from[((size_t)n * pixels + p0 + y) * channels + c0 + x], type);
    __syncthreads();
    /* One factor after the other: their product may be more than float holds. */
    for (unsigned y = threadIdx.y; y < TILE; y += ROWS)
      if (c0 + y < channels && p0 + x < pixels)
        to[((size_t)n * channels + c0 + y) * pixels + p0 + x] = tile[x][y] * factor * fa * fb;
    __syncthreads();
  }
}

static dim3
tiles(unsigned samples, unsigned channels, unsigned pixels)
{
  return dim3((pixels + TILE - 1) / TILE, (channels + TILE - 1) / TILE,
              samples > SAMPLES ? SAMPLES : samples);
}

void
cuda_half_pack(SgBackend *b, CudaType type, gpointer to, const float *from, const float *scale,
               int samples, int channels, int pixels)
{
  CU_LAUNCH_SUMS(b, pack_kernel,
                 tiles((unsigned)samples, (unsigned)channels, (unsigned)pixels), dim3(TILE, ROWS),
                 (uint16_t *)to, from, scale, (unsigned)samples, (unsigned)channels,
                 (unsigned)pixels, (int)type);
}

void
cuda_half_unpack(SgBackend *b, CudaType type, float *to, gconstpointer from, float factor,
                 const float *first, const float *second, int samples, int channels, int pixels)
{
  CU_LAUNCH_SUMS(b, unpack_kernel,
                 tiles((unsigned)samples, (unsigned)channels, (unsigned)pixels), dim3(TILE, ROWS), to,
                 (const uint16_t *)from, factor, first, second, (unsigned)samples,
                 (unsigned)channels, (unsigned)pixels, (int)type);
}
