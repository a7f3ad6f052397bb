/* Laplacian pyramids with the binomial filter [1, 4, 6, 4, 1] / 16, and patches of their levels.
 *
 * Borders mirror without repeating the edge (… 2 1 0 1 2 …), in the fine grid also when a coarse
 * picture is enlarged: there, the value beyond the right edge is the last coarse one again. */
#include "engine/metrics/swd-private.h"
#include <math.h>
#include <string.h>
#include "engine/base/philox.h"

static int
mirror(int i, int n)
{
  return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
}

/* y [n / 2, n / 2] = every second pixel of x [n, n], filtered. */
static void
down(const float *x, int n, float *y)
{
  float *padded = g_newa(float, n + 4), *v = padded + 2;

  for (int o = 0; o < n / 2; o++) {
    const float *r[5];
    for (int k = 0; k < 5; k++)
      r[k] = x + (gsize)mirror(2 * o + k - 2, n) * (gsize)n;
    for (int i = 0; i < n; i++)
      v[i] = r[0][i] + r[4][i] + 4 * (r[1][i] + r[3][i]) + 6 * r[2][i];
    v[-2] = v[2];
    v[-1] = v[1];
    v[n] = v[n - 2];
    for (int i = 0; i < n / 2; i++)
      y[(gsize)o * (gsize)(n / 2) + (gsize)i] =
          (v[2 * i - 2] + v[2 * i + 2] + 4 * (v[2 * i - 1] + v[2 * i + 1]) + 6 * v[2 * i]) *
          (1 / 256.0f);
  }
}

/* x [n, n] -= y [n / 2, n / 2] enlarged: zeros between its pixels, the filter, times 4. What is
 * left of the filter is [1, 6, 1] / 8 on y's own pixels and [1, 1] / 2 between them. */
static void
subtract_up(float *x, int n, const float *y)
{
  int h = n / 2;
  float *padded = g_newa(float, h + 2), *v = padded + 1;

  for (int o = 0; o < n; o++, x += n) {
    int i0 = o / 2;
    const float *here = y + (gsize)i0 * (gsize)h;
    const float *before = y + (gsize)(i0 > 0 ? i0 - 1 : 1) * (gsize)h;
    const float *after = y + (gsize)MIN(i0 + 1, h - 1) * (gsize)h;
    if (o % 2)
      for (int i = 0; i < h; i++)
        v[i] = (here[i] + after[i]) * 0.5f;
    else
      for (int i = 0; i < h; i++)
        v[i] = (before[i] + 6 * here[i] + after[i]) * 0.125f;
    v[-1] = v[1];
    v[h] = v[h - 1];
    for (int i = 0; i < h; i++) {
      x[2 * i] -= (v[i - 1] + 6 * v[i] + v[i + 1]) * 0.125f;
      x[2 * i + 1] -= (v[i] + v[i + 1]) * 0.5f;
    }
  }
}

/* A patch's place is a function of (seed, level, picture, number), so it does not matter who cuts
 * it or when. */
static void
cut(const SgSwdShape *s, const float *x, int level, guint64 index, int channel, gint16 *patches)
{
  const SgPhilox place = {.seed = s->seed, .stream = (guint64)level};
  int n = s->resolution >> level;
  guint64 room = (guint64)(n - SG_SWD_PATCH + 1);

  for (int i = 0; i < SG_SWD_PER_PICTURE; i++) {
    guint32 r[4];
    sg_philox_block(&place, index * SG_SWD_PER_PICTURE + (guint64)i, r);
    const float *from = x + ((r[1] * room) >> 32) * (gsize)n + ((r[0] * room) >> 32);
    gint16 *to =
        patches + ((gsize)i * (gsize)s->channels + (gsize)channel) * SG_SWD_PATCH * SG_SWD_PATCH;
    for (int row = 0; row < SG_SWD_PATCH; row++, from += n, to += SG_SWD_PATCH)
      for (int k = 0; k < SG_SWD_PATCH; k++)
        to[k] = (gint16)lrintf(from[k] * SG_SWD_SCALE);
  }
}

gsize
sg_swd_scratch(const SgSwdShape *s)
{
  gsize sum = 0;

  for (int level = 0; level < s->levels; level++)
    sum += (gsize)(s->resolution >> level) * (gsize)(s->resolution >> level);
  return sum;
}

void
sg_swd_extract(const SgSwdShape *s, const guint8 *picture, guint64 index, int first, int last,
               gint16 *const *patches, float *scratch)
{
  gsize pixels = (gsize)s->resolution * (gsize)s->resolution;

  for (int c = 0; c < s->channels; c++) {
    float *x = scratch;
    for (gsize i = 0; i < pixels; i++)
      x[i] = picture[(gsize)c * pixels + i];
    for (int level = 0; level <= last; level++) {
      int n = s->resolution >> level;
      float *next = x + (gsize)n * (gsize)n;
      /* The smallest level stays as it is: it holds what no difference does. */
      if (level < s->levels - 1) {
        down(x, n, next);
        if (level >= first)
          subtract_up(x, n, next);
      }
      if (level >= first)
        cut(s, x, level, index, c, patches[level - first]);
      x = next;
    }
  }
}
