#include "ui/parts/vitrine-path.h"

void
vitrine_path_tooltip(GtkWidget *widget, const char *path)
{
  g_autofree char *shown = path ? g_filename_display_name(path) : NULL;

  g_return_if_fail(GTK_IS_WIDGET(widget));
  gtk_widget_set_tooltip_text(widget, shown);
}
