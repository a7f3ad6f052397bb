/* Pixels of curves with a point in nearly every column. A stroke of a thousand short segments costs
 * cairo milliseconds; columns filled from top to bottom, with soft ends, cost a hundredth of that
 * and look the same: where a curve is flat its ends are soft, where it is steep it is a tangle of
 * vertical lines anyway. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct {
  cairo_surface_t *surface; /* ARGB32 */
  guint32 *pixels;          /* its: [height, stride] */
  int width, height, stride;
  float *low, *high; /* [width], for one line or band: rows, low > high where there is nothing */
} VitrineRaster;

/* Transparent. */
VitrineRaster *vitrine_raster_new(int width, int height);
void vitrine_raster_free(VitrineRaster *r);
/* Paints it over a rectangle; the raster is used up. */
void vitrine_raster_paint(VitrineRaster *r, cairo_t *cr, const graphene_rect_t *area);

/* Rows y0 to y1 of a column, with soft ends. */
void vitrine_raster_span(VitrineRaster *r, int column, double y0, double y1, const GdkRGBA *colour);

/* A line is gathered segment by segment (x0 <= x1, in pixels), then drawn at once with its
 * thickness; `dash`: 0, or columns on and columns off, counted from column `phase`. */
void vitrine_raster_begin(VitrineRaster *r);
void vitrine_raster_segment(VitrineRaster *r, double x0, double y0, double x1, double y1);
void vitrine_raster_stroke(VitrineRaster *r, double thickness, const int dash[2], int phase,
                           const GdkRGBA *colour);
/* The area between two lines, in the same way. */
void vitrine_raster_band(VitrineRaster *r, double x0, double top0, double bottom0, double x1,
                         double top1, double bottom1);
void vitrine_raster_fill(VitrineRaster *r, const GdkRGBA *colour);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineRaster, vitrine_raster_free)

G_END_DECLS
