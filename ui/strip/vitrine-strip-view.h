/* The tiles of a strip as they are made: a row for every face, a label under every column, an empty
 * frame where a picture is still to come. Scrolls sideways inside a GtkScrolledWindow. */
#pragma once

#include <gtk/gtk.h>
#include "engine/explore/strip.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_STRIP_VIEW (vitrine_strip_view_get_type())
G_DECLARE_FINAL_TYPE(VitrineStripView, vitrine_strip_view, VITRINE, STRIP_VIEW, GtkWidget)

/* Empty frames for rows × n tiles; labels [n] copied. */
void vitrine_strip_view_reset(VitrineStripView *self, int rows, int n, char **labels);
/* Shows a tile; copies its pixels. */
void vitrine_strip_view_add(VitrineStripView *self, const SgStripTile *tile);
/* How many tiles are shown. */
int vitrine_strip_view_count(VitrineStripView *self);

G_END_DECLS
