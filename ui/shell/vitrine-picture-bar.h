/* VitrinePictureBar: everything that makes this picture, as a row of words: the seed, and each edit
 * with a button that takes it away. What is listed follows from the recipe's field table. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_PICTURE_BAR (vitrine_picture_bar_get_type())
G_DECLARE_FINAL_TYPE(VitrinePictureBar, vitrine_picture_bar, VITRINE, PICTURE_BAR, GtkBox)

/* Once. */
void vitrine_picture_bar_set_session(VitrinePictureBar *self, VitrineSession *session);

G_END_DECLS
