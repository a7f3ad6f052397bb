/* Adaptive discriminator augmentation (Karras et al. 2020, "Training generative adversarial
 * networks with limited data", appendix B): the parameters. Applying them is a kernel of the back
 * end (SgBackend.augment). */
#pragma once

#include "engine/backend/backend.h"
#include "engine/base/philox.h"

G_BEGIN_DECLS

typedef enum {
  SG_AUG_BLIT = 1 << 0,  /* x-flip, rotate90, integer translation */
  SG_AUG_GEOM = 1 << 1,  /* scale, rotation, anisotropy, fractional translation */
  SG_AUG_COLOR = 1 << 2, /* brightness, contrast, luma flip, hue, saturation */
} SgAugPipe;

/* One batch's draws. */
typedef struct {
  int n, channels, h, w;
  double *g_inv;     /* [n, 3, 3], output pixel -> input pixel, origin at the picture's centre */
  double *color;     /* [n, channels, channels + 1]: rgb' = M rgb + t (grey: [n, 1, 2]) */
  int margin[4];     /* reflect padding x0 y0 x1 y1 of the whole batch */
  gboolean geometry; /* the pipe has BLIT or GEOM; if not, g_inv holds identities */
  SgBuf *params;     /* SgAugmentArgs.params (owned), or NULL */
} SgAugDraw;

/* "bgc" or a list of names joined with commas or plus: blit geom color bg bgc. */
gboolean sg_aug_pipe_parse(const char *text, SgAugPipe *pipe, GError **error);
/* Draws parameters of strength p from rng, picture after picture, each in the order of
 * docs/formats.md, Augmentation (operations outside the pipe, hue and saturation of grey pictures
 * draw nothing). An operation draws its parameter, x before y, then its gate; how many numbers that
 * takes does not depend on p nor on what was drawn. NULL: no memory. */
SgAugDraw *sg_aug_draw(SgPhilox *rng, SgAugPipe pipe, double p, int n, int channels, int h, int w);
/* Without params; NULL: no memory. */
SgAugDraw *sg_aug_draw_copy(const SgAugDraw *d);
/* Keeps only the draws of pictures `first`, first + step …; the margin stays that of all. */
void sg_aug_draw_thin(SgAugDraw *d, int first, int step);
void sg_aug_draw_free(SgAugDraw *d);
/* What SgBackend.augment takes; borrows from the draw. */
SgAugmentArgs sg_aug_draw_args(const SgAugDraw *d);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgAugDraw, sg_aug_draw_free)

G_END_DECLS
