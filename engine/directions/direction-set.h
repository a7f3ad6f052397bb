/* Files of directions: safetensors with one vector [w_dim] a direction, and in the metadata what is
 * needed to use it and to know where it came from. Nothing in them is executed; they may be
 * shared. */
#pragma once

#include "engine/base/tensor.h"

G_BEGIN_DECLS

#define SG_DIRECTIONS_MAX 4096 /* in one file */

typedef struct {
  char *name;      /* unique in its set: "component 3", "beard" */
  double *vector;  /* [w_dim], length 1 */
  double sigma;    /* > 0: a strength of 1 adds sigma * vector to w */
  int first, last; /* the layers it was found for: w indices, both included; last < 0: all */
  double share;    /* of the variance (PCA, SeFa: of the sum of eigenvalues); NaN: not told */
  double auc; /* how well it tells its attribute, on samples it was not fitted to; NaN: not told */
  gint64 samples; /* it was found from; 0: not told */
  double c;       /* of the regression that found it; NaN: none */
  char *model;    /* hash of the model it was found in; NULL: that of the set */
  char *method;   /* how it was found; NULL: as the set says */
} SgNamedDirection;

typedef struct {
  int w_dim;
  char *model;     /* hash of the model it was found in, "" if not told */
  char *method;    /* "pca-w", "pca-s", "sefa", "attribute", … */
  char *details;   /* one line for people: samples, seed, C… */
  GPtrArray *list; /* of SgNamedDirection */
  int layers;      /* > 0: they are one direction of W+ of so many layers, each for one of them */
} SgDirectionSet;

SgDirectionSet *sg_direction_set_new(int w_dim, const char *model, const char *method,
                                     const char *details);
void sg_direction_set_free(SgDirectionSet *s);
/* Appends a direction given as what one σ adds to w, [w_dim]; takes nothing. Returns it, borrowed;
 * NULL if it is 0 or not finite, which is no direction. */
SgNamedDirection *sg_direction_set_add(SgDirectionSet *s, const char *name,
                                       const double *one_sigma);
/* Appends a copy of d, which says of itself what its own set `from` (NULL: it does already) said of
 * it. Returns it, borrowed. */
SgNamedDirection *sg_direction_set_add_copy(SgDirectionSet *s, const SgNamedDirection *d,
                                            const SgDirectionSet *from);
/* A direction by itself, deeply copied, to be freed. */
SgNamedDirection *sg_named_direction_copy(const SgNamedDirection *d, int w_dim);
void sg_named_direction_free(SgNamedDirection *d);
/* Finds a direction by name, else by number from 0; NULL if there is none. */
const SgNamedDirection *sg_direction_set_find(const SgDirectionSet *s, const char *name);

/* Appears whole or not at all. Errors: G_FILE_ERROR. */
gboolean sg_direction_set_save(const SgDirectionSet *s, const char *path, GError **error);
/* Also of other tools, from which nothing but numbers is taken (their `model` is ""):
 *   .npy     [w_dim], [1, w_dim] (InterFaceGAN's boundaries), [K, w_dim] or, of W+, [1, num_ws,
 *            w_dim]: numbered, method "npy"; what one σ is has to be asked of a model
 *   .npz     GANSpace's components: lat_comp [K, 1, w_dim] and lat_stdev [K], "pc1"…, method
 *            "ganspace"
 *   .pt      one tensor like a .npy's (e4e's editing directions)
 * What its name or its content calls a direction of z (InterFaceGAN's "…_boundary.npy" without
 * "_w", GANSpace's file without "_w") is refused. Errors name the file and what was expected. */
SgDirectionSet *sg_direction_set_load(const char *path, GError **error);
/* [num_ws, w_dim] of a file that only has numbers is one direction of W+, as those who write it
 * mean it (vector-file.h): sets `layers`. */
void sg_direction_set_fit(SgDirectionSet *s, int num_ws);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgNamedDirection, sg_named_direction_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgDirectionSet, sg_direction_set_free)

G_END_DECLS
