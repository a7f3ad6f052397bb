/* Projection: the w whose picture is nearest to a given one (Karras et al. 2020, appendix D; Abdal
 * et al. 2019 for one w a layer).
 *
 * A projection goes through stages: w, the same for all layers; then one w a layer; then noise
 * maps alone. In the first two the noise maps are looked for as well and kept noise
 * (noise-maps.h), in the third they are free and take what w leaves. Several pictures go through it
 * together, each as if alone. One thread; the same numbers whatever its number of threads. */
#pragma once

#include "engine/models/model.h"
#include "engine/perceptual/lpips.h"
#include "engine/projection/feature-loss.h"
#include "engine/projection/picture-loss.h"
#include "engine/projection/schedule.h"
#include "engine/projection/w-cloud.h"

G_BEGIN_DECLS

typedef enum {
  SG_PROJECTION_W,
  SG_PROJECTION_W_PLUS,
  SG_PROJECTION_NOISE,
  SG_PROJECTION_STAGES
} SgProjectionStage;

/* Weights of the loss' parts (picture-loss.h, feature-loss.h, lpips.h). */
typedef struct {
  double pixels, pyramid, features, lpips;
} SgProjectionWeights;

typedef struct {
  int steps[SG_PROJECTION_STAGES];   /* 0: this stage is left out */
  double rate[SG_PROJECTION_STAGES]; /* highest learning rate */
  SgProjectionWeights coarse, fine;  /* at first, which is cheap, and from then on */
  double coarse_share;               /* of stage W's steps */
  double penalty;                    /* of noise maps: 1e5 */
  guint64 seed;                      /* of the noise maps' first values and the noise on w */
  int label;                         /* class, -1: none */
  const SgLpips *lpips;              /* borrowed, of the same back end; NULL: no part has it */
  /* NULL, or where N (0, 1) come from instead, for tests: `count` numbers of picture `sample`. */
  void (*normals)(gpointer data, int sample, gsize count, float *out);
  gpointer normals_data;
} SgProjectionOptions;

/* What the command does unless told otherwise, for a model with or without a discriminator:
 * `steps` in stage W, none in the others. */
void sg_projection_options_init(SgProjectionOptions *o, int steps, gboolean has_d);

typedef struct {
  double total; /* weighted sum of the parts, and the penalty */
  double pixels, pyramid, features, lpips, penalty;
} SgProjectionLoss;

typedef struct _SgProjection SgProjection;

/* Packs the model's weights for `b` and samples its w. NULL and error: memory, or `o` asks for
 * features of a model without discriminator, or for LPIPS of pictures that are too small. */
SgProjection *sg_projection_new(SgModel *model, SgBackend *b, const SgProjectionOptions *o,
                                GError **error);
void sg_projection_free(SgProjection *p);

/* Begins anew, with n pictures [n, C, H, W] (copied), -1 … 1. `first`: the number of the first
 * among those of this seed, so that a picture's random numbers do not depend on what goes along
 * with it. */
gboolean sg_projection_begin(SgProjection *p, int n, int first, const float *targets,
                             GError **error);
/* The next step. Must not be called when all are done. Errors: memory; numbers that are not
 * finite. */
gboolean sg_projection_step(SgProjection *p, GError **error);
int sg_projection_done(const SgProjection *p);                /* steps */
int sg_projection_total(const SgProjection *p);               /* of all stages */
SgProjectionStage sg_projection_stage(const SgProjection *p); /* of the last step */

/* Of picture i after the last step, borrowed: the loss and the picture [C, H, W] that the step
 * began with. */
const SgProjectionLoss *sg_projection_loss(const SgProjection *p, int i);
const float *sg_projection_picture(const SgProjection *p, int i);
const float *sg_projection_target(const SgProjection *p, int i);
/* Its w to ws [num_ws, w_dim]. */
void sg_projection_ws(const SgProjection *p, int i, double *ws);
/* Are they the same for all layers? */
gboolean sg_projection_is_single(const SgProjection *p);
/* Noise maps: how many, their size, their numbers (to be released). */
int sg_projection_noise_maps(const SgProjection *p);
SgTensor *sg_projection_noise_map(const SgProjection *p, int i, int k);
const SgWCloud *sg_projection_cloud(const SgProjection *p);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgProjection, sg_projection_free)

G_END_DECLS
