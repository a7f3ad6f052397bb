/* FIR filters, bilinear doubling, and the 1×1 convolutions between pictures and activations. */
#include "engine/backend/cuda/cuda-launch.h"
#include <string.h>

#define MAX_RGB 4

/* ---- FIR ------------------------------------------------------------------------------------- */

typedef struct {
  int up, down, pad; /* as in upfirdn: insert zeros, pad, filter, keep every down-th */
  float gain;
} Fir;

typedef struct {
  int h, w; /* of the input */
  int oh, ow;
} FirSize;

/* Tap i of output position o reads this input position, or -1. */
static __device__ __forceinline__ int
fir_source(int o, int i, const Fir &f, int size)
{
  int at = o * f.down + i - f.pad;
  return at < 0 || at % f.up || at / f.up >= size ? -1 : at / f.up;
}

static __device__ float
fir_row(const float *row, const int x[4])
{
  return k_fir4(x[0] < 0 ? 0 : row[x[0]], x[1] < 0 ? 0 : row[x[1]], x[2] < 0 ? 0 : row[x[2]],
                x[3] < 0 ? 0 : row[x[3]], 1);
}

static __global__ void
fir_kernel(float *to, const float *from, Fir f, FirSize s, unsigned planes)
{
  EACH_PLANE(p, planes)
  {
    const float *in = from + (size_t)p * s.h * s.w;
    EACH_PIXEL(i, (unsigned)(s.oh * s.ow))
    {
      int oy = (int)i / s.ow, ox = (int)i % s.ow, x[4];
      float v[4];
      for (int k = 0; k < 4; k++)
        x[k] = fir_source(ox, k, f, s.w);
      for (int k = 0; k < 4; k++) {
        int y = fir_source(oy, k, f, s.h);
        v[k] = y < 0 ? 0 : fir_row(in + (size_t)y * s.w, x);
      }
      to[(size_t)p * s.oh * s.ow + i] = k_fir4(v[0], v[1], v[2], v[3], f.gain);
    }
  }
}

/* Rows of one column that a thread filters: each row that it reads serves four of its results. */
#define BLUR_ROWS 4

/* The filter's horizontal half for column ox of row y. */
static __device__ __forceinline__ float
blur_row(const float *plane, int y, int ox, int pad, const FirSize &s)
{
  int x[4];
  for (int k = 0; k < 4; k++)
    x[k] = ox + k - pad < s.w ? ox + k - pad : -1;
  return y < 0 || y >= s.h ? 0 : fir_row(plane + (size_t)y * s.w, x);
}

/* Filters that keep the scale, and what follows them where it does (`ends`): what has been read is
 * not written and read again. */
static __global__ void
blur_kernel(float *to, const float *from, Fir f, FirSize s, Epilogue e, bool ends, unsigned planes)
{
  unsigned strips = (unsigned)(s.oh + BLUR_ROWS - 1) / BLUR_ROWS * (unsigned)s.ow;

  EACH_PLANE(p, planes)
  {
    const float *in = from + (size_t)p * s.h * s.w;
    EACH_PIXEL(i, strips)
    {
      int ox = (int)i % s.ow, first = (int)i / s.ow * BLUR_ROWS;
      float v[4];
      for (int k = 0; k < 3; k++)
        v[k] = blur_row(in, first + k - f.pad, ox, f.pad, s);
      for (int oy = first; oy < first + BLUR_ROWS && oy < s.oh; oy++) {
        unsigned at = (unsigned)(oy * s.ow + ox);
        v[3] = blur_row(in, oy + 3 - f.pad, ox, f.pad, s);
        float sum = k_fir4(v[0], v[1], v[2], v[3], f.gain);
        to[(size_t)p * s.oh * s.ow + at] = ends ? apply_epilogue(e, sum, p, at) : sum;
        for (int k = 0; k < 3; k++)
          v[k] = v[k + 1];
      }
    }
  }
}

void
cuda_fir_epilogue(SgBuf *y, const SgBuf *x, SgFir mode, const SgEpilogue *e)
{
  static const Fir filters[] = {/* in the order of SgFir */
                                {1, 1, 1, 4}, {1, 1, 2, 1}, {2, 1, 2, 4}, {1, 2, 1, 1},
                                {1, 1, 2, 4}, {1, 1, 1, 1}, {1, 2, 1, 4}, {2, 1, 2, 1}};
  FirSize s = {x->h, x->w, y->h, y->w};
  Fir f = filters[mode];
  unsigned planes = planes_of(y), pixels = pixels_of(y);

  if (f.up == 1 && f.down == 1) {
    CU_PLANES(y->backend, blur_kernel, planes, (pixels + BLUR_ROWS - 1) / BLUR_ROWS, floats(y),
              floats(x), f, s, epilogue_of(e, y), e != NULL, planes);
    return;
  }
  CU_PLANES(y->backend, fir_kernel, planes, pixels, floats(y), floats(x), f, s, planes);
  if (e)
    cuda_epilogue(y, y, e);
}

void
cuda_fir(SgBuf *y, const SgBuf *x, SgFir mode)
{
  cuda_fir_epilogue(y, x, mode, NULL);
}

static __global__ void
bilinear_kernel(float *to, const float *from, int h, int w, unsigned planes)
{
  EACH_PLANE(p, planes)
  {
    const float *in = from + (size_t)p * h * w;
    EACH_PIXEL(i, (unsigned)(4 * h * w))
    {
      int oy = (int)i / (2 * w), ox = (int)i % (2 * w);
      float sy = fmaxf((float)oy * 0.5f - 0.25f, 0), sx = fmaxf((float)ox * 0.5f - 0.25f, 0);
      int y0 = (int)sy, x0 = (int)sx, y1 = min(y0 + 1, h - 1), x1 = min(x0 + 1, w - 1);
      float ty = sy - (float)y0, tx = sx - (float)x0;
      float top = in[y0 * w + x0] * (1 - tx) + in[y0 * w + x1] * tx;
      float bottom = in[y1 * w + x0] * (1 - tx) + in[y1 * w + x1] * tx;
      to[(size_t)p * 4 * h * w + i] = top * (1 - ty) + bottom * ty;
    }
  }
}

void
cuda_bilinear_up(SgBuf *y, const SgBuf *x)
{
  unsigned planes = planes_of(y);
  g_assert(y->h == 2 * x->h && y->w == 2 * x->w);
  CU_PLANES(y->backend, bilinear_kernel, planes, pixels_of(y), floats(y), floats(x), x->h, x->w,
            planes);
}

/* ---- 1×1: activations -> picture ------------------------------------------------------------- */

typedef struct {
  float *img;
  const float *add, *x, *style, *bias;
  const float *w;                    /* [K, C] of every sample, w_sample apart */
  size_t w_sample;                   /* 0: one for all */
  unsigned channels, planes, pixels; /* C, K */
  float clamp;
} ToRgb;

static __device__ __forceinline__ void
add_channel(float sum[MAX_RGB], const ToRgb &t, unsigned n, unsigned c, unsigned i)
{
  const float *w = t.w + n * t.w_sample + c;
  float v = t.x[((size_t)n * t.channels + c) * t.pixels + i] *
            (t.style ? t.style[n * t.channels + c] : 1);

  for (unsigned k = 0; k < MAX_RGB; k++)
    if (k < t.planes)
      sum[k] += v * w[k * t.channels];
}

static __device__ __forceinline__ void
put_rgb(const ToRgb &t, unsigned n, unsigned k, unsigned i, float sum)
{
  size_t at = ((size_t)n * t.planes + k) * t.pixels + i;
  float v = sum + (t.bias ? t.bias[k] : 0);
  v = t.clamp >= 0 ? k_clamp(v, t.clamp) : v;
  t.img[at] = (t.add ? t.add[at] : 0) + v;
}

/* "Planes" are samples here. */
static __global__ void
to_rgb_kernel(ToRgb t, unsigned samples)
{
  EACH_PLANE(n, samples)
  {
    EACH_PIXEL(i, t.pixels)
    {
      float sum[MAX_RGB] = {0, 0, 0, 0};
      for (unsigned c = 0; c < t.channels; c++)
        add_channel(sum, t, n, c, i);
      for (unsigned k = 0; k < MAX_RGB; k++)
        if (k < t.planes)
          put_rgb(t, n, k, i, sum[k]);
    }
  }
}

/* Pictures so small that a thread for each pixel leaves the device idle. */
#define FEW_PIXELS  4096
#define SPLIT       8 /* threads to a pixel */
#define PIXELS_WIDE (CU_THREADS / SPLIT)

static __global__ void
to_rgb_few_kernel(ToRgb t, unsigned samples)
{
  __shared__ float part[MAX_RGB][SPLIT][PIXELS_WIDE];
  unsigned i = blockIdx.x * PIXELS_WIDE + threadIdx.x;

  for (unsigned n = blockIdx.y; n < samples; n += gridDim.y) {
    float sum[MAX_RGB] = {0, 0, 0, 0};
    for (unsigned c = threadIdx.y; c < t.channels && i < t.pixels; c += SPLIT)
      add_channel(sum, t, n, c, i);
    for (unsigned k = 0; k < MAX_RGB; k++)
      part[k][threadIdx.y][threadIdx.x] = sum[k];
    __syncthreads();
    if (threadIdx.y < t.planes && i < t.pixels) {
      float all = 0;
      for (unsigned s = 0; s < SPLIT; s++)
        all += part[threadIdx.y][s][threadIdx.x];
      put_rgb(t, n, threadIdx.y, i, all);
    }
    __syncthreads();
  }
}

static void
launch_to_rgb(const SgBuf *x, ToRgb t)
{
  unsigned samples = (unsigned)x->n;
  g_assert(t.planes <= MAX_RGB);
  if (t.pixels <= FEW_PIXELS)
    CU_LAUNCH_SUMS(x->backend, to_rgb_few_kernel,
                   dim3(cu_ceil(t.pixels, PIXELS_WIDE, FEW_PIXELS), MIN(samples, 65535)),
                   dim3(PIXELS_WIDE, SPLIT), t, samples);
  else
    CU_PLANES(x->backend, to_rgb_kernel, samples, t.pixels, t, samples);
}

void
cuda_to_rgb(SgBuf *img, const SgBuf *add, const SgBuf *x, const SgBuf *s, const SgBuf *w,
            const SgBuf *bias, float clamp)
{
  ToRgb t = {floats(img), floats(add),    floats(x),        floats(s),    floats(bias), floats(w),
             0,           (unsigned)x->c, (unsigned)img->c, pixels_of(x), clamp};
  launch_to_rgb(x, t);
}

/* ---- picture -> bytes ------------------------------------------------------------------------ */

typedef struct {
  unsigned char *rgb;
  int *bad; /* becomes 1 where a number is not finite */
  const float *img;
  unsigned planes, h, w, edge, seen_h, seen_w;
} Rgb8;

static __global__ void
rgb8_kernel(Rgb8 t, unsigned samples)
{
  EACH_PLANE(n, samples)
  {
    const float *img = t.img + (size_t)n * t.planes * t.h * t.w;
    EACH_PIXEL(i, t.seen_h * t.seen_w)
    {
      size_t at = (size_t)(t.edge + i / t.seen_w) * t.w + t.edge + i % t.seen_w;
      unsigned bytes = k_drawn_bytes(t.planes);
      unsigned char *to = t.rgb + ((size_t)n * t.seen_h * t.seen_w + i) * bytes;
      for (unsigned k = 0; k < t.planes; k++)
        if (!isfinite(img[(size_t)k * t.h * t.w + at]))
          *t.bad = 1;
      for (unsigned k = 0; k < bytes; k++)
        to[k] = k_rgb8(img[(size_t)k_drawn_channel(t.planes, k) * t.h * t.w + at]);
    }
  }
}

/* The flag lies behind the bytes, and comes with them. */
void
cuda_rgb8(const SgBuf *img, int edge, int h, int w, guint8 *rgb, gboolean *finite)
{
  SgBackend *b = img->backend;
  size_t bytes = (size_t)img->n * h * w * k_drawn_bytes((unsigned)img->c), flag = (bytes + 3) / 4 * 4;
  g_autofree char *all = (char *)g_malloc(flag + sizeof(int));
  gsize taken = 0;
  GError *error = NULL;
  char *on_device = (char *)cuda_pool_take(b, flag + sizeof(int), &taken, &error);

  memset(all, 0, flag + sizeof(int));
  if (on_device) {
    Rgb8 t = {
        (unsigned char *)on_device, (int *)(on_device + flag), floats(img),    (unsigned)img->c,
        (unsigned)img->h,           (unsigned)img->w,          (unsigned)edge, (unsigned)h,
        (unsigned)w};
    cuda_note(b, cudaMemsetAsync(on_device + flag, 0, sizeof(int), cuda_stream(b)), "clear");
    CU_PLANES(b, rgb8_kernel, (unsigned)img->n, t.seen_h * t.seen_w, t, (unsigned)img->n);
    cuda_fetch(b, all, on_device, flag + sizeof(int));
  } else {
    cuda_note_error(b, error);
  }
  cuda_pool_give(b, on_device, taken);
  memcpy(rgb, all, bytes);
  *finite = !*(int *)(all + flag);
}

/* ---- picture -> activations ------------------------------------------------------------------ */

typedef struct {
  float *y;
  const float *img, *w;
  size_t w_sample, w_plane, w_channel; /* steps; w_sample 0: one for all */
  unsigned channels, planes, pixels;
  float gain;
} FromRgb;

static __device__ float
from_rgb_sum(const FromRgb &t, unsigned n, unsigned c, unsigned i)
{
  float sum = 0;
  for (unsigned k = 0; k < t.planes; k++)
    sum += t.img[((size_t)n * t.planes + k) * t.pixels + i] *
           t.w[n * t.w_sample + k * t.w_plane + c * t.w_channel];
  return sum * t.gain;
}

static __global__ void
from_rgb_kernel(FromRgb t, Epilogue e, bool accumulate, unsigned all)
{
  EACH_PLANE(p, all)
  {
    EACH_PIXEL(i, t.pixels)
    {
      size_t at = (size_t)p * t.pixels + i;
      float v = from_rgb_sum(t, p / t.channels, p % t.channels, i);
      t.y[at] = (accumulate ? t.y[at] : 0) + apply_epilogue(e, v, p, i);
    }
  }
}

static void
launch_from_rgb(SgBuf *y, FromRgb t, const SgEpilogue *e, gboolean accumulate)
{
  unsigned all = planes_of(y);
  CU_PLANES(y->backend, from_rgb_kernel, all, t.pixels, t, epilogue_of(e, y), accumulate != FALSE,
            all);
}

void
cuda_from_rgb(SgBuf *y, const SgBuf *img, const SgBuf *w, float wgain, const SgEpilogue *e,
              gboolean accumulate)
{
  FromRgb t = {floats(y),      floats(img),      floats(w),    0,    1, (size_t)img->c,
               (unsigned)y->c, (unsigned)img->c, pixels_of(y), wgain};
  launch_from_rgb(y, t, e, accumulate);
}

/* ---- both, in training: w [1 or N, K, C] ----------------------------------------------------- */

/* Block (c, k, n or all). */
static __global__ void
rgb_weight_kernel(float *w, const float *x, const float *img, unsigned samples, unsigned pixels)
{
  unsigned channels = gridDim.x, planes = gridDim.y, c = blockIdx.x, k = blockIdx.y;
  unsigned first = gridDim.z > 1 ? blockIdx.z : 0, end = gridDim.z > 1 ? first + 1 : samples;
  float sum = 0;

  for (unsigned n = first; n < end; n++)
    for (unsigned i = threadIdx.x; i < pixels; i += blockDim.x)
      sum +=
          x[((size_t)n * channels + c) * pixels + i] * img[((size_t)n * planes + k) * pixels + i];
  sum = block_sum(sum);
  if (threadIdx.x == 0)
    w[((size_t)blockIdx.z * planes + k) * channels + c] = sum;
}

void
cuda_rgb(SgConvPass pass, SgBuf *x, SgBuf *w, SgBuf *img)
{
  unsigned channels = (unsigned)x->c, planes = (unsigned)img->c, pixels = pixels_of(x);
  size_t w_sample = w->n > 1 ? (size_t)channels * planes : 0;

  g_assert(w->c == img->c && w->h == x->c);
  if (pass == SG_PASS_OUTPUT) {
    ToRgb t = {floats(img), NULL,     floats(x), NULL,   NULL, floats(w),
               w_sample,    channels, planes,    pixels, -1};
    launch_to_rgb(x, t);
  } else if (pass == SG_PASS_INPUT) {
    FromRgb t = {floats(x), floats(img), floats(w), w_sample, channels,
                 1,         channels,    planes,    pixels,   1};
    launch_from_rgb(x, t, NULL, FALSE);
  } else {
    CU_LAUNCH_SUMS(x->backend, rgb_weight_kernel, dim3(channels, planes, (unsigned)w->n),
                   CU_THREADS, floats(w), floats(x), floats(img), (unsigned)x->n, pixels);
  }
}
