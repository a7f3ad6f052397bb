/* Cropping and resizing: the middle square, then Lanczos-3 in both directions. When the picture
 * shrinks the filter grows by the same factor, so that every source pixel counts (plain
 * interpolation would skip most of them and alias). */
#include "engine/data/dataset-private.h"
#include <math.h>
#include <string.h>

#define LOBES 3

/* For each output pixel the source pixels it is made of and their weights, which sum to one. */
typedef struct {
  int side, r;
  int *first, *count;
  float *weights; /* [r, most] */
  int most;
} Filter;

static double
sinc(double x)
{
  return x == 0 ? 1 : sin(G_PI * x) / (G_PI * x);
}

static double
lanczos(double x)
{
  return fabs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
}

static void
make_taps(Filter *f, int i, int side, double scale)
{
  double stretch = MAX(scale, 1), reach = LOBES * stretch, centre = (i + 0.5) * scale, sum = 0;
  int first = MAX(0, (int)(centre - reach + 0.5));
  int end = MIN(side, (int)(centre + reach + 0.5));
  float *w = f->weights + (gsize)i * (gsize)f->most;

  f->first[i] = first;
  f->count[i] = end - first;
  for (int k = first; k < end; k++)
    sum += lanczos((k + 0.5 - centre) / stretch);
  for (int k = first; k < end; k++)
    w[k - first] = (float)(lanczos((k + 0.5 - centre) / stretch) / sum);
}

static void
filter_free(gpointer filter)
{
  Filter *f = filter;
  g_free(f->first);
  g_free(f->count);
  g_free(f->weights);
  g_free(f);
}

/* The last one of this thread: pictures of a set mostly have one size, and the sines would take
 * half of the time for resizing. */
static const Filter *
get_filter(int side, int r)
{
  static GPrivate last = G_PRIVATE_INIT(filter_free);
  Filter *f = g_private_get(&last);
  double scale = (double)side / r;

  if (f && f->side == side && f->r == r)
    return f;
  f = g_new(Filter, 1);
  f->side = side;
  f->r = r;
  f->most = (int)ceil(LOBES * MAX(scale, 1)) * 2 + 1;
  f->first = g_new(int, r);
  f->count = g_new(int, r);
  f->weights = g_new(float, ((gsize)r * (gsize)f->most));
  for (int i = 0; i < r; i++)
    make_taps(f, i, side, scale);
  g_private_replace(&last, f);
  return f;
}

/* The source rows that make row y of the result, added up; `n` values a row. First down and then
 * across: this loop runs along whole rows, so it is the one to give the many source pixels to. */
static void
mix_rows(const Filter *f, const guint8 *from, gsize stride, gsize n, int y, float *sum)
{
  const float *w = f->weights + (gsize)y * (gsize)f->most;

  memset(sum, 0, n * sizeof *sum);
  for (int k = 0; k < f->count[y]; k++) {
    const guint8 *row = from + (gsize)(f->first[y] + k) * stride;
    for (gsize i = 0; i < n; i++)
      sum[i] += w[k] * row[i];
  }
}

/* Interleaved pixels -> r pixels in each of the planes. Inlined with a constant number of
 * channels. */
static inline __attribute__((always_inline)) void
mix_columns(const Filter *f, const float *row, int channels, int r, guint8 *planes)
{
  gsize plane = (gsize)r * (gsize)r;

  for (int i = 0; i < r; i++) {
    const float *w = f->weights + (gsize)i * (gsize)f->most;
    const float *p = row + (gsize)f->first[i] * (gsize)channels;
    float sum[3] = {0};
    for (int k = 0; k < f->count[i]; k++, p += channels)
      for (int c = 0; c < channels; c++)
        sum[c] += w[k] * p[c];
    for (int c = 0; c < channels; c++) /* Lanczos overshoots at edges */
      planes[(gsize)c * plane + (gsize)i] = (guint8)(CLAMP(sum[c], 0, 255) + 0.5f);
  }
}

static void
copy_planes(const guint8 *from, gsize stride, int channels, int r, guint8 *planes)
{
  for (int c = 0; c < channels; c++)
    for (int y = 0; y < r; y++)
      for (int x = 0; x < r; x++)
        *planes++ = from[(gsize)y * stride + (gsize)(x * channels + c)];
}

void
sg_resize_square(const guint8 *pixels, int width, int height, int channels, int r, guint8 *planes)
{
  int side = MIN(width, height), left = (width - side) / 2, top = (height - side) / 2;
  gsize stride = (gsize)width * (gsize)channels;
  const guint8 *from = pixels + (gsize)top * stride + (gsize)left * (gsize)channels;

  if (side == r) {
    copy_planes(from, stride, channels, r, planes);
    return;
  }
  const Filter *f = get_filter(side, r);
  gsize n = (gsize)side * (gsize)channels;
  g_autofree float *sum = g_new(float, n);
  for (int y = 0; y < r; y++) {
    mix_rows(f, from, stride, n, y, sum);
    if (channels == 1)
      mix_columns(f, sum, 1, r, planes + (gsize)y * (gsize)r);
    else
      mix_columns(f, sum, 3, r, planes + (gsize)y * (gsize)r);
  }
}
