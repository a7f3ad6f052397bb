/* Random numbers where they are needed: the draws of a training's phase (train/draws.c). */
#include "engine/backend/cuda/cuda-launch.h"
#include "engine/kernels/philox.h"

/* Number i of sample n is number (first + n step) size + i of the stream: four to a block. A thread
 * computes its number alone; the integers are cheap. "Planes" are samples here. */
static __global__ void
normals_kernel(float *y, uint64_t seed, uint64_t stream, uint64_t first, uint64_t step,
               unsigned samples, unsigned size)
{
  EACH_PLANE(n, samples)
  {
    EACH_PIXEL(i, size)
    {
      uint64_t at = (first + n * step) * size + i;
      uint32_t r[4];
      double v[2];
      k_philox(seed, stream, at / 4, r);
      k_box_muller(r[at & 2], r[(at & 2) + 1], &v[0], &v[1]);
      y[(size_t)n * size + i] = (float)v[at & 1];
    }
  }
}

void
cuda_normals(SgBuf *dst, guint64 seed, guint64 stream, guint64 first, guint64 step)
{
  unsigned samples = (unsigned)dst->n, size = (unsigned)(sg_buf_count(dst) / samples);
  CU_PLANES(dst->backend, normals_kernel, samples, size, floats(dst), seed, stream, first, step,
            samples, size);
}
