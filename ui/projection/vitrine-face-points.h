/* VitrineFacePoints: a picture with three points on it (eye, eye, mouth), to be dragged, or chosen
 * with Space and moved with the arrows. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_FACE_POINTS (vitrine_face_points_get_type())
G_DECLARE_FINAL_TYPE(VitrineFacePoints, vitrine_face_points, VITRINE, FACE_POINTS, GtkWidget)

/* Puts the points where a face mostly has them. */
void vitrine_face_points_set_texture(VitrineFacePoints *self, GdkTexture *texture);
/* x and y of each, as shares of the picture's width and height. */
void vitrine_face_points_get(VitrineFacePoints *self, double points[6]);
void vitrine_face_points_move(VitrineFacePoints *self, int point, double x, double y);

G_END_DECLS
