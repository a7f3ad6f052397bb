/* What the plot's widget and its drawing share. */
#pragma once

#include "ui/charts/vitrine-axes.h"
#include "ui/charts/vitrine-plot.h"

G_BEGIN_DECLS

#define VITRINE_PLOT_SERIES 8

typedef struct {
  char *label;
  VitrinePlotStyle style;
  gsize n;
  double *x, *y; /* [n] */
} VitrinePlotSeries;

struct _VitrinePlot {
  GtkWidget parent_instance;
  char *x_label, *y_label;
  double x_range[2], y_range[2]; /* equal: from the data */
  VitrinePlotSeries series[VITRINE_PLOT_SERIES];
  double marker;          /* NAN: none */
  double cursor;          /* what the readout is about; NAN: nothing */
  GskRenderNode *drawn;   /* axes and curves as last drawn, NULL when they are out of date */
  VitrineAxesFrame frame; /* of `drawn` */
};

/* The ranges of the axes, from what is set or from the data; never empty. */
void vitrine_plot_ranges(VitrinePlot *self, VitrineAxesFrame *frame);
/* The point (or bar) of a series nearest to x; -1 without one. */
int vitrine_plot_nearest(const VitrinePlotSeries *s, double x);
/* The first series with points, NULL without one: its points are what the readout goes over. */
const VitrinePlotSeries *vitrine_plot_first(VitrinePlot *self);
/* x of the point that a readout at x is about, NAN without any point. */
double vitrine_plot_snap(VitrinePlot *self, double x);
/* "0.31" of series i at x, "≈0.31" between two points; NULL if it has nothing there. To be
 * freed. */
char *vitrine_plot_value(VitrinePlot *self, guint i, double x);
/* "0.500", or "0.48 … 0.50" over bars. To be freed. */
char *vitrine_plot_x_text(VitrinePlot *self, double x);

void vitrine_plot_draw(VitrinePlot *self, GtkSnapshot *snapshot);

G_END_DECLS
