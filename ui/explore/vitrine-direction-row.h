/* VitrineDirectionRow: a named direction in the Explore pane: its slider with previews, its number,
 * its menu. */
#pragma once

#include <gtk/gtk.h>
#include "app/explore/vitrine-direction.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_DIRECTION_ROW (vitrine_direction_row_get_type())
G_DECLARE_FINAL_TYPE(VitrineDirectionRow, vitrine_direction_row, VITRINE, DIRECTION_ROW, GtkBox)

/* Signal "wanted": the person is at this row, its previews should come first. */

/* Keeps a reference. */
GtkWidget *vitrine_direction_row_new(VitrineDirection *direction);
/* The menu's button appears. */
void vitrine_direction_row_set_menu(VitrineDirectionRow *self, GMenuModel *menu);
VitrineDirection *vitrine_direction_row_get_direction(VitrineDirectionRow *self); /* borrowed */

/* The recipe that previews for `recipe` are of, to be freed: the face without this direction. NULL:
 * they cannot be made, or are there already (`step` is what the slider's step is now). */
SgRecipe *vitrine_direction_row_wants(VitrineDirectionRow *self, const SgRecipe *recipe);
double vitrine_direction_row_get_step(VitrineDirectionRow *self);
/* Takes `of`, what vitrine_direction_row_wants() gave. */
void vitrine_direction_row_set_previews(VitrineDirectionRow *self, GdkTexture *strip, SgRecipe *of,
                                        double step);
/* When the person was last at this row: grows. */
gint64 vitrine_direction_row_get_stamp(VitrineDirectionRow *self);

G_END_DECLS
