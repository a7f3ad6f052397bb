/* What moves this spot? How much a region of a face's picture answers to each coordinate of w and
 * to each style channel, from gradients: all of them at once, instead of moving one after the
 * other. */
#pragma once

#include "engine/explore/renderer.h"
#include "engine/gradients/networks.h"

G_BEGIN_DECLS

/* One style channel. */
typedef struct {
  int layer, channel; /* layer: as styles are numbered in a recipe, s[layer][channel] */
  double strength;
} SgChannelInfluence;

/* Strengths are root mean squares over the region: grey levels (of 255) by which its colour values
 * change, to first order, for a change of 1. */
typedef struct {
  int w_dim, num_ws;
  double *w;        /* [w_dim]: in all layers at once */
  double *by_layer; /* [num_ws, w_dim]: in one layer */
  double *jacobian; /* [probes, w_dim]: for sg_influence_direction() */
  int probes;
  GArray *channels; /* of SgChannelInfluence, as they run */
} SgInfluence;

/* By how much the region really differs between two pictures [channels, height, width]: the same
 * mean, in grey levels. */
double sg_region_change(const SgRegion *r, int channels, int height, int width, const float *a,
                        const float *b);
/* Face 0 of the recipe. With J the derivative of the region's P numbers, |J_i|² is the sum of (J^T
 * b)_i² over an orthonormal basis b, and E (J^T r)_i² for r of random signs. `probes` of them,
 * 1…256, are asked (probes.h): three quarters span what the region does when the face goes to as
 * many others nearby, in which nearly all lies that can happen there, and random signs without
 * these stand for the rest; Philox streams of `seed`. From P probes on nothing is estimated. Of the
 * picture only what the region depends on is computed (SgSynthesisInputs.window).
 * `g` holds the weights of the renderer's model (sg_weights_new_generator()); a recipe's pruning
 * has no part in it, nor has random noise. NULL and error: the region does not lie in the picture,
 * memory. */
SgInfluence *sg_influence_new(SgRenderer *r, SgWeights *g, const SgRecipe *recipe,
                              const SgRegion *region, int probes, guint64 seed, GError **error);
void sg_influence_free(SgInfluence *i);
/* Over n faces of one model: root mean squares of their strengths. */
SgInfluence *sg_influence_mean(int n, SgInfluence *const *faces);
/* The same for a direction of w [w_dim] that is added to all layers. */
double sg_influence_direction(const SgInfluence *i, const double *direction);

/* How strongly a generator hears each coordinate of w, whatever the face: the mean absolute change,
 * of 255, of its mean face (w = w_avg), which this gives as a recipe to be freed, when that
 * coordinate moves by SG_HEARING_MOVE (sg_renderer_influence()).
 *
 * Norms of the affine layers' columns would be had for nothing, but do not tell: on the bundled
 * model their order agrees with the mean change of five faces to a rank correlation of 0.2 to 0.4,
 * that of gradients over twelve faces to 0.65, the mean face's to 0.91, one other face's to 0.7 to
 * 0.8. Of z faces do not agree among each other (0.29; of w 0.64), so there is nothing to tell. */
#define SG_HEARING_MOVE 2.0
SgRecipe *sg_hearing_recipe(SgRenderer *r, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgInfluence, sg_influence_free)

G_END_DECLS
