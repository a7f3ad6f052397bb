/* SgRecipe: everything that decides a picture, besides the weights. Plain data, copied freely.
 *
 * From seed to picture, for each face i:
 *   z      = RandomState (seed + i).randn (z_dim), or the loaded z for face 0
 *   z'     = z + z_offset              (scale_space == Z: (z + z_offset) * scale)
 *   w      = mapping (float32 (z'), label), or the loaded w for face 0
 *   w'     = w + w_offset              (scale_space == W: (w + w_offset) * scale)
 *   ws[k]  = k < cutoff ? w_avg + psi * (w' - w_avg) : w'
 *   image  = synthesis (ws, noise)
 *
 * Offsets, not values: in a grid of faces all receive the same change, and a change survives the
 * next seed. A slider shows base + offset. An offset of 0 gives bit for bit the unmodified face.
 *
 * With style mixing, layer k takes w'[a] + blend * (w'[b] - w'[a]) in place of w', where w'[0] is
 * the face's own and w'[i] that of source i - 1, with the source's own edits; truncation comes
 * after it. What prunes or rescales the weights (SgPrune) and the strength of each noise are part
 * of it too. The mapping network normalises z, so scaling z alone changes nothing: scale_space
 * defaults to W. */
#pragma once

#include "engine/explore/prune.h"

G_BEGIN_DECLS

typedef enum { SG_SPACE_Z, SG_SPACE_W } SgSpace;
/* RANDOM draws every plane from RandomState (noise_seed), CONST uses the planes in the file
 * (mystylegan stores none: block i, from 1, then uses RandomState (i).randn (2, r, r)). */
typedef enum { SG_NOISE_CONST, SG_NOISE_RANDOM, SG_NOISE_NONE } SgNoiseMode;

#define SG_RECIPE_MAX_FACES   64
#define SG_RECIPE_MAX_SOURCES 8
#define SG_RECIPE_MAX_LAYERS  64

/* Where the style of one w comes from; 0 is the face itself, i is source i - 1. */
typedef struct {
  int a, b;
  double blend; /* 0: all of a, 1: all of b */
} SgMixLayer;

typedef struct _SgRecipe SgRecipe;
struct _SgRecipe {
  guint32 seed;     /* of face 0; face i has seed + i (mod 2^32) */
  int faces;        /* 1..SG_RECIPE_MAX_FACES */
  int z_dim, w_dim; /* lengths of the arrays below */
  double *z_base;   /* [z_dim] loaded vector that replaces face 0's z, or NULL */
  double *w_base;   /* [w_dim] likewise after the mapping network, or NULL */
  double *z_offset; /* [z_dim] */
  double *w_offset; /* [w_dim] */
  double scale;     /* 1: unchanged */
  SgSpace scale_space;
  double psi; /* truncation; 1: none */
  int cutoff; /* layers that are truncated; < 0: all */
  SgNoiseMode noise_mode;
  guint32 noise_seed;
  int label; /* class, conditional models only; < 0: none (all zeros) */

  int num_sources; /* 0..SG_RECIPE_MAX_SOURCES */
  /* [num_sources], each one face without sources, mixing, noise gains or pruning */
  SgRecipe **sources;
  int num_mix;        /* 0: nothing is mixed; else the model's num_ws */
  SgMixLayer *mix;    /* [num_mix] or NULL */
  int num_noise;      /* 0: all noise as stored; else how many convolutions the generator has */
  double *noise_gain; /* [num_noise] factor of each convolution's noise, in order, or NULL */
  SgPrune prune;
};

/* Seed 0, one face, nothing edited, for a model of these dimensions. */
SgRecipe *sg_recipe_new(int z_dim, int w_dim);
SgRecipe *sg_recipe_copy(const SgRecipe *r);
void sg_recipe_free(SgRecipe *r);
gboolean sg_recipe_equal(const SgRecipe *a, const SgRecipe *b);
/* Sets the layers' origin, [num_ws] copied; sources stay. NULL: nothing is mixed. All layers
 * {0, 0, 0} is the same as NULL. */
void sg_recipe_set_mix(SgRecipe *r, int num_ws, const SgMixLayer *mix);
/* Copies gains [n]; NULL or all 1: as stored. */
void sg_recipe_set_noise_gain(SgRecipe *r, int n, const double *gain);
/* Appends a source made of face 0 of `face` (its mixing, noise and pruning left out); FALSE when
 * there are SG_RECIPE_MAX_SOURCES already. */
gboolean sg_recipe_add_source(SgRecipe *r, const SgRecipe *face);
/* Removes source i; layers that used it show the face itself. */
void sg_recipe_remove_source(SgRecipe *r, int i);
/* Face `i` of r alone, as a recipe of one face without mixing, noise gains and pruning: a
 * source. */
SgRecipe *sg_recipe_single_face(const SgRecipe *r, int face);

/* The same faces with no edit: no offsets, scale 1, no mixing (sources stay), noise and weights as
 * stored. What "compare" shows. */
SgRecipe *sg_recipe_unmodified(const SgRecipe *r);
gboolean sg_recipe_is_modified(const SgRecipe *r);

/* Compact JSON and back; every double survives exactly (17 digits). Offsets are written sparsely.
 * `model_hash` (may be NULL) and `model_path` (may be NULL) travel along, to find the model
 * again. */
char *sg_recipe_to_json(const SgRecipe *r, const char *model_hash, const char *model_path);
/* Checks every field against its range; sizes are bounded. Out pointers may be NULL, else freed by
 * the caller. Errors: SG_FORMAT_ERROR. */
SgRecipe *sg_recipe_from_json(const char *json, gssize length, char **model_hash, char **model_path,
                              GError **error);

/* z of face `i` before offsets: [z_dim] written to `z`. */
void sg_recipe_base_z(const SgRecipe *r, int face, double *z);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgRecipe, sg_recipe_free)

G_END_DECLS
