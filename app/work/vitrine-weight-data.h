/* What the Weights pane knows of a model: every tensor of its networks with statistics and
 * histograms, measured by a task on the render thread, one tensor a step. Main thread. */
#pragma once

#include "app/session/vitrine-session.h"
#include "engine/explore/weights/weight-stats.h"

G_BEGIN_DECLS

#define VITRINE_WEIGHT_BINS 64

/* Which range a histogram covers. */
typedef enum {
  VITRINE_WEIGHT_OWN,       /* ±own_range; own_range 0: min..max */
  VITRINE_WEIGHT_NORMAL,    /* ±4 */
  VITRINE_WEIGHT_EFFECTIVE, /* the effective weights over ±effective_range of the model */
  VITRINE_N_WEIGHT_RANGES
} VitrineWeightRange;

typedef struct {
  char *name;       /* with prefix: "G_ema.mapping.fc0.weight" */
  SgTensor *tensor; /* a reference */
  gboolean prunable, measured;
  SgWeightLayer layer;  /* if prunable; scale is set for all */
  const SgParam *param; /* of the model's description */
  const char *group;    /* as the name behind the prefix begins: "synthesis.b4"; "" for none */
  double sigma;         /* standard deviation a weight begins training with; 0: it is no weight */
  SgWeightStats stats;  /* from here on once it is measured */
  double low, high;     /* of the own histogram */
  guint64 counts[VITRINE_N_WEIGHT_RANGES][VITRINE_WEIGHT_BINS];
  guint64 outside[VITRINE_N_WEIGHT_RANGES];
} VitrineWeightRecord;

/* All tensors of one model: generator, then discriminator. */
typedef struct {
  gatomicrefcount ref;
  SgModel *model;
  GPtrArray *records; /* of VitrineWeightRecord*, in the file's order */
  double effective_range;
} VitrineWeightData;

VitrineWeightData *vitrine_weight_data_new(SgModel *model);
VitrineWeightData *vitrine_weight_data_ref(VitrineWeightData *data);
void vitrine_weight_data_unref(VitrineWeightData *data);

/* News are the index + 1 of a record that is measured now, as a pointer; it may be read from then
 * on. `user_data` goes to `news`. */
guint vitrine_weight_data_measure(VitrineWeightData *data, VitrineSession *session,
                                  void (*news)(gpointer index, gboolean finished,
                                               gpointer user_data),
                                  gpointer user_data);
/* One piece of news: guint64* how many weights of the prunable records among `indices` (of guint,
 * copied) `prune` removes. */
guint vitrine_weight_data_count(
    VitrineWeightData *data, VitrineSession *session, const GArray *indices, const SgPrune *prune,
    void (*news)(gpointer removed, gboolean finished, gpointer user_data), gpointer user_data);
/* The table of all tensors, as `inspect --csv`; any thread. To be freed. */
char *vitrine_weight_data_csv(SgModel *model, int bins);

/* Statistics and histogram of some records together. */
typedef struct {
  SgWeightStats stats;
  double low, high, sigma; /* of the histogram; sigma 0: no normal distribution belongs to it */
  guint64 counts[VITRINE_WEIGHT_BINS], outside;
} VitrineWeightSum;

/* FALSE while something of it is not measured. */
gboolean vitrine_weight_data_sum(const VitrineWeightData *data, const GArray *indices,
                                 gboolean effective, VitrineWeightSum *sum);
/* The threshold that holds for all of them, in the units of the view; NAN if they differ. */
double vitrine_weight_data_threshold(const VitrineWeightData *data, const GArray *indices,
                                     gboolean effective, const SgPrune *prune);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineWeightData, vitrine_weight_data_unref)

G_END_DECLS
