/* Shared by the files of the CUDA back end, C and CUDA alike.
 *
 * Every buffer is row-major [N, C, H, W] floats on the device, both formats alike. All work of a
 * process goes to one stream, whichever thread asks: so memory may be reused as soon as the host
 * has given it back. Training is a process of its own; its stream has the lower priority.
 *
 * Most of the table's functions return nothing. What goes wrong in them (a lost device, no memory
 * for a temporary) is kept, and told by the next call that can fail or by SgBackend.check. */
#pragma once

#include "engine/backend/backend.h"
#include "engine/backend/backend-device.h"
#include <cuda_runtime_api.h>

G_BEGIN_DECLS

#define CU_THREADS 256
/* Doubles in `sums`, the partial results of sums in two steps. */
#define CU_SUMS ((gsize)1 << 20)
/* Partial results of a largest number. */
#define CU_MAXIMA 1024

typedef struct _CudaPool CudaPool;
typedef struct _CudaDnn CudaDnn;
typedef struct _CudaBlas CudaBlas;
typedef struct _CudaNccl CudaNccl;

typedef struct {
  SgBackend base;
  int device;
  char name[256];
  cudaStream_t stream, recorded; /* `recorded` is made when first needed */
  SgPrecision precision;
  CudaPool *pool;
  double *sums;        /* [CU_SUMS], on the device */
  GMutex sums_lock;    /* held from the kernel that fills `sums` to the one that reads it */
  GMutex library_lock; /* of the two libraries, opened when first needed */
  CudaDnn *dnn;
  CudaBlas *blas;
  CudaNccl *nccl;     /* of a training with other processes */
  GMutex record_lock; /* one thread records */
  GMutex lock;        /* of what follows */
  GError *failure;    /* the first one that nobody has been told of */
  gboolean lost;      /* the device does not work any more */
} CudaBackend;

#define CU(b) ((CudaBackend *)(b))

/* The backend's stream, or that of the calling thread's recording; makes its device the
 * thread's. */
cudaStream_t cuda_stream(const SgBackend *b);
/* Keeps what went wrong; cudaSuccess is nothing. */
void cuda_note(const SgBackend *b, cudaError_t code, const char *what);
void cuda_note_error(const SgBackend *b, GError *taken);
/* FALSE and error if something went wrong since the last call. */
gboolean cuda_check(SgBackend *b, GError **error);
gboolean cuda_ok(cudaError_t code, const char *what, GError **error);

/* cuda-memory.c. `taken` gets the size of the piece, at least `bytes`. */
CudaPool *cuda_pool_new(void);
void cuda_pool_free(CudaPool *pool);
gpointer cuda_pool_take(SgBackend *b, gsize bytes, gsize *taken, GError **error);
void cuda_pool_give(SgBackend *b, gpointer data, gsize taken);
void cuda_pool_info(const SgBackend *b, SgDeviceInfo *info); /* used, reserved and their peaks */
void cuda_pool_reset_peak(SgBackend *b);
void cuda_pool_trim(SgBackend *b);
gboolean cuda_buf_alloc(SgBuf *buf, GError **error);
void cuda_buf_release(SgBuf *buf);
void cuda_upload(SgBuf *dst, const float *src);
void cuda_download(const SgBuf *src, float *dst);
void cuda_copy(SgBuf *dst, const SgBuf *src);
void cuda_broadcast(SgBuf *dst, const SgBuf *src);
/* `bytes` from the device; FALSE (zeros) if that failed, which is noted. Waits for all that was
 * asked for before. */
gboolean cuda_fetch(const SgBackend *b, gpointer to, gconstpointer from, gsize bytes);
/* A temporary; what is missing for it is noted and gives NULL. */
SgBuf *cuda_temporary(SgBackend *b, int n, int c, int h, int w);

/* cuda-graph.c. A thread that records has pieces of its own: one that is given back is taken by it
 * alone, now and in every replay, or by another recording with it. */
typedef struct {
  gpointer data;
  gsize taken;
} CudaPiece;
cudaStream_t cuda_recording_stream(const SgBackend *b); /* NULL: this thread does not record */
/* FALSE: this thread does not record, or has no such piece. */
gboolean cuda_recording_take(const SgBackend *b, gsize taken, gpointer *data);
gboolean cuda_recording_give(const SgBackend *b, CudaPiece piece); /* FALSE: it does not record */
/* TRUE if this thread records: what it is about to do cannot be kept, and is not to be done. */
gboolean cuda_recording_break(const SgBackend *b);
gboolean cuda_record_begin(SgBackend *b, const SgReplay *with);
SgReplay *cuda_record_end(SgBackend *b);
void cuda_replay_run(SgReplay *r);
void cuda_replay_free(SgReplay *r);

/* cuda-conv.c */
SgConv *cuda_conv_new(SgBackend *b, const float *weight, int o, int i, const SgConvGeometry *g,
                      GError **error);
void cuda_conv_free(SgConv *conv);
gboolean cuda_conv_run(SgConv *conv, SgBuf *y, const SgBuf *x, const SgBuf *style,
                       const SgEpilogue *e, GError **error);
gboolean cuda_conv(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, const SgBuf *style, SgBuf *w,
                   SgBuf *y, GError **error);

typedef enum { CU_FLOAT, CU_FP16, CU_BF16 } CudaType;

/* The form sum over narrow positions of wide · filter · narrow, filter [NARROW, WIDE, k, k]:
 * OUTPUT computes narrow, INPUT wide, WEIGHT filter. */
typedef struct {
  int type; /* CudaType of the three */
  int pass; /* SgConvPass */
  int n, wide, narrow, kernel, stride, pad, wide_h, wide_w, narrow_h, narrow_w;
  int tf32; /* of CU_FLOAT; set by who runs it */
} CudaForm;

/* By cuDNN (cuda-dnn.c), or by loops where the device is a pretended one (tests/cuda-on-host).
 * CU_FLOAT: [N, C, H, W]; else [N, H, W, C], and the result is the form's times alpha. FALSE and
 * *none: there is no convolution of that type and shape. */
gboolean cuda_dnn_form(SgBackend *b, const CudaForm *form, float alpha, gpointer wide,
                       gpointer filter, gpointer narrow, gboolean *none, GError **error);

/* A filter that stays as it is, in halves. */
typedef struct {
  gpointer half; /* NULL: not yet */
  gsize taken;
  SgBuf *scale; /* [2], or NULL */
} CudaKept;

/* A form and what comes before and after it. */
typedef struct {
  CudaForm form;
  SgBuf *sides[3];            /* by SgConvPass: narrow, wide, filter */
  const SgBuf *style;         /* factors of the activations that go in, [N, C, 1, 1], or NULL */
  gboolean blur;              /* the result goes through SG_FIR_BLUR_AFTER_UP into its side */
  const SgEpilogue *epilogue; /* or NULL */
  CudaKept *kept;             /* [CU_BF16 + 1] if the filter stays as it is, else NULL */
} CudaConv;

/* cuda-conv.c: in the precision that was asked for. */
gboolean cuda_convolve(SgBackend *b, CudaConv *conv, GError **error);
/* cuda-half.c. FALSE without error: floats are to do it. */
gboolean cuda_half_convolve(SgBackend *b, CudaConv *conv, GError **error);
void cuda_kept_clear(SgBackend *b, CudaKept *kept);
void cuda_dnn_close(CudaDnn *dnn);
/* c[m, n] = alpha op (a) op (b), row-major with leading dimensions; cuBLASLt (cuda-blas.c) or
 * loops. */
gboolean cuda_gemm(SgBackend *backend, gboolean ta, gboolean tb, int m, int n, int k, float alpha,
                   const float *a, int lda, const float *b, int ldb, float *c, GError **error);
void cuda_blas_close(CudaBlas *blas);
void cuda_matmul(SgBuf *c, const SgBuf *a, gboolean ta, const SgBuf *b, gboolean tb, double alpha);
void cuda_dense(SgBuf *y, const SgBuf *x, const SgBuf *w, float wgain, const SgBuf *bias,
                float bgain, gboolean lrelu, float gain);

/* cuda-nccl.c; NULL in the table where there was no NCCL to compile with */
gboolean cuda_reduce_id(SgBackend *b, char id[SG_REDUCE_ID], GError **error);
gboolean cuda_reduce_join(SgBackend *b, const char id[SG_REDUCE_ID], int rank, int size,
                          GError **error);
gboolean cuda_reduce(SgBuf *buf, GError **error);

/* element.cu */
void cuda_fill(SgBuf *buf, double value);
void cuda_combine(SgBuf *y, double a, const SgBuf *x, double b, const SgBuf *z);
void cuda_add(SgBuf *y, const SgBuf *a, const SgBuf *b, float gain);
void cuda_mul(SgBuf *y, const SgBuf *a, const SgBuf *b);
void cuda_map(SgMap fn, double a, SgBuf *y, const SgBuf *x);
void cuda_adam(SgBuf *p, SgBuf *m, SgBuf *v, const SgBuf *grad, const SgAdam *a);
void cuda_scale(SgBuf *y, const SgBuf *x, const SgBuf *s);
void cuda_epilogue(SgBuf *y, const SgBuf *x, const SgEpilogue *e);
void cuda_expand(SgBuf *y, const SgBuf *x);
void cuda_channels(SgBuf *y, int to, const SgBuf *x, int from, int count);
/* y = act (y + bias[c] * bgain), y [N, C, 1, 1]; the end of cuda_dense */
void cuda_dense_end(SgBuf *y, const SgBuf *bias, float bgain, gboolean lrelu, float gain);
/* [A, B, k, k] -> [B, A, k, k] */
void cuda_swap_axes(SgBuf *to, const SgBuf *from);

/* sums.cu */
void cuda_normalize(SgBuf *y, const SgBuf *x);
void cuda_demod(SgBuf *y, const SgBuf *x, const SgBuf *wsq, float eps);
void cuda_minibatch_std(SgBuf *y, const SgBuf *x, int group_size, int features);
void cuda_dot(SgBuf *s, const SgBuf *a, const SgBuf *b);
void cuda_sum_to(SgBuf *y, const SgBuf *x);
void cuda_epilogue_grad(const SgEpilogueGrad *g);

/* pictures.cu */
void cuda_fir(SgBuf *y, const SgBuf *x, SgFir mode);
/* y = epilogue (fir (x)); e may be NULL. */
void cuda_fir_epilogue(SgBuf *y, const SgBuf *x, SgFir mode, const SgEpilogue *e);
void cuda_bilinear_up(SgBuf *y, const SgBuf *x);
void cuda_to_rgb(SgBuf *img, const SgBuf *add, const SgBuf *x, const SgBuf *s, const SgBuf *w,
                 const SgBuf *bias, float clamp);
void cuda_from_rgb(SgBuf *y, const SgBuf *img, const SgBuf *w, float wgain, const SgEpilogue *e,
                   gboolean accumulate);
void cuda_rgb8(const SgBuf *img, int edge, int h, int w, guint8 *rgb, gboolean *finite);
void cuda_rgb(SgConvPass pass, SgBuf *x, SgBuf *w, SgBuf *img);

/* half.cu. What is in 16 bits lies channels last. */
/* scale [2] and maxima [CU_MAXIMA] on the device: the power of two that brings the largest of x to
 * between a half and 1, and its inverse; x times its style, where there is one. */
void cuda_half_scale(float *scale, float *maxima, const SgBuf *x, const SgBuf *style);
/* x, times style and *scale (on the device) where there are such, to halves. */
void cuda_half_pack(CudaType type, gpointer to, const SgBuf *x, const float *scale,
                    const SgBuf *style);
/* Halves as a convolution left them: times factor, *first and *second (on the device, or NULL). */
typedef struct {
  const guint16 *v;
  float factor;
  const float *first, *second;
  int type; /* CudaType */
} CudaHalves;
/* y = epilogue (from), or epilogue (blur (from)), where `from` is one larger in both axes; e may
 * be NULL. */
void cuda_half_unpack(SgBuf *y, const CudaHalves *from, const SgEpilogue *e);
void cuda_half_blur(SgBuf *y, const CudaHalves *from, const SgEpilogue *e);

/* random.cu */
void cuda_normals(SgBuf *dst, guint64 seed, guint64 stream, guint64 first, guint64 step);

/* augment.cu */
SgBuf *cuda_augment_params(SgBackend *b, const SgAugmentArgs *a, GError **error);
void cuda_augment(SgBuf *y, const SgBuf *x, const SgAugmentArgs *a, SgAugmentMode mode);

G_END_DECLS
