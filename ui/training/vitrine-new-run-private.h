/* The groups of the "New Training Run" dialog. Each edits one VitrineRunSetup, and may be built
 * without the dialog. */
#pragma once

#include <adwaita.h>
#include "app/runs/vitrine-run-setup.h"

G_BEGIN_DECLS

/* What to learn from: chooser, drop target, and what was found there. */
#define VITRINE_TYPE_NEW_RUN_DATA (vitrine_new_run_data_get_type())
G_DECLARE_FINAL_TYPE(VitrineNewRunData, vitrine_new_run_data, VITRINE, NEW_RUN_DATA,
                     AdwPreferencesGroup)
GtkWidget *vitrine_new_run_data_new(VitrineRunSetup *setup);
/* Looks at it on a worker; what was being looked at is forgotten. */
void vitrine_new_run_data_open(VitrineNewRunData *self, const char *path);
/* It has been looked at and can be learnt from. */
gboolean vitrine_new_run_data_is_good(VitrineNewRunData *self);
/* How many files cannot be used; *first (may be NULL) tells of the first, "name\nwhy", borrowed. */
guint vitrine_new_run_data_get_refused(VitrineNewRunData *self, const char **first);

/* Where to start: scratch, a run, a model. */
#define VITRINE_TYPE_NEW_RUN_ORIGIN (vitrine_new_run_origin_get_type())
G_DECLARE_FINAL_TYPE(VitrineNewRunOrigin, vitrine_new_run_origin, VITRINE, NEW_RUN_ORIGIN,
                     AdwPreferencesGroup)
GtkWidget *vitrine_new_run_origin_new(VitrineRunSetup *setup);
void vitrine_new_run_origin_set(VitrineNewRunOrigin *self, VitrineRunOrigin origin,
                                const char *path);

/* The options that matter, and a row that leads to all others. */
GtkWidget *vitrine_new_run_options_new(VitrineRunSetup *setup);
/* What a tick takes is known: the row of the snapshots says what that means. NAN: not known. */
void vitrine_new_run_options_set_speed(GtkWidget *options, double seconds_per_kimg);

/* Three sizes of a new training, by the time that it may take. */
GtkWidget *vitrine_new_run_sizes_new(VitrineRunSetup *setup);
/* As vitrine_new_run_options_set_speed(): the length of a size that was chosen follows from it. */
void vitrine_new_run_sizes_set_speed(GtkWidget *sizes, double seconds_per_kimg);

/* What it would need, asked of the trainer itself a moment after the last change. */
#define VITRINE_TYPE_NEW_RUN_PREFLIGHT (vitrine_new_run_preflight_get_type())
G_DECLARE_FINAL_TYPE(VitrineNewRunPreflight, vitrine_new_run_preflight, VITRINE, NEW_RUN_PREFLIGHT,
                     AdwPreferencesGroup)
/* Signal "answered": the newest settings have been answered. */
GtkWidget *vitrine_new_run_preflight_new(VitrineRunSetup *setup);
/* With something to ask about; FALSE: data not seen yet, or settings that cannot be. */
void vitrine_new_run_preflight_set_ready(VitrineNewRunPreflight *self, gboolean ready);
/* The trainer's own error about the newest settings; NULL: none, or not known yet. */
const char *vitrine_new_run_preflight_get_error(VitrineNewRunPreflight *self);
/* It is being found out. */
gboolean vitrine_new_run_preflight_is_asking(VitrineNewRunPreflight *self);
/* Seconds for 1000 pictures, and for the whole training; NAN while not known. */
double vitrine_new_run_preflight_get_speed(VitrineNewRunPreflight *self);
double vitrine_new_run_preflight_get_duration(VitrineNewRunPreflight *self);
void vitrine_new_run_preflight_stop(VitrineNewRunPreflight *self);

G_END_DECLS
