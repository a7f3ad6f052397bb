/* The Training pane: chooses a run, shows it, starts new ones. */
#pragma once

#include "ui/parts/vitrine-pane.h"
#include "ui/training/vitrine-run-view.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_TRAINING_PANE (vitrine_training_pane_get_type())
G_DECLARE_FINAL_TYPE(VitrineTrainingPane, vitrine_training_pane, VITRINE, TRAINING_PANE,
                     VitrinePane)

/* Made anew it shows the recent run that still trains, or the newest of them. */
void vitrine_training_pane_open(VitrineTrainingPane *self, const char *run_dir);
/* The run that is shown; NULL: none. Borrowed. */
VitrineRunView *vitrine_training_pane_get_view(VitrineTrainingPane *self);

G_END_DECLS
