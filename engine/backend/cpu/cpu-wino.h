/* Winograd convolution for the CPU back end: 3×3, stride 1, pad 1, and the StyleGAN2
 * up-convolution.
 *
 * oneDNN's own Winograd is gone since 3.0, and its direct kernels already run at the processor's
 * peak, so doing fewer products is the only way to be faster. Style, demodulation, noise, bias and
 * activation ride along in the transforms, which saves two passes over the activations. */
#pragma once

#include "engine/backend/backend.h"

#define SG_WINO_A  0.625f
#define SG_WINO_B  1.5f
#define SG_WINO_MR 8 /* tiles a register block of the matrix product holds */

/* Tile (ty, tx) of one block of channels x [h][w][block], times style [block] (or NULL), to vectors
 * at v + k * stride. */
typedef void (*SgWinoInput)(float *v, gsize stride, const float *x, int h, int w, int ty, int tx,
                            const float *style);
/* Vectors at m + k * stride to pixels at y, lines `line` floats apart, as many as there is room
 * for. */
typedef void (*SgWinoOutput)(float *y, gsize line, int rows, int columns, const float *m,
                             gsize stride);

typedef struct {
  SgWinoInput same_input;
  SgWinoOutput same_output; /* 36 products -> 4 × 4 outputs */
  SgWinoInput up_input;
  SgWinoOutput up_output; /* 49 products -> 6 × 6 outputs */
  /* m[j][t][block] = sum_k v[t][k] u[k][j][block], j < nv (1 or 2) `block_stride` floats apart */
  void (*gemm)(float *m, gsize block_stride, const float *v, const float *u, int rows, int depth,
               int nv);
} SgWinoRows;

extern const SgWinoRows sg_cpu_wino_generic;
#ifdef SG_HAVE_X86_64_LEVELS
extern const SgWinoRows sg_cpu_wino_v3;
extern const SgWinoRows sg_cpu_wino_v4;
#endif

typedef struct _SgWino SgWino;

/* Whether this convolution is worth it for an input of h × w. */
gboolean sg_wino_suits(const SgConvGeometry *g, int o, int i, int h, int w);
/* Transforms weight [O, I, 3, 3]; `up`: the transposed convolution by 2, [H] -> [2H + 1], else
 * pad 1. NULL when memory is short. */
SgWino *sg_wino_new(SgBackend *b, const float *weight, int o, int i, gboolean up, GError **error);
void sg_wino_free(SgWino *wino);
/* y = epilogue (conv (x * style)); style PLAIN [N, I, 1, 1] or NULL, e may be NULL. */
gboolean sg_wino_run(SgWino *wino, SgBuf *y, const SgBuf *x, const SgBuf *style,
                     const SgEpilogue *e, GError **error);
