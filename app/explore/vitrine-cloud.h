/* The sampled faces along two of their principal components: what the page of components shows. On
 * a worker. */
#pragma once

#include "app/explore/vitrine-latent-sample.h"

G_BEGIN_DECLS

#define VITRINE_CLOUD_ENDS   5 /* faces at each end of a component */
#define VITRINE_CLOUD_SHARES 4 /* marks of the curves: 80, 90, 95, 99 % */

extern const double vitrine_cloud_shares[VITRINE_CLOUD_SHARES];

typedef struct {
  int dim;                            /* components */
  double *cumulative[2];              /* of W and of S: [dim + 1], 0…1 */
  int count[2][VITRINE_CLOUD_SHARES]; /* components that hold so much */
  double participation[2];
  int n;
  double *x, *y;                        /* [n]: scores of the faces of seeds 0, 1, …, in σ */
  guint32 ends[2 * VITRINE_CLOUD_ENDS]; /* seeds: the lowest of x, rising, then the highest */
} VitrineCloud;

/* view: of W (0) or of S (1); x and y are components below w_dim. Before vitrine_sample_work() has
 * ended there is nothing to ask. */
void vitrine_cloud_ask(VitrineSample *sample, int view, int x, int y, GCancellable *cancellable,
                       GAsyncReadyCallback done, gpointer data);
/* To be freed; NULL and error: cancelled, LAPACK is missing. */
VitrineCloud *vitrine_cloud_finish(GAsyncResult *result, GError **error);
void vitrine_cloud_free(VitrineCloud *c);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineCloud, vitrine_cloud_free)

G_END_DECLS
