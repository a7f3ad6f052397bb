/* VitrineScatter: points over two parameters, one of which is pointed at, with the pointer or, with
 * the focus, with the arrows, which go to the nearest point in their direction. Return or a click
 * chooses it. Follows the theme. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_SCATTER (vitrine_scatter_get_type())
G_DECLARE_FINAL_TYPE(VitrineScatter, vitrine_scatter, VITRINE, SCATTER, GtkWidget)

/* Signals, with a point's number: "pointed" (int, -1: at none), "chosen" (int). */

GtkWidget *vitrine_scatter_new(void);
void vitrine_scatter_set_labels(VitrineScatter *self, const char *x_label, const char *y_label);
/* Copies n finite points. */
void vitrine_scatter_set_points(VitrineScatter *self, gsize n, const double *x, const double *y);
/* -1: none. */
int vitrine_scatter_get_pointed(VitrineScatter *self);
void vitrine_scatter_point_at(VitrineScatter *self, int point);
/* Shown beside the point that is pointed at; `name` is what screen readers hear. NULL: none. */
void vitrine_scatter_set_picture(VitrineScatter *self, GdkPaintable *picture, const char *name);

G_END_DECLS
