/* VitrinePruningPane: the dial that removes small weights, what that leaves, and what the
 * discriminator thinks of it. */
#pragma once

#include "ui/parts/vitrine-pane.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_PRUNING_PANE (vitrine_pruning_pane_get_type())
G_DECLARE_FINAL_TYPE(VitrinePruningPane, vitrine_pruning_pane, VITRINE, PRUNING_PANE, VitrinePane)

G_END_DECLS
