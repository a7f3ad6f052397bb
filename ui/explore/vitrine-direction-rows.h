/* VitrineDirectionRows: a heading and the rows of one list of directions. Rows stay the same
 * widgets when the list is put into another order, so that a drag goes on. */
#pragma once

#include <gtk/gtk.h>
#include "ui/explore/vitrine-direction-row.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_DIRECTION_ROWS (vitrine_direction_rows_get_type())
G_DECLARE_FINAL_TYPE(VitrineDirectionRows, vitrine_direction_rows, VITRINE, DIRECTION_ROWS, GtkBox)

/* Makes a row; the group keeps it. */
typedef GtkWidget *(*VitrineRowFunc)(VitrineDirection *direction, gpointer data);

/* `list` of VitrineDirection; `extra` (taken, or NULL) stands beside the heading; `empty` is said
 * where the list is empty, NULL: the group is hidden then. */
GtkWidget *vitrine_direction_rows_new(const char *title, GListModel *list, GtkWidget *extra,
                                      const char *empty, VitrineRowFunc make, gpointer data);

G_END_DECLS
