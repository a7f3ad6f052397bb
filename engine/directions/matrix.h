/* Small dense matrices in double, row-major: what the ways to find directions share. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

double sg_dot(const double *a, const double *b, int n);
/* c [rows, columns] = a [rows, inner] b [inner, columns]; c is neither of them. */
void sg_matrix_multiply(int rows, int inner, int columns, const double *a, const double *b,
                        double *c);
/* Power p of a symmetric [n, n] given by eigenvectors (rows) and falling values; directions of less
 * than 1e-12 of the largest value stay 0. To be freed. */
double *sg_matrix_power(int n, const double *vectors, const double *values, double p);
/* Power p of a symmetric, positive semidefinite a [n, n]. NULL and errors as
 * sg_eigen_symmetric(). */
double *sg_matrix_root(int n, const double *a, double p, GError **error);

G_END_DECLS
