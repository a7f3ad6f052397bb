/* SgRenderer: pictures of one model, with every stage of the last picture kept.
 *
 * Not thread-safe: one thread at a time (the window gives it a thread of its own). What has changed
 * since the last call decides what runs: mapping, then the first synthesis layer whose w or noise
 * differs, then everything after it. */
#pragma once

#include "engine/backend/backend.h"
#include "engine/explore/recipe.h"

G_BEGIN_DECLS

typedef struct _SgRenderer SgRenderer;

typedef struct {
  int faces, channels, width, height; /* of one face */
  int bytes;                          /* 3, or 4 where the model draws alpha */
  guint8 *rgb; /* [faces, height, width, bytes], grey models replicated; owned */
  double *w;   /* [w_dim] of face 0 after mapping, before w_offset and scale; owned */
  int w_dim;
  double seconds;  /* wall time of the call */
  int first_layer; /* first synthesis layer that ran; num_layers if only the colours did */
  /* Numbers were too large for float: w's sum of squares, as demodulation needs of its styles, or
   * the picture itself is not finite. What is shown is not what the formulas give. */
  gboolean overflow;
  gboolean reduced; /* smaller than the model's resolution, because max_resolution asked for it */
} SgPicture;
void sg_picture_free(SgPicture *p);

/* Keeps a reference on `model`; packs its weights for `backend` (NULL: the default one). Errors
 * when memory is short. */
SgRenderer *sg_renderer_new(SgModel *model, SgBackend *backend, GError **error);
/* Another one of r's model and device, whose pictures leave r's stages alone; it keeps none of its
 * own, since frames of a film differ from the first layer on. */
SgRenderer *sg_renderer_new_beside(SgRenderer *r, GError **error);
SgBackend *sg_renderer_backend(SgRenderer *r);
void sg_renderer_free(SgRenderer *r);
/* Makes now what the first picture of `recipe` and its score would otherwise wait for: the pruned
 * weights, the mean w, the discriminator. For a renderer that is made on another thread than the
 * one that will use it. */
gboolean sg_renderer_prepare(SgRenderer *r, const SgRecipe *recipe, GError **error);
SgModel *sg_renderer_model(SgRenderer *r); /* borrowed */
/* The nets with the weights that `prune` leaves, made when they are not those of the last picture;
 * borrowed until the next call with another `prune`. For what looks inside (nets.h). */
struct _SgNets *sg_renderer_nets(SgRenderer *r, const SgPrune *prune, GError **error);
/* The same with the recipe's tuned weights, which its pruning comes after. */
struct _SgNets *sg_renderer_nets_of(SgRenderer *r, const SgRecipe *recipe, GError **error);
#define SG_RENDERER_BUDGET ((gsize)256 << 20)
/* Upper bound of what the stage cache may hold, bytes, SG_RENDERER_BUDGET until set; 0 switches it
 * off. What it holds is dropped. */
void sg_renderer_set_cache_budget(SgRenderer *r, gsize bytes);

/* `max_resolution` > 0: for skip generators, stop at that block and return its smaller picture
 * (ignored where the architecture has no such picture). Caller frees. */
SgPicture *sg_renderer_render(SgRenderer *r, const SgRecipe *recipe, int max_resolution,
                              GError **error);
/* Faces [first, first + n) have just been drawn: rgb [n, h, w, bytes], borrowed. FALSE: that
 * is enough. */
typedef gboolean (*SgFacesFunc)(const guint8 *rgb, int h, int w, int first, int n, gpointer data);
/* The same in groups of faces that are handed out as they are drawn, beginning with the one that
 * `first_face` is in and going round; the picture that is returned has no rgb. Ends with an error
 * that sg_is_interrupt() knows when `drawn` says so, or work on this thread is not wanted any
 * more (base/interrupt.h). */
SgPicture *sg_renderer_draw(SgRenderer *r, const SgRecipe *recipe, int max_resolution,
                            int first_face, SgFacesFunc drawn, gpointer data, GError **error);
/* The sizes of picture that max_resolution can ask for, rising, the whole one last, with the
 * share of a whole picture's multiplications that each takes. At most `most` of them are
 * written; returns how many. */
int sg_renderer_sizes(SgRenderer *r, int most, int *sizes, double *shares);
/* Unclamped floats [faces, C, H, W] in the network's own range. What SgPicture.overflow tells of is
 * an error here. */
SgTensor *sg_renderer_render_float(SgRenderer *r, const SgRecipe *recipe, GError **error);
/* The w of every layer of face 0 as the synthesis network is given it: [num_ws, w_dim], to be
 * freed. */
double *sg_renderer_ws(SgRenderer *r, const SgRecipe *recipe, GError **error);
/* w = mapping (z, label) without truncation. z [N, z_dim] -> w [N, w_dim]; labels[N] or NULL. */
SgTensor *sg_renderer_map(SgRenderer *r, const SgTensor *z, const int *labels, GError **error);
/* Mean absolute change (0..255 per colour value) of face 0 when dimension `dim` of `space` moves by
 * `delta` from `recipe`, at up to 64×64 pixels where the architecture allows. Does not disturb the
 * stage cache of render. Meant for idle time, a few dimensions a call: influence[i] is for
 * dims[i]. */
gboolean sg_renderer_influence(SgRenderer *r, const SgRecipe *recipe, SgSpace space, double delta,
                               int n, const int *dims, double *influence, GError **error);

/* Discriminator scores. images [N, C, R, R] in -1..1 -> logits[N]. `group`: images scored as one
 * batch (minibatch standard deviation sees them together); 1 scores each alone. labels[N] or
 * NULL. */
gboolean sg_renderer_score(SgRenderer *r, const SgTensor *images, const int *labels, int batch,
                           double *logits, GError **error);

/* The rule of NVlabs' scripts: uint8 = trunc (clamp (x * 127.5 + 128, 0, 255)). [N, C, H, W] ->
 * RGB8, with alpha RGBA8 (k_drawn_bytes()). */
void sg_image_to_rgb8(const SgTensor *images, guint8 *rgb);
/* The same back: interleaved RGB8 or RGBA8 -> [1, C, H, W] in -1..1 (x / 127.5 - 1); grey = mean
 * of the three. */
SgTensor *sg_image_from_rgb8(const guint8 *rgb, int width, int height, int channels);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgPicture, sg_picture_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgRenderer, sg_renderer_free)

G_END_DECLS
