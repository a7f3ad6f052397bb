/* VitrineTiles: widgets of one size in as many columns as there is room for, all in the chain of
 * the Tab key (a GtkFlowBox has one place in it). */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_TILES (vitrine_tiles_get_type())
G_DECLARE_FINAL_TYPE(VitrineTiles, vitrine_tiles, VITRINE, TILES, GtkWidget)

/* At least so wide is a column where there is more than one; no more than `most_columns`. Tiles
 * grow in height with their width. */
GtkWidget *vitrine_tiles_new(int column_width, int most_columns, int spacing);
void vitrine_tiles_append(VitrineTiles *self, GtkWidget *child);

G_END_DECLS
