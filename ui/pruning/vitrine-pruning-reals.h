/* VitrinePruningReals: what the discriminator says of real pictures, a line of the pruning pane.
 * The data set is the one a training's snapshot names, or one that the person chooses. */
#pragma once

#include "app/session/vitrine-session.h"
#include "ui/pruning/vitrine-pruning-sweep.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_PRUNING_REALS (vitrine_pruning_reals_get_type())
G_DECLARE_FINAL_TYPE(VitrinePruningReals, vitrine_pruning_reals, VITRINE, PRUNING_REALS, GtkBox)

/* Once. The score is told to `sweep` as well, for its plot and figures; it must live as long. */
void vitrine_pruning_reals_set_session(VitrinePruningReals *self, VitrineSession *session,
                                       VitrinePruningSweep *sweep);
/* Another data set: a folder, a zip, an IDX file. What is wrong with it goes to the session's
 * "message". */
void vitrine_pruning_reals_choose(VitrinePruningReals *self, GFile *file);

G_END_DECLS
