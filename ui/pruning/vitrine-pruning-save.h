/* Saving the pruned model, and telling what that saves. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

/* Asks for a file, then as vitrine_pruning_save_to(). */
void vitrine_pruning_save(VitrineSession *session, GtkWidget *button);
/* Writes the open model with the current recipe's pruning to a safetensors file on a worker,
 * measures what that gains, and tells in a dialog over the window of `button`, which is insensitive
 * until then and may go away meanwhile. */
void vitrine_pruning_save_to(VitrineSession *session, GtkWidget *button, GFile *file);

G_END_DECLS
