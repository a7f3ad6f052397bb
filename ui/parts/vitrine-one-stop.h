/* Several widgets that are one stop of the Tab key, with arrows inside. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Of `widgets` [n], which are below `container` and live as long as it, one takes the focus: the
 * one that had it last. Left, Right, Home and End go to the others; what is hidden or insensitive
 * is passed over. A menu button is one of them as well. */
void vitrine_one_stop(GtkWidget *container, GtkWidget *const *widgets, gsize n);

G_END_DECLS
