/* What can be done with a named direction besides moving along it: the menu of its row. */
#pragma once

#include "app/explore/vitrine-direction-exchange.h"
#include "ui/explore/vitrine-direction-row.h"

G_BEGIN_DECLS

/* Adds the menu's button to the row. */
void vitrine_direction_menu_add(VitrineDirectionRow *row, VitrineShelf *shelf);
/* What a direction of another model asks before it is taken over; for
 * vitrine_direction_exchange_import(), whose data is a GtkWidget (a reference). */
void vitrine_direction_menu_ask_import(VitrineImport *import, const char *sentence, gpointer data);

G_END_DECLS
