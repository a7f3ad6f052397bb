#include "engine/directions/matrix.h"
#include "engine/directions/eigen.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

/* Of less variance than this share of the first a direction is rounding. */
#define NOTHING 1e-12

gboolean
sg_matrix_check(int n, GError **error)
{
  return n <= SG_MATRIX_MOST ||
         sg_unsupported(error,
                        "this model's w has %d dimensions; directions are looked for, and "
                        "distances measured, among at most %d",
                        n, SG_MATRIX_MOST);
}

double
sg_dot(const double *a, const double *b, int n)
{
  double s = 0;
#pragma omp simd reduction(+ : s)
  for (int i = 0; i < n; i++)
    s += a[i] * b[i];
  return s;
}

void
sg_matrix_multiply(int rows, int inner, int columns, const double *a, const double *b, double *c)
{
#pragma omp parallel for schedule(static)
  for (int i = 0; i < rows; i++) {
    double *row = c + (gsize)i * (gsize)columns;
    memset(row, 0, (gsize)columns * sizeof(double));
    for (int k = 0; k < inner; k++) {
      double v = a[(gsize)i * (gsize)inner + (gsize)k];
      const double *other = b + (gsize)k * (gsize)columns;
      for (int j = 0; j < columns; j++)
        row[j] += v * other[j];
    }
  }
}

double *
sg_matrix_power(int n, const double *vectors, const double *values, double p)
{
  gsize size = (gsize)n;
  g_autofree double *scaled = g_new(double, size *size);
  g_autofree double *columns = g_new(double, size *size);
  double *out = g_new(double, size *size);

  for (gsize k = 0; k < size; k++) {
    double factor = values[k] > NOTHING * values[0] ? pow(values[k], p) : 0;
    for (gsize i = 0; i < size; i++) {
      scaled[k * size + i] = factor * vectors[k * size + i];
      columns[i * size + k] = vectors[k * size + i];
    }
  }
  sg_matrix_multiply(n, n, n, columns, scaled, out);
  return out;
}

double *
sg_matrix_root(int n, const double *a, double p, GError **error)
{
  gsize size = (gsize)n * (gsize)n;
  g_autofree double *vectors = g_memdup2(a, size * sizeof(double));
  g_autofree double *values = g_new(double, n);

  return sg_eigen_symmetric(n, vectors, values, error) ? sg_matrix_power(n, vectors, values, p)
                                                       : NULL;
}
