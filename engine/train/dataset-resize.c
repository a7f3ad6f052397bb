/* Cropping and resizing: the middle square, then Lanczos-3 in both directions. When the picture
 * shrinks the filter grows by the same factor, so that every source pixel counts (plain
 * interpolation would skip most of them and alias). */
#include "engine/formats/format-error.h"
#include "engine/train/dataset-private.h"
#include <math.h>
#include <string.h>

#define LOBES 3

/* For each output pixel the source pixels it is made of and their weights, which sum to one. */
typedef struct {
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
filter_init(Filter *f, int side, int r)
{
  double scale = (double)side / r;

  f->most = (int)ceil(LOBES * MAX(scale, 1)) * 2 + 1;
  f->first = g_new(int, r);
  f->count = g_new(int, r);
  f->weights = g_new(float, (gsize)r *(gsize)f->most);
  for (int i = 0; i < r; i++)
    make_taps(f, i, side, scale);
}

static void
filter_clear(Filter *f)
{
  g_free(f->first);
  g_free(f->count);
  g_free(f->weights);
}

/* One row of interleaved pixels -> r pixels, still interleaved. */
static void
resize_row(const Filter *f, const guint8 *row, int channels, int r, float *out)
{
  for (int i = 0; i < r; i++) {
    const float *w = f->weights + (gsize)i * (gsize)f->most;
    const guint8 *p = row + (gsize)f->first[i] * (gsize)channels;
    float sum[4] = {0};
    for (int k = 0; k < f->count[i]; k++, p += channels)
      for (int c = 0; c < channels; c++)
        sum[c] += w[k] * p[c];
    for (int c = 0; c < channels; c++)
      out[i * channels + c] = sum[c];
  }
}

/* Row y of the result as planes; `rows` holds every source row, already narrowed. */
static void
resize_column(const Filter *f, const float *rows, int y, int channels, int r, float *sum,
              guint8 *planes)
{
  gsize n = (gsize)r * (gsize)channels;
  const float *w = f->weights + (gsize)y * (gsize)f->most;

  memset(sum, 0, n * sizeof *sum);
  for (int k = 0; k < f->count[y]; k++) {
    const float *row = rows + (gsize)(f->first[y] + k) * n;
    for (gsize i = 0; i < n; i++)
      sum[i] += w[k] * row[i];
  }
  for (int c = 0; c < channels; c++)
    for (int x = 0; x < r; x++) /* Lanczos overshoots at edges */
      planes[((gsize)c * (gsize)r + (gsize)y) * (gsize)r + (gsize)x] =
          (guint8)(CLAMP(sum[x * channels + c], 0, 255) + 0.5f);
}

static void
copy_planes(const guint8 *from, gsize stride, int channels, int r, guint8 *planes)
{
  for (int c = 0; c < channels; c++)
    for (int y = 0; y < r; y++)
      for (int x = 0; x < r; x++)
        *planes++ = from[(gsize)y * stride + (gsize)(x * channels + c)];
}

gboolean
sg_resize_square(const guint8 *pixels, int width, int height, int channels, int r, guint8 *planes,
                 GError **error)
{
  int side = MIN(width, height), left = (width - side) / 2, top = (height - side) / 2;
  gsize stride = (gsize)width * (gsize)channels, n = (gsize)r * (gsize)channels;
  const guint8 *from = pixels + (gsize)top * stride + (gsize)left * (gsize)channels;

  if (side == r) {
    copy_planes(from, stride, channels, r, planes);
    return TRUE;
  }
  g_autofree float *rows = g_try_malloc_n((gsize)side + 1, n * sizeof(float));
  if (!rows)
    return sg_broken(error, "not enough memory for the picture");
  Filter f;
  filter_init(&f, side, r);
  for (int y = 0; y < side; y++)
    resize_row(&f, from + (gsize)y * stride, channels, r, rows + (gsize)y * n);
  for (int y = 0; y < r; y++)
    resize_column(&f, rows, y, channels, r, rows + (gsize)side * n, planes);
  filter_clear(&f);
  return TRUE;
}
