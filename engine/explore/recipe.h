/* SgRecipe: everything that decides a picture, besides the weights. Plain data, copied freely.
 *
 * From seed to picture, for each face i:
 *
 *   z      = RandomState (seed + i).randn (z_dim), cut off at tau (truncated-normal.h), or the
 *            loaded z for face 0; then z locks
 *   z'     = z + z_offset                         (scale_space == Z: (z + z_offset) * scale)
 *   w[k]   = mapping (float32 (z'), label), or the loaded w for face 0 (one for all layers k, or
 *            one for each: W+); then w locks
 *   w'[k]  = w[k] + w_offset + w_layer_offset[k]  (scale_space == W: that times scale)
 *            + sum of the directions d that k is a layer of: strength_d * sigma_d * vector_d
 *   ws[k]  = k < cutoff ? c + psi * (w'[k] - c) : w'[k], where c is w_avg, or towards clusters the
 *            nearest centre to w'[k] (clusters.h)
 *   s[l]   = A[l] ws[k of l] + b[l] + s_offset[l]     the style of stage l, one a channel it reads
 *   image  = synthesis (s, noise)
 *
 * Offsets, not values: in a grid of faces all receive the same change, and a change survives the
 * next seed. A slider shows base + offset. An offset of 0 gives bit for bit the unmodified face.
 *
 * A lock is the opposite: it puts a value where a seed would put its own, before offsets, so that a
 * coordinate keeps its value whatever the seed and in every face of a grid. Locking what is shown
 * changes nothing of the face that is shown; its slider goes on from there.
 *
 * With style mixing, layer k takes w'[a][k] + blend * (w'[b][k] - w'[a][k]) in place of w'[k],
 * where w'[0] is the face's own and w'[i] that of source i - 1, with the source's own edits;
 * truncation comes after it. What prunes or rescales the weights (SgPrune), the strength of each
 * noise and named noise maps are part of it too. The mapping network normalises z, so scaling z
 * alone changes nothing: scale_space defaults to W.
 *
 * Random noise belongs to a face, not to its place in a grid: the planes of a face come from
 * RandomState (noise_seed + its seed), one stage after the other, whatever is drawn beside it. */
#pragma once

#include "engine/explore/prune.h"
#include "engine/explore/recipe-fields.h"

G_BEGIN_DECLS

#define SG_RECIPE_MAX_OFFSETS    65536 /* of one kind, as those below */
#define SG_RECIPE_MAX_LOCKS      4096
#define SG_RECIPE_MAX_DIRECTIONS 32
#define SG_RECIPE_MAX_CONVS      256
#define SG_RECIPE_MAX_NAME       256 /* bytes */

/* Where the style of one w comes from; 0 is the face itself, i is source i - 1. */
typedef struct {
  int a, b;
  double blend; /* 0: all of a, 1: all of b */
} SgMixLayer;

/* One number that is added: to w of layer `layer`, or to the style of stage `layer`. */
typedef struct {
  int layer, index;
  double value;
} SgLayerOffset;

/* One coordinate that no seed decides. */
typedef struct {
  SgSpace space;
  int layer; /* of w; < 0: every layer. -1 for z */
  int index;
  double value;
} SgLock;

#define SG_ALL_LAYERS G_MAXUINT64

/* A way through w: moves w' of some layers. Its vector travels inside the recipe, so that a picture
 * needs no other file. */
typedef struct {
  char *name;      /* for people; may be "" */
  double *vector;  /* [w_dim] */
  double sigma;    /* > 0: what a strength of 1 is, in lengths of the vector */
  double strength; /* 0: not at all */
  guint64 layers;  /* bit k: layer k; SG_ALL_LAYERS */
} SgDirection;

/* A plane of noise that stands in for the one that a convolution has of its own (CONST) or draws
 * (RANDOM), for every face; NONE stays without. The network's noise strength and the gain apply to
 * it. The file is a .npy [r, r] (any number of axes of 1 before them) of floats; `sha256` is that
 * of its float32 numbers in C order, and another content is refused. */
typedef struct {
  int conv;   /* which convolution, from 0 */
  char *name; /* for people; may be "" */
  char *file; /* absolute, in UTF-8 */
  char *sha256;
} SgNoiseMap;

/* What is added to the generator's weights (tuned.h), for every face. The file is found and checked
 * like a noise map's; `sha256` is that of its tensors' names and numbers. */
typedef struct {
  char *name; /* for people; may be "" */
  char *file; /* absolute, in UTF-8 */
  char *sha256;
} SgTunedWeights;

typedef struct _SgRecipe SgRecipe;
struct _SgRecipe {
  /* clang-format off */
  /* recipe-fields.h says what they are; cutoff < 0: all layers are truncated, label < 0: no class
   * (all zeros) */
  SG_RECIPE_DECLARE_SCALARS
  /* clang-format on */

  double *z_base;   /* [z_dim] loaded vector that replaces face 0's z, or NULL */
  double *w_base;   /* [w_dim], or [w_layers, w_dim], likewise after the mapping network, or NULL;
                     * set by sg_recipe_set_w() */
  int w_layers;     /* of w_base: <= 1 one w for all, else the model's num_ws */
  double *z_offset; /* [z_dim] */
  double *w_offset; /* [w_dim] */
  GArray *w_layer_offset; /* of SgLayerOffset by layer and index, none of them 0; NULL: none */
  GArray *s_offset;       /* likewise, of styles */
  GArray *locks;          /* of SgLock by space, layer and index; NULL: none */
  GPtrArray *directions;  /* of SgDirection, or NULL */

  int num_sources;       /* 0..SG_RECIPE_MAX_SOURCES */
  SgRecipe **sources;    /* [num_sources], each one face without sources, mixing, noise gains, noise
                          * maps, style offsets or pruning */
  int num_mix;           /* 0: nothing is mixed; else the model's num_ws */
  SgMixLayer *mix;       /* [num_mix] or NULL */
  int num_noise;         /* 0: all noise as stored; else how many convolutions the generator has */
  double *noise_gain;    /* [num_noise] factor of each convolution's noise, in order, or NULL */
  GPtrArray *noise_maps; /* of SgNoiseMap by convolution, at most one each, or NULL */
  SgTunedWeights *tuning; /* NULL: the weights are the model's */
  SgPrune prune;          /* after it */
};

/* Seed 0, one face, nothing edited, for a model of these dimensions. */
SgRecipe *sg_recipe_new(int z_dim, int w_dim);
/* The same for this model: a conditional one starts with its first class. */
SgRecipe *sg_recipe_new_for(const SgModelInfo *info);
SgRecipe *sg_recipe_copy(const SgRecipe *r);
void sg_recipe_free(SgRecipe *r);
gboolean sg_recipe_equal(const SgRecipe *a, const SgRecipe *b);
/* What undo calls the change from a to b, to be translated: of the first field that differs.
 * NULL: none does. */
const char *sg_recipe_change_label(const SgRecipe *a, const SgRecipe *b);

/* A loaded w [layers, w_dim] (copied) in place of face 0's; layers is 1 or the model's num_ws. */
void sg_recipe_set_w(SgRecipe *r, int layers, const double *w);
/* Face 0 is what its seed draws again. */
void sg_recipe_drop_vectors(SgRecipe *r);
/* What a vector of `space` that was saved has in it already: offsets and locks of that space, of w
 * directions too, and the scale where it is that space's. */
void sg_recipe_clear_edits(SgRecipe *r, SgSpace space);
/* An offset of one coordinate; 0 takes it away. FALSE: there are too many already. */
gboolean sg_recipe_set_w_layer_offset(SgRecipe *r, int layer, int index, double value);
gboolean sg_recipe_set_s_offset(SgRecipe *r, int stage, int channel, double value);
double sg_layer_offset_get(const GArray *offsets, int layer, int index);
/* layer < 0: all of them. FALSE: there are too many already. */
gboolean sg_recipe_lock(SgRecipe *r, SgSpace space, int layer, int index, double value);
void sg_recipe_unlock(SgRecipe *r, SgSpace space, int layer, int index);
/* NULL: that coordinate, exactly as it was locked, is free. */
const SgLock *sg_recipe_get_lock(const SgRecipe *r, SgSpace space, int layer, int index);
/* Appends a direction; vector [w_dim] and name are copied. FALSE: there are too many already. */
gboolean sg_recipe_add_direction(SgRecipe *r, const char *name, const double *vector, double sigma,
                                 double strength, guint64 layers);
void sg_recipe_remove_direction(SgRecipe *r, guint i);
/* Sets the plane of a convolution (strings copied), file NULL takes it away. */
void sg_recipe_set_noise_map(SgRecipe *r, int conv, const char *name, const char *file,
                             const char *sha256);

/* Sets the tuned weights (strings copied); file NULL: the model's own again. */
void sg_recipe_set_tuning(SgRecipe *r, const char *name, const char *file, const char *sha256);

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
/* Face `i` of r alone, with all that r does to it: the same picture as in the grid. */
SgRecipe *sg_recipe_face(const SgRecipe *r, int face);
/* Face `i` of r alone, as a recipe of one face without mixing, noise gains and pruning: a
 * source. */
SgRecipe *sg_recipe_single_face(const SgRecipe *r, int face);

/* The same faces with no edit: no offsets, locks or directions, scale 1, no mixing (sources stay),
 * noise and weights as stored. What "compare" shows. */
SgRecipe *sg_recipe_unmodified(const SgRecipe *r);
gboolean sg_recipe_is_modified(const SgRecipe *r);

/* Is the recipe one for a model like that? Errors (SG_FORMAT_ERROR) say what differs. */
gboolean sg_recipe_check(const SgRecipe *r, const SgModelInfo *info, GError **error);

/* Compact JSON and back; every double survives exactly (17 digits). Offsets are written sparsely.
 * `model_hash` (may be NULL) and `model_path` (may be NULL) travel along, to find the model again.
 * Recipes that older programs understand are written as version 1, others as version 2, which those
 * refuse, and so on with versions 3 and 4. With random noise "noise_seed" is that of face 0:
 * noise_seed + seed. */
char *sg_recipe_to_json(const SgRecipe *r, const char *model_hash, const char *model_path);
/* Checks every field against its range; sizes are bounded. Out pointers may be NULL, else freed by
 * the caller. Errors: SG_FORMAT_ERROR. */
SgRecipe *sg_recipe_from_json(const char *json, gssize length, char **model_hash, char **model_path,
                              GError **error);

/* z of face `i` before offsets: [z_dim] written to `z`. */
void sg_recipe_base_z(const SgRecipe *r, int face, double *z);
/* z' of face `i`: [z_dim], to be freed. */
double *sg_recipe_edited_z(const SgRecipe *r, int face);
/* w of face `i` in layer `layer` before offsets, [w_dim] written to `w`: loaded, or what was
 * mapped, [w_dim]; then the locks. layer < 0: what a slider of all layers shows, the mean of a
 * W+. */
void sg_recipe_base_w(const SgRecipe *r, int face, int layer, const float *mapped, double *w);
/* w' of layer `layer` from w [w_dim], in place. */
void sg_recipe_edit_w(const SgRecipe *r, int layer, double *w);
/* Does w' differ from layer to layer, by face 0 or by edits? */
gboolean sg_recipe_has_layers(const SgRecipe *r);
/* Seed of the random noise of face i. */
guint32 sg_recipe_face_noise_seed(const SgRecipe *r, int face);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgRecipe, sg_recipe_free)

G_END_DECLS
