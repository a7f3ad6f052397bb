/* What directions have to do with one another. */
#pragma once

#include "engine/directions/direction-set.h"
#include "engine/directions/moments.h"

G_BEGIN_DECLS

/* n directions of w [w_dim]. cosine [n, n]: of the angle between them. moved [n, n], NULL without
 * moments: row i has by how many of its own σ each of the others moves when w goes one σ along
 * direction i, where what moves is v_j · w and its σ is that over sampled w. */
void sg_relations(guint n, const SgNamedDirection *const *d, int w_dim, const SgMoments *m,
                  double *cosine, double *moved);
/* The part of d that none of n others has: d - A^T (A A^T)^-1 A d, A's rows the others (Shen et al.
 * 2020, "Interpreting the Latent Space of GANs", conditional manipulation). To be freed; its σ is
 * that of its projection among sampled w. NULL and SG_FORMAT_ERROR where nothing is left; errors as
 * sg_eigen_symmetric(). */
SgNamedDirection *sg_direction_without(const SgNamedDirection *d, guint n,
                                       const SgNamedDirection *const *others, const SgMoments *m,
                                       GError **error);

G_END_DECLS
