/* Between activations and pictures: toRGB and fromRGB, 1×1 convolutions with few picture
 * channels. */
#include "engine/backend/cpu/cpu-private.h"
#include "engine/kernels/element.h"
#include <string.h>

#define MAX_CHANNELS 4

/* w[k, c] * s[n, c], zero-padded to whole blocks: [K, blocks * block] */
static void
style_weights(float *wk, const SgBuf *w, const SgBuf *s, int n, int padded)
{
  for (int k = 0; k < w->n; k++)
    for (int c = 0; c < padded; c++)
      wk[k * padded + c] = c < w->c ? ((const float *)w->data)[k * w->c + c] *
                                          ((const float *)s->data)[(gsize)n * w->c + c]
                                    : 0;
}

static void
to_rgb_row(SgBuf *img, const SgBuf *add, const SgBuf *x, const SgBuf *bias, float clamp,
           const float *wk, int n, int row)
{
  const SgCpuRows *rows = CPU(x->backend)->rows;
  float *out[MAX_CHANNELS];
  gsize plane = (gsize)img->h * img->w;

  g_assert(img->c <= MAX_CHANNELS);
  float sums[MAX_CHANNELS][img->w];
  for (int k = 0; k < img->c; k++) {
    float b = bias ? ((const float *)bias->data)[k] : 0;
    out[k] = sums[k];
    for (int i = 0; i < img->w; i++)
      sums[k][i] = b;
  }
  rows->to_rgb(out, cpu_row(x, n, 0, row), (gsize)x->h * x->w * rows->block, cpu_blocks(x), wk,
               img->c, img->w);
  for (int k = 0; k < img->c; k++) {
    gsize at = ((gsize)n * img->c + k) * plane + (gsize)row * img->w;
    float *to = (float *)img->data + at;
    const float *from = add ? (const float *)add->data + at : NULL;
    for (int i = 0; i < img->w; i++) {
      float v = clamp >= 0 ? k_clamp(sums[k][i], clamp) : sums[k][i];
      to[i] = from ? from[i] + v : v;
    }
  }
}

void
cpu_to_rgb(SgBuf *img, const SgBuf *add, const SgBuf *x, const SgBuf *s, const SgBuf *w,
           const SgBuf *bias, float clamp)
{
  int padded = cpu_blocks(x) * CPU(x->backend)->block;
  g_autofree float *wk = sg_room((gsize)x->n * w->n * padded, sizeof *wk);

  if (!wk)
    return;
  for (int n = 0; n < x->n; n++)
    style_weights(wk + (gsize)n * w->n * padded, w, s, n, padded);
#pragma omp parallel for collapse(2) schedule(static)
  for (int n = 0; n < x->n; n++)
    for (int row = 0; row < img->h; row++)
      to_rgb_row(img, add, x, bias, clamp, wk + (gsize)n * w->n * padded, n, row);
}

void
cpu_from_rgb(SgBuf *y, const SgBuf *img, const SgBuf *w, float wgain, const SgEpilogue *e,
             gboolean accumulate)
{
  const SgCpuRows *rows = CPU(y->backend)->rows;
  int block = rows->block, blocks = cpu_blocks(y), k = img->c;
  gsize line = (gsize)y->w * block;

  g_assert(k <= MAX_CHANNELS && !e->scale && !e->noise);
#pragma omp parallel for collapse(3) schedule(static)
  for (int n = 0; n < y->n; n++)
    for (int cb = 0; cb < blocks; cb++)
      for (int row = 0; row < y->h; row++) {
        float wk[MAX_CHANNELS * 16] = {0}, bias[16] = {0}, sums[line];
        const float *in[MAX_CHANNELS];
        for (int b = 0; b < block && cb * block + b < y->c; b++) {
          int c = cb * block + b;
          bias[b] = e->bias ? ((const float *)e->bias->data)[c] : 0;
          for (int j = 0; j < k; j++)
            wk[j * block + b] = ((const float *)w->data)[c * k + j] * wgain;
        }
        for (int j = 0; j < k; j++)
          in[j] = (const float *)img->data + (((gsize)n * k + j) * y->h + row) * y->w;
        SgRowEpilogue re = {.bias = bias, .slope = e->slope, .gain = e->gain, .clamp = e->clamp};
        float *to = cpu_row(y, n, cb, row);
        rows->from_rgb(sums, in, wk, k, y->w);
        rows->epilogue(sums, sums, y->w, &re);
        if (accumulate)
          rows->add(to, to, sums, y->w, 1);
        else
          memcpy(to, sums, line * sizeof(float));
      }
}
