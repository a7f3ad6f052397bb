/* VitrineChart: curves that grow (SgSeries) over one x axis, at any zoom.
 *
 * Ctrl+wheel (with the focus the wheel alone) zooms at the pointer, Shift+wheel and dragging pan,
 * double click or Home shows everything; with the focus Left/Right move the readout (with Ctrl ten
 * points), + and - zoom (with Ctrl as well, where the window has no use for that), Shift+Left/Right
 * pan, End goes to the newest point. Without focus and Ctrl the wheel is left to the list that the
 * chart is in. A click on a name in the legend hides or shows its curve; so do 1 … 9, and Up/Down
 * and Space. Values under the pointer of every curve. Follows the theme. A frame costs in the order
 * of its pixels, whatever the series hold. While the right end is in view the chart follows new
 * points. */
#pragma once

#include <gtk/gtk.h>
#include "engine/runs/run-series.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_CHART (vitrine_chart_get_type())
G_DECLARE_FINAL_TYPE(VitrineChart, vitrine_chart, VITRINE, CHART, GtkWidget)

/* Signal "range-changed": the person zoomed or panned (so that other charts can go along). */

GtkWidget *vitrine_chart_new(const char *title, const char *x_label);
/* Adds a curve; colour: 0..7, the same in every chart for the same thing; dashed: for another
 * run's. `band`: standard deviations, drawn as a light band, or NULL. Keeps references. */
void vitrine_chart_add(VitrineChart *self, const char *label, guint colour, gboolean dashed,
                       SgSeries *series, SgSeries *band);
/* Curves of these names that were hidden are hidden again when they come back. */
void vitrine_chart_clear(VitrineChart *self);
/* Looks whether its series have changed and draws if so. Cheap. */
void vitrine_chart_refresh(VitrineChart *self);
void vitrine_chart_set_smoothing(VitrineChart *self, double factor); /* 0 … 0.999 */
void vitrine_chart_set_logarithmic(VitrineChart *self, gboolean on); /* y axis */
/* Visible x range; equal values: everything, and following. */
void vitrine_chart_set_range(VitrineChart *self, double x0, double x1);
void vitrine_chart_get_range(VitrineChart *self, double *x0, double *x1);
gboolean vitrine_chart_is_following(VitrineChart *self);
/* Shows what `from` shows, which may be everything: for charts that are linked. */
void vitrine_chart_copy_range(VitrineChart *self, VitrineChart *from);
/* What counts as everything besides its own points, so that linked charts begin and end alike;
 * equal values: nothing besides. */
void vitrine_chart_set_extent(VitrineChart *self, double x0, double x1);
/* Title and legend keep this far from the right edge, for a button that lies over the chart. */
void vitrine_chart_set_corner(VitrineChart *self, int width);
/* A vertical line; NAN: none. */
void vitrine_chart_set_marker(VitrineChart *self, double x);
/* "kimg 12.0: D loss 0.81, G loss 1.32"; to be freed. Also what screen readers hear. */
char *vitrine_chart_describe(VitrineChart *self, double x);
/* What is visible, as it is drawn, in the colours of paper, `scale` pixels a unit. Main thread. */
GBytes *vitrine_chart_to_png(VitrineChart *self, double scale);
/* The points in the visible range of the curves that are shown: "kimg,label,label…" (quoted as in
 * RFC 4180, decimal points), one row per distinct x; a curve without a point there, or a gap in it,
 * leaves its field empty. The standard deviations of a band are a column of their own. */
GBytes *vitrine_chart_to_csv(VitrineChart *self);
/* The same on a thread, for millions of points. */
void vitrine_chart_to_csv_async(VitrineChart *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data);
GBytes *vitrine_chart_to_csv_finish(VitrineChart *self, GAsyncResult *result, GError **error);

G_END_DECLS
