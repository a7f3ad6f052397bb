/* CUDA kernels as C++: a grid runs as loops, so that the tests of the back ends exercise the very
 * kernels, their index arithmetic and their barriers, on a machine without a GPU. Included before
 * a .cu file that g++ compiles.
 *
 * Threads that wait for each other are fibers of one thread. Blocks and threads run in an order
 * that changes from launch to launch. Memory of the "device" faults when the host touches it, where
 * the processor has protection keys. What this cannot show: races, launch limits, the vendor
 * libraries, speed. */
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <tuple>
#include "cuda_runtime_api.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__      static

using std::max;
using std::min;

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_)
  {
  }
};

extern dim3 threadIdx, blockIdx, blockDim, gridDim;

/* `waits`: whether threads may call what follows. */
void cuda_on_host_run(cudaStream_t stream, dim3 grid, dim3 block, bool waits,
                      const std::function<void()> &thread);
void __syncthreads();
/* Room for one number of every thread of the block. */
extern double cuda_on_host_slots[1024];

template <typename T>
static inline T
__shfl_xor_sync(unsigned mask, T v, int lanes)
{
  unsigned me = threadIdx.x, other = me ^ (unsigned)lanes;
  memcpy(&cuda_on_host_slots[me], &v, sizeof v);
  __syncthreads();
  memcpy(&v, &cuda_on_host_slots[other], sizeof v);
  __syncthreads();
  return v;
}

/* Arguments are taken when it is launched, as CUDA does: it may run later (cudaGraphLaunch). */
#define CU_ON_HOST(backend, kernel, grid, block, waits, ...)                                       \
  do {                                                                                             \
    auto kernel_arguments = std::make_tuple(__VA_ARGS__);                                          \
    cuda_on_host_run(cuda_stream(backend), grid, block, waits, [kernel_arguments] {                \
      std::apply([](auto... a) { kernel(a...); }, kernel_arguments);                               \
    });                                                                                            \
  } while (0)
#define CU_LAUNCH(backend, kernel, grid, block, ...)                                               \
  CU_ON_HOST(backend, kernel, grid, block, false, __VA_ARGS__)
#define CU_LAUNCH_SUMS(backend, kernel, grid, block, ...)                                          \
  CU_ON_HOST(backend, kernel, grid, block, true, __VA_ARGS__)
