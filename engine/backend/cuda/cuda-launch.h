/* How kernels are launched and how they find their work; for .cu files.
 *
 * A kernel whose threads wait for each other (block_sum) is launched with CU_LAUNCH_SUMS, any other
 * one with CU_LAUNCH: to the device that is the same, but tests/cuda-on-host, which runs a grid as
 * loops on the CPU, has less to do for the second kind. */
#pragma once

#include "engine/backend/cuda/cuda-private.h"
#include "engine/kernels/element.h"

#ifdef __CUDACC__
#  define CU_LAUNCH(backend, kernel, grid, block, ...)                                             \
    do {                                                                                           \
      kernel<<<grid, block, 0, cuda_stream(backend)>>>(__VA_ARGS__);                               \
      cuda_note(backend, cudaGetLastError(), #kernel);                                             \
    } while (0)
#  define CU_LAUNCH_SUMS CU_LAUNCH
#endif

/* Planes of pixels: a thread takes every so manieth pixel of every so manieth plane. Blocks are
 * wide where planes are large and high where they are small. */
#define EACH_PLANE(p, planes)                                                                      \
  for (unsigned p = blockIdx.y * blockDim.y + threadIdx.y; p < (planes);                           \
       p += gridDim.y * blockDim.y)
#define EACH_PIXEL(i, pixels)                                                                      \
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < (pixels);                           \
       i += gridDim.x * blockDim.x)
#define EACH_NUMBER(i, count)                                                                      \
  for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < (count);                      \
       i += (size_t)gridDim.x * blockDim.x)

static inline unsigned
cu_ceil(size_t a, size_t b, size_t most)
{
  size_t n = (a + b - 1) / b;
  return (unsigned)(n > most ? most : n < 1 ? 1 : n);
}

/* For EACH_NUMBER. */
static inline dim3
cu_flat_grid(size_t count)
{
  return dim3(cu_ceil(count, CU_THREADS, 1 << 20));
}

/* For EACH_PLANE and EACH_PIXEL. */
static inline dim3
cu_plane_block(unsigned pixels)
{
  unsigned x = 1;
  while (x < pixels && x < CU_THREADS)
    x *= 2;
  return dim3(x, CU_THREADS / x);
}

static inline dim3
cu_plane_grid(unsigned planes, unsigned pixels)
{
  dim3 block = cu_plane_block(pixels);
  return dim3(cu_ceil(pixels, block.x, 4096), cu_ceil(planes, block.y, 65535));
}

#define CU_PLANES(backend, kernel, planes, pixels, ...)                                            \
  CU_LAUNCH(backend, kernel, cu_plane_grid(planes, pixels), cu_plane_block(pixels), __VA_ARGS__)

/* The sum of v over the block's CU_THREADS threads, the same in each of them. The order does not
 * change from run to run. */
template <typename T>
static __device__ T
block_sum(T v)
{
  __shared__ T part[32];
  unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;

  for (int step = 16; step > 0; step /= 2)
    v += __shfl_xor_sync(0xffffffffu, v, step);
  __syncthreads(); /* `part` may still be read for the last sum */
  if (lane == 0)
    part[warp] = v;
  __syncthreads();
  T sum = 0;
  for (unsigned i = 0; i < CU_THREADS / 32; i++)
    sum += part[i];
  return sum;
}

/* ---- buffers as kernels see them ------------------------------------------------------------- */

/* A value for each sample and channel, or for each channel of all samples. */
typedef struct {
  const float *v;   /* or NULL */
  unsigned samples; /* 1: the same for all */
} PerChannel;

static inline PerChannel
per_channel(const SgBuf *b)
{
  PerChannel p = {b ? (const float *)b->data : NULL, b ? (unsigned)b->n : 1};
  return p;
}

static __device__ __forceinline__ float
at_channel(PerChannel p, unsigned n, unsigned c, unsigned channels, float otherwise)
{
  return p.v ? p.v[(p.samples > 1 ? n * channels : 0) + c] : otherwise;
}

static inline float *
floats(const SgBuf *b)
{
  return b ? (float *)b->data : NULL;
}

static inline unsigned
planes_of(const SgBuf *b)
{
  return (unsigned)b->n * (unsigned)b->c;
}

static inline unsigned
pixels_of(const SgBuf *b)
{
  return (unsigned)b->h * (unsigned)b->w;
}

/* ---- walks ----------------------------------------------------------------------------------- */

/* Where the numbers of [n, c, h, w] lie that are read in order. */
typedef struct {
  unsigned size[4]; /* n, c, h, w */
  size_t step[4];
} Walk;

template <typename T>
static __device__ __forceinline__ size_t
walk_as(const Walk &a, T i)
{
  size_t at = i % a.size[3] * a.step[3];
  i /= a.size[3];
  at += i % a.size[2] * a.step[2];
  i /= a.size[2];
  at += i % a.size[1] * a.step[1];
  return at + i / a.size[1] * a.step[0];
}

/* Where number i lies. A division of 64 bits takes several times as long as the rest. */
static __device__ __forceinline__ size_t
walk(const Walk &a, size_t i)
{
  return i >> 32 ? walk_as(a, i) : walk_as(a, (unsigned)i);
}

/* ---- the epilogue ---------------------------------------------------------------------------- */

typedef struct {
  PerChannel scale, bias;
  const float *noise;    /* [samples, pixels] or NULL */
  const float *strength; /* one number or NULL */
  unsigned noise_samples, channels, pixels;
  float noise_strength, slope, gain, clamp;
} Epilogue;

/* e may be NULL: nothing. */
static inline Epilogue
epilogue_of(const SgEpilogue *e, const SgBuf *y)
{
  static const SgEpilogue nothing = {NULL, NULL, 0, NULL, 1, 1, -1, NULL};
  e = e ? e : &nothing;
  Epilogue k = {per_channel(e->scale),
                per_channel(e->bias),
                floats(e->noise),
                floats(e->strength),
                e->noise ? (unsigned)e->noise->n : 1,
                (unsigned)y->c,
                pixels_of(y),
                e->noise_strength,
                e->slope,
                e->gain,
                e->clamp};
  return k;
}

/* Applies the epilogue to number `pixel` of plane `plane`. */
static __device__ __forceinline__ float
apply_epilogue(Epilogue e, float v, unsigned plane, unsigned pixel)
{
  unsigned n = plane / e.channels, c = plane % e.channels;

  v *= at_channel(e.scale, n, c, e.channels, 1);
  if (e.noise)
    v += e.noise[(e.noise_samples > 1 ? (size_t)n * e.pixels : 0) + pixel] *
         (e.noise_strength * (e.strength ? *e.strength : 1));
  v = k_lrelu(v + at_channel(e.bias, 0, c, e.channels, 0), e.slope, e.gain);
  return e.clamp >= 0 ? k_clamp(v, e.clamp) : v;
}
