/* Where a picture lies on the canvas: fit, zoom and pan as plain numbers, without a widget. */
#pragma once

#include <graphene.h>
#include <glib.h>

G_BEGIN_DECLS

#define VITRINE_VIEW_MIN_ZOOM 0.05
#define VITRINE_VIEW_MAX_ZOOM 64.0

typedef struct {
  double width, height; /* of the canvas, in logical pixels */
  int device_scale;     /* device pixels per logical pixel */
  int picture_width, picture_height;
  gboolean fit;
  double zoom;               /* device pixels per pixel of the picture, unless fit */
  double centre_x, centre_y; /* picture coordinates in the middle of the canvas */
} VitrineCanvasView;

void vitrine_canvas_view_init(VitrineCanvasView *v);
/* The zoom in effect, whether fit or chosen. */
double vitrine_canvas_view_zoom(const VitrineCanvasView *v);
/* Where the picture is drawn: logical pixels, its corner on a device pixel. */
void vitrine_canvas_view_rect(const VitrineCanvasView *v, graphene_rect_t *rect);
/* Leaves fit; what is under (x, y) stays there. */
void vitrine_canvas_view_zoom_at(VitrineCanvasView *v, double zoom, double x, double y);
/* The next round zoom above or below. */
double vitrine_canvas_view_next_zoom(const VitrineCanvasView *v, gboolean larger);
/* Moves the picture by logical pixels; it cannot be lost. TRUE if it moved. */
gboolean vitrine_canvas_view_pan(VitrineCanvasView *v, double dx, double dy);

G_END_DECLS
