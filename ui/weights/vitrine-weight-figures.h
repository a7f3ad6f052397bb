/* VitrineWeightFigures: the histogram and the numbers of one layer, or of several together, and
 * what the pruning threshold takes of them. */
#pragma once

#include <gtk/gtk.h>
#include "app/work/vitrine-weight-data.h"
#include "ui/weights/vitrine-weight-node.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_WEIGHT_FIGURES (vitrine_weight_figures_get_type())
G_DECLARE_FINAL_TYPE(VitrineWeightFigures, vitrine_weight_figures, VITRINE, WEIGHT_FIGURES, GtkBox)

/* Whose tasks count what is pruned; once, at the beginning. */
void vitrine_weight_figures_set_session(VitrineWeightFigures *self, VitrineSession *session);
/* What is shown; both referenced. NULL: nothing, and nothing is counted any more. */
void vitrine_weight_figures_set_node(VitrineWeightFigures *self, VitrineWeightData *data,
                                     VitrineWeightNode *node);
/* Copied. */
void vitrine_weight_figures_set_prune(VitrineWeightFigures *self, const SgPrune *prune);
/* The record of that index is measured: shown if it belongs to what is shown. */
void vitrine_weight_figures_measured(VitrineWeightFigures *self, guint index);

G_END_DECLS
