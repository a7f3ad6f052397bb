/* What the golden tests share: expected numbers and the tolerances of docs/architecture.md. */
#pragma once

#include "tests/support/models.h"

G_BEGIN_DECLS

/* Floats may differ by this part of the expected values' range. */
#define GOLDEN_TOLERANCE 1e-4

/* n values found against those expected; the test fails with `what` and the numbers if they are
 * further apart than the tolerance or not finite. */
void golden_compare(const char *what, gsize n, const double *found, const double *expected);
void golden_compare_floats(const char *what, gsize n, const float *found, const float *expected);
/* Bytes may differ by one. */
void golden_compare_bytes(const char *what, gsize n, const guint8 *found, const guint8 *expected);

/* `label` of all images, < 0: none. Fails the test where the engine reports an error. */
void golden_score(SgRenderer *r, const SgTensor *images, int label, int batch, double *logits);

G_END_DECLS
