/* What the discriminator says of pictures of a data set and of the model's own, each judged alone:
 * the two humps that a score is read against. Only where a data set is known: the one chosen for
 * examinations, or that of the model's training. */
#pragma once

#include <gio/gio.h>
#include "app/session/vitrine-tasks.h"

G_BEGIN_DECLS

typedef struct {
  int n_real, n_generated;
  double *real, *generated; /* logits, rising */
} VitrineScoreHumps;

VitrineScoreHumps *vitrine_score_humps_copy(const VitrineScoreHumps *h);
void vitrine_score_humps_free(VitrineScoreHumps *h);

/* Looks on a worker for what is kept, or opens the data set. `done` gets `source`. */
void vitrine_score_humps_look(SgModel *model, GObject *source, GAsyncReadyCallback done,
                              gpointer user_data);
/* Humps that were kept; or *job, the data of a task that measures them; or neither: no data set is
 * known, or it cannot be read. */
VitrineScoreHumps *vitrine_score_humps_finish(GAsyncResult *result, gpointer *job);
void vitrine_score_humps_job_free(gpointer job);
/* Its news: one VitrineScoreHumps, none where they cannot be measured. */
VitrineTaskClass vitrine_score_humps_class(void (*news)(gpointer, gboolean, gpointer));

G_END_DECLS
