/* The pane beside the picture: what makes the face (seed, truncation, noise, scale) and the list of
 * its latent's dimensions. Everything it shows comes from the session, everything it does goes
 * there. */
#pragma once

#include "ui/parts/vitrine-pane.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_LATENT_PANE (vitrine_latent_pane_get_type())
G_DECLARE_FINAL_TYPE(VitrineLatentPane, vitrine_latent_pane, VITRINE, LATENT_PANE, VitrinePane)

/* Works without an open model (then everything is greyed). Installs the actions "pane.jump" (type a
 * dimension's number), "pane.random-seed", "pane.next-seed", "pane.previous-seed", for the window
 * to bind keys to with gtk_widget_activate_action() on the pane. */
/* Moves the focus to the entry that takes a dimension's number. */
void vitrine_latent_pane_jump(VitrineLatentPane *self);
/* Scrolls to dimension `index` of the edited space and focuses its slider. FALSE: no such one. */
gboolean vitrine_latent_pane_go_to(VitrineLatentPane *self, int index);

G_END_DECLS
