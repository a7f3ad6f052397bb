#include "engine/projection/picture-loss.h"
#include "engine/base/room.h"
#include <math.h>

#define LEVELS   5
#define SMALLEST 8 /* pixels of a level */
#define EPSILON  1e-6

static const double taps[5] = {1 / 16.0, 4 / 16.0, 6 / 16.0, 4 / 16.0, 1 / 16.0};

/* The edge is a mirror in the middle of its pixel: … 2 1 0 1 2 … */
static int
reflect(int i, int n)
{
  if (i < 0)
    i = -i;
  return i >= n ? 2 * n - 2 - i : i;
}

/* One axis of the blur: line i of `count` lines of n numbers that are `step` apart. `back`: its
 * adjoint. */
static void
blur_lines(int n, gsize step, int count, gsize between, const double *x, double *y, gboolean back)
{
  for (int line = 0; line < count; line++) {
    const double *from = x + (gsize)line * between;
    double *to = y + (gsize)line * between;
    for (int i = 0; back && i < n; i++)
      to[(gsize)i * step] = 0;
    for (int i = 0; i < n; i++) {
      double sum = 0;
      for (int k = 0; k < 5; k++) {
        gsize at = (gsize)reflect(i + k - 2, n) * step;
        if (back)
          to[at] += taps[k] * from[(gsize)i * step];
        else
          sum += taps[k] * from[at];
      }
      if (!back)
        to[(gsize)i * step] = sum;
    }
  }
}

/* y = blur (x) of a plane [h, w], or the adjoint; `half` is as large, for half of the way. */
static void
blur(int h, int w, const double *x, double *y, double *half, gboolean back)
{
  blur_lines(w, 1, h, (gsize)w, x, half, back);
  blur_lines(h, (gsize)w, w, 1, half, y, back);
}

/* Sum of |x|; gradient = weight times its own. */
static double
absolutes(gsize n, const double *x, double weight, double *gradient)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++) {
    double size = sqrt(x[i] * x[i] + EPSILON);
    sum += size;
    gradient[i] = weight * x[i] / size;
  }
  return sum;
}

/* How many numbers pyramid() needs beside its plane. */
static gsize
pyramid_room(int h, int w, int levels)
{
  int h2 = (h + 1) / 2, w2 = (w + 1) / 2;

  if (levels == 0 || MIN(h, w) < SMALLEST)
    return 0;
  return 3 * (gsize)h * (gsize)w + 2 * (gsize)h2 * (gsize)w2 + pyramid_room(h2, w2, levels - 1);
}

/* Mean |levels| of a plane's difference x [h, w], and weight times the gradient in g. */
static double
pyramid(int h, int w, const double *x, int levels, double weight, double *g, double *room)
{
  gsize n = (gsize)h * (gsize)w;

  if (levels == 0 || MIN(h, w) < SMALLEST)
    return absolutes(n, x, weight / (double)n, g) / (double)n;
  int h2 = (h + 1) / 2, w2 = (w + 1) / 2;
  gsize n2 = (gsize)h2 * (gsize)w2;
  double *blurred = room, *band = blurred + n, *back = band + n, *next = back + n, *g2 = next + n2;
  blur(h, w, x, blurred, back, FALSE);
  for (gsize i = 0; i < n; i++)
    band[i] = x[i] - blurred[i];
  double sum = absolutes(n, band, weight / (double)n, g) / (double)n;
  for (int i = 0; i < h2; i++)
    for (int j = 0; j < w2; j++)
      next[i * w2 + j] = blurred[2 * i * w + 2 * j];
  sum += pyramid(h2, w2, next, levels - 1, weight, g2, g2 + n2);
  /* what `blurred` answers to: less of the band, and the next level's pixels */
  for (gsize i = 0; i < n; i++)
    band[i] = -g[i];
  for (int i = 0; i < h2; i++)
    for (int j = 0; j < w2; j++)
      band[2 * i * w + 2 * j] += g2[i * w2 + j];
  blur(h, w, band, back, blurred, TRUE);
  for (gsize i = 0; i < n; i++)
    g[i] += back[i];
  return sum;
}

SgPictureLoss
sg_picture_loss(int channels, int h, int w, const float *a, const float *b, double pixel_weight,
                double pyramid_weight, float *gradient)
{
  gsize plane = (gsize)h * (gsize)w;
  SgPictureLoss sums[4] = {{0, 0}}, loss = {0, 0};

  g_return_val_if_fail(channels >= 1 && channels <= 4, loss);
  gsize each = 2 * plane + pyramid_room(h, w, LEVELS);
  g_autofree double *rooms = sg_room_each(each, sizeof *rooms);
  if (!rooms)
    return loss;
#pragma omp parallel for schedule(static)
  for (int c = 0; c < channels; c++) {
    gsize at = (gsize)c * plane;
    double *x = sg_room_mine(rooms, each, sizeof *x), *g = x + plane, *room = g + plane;
    for (gsize i = 0; i < plane; i++) {
      x[i] = (double)a[at + i] - (double)b[at + i];
      sums[c].pixels += x[i] * x[i] / ((double)plane * channels);
    }
    sums[c].pyramid = pyramid(h, w, x, LEVELS, pyramid_weight / channels, g, room) / channels;
    for (gsize i = 0; gradient && i < plane; i++)
      gradient[at + i] += (float)(g[i] + pixel_weight * 2 * x[i] / ((double)plane * channels));
  }
  for (int c = 0; c < channels; c++) {
    loss.pixels += sums[c].pixels;
    loss.pyramid += sums[c].pyramid;
  }
  return loss;
}

double
sg_psnr(gsize n, const guint8 *a, const guint8 *b)
{
  double squares = 0;

  for (gsize i = 0; i < n; i++)
    squares += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
  return 10 * log10(255.0 * 255.0 * (double)n / squares);
}
