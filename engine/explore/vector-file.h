/* Files of latent vectors, and what says which space they are of.
 *
 *   .npy    [dim], [N, dim] or, of w, [num_ws, w_dim] (one w a layer: W+), [N, num_ws, w_dim]
 *   .npz    the same under the key "z" or "w" (NVlabs' projected_w.npz has w [1, num_ws, w_dim]) or
 *           one that other tools write
 *   .pt     of rosinality's projector.py: one "latent" a picture, [w_dim] or [num_ws, w_dim]; or
 *           nothing but one tensor, as in a .npy
 *
 * [num_ws, w_dim] is one W+, as those who write it mean it; a batch of so many w is [N, 1, w_dim].
 * The space is told by, in this order: the caller, the key, the end of the name ("…-z.npy",
 * "…_w.npy", "w.npy"), a shape that fits one space only. What none of them tells is an error. */
#pragma once

#include "engine/explore/recipe.h"

G_BEGIN_DECLS

#define SG_VECTORS_MAX 4096 /* in one file */

typedef struct {
  SgSpace space;
  int n;      /* vectors */
  int layers; /* of w: 1 or the model's num_ws; of z: 1 */
  int dim;
  double *v; /* [n, layers, dim] */
} SgVectors;

/* Is it a name that this reads? By its end only. */
gboolean sg_vectors_is_name(const char *path);
/* `space` < 0: as the file tells. `fallback` < 0: a doubt is an error, else that space. `option`
 * is what the error advises, like "--latent-space=z or w". */
SgVectors *sg_vectors_read(const char *path, const SgModelInfo *info, int space, int fallback,
                           const char *option, GError **error);
void sg_vectors_free(SgVectors *vectors);
/* Vector i as face 0 of the recipe: its w, or its z, which no loaded w hides then. */
void sg_vectors_apply(const SgVectors *vectors, int i, SgRecipe *r);
/* One vector of `space`, [layers, dim]. A .npz has it under its key, z as [1, z_dim] and w as
 * NVlabs' projector writes it, [1, layers, w_dim]; a .npy is [dim] or [layers, dim]. */
gboolean sg_vectors_write(const char *path, SgSpace space, int layers, int dim, const double *v,
                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgVectors, sg_vectors_free)

G_END_DECLS
