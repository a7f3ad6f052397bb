#include "ui/canvas/vitrine-canvas-view.h"
#include <math.h>

#define FIT_MARGIN 8.0 /* logical pixels around a picture that fits */

static const double round_zooms[] = {0.05, 0.1, 0.25, 0.5, 0.75, 1,  1.5, 2,  3,
                                     4,    6,   8,    12,  16,   24, 32,  48, 64};

void
vitrine_canvas_view_init(VitrineCanvasView *v)
{
  *v = (VitrineCanvasView){.device_scale = 1, .fit = TRUE, .zoom = 1};
}

static double
fit_zoom(const VitrineCanvasView *v)
{
  double room_x = MAX(v->width - 2 * FIT_MARGIN, 1) * v->device_scale;
  double room_y = MAX(v->height - 2 * FIT_MARGIN, 1) * v->device_scale;
  double zoom = MIN(room_x / MAX(v->picture_width, 1), room_y / MAX(v->picture_height, 1));

  return CLAMP(zoom, VITRINE_VIEW_MIN_ZOOM, VITRINE_VIEW_MAX_ZOOM);
}

double
vitrine_canvas_view_zoom(const VitrineCanvasView *v)
{
  return v->fit ? fit_zoom(v) : v->zoom;
}

/* Logical pixels per pixel of the picture. */
static double
scale_of(const VitrineCanvasView *v)
{
  return vitrine_canvas_view_zoom(v) / v->device_scale;
}

static double
on_device_pixel(const VitrineCanvasView *v, double x)
{
  return round(x * v->device_scale) / v->device_scale;
}

void
vitrine_canvas_view_rect(const VitrineCanvasView *v, graphene_rect_t *rect)
{
  double scale = scale_of(v);
  double w = v->picture_width * scale, h = v->picture_height * scale;
  double cx = v->fit ? v->picture_width / 2.0 : v->centre_x;
  double cy = v->fit ? v->picture_height / 2.0 : v->centre_y;

  graphene_rect_init(rect, (float)on_device_pixel(v, v->width / 2 - cx * scale),
                     (float)on_device_pixel(v, v->height / 2 - cy * scale), (float)w, (float)h);
}

/* An axis on which the picture fits is centred; on the other, no empty band beyond the margin. */
static double
limit_centre(double centre, double picture, double canvas)
{
  double half = MAX(canvas / 2 - FIT_MARGIN, 0);

  if (picture <= 2 * half)
    return picture / 2;
  return CLAMP(centre, half, picture - half);
}

static void
limit(VitrineCanvasView *v)
{
  double scale = scale_of(v);

  v->centre_x = limit_centre(v->centre_x * scale, v->picture_width * scale, v->width) / scale;
  v->centre_y = limit_centre(v->centre_y * scale, v->picture_height * scale, v->height) / scale;
}

static void
leave_fit(VitrineCanvasView *v)
{
  if (!v->fit)
    return;
  v->zoom = fit_zoom(v);
  v->fit = FALSE;
  v->centre_x = v->picture_width / 2.0;
  v->centre_y = v->picture_height / 2.0;
}

void
vitrine_canvas_view_zoom_at(VitrineCanvasView *v, double zoom, double x, double y)
{
  leave_fit(v);
  double before = scale_of(v);
  double px = v->centre_x + (x - v->width / 2) / before;
  double py = v->centre_y + (y - v->height / 2) / before;

  v->zoom = CLAMP(zoom, VITRINE_VIEW_MIN_ZOOM, VITRINE_VIEW_MAX_ZOOM);
  double after = scale_of(v);
  v->centre_x = px - (x - v->width / 2) / after;
  v->centre_y = py - (y - v->height / 2) / after;
  limit(v);
}

double
vitrine_canvas_view_next_zoom(const VitrineCanvasView *v, gboolean larger)
{
  double now = vitrine_canvas_view_zoom(v);
  int n = (int)G_N_ELEMENTS(round_zooms);

  if (larger) {
    for (int i = 0; i < n; i++)
      if (round_zooms[i] > now * 1.01)
        return round_zooms[i];
    return VITRINE_VIEW_MAX_ZOOM;
  }
  for (int i = n - 1; i >= 0; i--)
    if (round_zooms[i] < now * 0.99)
      return round_zooms[i];
  return VITRINE_VIEW_MIN_ZOOM;
}

gboolean
vitrine_canvas_view_pan(VitrineCanvasView *v, double dx, double dy)
{
  if (v->fit)
    return FALSE;
  double x = v->centre_x, y = v->centre_y, scale = scale_of(v);

  v->centre_x -= dx / scale;
  v->centre_y -= dy / scale;
  limit(v);
  return v->centre_x != x || v->centre_y != y;
}
