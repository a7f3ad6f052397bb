/* File names in widgets: bytes that need not be UTF-8, while widgets (and the accessibility bus)
 * take nothing else. For a name without its folder there is g_filename_display_basename(). */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The tooltip is the path as people read it; NULL takes it away. */
void vitrine_path_tooltip(GtkWidget *widget, const char *path);

G_END_DECLS
