/* Curves through points, as weights: at a moment t the curve is the sum of weight[i] times point i,
 * and the weights sum to 1. So one curve serves whatever the points are: numbers, vectors, or
 * places on a sphere (sphere.h). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SG_CURVE_LINEAR, /* straight from point to point */
  SG_CURVE_CUBIC,  /* the cubic spline, twice continuously differentiable; open: natural, its second
                    * derivatives are 0 at both ends; closed: periodic */
  SG_CURVE_CIRCLE, /* a full turn a cos θ + b sin θ through two points, around an origin that the
                    * caller has: of it the weight is 1 - cos θ - sin θ */
} SgCurve;
extern const char *const sg_curve_words[]; /* "linear", "cubic", "circle", NULL */

#define SG_SPLINE_MAX 512 /* points */

typedef struct {
  SgCurve curve;
  int n;      /* 1 … SG_SPLINE_MAX */
  double *at; /* [n + 1] when each point is passed, rising; at[n]: when a closed curve is back at
                   * its first point (else at[n - 1]) */
  gboolean closed;
  double *second; /* [n, n] second derivatives at point k of the curve that is 1 at point i and 0 at
                   * the others, [k, i]; CUBIC only */
} SgSpline;

/* at [n], rising, and of a closed curve `end` > at[n - 1]. CIRCLE takes two points and is closed:
 * it is at point 1 after a quarter of its time. */
SgSpline *sg_spline_new(SgCurve curve, int n, const double *at, gboolean closed, double end);
void sg_spline_free(SgSpline *s);
/* The weights [n] at t. A closed curve goes on and on, an open one stands still beyond its ends. */
void sg_spline_weights(const SgSpline *s, double t, double *weights);
/* Where t lies: point *k has been passed, and the share *u, 0 … 1, of the way to the next one; t
 * comes back in at[0] … at[n]. */
double sg_spline_find(const SgSpline *s, double t, int *k, double *u);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgSpline, sg_spline_free)

G_END_DECLS
