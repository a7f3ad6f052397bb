/* SgNets: the generator with one set of weights, and what its last picture left behind. A renderer
 * has one for the weights as stored and one for those that its recipe prunes. One thread at a
 * time. */
#pragma once

#include "engine/explore/stage-cache.h"
#include "engine/nets/mapping.h"

G_BEGIN_DECLS

typedef struct _SgNets {
  SgModel *model;
  SgBackend *backend;
  SgMapping *mapping;
  SgSynthesis *net;
  double *w_avg;    /* [w_dim]; NULL until truncation needs it */
  double *clusters; /* [SG_CLUSTERS, w_dim], likewise */
  gsize budget;
  GPtrArray *groups; /* of SgStageCache, together all faces of the last picture */
  int faces;         /* 0: nothing has been mapped yet */
  float *z, *w;      /* of the last mapping: [faces, z_dim], [faces, w_dim] */
  int label;
  gboolean overflow; /* some w of the last ws is too large for demodulation */
  guint settings;    /* the back end's, for w and source_w */
  SgRecipe *sources; /* whose sources source_w belongs to, or NULL */
  double *source_w;  /* [num_sources, num_ws, w_dim] w' of each */
  SgTensor **maps;   /* [num_convs] planes of the last recipe's noise maps, or NULL */
  char **map_hashes; /* [num_convs] theirs */
} SgNets;

/* References the model, packs its weights. NULL and error when memory is short. */
SgNets *sg_nets_new(SgModel *model, SgBackend *backend, gsize budget, GError **error);
void sg_nets_free(SgNets *nets);
void sg_nets_set_budget(SgNets *nets, gsize bytes);
/* Makes sure that w_avg is there. */
gboolean sg_nets_need_w_avg(SgNets *nets, GError **error);
/* All faces of the recipe: [faces, num_ws, w_dim], to be freed; nets->w is what was mapped. Errors
 * when the recipe is for another kind of model. */
float *sg_nets_ws(SgNets *nets, const SgRecipe *recipe, GError **error);
/* Face 0 alone to ws [num_ws, w_dim]; disturbs nothing of what is kept. */
gboolean sg_nets_single_ws(SgNets *nets, const SgRecipe *recipe, float *ws, GError **error);
/* What the stages take of the recipe beside ws; borrows from both until the next call. Errors when
 * a noise map cannot be had. */
gboolean sg_nets_stage_edits(SgNets *nets, const SgRecipe *recipe, SgStageEdits *edits,
                             GError **error);
/* Stages to run for a picture of at most max_resolution (0: all). */
guint sg_nets_last_stage(const SgSynthesis *net, int max_resolution);
/* Does what sg_renderer_sizes() says. */
int sg_nets_sizes(const SgSynthesis *net, int most, int *sizes, double *shares);
/* The pixels of the picture after `to` stages. */
void sg_nets_picture_size(const SgSynthesis *net, guint to, int *h, int *w);
/* Of planes [h, w] what a smaller picture is: ceil (d / 2) pixels go on each side (mystylegan's
 * crop). */
void sg_nets_crop(const float *from, int h, int w, int planes, int wanted_h, int wanted_w,
                  float *to);
/* Unclamped [faces, C, H, W]. */
SgTensor *sg_nets_render(SgNets *nets, const SgRecipe *recipe, GError **error);
/* Bytes for people, a group of faces after the other. max_resolution as sg_nets_last_stage(), h and
 * w of a face, finite as sg_buf_rgb8(), first_run as sg_stage_cache_render(). Begins with the
 * group that `first_face` is in and goes round. `drawn` as SgFacesFunc. */
typedef struct {
  int max_resolution, first_face;
  gboolean (*drawn)(const guint8 *rgb, int h, int w, int first, int n, gpointer data);
  gpointer data;
  int h, w;
  gboolean finite;
  guint first_run;
} SgNetsDrawing;
gboolean sg_nets_draw(SgNets *nets, const SgRecipe *recipe, SgNetsDrawing *how, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgNets, sg_nets_free)

G_END_DECLS
