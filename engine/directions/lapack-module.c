/* libvitrine-lapack.so: the only file that sees LAPACK (eigen.h). */
#include "engine/directions/eigen.h"
#include <lapacke.h>

static int
symmetric(int n, double *a, double *values)
{
  return (int)LAPACKE_dsyevd(LAPACK_ROW_MAJOR, 'V', 'L', n, a, n, values);
}

static int
values_alone(int n, double *a, double *values)
{
  return (int)LAPACKE_dsyevd(LAPACK_ROW_MAJOR, 'N', 'L', n, a, n, values);
}

__attribute__((visibility("default"))) const SgLapackTable *vitrine_lapack(void);

const SgLapackTable *
vitrine_lapack(void)
{
  static const SgLapackTable table = {.symmetric = symmetric, .values = values_alone};
  return &table;
}
