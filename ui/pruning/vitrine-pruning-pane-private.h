/* What the files of VitrinePruningPane share: pane (the dial, the faces), weights (how many remain,
 * newer ones), score (what the discriminator says). */
#pragma once

#include "ui/pruning/vitrine-pruning-layers.h"
#include "ui/pruning/vitrine-pruning-pane.h"
#include "ui/pruning/vitrine-pruning-reals.h"
#include "ui/pruning/vitrine-pruning-sweep.h"
#include "app/work/vitrine-pruning-work.h"

G_BEGIN_DECLS

struct _VitrinePruningPane {
  VitrinePane parent_instance;
  VitrineSession *session;  /* borrowed from the parent */
  GBindingGroup *bindings;  /* of the editor */
  VitrinePruningWork *work; /* of the open model */
  SgPruneCounter *counter;  /* of the open model, NULL until it is counted */
  guint score_task, original_task;
  gboolean behind;       /* the session has newer weights than `work` and `counter` */
  gboolean renewing;     /* a worker makes both of them for newer weights */
  VitrineScore original; /* of the unpruned weights; without pictures */
  gboolean has_original;
  SgPrune asked; /* what score_task scores, or what is shown */
  int asked_label;
  gboolean has_asked;
  gboolean shown; /* numbers of `asked`, perhaps with earlier weights */

  GtkAdjustment *adjustment;
  GtkSpinButton *threshold_spin;
  GtkScale *dial;
  GtkWidget *reset;
  GtkLabel *remaining, *remaining_share, *removed, *removed_share;
  GtkStack *score_stack;
  GtkLabel *sigmoid, *sigmoid_original, *logit, *logit_original, *score_message;
  GtkGrid *faces;
  GtkPicture *pictures[VITRINE_SCORED_FACES];
  VitrinePruningSweep *sweep;
  VitrinePruningLayers *layers;
  VitrinePruningReals *reals;
};

/* How many weights remain at the dial, "…" until they are counted. */
void vitrine_pruning_pane_show_counts(VitrinePruningPane *self);
/* Counts the open model's weights on a worker; `with_work`: packs them for scoring, too. */
void vitrine_pruning_pane_start_renewal(VitrinePruningPane *self, gboolean with_work);
/* Starts that if the session has newer weights and nothing else is under way. */
void vitrine_pruning_pane_renew(VitrinePruningPane *self);
/* The session's "weights-changed", swapped. */
void vitrine_pruning_pane_weights_changed(VitrinePruningPane *self);

gboolean vitrine_pruning_pane_has_discriminator(VitrinePruningPane *self);
/* Asks for the score of the current weights, unless it is shown or asked for already. */
void vitrine_pruning_pane_ask_score(VitrinePruningPane *self);
void vitrine_pruning_pane_stop_scores(VitrinePruningPane *self);

G_END_DECLS
