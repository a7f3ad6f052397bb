/* VitrineRunView: one training run: its state, what can be done to it, advice, and its pages.
 * Any number of views may show one run. */
#pragma once

#include <gtk/gtk.h>
#include "app/runs/vitrine-run.h"
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_RUN_VIEW (vitrine_run_view_get_type())
G_DECLARE_FINAL_TYPE(VitrineRunView, vitrine_run_view, VITRINE, RUN_VIEW, GtkBox)

/* Signals: "open-run" (string)  the person wants to see another run: what was started from here */

GtkWidget *vitrine_run_view_new(VitrineRun *run, VitrineSession *session);
VitrineRun *vitrine_run_view_get_run(VitrineRunView *self); /* borrowed */
/* "charts" "samples" "scores" "table" "log" */
void vitrine_run_view_show(VitrineRunView *self, const char *page);
const char *vitrine_run_view_get_page(VitrineRunView *self);
/* The same run in a window of its own, beside `parent`. */
GtkWidget *vitrine_run_view_present_large(VitrineRunView *self, GtkWindow *parent);

G_END_DECLS
