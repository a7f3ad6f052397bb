/* Ways over a sphere: z, of which only the direction counts, since the mapping network normalises
 * it. Straight through would come near the middle, where no z of a seed ever lies. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The angle between a [n] and b [n], 0 … π; 0 if one of them has no length. */
double sg_angle(int n, const double *a, const double *b);
/* out [n]: of the points [count, n] the mean on the sphere with these weights, which sum to 1 (Buss
 * and Fillmore 2001, algorithm A1: the point from which the weighted ways to all of them cancel).
 * Of two points and weights 1 - t and t it is slerp. The length of `out` is the weighted mean of
 * theirs. Weights may be negative, as those of a spline are. */
void sg_sphere_mean(int count, int n, const double *points, const double *weights, double *out);

G_END_DECLS
