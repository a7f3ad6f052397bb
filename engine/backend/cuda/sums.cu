/* Kernels that sum. Work is cut by shape alone and partial sums are added in order, so that a
 * resumed training is equal bit for bit. */
#include "engine/backend/cuda/cuda-launch.h"

/* ---- matrices -------------------------------------------------------------------------------- */

/* One block a row. */
static __global__ void
normalize_kernel(float *y, const float *x, unsigned columns)
{
  size_t at = (size_t)blockIdx.x * columns;
  float sum = 0;

  for (unsigned i = threadIdx.x; i < columns; i += blockDim.x)
    sum += x[at + i] * x[at + i];
  float f = k_normalizer(block_sum(sum) / (float)columns);
  for (unsigned i = threadIdx.x; i < columns; i += blockDim.x)
    y[at + i] = x[at + i] * f;
}

void
cuda_normalize(SgBuf *y, const SgBuf *x)
{
  unsigned columns = (unsigned)x->c * pixels_of(x);
  CU_LAUNCH_SUMS(y->backend, normalize_kernel, dim3((unsigned)x->n), CU_THREADS, floats(y),
                 floats(x), columns);
}

/* Block (o, n). */
static __global__ void
demod_kernel(float *y, const float *x, const float *wsq, unsigned columns, float eps)
{
  const float *row = x + (size_t)blockIdx.y * columns, *w = wsq + (size_t)blockIdx.x * columns;
  float sum = 0;

  for (unsigned i = threadIdx.x; i < columns; i += blockDim.x)
    sum += row[i] * row[i] * w[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0)
    y[(size_t)blockIdx.y * gridDim.x + blockIdx.x] = k_demod(sum, eps);
}

void
cuda_demod(SgBuf *y, const SgBuf *x, const SgBuf *wsq, float eps)
{
  g_assert(x->c == wsq->c && y->c == wsq->n);
  CU_LAUNCH_SUMS(y->backend, demod_kernel, dim3((unsigned)y->c, (unsigned)y->n), CU_THREADS,
                 floats(y), floats(x), floats(wsq), (unsigned)wsq->c, eps);
}

/* ---- planes ---------------------------------------------------------------------------------- */

/* One block a plane. */
static __global__ void
dot_kernel(float *s, const float *a, const float *b, unsigned pixels)
{
  size_t at = (size_t)blockIdx.x * pixels;
  float sum = 0;

  for (unsigned i = threadIdx.x; i < pixels; i += blockDim.x)
    sum += a[at + i] * (b ? b[at + i] : 1);
  sum = block_sum(sum);
  if (threadIdx.x == 0)
    s[blockIdx.x] = sum;
}

void
cuda_dot(SgBuf *s, const SgBuf *a, const SgBuf *b)
{
  g_assert(s->n == a->n && s->c == a->c);
  CU_LAUNCH_SUMS(s->backend, dot_kernel, dim3(planes_of(a)), CU_THREADS, floats(s), floats(a),
                 floats(b), pixels_of(a));
}

/* The standard deviation over a group of its values of one feature at one place. */
static __device__ float
deviation(const float *x, unsigned groups, unsigned size, size_t sample)
{
  float mean = 0, var = 0;

  for (unsigned g = 0; g < size; g++)
    mean += x[g * groups * sample];
  mean /= (float)size;
  for (unsigned g = 0; g < size; g++) {
    float d = x[g * groups * sample] - mean;
    var += d * d;
  }
  return sqrtf(var / (float)size + 1e-8f);
}

/* Block (m, f): the feature of one group, into all of its samples. */
static __global__ void
minibatch_std_kernel(float *y, const float *x, unsigned size, unsigned channels, unsigned pixels)
{
  unsigned groups = gridDim.x, features = gridDim.y, count = channels / features * pixels;
  size_t sample = (size_t)channels * pixels, out = sample + (size_t)features * pixels;
  float sum = 0;

  x += blockIdx.x * sample + (size_t)blockIdx.y * count;
  for (unsigned i = threadIdx.x; i < count; i += blockDim.x)
    sum += deviation(x + i, groups, size, sample);
  sum = block_sum(sum) / (float)count;
  for (unsigned g = 0; g < size; g++) {
    size_t at = (g * groups + blockIdx.x) * out + sample + (size_t)blockIdx.y * pixels;
    for (unsigned i = threadIdx.x; i < pixels; i += blockDim.x)
      y[at + i] = sum;
  }
}

void
cuda_minibatch_std(SgBuf *y, const SgBuf *x, int group_size, int features)
{
  g_assert(x->n % group_size == 0 && y->c == x->c + features);
  cuda_channels(y, 0, x, 0, x->c);
  CU_LAUNCH_SUMS(y->backend, minibatch_std_kernel,
                 dim3((unsigned)(x->n / group_size), (unsigned)features), CU_THREADS, floats(y),
                 floats(x), (unsigned)group_size, (unsigned)x->c, pixels_of(x));
}

/* ---- sums over axes -------------------------------------------------------------------------- */

/* Few numbers each: a thread sums one. */
static __global__ void
sum_short_kernel(float *y, const float *x, Walk kept, Walk summed, size_t outs, size_t count)
{
  EACH_NUMBER(o, outs)
  {
    const float *from = x + walk(kept, o);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
      sum += from[walk(summed, i)];
    y[o] = (float)sum;
  }
}

/* Many: block (part, o) sums one part of number o. */
static __global__ void
sum_parts_kernel(double *parts, const float *x, Walk kept, Walk summed, size_t count, size_t chunk)
{
  const float *from = x + walk(kept, blockIdx.y);
  size_t first = blockIdx.x * chunk, end = first + chunk < count ? first + chunk : count;
  float sum = 0;

  for (size_t i = first + threadIdx.x; i < end; i += blockDim.x)
    sum += from[walk(summed, i)];
  double all = block_sum((double)sum);
  if (threadIdx.x == 0)
    parts[(size_t)blockIdx.y * gridDim.x + blockIdx.x] = all;
}

/* Few parts each: a thread adds one number's. */
static __global__ void
add_few_parts_kernel(float *y, const double *parts, unsigned each, size_t outs)
{
  EACH_NUMBER(o, outs)
  {
    double sum = 0;
    for (unsigned i = 0; i < each; i++)
      sum += parts[o * each + i];
    y[o] = (float)sum;
  }
}

/* Many: a block does. */
static __global__ void
add_parts_kernel(float *y, const double *parts, unsigned each)
{
  double sum = 0;
  for (unsigned i = threadIdx.x; i < each; i += blockDim.x)
    sum += parts[(size_t)blockIdx.x * each + i];
  sum = block_sum(sum);
  if (threadIdx.x == 0)
    y[blockIdx.x] = (float)sum;
}

#define FEW_PARTS 32

/* y[o] = the sum of parts [o, each]. */
static void
add_parts(SgBuf *y, const double *parts, unsigned each)
{
  size_t outs = sg_buf_count(y);
  if (each <= FEW_PARTS)
    CU_LAUNCH(y->backend, add_few_parts_kernel, cu_flat_grid(outs), CU_THREADS, floats(y), parts,
              each, outs);
  else
    CU_LAUNCH_SUMS(y->backend, add_parts_kernel, dim3((unsigned)outs), CU_THREADS, floats(y), parts,
                   each);
}

/* Each number of y sums up the same pattern of x's: `kept` says where it starts, `summed` what it
 * walks. */
static void
walks(const SgBuf *y, const SgBuf *x, Walk *kept, Walk *summed)
{
  const unsigned ys[4] = {(unsigned)y->n, (unsigned)y->c, (unsigned)y->h, (unsigned)y->w};
  const unsigned xs[4] = {(unsigned)x->n, (unsigned)x->c, (unsigned)x->h, (unsigned)x->w};
  size_t step = 1;

  for (int i = 3; i >= 0; i--) {
    g_assert(ys[i] == xs[i] || ys[i] == 1);
    kept->step[i] = summed->step[i] = step;
    kept->size[i] = ys[i];
    summed->size[i] = xs[i] / ys[i];
    step *= xs[i];
  }
}

#define SUM_SHORT 256   /* as many in one thread */
#define SUM_CHUNK 16384 /* as many in one block */
#define SUM_OUTS  65535
#define SUM_PARTS 4096

void
cuda_sum_to(SgBuf *y, const SgBuf *x)
{
  Walk kept, summed;
  size_t outs = sg_buf_count(y), count = sg_buf_count(x) / outs;

  walks(y, x, &kept, &summed);
  if (count <= SUM_SHORT || outs > SUM_OUTS) {
    CU_LAUNCH(y->backend, sum_short_kernel, cu_flat_grid(outs), CU_THREADS, floats(y), floats(x),
              kept, summed, outs, count);
    return;
  }
  CudaBackend *cu = CU(y->backend);
  unsigned each = cu_ceil(count, SUM_CHUNK, MIN(SUM_PARTS, CU_SUMS / outs));
  size_t chunk = (count + each - 1) / each;
  g_mutex_lock(&cu->sums_lock);
  CU_LAUNCH_SUMS(y->backend, sum_parts_kernel, dim3(each, (unsigned)outs), CU_THREADS, cu->sums,
                 floats(x), kept, summed, count, chunk);
  add_parts(y, cu->sums, each);
  g_mutex_unlock(&cu->sums_lock);
}

/* ---- the epilogue's gradient ----------------------------------------------------------------- */

typedef struct {
  const float *dy, *y, *x, *noise;
  PerChannel scale;
  float *dx, *dscale, *dsum;
  double *dstrength; /* [planes] */
  unsigned noise_samples, channels, pixels;
  float slope, gain, clamp;
} EpilogueGrad;

/* One block a plane. */
static __global__ void
epilogue_grad_kernel(EpilogueGrad g)
{
  unsigned p = blockIdx.x, n = p / g.channels;
  size_t at = (size_t)p * g.pixels, noise = g.noise_samples > 1 ? (size_t)n * g.pixels : 0;
  float scale = at_channel(g.scale, n, p % g.channels, g.channels, 1);
  float ds = 0, sum = 0, dn = 0;

  for (unsigned i = threadIdx.x; i < g.pixels; i += blockDim.x) {
    float d = k_lrelu_grad(g.dy[at + i], g.y[at + i], g.slope, g.gain, g.clamp);
    sum += d;
    if (g.dscale)
      ds += d * g.x[at + i];
    if (g.dstrength)
      dn += d * g.noise[noise + i];
    if (g.dx)
      g.dx[at + i] = d * scale;
  }
  if (g.dsum && (sum = block_sum(sum), threadIdx.x == 0))
    g.dsum[p] = sum;
  if (g.dscale && (ds = block_sum(ds), threadIdx.x == 0))
    g.dscale[p] = ds;
  if (g.dstrength && (dn = block_sum(dn), threadIdx.x == 0))
    g.dstrength[p] = dn;
}

void
cuda_epilogue_grad(const SgEpilogueGrad *g)
{
  const SgBuf *dy = g->dy;
  CudaBackend *cu = CU(dy->backend);
  unsigned planes = planes_of(dy);
  EpilogueGrad k = {floats(dy),
                    floats(g->y),
                    floats(g->x),
                    floats(g->noise),
                    per_channel(g->scale),
                    floats(g->dx),
                    floats(g->dscale),
                    floats(g->dsum),
                    g->dstrength ? cu->sums : NULL,
                    g->noise ? (unsigned)g->noise->n : 1,
                    (unsigned)dy->c,
                    pixels_of(dy),
                    g->slope,
                    g->gain,
                    g->clamp};

  g_assert((!g->dscale || g->x) && (!g->dstrength || (g->noise && planes <= CU_SUMS)));
  g_mutex_lock(&cu->sums_lock);
  CU_LAUNCH_SUMS(dy->backend, epilogue_grad_kernel, dim3(planes), CU_THREADS, k);
  if (g->dstrength)
    add_parts(g->dstrength, cu->sums, planes);
  g_mutex_unlock(&cu->sums_lock);
}
