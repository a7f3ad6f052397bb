/* Magnitude pruning of a generator, and the switch that leaves the equalised learning rate out.
 *
 * A weight w of a layer is removed (set to exactly 0) when m < threshold, where m is |w| as stored
 * or, with SG_MAGNITUDE_EFFECTIVE, |w| times what the equalised learning rate multiplies it with
 * when the network runs. Only weights are pruned (mapping, style affines, convolutions, toRGB),
 * never biases, noise or the constant. The model that is given is never changed: a pruned one is a
 * new SgModel that shares every tensor that did not change. */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

typedef enum { SG_MAGNITUDE_STORED, SG_MAGNITUDE_EFFECTIVE } SgMagnitude;
typedef enum { SG_LAYER_MAPPING, SG_LAYER_AFFINE, SG_LAYER_CONV, SG_LAYER_RGB } SgLayerGroup;

/* A layer with a threshold of its own; 0 keeps it whole ("excluded"). */
typedef struct {
  char *layer; /* SgWeightLayer.name */
  double threshold;
} SgLayerThreshold;

typedef struct {
  double threshold; /* 0: nothing is removed */
  SgMagnitude magnitude;
  GArray *layers;       /* of SgLayerThreshold, sorted by name, or NULL; owned */
  gboolean unequalised; /* run with the stored weights as they are, without the run-time scale */
} SgPrune;

/* One prunable weight tensor. */
typedef struct {
  const char *name; /* without prefix, as stored: "mapping.fc0.weight"; borrowed from the model */
  SgLayerGroup group;
  SgTensor *tensor; /* borrowed from the model */
  double scale;     /* effective weight = stored weight * scale */
} SgWeightLayer;

/* Of SgWeightLayer, in the model's order: every prunable weight of the generator. Lives no longer
 * than the model; free with g_array_unref(). */
GArray *sg_weight_layers(const SgModel *model);

/* Does anything differ from the weights as stored? */
gboolean sg_prune_is_active(const SgPrune *p);
/* Deep copy into and out of a struct that the caller owns; clear frees what it holds. */
void sg_prune_copy(SgPrune *to, const SgPrune *from);
void sg_prune_clear(SgPrune *p);
gboolean sg_prune_equal(const SgPrune *a, const SgPrune *b);
/* The threshold that holds for a layer: its own or the global one. */
double sg_prune_layer_threshold(const SgPrune *p, const char *layer);
/* Gives a layer its own threshold; < 0 takes it away. */
void sg_prune_set_layer(SgPrune *p, const char *layer, double threshold);

/* The least stored magnitude of a layer that stays under `p`, whatever magnitude p measures. */
double sg_prune_stored_threshold(const SgWeightLayer *layer, const SgPrune *p);
/* A new model with the weights that `p` leaves; it has no hash and keeps the path. Errors when
 * memory is short. */
SgModel *sg_prune_apply(SgModel *model, const SgPrune *p, GError **error);
/* How many of a layer's weights stay under `p`, by a plain count. */
guint64 sg_prune_remaining(const SgWeightLayer *layer, const SgPrune *p);

G_END_DECLS
