/* Saving a pruned model, and what that really saves. */
#pragma once

#include "engine/explore/prune.h"

G_BEGIN_DECLS

typedef struct {
  guint64 weights, zeros, zeros_before; /* of the prunable weights */
  guint64 bytes;                        /* of the file: zeros take as much room as any number */
  /* All tensors through zlib (level 6), with the weights as they were and pruned. */
  guint64 compressed_before, compressed;
} SgPruneSaving;

/* Writes the averaged generator, pruned, with the discriminator as it is (what drawing and scoring
 * need). p->unequalised is left out: it is a way of running, not of weights. `saving` may be NULL.
 * Errors: G_FILE_ERROR naming `path`. Any thread. */
gboolean sg_prune_save(SgModel *model, const SgPrune *p, const char *path, SgPruneSaving *saving,
                       GError **error);

typedef struct {
  int channels, removed; /* activation channels of the synthesis network */
  guint64 weights, kept; /* prunable weights before and after, zeros counted */
  double ms_before;      /* a picture with the weights as they were, median */
  double ms_pruned;      /* with the zeros in place */
  double ms_slim;        /* with the channels removed; == ms_pruned when there are none */
  double difference;     /* largest between pictures with and without them, of a range of 2 */
} SgPruneSpeed;

/* The pruned model without the channels that nothing reads: those of which every weight that takes
 * them as an input is zero. The picture stays the same but for rounding. (A channel whose own
 * weights are all zero is not such a one: it still carries bias and noise, and its reader's
 * demodulation still counts it.) Its layers may have sizes that no file format knows, so it is for
 * running only. NULL and error when memory is short. */
SgModel *sg_prune_slim(SgModel *pruned, int *channels, int *removed, GError **error);
/* Measures, a second or two on small models. One thread at a time, as all that draws. */
gboolean sg_prune_measure(SgModel *model, const SgPrune *p, SgPruneSpeed *speed, GError **error);

/* The same in slices, none longer than packing a model or drawing a picture: somebody else's
 * picture can come between. References the model, copies `p`. */
typedef struct _SgPruneRace SgPruneRace;
SgPruneRace *sg_prune_race_new(SgModel *model, const SgPrune *p);
void sg_prune_race_free(SgPruneRace *race);
/* `speed` is complete when *done is set. FALSE: error, and only free is left. */
gboolean sg_prune_race_step(SgPruneRace *race, SgPruneSpeed *speed, gboolean *done, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgPruneRace, sg_prune_race_free)

G_END_DECLS
