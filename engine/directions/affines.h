/* How a generator hears its w: the affine layers s = A w + b of its convolutions. */
#pragma once

#include "engine/nets/synthesis.h"

G_BEGIN_DECLS

typedef struct {
  char *name;  /* of the convolution: "b8.conv0" */
  int w_index; /* which of the num_ws vectors it reads */
  int rows;    /* channels of its style */
  float *a;    /* [rows, w_dim], the run-time gain included */
} SgAffine;

/* Of SgAffine: the convolutions whose w is one of layers [first, last], in the network's order;
 * toRGB's styles are left out, as in SeFa and StyleSpace. Free with g_ptr_array_unref(). */
GPtrArray *sg_affines_new(const SgSynthesis *net, int first, int last);
/* Rows of all of them together. */
int sg_affines_rows(const GPtrArray *affines);
/* The sum of A^T A over all of them: [w_dim, w_dim], to be freed. */
double *sg_affines_gram(const GPtrArray *affines, int w_dim);

G_END_DECLS
