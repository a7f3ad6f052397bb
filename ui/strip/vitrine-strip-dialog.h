/* "Record a Strip": the shown faces over one parameter, rendered in the background while the window
 * stays usable, then saved as one labelled picture and a table beside it. */
#pragma once

#include <adwaita.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_STRIP_DIALOG (vitrine_strip_dialog_get_type())
G_DECLARE_FINAL_TYPE(VitrineStripDialog, vitrine_strip_dialog, VITRINE, STRIP_DIALOG, AdwWindow)

/* Shows the dialog over the window `parent`, which edits `session`; there is at most one a window.
 * Needs an open model. */
GtkWidget *vitrine_strip_dialog_present(GtkWindow *parent, VitrineSession *session);
/* Writes the picture to `file` and the table beside it, as .csv, on a worker: what the button does
 * once a place was chosen. Only when the strip is complete. */
void vitrine_strip_dialog_save(VitrineStripDialog *self, GFile *file);

G_END_DECLS
