/* VitrinePlot: curves or bars over one parameter, with a marker, values under the pointer, and a
 * click that chooses a position. Follows the theme (dark and light); usable by keyboard: with the
 * focus Left and Right move the readout, Return chooses it. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_PLOT (vitrine_plot_get_type())
G_DECLARE_FINAL_TYPE(VitrinePlot, vitrine_plot, VITRINE, PLOT, GtkWidget)

typedef enum { VITRINE_PLOT_LINE, VITRINE_PLOT_BARS, VITRINE_PLOT_DASHED } VitrinePlotStyle;

/* Signal "clicked" (double x): the person chose a position on the x axis. */

GtkWidget *vitrine_plot_new(void);
void vitrine_plot_set_labels(VitrinePlot *self, const char *x_label, const char *y_label);
/* Equal values: from the data. */
void vitrine_plot_set_x_range(VitrinePlot *self, double min, double max);
void vitrine_plot_set_y_range(VitrinePlot *self, double min, double max);
/* Copies n points with ascending x; series are drawn in the order of `index` (0..7), coloured by
 * it. NAN in y is a gap; n = 0 removes. Bars reach from x[i] to x[i + 1]; the last y is not
 * drawn. */
void vitrine_plot_set_series(VitrinePlot *self, guint index, const char *label,
                             VitrinePlotStyle style, gsize n, const double *x, const double *y);
/* A vertical line; NAN: none. */
void vitrine_plot_set_marker(VitrinePlot *self, double x);
/* What the readout says at x: "threshold 0.500: score 0.31, remaining 0.62"; to be freed. */
char *vitrine_plot_describe(VitrinePlot *self, double x);

G_END_DECLS
