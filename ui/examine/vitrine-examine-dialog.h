/* Examining a picture: what independent witnesses say of whether the open model could have drawn
 * it. */
#pragma once

#include <adwaita.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_EXAMINE_DIALOG (vitrine_examine_dialog_get_type())
G_DECLARE_FINAL_TYPE(VitrineExamineDialog, vitrine_examine_dialog, VITRINE, EXAMINE_DIALOG,
                     AdwWindow)

/* For the picture at `path`; the window's own dialog, which is made when it is needed first. */
GtkWidget *vitrine_examine_dialog_present(GtkWindow *parent, VitrineSession *session,
                                          const char *path);
/* As if the person had chosen this data set. */
void vitrine_examine_dialog_choose(VitrineExamineDialog *self, GFile *file);

G_END_DECLS
