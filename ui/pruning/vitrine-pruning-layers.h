/* VitrinePruningLayers: which layers are pruned and how far: magnitudes as stored or effective,
 * groups left out, a threshold of its own for each layer. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_PRUNING_LAYERS (vitrine_pruning_layers_get_type())
G_DECLARE_FINAL_TYPE(VitrinePruningLayers, vitrine_pruning_layers, VITRINE, PRUNING_LAYERS, GtkBox)

void vitrine_pruning_layers_set_session(VitrinePruningLayers *self, VitrineSession *session);
/* How many weights remain in each layer [n], in the order of sg_weight_layers(); NULL: not known
 * yet. */
void vitrine_pruning_layers_set_remaining(VitrinePruningLayers *self, guint n,
                                          const guint64 *remaining);

G_END_DECLS
