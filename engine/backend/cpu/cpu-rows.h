/* Row kernels of the CPU back end: one run over W pixels of one block of channels, on one thread.
 *
 * cpu-rows.c is compiled once per instruction set (block of 16 channels with AVX-512, else 8), and
 * the back end picks a table at start. Sharing rows, not whole loops, keeps OpenMP out of the
 * variants. */
#pragma once

#include <glib.h>

typedef struct {
  const float *scale;    /* [block] or NULL */
  const float *noise;    /* [w] or NULL */
  const float *strength; /* [block], zero in channels beyond C; used with noise */
  const float *bias;     /* [block] or NULL */
  float slope, gain, clamp;
} SgRowEpilogue;

/* One row of the gradient of an epilogue (SgEpilogueGrad); NULL where nothing is wanted. */
typedef struct {
  const float *dy, *y, *x;
  const float *scale; /* [block] or NULL */
  float slope, gain, clamp;
  float *dx;          /* [w][block], may be dy */
  float *dscale;      /* [block], added to */
  float *dsum;        /* [block], added to */
  const float *noise; /* [w] or NULL */
  float *dstrength;   /* [block], added to; used with noise */
} SgRowGrad;

/* One axis of a filter: y[o] = sum over k of g[k] u[o down - pad + k], where u is x with zeros
 * between its samples, and zero beyond them. */
typedef struct {
  const float *g; /* [n]: the taps in reverse, times the gain of one axis */
  int n, up, down, pad;
} SgRowTaps;

typedef struct {
  int block;
  const char *isa;
  /* y = x * s[block] over w pixels */
  void (*scale)(float *y, const float *x, const float *s, int w);
  /* y may be x */
  void (*epilogue)(float *y, const float *x, int w, const SgRowEpilogue *e);
  /* v[i] = vertical taps of four input rows (NULL: zeros) of w pixels, weights * gain */
  void (*fir_v)(float *v, const float *const rows[4], int w, float gain);
  /* y[o] = taps of v[o * step - pad + 0..3], o < ow, zeros outside 0..w-1 */
  void (*fir_h)(float *y, const float *v, int w, int ow, int step, int pad, float gain);
  /* y = (a + b) * gain over w pixels */
  void (*add)(float *y, const float *a, const float *b, int w, float gain);
  /* out[k][i] += sum over blocks of x[b][i] · wk[k][b]; x blocks are `stride` floats apart, wk is
   * [K][blocks * block]; K <= 4 */
  void (*to_rgb)(float *const *out, const float *x, gsize stride, int blocks, const float *wk,
                 int k, int w);
  /* y[i] = sum_k img[k][i] * wk[k][block] */
  void (*from_rgb)(float *y, const float *const *img, const float *wk, int k, int w);
  /* any filter along a row of w pixels, ow come out */
  void (*taps_h)(float *y, const float *x, int w, int ow, const SgRowTaps *t);
  /* y = sum of g[k] rows[k] over the `count` rows of n floats that are not NULL */
  void (*taps_v)(float *y, const float *const *rows, const float *g, int count, int n);
  /* y[o] = sum over a, b of g[a n + b] rows[a][o down - pad + b], zeros beyond 0..w-1 and in rows
   * that are NULL */
  void (*taps_2d)(float *y, const float *const *rows, int w, int ow, const SgRowTaps *t);
  /* acc[block] += sum over w pixels of (a - mean[block])² */
  void (*spread)(float *acc, const float *a, const float *mean, int w);
  /* y = (x - mean[block]) * scale[block] + shift[block]; y may be x */
  void (*standardize)(float *y, const float *x, const float *mean, const float *scale,
                      const float *shift, int w);
  /* dot product of n floats */
  float (*dot)(const float *a, const float *b, int n);
  /* sum of squares-weighted: sum a² b */
  float (*dot2)(const float *a, const float *b, int n);

  /* ---- training ---- */
  void (*epilogue_grad)(const SgRowGrad *g, int w);
  /* y = a x + b z over n floats; z may be NULL */
  void (*combine)(float *y, float a, const float *x, float b, const float *z, gsize n);
  void (*mul)(float *y, const float *a, const float *b, gsize n);
  /* acc[block] += sum over w pixels of a (b NULL) or a b */
  void (*dot_block)(float *acc, const float *a, const float *b, int w);
  /* y[2w pixels] = v doubled by the filter [1, 3, 3, 1] / 8 times gain (SG_FIR_UP along a row) */
  void (*fir_up)(float *y, const float *v, int w, float gain);
  /* out[w] += sum over the block of x */
  void (*pixel_sum)(float *out, const float *x, int w);
  /* acc[k][block] += sum over w pixels of x img[k] */
  void (*rgb_weight)(float *acc, const float *x, const float *const *img, int k, int w);
  void (*adam)(float *p, float *m, float *v, const float *g, gsize n, const float c[5]);
} SgCpuRows;

extern const SgCpuRows sg_cpu_rows_generic;
#ifdef SG_HAVE_X86_64_LEVELS
extern const SgCpuRows sg_cpu_rows_v3; /* AVX2 + FMA */
extern const SgCpuRows sg_cpu_rows_v4; /* AVX-512 */
#endif
