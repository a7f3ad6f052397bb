/* Dragging points of a face (DragGAN: Pan et al. 2023): handles go to their targets by small steps
 * of w, and what is held stays as it is.
 *
 * Each step looks at the features of the face, finds where the handles are in them (motion.h), and
 * moves the first w of W+ a little with Adam, so that the features under each handle go one pixel
 * towards its target. Later layers keep their w: they colour what the first ones have laid out.
 *
 * The paper's numbers are those of pictures of 512²: features of 128² (its sixth block), handles of
 * 3 pixels, a search of 12, the first 6 w. Here these are shares of the picture's size, with a
 * least size, and so is the weight of what is held: with 20, handles of the bundled model of 64² do
 * not move at all; with 4 eight of eight arrive within 300 steps, and what is held changes by 1 %
 * (one by 3 %). One thread; the same numbers whatever its number of threads. */
#pragma once

#include "engine/drag/motion.h"
#include "engine/explore/renderer.h"

G_BEGIN_DECLS

#define SG_DRAG_MAX_PAIRS 64

typedef struct {
  SgPlace handle, target; /* motion.h */
} SgDragPair;

typedef struct {
  int features; /* pixels along an axis of the plane that is looked at */
  int layers;   /* w that may move, the first ones */
  double rate;  /* Adam's learning rate, in deviations of one number of w */
  double hold;  /* weight of what is held: 20 at 512², less below */
} SgDragOptions;

/* What the command does unless told otherwise, for a model like that. */
void sg_drag_options_init(SgDragOptions *o, const SgModelInfo *info);

typedef struct _SgDrag SgDrag;

/* Face 0 of the recipe, with its edits, tuned weights, pruning and noise (random noise has no part
 * in it). The renderer is used only here, its model is kept. Errors: memory, a model that is not
 * square, is a StyleGAN3 or has no features of that size. */
SgDrag *sg_drag_new(SgRenderer *r, const SgRecipe *recipe, const SgDragOptions *o, GError **error);
void sg_drag_free(SgDrag *d);

/* From the face as it is now n pairs (1 … SG_DRAG_MAX_PAIRS) are wanted; held [height, width],
 * not 0 where the picture is to stay, or NULL. Errors: a place outside the picture, memory. */
gboolean sg_drag_aim(SgDrag *d, int n, const SgDragPair *pairs, const guint8 *held, GError **error);
/* The next step; none where all handles are there (sg_drag_is_there()). Errors: memory, numbers
 * that are not finite. */
gboolean sg_drag_step(SgDrag *d, GError **error);
int sg_drag_done(const SgDrag *d); /* steps that have moved w since it was aimed */
/* Is each handle within sg_drag_near() pixels of its target? */
gboolean sg_drag_is_there(const SgDrag *d);
double sg_drag_near(const SgDrag *d);
/* Where handles are in the face that sg_drag_recipe() gives: pairs [n], borrowed. */
const SgDragPair *sg_drag_pairs(const SgDrag *d, int *n);
/* Pixels that handles are away from their targets, in the mean. */
double sg_drag_distance(const SgDrag *d);
/* The face as it was looked at last: the recipe with a w of its own in each layer, in which all
 * that was edited in z and w, truncation and mixing are contained. */
SgRecipe *sg_drag_recipe(const SgDrag *d);
/* How many sampled w, in per cent, lie nearer to the mean than its (sg_w_cloud_percentile()). */
double sg_drag_percentile(const SgDrag *d);
/* How far w of layer `layer` has gone from where it was, in the deviation of the model's w. */
double sg_drag_moved(const SgDrag *d, int layer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgDrag, sg_drag_free)

G_END_DECLS
