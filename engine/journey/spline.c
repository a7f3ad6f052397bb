#include "engine/journey/spline.h"
#include <math.h>
#include <string.h>

const char *const sg_curve_words[] = {"linear", "cubic", "circle", NULL};

/* Solves m x = b for the columns of b at once: m [n, n] is diagonally dominant, so that elimination
 * needs no pivots. b [n, n] becomes x. */
static void
solve(int n, double *m, double *b)
{
  for (int k = 0; k < n; k++)
    for (int i = k + 1; i < n; i++) {
      double f = m[i * n + k] / m[k * n + k];
      if (f == 0) /* nearly everywhere: a band and a corner */
        continue;
      for (int j = k; j < n; j++)
        m[i * n + j] -= f * m[k * n + j];
      for (int j = 0; j < n; j++)
        b[i * n + j] -= f * b[k * n + j];
    }
  for (int k = n - 1; k >= 0; k--) {
    for (int i = k + 1; i < n; i++)
      for (int j = 0; m[k * n + i] != 0 && j < n; j++)
        b[k * n + j] -= m[k * n + i] * b[i * n + j];
    for (int j = 0; j < n; j++)
      b[k * n + j] /= m[k * n + k];
  }
}

/* The usual equations of a cubic spline: h[k-1] m[k-1] + 2 (h[k-1] + h[k]) m[k] + h[k] m[k+1] =
 * 6 (slope[k] - slope[k-1]), for unit points (de Boor, A Practical Guide to Splines, IV). */
static double *
second_derivatives(const SgSpline *s)
{
  int n = s->n;
  g_autofree double *m = g_new0(double, n *n);
  double *b = g_new0(double, n *n);

  for (int k = 0; k < n; k++) {
    int before = (k + n - 1) % n, after = (k + 1) % n;
    if (!s->closed && (k == 0 || k == n - 1)) {
      m[k * n + k] = 1;
      continue;
    }
    double left = s->at[k == 0 ? n : k] - s->at[before], right = s->at[k + 1] - s->at[k];
    m[k * n + before] += left;
    m[k * n + k] += 2 * (left + right);
    m[k * n + after] += right;
    b[k * n + before] += 6 / left;
    b[k * n + k] -= 6 / left + 6 / right;
    b[k * n + after] += 6 / right;
  }
  solve(n, m, b);
  return b;
}

SgSpline *
sg_spline_new(SgCurve curve, int n, const double *at, gboolean closed, double end)
{
  SgSpline *s = g_new0(SgSpline, 1);

  g_assert(n >= 1 && n <= SG_SPLINE_MAX && (curve != SG_CURVE_CIRCLE || n == 2));
  s->curve = curve;
  s->n = n;
  s->closed = closed || curve == SG_CURVE_CIRCLE;
  s->at = g_new(double, n + 1);
  memcpy(s->at, at, sizeof *at * (gsize)n);
  s->at[n] = s->closed ? end : at[n - 1];
  if (curve == SG_CURVE_CUBIC && n > 1)
    s->second = second_derivatives(s);
  return s;
}

void
sg_spline_free(SgSpline *s)
{
  if (!s)
    return;
  g_free(s->at);
  g_free(s->second);
  g_free(s);
}

double
sg_spline_find(const SgSpline *s, double t, int *k, double *u)
{
  int last = s->closed ? s->n - 1 : MAX(s->n - 2, 0), low = 0, high = last;
  double span = s->at[s->n] - s->at[0];

  if (s->closed && span > 0) /* else there is one moment only */
    t -= span * floor((t - s->at[0]) / span);
  t = CLAMP(t, s->at[0], s->at[s->n]);
  while (low < high) {
    int mid = (low + high + 1) / 2;
    if (s->at[mid] <= t)
      low = mid;
    else
      high = mid - 1;
  }
  double h = s->at[low + 1] - s->at[low];
  *k = low;
  *u = h > 0 ? (t - s->at[low]) / h : 0;
  return t;
}

static void
circle_weights(const SgSpline *s, double t, double *weights)
{
  double angle = 2 * G_PI * (t - s->at[0]) / (s->at[2] - s->at[0]);

  weights[0] = cos(angle);
  weights[1] = sin(angle);
}

void
sg_spline_weights(const SgSpline *s, double t, double *weights)
{
  double u;
  int n = s->n, k;

  memset(weights, 0, sizeof *weights * (gsize)n);
  t = sg_spline_find(s, t, &k, &u);
  if (s->curve == SG_CURVE_CIRCLE) {
    circle_weights(s, t, weights);
    return;
  }
  int next = (k + 1) % n;
  double h = s->at[k + 1] - s->at[k], v = 1 - u;
  weights[k] += v;
  weights[next] += u; /* n == 1: the same */
  for (int i = 0; s->second && i < n; i++)
    weights[i] +=
        h * h / 6 *
        ((v * v * v - v) * s->second[k * n + i] + (u * u * u - u) * s->second[next * n + i]);
}
