/* The menu of a face on the canvas, by the right button or the Menu key: the face alone, more like
 * it, and children with another one that was chosen before. */
#pragma once

#include "app/session/vitrine-session.h"
#include "ui/canvas/vitrine-canvas.h"

G_BEGIN_DECLS

/* For as long as the canvas lives. */
void vitrine_face_menu_add(VitrineCanvas *canvas, VitrineSession *session);
/* Opens it for that face of what is shown, counted row by row; for keys and tests. */
void vitrine_face_menu_popup(VitrineCanvas *canvas, int face);

G_END_DECLS
