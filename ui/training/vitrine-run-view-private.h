/* The parts of a run's view. */
#pragma once

#include "ui/training/vitrine-run-pages.h"
#include "ui/training/vitrine-run-view.h"

G_BEGIN_DECLS

struct _VitrineRunView {
  GtkBox parent_instance;
  VitrineRun *run;
  VitrineSession *session;
  GHashTable *dismissed; /* ids of advice that the person has closed */
  char *advice_shown;    /* what the box below shows, as one text */

  GtkLabel *state;
  GtkProgressBar *progress;
  GtkButton *pause, *snapshot, *stop;
  GtkToggleButton *follow;
  GtkMenuButton *menu_button;
  GMenu *compare_menu;
  GtkBox *advice;
  GtkStack *stack;
  VitrineRunCharts *charts;
};

/* vitrine-run-actions.c: what the menu does. */
void vitrine_run_view_init_actions(VitrineRunView *self);
void vitrine_run_view_update_actions(VitrineRunView *self);
/* vitrine-run-advice.c: what the run has to say, in rows. */
void vitrine_run_view_show_advice(VitrineRunView *self);
/* vitrine-run-edit.c: what may be changed while it runs. */
GtkWidget *vitrine_run_edit_present(GtkWindow *parent, VitrineRun *run);

G_END_DECLS
