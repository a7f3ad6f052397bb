/* VitrineFaceGrid: a page of faces to be labelled. Arrows move, + or 1 labels what is selected, or
 * else what has the focus, as having the attribute, - or 0 as not having it, Delete takes a label
 * off. A click goes from one to the next; a band drawn with the pointer selects. */
#pragma once

#include <gtk/gtk.h>
#include "app/explore/vitrine-face-pictures.h"
#include "app/explore/vitrine-labelling.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_FACE_GRID (vitrine_face_grid_get_type())
G_DECLARE_FINAL_TYPE(VitrineFaceGrid, vitrine_face_grid, VITRINE, FACE_GRID, GtkBox)

/* Once. Keeps references. */
void vitrine_face_grid_start(VitrineFaceGrid *self, VitrineLabelling *labelling,
                             VitrineFacePictures *pictures);
/* What is selected, or else the face that has the focus, gets that label; then the next face
 * without one has the focus, on the next page if there is none on this. */
void vitrine_face_grid_label(VitrineFaceGrid *self, VitrineLabel label);
/* All on the page that have no label. */
void vitrine_face_grid_label_rest(VitrineFaceGrid *self, VitrineLabel label);
void vitrine_face_grid_focus_first(VitrineFaceGrid *self);

G_END_DECLS
