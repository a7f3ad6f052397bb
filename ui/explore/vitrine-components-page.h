/* VitrineComponentsPage: the window that shows what the model's principal components hold, how its
 * faces lie along two of them, and which faces lie at the ends of one. */
#pragma once

#include <adwaita.h>
#include "app/explore/vitrine-shelf.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_COMPONENTS_PAGE (vitrine_components_page_get_type())
G_DECLARE_FINAL_TYPE(VitrineComponentsPage, vitrine_components_page, VITRINE, COMPONENTS_PAGE,
                     AdwWindow)

/* One a shelf: brings the one there is to the front. Borrowed. */
GtkWidget *vitrine_components_page_present(GtkWindow *parent, VitrineShelf *shelf);
/* Nothing is being computed, and something has been. */
gboolean vitrine_components_page_is_current(VitrineComponentsPage *self);

G_END_DECLS
