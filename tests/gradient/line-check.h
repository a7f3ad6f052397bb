/* Finite differences along a line, for functions with kinks. */
#pragma once

#include <glib.h>

/* Numbers that are moved, together, along a direction. */
typedef struct {
  double *at;
  gsize n;
  double *base, *direction;
} Line;

/* A random direction through the n numbers at `at`; clear puts back what they were. */
Line line_new(double *at, gsize n, guint64 stream);
void line_clear(Line *l);
/* The gradient [n] along the line. */
double line_dot(const Line *l, const double *gradient);

/* Several lines moved at once, [n]. */
typedef double (*Evaluate)(gpointer data);

/* Whether any step's difference agrees with `analytic`, the sum over the lines; else the test
 * fails with a sentence. Returns its size beside what rounding makes of it, so that a caller can
 * see that something was compared at all. */
double check_lines(const char *what, const Line *lines, int n, double analytic, Evaluate f,
                   gpointer data);
double check_line(const char *what, const Line *l, double analytic, Evaluate f, gpointer data);
