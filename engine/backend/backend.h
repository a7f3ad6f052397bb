/* SgBackend: the kernels a processor offers. Nets call these and nothing else.
 *
 * A vtable of kernels, not of networks: shapes, formulas' order and stages live in nets/, element
 * formulas in kernels/ (compiled by every back end), convolutions and matrix products in vendor
 * libraries. A buffer belongs to its back end and has one of two formats: PLAIN  row-major [N, C,
 * H, W]: matrices ([N, C, 1, 1]), pictures (few channels), noise planes ACT    activations in
 * whatever layout the back end's convolution likes best Unless said otherwise outputs must not
 * alias inputs, sizes agree (checked with g_assert: they are the program's, not a file's), and
 * nothing fails but allocation and the calls that return gboolean. */
#pragma once

#include "engine/tensor/tensor.h"

G_BEGIN_DECLS

typedef struct _SgBackend SgBackend;
typedef struct _SgConv SgConv;

typedef enum { SG_FMT_PLAIN, SG_FMT_ACT } SgFormat;

typedef struct {
  SgBackend *backend;
  int ref; /* one thread at a time uses a net, so this is plain */
  SgFormat fmt;
  int n, c, h, w;
  gsize bytes;    /* in use */
  gsize capacity; /* allocated; the back end's own */
  gpointer data;  /* the back end's */
} SgBuf;

typedef enum {
  SG_CONV_FORWARD,    /* correlation: y[o, i] = sum x[c, i * stride + k - pad] w[o, c, k] */
  SG_CONV_TRANSPOSED, /* y[o, i * stride + k - pad] += x[c, i] w[o, c, k] */
  SG_CONV_UP_FIR, /* StyleGAN2's upsampling convolution: TRANSPOSED with stride 2, no pad, [H] ->
                   * [2H + 1], then the FIR filter [1, 3, 3, 1] / 4 per axis with pad 1 -> [2H] */
} SgConvKind;

typedef struct {
  SgConvKind kind;
  int kernel, stride;
  int pad, pad_end; /* before and after, both axes */
} SgConvGeometry;

/* What follows a convolution, in this order:
 * v = x * scale[n, c] + noise[n, y, x] * noise_strength + bias[c]
 * v = lrelu_slope (v) * gain, clamped to ±clamp. */
typedef struct {
  const SgBuf *scale; /* PLAIN [N, C, 1, 1] (demodulation) or NULL */
  const SgBuf *noise; /* PLAIN [1 or N, 1, H, W] or NULL */
  float noise_strength;
  const SgBuf *bias; /* PLAIN [1, C, 1, 1] or NULL */
  float slope;       /* 0.2 leaky, 1 linear */
  float gain;
  float clamp; /* < 0: none */
} SgEpilogue;

/* FIR resampling with the separable [1, 3, 3, 1] / 8 filter per axis (upfirdn of the StyleGAN
 * papers); `gain` of up variants is 4, so the mean stays. */
typedef enum {
  SG_FIR_BLUR_AFTER_UP, /* pad 1, gain 4: [2H + 1] -> [2H], after a stride-2 transposed convolution
                         */
  SG_FIR_BLUR_BEFORE_DOWN, /* pad 2, gain 1: [H] -> [H + 1], before a stride-2 convolution */
  SG_FIR_UP,               /* zero-insert, pad (2, 1), gain 4: [H] -> [2H] */
  SG_FIR_DOWN,             /* pad 1, gain 1, every second: [H] -> [H / 2] */
} SgFir;

struct _SgBackend {
  const char *name; /* "cpu", "reference", "cuda" */

  /* buf is filled in but for bytes and data. FALSE and error when memory is short; contents
   * undefined. */
  gboolean (*buf_alloc)(SgBuf *buf, GError **error);
  void (*buf_release)(SgBuf *buf); /* its data */
  /* Float row-major [N, C, H, W] to and from a buffer of either format. */
  void (*upload)(SgBuf *dst, const float *src);
  void (*download)(const SgBuf *src, float *dst);
  /* Same sizes, any formats; also ACT [N, C, H, W] -> PLAIN [N, C*H*W, 1, 1] (flattened as c, y,
   * x). */
  void (*copy)(SgBuf *dst, const SgBuf *src);
  /* Repeats the single sample of src over dst's batch; same format. */
  void (*broadcast)(SgBuf *dst, const SgBuf *src);

  /* weight: [O, I, k, k] row-major in host memory, borrowed for the life of the conv (it is packed
   * when an input size first asks for a layout). */
  SgConv *(*conv_new)(SgBackend *b, const float *weight, int o, int i, const SgConvGeometry *g,
                      GError **error);
  void (*conv_free)(SgConv *conv);
  /* y = epilogue (conv (x * style)), ACT; style PLAIN [N, I, 1, 1] or NULL, e NULL for nothing. One
   * call, so that a back end may fold the scaling and the epilogue into the convolution. */
  gboolean (*conv_run)(SgConv *conv, SgBuf *y, const SgBuf *x, const SgBuf *style,
                       const SgEpilogue *e, GError **error);

  /* y[n, o] = act (sum_i x[n, i] w[o, i] * wgain + bias[o] * bgain), PLAIN; act = lrelu 0.2 * gain
   * if `lrelu`, else linear. bias may be NULL. */
  void (*dense)(SgBuf *y, const SgBuf *x, const SgBuf *w, float wgain, const SgBuf *bias,
                float bgain, gboolean lrelu, float gain);
  /* x[n, :] / sqrt (mean (x²) + 1e-8), PLAIN; in place allowed. */
  void (*normalize)(SgBuf *y, const SgBuf *x);
  /* y[n, o] = 1 / sqrt (sum_i x[n, i]² wsq[o, i] + eps), PLAIN. */
  void (*demod)(SgBuf *y, const SgBuf *x, const SgBuf *wsq, float eps);

  /* y = fir (x), either format. */
  void (*fir)(SgBuf *y, const SgBuf *x, SgFir mode);
  /* y = (a + b) * gain (ACT; in place allowed). */
  void (*add)(SgBuf *y, const SgBuf *a, const SgBuf *b, float gain);

  /* img[n, k] = (add ? add[n, k] : 0) + clamp (sum_c x[n, c] s[n, c] w[k, c] + bias[k]); x ACT, the
   * rest PLAIN: w [K, C, 1, 1], s [N, C, 1, 1], img and add [N, K, H, W]; add may be img or NULL.
   */
  void (*to_rgb)(SgBuf *img, const SgBuf *add, const SgBuf *x, const SgBuf *s, const SgBuf *w,
                 const SgBuf *bias, float clamp);
  /* y = (accumulate ? y : 0) + epilogue (sum_k img[n, k] w[c, k] * wgain): PLAIN picture -> ACT. */
  void (*from_rgb)(SgBuf *y, const SgBuf *img, const SgBuf *w, float wgain, const SgEpilogue *e,
                   gboolean accumulate);
  /* Bilinear ×2, align_corners false, edges clamped; PLAIN pictures. */
  void (*bilinear_up)(SgBuf *y, const SgBuf *x);
  /* Minibatch standard deviation (Karras et al. 2018): y has F more channels than x, ACT. Sample
   * g * M + m belongs to group m; group size G divides N, M = N / G. */
  void (*minibatch_std)(SgBuf *y, const SgBuf *x, int group_size, int features);

  char *(*describe)(const SgBackend *b); /* "CPU, 2 threads" */
};

/* The CPU back end (oneDNN, OpenMP). Never fails. Borrowed, lives as long as the process. */
SgBackend *sg_backend_cpu(void);
/* Plain loops in double, for tests: slow, and sharing nothing with the other back ends but the
 * element bodies in kernels/. */
SgBackend *sg_backend_reference(void);
/* "CPU, 2 threads", to be freed. */
char *sg_backend_describe(const SgBackend *backend);

SgBuf *sg_buf_new(SgBackend *b, SgFormat fmt, int n, int c, int h, int w, GError **error);
/* A PLAIN buffer [n, c, h, w] filled from row-major floats. */
SgBuf *sg_buf_from_floats(SgBackend *b, const float *src, int n, int c, int h, int w,
                          GError **error);
SgBuf *sg_buf_ref(SgBuf *buf);
void sg_buf_unref(SgBuf *buf); /* NULL allowed */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgBuf, sg_buf_unref)

G_END_DECLS
