/* Messages and the about box, by whichever widgets this libadwaita has. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A heading and whole sentences, one button. Returns the dialog, borrowed, for the caller to watch.
 */
GtkWidget *vitrine_dialogs_message(GtkWindow *parent, const char *heading, const char *body);
void vitrine_dialogs_close(GtkWidget *dialog);
/* A modal window of its own for `page` (taken), closed by Escape or Ctrl+W. */
void vitrine_dialogs_present_page(GtkWindow *parent, const char *title, int width, int height,
                                  GtkWidget *page);
void vitrine_dialogs_about(GtkWindow *parent);

G_END_DECLS
