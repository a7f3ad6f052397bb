/* What cuDNN and cuBLASLt do for the back end, as loops. */
#include "engine/backend/cuda/cuda-private.h"
#include <string.h>

void
cuda_dnn_close(CudaDnn *dnn)
{
}

void
cuda_blas_close(CudaBlas *blas)
{
}

typedef struct {
  int kernel, stride, pad, wh, ww, nh, nw;
} Shape;

/* The part of one row that one tap touches: nx from *from to *to. */
static void
columns(const Shape *s, int kx, int *from, int *to)
{
  *from = 0;
  while (*from < s->nw && *from * s->stride + kx - s->pad < 0)
    (*from)++;
  *to = s->nw;
  while (*to > *from && (*to - 1) * s->stride + kx - s->pad >= s->ww)
    (*to)--;
}

/* One plane of each side and the filter between them. */
static void
planes(const Shape *s, SgConvPass pass, float *wide, float *filter, float *narrow)
{
  for (int ky = 0; ky < s->kernel; ky++)
    for (int kx = 0; kx < s->kernel; kx++) {
      int from, to, at = kx - s->pad;
      float *f = &filter[ky * s->kernel + kx], sum = 0;
      columns(s, kx, &from, &to);
      for (int ny = 0; ny < s->nh; ny++) {
        int wy = ny * s->stride + ky - s->pad;
        if (wy < 0 || wy >= s->wh)
          continue;
        float *w = wide + (gsize)wy * s->ww + at, *n = narrow + (gsize)ny * s->nw;
        for (int nx = from; nx < to; nx++)
          if (pass == SG_PASS_OUTPUT)
            n[nx] += w[nx * s->stride] * *f;
          else if (pass == SG_PASS_INPUT)
            w[nx * s->stride] += n[nx] * *f;
          else
            sum += w[nx * s->stride] * n[nx];
      }
      if (pass == SG_PASS_WEIGHT)
        *f += sum;
    }
}

gboolean
cuda_dnn_conv(SgBackend *b, SgConvPass pass, int kernel, int stride, int pad, SgBuf *wide,
              SgBuf *filter, SgBuf *narrow, GError **error)
{
  const Shape s = {kernel, stride, pad, wide->h, wide->w, narrow->h, narrow->w};
  SgBuf *out = pass == SG_PASS_OUTPUT ? narrow : pass == SG_PASS_INPUT ? wide : filter;

  /* As cuDNN sees to it. */
  g_assert(filter->n == narrow->c && filter->c == wide->c && wide->n == narrow->n);
  g_assert((wide->h + 2 * pad - kernel) / stride + 1 == narrow->h);
  g_assert((wide->w + 2 * pad - kernel) / stride + 1 == narrow->w);
  cuda_on_host_enter();
  memset(out->data, 0, sg_buf_count(out) * sizeof(float));
  for (int n = 0; n < wide->n; n++)
    for (int o = 0; o < narrow->c; o++)
      for (int i = 0; i < wide->c; i++)
        planes(&s, pass, (float *)wide->data + ((gsize)n * wide->c + i) * wide->h * wide->w,
               (float *)filter->data + ((gsize)o * wide->c + i) * kernel * kernel,
               (float *)narrow->data + ((gsize)n * narrow->c + o) * narrow->h * narrow->w);
  cuda_on_host_leave();
  return TRUE;
}

gboolean
cuda_gemm(SgBackend *backend, gboolean ta, gboolean tb, int m, int n, int k, float alpha,
          const float *a, int lda, const float *b, int ldb, float *c, GError **error)
{
  cuda_on_host_enter();
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int l = 0; l < k; l++)
        sum += (double)(ta ? a[(gsize)l * lda + i] : a[(gsize)i * lda + l]) *
               (tb ? b[(gsize)j * ldb + l] : b[(gsize)l * ldb + j]);
      c[(gsize)i * n + j] = alpha * (float)sum;
    }
  cuda_on_host_leave();
  return TRUE;
}
