/* Winograd F(4×4, 3×3) for one tile or one panel, compiled once per instruction set like
 * cpu-rows.c.
 *
 * Toom-Cook with the points 0, ±a, ±b, ∞ (Lavin & Gray 2016 use a = 1, b = 2). a = 5/8 and b = 3/2
 * keep the transforms' numbers near one, and the rounding error about three times smaller. For data
 * d and filter g, y = Aᵀ [(G g) ⊙ (Bᵀ d)], where
 *   Bᵀ rows:   the polynomials prod (x - p) over the other points
 *   G rows:    [1, p, p²] / prod (p - other points)
 *   Aᵀ row i:  pⁱ
 * 36 products make 16 outputs, where direct convolution needs 144. */
#include "engine/backend/cpu/cpu-rows.h"
#include "engine/backend/cpu/cpu-wino.h"
#include "engine/kernels/element.h"
#include <string.h>

#define B SG_BLOCK
typedef float Vec __attribute__((vector_size(B * 4), aligned(4), may_alias));

#define PA SG_WINO_A
#define PB SG_WINO_B
#define A2 (PA * PA)
#define B2 (PB * PB)

/* One axis of Bᵀ d: six vectors `step` apart, in place of o[0..5]. */
K_FN void
input_axis(Vec *o, int ostep, const Vec *d, int step)
{
  Vec d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
  Vec d5 = d[5 * step];
  Vec p = d4 - B2 * d2, q = PA * (d3 - B2 * d1);
  Vec r = d4 - A2 * d2, s = PB * (d3 - A2 * d1);
  o[0] = A2 * B2 * d0 - (A2 + B2) * d2 + d4;
  o[ostep] = p + q;
  o[2 * ostep] = p - q;
  o[3 * ostep] = r + s;
  o[4 * ostep] = r - s;
  o[5 * ostep] = A2 * B2 * d1 - (A2 + B2) * d3 + d5;
}

/* One axis of Aᵀ m: six vectors to four. */
K_FN void
output_axis(Vec *o, int ostep, const Vec *m, int step)
{
  Vec s1 = m[step] + m[2 * step], d1 = m[step] - m[2 * step];
  Vec s2 = m[3 * step] + m[4 * step], d2 = m[3 * step] - m[4 * step];
  o[0] = m[0] + s1 + s2;
  o[ostep] = PA * d1 + PB * d2;
  o[2 * ostep] = A2 * s1 + B2 * s2;
  o[3 * ostep] = PA * A2 * d1 + PB * B2 * d2 + m[5 * step];
}

/* Loads a size × size patch with its corner at (y0, x0) of one block of channels [h][w][B], zeros
 * outside. */
K_FN void
load_patch(Vec *d, const int size, const float *x, int h, int w, int y0, int x0, const float *style)
{
  Vec scale;
  for (int b = 0; b < B; b++)
    scale[b] = style ? style[b] : 1.0f;
  if (y0 >= 0 && x0 >= 0 && y0 + size <= h && x0 + size <= w) {
    const float *from = x + ((gsize)y0 * (gsize)w + (gsize)x0) * B;
    for (int i = 0; i < size; i++)
      for (int j = 0; j < size; j++)
        d[i * size + j] = *(const Vec *)(from + ((gsize)i * (gsize)w + (gsize)j) * B) * scale;
    return;
  }
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      int yy = y0 + i, xx = x0 + j;
      d[i * size + j] = (Vec){0};
      if (yy >= 0 && yy < h && xx >= 0 && xx < w)
        d[i * size + j] = *(const Vec *)(x + ((gsize)yy * (gsize)w + (gsize)xx) * B) * scale;
    }
}

/* The 36 vectors go to v + k * stride. */
static void
same_input(float *v, gsize stride, const float *x, int h, int w, int ty, int tx, const float *style)
{
  Vec d[36], t[36];
  load_patch(d, 6, x, h, w, 4 * ty - 1, 4 * tx - 1, style);
  for (int j = 0; j < 6; j++)
    input_axis(t + j, 6, d + j, 6);
  for (int i = 0; i < 6; i++)
    input_axis(d + i * 6, 1, t + i * 6, 1);
  for (int k = 0; k < 36; k++)
    *(Vec *)(v + (gsize)k * stride) = d[k];
}

/* Outputs o [size][size] to y, rows and columns beyond left out. */
K_FN void
store_tile(float *y, gsize line, int rows, int columns, const Vec *o, const int size)
{
  if (rows == size && columns == size) {
    for (int i = 0; i < size; i++)
      for (int j = 0; j < size; j++)
        *(Vec *)(y + (gsize)i * line + (gsize)j * B) = o[i * size + j];
    return;
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      *(Vec *)(y + (gsize)i * line + (gsize)j * B) = o[i * size + j];
}

static void
same_output(float *y, gsize line, int rows, int columns, const float *m, gsize stride)
{
  Vec in[36], t[24], o[16];
  for (int k = 0; k < 36; k++)
    in[k] = *(const Vec *)(m + (gsize)k * stride);
  for (int j = 0; j < 6; j++)
    output_axis(t + j, 6, in + j, 6);
  for (int i = 0; i < 4; i++)
    output_axis(o + i * 4, 1, t + i * 6, 1);
  store_tile(y, line, rows, columns, o, 4);
}

/* ---- transposed 3×3 by 2 --------------------------------------------------------------------
 * One axis: u[2 j] = w2 x[j - 1] + w0 x[j] is a 2-tap correlation, done for three j by F(3, 2) with
 * the points 0, 1, -1, ∞ (four products); u[2 j + 1] = w1 x[j] takes three. Seven products for six
 * outputs, where directly there are nine; 49 for 36 outputs in two dimensions instead of 81. */

K_FN void
up_input_axis(Vec *o, int ostep, const Vec *d, int step)
{
  Vec d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
  o[0] = d0 - d2;
  o[ostep] = d1 + d2;
  o[2 * ostep] = d2 - d1;
  o[3 * ostep] = d3 - d1;
  o[4 * ostep] = d1;
  o[5 * ostep] = d2;
  o[6 * ostep] = d3;
}

K_FN void
up_output_axis(Vec *o, int ostep, const Vec *m, int step)
{
  Vec m1 = m[step], m2 = m[2 * step];
  o[0] = m[0] + m1 + m2;
  o[ostep] = m[4 * step];
  o[2 * ostep] = m1 - m2;
  o[3 * ostep] = m[5 * step];
  o[4 * ostep] = m1 + m2 + m[3 * step];
  o[5 * ostep] = m[6 * step];
}

static void
up_input(float *v, gsize stride, const float *x, int h, int w, int ty, int tx, const float *style)
{
  Vec d[16], t[28], o[49];
  load_patch(d, 4, x, h, w, 3 * ty - 1, 3 * tx - 1, style);
  for (int j = 0; j < 4; j++)
    up_input_axis(t + j, 4, d + j, 4);
  for (int i = 0; i < 7; i++)
    up_input_axis(o + i * 7, 1, t + i * 4, 1);
  for (int k = 0; k < 49; k++)
    *(Vec *)(v + (gsize)k * stride) = o[k];
}

static void
up_output(float *y, gsize line, int rows, int columns, const float *m, gsize stride)
{
  Vec in[49], t[42], o[36];
  for (int k = 0; k < 49; k++)
    in[k] = *(const Vec *)(m + (gsize)k * stride);
  for (int j = 0; j < 7; j++)
    up_output_axis(t + j, 7, in + j, 7);
  for (int i = 0; i < 6; i++)
    up_output_axis(o + i * 6, 1, t + i * 7, 1);
  store_tile(y, line, rows, columns, o, 6);
}

/* ---- products -------------------------------------------------------------------------------- */

/* mr × (nv * B) outputs in registers. Every `every` steps a line of `next` is prefetched. */
K_FN void
micro(float *m, gsize block_stride, const float *v, int ldv, const float *u, int depth,
      const float *next, int every, const int mr, const int nv)
{
  Vec acc[SG_WINO_MR][2];
  int wait = 0;
#pragma GCC unroll 16
  for (int i = 0; i < mr; i++)
    acc[i][0] = acc[i][1] = (Vec){0};
  for (int k = 0; k < depth; k++) {
    Vec u0 = *(const Vec *)(u + (gsize)k * nv * B);
    Vec u1 = nv > 1 ? *(const Vec *)(u + (gsize)k * nv * B + B) : u0;
    if (--wait < 0) {
      __builtin_prefetch(next, 0, 2);
      next += 16;
      wait = every - 1;
    }
#pragma GCC unroll 16
    for (int i = 0; i < mr; i++) {
      float a = v[(gsize)i * ldv + k];
      acc[i][0] += a * u0;
      if (nv > 1)
        acc[i][1] += a * u1;
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < mr; i++) {
    *(Vec *)(m + (gsize)i * B) = acc[i][0];
    if (nv > 1)
      *(Vec *)(m + block_stride + (gsize)i * B) = acc[i][1];
  }
}

/* All rows against one panel of weights. The panel after it comes from far away, and is what the
 * next call wants: its lines are fetched evenly over this one's work. */
K_FN void
panel(float *m, gsize block_stride, const float *v, const float *u, int rows, int depth,
      const int nv)
{
  const float *next = u + (gsize)depth * nv * B;
  int steps = rows / SG_WINO_MR * depth, lines = depth * nv * B / 16, t = 0;
  int every = MAX(1, steps / MAX(1, lines)), chunk = (depth + every - 1) / every * 16;

  for (; t + SG_WINO_MR <= rows; t += SG_WINO_MR, next += chunk)
    micro(m + (gsize)t * B, block_stride, v + (gsize)t * depth, depth, u, depth, next, every,
          SG_WINO_MR, nv);
  for (; t + 4 <= rows; t += 4)
    micro(m + (gsize)t * B, block_stride, v + (gsize)t * depth, depth, u, depth, u, depth, 4, nv);
  for (; t < rows; t++)
    micro(m + (gsize)t * B, block_stride, v + (gsize)t * depth, depth, u, depth, u, depth, 1, nv);
}

static void
wino_gemm(float *m, gsize block_stride, const float *v, const float *u, int rows, int depth, int nv)
{
  if (nv == 2)
    panel(m, block_stride, v, u, rows, depth, 2);
  else
    panel(m, block_stride, v, u, rows, depth, 1);
}

const SgWinoRows SG_WINO = {same_input, same_output, up_input, up_output, wino_gemm};
