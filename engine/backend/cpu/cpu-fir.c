/* FIR resampling of activations and of pictures, and bilinear upsampling of pictures. */
#include "engine/backend/cpu/cpu-private.h"
#include "engine/kernels/element.h"
#include <string.h>

/* A mode's numbers along one axis. */
typedef struct {
  gboolean up; /* insert zeros, pad 2 before */
  int step, pad;
  float gain; /* per axis */
} Fir;

static const Fir firs[] = {
    [SG_FIR_BLUR_AFTER_UP] = {FALSE, 1, 1, 2}, /* gain 4 = 2 per axis */
    [SG_FIR_BLUR_BEFORE_DOWN] = {FALSE, 1, 2, 1},
    [SG_FIR_UP] = {TRUE, 1, 2, 2},
    [SG_FIR_DOWN] = {FALSE, 2, 1, 1},
    [SG_FIR_BLUR_AFTER_UP_ADJOINT] = {FALSE, 1, 2, 2},
    [SG_FIR_BLUR_BEFORE_DOWN_ADJOINT] = {FALSE, 1, 1, 1},
    [SG_FIR_UP_ADJOINT] = {FALSE, 2, 1, 2},
    [SG_FIR_DOWN_ADJOINT] = {TRUE, 1, 2, 1},
};

/* Taps of output o along one axis of `size` inputs: first input index and four weights (zero where
 * the input is padding or an inserted zero). The one place that knows pad and phase of each mode;
 * the convolution is a correlation because the filter is symmetric. */
static int
taps_at(Fir fir, int o, float w[4])
{
  static const float f[4] = {0.125f, 0.375f, 0.375f, 0.125f};
  memset(w, 0, sizeof(float) * 4);
  if (fir.up) { /* zero-inserted index o - 2 + t is input (o - 2 + t) / 2 when even */
    w[0] = fir.gain * f[o & 1];
    w[1] = fir.gain * f[(o & 1) + 2];
    return (o - 2 + (o & 1)) / 2;
  }
  for (int t = 0; t < 4; t++)
    w[t] = fir.gain * f[t];
  return o * fir.step - fir.pad;
}

/* ---- activations ----------------------------------------------------------------------------- */

/* y = sum of taps of rows/pixels in one block, any mode; v is scratch of one input row. */
static void
act_row(SgBuf *y, const SgBuf *x, Fir fir, int n, int cb, int row, float *v)
{
  const SgCpuRows *rows = CPU(x->backend)->rows;
  int block = rows->block;
  float w[4], *to = cpu_row(y, n, cb, row);
  int first = taps_at(fir, row, w), line = x->w * block;

  if (!fir.up) {
    const float *in[4];
    for (int t = 0; t < 4; t++)
      in[t] = first + t >= 0 && first + t < x->h ? cpu_row(x, n, cb, first + t) : NULL;
    rows->fir_v(v, in, x->w, fir.gain);
    rows->fir_h(to, v, x->w, y->w, fir.step, fir.pad, fir.gain);
    return;
  }
  /* Two of the four rows are there (at the border one), the others are inserted zeros. */
  const float *a = first >= 0 ? cpu_row(x, n, cb, first) : NULL;
  const float *b = first + 1 < x->h ? cpu_row(x, n, cb, first + 1) : NULL;
  rows->combine(v, a ? w[0] : w[1], a ? a : b, w[1], a ? b : NULL, (gsize)line);
  rows->fir_up(to, v, x->w, fir.gain);
}

static void
fir_act(SgBuf *y, const SgBuf *x, Fir fir)
{
  int blocks = cpu_blocks(x), jobs = x->n * blocks;
  gsize scratch = (gsize)x->w * CPU(x->backend)->block * sizeof(float);

  gpointer room = cpu_scratch_each(scratch);

  if (!room)
    return;
#pragma omp parallel
  {
    float *v = cpu_scratch_mine(room, scratch);
#pragma omp for schedule(static)
    for (int j = 0; j < jobs; j++)
      for (int row = 0; row < y->h; row++)
        act_row(y, x, fir, j / blocks, j % blocks, row, v);
  }
  sg_aligned_free(room);
}

/* ---- pictures -------------------------------------------------------------------------------- */

static void
plane_row(float *to, int ow, const float *x, int h, int w, Fir fir, int row, float *v)
{
  float taps[4];
  int first = taps_at(fir, row, taps);

  memset(v, 0, sizeof(float) * (gsize)w);
  for (int t = 0; t < 4; t++)
    if (taps[t] != 0 && first + t >= 0 && first + t < h)
      for (int i = 0; i < w; i++)
        v[i] += x[(gsize)(first + t) * w + i] * taps[t];
  for (int o = 0; o < ow; o++) {
    int at = taps_at(fir, o, taps);
    float sum = 0;
    for (int t = 0; t < 4; t++)
      if (at + t >= 0 && at + t < w)
        sum += v[at + t] * taps[t];
    to[o] = sum;
  }
}

static void
fir_plain(SgBuf *y, const SgBuf *x, Fir fir)
{
  int planes = x->n * x->c;
  gsize bytes = sizeof(float) * (gsize)x->w;
  gpointer room = cpu_scratch_each(bytes);

  if (!room)
    return;
#pragma omp parallel
  {
    float *v = cpu_scratch_mine(room, bytes);
#pragma omp for collapse(2) schedule(static)
    for (int p = 0; p < planes; p++)
      for (int row = 0; row < y->h; row++)
        plane_row((float *)y->data + ((gsize)p * y->h + row) * y->w, y->w,
                  (const float *)x->data + (gsize)p * x->h * x->w, x->h, x->w, fir, row, v);
  }
  sg_aligned_free(room);
}

void
cpu_fir(SgBuf *y, const SgBuf *x, SgFir mode)
{
  if (x->fmt == SG_FMT_ACT)
    fir_act(y, x, firs[mode]);
  else
    fir_plain(y, x, firs[mode]);
}

/* Source position of output d when doubling n samples with align_corners false. */
static void
bilinear_at(int d, int n, int *i0, int *i1, float *t)
{
  float s = ((float)d + 0.5f) / 2 - 0.5f;
  s = s < 0 ? 0 : s;
  *i0 = (int)s;
  *i1 = MIN(*i0 + 1, n - 1);
  *t = s - (float)*i0;
}

void
cpu_bilinear_up(SgBuf *y, const SgBuf *x)
{
  int planes = x->n * x->c;

#pragma omp parallel for collapse(2) schedule(static)
  for (int p = 0; p < planes; p++)
    for (int row = 0; row < y->h; row++) {
      int y0, y1, x0, x1;
      float ty, tx;
      bilinear_at(row, x->h, &y0, &y1, &ty);
      const float *plane = (const float *)x->data + (gsize)p * x->h * x->w;
      const float *a = plane + (gsize)y0 * x->w, *b = plane + (gsize)y1 * x->w;
      float *to = (float *)y->data + ((gsize)p * y->h + row) * y->w;
      for (int o = 0; o < y->w; o++) {
        bilinear_at(o, x->w, &x0, &x1, &tx);
        float top = a[x0] * (1 - tx) + a[x1] * tx, bottom = b[x0] * (1 - tx) + b[x1] * tx;
        to[o] = top * (1 - ty) + bottom * ty;
      }
    }
}
