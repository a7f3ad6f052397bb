#include "engine/explore/causes/probes.h"
#include "engine/directions/matrix.h"
#include <math.h>
#include <string.h>

SgProbes *
sg_probes_new(int length, int count, guint64 seed)
{
  SgProbes *p = g_new0(SgProbes, 1);

  p->length = length;
  p->count = count;
  p->random = (SgPhilox){.seed = seed};
  if (count >= length)
    p->exact = length;
  return p;
}

void
sg_probes_free(SgProbes *p)
{
  if (!p)
    return;
  g_free(p->basis);
  g_free(p);
}

int
sg_probes_examples(const SgProbes *p)
{
  return p->count >= p->length ? 0 : p->count * 3 / 4;
}

/* v loses what it has of the first n rows. */
static void
without(const double *rows, int n, int length, double *v)
{
  for (int i = 0; i < n; i++) {
    const double *row = rows + (gsize)i * (gsize)length;
    double part = sg_dot(row, v, length);
    for (int j = 0; j < length; j++)
      v[j] -= part * row[j];
  }
}

/* Gram and Schmidt, each row twice, so that rounding leaves nothing behind. A row that is made of
 * those before it is left out. */
void
sg_probes_span(SgProbes *p, int n, double *results)
{
  gsize length = (gsize)p->length;
  int kept = 0;

  for (int i = 0; i < n; i++) {
    double *v = results + (gsize)i * length;
    double before = sqrt(sg_dot(v, v, p->length));
    without(results, kept, p->length, v);
    without(results, kept, p->length, v);
    double left = sqrt(sg_dot(v, v, p->length));
    if (!(left > 1e-6 * before))
      continue;
    double *row = results + (gsize)kept++ * length;
    for (int j = 0; j < p->length; j++)
      row[j] = v[j] / left;
  }
  g_free(p->basis);
  p->basis = g_memdup2(results, (gsize)kept * length * sizeof *results);
  p->exact = kept;
}

void
sg_probes_fill(SgProbes *p, int i, double *v)
{
  int random = p->count - p->exact;

  memset(v, 0, (gsize)p->length * sizeof *v);
  if (p->exact == p->length) { /* nothing remains beside them */
    if (i < p->length)
      v[i] = sqrt(p->count);
    return;
  }
  if (i < p->exact) {
    const double *row = p->basis + (gsize)i * (gsize)p->length;
    for (int j = 0; j < p->length; j++)
      v[j] = sqrt(p->count) * row[j];
    return;
  }
  for (int j = 0; j < p->length; j++)
    v[j] = sg_philox_uniform(&p->random) < 0.5 ? -1 : 1;
  without(p->basis, p->exact, p->length, v);
  for (int j = 0; j < p->length; j++)
    v[j] *= sqrt((double)p->count / random);
}
