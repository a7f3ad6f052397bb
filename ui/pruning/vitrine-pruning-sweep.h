/* VitrinePruningSweep: score and remaining weights over all thresholds 0, 0.001 … 1, measured while
 * nothing else is to be done, coarse first; the dial's place in it; a click goes there. Of a large
 * model, where that takes hours, it starts only when asked for. */
#pragma once

#include <gtk/gtk.h>
#include "app/work/vitrine-pruning-work.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_PRUNING_SWEEP (vitrine_pruning_sweep_get_type())
G_DECLARE_FINAL_TYPE(VitrinePruningSweep, vitrine_pruning_sweep, VITRINE, PRUNING_SWEEP, GtkBox)

#define VITRINE_SWEEP_STEPS 1001

void vitrine_pruning_sweep_set_session(VitrinePruningSweep *self, VitrineSession *session);
/* Borrowed for as long as it is set; NULL: not there yet. */
void vitrine_pruning_sweep_set_counter(VitrinePruningSweep *self, const SgPruneCounter *counter);
/* So long does one threshold take: what it says before it is started. */
void vitrine_pruning_sweep_set_pace(VitrinePruningSweep *self, double seconds);
/* The mean score of real pictures, a level in the plot and in drawn exports; NAN: none. */
void vitrine_pruning_sweep_set_real(VitrinePruningSweep *self, double score);
/* Writes the curves to path: .png and .svg draw them, anything else is CSV with the columns of
 * "vitrine prune". Needs a counter. Errors: G_FILE_ERROR naming the file. */
gboolean vitrine_pruning_sweep_export(VitrinePruningSweep *self, const char *path, GError **error);
/* Order in which thresholds k / 1000 are measured: every 100th, 50th … each. [1001], permuted. */
void vitrine_pruning_sweep_order(int order[VITRINE_SWEEP_STEPS]);

G_END_DECLS
