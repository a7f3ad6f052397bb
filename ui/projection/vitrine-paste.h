/* A picture from the clipboard, opened as a file is: what Vitrine has not saved is looked for. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

/* Of a widget of the window that edits `session`. A copied file is opened itself; a copied picture
 * is kept in the cache first. Says where there is neither. */
void vitrine_paste_picture(GtkWidget *widget, VitrineSession *session);

G_END_DECLS
