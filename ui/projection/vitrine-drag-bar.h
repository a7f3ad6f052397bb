/* VitrineDragBar: below the picture while points of the face are dragged: what a press does, the
 * start, how far the points are, and how far out the face lies.
 *
 * Property of its grips: "active" shows it. Action of its window that it takes: win.drag-points. */
#pragma once

#include <gtk/gtk.h>
#include "app/work/vitrine-dragging.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_DRAG_BAR (vitrine_drag_bar_get_type())
G_DECLARE_FINAL_TYPE(VitrineDragBar, vitrine_drag_bar, VITRINE, DRAG_BAR, GtkBox)

/* Once. */
void vitrine_drag_bar_set_session(VitrineDragBar *self, VitrineSession *session);
VitrineGrips *vitrine_drag_bar_get_grips(VitrineDragBar *self); /* borrowed */
/* Shows it, with one face; or hides it, when what runs stops. */
void vitrine_drag_bar_set_shown(VitrineDragBar *self, gboolean shown);

G_END_DECLS
