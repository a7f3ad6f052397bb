/* Small matrix work: mapping network, styles, demodulation. Rows [N, I] are few, so a dot product
 * per output, split over the threads, is as good as sgemm. It also gives the same bits for every
 * number of rows, which sgemm does not: a face is the same picture alone and among the others of a
 * grid (SG_RECIPE_MAX_FACES). Samples by the thousand need sgemm, and nobody compares them one by
 * one. */
#include "engine/backend/cpu/cpu-private.h"
#include "engine/kernels/element.h"

#define SGEMM_FROM 65

void
cpu_dense(SgBuf *y, const SgBuf *x, const SgBuf *w, float wgain, const SgBuf *bias, float bgain,
          gboolean lrelu, float gain)
{
  const SgCpuRows *rows = CPU(y->backend)->rows;
  int in = w->c, out = w->n;
  const float *wd = w->data, *xd = x->data, *bd = bias ? bias->data : NULL;
  float *yd = y->data;
  gboolean gemm = x->n >= SGEMM_FROM;

  g_assert(x->c * x->h * x->w == in && y->c == out);
  if (gemm)
    cpu_sgemm_nt(x->n, out, in, xd, wd, yd);
#pragma omp parallel for schedule(static) if ((gsize)in * out * x->n > 16384)
  for (int o = 0; o < out; o++)
    for (int n = 0; n < x->n; n++) {
      gsize at = (gsize)n * out + o;
      float v = gemm ? yd[at] : rows->dot(xd + (gsize)n * in, wd + (gsize)o * in, in);
      v = v * wgain + (bd ? bd[o] * bgain : 0);
      yd[at] = lrelu ? k_lrelu(v, 0.2f, gain) : v * gain;
    }
}

void
cpu_normalize(SgBuf *y, const SgBuf *x)
{
  const SgCpuRows *rows = CPU(y->backend)->rows;
  for (int n = 0; n < x->n; n++) {
    const float *from = (const float *)x->data + (gsize)n * x->c;
    float *to = (float *)y->data + (gsize)n * x->c;
    float f = k_normalizer(rows->dot(from, from, x->c) / (float)x->c);
    for (int i = 0; i < x->c; i++)
      to[i] = from[i] * f;
  }
}

void
cpu_demod(SgBuf *y, const SgBuf *x, const SgBuf *wsq, float eps)
{
  const SgCpuRows *rows = CPU(y->backend)->rows;
  int in = wsq->c, out = wsq->n;

#pragma omp parallel for schedule(static) if ((gsize)in * out * x->n > 16384)
  for (int o = 0; o < out; o++)
    for (int n = 0; n < x->n; n++)
      ((float *)y->data)[(gsize)n * out + o] =
          k_demod(rows->dot2((const float *)x->data + (gsize)n * in,
                             (const float *)wsq->data + (gsize)o * in, in),
                  eps);
}
