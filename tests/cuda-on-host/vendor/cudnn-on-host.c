/* libcudnn.so as NVIDIA documents the calls that cuda-dnn.c makes, computed by loops on host
 * memory: for test-vendor.c, which checks what is asked of it. Written from cuDNN's documentation
 * and headers, not from cuda-dnn.c. Forward: y[n, k, p, q] = sum x[n, c, p u + r - pad, q v + s -
 * pad] w[k, c, r, s] (cross-correlation); the others are its two gradients. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <cudnn.h>
#include <stdlib.h>
#include <string.h>

struct cudnnContext {
  cudaStream_t stream;
};
struct cudnnTensorStruct {
  int n, c, h, w;
};
struct cudnnFilterStruct {
  int k, c, h, w;
};
struct cudnnConvolutionStruct {
  int pad_h, pad_w, u, v;
  cudnnMathType_t math;
};

#define WORKSPACE 4096

int vendor_live;   /* descriptors that exist */
int vendor_chosen; /* how often an algorithm was asked for */
int vendor_wrong;  /* calls with a workspace, stream or precision that was not agreed on */

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

cudnnStatus_t
cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t d, cudnnTensorFormat_t format,
                           cudnnDataType_t type, int n, int c, int h, int w)
{
  *d = (struct cudnnTensorStruct){n, c, h, w};
  return format == CUDNN_TENSOR_NCHW && type == CUDNN_DATA_FLOAT ? CUDNN_STATUS_SUCCESS
                                                                 : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t
cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t d, cudnnDataType_t type,
                           cudnnTensorFormat_t format, int k, int c, int h, int w)
{
  *d = (struct cudnnFilterStruct){k, c, h, w};
  return format == CUDNN_TENSOR_NCHW && type == CUDNN_DATA_FLOAT ? CUDNN_STATUS_SUCCESS
                                                                 : CUDNN_STATUS_BAD_PARAM;
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
  return x->n == y->n && x->c == w->c && y->c == w->k &&
         y->h == (x->h + 2 * conv->pad_h - w->h) / conv->u + 1 &&
         y->w == (x->w + 2 * conv->pad_w - w->w) / conv->v + 1;
}

/* The first is not deterministic, the second fails, the third is greedy, the fourth rounds, the
 * fifth is right: its number is `good`. */
#define CHOICES(perf, good)                                                                        \
  vendor_chosen++;                                                                                 \
  if (wanted < 5 || !fits(x, w, conv, y))                                                          \
    return CUDNN_STATUS_BAD_PARAM;                                                                 \
  memset(perf, 0, 5 * sizeof *perf);                                                               \
  for (int i = 0; i < 5; i++) {                                                                    \
    perf[i].memory = WORKSPACE;                                                                    \
    perf[i].determinism = CUDNN_DETERMINISTIC;                                                     \
    perf[i].mathType = CUDNN_FMA_MATH;                                                             \
    perf[i].algo = 0;                                                                              \
  }                                                                                                \
  perf[0].determinism = CUDNN_NON_DETERMINISTIC;                                                   \
  perf[1].status = CUDNN_STATUS_NOT_SUPPORTED;                                                     \
  perf[2].memory = (size_t)1 << 40;                                                                \
  perf[3].mathType = CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;                                        \
  perf[4].algo = good;                                                                             \
  *count = 5;                                                                                      \
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

/* Every product of the form: x, w, y at once. */
static void
each(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t conv,
     cudnnTensorDescriptor_t y, const float *xv, const float *wv, const float *yv, float *to,
     int which)
{
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
                size_t xi = (((size_t)n * x->c + c) * x->h + iy) * x->w + ix;
                size_t wi = (((size_t)k * w->c + c) * w->h + r) * w->w + s;
                size_t yi = (((size_t)n * y->c + k) * y->h + p) * y->w + q;
                if (which == 0)
                  to[yi] += xv[xi] * wv[wi];
                else if (which == 1)
                  to[xi] += yv[yi] * wv[wi];
                else
                  to[wi] += xv[xi] * yv[yi];
              }
}

#define RUN(good, which, xv, wv, yv, to, count)                                                    \
  vendor_wrong += algo != good || !space || bytes != WORKSPACE || !handle->stream ||               \
                  conv->math != CUDNN_FMA_MATH || *(const float *)alpha != 1 ||                    \
                  *(const float *)beta != 0;                                                       \
  if (!fits(x, w, conv, y))                                                                        \
    return CUDNN_STATUS_BAD_PARAM;                                                                 \
  memset(space, 0x55, bytes);                                                                      \
  memset(to, 0, sizeof(float) * (size_t)(count));                                                  \
  each(x, w, conv, y, xv, wv, yv, to, which);                                                      \
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
