/* Looking inside a picture: what a stage of the synthesis network computes for one face, under the
 * weights, mixing and noise of its recipe. Nothing here disturbs the renderer's cache of stages. */
#pragma once

#include "engine/explore/renderer.h"
#include "engine/nets/synthesis.h"

G_BEGIN_DECLS

typedef struct {
  char name[32]; /* "b8.conv0", "b8.torgb", mystylegan "1.upconv" */
  SgStageKind kind;
  int w_index, conv_index; /* conv_index: CONV only */
  int resolution, width;   /* resolution: the height */
  int in_channels, out_channels;
  double noise_strength; /* as stored; CONV only */
} SgProbeStage;

/* Of SgProbeStage, in the order they run; free with g_array_unref(). */
GArray *sg_probe_stages(SgRenderer *r);

typedef struct {
  SgTensor *activation;   /* [C, h, w]: what a convolution leaves, or what a toRGB is given */
  SgTensor *contribution; /* toRGB: [K, h, w] that it adds to the picture; else NULL */
  SgTensor *style;        /* [in_channels]: s = A w + b of the stage, one a channel it reads */
} SgProbe;
void sg_probe_free(SgProbe *p);

/* Face 0 of the recipe at a stage. Errors when memory is short or the recipe is for another
 * model. */
SgProbe *sg_probe_run(SgRenderer *r, const SgRecipe *recipe, guint stage, GError **error);

/* What each toRGB adds, in order: of SgTensor [K, h, w], unreferenced with the array. Upsampled
 * and summed they are the picture (skip generators; others have one). */
GPtrArray *sg_probe_contributions(SgRenderer *r, const SgRecipe *recipe, GError **error);

/* ---- pictures and numbers of an activation [C, h, w] ---- */

typedef struct {
  double min, max, mean, std, zeros; /* zeros: share of exact zeros */
  gboolean dead;                     /* the same number everywhere: it tells nothing apart */
} SgChannelStats;

/* [C], to be freed with g_free(). */
SgChannelStats *sg_activation_stats(const SgTensor *activation);

/* "kind,channel,style,minimum,…": a line for every channel that the stage leaves and for every one
 * that its style multiplies; to be freed. */
char *sg_probe_csv(const SgProbe *probe, const SgChannelStats *stats);

typedef enum { SG_NORMALISE_EACH, SG_NORMALISE_COMMON } SgNormalise;

/* These have no error: sg_room_check() says whether NULL was for want of memory. */
/* Channels in rows of `columns`, one pixel apart, as grey RGB8 [height, width, 3], to be freed.
 * EACH stretches every channel over black to white, COMMON all by the same least and greatest. */
guint8 *sg_activation_grid(const SgTensor *activation, int columns, SgNormalise normalise,
                           int *width, int *height);
/* One channel, stretched; -1: the mean over channels. RGB8 [h, w, 3], to be freed. */
guint8 *sg_activation_channel(const SgTensor *activation, int channel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgProbe, sg_probe_free)

G_END_DECLS
