/* The button that shows the edited vector itself: to read, copy, save, load and reset. */
#pragma once

#include <gtk/gtk.h>

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_VECTOR_BUTTON (vitrine_vector_button_get_type())
G_DECLARE_FINAL_TYPE(VitrineVectorButton, vitrine_vector_button, VITRINE, VECTOR_BUTTON, GtkBox)

/* Once, before it is shown. Keeps a reference. */
void vitrine_vector_button_set_session(VitrineVectorButton *self, VitrineSession *session);

G_END_DECLS
