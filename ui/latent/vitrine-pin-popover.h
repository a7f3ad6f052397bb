/* The small popover that asks for a favourite's name. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* `name` NULL: unpin. */
typedef void (*VitrinePinFunc)(int index, const char *name, gpointer data);

/* One popover serves a whole list: its owner gives it a parent (gtk_widget_set_parent) that lives
 * at least as long as `data`, and unparents it when disposed. */
GtkWidget *vitrine_pin_popover_new(VitrinePinFunc func, gpointer data);
/* Pops up at `button`, a descendant of the parent, to name dimension `index`; `name` is the present
 * name or NULL. */
void vitrine_pin_popover_show(GtkWidget *popover, GtkWidget *button, int index, const char *name);

G_END_DECLS
