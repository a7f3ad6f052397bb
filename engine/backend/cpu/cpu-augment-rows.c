/* See cpu-augment-rows.h. Compiled with -DSG_AUGMENT=<table> and the flags of one instruction
 * set. */
#include "engine/backend/cpu/cpu-augment-rows.h"
#include "engine/kernels/augment.h"
#include <string.h>

/* Samples whose positions are worked out at a time, on the stack. */
#define CHUNK 64

static void
up_h(float *restrict to, const float *restrict from, int pairs, float gain)
{
  float f[12];
  for (int k = 0; k < 12; k++)
    f[k] = gain * k_aug_tap(k);
  for (int m = 0; m < pairs; m++) {
    float even = 0, odd = 0;
    for (int t = 0; t < 6; t++) {
      even += f[2 * t] * from[m + 5 - t];
      odd += f[2 * t + 1] * from[m + 5 - t];
    }
    to[2 * m] = even;
    to[2 * m + 1] = odd;
  }
}

static void
up_v(float *restrict to, const float *const rows[6], int phase, int n, float gain)
{
  const float *restrict a = rows[0], *restrict b = rows[1], *restrict c = rows[2];
  const float *restrict d = rows[3], *restrict e = rows[4], *restrict g = rows[5];
  float f[6];
  for (int t = 0; t < 6; t++)
    f[t] = gain * k_aug_tap(2 * (5 - t) + phase);
  for (int i = 0; i < n; i++)
    to[i] = f[0] * a[i] + f[1] * b[i] + f[2] * c[i] + f[3] * d[i] + f[4] * e[i] + f[5] * g[i];
}

static void
down_h(float *restrict to, const float *restrict from, int n, float gain)
{
  float f[12];
  for (int k = 0; k < 12; k++)
    f[k] = gain * k_aug_tap(k);
  for (int j = 0; j < n; j++) {
    float sum = 0;
    for (int k = 0; k < 12; k++)
      sum += f[k] * from[2 * j + k];
    to[j] = sum;
  }
}

/* Six rows at a time: twelve streams are more than the prefetchers follow. */
static void
down_v(float *restrict to, const float *const rows[12], int n, float gain)
{
  for (int half = 0; half < 12; half += 6) {
    const float *restrict a = rows[half], *restrict b = rows[half + 1],
                          *restrict c = rows[half + 2];
    const float *restrict d = rows[half + 3], *restrict e = rows[half + 4];
    const float *restrict g = rows[half + 5];
    float f[6];
    for (int k = 0; k < 6; k++)
      f[k] = gain * k_aug_tap(half + k);
    for (int i = 0; i < n; i++)
      to[i] += f[0] * a[i] + f[1] * b[i] + f[2] * c[i] + f[3] * d[i] + f[4] * e[i] + f[5] * g[i];
  }
}

/* Where samples first … first + n - 1 read: offset of the upper left of four pixels, and how far
 * beyond it. At the last row or column the distance is 1 instead of the offset one more, so that
 * all four lie in the plane. */
K_FN void
positions(const SgAugmentRay *ray, int first, int n, int *restrict at, float *restrict tx,
          float *restrict ty)
{
  float right = (float)(ray->columns - 1), bottom = (float)(ray->rows - 1);
  int last_x = ray->columns - 2, last_y = ray->rows - 2, stride = ray->columns;
  float dx = ray->dx, dy = ray->dy, x0 = ray->x, y0 = ray->y;

  for (int j = 0; j < n; j++) {
    float step = (float)(first + j), x = x0 + dx * step, y = y0 + dy * step;
    x = x > 0 ? x : 0;
    x = x < right ? x : right;
    y = y > 0 ? y : 0;
    y = y < bottom ? y : bottom;
    int ix = (int)x, iy = (int)y;
    ix = ix < last_x ? ix : last_x;
    iy = iy < last_y ? iy : last_y;
    at[j] = iy * stride + ix;
    tx[j] = x - (float)ix;
    ty[j] = y - (float)iy;
  }
}

static void
sample(float *restrict to, const float *restrict plane, const SgAugmentRay *ray, int n)
{
  int at[CHUNK], stride = ray->columns;
  float tx[CHUNK], ty[CHUNK];

  for (int first = 0; first < n; first += CHUNK) {
    int count = MIN(CHUNK, n - first);
    positions(ray, first, count, at, tx, ty);
    for (int j = 0; j < count; j++) {
      const float *p = plane + at[j];
      to[first + j] = k_bilinear(p[0], p[1], p[stride], p[stride + 1], tx[j], ty[j]);
    }
  }
}

static void
scatter(float *restrict plane, const float *restrict from, const SgAugmentRay *ray, int n)
{
  int at[CHUNK], stride = ray->columns;
  float tx[CHUNK], ty[CHUNK];

  for (int first = 0; first < n; first += CHUNK) {
    int count = MIN(CHUNK, n - first);
    positions(ray, first, count, at, tx, ty);
    for (int j = 0; j < count; j++) {
      float *p = plane + at[j], v = from[first + j];
      float bottom = v * ty[j], top = v - bottom;
      float d = bottom * tx[j], b = top * tx[j];
      p[0] += top - b;
      p[1] += b;
      p[stride] += bottom - d;
      p[stride + 1] += d;
    }
  }
}

static void
mix(float *restrict to, const float *const *planes, const float *weight, int channels, int n)
{
  for (int k = 0; k < channels; k++) {
    const float *restrict from = planes[k];
    float f = weight[k];
    for (int i = 0; i < n; i++)
      to[i] = k == 0 ? f * from[i] : to[i] + f * from[i];
  }
}

const SgAugmentRows SG_AUGMENT = {
    .up_h = up_h,
    .up_v = up_v,
    .down_h = down_h,
    .down_v = down_v,
    .sample = sample,
    .scatter = scatter,
    .mix = mix,
};
