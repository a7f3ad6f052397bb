#include "engine/journey/sphere.h"
#include <math.h>
#include <string.h>

/* What a step may leave of the way, in radians, and how many steps there are at most: each divides
 * the rest by about two where points are a right angle apart. */
#define NEAR       1e-13
#define MOST_STEPS 500

static double
dot(int n, const double *a, const double *b)
{
  double sum = 0;

  for (int i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

double
sg_angle(int n, const double *a, const double *b)
{
  double la = sqrt(dot(n, a, a)), lb = sqrt(dot(n, b, b)), minus = 0, plus = 0;

  if (!(la > 0) || !(lb > 0))
    return 0;
  /* As Kahan has it: exact for small angles, where a cosine has no digits left. */
  for (int i = 0; i < n; i++) {
    double x = a[i] / la, y = b[i] / lb;
    minus += (x - y) * (x - y);
    plus += (x + y) * (x + y);
  }
  return 2 * atan2(sqrt(minus), sqrt(plus));
}

/* Adds weight times the way from q to p on the unit sphere to step. */
static void
add_way(int n, const double *q, const double *p, double weight, double *step)
{
  double angle = sg_angle(n, q, p), across = sin(angle), along = dot(n, q, p);

  if (!(across > 1e-15)) /* there already, or at the other pole, whither no way is the shortest */
    return;
  for (int i = 0; i < n; i++)
    step[i] += weight * angle / across * (p[i] - along * q[i]);
}

/* Moves q along `step`, which is tangent to the sphere there; returns how far. */
static double
move(int n, double *q, const double *step)
{
  double length = sqrt(dot(n, step, step)), c = cos(length), s = sin(length), norm;

  if (!(length > 0))
    return 0;
  for (int i = 0; i < n; i++)
    q[i] = c * q[i] + s * step[i] / length;
  norm = sqrt(dot(n, q, q));
  for (int i = 0; i < n; i++)
    q[i] /= norm;
  return length;
}

/* The point with the largest weight is where the search begins. */
static int
heaviest(int count, const double *weights)
{
  int best = 0;

  for (int i = 1; i < count; i++)
    if (weights[i] > weights[best])
      best = i;
  return best;
}

void
sg_sphere_mean(int count, int n, const double *points, const double *weights, double *out)
{
  int first = heaviest(count, weights);
  gsize size = sizeof(double) * (gsize)n;
  g_autofree double *unit = g_new(double, (gsize)count *(gsize)n);
  g_autofree double *step = g_new(double, n);
  double length = 0;

  for (int k = 0; k < count; k++) {
    const double *p = points + (gsize)k * (gsize)n;
    double l = sqrt(dot(n, p, p));
    length += weights[k] * l;
    for (int i = 0; i < n; i++)
      unit[(gsize)k * (gsize)n + (gsize)i] = l > 0 ? p[i] / l : 0;
  }
  memcpy(out, unit + (gsize)first * (gsize)n, size);
  for (int turn = 0; weights[first] != 1 && turn < MOST_STEPS; turn++) {
    memset(step, 0, size);
    for (int k = 0; k < count; k++)
      if (weights[k] != 0)
        add_way(n, out, unit + (gsize)k * (gsize)n, weights[k], step);
    if (move(n, out, step) < NEAR)
      break;
  }
  for (int i = 0; i < n; i++)
    out[i] *= length;
}
