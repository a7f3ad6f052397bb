/* What becomes of a picture when channels of one layer are muted, left alone or added to, in a part
 * of it: dissection without labels (Bau et al. 2019 need a segmentation to choose what to cut; here
 * a person draws it). */
#pragma once

#include "engine/explore/renderer.h"
#include "engine/gradients/networks.h"

G_BEGIN_DECLS

typedef enum {
  SG_CHANNEL_MUTE, /* the channels become 0 */
  SG_CHANNEL_SOLO, /* all others do */
  SG_CHANNEL_ADD,  /* `amount` is added to them */
} SgChannelAct;

/* Where an edit acts: numbers from 0 (not at all) to 1 for the picture's pixels [h, w]. */
typedef struct {
  int h, w;
  float *weight;
} SgMask;

typedef struct {
  guint stage; /* a convolution */
  SgChannelAct act;
  int n;
  const int *channels; /* [n] */
  double amount;       /* of ADD, in deviations of the layer's activations in this face */
  const SgMask *mask;  /* NULL: everywhere */
} SgChannelEdit;

/* Face 0 of the recipe with the layer's activations edited where the mask says: unclamped [1, C, H,
 * W]. The mask's mean over a pixel of the layer is what counts there. Errors: the stage is no
 * convolution of the network or has no such channel; the mask has another size than pictures; a
 * mask for a network whose layers have margins (StyleGAN3); memory. */
SgTensor *sg_channel_edit_draw(SgRenderer *r, const SgRecipe *recipe, const SgChannelEdit *e,
                               GError **error);

SgMask *sg_mask_new(int h, int w);
/* All of a region that lies in it. */
SgMask *sg_mask_new_region(int h, int w, const SgRegion *r);
void sg_mask_free(SgMask *m);
/* The grey values of a picture file, black 0 and white 1, which has to be of this size. */
SgMask *sg_mask_read(const char *path, int h, int w, GError **error);

/* Root mean square of what is different between two pictures [1, C, h, w], in levels of 255, over
 * the pixels that the mask has, or else has not; NULL is a mask that has all. NaN: there are no
 * such pixels. */
double sg_mask_change(const SgMask *m, const SgTensor *a, const SgTensor *b, gboolean inside);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgMask, sg_mask_free)

G_END_DECLS
