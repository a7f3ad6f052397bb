/* The "New Training Run" dialog: data, start, options, what it takes; then a run is started. */
#pragma once

#include <adwaita.h>
#include "app/runs/vitrine-run-setup.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_NEW_RUN (vitrine_new_run_get_type())
G_DECLARE_FINAL_TYPE(VitrineNewRun, vitrine_new_run, VITRINE, NEW_RUN, AdwWindow)

/* Signal "started" (string): the directory of the run that has begun; the dialog is closing. */

VitrineNewRun *vitrine_new_run_present(GtkWindow *parent);
/* Chooses it as if the person had. */
void vitrine_new_run_set_data(VitrineNewRun *self, const char *path);
void vitrine_new_run_set_origin(VitrineNewRun *self, VitrineRunOrigin origin, const char *path);
VitrineRunSetup *vitrine_new_run_get_setup(VitrineNewRun *self); /* borrowed */
/* Whether really, with the estimate and what is broken; borrowed, NULL: nothing is asked. */
GtkWidget *vitrine_new_run_get_question(VitrineNewRun *self);

G_END_DECLS
