/* VitrineRelativesDialog: nine relatives of a face, or of two. A click shows one in the window, as
 * an edit like any other; the next ring is then drawn around it. */
#pragma once

#include <adwaita.h>
#include "app/explore/vitrine-relatives.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_RELATIVES_DIALOG (vitrine_relatives_dialog_get_type())
G_DECLARE_FINAL_TYPE(VitrineRelativesDialog, vitrine_relatives_dialog, VITRINE, RELATIVES_DIALOG,
                     AdwWindow)

/* Copies `a` and `b`, recipes of one face each; b NULL: neighbours of `a`. Returns the window,
 * borrowed. */
GtkWidget *vitrine_relatives_dialog_present(GtkWindow *parent, VitrineSession *session,
                                            const SgRecipe *a, const SgRecipe *b);
/* All pictures are there. */
gboolean vitrine_relatives_dialog_is_done(VitrineRelativesDialog *self);

G_END_DECLS
