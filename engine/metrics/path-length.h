/* Perceptual path length (Karras et al. 2019 and 2020): how much the picture changes, per squared
 * step, while its latent goes a little way towards another one. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SG_PATH_STEP 1e-4

typedef struct {
  gboolean z;    /* along the sphere of z, else straight in w */
  gboolean full; /* from anywhere between both latents, else from the first */
} SgPathKind;

typedef struct {
  double value;
  double low, high; /* 95 % of it, from the spread of what was averaged */
} SgPathLength;

/* The mean of distances [n] ÷ SG_PATH_STEP², as NVlabs take it: what is below the value at 1 % or
 * above that at 99 % is left out. Reorders them. FALSE and SG_FORMAT_ERROR: one is not finite. */
gboolean sg_path_length(double *distances, int n, SgPathLength *out, GError **error);

G_END_DECLS
