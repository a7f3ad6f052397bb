/* The table of all tensors of a model, written where the person says. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

/* Asks for a file in a dialog over `parent`, then as vitrine_weights_export_to() with the model
 * that is open by then. */
void vitrine_weights_export(VitrineSession *session, GtkWindow *parent);
/* Writes the open model's table, with histograms, on a worker: what `vitrine inspect --csv=FILE
 * --histogram=64` writes. The session's "message" tells; without a model nothing happens. */
void vitrine_weights_export_to(VitrineSession *session, GFile *file);

G_END_DECLS
