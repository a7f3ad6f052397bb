/* VitrineModelDialog: what the open model is and where it comes from, and how it differs from
 * another one. */
#pragma once

#include <adwaita.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_MODEL_DIALOG (vitrine_model_dialog_get_type())
G_DECLARE_FINAL_TYPE(VitrineModelDialog, vitrine_model_dialog, VITRINE, MODEL_DIALOG, AdwWindow)

/* Of the session's model, which has to be there. Ends with it. Returns the dialog, borrowed. */
GtkWidget *vitrine_model_dialog_present(GtkWindow *parent, VitrineSession *session);
/* As "Compare with Another Model…" with that file. */
void vitrine_model_dialog_compare(VitrineModelDialog *self, const char *path);

G_END_DECLS
