/* The stages of a group of faces as last rendered, so that the next picture starts where it first
 * differs. Where the back end can, what is asked for twice running is recorded, and repeated from
 * then on: as while a slider is dragged. Belongs to one renderer and its thread. */
#pragma once

#include "engine/explore/recipe.h"
#include "engine/nets/synthesis.h"

G_BEGIN_DECLS

/* What decides the stages' output beside ws. */
typedef struct {
  SgNoiseMode noise;
  guint32 noise_seed;          /* of face 0, RANDOM only */
  const double *noise_gain;    /* [num_convs] factor of each convolution's noise; NULL: all 1 */
  SgTensor *const *noise_maps; /* [num_convs] of [.., r, r]: in place of a convolution's plane where
                                * not NULL; NULL: none at all */
  const GArray *styles;        /* of SgLayerOffset: added to the styles of stages; NULL: nothing */
  SgMotion motion;             /* of networks that begin with Fourier features */
} SgStageEdits;

typedef struct _SgStageCache SgStageCache;

/* For `n` faces from `first_face` on; keeps at most `budget` bytes of activations, early stages
 * first; and until the next picture what the same one goes on from to become larger, if that alone
 * is no more. */
SgStageCache *sg_stage_cache_new(const SgSynthesis *net, int first_face, int n, gsize budget);
void sg_stage_cache_free(SgStageCache *c);
/* The picture after the stages before `to`: PLAIN [n, K, r, r], transfer full; what is in it, until
 * the next call. ws as SgPass.ws, edits are copied. first_run (may be NULL) is the first stage that
 * had to run, `to` if none. */
SgBuf *sg_stage_cache_render(SgStageCache *c, const float *ws, const SgStageEdits *edits, guint to,
                             guint *first_run, GError **error);
/* Called after each stage that runs, with the activations and the picture so far (borrowed). */
void sg_stage_cache_watch(SgStageCache *c,
                          void (*done)(guint stage, SgBuf *x, SgBuf *img, gpointer data),
                          gpointer data);
int sg_stage_cache_faces(const SgStageCache *c);
/* SgPass.style_add of the last picture; borrowed until the next. */
SgBuf *const *sg_stage_cache_style_add(const SgStageCache *c);

/* The plane of noise that a file does not hold, fixed all the same: RandomState (block).randn (2,
 * r, r), block counted from 1, the first plane for the convolution that doubles the resolution. [1,
 * 1, r, r], transfer full. */
SgBuf *sg_stage_fixed_noise(const SgStage *stage, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgStageCache, sg_stage_cache_free)

G_END_DECLS
