/* Every key of the window in one table: bound from it, and shown from it. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Binds the keys to `window`'s actions. A widget that has the focus gets them first: Ctrl+Z in an
 * entry undoes typing, "n" in it is a letter. */
void vitrine_shortcuts_bind(GtkWindow *window);
/* Whether those of one letter do something; they do at first. */
void vitrine_shortcuts_set_letters(GtkWindow *window, gboolean on);
/* Shows the table. */
void vitrine_shortcuts_present(GtkWindow *parent);

G_END_DECLS
