/* VitrineExportDialog: the picture as a file of another kind or size, with its recipe or
 * without. */
#pragma once

#include <adwaita.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_EXPORT_DIALOG (vitrine_export_dialog_get_type())
G_DECLARE_FINAL_TYPE(VitrineExportDialog, vitrine_export_dialog, VITRINE, EXPORT_DIALOG, AdwWindow)

/* `name` is what the file is offered to be called, without an ending. */
GtkWidget *vitrine_export_dialog_present(GtkWindow *parent, VitrineSession *session,
                                         const char *name);
/* Saves to a place that was chosen, and closes. */
void vitrine_export_dialog_save(VitrineExportDialog *self, GFile *file);

G_END_DECLS
