/* libcudnn.so as NVIDIA documents the calls that cuda-dnn.c makes, computed by loops on host
 * memory: for test-vendor.c, which checks what is asked of it. Written from cuDNN's documentation
 * and headers, not from cuda-dnn.c. Forward: y[n, k, p, q] = sum x[n, c, p u + r - pad, q v + s -
 * pad] w[k, c, r, s] (cross-correlation); the others are its two gradients. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <cudnn.h>
#include <stdlib.h>
#include <string.h>
#include "engine/kernels/half.h"

struct cudnnContext {
  cudaStream_t stream;
};
struct cudnnTensorStruct {
  int n, c, h, w;
  cudnnDataType_t type; /* floats are [n, c, h, w], halves [n, h, w, c] */
};
struct cudnnFilterStruct {
  int k, c, h, w;
  cudnnDataType_t type;
};
struct cudnnConvolutionStruct {
  int pad_h, pad_w, u, v;
  cudnnMathType_t math;
};

#define WORKSPACE 4096
#define GREEDY    ((size_t)600 << 20) /* more than is wished for */
#define REFUSED   99                  /* an algorithm that promises and does not run */
#ifdef CUDNN_STATUS_CATEGORY          /* since 9.0: with a reason */
#  define REFUSAL CUDNN_STATUS_NOT_SUPPORTED_SHAPE
#else
#  define REFUSAL CUDNN_STATUS_NOT_SUPPORTED
#endif

int vendor_says;    /* what every convolution answers, if it is not 0 */
int vendor_live;    /* descriptors that exist */
int vendor_chosen;  /* how often an algorithm was asked for */
int vendor_refused; /* how often one was run that does not run */
int vendor_wrong;   /* calls with a workspace, stream or precision that was not agreed on */

cudnnStatus_t
cudnnCreate(cudnnHandle_t *handle)
{
  *handle = calloc(1, sizeof **handle);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnDestroy(cudnnHandle_t handle)
{
  free(handle);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

const char *
cudnnGetErrorString(cudnnStatus_t status)
{
  return "an error on the host";
}

#define LIFE(create, destroy, type)                                                                \
  cudnnStatus_t create(type *d)                                                                    \
  {                                                                                                \
    vendor_live++;                                                                                 \
    *d = calloc(1, sizeof **d);                                                                    \
    return CUDNN_STATUS_SUCCESS;                                                                   \
  }                                                                                                \
  cudnnStatus_t destroy(type d)                                                                    \
  {                                                                                                \
    vendor_live--;                                                                                 \
    free(d);                                                                                       \
    return CUDNN_STATUS_SUCCESS;                                                                   \
  }
LIFE(cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor, cudnnTensorDescriptor_t)
LIFE(cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor, cudnnFilterDescriptor_t)
LIFE(cudnnCreateConvolutionDescriptor, cudnnDestroyConvolutionDescriptor,
     cudnnConvolutionDescriptor_t)

static cudnnStatus_t
good_order(cudnnTensorFormat_t format, cudnnDataType_t type)
{
  int halves = type == CUDNN_DATA_HALF || type == CUDNN_DATA_BFLOAT16;
  return (halves && format == CUDNN_TENSOR_NHWC) ||
                 (type == CUDNN_DATA_FLOAT && format == CUDNN_TENSOR_NCHW)
             ? CUDNN_STATUS_SUCCESS
             : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t
cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t d, cudnnTensorFormat_t format,
                           cudnnDataType_t type, int n, int c, int h, int w)
{
  *d = (struct cudnnTensorStruct){n, c, h, w, type};
  return good_order(format, type);
}

cudnnStatus_t
cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t d, cudnnDataType_t type,
                           cudnnTensorFormat_t format, int k, int c, int h, int w)
{
  *d = (struct cudnnFilterStruct){k, c, h, w, type};
  return good_order(format, type);
}

cudnnStatus_t
cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t d, int pad_h, int pad_w, int u, int v,
                                int dilation_h, int dilation_w, cudnnConvolutionMode_t mode,
                                cudnnDataType_t type)
{
  *d = (struct cudnnConvolutionStruct){pad_h, pad_w, u, v, CUDNN_DEFAULT_MATH};
  return mode == CUDNN_CROSS_CORRELATION && dilation_h == 1 && dilation_w == 1 &&
                 type == CUDNN_DATA_FLOAT
             ? CUDNN_STATUS_SUCCESS
             : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t
cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t d, cudnnMathType_t math)
{
  d->math = math;
  return CUDNN_STATUS_SUCCESS;
}

static int
fits(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t conv,
     cudnnTensorDescriptor_t y)
{
  return x->n == y->n && x->c == w->c && y->c == w->k && x->type == w->type && y->type == w->type &&
         y->h == (x->h + 2 * conv->pad_h - w->h) / conv->u + 1 &&
         y->w == (x->w + 2 * conv->pad_w - w->w) / conv->v + 1;
}

/* The first is not deterministic, the second fails, the third is greedy, the fourth rounds, the
 * fifth does not run, the sixth is right: its number is `good`. Filters of seven: all are greedy,
 * the right one least. Of nine, or of five in halves: none runs. */
#define CHOICES(perf, good)                                                                        \
  vendor_chosen++;                                                                                 \
  if (wanted < 6 || !fits(x, w, conv, y))                                                          \
    return CUDNN_STATUS_BAD_PARAM;                                                                 \
  if (w->type != CUDNN_DATA_FLOAT && w->h == 5) /* what it has no halves for */                    \
    return CUDNN_STATUS_NOT_SUPPORTED;                                                             \
  memset(perf, 0, 6 * sizeof *perf);                                                               \
  for (int i = 0; i < 6; i++) {                                                                    \
    perf[i].memory = w->h == 7 ? 2 * GREEDY : WORKSPACE;                                           \
    perf[i].determinism = CUDNN_DETERMINISTIC;                                                     \
    perf[i].mathType = CUDNN_FMA_MATH;                                                             \
    perf[i].algo = 0;                                                                              \
  }                                                                                                \
  perf[0].determinism = CUDNN_NON_DETERMINISTIC;                                                   \
  perf[1].status = CUDNN_STATUS_NOT_SUPPORTED;                                                     \
  perf[2].memory = 2 * GREEDY;                                                                     \
  perf[2].algo = w->h == 9 ? REFUSED : 0;                                                          \
  if (w->type == CUDNN_DATA_FLOAT)                                                                 \
    perf[3].mathType = CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;                                      \
  else                                                                                             \
    perf[3].memory = 2 * GREEDY, perf[5].mathType = CUDNN_TENSOR_OP_MATH;                          \
  perf[4].algo = REFUSED;                                                                          \
  perf[5].algo = w->h == 9 ? REFUSED : good;                                                       \
  if (w->h == 7)                                                                                   \
    perf[5].memory = GREEDY;                                                                       \
  *count = 6;                                                                                      \
  return CUDNN_STATUS_SUCCESS

cudnnStatus_t
cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t handle, const cudnnTensorDescriptor_t x,
                                       const cudnnFilterDescriptor_t w,
                                       const cudnnConvolutionDescriptor_t conv,
                                       const cudnnTensorDescriptor_t y, const int wanted,
                                       int *count, cudnnConvolutionFwdAlgoPerf_t *perf)
{
  CHOICES(perf, CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED);
}

cudnnStatus_t
cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t handle, const cudnnFilterDescriptor_t w,
                                            const cudnnTensorDescriptor_t y,
                                            const cudnnConvolutionDescriptor_t conv,
                                            const cudnnTensorDescriptor_t x, const int wanted,
                                            int *count, cudnnConvolutionBwdDataAlgoPerf_t *perf)
{
  CHOICES(perf, CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD);
}

cudnnStatus_t
cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t handle, const cudnnTensorDescriptor_t x,
                                              const cudnnTensorDescriptor_t y,
                                              const cudnnConvolutionDescriptor_t conv,
                                              const cudnnFilterDescriptor_t w, const int wanted,
                                              int *count, cudnnConvolutionBwdFilterAlgoPerf_t *perf)
{
  CHOICES(perf, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT);
}

static size_t
place(cudnnDataType_t type, size_t n, size_t c, size_t y, size_t x, size_t channels, size_t h,
      size_t w)
{
  return type == CUDNN_DATA_FLOAT ? ((n * channels + c) * h + y) * w + x
                                  : ((n * h + y) * w + x) * channels + c;
}

static float
get(const void *v, cudnnDataType_t type, size_t i)
{
  return type == CUDNN_DATA_FLOAT  ? ((const float *)v)[i]
         : type == CUDNN_DATA_HALF ? k_from_fp16(((const uint16_t *)v)[i])
                                   : k_from_bf16(((const uint16_t *)v)[i]);
}

/* Every product of the form: x, w, y at once; sums are float. */
static void
each(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t conv,
     cudnnTensorDescriptor_t y, const void *xv, const void *wv, const void *yv, float *to,
     int which)
{
  cudnnDataType_t t = w->type;

  for (int n = 0; n < y->n; n++)
    for (int k = 0; k < y->c; k++)
      for (int p = 0; p < y->h; p++)
        for (int q = 0; q < y->w; q++)
          for (int c = 0; c < x->c; c++)
            for (int r = 0; r < w->h; r++)
              for (int s = 0; s < w->w; s++) {
                int iy = p * conv->u + r - conv->pad_h, ix = q * conv->v + s - conv->pad_w;
                if (iy < 0 || iy >= x->h || ix < 0 || ix >= x->w)
                  continue;
                size_t xi = place(t, n, c, iy, ix, x->c, x->h, x->w);
                size_t wi = place(t, k, c, r, s, w->c, w->h, w->w);
                size_t yi = place(t, n, k, p, q, y->c, y->h, y->w);
                if (which == 0)
                  to[yi] += get(xv, t, xi) * get(wv, t, wi);
                else if (which == 1)
                  to[xi] += get(yv, t, yi) * get(wv, t, wi);
                else
                  to[wi] += get(xv, t, xi) * get(yv, t, yi);
              }
}

static void
put(void *to, cudnnDataType_t type, const float *sums, size_t count, float alpha)
{
  for (size_t i = 0; i < count; i++) {
    float v = sums[i] * alpha;
    if (type == CUDNN_DATA_FLOAT)
      ((float *)to)[i] = v;
    else
      ((uint16_t *)to)[i] = type == CUDNN_DATA_HALF ? k_to_fp16(v) : k_to_bf16(v);
  }
}

#define RUN(good, which, xv, wv, yv, to, count)                                                    \
  if (vendor_says)                                                                                 \
    return (cudnnStatus_t)vendor_says;                                                             \
  if (algo == REFUSED) {                                                                           \
    vendor_refused++;                                                                              \
    return REFUSAL;                                                                                \
  }                                                                                                \
  vendor_wrong +=                                                                                  \
      algo != good || !space || bytes != (w->h == 7 ? GREEDY : WORKSPACE) || !handle->stream ||    \
      conv->math != (w->type == CUDNN_DATA_FLOAT ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH) ||       \
      *(const float *)beta != 0;                                                                   \
  if (!fits(x, w, conv, y))                                                                        \
    return CUDNN_STATUS_BAD_PARAM;                                                                 \
  memset(space, 0x55, WORKSPACE);                                                                  \
  float *sums = calloc((size_t)(count), sizeof(float));                                            \
  each(x, w, conv, y, xv, wv, yv, sums, which);                                                    \
  put(to, w->type, sums, (size_t)(count), *(const float *)alpha);                                  \
  free(sums);                                                                                      \
  return CUDNN_STATUS_SUCCESS

cudnnStatus_t
cudnnConvolutionForward(cudnnHandle_t handle, const void *alpha, const cudnnTensorDescriptor_t x,
                        const void *xv, const cudnnFilterDescriptor_t w, const void *wv,
                        const cudnnConvolutionDescriptor_t conv, cudnnConvolutionFwdAlgo_t algo,
                        void *space, size_t bytes, const void *beta,
                        const cudnnTensorDescriptor_t y, void *yv)
{
  RUN(CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED, 0, xv, wv, NULL, yv, y->n * y->c * y->h * y->w);
}

cudnnStatus_t
cudnnConvolutionBackwardData(cudnnHandle_t handle, const void *alpha,
                             const cudnnFilterDescriptor_t w, const void *wv,
                             const cudnnTensorDescriptor_t y, const void *yv,
                             const cudnnConvolutionDescriptor_t conv,
                             cudnnConvolutionBwdDataAlgo_t algo, void *space, size_t bytes,
                             const void *beta, const cudnnTensorDescriptor_t x, void *xv)
{
  RUN(CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD, 1, NULL, wv, yv, xv, x->n * x->c * x->h * x->w);
}

cudnnStatus_t
cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void *alpha,
                               const cudnnTensorDescriptor_t x, const void *xv,
                               const cudnnTensorDescriptor_t y, const void *yv,
                               const cudnnConvolutionDescriptor_t conv,
                               cudnnConvolutionBwdFilterAlgo_t algo, void *space, size_t bytes,
                               const void *beta, const cudnnFilterDescriptor_t w, void *wv)
{
  RUN(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT, 2, xv, NULL, yv, wv, w->k * w->c * w->h * w->w);
}
