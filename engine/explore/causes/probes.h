/* Vectors b for which |J^T b|² are asked, so that they add up to an estimate of |J|² (Hutch++,
 * Meyer et al. 2021): an orthonormal basis of what J is known to do, exactly, and random signs
 * without these for what remains (Hutchinson's estimator). */
#pragma once

#include "engine/base/philox.h"

G_BEGIN_DECLS

typedef struct {
  int length;      /* of a vector */
  int count;       /* of all of them */
  int exact;       /* the first so many are the basis */
  double *basis;   /* [exact, length] */
  SgPhilox random; /* of the signs */
} SgProbes;

/* So many vectors; stream `seed`. With one for every number of a vector they are unit vectors, and
 * nothing is estimated. */
SgProbes *sg_probes_new(int length, int count, guint64 seed);
void sg_probes_free(SgProbes *p);
/* How many examples of what J does are asked for: 0, nothing is to be estimated, else three
 * quarters of the vectors. */
int sg_probes_examples(const SgProbes *p);
/* Takes the span of n of J's results, [n, length], for the basis; they are overwritten. */
void sg_probes_span(SgProbes *p, int n, double *results);
/* Vector i, to v [length], in their order. Factors make the mean of |J^T v|² over all of them the
 * estimate. */
void sg_probes_fill(SgProbes *p, int i, double *v);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgProbes, sg_probes_free)

G_END_DECLS
