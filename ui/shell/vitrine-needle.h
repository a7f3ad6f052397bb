/* VitrineNeedle: where the score of what is shown lies between the scores of real and of generated
 * pictures. Invisible where no data set is known. */
#pragma once

#include "app/session/vitrine-session.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_NEEDLE (vitrine_needle_get_type())
G_DECLARE_FINAL_TYPE(VitrineNeedle, vitrine_needle, VITRINE, NEEDLE, GtkWidget)

void vitrine_needle_set_session(VitrineNeedle *self, VitrineSession *session);
/* Another data set may be known now. */
void vitrine_needle_look(VitrineNeedle *self);

G_END_DECLS
