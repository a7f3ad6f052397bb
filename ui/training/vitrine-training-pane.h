/* The Training pane: chooses a run, shows it, starts new ones. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"
#include "ui/training/vitrine-run-view.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_TRAINING_PANE (vitrine_training_pane_get_type())
G_DECLARE_FINAL_TYPE(VitrineTrainingPane, vitrine_training_pane, VITRINE, TRAINING_PANE, GtkBox)

/* Shows the recent run that still trains, or the newest of them. */
GtkWidget *vitrine_training_pane_new(VitrineSession *session);
void vitrine_training_pane_open(VitrineTrainingPane *self, const char *run_dir);
/* The run that is shown; NULL: none. Borrowed. */
VitrineRunView *vitrine_training_pane_get_view(VitrineTrainingPane *self);

G_END_DECLS
