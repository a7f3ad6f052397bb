#include "line-check.h"
#include "engine/base/philox.h"
#include <math.h>
#include <string.h>

/* The loss has kinks (leaky ReLUs, clamps), and its gradient penalties jump there. A step that
 * crosses one says nothing, so several are tried: a wrong gradient agrees with none. */
static const double steps[] = {1e-5, 1e-6, 1e-7, 1e-4};

Line
line_new(double *at, gsize n, guint64 stream)
{
  Line l = {at, n, g_memdup2(at, n * sizeof(double)), g_new(double, n)};
  SgPhilox rng = {.seed = 23, .stream = stream};
  for (gsize i = 0; i < n; i++)
    l.direction[i] = sg_philox_normal(&rng);
  return l;
}

void
line_clear(Line *l)
{
  memcpy(l->at, l->base, l->n * sizeof(double));
  g_free(l->base);
  g_free(l->direction);
}

static void
line_move(const Line *l, double step)
{
  for (gsize i = 0; i < l->n; i++)
    l->at[i] = l->base[i] + step * l->direction[i];
}

double
line_dot(const Line *l, const double *gradient)
{
  double sum = 0;
  for (gsize i = 0; i < l->n; i++)
    sum += gradient[i] * l->direction[i];
  return sum;
}

static void
move_all(const Line *lines, int n, double step)
{
  for (int i = 0; i < n; i++)
    line_move(&lines[i], step);
}

double
check_lines(const char *what, const Line *lines, int n, double analytic, Evaluate f, gpointer data)
{
  double best = G_MAXDOUBLE, found = 0, trust = 0;
  for (guint i = 0; i < G_N_ELEMENTS(steps) && best > 1; i++) {
    move_all(lines, n, steps[i]);
    double plus = f(data);
    move_all(lines, n, -steps[i]);
    double minus = f(data), numeric = (plus - minus) / (2 * steps[i]);
    double scale = MAX(fabs(analytic), fabs(numeric));
    double noise = 2e-15 * (fabs(plus) + fabs(minus)) / steps[i];
    double off = fabs(analytic - numeric) / (1e-6 * scale + noise);
    if (off < best) {
      best = off;
      found = numeric;
      trust = scale / noise;
    }
  }
  move_all(lines, n, 0);
  if (!(best <= 1))
    g_test_fail_printf("%s: gradient %.12g, finite difference %.12g", what, analytic, found);
  return trust;
}

double
check_line(const char *what, const Line *l, double analytic, Evaluate f, gpointer data)
{
  return check_lines(what, l, 1, analytic, f, data);
}
