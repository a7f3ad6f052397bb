/* SgBackend: the kernels a processor offers. Nets call these and nothing else.
 *
 * A vtable of kernels, not of networks: shapes, formulas' order and stages live in nets/, element
 * formulas in kernels/ (compiled by every back end), convolutions and matrix products in vendor
 * libraries. A buffer belongs to its back end and has one of two formats. PLAIN: row-major [N, C,
 * H, W], for matrices ([N, C, 1, 1]), pictures (few channels) and noise planes. ACT: activations in
 * whatever layout the back end's convolution likes best. Unless said otherwise outputs must not
 * alias inputs, sizes agree (checked with g_assert: they are the program's, not a file's), and
 * nothing fails but allocation and the calls that return gboolean. */
#pragma once

#include "engine/backend/augment-kernel.h"
#include "engine/base/tensor.h"

G_BEGIN_DECLS

typedef struct _SgBackend SgBackend;
typedef struct _SgConv SgConv;
typedef struct _SgReplay SgReplay;

typedef enum { SG_FMT_PLAIN, SG_FMT_ACT } SgFormat;

typedef struct _SgBuf {
  SgBackend *backend;
  int ref; /* one thread at a time uses a net, so this is plain */
  SgFormat fmt;
  int n, c, h, w;
  gsize bytes;          /* in use */
  gsize capacity;       /* allocated; the back end's own */
  gpointer data;        /* the back end's */
  struct _SgBuf *whole; /* of a view */
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
 *   v = x * scale[n, c] + noise[n, y, x] * noise_strength + bias[c]
 *   v = lrelu_slope (v) * gain, clamped to ±clamp. */
typedef struct {
  const SgBuf *scale; /* PLAIN [N, C, 1, 1] (demodulation) or NULL */
  const SgBuf *noise; /* PLAIN [1 or N, 1, H, W] or NULL */
  float noise_strength;
  const SgBuf *bias; /* PLAIN [1, C, 1, 1] or NULL */
  float slope;       /* 0.2 leaky, 1 linear */
  float gain;
  float clamp; /* < 0: none */
  /* A learnt factor of noise_strength, PLAIN [1, 1, 1, 1]; or one a channel, [1, C, 1, 1], which
   * conv_run and epilogue take; or NULL. */
  const SgBuf *strength;
} SgEpilogue;

/* FIR resampling with the separable [1, 3, 3, 1] / 8 filter per axis (upfirdn of the StyleGAN
 * papers); `gain` of up variants is 4, so the mean stays. */
typedef enum {
  SG_FIR_BLUR_AFTER_UP,    /* pad 1, gain 4: [2H + 1] -> [2H], after a stride-2 transposed
                         * convolution */
  SG_FIR_BLUR_BEFORE_DOWN, /* pad 2, gain 1: [H] -> [H + 1], before a stride-2 convolution */
  SG_FIR_UP,               /* zero-insert, pad (2, 1), gain 4: [H] -> [2H] */
  SG_FIR_DOWN,             /* pad 1, gain 1, every second: [H] -> [H / 2] */
  /* The adjoints, in the same order: their gradients are FIR filters again. */
  SG_FIR_BLUR_AFTER_UP_ADJOINT,    /* pad 2, gain 4: [2H] -> [2H + 1] */
  SG_FIR_BLUR_BEFORE_DOWN_ADJOINT, /* pad 1, gain 1: [H + 1] -> [H] */
  SG_FIR_UP_ADJOINT,               /* as DOWN, gain 4 */
  SG_FIR_DOWN_ADJOINT,             /* as UP, gain 1 */
} SgFir;

/* Which of a trilinear form's three operands is the result: convolution, its gradient with respect
 * to the input, and to the weights, are one form seen from three sides. That closes them under
 * differentiation. */
typedef enum { SG_PASS_OUTPUT, SG_PASS_INPUT, SG_PASS_WEIGHT } SgConvPass;

typedef enum {
  SG_MAP_RSQRT, /* 1 / sqrt (x + a) */
  SG_MAP_SOFTPLUS,
  SG_MAP_SIGMOID,
  SG_MAP_SIN, /* sin (x + a) */
} SgMap;

/* One sweep over the gradient of an epilogue y = clamp (lrelu (x * scale + noise + bias) * gain).
 * dx may be dy. */
typedef struct {
  const SgBuf *dy, *y;
  const SgBuf *x;     /* for dscale, else NULL */
  const SgBuf *scale; /* as the epilogue's */
  float slope, gain, clamp;
  SgBuf *dx;          /* or NULL */
  SgBuf *dscale;      /* PLAIN [N, C, 1, 1] or NULL */
  SgBuf *dsum;        /* PLAIN [N, C, 1, 1], sum over pixels (for the bias) or NULL */
  const SgBuf *noise; /* PLAIN [1 or N, 1, H, W], for dstrength, else NULL */
  SgBuf *dstrength;   /* PLAIN [1, 1, 1, 1], sum of noise times gradient, or NULL */
} SgEpilogueGrad;

/* Resampling along both axes with any taps: zeros between samples (up), `pad` zeros before them
 * (negative: cropping), convolution, every down-th sample; what follows the last sample is as the
 * size of the result says. `gain` counts for both axes together, as upfirdn's. n == 0: none. */
typedef struct {
  int n;
  const double *taps; /* [n], or where `radial` [n, n] */
  int up, down, pad;
  double gain;
  gboolean radial; /* not a product of two axes */
} SgTaps;

/* y = down (clamp (lrelu_slope (up (x)) * gain)): the filtered leaky ReLU of Karras et al. 2021,
 * section 3.2; with `up` alone and a linear activation any resampling. */
typedef struct {
  SgTaps up, down;
  int h, w;                 /* pixels between both */
  float slope, gain, clamp; /* clamp < 0: none */
} SgFiltered;

typedef struct {
  double lr, beta1, beta2, eps;
  guint64 step; /* counted from 1 */
} SgAdam;

#define SG_REDUCE_ID 128

/* How convolutions and matrix products multiply; sums are float, and so is all that is stored. */
typedef enum {
  SG_PRECISION_FP32,
  SG_PRECISION_TF32, /* products of 11 significant bits */
  SG_PRECISION_BF16, /* convolutions of 8 bits; products as TF32 */
  SG_PRECISION_FP16, /* of 11 bits, scaled into its range; products as TF32 */
} SgPrecision;

/* A processor with memory of its own. Bytes. */
typedef struct {
  char id[16];              /* "cuda:0" */
  char name[256];           /* "NVIDIA H100 80GB HBM3" */
  guint64 total, available; /* of the device, whoever uses it */
  guint64 used, peak;       /* this process's buffers: now, and at most since the last reset */
  guint64 reserved, peak_reserved; /* the same with what is kept for later buffers */
  SgPrecision precision;
} SgDeviceInfo;

struct _SgBackend {
  const char *name; /* "cpu", "reference", "cuda" */
  gsize element;    /* bytes of one number in a buffer */
  guint settings;   /* another number: kernels compute otherwise than before (set_precision) */

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
   * rest PLAIN: w [K, C, 1, 1], s [N, C, 1, 1], img and add [N, K, H, W]; add may be img or
   * NULL. */
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

  /* y = (x - m) / sqrt (v + eps) * s[n, c] + s[n, C + c], m and v the mean and the variance over
   * the pixels of a plane; ACT, s PLAIN [N, 2 C, 1, 1]; in place allowed. Adaptive instance
   * normalisation (Huang & Belongie 2017). NULL: this device cannot. */
  void (*adain)(SgBuf *y, const SgBuf *x, const SgBuf *s, float eps);
  /* ACT. NULL: this device cannot. */
  void (*filtered)(SgBuf *y, const SgBuf *x, const SgFiltered *f);

  char *(*describe)(const SgBackend *b); /* "CPU, 2 threads" */

  /* ---- training (tensor/ops.h makes them differentiable) ---- */

  /* Convolution with weights w, PLAIN [O, I, k, k], that change between calls; x and y ACT.
   * OUTPUT: y = conv (x * style), style PLAIN [N, I, 1, 1] or NULL; INPUT: x = adjoint of y;
   * WEIGHT: w = gradient from x and y; style only with OUTPUT. Geometry FORWARD or TRANSPOSED. */
  gboolean (*conv)(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, const SgBuf *style, SgBuf *w,
                   SgBuf *y, GError **error);
  /* c = alpha op (a) op (b), PLAIN matrices [rows, columns, 1, 1] (columns = C H W). */
  void (*matmul)(SgBuf *c, const SgBuf *a, gboolean ta, const SgBuf *b, gboolean tb, double alpha);
  /* y = a x + b z, same size and format; z may be NULL; y may be x or z. */
  void (*combine)(SgBuf *y, double a, const SgBuf *x, double b, const SgBuf *z);
  void (*mul)(SgBuf *y, const SgBuf *a, const SgBuf *b);
  void (*map)(SgMap fn, double a, SgBuf *y, const SgBuf *x); /* PLAIN */
  /* y = x * s, s PLAIN [1 or N, C, 1, 1]; ACT. In place allowed. */
  void (*scale)(SgBuf *y, const SgBuf *x, const SgBuf *s);
  /* s[n, c] = sum over pixels of a b (b NULL: of a), s PLAIN [N, C, 1, 1]; ACT. */
  void (*dot)(SgBuf *s, const SgBuf *a, const SgBuf *b);
  /* Repeats x along every axis where it has size 1; PLAIN, or to ACT from PLAIN [., C, 1, 1] or
   * [., 1, H, W]. */
  void (*expand)(SgBuf *y, const SgBuf *x);
  /* The adjoint: sums x over every axis where y has size 1. */
  void (*sum_to)(SgBuf *y, const SgBuf *x);
  /* y = epilogue (x), y may be x; ACT, or PLAIN without scale and noise. The gradient alike. */
  void (*epilogue)(SgBuf *y, const SgBuf *x, const SgEpilogue *e);
  void (*epilogue_grad)(const SgEpilogueGrad *g);
  /* 1×1 convolution between few and many channels: x ACT [N, C, H, W], w PLAIN [1 or N, K, C, 1],
   * img PLAIN [N, K, H, W]. OUTPUT: img = sum_c w x; INPUT: x = sum_k w img; WEIGHT: w = sum over
   * pixels (and samples if w has one) of x img. */
  void (*rgb)(SgConvPass pass, SgBuf *x, SgBuf *w, SgBuf *img);
  /* y[:, to .. to + count] = x[:, from .. from + count], the rest of y zero; same format. */
  void (*channels)(SgBuf *y, int to, const SgBuf *x, int from, int count);
  /* y = x through the draws `a` (augment-kernel.h); PLAIN pictures. Geometry goes the way of
   * docs/formats.md, Augmentation: pad, upsample by 2, sample bilinearly, downsample by 2. */
  void (*augment)(SgBuf *y, const SgBuf *x, const SgAugmentArgs *a, SgAugmentMode mode);
  /* Where its memory is its own: what `a` holds, brought there once; for a->params. NULL: it reads
   * `a`. */
  SgBuf *(*augment_params)(SgBackend *b, const SgAugmentArgs *a, GError **error);
  /* One step of Adam (Kingma & Ba 2015) on flat PLAIN buffers; gradients that are not finite count
   * as NaN -> 0, ±inf -> ±1e5. */
  void (*adam)(SgBuf *p, SgBuf *m, SgBuf *v, const SgBuf *grad, const SgAdam *a);

  /* ---- where calls return before the work is done; NULL elsewhere ---- */

  /* FALSE and error if anything failed since the last call: memory for a temporary, the device. */
  gboolean (*check)(SgBackend *b, GError **error);
  void (*prepare_training)(SgBackend *b); /* this process trains; before its first buffer */
  void (*fill)(SgBuf *buf, double value);
  /* As sg_philox_normals_from() (train/philox.h): sample i of dst gets the normals from number
   * (first + i step) size on, where size is one sample's. */
  void (*normals)(SgBuf *dst, guint64 seed, guint64 stream, guint64 first, guint64 step);

  /* ---- work that is asked for again and again; NULL where asking costs nothing ---- */

  /* From here to record_end() the calling thread's work is not done but kept. What it would
   * allocate anew each time it then has once; what comes from or goes to the host cannot be kept.
   * `with` (or NULL) is other work that is not to be done at the same time: the two use the same
   * memory for what they do not leave, and what one leaves has to stay until all are freed.
   * FALSE: this device cannot. */
  gboolean (*record_begin)(SgBackend *b, const SgReplay *with);
  /* The work, or NULL if something in it could not be kept (with no error: it is to be done the
   * usual way, and its buffers hold nothing). All buffers it reads, and those made meanwhile that
   * are still in use, have to stay until it is freed. */
  SgReplay *(*record_end)(SgBackend *b);
  void (*replay_run)(SgReplay *r); /* does it: the same buffers, what is in them now */
  void (*replay_free)(SgReplay *r);

  /* ---- several processes that train together (train/learn-share.c); NULL: through host memory.
   * What goes wrong in any of them is an error here. ---- */

  /* Makes a name for a group of devices, of which one process tells all. Also says whether this one
   * could join any. */
  gboolean (*reduce_id)(SgBackend *b, char id[SG_REDUCE_ID], GError **error);
  gboolean (*reduce_join)(SgBackend *b, const char id[SG_REDUCE_ID], int rank, int size,
                          GError **error);
  /* buf, PLAIN, becomes the sum over the group, the same bits in each process. */
  gboolean (*reduce)(SgBuf *buf, GError **error);

  /* ---- where memory is not the computer's; NULL elsewhere ---- */

  /* NULL: fp32 only. To be set while nothing computes. FALSE: the device has no such thing. */
  gboolean (*set_precision)(SgBackend *b, SgPrecision precision, GError **error);
  /* FALSE: it does not answer; id is right all the same. */
  gboolean (*device_info)(SgBackend *b, SgDeviceInfo *info);
  void (*reset_peak)(SgBackend *b);
  void (*trim)(SgBackend *b); /* gives back what is kept for later buffers */
  /* As sg_buf_rgb8(), whose arguments it has checked. */
  void (*rgb8)(const SgBuf *img, int edge, int h, int w, guint8 *rgb, gboolean *finite);
};

/* The CPU back end (oneDNN, OpenMP). Never fails. Borrowed, lives as long as the process. */
SgBackend *sg_backend_cpu(void);
/* A second one beside it, whose convolutions multiply in bf16 on the processor's matrix units
 * (cpu/cpu-amx.h); its set_precision() takes fp32 too, which gives the first one's bits. NULL and
 * SG_BACKEND_ERROR_DEVICE where there are none. */
SgBackend *sg_backend_cpu_bf16(GError **error);
gboolean sg_backend_is_cpu(const SgBackend *b); /* either of the two */
/* The second one, if b is the first: for what may be rough if it is sooner there. NULL: b is the
 * only one of its kind. */
SgBackend *sg_backend_rough(const SgBackend *b);
/* From now on freed buffers are kept for later ones without a bound: for a process that trains. */
void sg_backend_cpu_keep_memory(void);
/* How many threads its kernels use from now on. */
void sg_backend_cpu_set_threads(int n);
/* Of what OMP_NUM_THREADS asks for, no more than any processor here can use. */
void sg_backend_cpu_limit_threads(void);
/* Plain loops in double, for tests: slow, and sharing nothing with the other back ends but the
 * element bodies in kernels/. */
SgBackend *sg_backend_reference(void);
/* "CPU, 2 threads", to be freed. */
char *sg_backend_describe(const SgBackend *backend);
/* The same without what changes: "CPU, 2 threads", "cuda:0, NVIDIA H100 80GB HBM3". */
char *sg_backend_title(SgBackend *backend);
/* FALSE and zeros where the memory is the computer's. */
gboolean sg_backend_device_info(SgBackend *backend, SgDeviceInfo *info);
/* Whoever downloads asks this before believing the numbers; sg_room_check() is part of it. */
gboolean sg_backend_check(SgBackend *backend, GError **error);

SgBuf *sg_buf_new(SgBackend *b, SgFormat fmt, int n, int c, int h, int w, GError **error);
/* A PLAIN buffer [n, c, h, w] filled from row-major floats. */
SgBuf *sg_buf_from_floats(SgBackend *b, const float *src, int n, int c, int h, int w,
                          GError **error);
SgBuf *sg_buf_ref(SgBuf *buf);
void sg_buf_unref(SgBuf *buf); /* NULL allowed */
/* Numbers [first, first + n c h w) of a PLAIN buffer, seen as [n, c, h, w]; shares its memory and
 * keeps it. */
SgBuf *sg_buf_view(SgBuf *whole, gsize first, int n, int c, int h, int w);
/* Either format; fails only for memory. */
gboolean sg_buf_fill(SgBuf *buf, double value, GError **error);
gsize sg_buf_count(const SgBuf *buf); /* n c h w */
/* What lies from (edge, edge) on of pictures PLAIN [N, C, H, W]: [-1, 1] as bytes [N, h, w,
 * k_drawn_bytes()] (k_rgb8; grey thrice, alpha behind the colours). *finite: whether all
 * its numbers were. Where memory is not the computer's, only the bytes leave it. */
void sg_buf_rgb8(const SgBuf *img, int edge, int h, int w, guint8 *rgb, gboolean *finite);
/* Mean of all numbers, in the back end's full precision. */
double sg_buf_mean(const SgBuf *buf);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgBuf, sg_buf_unref)

G_END_DECLS
