/* VitrineWindow: the picture, the Latent pane, and what lies around them. */
#pragma once

#include <adwaita.h>
#include "app/session/vitrine-session.h"
#include "ui/canvas/vitrine-canvas.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_WINDOW (vitrine_window_get_type())
G_DECLARE_FINAL_TYPE(VitrineWindow, vitrine_window, VITRINE, WINDOW, AdwApplicationWindow)

/* Keeps a reference on `session`. With `expect_model` it waits for one that is being loaded, else
 * it shows the empty state. */
GtkWidget *vitrine_window_new(GtkApplication *application, VitrineSession *session,
                              gboolean expect_model);
VitrineSession *vitrine_window_get_session(VitrineWindow *self); /* borrowed */
VitrineCanvas *vitrine_window_get_canvas(VitrineWindow *self);   /* borrowed */
/* Shows the Training page with that run, now or as soon as there are pages. */
void vitrine_window_show_run(VitrineWindow *self, const char *run_dir);
/* The same, if the file is the directory of a run; found out on a worker. */
void vitrine_window_show_if_run(VitrineWindow *self, GFile *file);
/* Of several files that were given at once `opened` is open: says that the others are not. */
void vitrine_window_say_unopened(VitrineWindow *self, GFile *opened, guint others);
/* Whether keys of one letter do something. */
void vitrine_window_set_letter_keys(VitrineWindow *self, gboolean on);
/* The error dialog that is open, borrowed; NULL when none is. */
GtkWidget *vitrine_window_get_dialog(VitrineWindow *self);

G_END_DECLS
