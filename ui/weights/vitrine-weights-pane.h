/* VitrineWeightsPane: the layers of the open model as a tree, and of the chosen one its histogram,
 * its numbers and what the pruning threshold takes of it. */
#pragma once

#include "ui/parts/vitrine-pane.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_WEIGHTS_PANE (vitrine_weights_pane_get_type())
G_DECLARE_FINAL_TYPE(VitrineWeightsPane, vitrine_weights_pane, VITRINE, WEIGHTS_PANE, VitrinePane)

/* Selects the tensor or group of that path ("G_ema.mapping.fc0.weight"); FALSE if there is none. */
gboolean vitrine_weights_pane_select(VitrineWeightsPane *self, const char *path);
/* Writes the table of all tensors on a worker; the session's "message" tells. */
void vitrine_weights_pane_export(VitrineWeightsPane *self, GFile *file);

G_END_DECLS
