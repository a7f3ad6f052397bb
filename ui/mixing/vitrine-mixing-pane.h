/* VitrineMixingPane: style mixing. The face (A) and up to SG_RECIPE_MAX_SOURCES others (B, C …),
 * which of them each w comes from, and the grid of all combinations. */
#pragma once

#include <adwaita.h>
#include "ui/parts/vitrine-pane.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_MIXING_PANE (vitrine_mixing_pane_get_type())
G_DECLARE_FINAL_TYPE(VitrineMixingPane, vitrine_mixing_pane, VITRINE, MIXING_PANE, VitrinePane)

/* Adds the face of a .npy vector or of a picture that Vitrine saved, once a worker has read it;
 * what is wrong with the file goes to the session's "message". */
void vitrine_mixing_pane_add_file(VitrineMixingPane *self, GFile *file);

G_END_DECLS
