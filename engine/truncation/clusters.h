/* Clusters of w, for a truncation that does not draw every face towards one average (multimodal
 * truncation: Mokady et al. 2022, "Self-distilled StyleGAN", 4.3). */
#pragma once

#include "engine/nets/mapping.h"

G_BEGIN_DECLS

/* How many there are for a picture, and of how many faces: a second's work. */
#define SG_CLUSTERS       32
#define SG_CLUSTER_FACES  4096
#define SG_CLUSTER_ROUNDS 30

/* k-means (Lloyd 1982) from a k-means++ start (Arthur and Vassilvitskii 2007) that `seed` decides:
 * the same centres [k, dim] for the same points [n, dim] on every machine with these numbers. Ends
 * when no point changes its cluster, or after `rounds`. k is at most n. To be freed. */
double *sg_kmeans(gsize n, int dim, const float *points, int k, int rounds, guint32 seed);
/* Which of the centres [k, dim] is nearest to w [dim]; of equals the first. */
int sg_nearest_cluster(int k, int dim, const double *centres, const double *w);
/* Centres [SG_CLUSTERS, w_dim] of the w of the faces of seeds 0 … SG_CLUSTER_FACES - 1, of all
 * classes in turns; to be freed. */
double *sg_clusters_new(const SgMapping *mapping, GError **error);

G_END_DECLS
