#include "engine/perceptual/fit-picture.h"
#include "engine/base/room.h"
#include <math.h>
#include <string.h>

static const char *const names[SG_FIT_MODES] = {"tf", "pytorch", "clean"};

const char *
sg_fit_name(SgFitMode mode)
{
  return names[mode];
}

gboolean
sg_fit_parse(const char *name, SgFitMode *mode)
{
  for (int i = 0; i < SG_FIT_MODES; i++)
    if (g_ascii_strcasecmp(names[i], name) == 0) {
      *mode = (SgFitMode)i;
      return TRUE;
    }
  return FALSE;
}

/* What each of `to` pixels takes of `from`: weights [to, most] of pixels first[i] …, count[i] of
 * them. */
typedef struct {
  int to, most;
  int *first, *count;
  float *weights;
} Taps;

static void
taps_clear(Taps *t)
{
  g_free(t->first);
  g_free(t->count);
  g_free(t->weights);
}

static void
taps_make(Taps *t, int to, int most)
{
  *t = (Taps){to, most, sg_room((gsize)to, sizeof(int)), sg_room((gsize)to, sizeof(int)),
              sg_room0((gsize)to * (gsize)most, sizeof(float))};
}

static gboolean
taps_there(const Taps *t)
{
  return t->first && t->count && t->weights;
}

/* Two neighbours; beyond the last pixel it is repeated. */
static void
bilinear(Taps *t, int from, gboolean middle)
{
  float scale = (float)from / (float)t->to;

  for (int i = 0; i < t->to; i++) {
    float at = middle ? MAX(0, ((float)i + 0.5f) * scale - 0.5f) : (float)i * scale;
    int k = MIN((int)at, from - 1);
    float share = at - (float)k;
    t->first[i] = k;
    t->count[i] = k + 1 < from ? 2 : 1;
    t->weights[(gsize)i * (gsize)t->most] = t->count[i] == 2 ? 1 - share : 1;
    t->weights[(gsize)i * (gsize)t->most + 1] = t->count[i] == 2 ? share : 0;
  }
}

/* Keys' cubic with a = -0.5, Pillow's. */
static double
cubic(double x)
{
  x = fabs(x);
  if (x < 1)
    return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/* Where it shrinks the filter is as wide as a new pixel; at an edge what lies outside counts
 * nothing. */
static void
bicubic(Taps *t, int from)
{
  double scale = (double)from / t->to, wide = MAX(scale, 1);

  for (int i = 0; i < t->to; i++) {
    double centre = (i + 0.5) * scale, sum = 0, v[2];
    int first = MAX(0, (int)(centre - 2 * wide + 0.5));
    int last = MIN(from, (int)(centre + 2 * wide + 0.5));
    t->first[i] = first;
    t->count[i] = last - first;
    for (int pass = 0; pass < 2; pass++)
      for (int k = 0; k < last - first; k++) {
        v[pass] = cubic((k + first - centre + 0.5) / wide);
        if (pass == 0)
          sum += v[0];
        else
          t->weights[(gsize)i * (gsize)t->most + (gsize)k] = (float)(v[1] / sum);
      }
  }
}

static gboolean
taps_of(Taps *t, SgFitMode mode, int from, int to)
{
  double wide = MAX((double)from / to, 1);

  taps_make(t, to, mode == SG_FIT_CLEAN ? (int)ceil(4 * wide) + 1 : 2);
  if (!taps_there(t))
    return FALSE;
  if (mode == SG_FIT_CLEAN)
    bicubic(t, from);
  else
    bilinear(t, from, mode == SG_FIT_PYTORCH);
  return TRUE;
}

/* ---- one plane ------------------------------------------------------------------------------- */

/* As files hold it; not a number becomes 0. */
static void
as_bytes(const float *plane, gsize n, float *out)
{
  for (gsize i = 0; i < n; i++) {
    float v = plane[i] * 127.5f + 128;
    out[i] = v > 0 ? floorf(MIN(v, 255)) : 0;
  }
}

/* Rows first, then columns: plane [size, size] -> out [to, to], by way of `half` [size, to]. */
static void
resample(const Taps *t, int size, const float *plane, float *half, float *out)
{
  for (int y = 0; y < size; y++)
    for (int x = 0; x < t->to; x++) {
      const float *w = t->weights + (gsize)x * (gsize)t->most;
      const float *from = plane + (gsize)y * (gsize)size + t->first[x];
      double sum = 0;
      for (int k = 0; k < t->count[x]; k++)
        sum += (double)from[k] * (double)w[k];
      half[(gsize)y * (gsize)t->to + (gsize)x] = (float)sum;
    }
  for (int y = 0; y < t->to; y++) {
    const float *w = t->weights + (gsize)y * (gsize)t->most;
    float *row = out + (gsize)y * (gsize)t->to;
    memset(row, 0, sizeof(float) * (gsize)t->to);
    for (int k = 0; k < t->count[y]; k++) {
      const float *from = half + (gsize)(t->first[y] + k) * (gsize)t->to;
      for (int x = 0; x < t->to; x++)
        row[x] += from[x] * w[k];
    }
  }
}

/* 0…255 as the network takes it. */
static void
scale(SgFitMode mode, gsize n, float *v)
{
  for (gsize i = 0; i < n; i++) {
    if (mode == SG_FIT_PYTORCH)
      v[i] = v[i] / 127.5f - 1;
    else
      v[i] = ((mode == SG_FIT_CLEAN ? CLAMP(v[i], 0, 255) : v[i]) - 128) / 128;
  }
}

void
sg_fit_pictures(SgFitMode mode, int n, int channels, int size, const float *pictures, int to,
                float *out)
{
  gsize plane = (gsize)size * (gsize)size, wanted = (gsize)to * (gsize)to;
  gsize room = plane + (gsize)size * (gsize)to;
  int colours = channels >= 3 ? 3 : 1;
  Taps t = {0};
  g_autofree float *all = sg_room_each(room, sizeof *all);

  if (all && taps_of(&t, mode, size, to)) {
#pragma omp parallel
    {
      float *mine = sg_room_mine(all, room, sizeof *mine);
#pragma omp for schedule(static)
      for (int i = 0; i < n * colours; i++) {
        int picture = i / colours, c = i % colours;
        float *first = out + (gsize)(picture * 3 + c) * wanted;
        as_bytes(pictures + (gsize)(picture * channels + c) * plane, plane, mine);
        resample(&t, size, mine, mine + plane, first);
        scale(mode, wanted, first);
        for (int k = 1; colours == 1 && k < 3; k++)
          memcpy(first + (gsize)k * wanted, first, wanted * sizeof(float));
      }
    }
  }
  taps_clear(&t);
}
