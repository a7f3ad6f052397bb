/* Names for screen readers. GTK names a button by its child, which of an icon is "GtkImage", and
 * what takes the focus inside a drop-down, a menu button or a spin button by its class. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The name of `widget`, and of the part of it that takes the focus; a drop-down's says what is
 * selected as well. */
void vitrine_accessible_set_name(GtkWidget *widget, const char *name);
/* Names what is below `root` and cannot name itself: icon buttons, menu buttons and drop-downs by
 * their tooltips (but for keys in parentheses at their end), expanders by their labels, the buttons
 * of spin buttons. For whoever has built a window, a pane or some rows. */
void vitrine_accessible_name_all(GtkWidget *root);

G_END_DECLS
