/* Which one is real? Pairs of a picture of the data set and one of the model's, to be told apart;
 * beside the score stands the discriminator's. */
#pragma once

#include <adwaita.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_QUIZ_DIALOG (vitrine_quiz_dialog_get_type())
G_DECLARE_FINAL_TYPE(VitrineQuizDialog, vitrine_quiz_dialog, VITRINE, QUIZ_DIALOG, AdwWindow)

/* With the data set that is known for the model. */
GtkWidget *vitrine_quiz_dialog_present(GtkWindow *parent, VitrineSession *session);

G_END_DECLS
