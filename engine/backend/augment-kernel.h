/* The augmentation kernel: what one batch's draws (train/augment.h) ask of a back end. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SG_AUGMENT_FORWARD, /* y = C (G x) + t */
  SG_AUGMENT_LINEAR,  /* y = C (G x): what differentiating it again applies */
  SG_AUGMENT_ADJOINT, /* y = Gᵀ (Cᵀ x): gradients */
} SgAugmentMode;

/* The parameters of a batch; fields as in SgAugDraw. Borrowed. */
typedef struct {
  int n, channels, h, w;
  const double *g_inv; /* [n, 3, 3], output pixel -> input pixel, origin at the picture's centre */
  const double *color; /* [n, channels, channels + 1], the last column is t */
  int margin[4];       /* reflect padding x0 y0 x1 y1, each less than the picture's size */
  gboolean geometry;   /* FALSE: G is the identity and nothing is resampled */
  struct _SgBuf *params; /* the same where the back end wants it (SgBackend.augment_params), or
                          * NULL; then it, not g_inv, color and margin, is what counts */
} SgAugmentArgs;

G_END_DECLS
