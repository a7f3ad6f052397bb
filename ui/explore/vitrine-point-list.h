/* VitrinePointList: what moves the spot that is marked on the picture, as rows; pulling the spot
 * sideways moves the first of them. */
#pragma once

#include "app/explore/vitrine-shelf.h"
#include "ui/explore/vitrine-direction-rows.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_POINT_LIST (vitrine_point_list_get_type())
G_DECLARE_FINAL_TYPE(VitrinePointList, vitrine_point_list, VITRINE, POINT_LIST, GtkBox)

GtkWidget *vitrine_point_list_new(VitrineShelf *shelf, VitrineRowFunc make, gpointer data);
GListModel *vitrine_point_list_get_list(VitrinePointList *self); /* borrowed */
/* What is shown is the whole answer to what is marked. */
gboolean vitrine_point_list_is_current(VitrinePointList *self);
double vitrine_point_list_get_seconds(VitrinePointList *self); /* of the newest ranking */

G_END_DECLS
