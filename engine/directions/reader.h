/* A reader of one attribute: logistic regression on features that describe a picture. It is fitted
 * to pictures whose labels are known and judged on others, and then tells the attribute of pictures
 * that nobody has labelled. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  int dim;
  double *beta; /* [dim], of the features as they are */
  double bias;
  double auc; /* on the samples it was not fitted to */
} SgReader;

/* x [n, dim], label [n] 0 or 1. Seven of ten samples fit it (those whose number ends in 0 to 6),
 * the rest judge it. L2 logistic regression on standardised features. Errors as
 * sg_logistic_fit(). */
SgReader *sg_reader_new(gsize n, int dim, const float *x, const guint8 *label, GError **error);
void sg_reader_free(SgReader *r);
/* > 0: the picture has it. */
double sg_reader_decide(const SgReader *r, const float *x);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgReader, sg_reader_free)

G_END_DECLS
