#include "engine/directions/eigen.h"
#include "engine/backend/module.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

static const SgModuleFile lapack_file = {.file = "libvitrine-lapack.so",
                                         .variable = "VITRINE_LAPACK_MODULE",
                                         .folder = "engine",
                                         .name = "LAPACK"};

static const SgLapackTable *
lapack(GError **error)
{
  SgLapackEntry entry = (SgLapackEntry)sg_module_symbol(&lapack_file, "vitrine_lapack", error);
  return entry ? entry() : NULL;
}

static gboolean
all_finite(gsize n, const double *a)
{
  for (gsize i = 0; i < n; i++)
    if (!isfinite(a[i]))
      return FALSE;
  return TRUE;
}

/* Makes the entry of largest magnitude positive. */
static void
fix_sign(int n, double *v)
{
  int largest = 0;

  for (int i = 1; i < n; i++)
    if (fabs(v[i]) > fabs(v[largest]))
      largest = i;
  double sign = v[largest] < 0 ? -1 : 1;
  for (int i = 0; i < n; i++)
    v[i] *= sign;
}

static gboolean
not_found(int n, int status, GError **error)
{
  return sg_broken(error, "LAPACK found no eigenvectors of a matrix of %d × %d (status %d)", n, n,
                   status);
}

/* LAPACK, if a [n, n] is something for it. */
static const SgLapackTable *
lapack_for(int n, const double *a, GError **error)
{
  const SgLapackTable *table = lapack(error);

  if (table && !all_finite((gsize)n * (gsize)n, a)) {
    sg_broken(error, "a matrix of %d × %d has numbers that are not finite", n, n);
    return NULL;
  }
  return table;
}

gboolean
sg_eigenvalues_symmetric(int n, double *a, double *values, GError **error)
{
  const SgLapackTable *table = lapack_for(n, a, error);
  int status = table ? table->values(n, a, values) : 0;

  if (!table || status)
    return table && not_found(n, status, error);
  for (int i = 0, j = n - 1; i < j; i++, j--) {
    double kept = values[i];
    values[i] = values[j];
    values[j] = kept;
  }
  return TRUE;
}

gboolean
sg_eigen_symmetric(int n, double *a, double *values, GError **error)
{
  const SgLapackTable *table = lapack_for(n, a, error);
  gsize size = (gsize)n;

  if (!table)
    return FALSE;
  g_autofree double *vectors = g_memdup2(a, size * size * sizeof(double));
  g_autofree double *rising = g_new(double, size);
  int status = table->symmetric(n, vectors, rising);
  if (status)
    return not_found(n, status, error);
  /* LAPACK's columns, rising, become rows that fall. */
  for (int k = 0; k < n; k++) {
    double *row = a + (gsize)k * size;
    values[k] = rising[n - 1 - k];
    for (int i = 0; i < n; i++)
      row[i] = vectors[(gsize)i * size + (gsize)(n - 1 - k)];
    fix_sign(n, row);
  }
  return TRUE;
}
