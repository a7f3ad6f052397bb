#include "engine/nets/fourier.h"
#include <math.h>
#include <string.h>

gboolean
sg_motion_is_none(const SgMotion *m)
{
  return m->degrees == 0 && m->x == 0 && m->y == 0;
}

/* y goes down, so that anticlockwise takes (1, 0) up to (0, -1). */
SgMotion
sg_motion_then(const SgMotion *first, const SgMotion *more)
{
  double a = more->degrees * G_PI / 180, c = cos(a), s = sin(a);

  return (SgMotion){remainder(first->degrees + more->degrees, 360),
                    c * first->x + s * first->y + more->x, c * first->y - s * first->x + more->y};
}

typedef SgPlaneMap Matrix;

static void
multiply(Matrix to, const Matrix a, const Matrix b)
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      to[i][j] = 0;
      for (int k = 0; k < 3; k++)
        to[i][j] += a[i][k] * b[k][j];
    }
}

/* The plane goes the other way than what is seen on it. */
static void
inverse_motion(const SgMotion *m, Matrix to)
{
  double a = m->degrees * G_PI / 180, c = cos(a), s = sin(a);
  const Matrix inverse = {
      {c, -s, -(c * m->x - s * m->y)}, {s, c, -(s * m->x + c * m->y)}, {0, 0, 1}};

  memcpy(to, inverse, sizeof inverse);
}

void
sg_fourier_lie(const float *transform, const SgMotion *motion, SgPlaneMap to)
{
  if (motion && !sg_motion_is_none(motion)) {
    inverse_motion(motion, to);
    return;
  }
  for (int i = 0; i < 9; i++)
    to[i / 3][i % 3] = transform[i];
}

/* How the plane lies for one sample. */
static void
lie_of(const SgFourier *f, const float *style, const SgMotion *motion, Matrix to)
{
  double length = hypot((double)style[0], (double)style[1]);
  double c = style[0] / length, s = style[1] / length;
  const Matrix turn = {{c, -s, 0}, {s, c, 0}, {0, 0, 1}};
  const Matrix shift = {{1, 0, -style[2] / length}, {0, 1, -style[3] / length}, {0, 0, 1}};
  Matrix both, given;

  sg_fourier_lie(f->transform, motion, given);
  multiply(both, turn, shift);
  multiply(to, both, given);
}

/* sin and cos of 2 π (frequency x + phase) along an axis: x counts from the middle. */
static void
wave(const SgFourier *f, double frequency, double phase, double *sines, double *cosines)
{
  for (int j = 0; j < f->size; j++) {
    double x = ((2.0 * j + 1) / f->size - 1) * 0.5 * f->size / f->rate;
    double angle = 2 * G_PI * (frequency * x + phase);
    sines[j] = sin(angle);
    cosines[j] = cos(angle);
  }
}

/* One channel: frequencies beyond what the rate can carry fade away. */
static void
fill_plane(const SgFourier *f, int channel, const Matrix m, double *scratch, float *plane)
{
  double fx = f->frequencies[2 * channel], fy = f->frequencies[2 * channel + 1];
  double phase = f->phases[channel] + fx * m[0][2] + fy * m[1][2];
  double gx = fx * m[0][0] + fy * m[1][0], gy = fx * m[0][1] + fy * m[1][1];
  double beyond = (hypot(gx, gy) - f->bandwidth) / (f->rate / 2 - f->bandwidth);
  double amplitude = CLAMP(1 - beyond, 0, 1);
  int n = f->size;
  double *sx = scratch, *cx = sx + n, *sy = cx + n, *cy = sy + n;

  wave(f, gx, phase, sx, cx);
  wave(f, gy, 0, sy, cy);
  for (int y = 0; y < n; y++)
    for (int x = 0; x < n; x++)
      plane[y * n + x] = (float)((sx[x] * cy[y] + cx[x] * sy[y]) * amplitude);
}

gboolean
sg_fourier_fill(const SgFourier *f, int n, const float *styles, const SgMotion *motion, SgBuf *to,
                GError **error)
{
  gsize plane = (gsize)f->size * (gsize)f->size, sample = (gsize)f->channels * plane;
  g_autofree float *all = g_try_new(float, (gsize)n *sample);
  g_autofree double *scratch = g_try_new(double, 4 * (gsize)f->size);

  if (!all || !scratch) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for Fourier features");
    return FALSE;
  }
  for (int i = 0; i < n; i++) {
    Matrix m;
    lie_of(f, styles + 4 * i, motion, m);
    for (int c = 0; c < f->channels; c++)
      fill_plane(f, c, m, scratch, all + (gsize)i * sample + (gsize)c * plane);
  }
  to->backend->upload(to, all);
  return TRUE;
}
