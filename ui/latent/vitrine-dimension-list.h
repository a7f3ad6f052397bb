/* The list of a latent's dimensions: which space, in which order, which of them, and one row
 * each. */
#pragma once

#include <gtk/gtk.h>

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_DIMENSION_LIST (vitrine_dimension_list_get_type())
G_DECLARE_FINAL_TYPE(VitrineDimensionList, vitrine_dimension_list, VITRINE, DIMENSION_LIST, GtkBox)

/* Once, before the list is shown. Keeps a reference. */
void vitrine_dimension_list_set_session(VitrineDimensionList *self, VitrineSession *session);
/* While TRUE, rows neither move nor vanish: one of them is in somebody's hand. */
void vitrine_dimension_list_set_dragging(VitrineDimensionList *self, gboolean dragging);
/* Lets the person type a number. */
void vitrine_dimension_list_jump(VitrineDimensionList *self);
/* Scrolls to dimension `index` and focuses its slider, lifting filters that hide it. FALSE if the
 * model has no such dimension. */
gboolean vitrine_dimension_list_go_to(VitrineDimensionList *self, int index);
/* Sliders reach from -range to range; any positive number. */
void vitrine_dimension_list_set_range(VitrineDimensionList *self, double range);
double vitrine_dimension_list_get_range(VitrineDimensionList *self);

G_END_DECLS
