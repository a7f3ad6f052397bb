/* VitrineSide: the right half of the window, one page a pane, with the switcher above it. A pane is
 * built when it is first shown. */
#pragma once

#include <adwaita.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_SIDE (vitrine_side_get_type())
G_DECLARE_FINAL_TYPE(VitrineSide, vitrine_side, VITRINE, SIDE, GtkBox)

GtkWidget *vitrine_side_new(VitrineSession *session);
/* A name of the table of panes ("latent"). Unknown names do nothing. */
void vitrine_side_show(VitrineSide *self, const char *page);
const char *vitrine_side_get_page(VitrineSide *self); /* of the page shown, borrowed */
/* The pane of a page, built if it was not yet; borrowed, NULL for an unknown name. */
GtkWidget *vitrine_side_get_pane(VitrineSide *self, const char *page);

G_END_DECLS
