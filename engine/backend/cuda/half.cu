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
maxima_kernel(float *maxima, const float *x, PerChannel style, unsigned planes, unsigned channels,
              size_t pixels)
{
  float v = 0;

  for (unsigned p = blockIdx.y; p < planes; p += gridDim.y) {
    const float *from = x + p * pixels;
    float s = at_channel(style, p / channels, p % channels, channels, 1);
    EACH_NUMBER(i, pixels)
    {
      v = fmaxf(v, fabsf(from[i] * s));
    }
  }
  v = block_max(v);
  if (threadIdx.x == 0)
    maxima[blockIdx.y * gridDim.x + blockIdx.x] = v;
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
cuda_half_scale(float *scale, float *maxima, const SgBuf *x, const SgBuf *style)
{
  SgBackend *b = x->backend;
  unsigned planes = style ? planes_of(x) : 1, channels = style ? (unsigned)x->c : 1;
  size_t pixels = sg_buf_count(x) / planes;
  unsigned across = cu_ceil(pixels, CU_THREADS * 8, CU_MAXIMA);
  unsigned down = cu_ceil(planes, 1, CU_MAXIMA / across);

  CU_LAUNCH_SUMS(b, maxima_kernel, dim3(across, down), CU_THREADS, maxima, floats(x),
                 per_channel(style), planes, channels, pixels);
  CU_LAUNCH_SUMS(b, scale_kernel, 1, CU_THREADS, scale, maxima, across * down);
}

/* ---- the order ------------------------------------------------------------------------------- */

/* One picture of [samples, channels, pixels]. */
typedef struct {
  unsigned samples, channels, pixels;
} Extent;

static inline Extent
extent_of(const SgBuf *x)
{
  Extent e = {(unsigned)x->n, (unsigned)x->c, pixels_of(x)};
  return e;
}

static __global__ void
pack_kernel(uint16_t *to, const float *from, const float *scale, PerChannel style, Extent x,
            int type)
{
  __shared__ float tile[TILE][TILE + 1];
  unsigned p0 = blockIdx.x * TILE, c0 = blockIdx.y * TILE, lane = threadIdx.x;
  float s = scale ? *scale : 1;

  for (unsigned n = blockIdx.z; n < x.samples; n += gridDim.z) {
    for (unsigned y = threadIdx.y; y < TILE; y += ROWS)
      if (c0 + y < x.channels && p0 + lane < x.pixels)
        tile[y][lane] = from[((size_t)n * x.channels + c0 + y) * x.pixels + p0 + lane] *
                        at_channel(style, n, c0 + y, x.channels, 1) * s;
    __syncthreads();
    for (unsigned y = threadIdx.y; y < TILE; y += ROWS)
      if (c0 + lane < x.channels && p0 + y < x.pixels)
        to[((size_t)n * x.pixels + p0 + y) * x.channels + c0 + lane] = encode(tile[lane][y], type);
    __syncthreads();
  }
}

/* One factor after the other: their product may be more than float holds. */
static __device__ __forceinline__ float
number(const CudaHalves &from, size_t at, float first, float second)
{
  return decode(from.v[at], from.type) * from.factor * first * second;
}

static __device__ __forceinline__ float
factor(const float *f)
{
  return f ? *f : 1;
}

static __global__ void
unpack_kernel(float *to, CudaHalves from, Epilogue e, bool ends, Extent x)
{
  __shared__ float tile[TILE][TILE + 1];
  unsigned p0 = blockIdx.x * TILE, c0 = blockIdx.y * TILE, lane = threadIdx.x;
  float first = factor(from.first), second = factor(from.second);

  for (unsigned n = blockIdx.z; n < x.samples; n += gridDim.z) {
    for (unsigned y = threadIdx.y; y < TILE; y += ROWS)
      if (c0 + lane < x.channels && p0 + y < x.pixels)
        tile[y][lane] =
            number(from, ((size_t)n * x.pixels + p0 + y) * x.channels + c0 + lane, first, second);
    __syncthreads();
    for (unsigned y = threadIdx.y; y < TILE; y += ROWS)
      if (c0 + y < x.channels && p0 + lane < x.pixels) {
        unsigned plane = n * x.channels + c0 + y;
        float v = tile[lane][y];
        to[(size_t)plane * x.pixels + p0 + lane] =
            ends ? apply_epilogue(e, v, plane, p0 + lane) : v;
      }
    __syncthreads();
  }
}

/* ---- the FIR filter on the way back ---------------------------------------------------------- */

#define STRIP      16 /* rows of the result that a block makes */
#define PER_THREAD (TILE / ROWS)

typedef struct {
  int h, w; /* of the result; what it is made of is one larger */
  unsigned samples, channels;
} Blurred;

/* Row y of 32 channels from c0 on, TILE + 3 columns from x on; zeros beyond the borders. */
static __device__ __forceinline__ void
load_row(float row[TILE][TILE + 5], const CudaHalves &from, float first, float second,
         const Blurred &b, unsigned n, unsigned c0, int y, int x)
{
  unsigned c = c0 + threadIdx.x;

  for (unsigned k = threadIdx.y; k < TILE + 3; k += ROWS) {
    int at = x + (int)k;
    bool inside = y >= 0 && y <= b.h && at >= 0 && at <= b.w && c < b.channels;
    size_t pixel = inside ? ((size_t)n * (b.h + 1) + y) * (b.w + 1) + at : 0;
    row[threadIdx.x][k] = inside ? number(from, pixel * b.channels + c, first, second) : 0;
  }
}

/* SG_FIR_BLUR_AFTER_UP: pad 1, gain 4. Rows come one after the other; of the last four each thread
 * holds what the filter's horizontal half makes of them, for PER_THREAD channels of its column. */
static __global__ void
blur_kernel(float *to, CudaHalves from, Epilogue e, bool ends, Blurred b)
{
  __shared__ float row[TILE][TILE + 5]; /* an odd step: no two lanes meet in one bank */
  int columns = (b.w + TILE - 1) / TILE, lane = (int)threadIdx.x;
  int x0 = (int)blockIdx.x % columns * TILE, y0 = (int)blockIdx.x / columns * STRIP;
  int rows = (y0 + STRIP < b.h ? STRIP : b.h - y0) + 3;
  unsigned c0 = blockIdx.y * TILE;
  float first = factor(from.first), second = factor(from.second);

  for (unsigned n = blockIdx.z; n < b.samples; n += gridDim.z) {
    float v[PER_THREAD][4] = {};
    for (int r = 0; r < rows; r++) {
      load_row(row, from, first, second, b, n, c0, y0 + r - 1, x0 - 1);
      __syncthreads();
      for (int j = 0; j < PER_THREAD; j++) {
        const float *x = &row[(int)threadIdx.y + j * ROWS][lane];
        for (int k = 0; k < 3; k++)
          v[j][k] = v[j][k + 1];
        v[j][3] = k_fir4(x[0], x[1], x[2], x[3], 1);
      }
      __syncthreads();
      for (int j = 0; j < PER_THREAD; j++) {
        unsigned c = c0 + threadIdx.y + (unsigned)(j * ROWS), plane = n * b.channels + c;
        unsigned at = (unsigned)((y0 + r - 3) * b.w + x0 + lane);
        if (r < 3 || x0 + lane >= b.w || c >= b.channels)
          continue;
        float sum = k_fir4(v[j][0], v[j][1], v[j][2], v[j][3], 4);
        to[(size_t)plane * b.h * b.w + at] = ends ? apply_epilogue(e, sum, plane, at) : sum;
      }
    }
  }
}

/* ---- asking for it --------------------------------------------------------------------------- */

static dim3
tiles(const SgBuf *x, unsigned across)
{
  unsigned samples = (unsigned)x->n;
  return dim3(across, ((unsigned)x->c + TILE - 1) / TILE, samples > SAMPLES ? SAMPLES : samples);
}

static unsigned
pixel_tiles(const SgBuf *x)
{
  return (pixels_of(x) + TILE - 1) / TILE;
}

void
cuda_half_pack(CudaType type, gpointer to, const SgBuf *x, const float *scale, const SgBuf *style)
{
  CU_LAUNCH_SUMS(x->backend, pack_kernel, tiles(x, pixel_tiles(x)), dim3(TILE, ROWS),
                 (uint16_t *)to, floats(x), scale, per_channel(style), extent_of(x), (int)type);
}

void
cuda_half_unpack(SgBuf *y, const CudaHalves *from, const SgEpilogue *e)
{
  CU_LAUNCH_SUMS(y->backend, unpack_kernel, tiles(y, pixel_tiles(y)), dim3(TILE, ROWS), floats(y),
                 *from, epilogue_of(e, y), e != NULL, extent_of(y));
}

void
cuda_half_blur(SgBuf *y, const CudaHalves *from, const SgEpilogue *e)
{
  Blurred b = {y->h, y->w, (unsigned)y->n, (unsigned)y->c};
  unsigned across = (unsigned)((y->w + TILE - 1) / TILE) * (unsigned)((y->h + STRIP - 1) / STRIP);
  CU_LAUNCH_SUMS(y->backend, blur_kernel, tiles(y, across), dim3(TILE, ROWS), floats(y), *from,
                 epilogue_of(e, y), e != NULL, b);
}
