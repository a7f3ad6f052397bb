/* Kernels in which every number is computed by itself. */
#include "engine/backend/cuda/cuda-launch.h"

/* ---- flat ------------------------------------------------------------------------------------ */

/* y may be x or z */
static __global__ void
combine_kernel(float *y, float a, const float *x, float b, const float *z, size_t count)
{
  EACH_NUMBER(i, count)
  {
    y[i] = a * x[i] + (z ? b * z[i] : 0);
  }
}

void
cuda_combine(SgBuf *y, double a, const SgBuf *x, double b, const SgBuf *z)
{
  size_t count = sg_buf_count(y);
  g_assert(sg_buf_count(x) == count && (!z || sg_buf_count(z) == count));
  CU_LAUNCH(y->backend, combine_kernel, cu_flat_grid(count), CU_THREADS, floats(y), (float)a,
            floats(x), (float)b, floats(z), count);
}

static __global__ void
fill_kernel(float *y, float value, size_t count)
{
  EACH_NUMBER(i, count)
  {
    y[i] = value;
  }
}

void
cuda_fill(SgBuf *buf, double value)
{
  size_t count = sg_buf_count(buf);
  CU_LAUNCH(buf->backend, fill_kernel, cu_flat_grid(count), CU_THREADS, floats(buf), (float)value,
            count);
}

static __global__ void
add_kernel(float *y, const float *a, const float *b, float gain, size_t count)
{
  EACH_NUMBER(i, count)
  {
    y[i] = (a[i] + b[i]) * gain;
  }
}

void
cuda_add(SgBuf *y, const SgBuf *a, const SgBuf *b, float gain)
{
  size_t count = sg_buf_count(y);
  g_assert(sg_buf_count(a) == count && sg_buf_count(b) == count);
  CU_LAUNCH(y->backend, add_kernel, cu_flat_grid(count), CU_THREADS, floats(y), floats(a),
            floats(b), gain, count);
}

static __global__ void
mul_kernel(float *y, const float *a, const float *b, size_t count)
{
  EACH_NUMBER(i, count)
  {
    y[i] = a[i] * b[i];
  }
}

void
cuda_mul(SgBuf *y, const SgBuf *a, const SgBuf *b)
{
  size_t count = sg_buf_count(y);
  g_assert(sg_buf_count(a) == count && sg_buf_count(b) == count);
  CU_LAUNCH(y->backend, mul_kernel, cu_flat_grid(count), CU_THREADS, floats(y), floats(a),
            floats(b), count);
}

static __global__ void
map_kernel(SgMap fn, double a, float *y, const float *x, size_t count)
{
  EACH_NUMBER(i, count)
  {
    float v = x[i];
    y[i] = fn == SG_MAP_RSQRT      ? (float)(1 / sqrt((double)v + a))
           : fn == SG_MAP_SOFTPLUS ? k_softplus(v)
           : fn == SG_MAP_SIN      ? k_sin(v, a)
                                   : k_sigmoid(v);
  }
}

void
cuda_map(SgMap fn, double a, SgBuf *y, const SgBuf *x)
{
  size_t count = sg_buf_count(y);
  CU_LAUNCH(y->backend, map_kernel, cu_flat_grid(count), CU_THREADS, fn, a, floats(y), floats(x),
            count);
}

static __global__ void
adam_kernel(float *p, float *m, float *v, const float *grad, float rate, float beta1, float beta2,
            float eps, float unbias, size_t count)
{
  EACH_NUMBER(i, count)
  {
    k_adam(&p[i], &m[i], &v[i], grad[i], rate, beta1, beta2, eps, unbias);
  }
}

void
cuda_adam(SgBuf *p, SgBuf *m, SgBuf *v, const SgBuf *grad, const SgAdam *a)
{
  size_t count = sg_buf_count(p);
  double c1 = 1 - pow(a->beta1, (double)a->step), c2 = 1 - pow(a->beta2, (double)a->step);

  CU_LAUNCH(p->backend, adam_kernel, cu_flat_grid(count), CU_THREADS, floats(p), floats(m),
            floats(v), floats(grad), (float)(a->lr / c1), (float)a->beta1, (float)a->beta2,
            (float)a->eps, (float)(1 / sqrt(c2)), count);
}

/* ---- planes ---------------------------------------------------------------------------------- */

static __global__ void
scale_kernel(float *y, const float *x, PerChannel s, unsigned planes, unsigned channels,
             unsigned pixels)
{
  EACH_PLANE(p, planes)
  {
    float f = at_channel(s, p / channels, p % channels, channels, 1);
    size_t at = (size_t)p * pixels;
    EACH_PIXEL(i, pixels)
    {
      y[at + i] = x[at + i] * f;
    }
  }
}

void
cuda_scale(SgBuf *y, const SgBuf *x, const SgBuf *s)
{
  unsigned planes = planes_of(y), pixels = pixels_of(y);
  g_assert(s->c == y->c && (s->n == 1 || s->n == y->n));
  CU_PLANES(y->backend, scale_kernel, planes, pixels, floats(y), floats(x), per_channel(s), planes,
            (unsigned)y->c, pixels);
}

static __global__ void
epilogue_kernel(float *y, const float *x, Epilogue e, unsigned planes)
{
  EACH_PLANE(p, planes)
  {
    size_t at = (size_t)p * e.pixels;
    EACH_PIXEL(i, e.pixels)
    {
      y[at + i] = apply_epilogue(e, x[at + i], p, i);
    }
  }
}

void
cuda_epilogue(SgBuf *y, const SgBuf *x, const SgEpilogue *e)
{
  unsigned planes = planes_of(y);
  CU_PLANES(y->backend, epilogue_kernel, planes, pixels_of(y), floats(y), floats(x),
            epilogue_of(e, y), planes);
}

static __global__ void
dense_end_kernel(float *y, const float *bias, float bgain, bool lrelu, float gain,
                 unsigned channels, size_t count)
{
  EACH_NUMBER(i, count)
  {
    float v = y[i] + (bias ? bias[i % channels] * bgain : 0);
    y[i] = lrelu ? k_lrelu(v, 0.2f, gain) : v * gain;
  }
}

void
cuda_dense_end(SgBuf *y, const SgBuf *bias, float bgain, gboolean lrelu, float gain)
{
  size_t count = sg_buf_count(y);
  CU_LAUNCH(y->backend, dense_end_kernel, cu_flat_grid(count), CU_THREADS, floats(y), floats(bias),
            bgain, lrelu != FALSE, gain, (unsigned)y->c, count);
}

static __global__ void
channels_kernel(float *y, const float *x, unsigned planes, unsigned ychannels, unsigned xchannels,
                unsigned to, unsigned from, unsigned count, unsigned pixels)
{
  EACH_PLANE(p, planes)
  {
    unsigned n = p / ychannels, c = p % ychannels - to; /* huge before the range */
    size_t at = (size_t)p * pixels, source = ((size_t)n * xchannels + from + c) * pixels;
    EACH_PIXEL(i, pixels)
    {
      y[at + i] = c < count ? x[source + i] : 0;
    }
  }
}

void
cuda_channels(SgBuf *y, int to, const SgBuf *x, int from, int count)
{
  unsigned planes = planes_of(y), pixels = pixels_of(y);
  g_assert(to + count <= y->c && from + count <= x->c);
  CU_PLANES(y->backend, channels_kernel, planes, pixels, floats(y), floats(x), planes,
            (unsigned)y->c, (unsigned)x->c, (unsigned)to, (unsigned)from, (unsigned)count, pixels);
}

/* ---- axes ------------------------------------------------------------------------------------ */

static __global__ void
gather_kernel(float *y, const float *x, Walk from, size_t count)
{
  EACH_NUMBER(i, count)
  {
    y[i] = x[walk(from, i)];
  }
}

static void
gather(SgBuf *y, const SgBuf *x, Walk from)
{
  size_t count = sg_buf_count(y);
  CU_LAUNCH(y->backend, gather_kernel, cu_flat_grid(count), CU_THREADS, floats(y), floats(x), from,
            count);
}

/* Along an axis where x has size 1 it stands still. */
void
cuda_expand(SgBuf *y, const SgBuf *x)
{
  size_t w = (size_t)x->w, h = (size_t)x->h, c = (size_t)x->c;
  Walk from = {{(unsigned)y->n, (unsigned)y->c, (unsigned)y->h, (unsigned)y->w},
               {x->n > 1 ? c * h * w : 0, c > 1 ? h * w : 0, h > 1 ? w : 0, w > 1 ? (size_t)1 : 0}};
  gather(y, x, from);
}

void
cuda_swap_axes(SgBuf *to, const SgBuf *from)
{
  size_t taps = pixels_of(from), row = (size_t)from->c * taps;
  Walk turned = {{(unsigned)to->n, (unsigned)to->c, 1, (unsigned)taps}, {taps, row, 0, 1}};
  g_assert(to->n == from->c && to->c == from->n && pixels_of(to) == taps);
  gather(to, from, turned);
}
