/* Row kernels of the CPU's augmentation, compiled once per instruction set as those of
 * cpu-rows.h. */
#pragma once

#include <glib.h>

/* One row of the sampling grid: sample j reads (x + j dx, y + j dy) of a plane of rows × columns,
 * clamped to it. */
typedef struct {
  float x, y, dx, dy;
  int rows, columns;
} SgAugmentRay;

typedef struct {
  /* Transposed filter: to[2 m + phase] = gain sum_t f[2 t + phase] from[m + 5 - t], m < pairs. */
  void (*up_h)(float *to, const float *from, int pairs, float gain);
  /* The same across rows, one phase: to[i] = gain sum_t f[2 t + phase] rows[5 - t][i]. */
  void (*up_v)(float *to, const float *const rows[6], int phase, int n, float gain);
  /* to[j] = gain sum_k f[k] from[2 j + k] */
  void (*down_h)(float *to, const float *from, int n, float gain);
  /* to[i] += gain sum_k f[k] rows[k][i] */
  void (*down_v)(float *to, const float *const rows[12], int n, float gain);
  /* to[j] = bilinear sample j of the plane, j < n, and its transpose: the plane takes from[j]. */
  void (*sample)(float *to, const float *plane, const SgAugmentRay *ray, int n);
  void (*scatter)(float *plane, const float *from, const SgAugmentRay *ray, int n);
  /* to = sum over k < channels of weight[k] planes[k] */
  void (*mix)(float *to, const float *const *planes, const float *weight, int channels, int n);
} SgAugmentRows;

extern const SgAugmentRows sg_cpu_augment_generic;
#ifdef SG_HAVE_X86_64_LEVELS
extern const SgAugmentRows sg_cpu_augment_v3;
extern const SgAugmentRows sg_cpu_augment_v4;
#endif
