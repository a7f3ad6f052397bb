/* Winograd F(4×4, 3×3) for one tile or one panel, compiled once per instruction set like
 * cpu-rows.c.
 *
 * Toom-Cook with the points 0, ±a, ±b, ∞ (Lavin & Gray 2016 use a = 1, b = 2). a = 5/8 and b = 3/2
 * keep the transforms' numbers near one, and the rounding error about three times smaller. For data
 * d and filter g, y = Aᵀ [(G g) ⊙ (Bᵀ d)]: Bᵀ rows: the polynomials prod (x - p) over the other
 * points G rows:  [1, p, p²] / prod (p - other points) Aᵀ row i: pⁱ 36 products make 16 outputs,
 * where direct convolution needs 144. */
#include "engine/backend/cpu-rows.h"
#include "engine/backend/cpu-wino.h"
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

/* x: one block of channels, [h][w][B]. Tile (ty, tx) reads rows 4 ty - 1 .. 4 ty + 4, zeros
 * outside. The 36 vectors go to v + k * stride. */
static void
wino_input(float *v, gsize stride, const float *x, int h, int w, int ty, int tx, const float *style)
{
  Vec d[36], t[36], scale = {0};
  int y0 = 4 * ty - 1, x0 = 4 * tx - 1;

  if (style)
    memcpy(&scale, style, sizeof scale);
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++) {
      int yy = y0 + i, xx = x0 + j;
      if (yy >= 0 && yy < h && xx >= 0 && xx < w) {
        d[i * 6 + j] = *(const Vec *)(x + ((gsize)yy * w + xx) * B);
        if (style)
          d[i * 6 + j] *= scale;
      } else {
        d[i * 6 + j] = (Vec){0};
      }
    }
  for (int j = 0; j < 6; j++)
    input_axis(t + j, 6, d + j, 6);
  for (int i = 0; i < 6; i++)
    input_axis(d + i * 6, 1, t + i * 6, 1);
  for (int k = 0; k < 36; k++)
    *(Vec *)(v + k * stride) = d[k];
}

/* The 36 vectors at m + k * stride to 4×4 outputs at y + (i * row + j * pixel) floats, rows and
 * columns beyond `rows`, `columns` left out. */
static void
wino_output(float *y, gsize row, gsize pixel, int rows, int columns, const float *m, gsize stride)
{
  Vec in[36], t[24], o[16];

  for (int k = 0; k < 36; k++)
    in[k] = *(const Vec *)(m + k * stride);
  for (int j = 0; j < 6; j++)
    output_axis(t + j, 6, in + j, 6);
  for (int i = 0; i < 4; i++)
    output_axis(o + i * 4, 1, t + i * 6, 1);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      *(Vec *)(y + (gsize)i * row + (gsize)j * pixel) = o[i * 4 + j];
}

/* mr × (nv * B) outputs in registers. */
K_FN void
micro(float *m, gsize block_stride, const float *v, int ldv, const float *u, int depth,
      const int mr, const int nv)
{
  Vec acc[SG_WINO_MR][2];
#pragma GCC unroll 16
  for (int i = 0; i < mr; i++)
    acc[i][0] = acc[i][1] = (Vec){0};
  for (int k = 0; k < depth; k++) {
    Vec u0 = *(const Vec *)(u + (gsize)k * nv * B);
    Vec u1 = nv > 1 ? *(const Vec *)(u + (gsize)k * nv * B + B) : u0;
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

K_FN void
panel(float *m, gsize block_stride, const float *v, const float *u, int rows, int depth,
      const int nv)
{
  int t = 0;
  for (; t + SG_WINO_MR <= rows; t += SG_WINO_MR)
    micro(m + (gsize)t * B, block_stride, v + (gsize)t * depth, depth, u, depth, SG_WINO_MR, nv);
  for (; t + 4 <= rows; t += 4)
    micro(m + (gsize)t * B, block_stride, v + (gsize)t * depth, depth, u, depth, 4, nv);
  for (; t < rows; t++)
    micro(m + (gsize)t * B, block_stride, v + (gsize)t * depth, depth, u, depth, 1, nv);
}

static void
wino_gemm(float *m, gsize block_stride, const float *v, const float *u, int rows, int depth, int nv)
{
  if (nv == 2)
    panel(m, block_stride, v, u, rows, depth, 2);
  else
    panel(m, block_stride, v, u, rows, depth, 1);
}

const SgWinoRows SG_WINO = {wino_input, wino_output, wino_gemm};
