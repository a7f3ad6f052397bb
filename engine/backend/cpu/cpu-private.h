/* Shared by the files of the CPU back end. */
#pragma once

#include "engine/backend/backend.h"
#include "engine/backend/cpu/cpu-rows.h"
#include "engine/backend/cpu/cpu-wino.h"
#include "engine/base/room.h"
#include <omp.h>

typedef struct {
  SgBackend base;
  const SgCpuRows *rows; /* row kernels for this processor */
  const SgWinoRows *wino;
  int block;     /* channels per ACT block: rows->block */
  gboolean bf16; /* convolutions go over the matrix units (cpu-amx.h) where these suit */
} SgCpuBackend;

#define CPU(b) ((SgCpuBackend *)(b))

/* ACT is [N, ceil (C / block), H, W, block], channels beyond C are zero (oneDNN wants them so). */
static inline int
cpu_blocks(const SgBuf *x)
{
  int block = CPU(x->backend)->block;
  return (x->c + block - 1) / block;
}

/* Row y of block cb of sample n. */
static inline float *
cpu_row(const SgBuf *x, int n, int cb, int y)
{
  int block = CPU(x->backend)->block;
  return (float *)x->data + (((gsize)n * cpu_blocks(x) + cb) * x->h + y) * x->w * block;
}

/* Room for what a kernel computes in, for sg_aligned_free. NULL: there is none, and the kernel
 * leaves its result as it is (room.h). Not within a parallel region. */
static inline gpointer
cpu_scratch(gsize bytes)
{
  gpointer p = sg_aligned_alloc(bytes);
  if (!p)
    sg_room_missing(bytes);
  return p;
}

/* The same for each thread of a parallel region. */
static inline gpointer
cpu_scratch_each(gsize bytes)
{
  return cpu_scratch((bytes + 63) / 64 * 64 * (gsize)omp_get_max_threads());
}

static inline gpointer
cpu_scratch_mine(gpointer each, gsize bytes)
{
  return (char *)each + (bytes + 63) / 64 * 64 * (gsize)omp_get_thread_num();
}

/* cpu-conv.c: chooses how to convolve. */
SgConv *cpu_conv_new(SgBackend *b, const float *weight, int o, int i, const SgConvGeometry *g,
                     GError **error);
void cpu_conv_free(SgConv *conv);
gboolean cpu_conv_run(SgConv *conv, SgBuf *y, const SgBuf *x, const SgBuf *style,
                      const SgEpilogue *e, GError **error);

/* cpu-dnnl.c: the only file that sees oneDNN. Geometry is FORWARD or TRANSPOSED. */
typedef struct _SgDnnlConv SgDnnlConv;
SgDnnlConv *cpu_dnnl_conv_new(SgBackend *b, const float *weight, int o, int i,
                              const SgConvGeometry *g, GError **error);
void cpu_dnnl_conv_free(SgDnnlConv *conv);
gboolean cpu_dnnl_conv_run(SgDnnlConv *conv, SgBuf *y, const SgBuf *x, GError **error);
/* c[m, n] = a[m, k] · b[n, k]ᵀ, row-major. */
void cpu_sgemm_nt(int m, int n, int k, const float *a, const float *b, float *c);
/* c[m, n] = alpha op (a) op (b), row-major with leading dimensions. */
void cpu_sgemm(gboolean ta, gboolean tb, int m, int n, int k, float alpha, const float *a, int lda,
               const float *b, int ldb, float *c);

/* cpu-dnnl-train.c: SgBackend.conv by oneDNN alone, without style. */
gboolean cpu_dnnl_train_conv(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, SgBuf *w, SgBuf *y,
                             GError **error);

/* cpu-train.c and cpu-train-conv.c: the training half of SgBackend */
gboolean cpu_train_conv(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, const SgBuf *style,
                        SgBuf *w, SgBuf *y, GError **error);
void cpu_matmul(SgBuf *c, const SgBuf *a, gboolean ta, const SgBuf *b, gboolean tb, double alpha);
void cpu_combine(SgBuf *y, double a, const SgBuf *x, double b, const SgBuf *z);
void cpu_mul(SgBuf *y, const SgBuf *a, const SgBuf *b);
void cpu_map(SgMap fn, double a, SgBuf *y, const SgBuf *x);
void cpu_dot(SgBuf *s, const SgBuf *a, const SgBuf *b);
void cpu_expand(SgBuf *y, const SgBuf *x);
void cpu_sum_to(SgBuf *y, const SgBuf *x);
void cpu_train_epilogue(SgBuf *y, const SgBuf *x, const SgEpilogue *e);
void cpu_epilogue_grad(const SgEpilogueGrad *g);
void cpu_rgb(SgConvPass pass, SgBuf *x, SgBuf *w, SgBuf *img);
void cpu_channels(SgBuf *y, int to, const SgBuf *x, int from, int count);
void cpu_adam(SgBuf *p, SgBuf *m, SgBuf *v, const SgBuf *grad, const SgAdam *a);

/* cpu-augment.c */
void cpu_augment(SgBuf *y, const SgBuf *x, const SgAugmentArgs *a, SgAugmentMode mode);

/* cpu-dense.c */
void cpu_dense(SgBuf *y, const SgBuf *x, const SgBuf *w, float wgain, const SgBuf *bias,
               float bgain, gboolean lrelu, float gain);
void cpu_normalize(SgBuf *y, const SgBuf *x);
void cpu_demod(SgBuf *y, const SgBuf *x, const SgBuf *wsq, float eps);

/* cpu-act.c */
/* y = x * s[n, c], in place allowed */
void cpu_scale(SgBuf *y, const SgBuf *x, const SgBuf *s);
/* y = epilogue (x), in place allowed; with `blur` BLUR_AFTER_UP comes first ([2H + 1] -> [2H]). */
void cpu_epilogue(SgBuf *y, const SgBuf *x, gboolean blur, const SgEpilogue *e);
/* Rows [from, to) of block cb of sample n, from rows x [from - 1 … to + 2) of xw pixels of the same
 * block: BLUR_AFTER_UP and the epilogue. v: room for (xw + y->w) pixels. */
void cpu_blur_rows(SgBuf *y, const SgEpilogue *e, int n, int cb, int from, int to, const float *x,
                   int xw, float *v);
/* The epilogue in place on rows [from, to) of block cb of sample n. */
void cpu_epilogue_rows(SgBuf *y, const SgEpilogue *e, int n, int cb, int from, int to);
/* The values of one block of channels of v, PLAIN [1 or N, C, 1, 1], zero-padded; NULL stays
 * NULL. */
const float *cpu_block_of(const SgBuf *v, int n, int cb, int block, float storage[16]);
void cpu_add(SgBuf *y, const SgBuf *a, const SgBuf *b, float gain);
void cpu_minibatch_std(SgBuf *y, const SgBuf *x, int group_size, int features);

/* cpu-fir.c */
void cpu_fir(SgBuf *y, const SgBuf *x, SgFir mode);
void cpu_bilinear_up(SgBuf *y, const SgBuf *x);

/* cpu-filtered.c */
void cpu_filtered(SgBuf *y, const SgBuf *x, const SgFiltered *f);

/* cpu-adain.c */
void cpu_adain(SgBuf *y, const SgBuf *x, const SgBuf *s, float eps);

/* cpu-rgb.c */
void cpu_to_rgb(SgBuf *img, const SgBuf *add, const SgBuf *x, const SgBuf *s, const SgBuf *w,
                const SgBuf *bias, float clamp);
void cpu_from_rgb(SgBuf *y, const SgBuf *img, const SgBuf *w, float wgain, const SgEpilogue *e,
                  gboolean accumulate);
