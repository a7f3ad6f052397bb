/* The sub-pages of a run's view: each shows one VitrineRun and listens to it while it is mapped. */
#pragma once

#include <gtk/gtk.h>
#include "app/runs/vitrine-run.h"
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

/* Curves, linked in x; those of other runs dashed beside them. */
#define VITRINE_TYPE_RUN_CHARTS (vitrine_run_charts_get_type())
G_DECLARE_FINAL_TYPE(VitrineRunCharts, vitrine_run_charts, VITRINE, RUN_CHARTS, GtkBox)
GtkWidget *vitrine_run_charts_new(VitrineRun *run, VitrineSession *session);
/* Adds or takes away another run's curves. */
void vitrine_run_charts_compare(VitrineRunCharts *self, VitrineRun *other, gboolean on);
GPtrArray *vitrine_run_charts_get_others(VitrineRunCharts *self); /* of VitrineRun, borrowed */
/* Every chart as it is shown, as TITLE.png in `folder`. */
void vitrine_run_charts_export_png(VitrineRunCharts *self, GFile *folder);
/* All rows of all curves of the run. */
void vitrine_run_charts_export_csv(VitrineRunCharts *self, GFile *file);

/* Picture grids through time. */
#define VITRINE_TYPE_RUN_SAMPLES (vitrine_run_samples_get_type())
G_DECLARE_FINAL_TYPE(VitrineRunSamples, vitrine_run_samples, VITRINE, RUN_SAMPLES, GtkBox)
GtkWidget *vitrine_run_samples_new(VitrineRun *run);

/* Histograms of the discriminator's scores through time. */
#define VITRINE_TYPE_RUN_SCORES (vitrine_run_scores_get_type())
G_DECLARE_FINAL_TYPE(VitrineRunScores, vitrine_run_scores, VITRINE, RUN_SCORES, GtkBox)
GtkWidget *vitrine_run_scores_new(VitrineRun *run, VitrineSession *session);

/* The legs (iterations, duration) and the options. */
#define VITRINE_TYPE_RUN_TABLE (vitrine_run_table_get_type())
G_DECLARE_FINAL_TYPE(VitrineRunTable, vitrine_run_table, VITRINE, RUN_TABLE, GtkBox)
GtkWidget *vitrine_run_table_new(VitrineRun *run);

/* The last lines of the log. */
#define VITRINE_TYPE_RUN_LOG (vitrine_run_log_get_type())
G_DECLARE_FINAL_TYPE(VitrineRunLog, vitrine_run_log, VITRINE, RUN_LOG, GtkBox)
GtkWidget *vitrine_run_log_new(VitrineRun *run);

/* `page` (taken), which scrolls only in a window that is too low for it. */
GtkWidget *vitrine_run_page_scrolled(GtkWidget *page);

/* Thousands of pictures: "0.256", "18.14", "25,000"; to be freed. */
char *vitrine_run_kimg(double kimg);

G_END_DECLS
