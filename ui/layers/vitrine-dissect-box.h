/* VitrineDissectBox: what becomes of the face without one channel, with it alone, or with more of
 * it, all over the picture or where the person marks a spot on the canvas. A view: the recipe stays
 * as it is, and "Not changed" is the way back. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_DISSECT_BOX (vitrine_dissect_box_get_type())
G_DECLARE_FINAL_TYPE(VitrineDissectBox, vitrine_dissect_box, VITRINE, DISSECT_BOX, GtkBox)

void vitrine_dissect_box_start(VitrineDissectBox *self, VitrineSession *session); /* once */
/* The channel that it is about; `layer` is the stage's name, NULL: none yet. channel < 0: none. */
void vitrine_dissect_box_set_channel(VitrineDissectBox *self, guint stage, const char *layer,
                                     int channel);
/* Writes what is shown, before and after; the session tells how it went. */
void vitrine_dissect_box_save(VitrineDissectBox *self, GFile *file);
/* What is asked for is shown. */
gboolean vitrine_dissect_box_is_current(VitrineDissectBox *self);

G_END_DECLS
