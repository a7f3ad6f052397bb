/* "Find This Face": the face whose picture is nearest to one that a person has, looked for while
 * they watch; it is then a face like any other. */
#pragma once

#include <adwaita.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_PROJECT_DIALOG (vitrine_project_dialog_get_type())
G_DECLARE_FINAL_TYPE(VitrineProjectDialog, vitrine_project_dialog, VITRINE, PROJECT_DIALOG,
                     AdwWindow)

/* Shows the dialog for the picture at `path`, of which `preview` is a small one, over the window
 * `parent`, which edits `session`; one that is open already goes over to that picture. Needs an
 * open model. */
GtkWidget *vitrine_project_dialog_present(GtkWindow *parent, VitrineSession *session,
                                          const char *path, GdkTexture *preview);

G_END_DECLS
