#include "engine/projection/noise-maps.h"
#include "engine/base/room.h"
#include <math.h>
#include <string.h>

#define SMALLEST 8 /* pixels of the last scale */

/* mean (n roll n) along an axis, whose step is `along` numbers. */
static double
correlation(int r, const double *n, gboolean down)
{
  gsize size = (gsize)r;
  double sum = 0;

  for (gsize y = 0; y < size; y++)
    for (gsize x = 0; x < size; x++) {
      gsize other = down ? (y + size - 1) % size * size + x : y * size + (x + size - 1) % size;
      sum += n[y * size + x] * n[other];
    }
  return sum / ((double)size * (double)size);
}

/* d (correlation²) / d n = 2 c (both neighbours) / r² */
static void
add_gradient(int r, const double *n, gboolean down, double c, double *gradient)
{
  gsize size = (gsize)r;
  double factor = 2 * c / ((double)size * (double)size);

  for (gsize y = 0; y < size; y++)
    for (gsize x = 0; x < size; x++) {
      gsize before = down ? (y + size - 1) % size * size + x : y * size + (x + size - 1) % size;
      gsize after = down ? (y + 1) % size * size + x : y * size + (x + 1) % size;
      gradient[y * size + x] += factor * (n[before] + n[after]);
    }
}

/* Means of 2 × 2: h [r/2, r/2]. */
static void
halve(int r, const double *n, double *h)
{
  gsize size = (gsize)r, half = size / 2;

  for (gsize y = 0; y < half; y++)
    for (gsize x = 0; x < half; x++) {
      const double *p = n + 2 * y * size + 2 * x;
      h[y * half + x] = (p[0] + p[1] + p[size] + p[size + 1]) / 4;
    }
}

/* How many numbers penalty() needs beside its map. */
static gsize
penalty_room(int r)
{
  gsize half = (gsize)r / 2;

  return r <= SMALLEST ? 0 : 2 * half * half + penalty_room(r / 2);
}

/* The penalty of this scale and all smaller ones, with its gradient. */
static double
penalty(int r, const double *n, double *gradient, double *room)
{
  double x = correlation(r, n, FALSE), y = correlation(r, n, TRUE), sum = x * x + y * y;

  add_gradient(r, n, FALSE, x, gradient);
  add_gradient(r, n, TRUE, y, gradient);
  if (r <= SMALLEST)
    return sum;
  gsize size = (gsize)r, half = size / 2;
  double *smaller = room, *g = smaller + half * half;
  halve(r, n, smaller);
  memset(g, 0, half * half * sizeof *g);
  sum += penalty(r / 2, smaller, g, g + half * half);
  for (gsize row = 0; row < 2 * half; row++)
    for (gsize column = 0; column < 2 * half; column++)
      gradient[row * size + column] += g[row / 2 * half + column / 2] / 4;
  return sum;
}

double
sg_noise_penalty(int r, const float *map, double weight, float *gradient)
{
  gsize n = (gsize)r * (gsize)r;
  g_autofree double *v = sg_room0(2 * n + penalty_room(r), sizeof *v);

  if (!v)
    return 0;
  double *g = v + n;
  for (gsize i = 0; i < n; i++)
    v[i] = (double)map[i];
  double sum = penalty(r, v, g, g + n);
  for (gsize i = 0; gradient && i < n; i++)
    gradient[i] += (float)(weight * g[i]);
  return sum;
}

void
sg_noise_normalize(int r, float *map)
{
  gsize n = (gsize)r * (gsize)r;
  double mean = 0, squares = 0;

  for (gsize i = 0; i < n; i++)
    mean += (double)map[i] / (double)n;
  for (gsize i = 0; i < n; i++)
    squares += ((double)map[i] - mean) * ((double)map[i] - mean) / (double)n;
  if (!(squares > 0))
    return;
  double factor = 1 / sqrt(squares);
  for (gsize i = 0; i < n; i++)
    map[i] = (float)(((double)map[i] - mean) * factor);
}
