/* VitrineFindOne: the window in which a person finds a direction by labelling faces. It does not
 * stand before the picture: one can go on there. */
#pragma once

#include <adwaita.h>
#include "app/explore/vitrine-labelling.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_FIND_ONE (vitrine_find_one_get_type())
G_DECLARE_FINAL_TYPE(VitrineFindOne, vitrine_find_one, VITRINE, FIND_ONE, AdwWindow)

/* One a shelf: brings the one there is to the front. Borrowed. */
GtkWidget *vitrine_find_one_present(GtkWindow *parent, VitrineShelf *shelf);
VitrineLabelling *vitrine_find_one_get_labelling(VitrineFindOne *self);

G_END_DECLS
