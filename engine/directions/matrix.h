/* Small dense matrices in double, row-major: what the ways to find directions share. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The longest w whose [n, n] matrices are made: four times the longest known, 128 MiB each. */
#define SG_MATRIX_MOST 4096
/* Whether they are. SG_FORMAT_ERROR_UNSUPPORTED: a file says how long w is, and n² of what it says
 * may be more than there is. */
gboolean sg_matrix_check(int n, GError **error);

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
