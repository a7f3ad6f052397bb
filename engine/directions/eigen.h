/* Eigenvectors of symmetric matrices by LAPACK, which is loaded when it is first asked for (a
 * module, as CUDA is). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* a [n, n], row-major and symmetric (its lower triangle is read), becomes its eigenvectors: row k
 * is that of values[k], of length 1; values [n] fall. An eigenvector's sign is arbitrary: here its
 * entry of largest magnitude (the first, of equal ones) is positive. Errors:
 * SG_BACKEND_ERROR_MODULE where LAPACK is missing, SG_FORMAT_ERROR if a number is not finite or
 * LAPACK does not converge. Any thread. */
gboolean sg_eigen_symmetric(int n, double *a, double *values, GError **error);

/* The eigenvalues alone, which takes a fraction of the time: values [n] fall; a is used up. Errors
 * as above. */
gboolean sg_eigenvalues_symmetric(int n, double *a, double *values, GError **error);

/* ---- the module's side (lapack-module.c) ---- */

typedef struct {
  /* As LAPACKE_dsyevd (row major, vectors, lower): a [n, n] in and out, values rising; its
   * status. */
  int (*symmetric)(int n, double *a, double *values);
  /* The same without vectors. */
  int (*values)(int n, double *a, double *values);
} SgLapackTable;

typedef const SgLapackTable *(*SgLapackEntry)(void);

G_END_DECLS
