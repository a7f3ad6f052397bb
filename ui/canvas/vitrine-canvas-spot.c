/* Pointing at a part of the picture: a rectangle is drawn, or a click marks a small square; what is
 * marked is pulled sideways, or moved by keys. */
#include "ui/canvas/vitrine-canvas-private.h"
#include <math.h>

/* What a click marks, of the picture's smaller side. */
#define CLICK_SHARE 8
/* A drag shorter than this is a click, in logical pixels. */
#define CLICK 4
/* Pixels of a pull that count as one. */
#define PULL 100.0

static gboolean
is_active(VitrineCanvas *self)
{
  return self->spot && vitrine_spot_get_active(self->spot) && self->texture;
}

static int
share(const VitrineCanvas *self, int all)
{
  int side = MIN(self->view.picture_width, self->view.picture_height);

  return MAX(1, MIN(all, side) / CLICK_SHARE);
}

/* Where a point of the widget lies in the picture, in its pixels. */
static void
to_picture(VitrineCanvas *self, double x, double y, double *px, double *py)
{
  graphene_rect_t rect;

  vitrine_canvas_view_rect(&self->view, &rect);
  *px = (x - (double)rect.origin.x) / (double)rect.size.width * self->view.picture_width;
  *py = (y - (double)rect.origin.y) / (double)rect.size.height * self->view.picture_height;
}

static gboolean
is_inside(VitrineCanvas *self, double x, double y)
{
  VitrineSpotArea a = vitrine_spot_get_area(self->spot);
  double px, py;

  to_picture(self, x, y, &px, &py);
  return px >= a.x && py >= a.y && px < a.x + a.width && py < a.y + a.height;
}

/* The whole pixels from one point to the other, inside the picture. */
static void
mark(VitrineCanvas *self, double x0, double y0, double x1, double y1, gboolean done)
{
  int w = self->view.picture_width, h = self->view.picture_height;
  int left = (int)CLAMP(floor(MIN(x0, x1)), 0, w - 1);
  int top = (int)CLAMP(floor(MIN(y0, y1)), 0, h - 1);
  int right = (int)CLAMP(ceil(MAX(x0, x1)), left + 1, w);
  int bottom = (int)CLAMP(ceil(MAX(y0, y1)), top + 1, h);
  const VitrineSpotArea area = {left, top, right - left, bottom - top};

  vitrine_spot_set_area(self->spot, &area, done);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void
mark_around(VitrineCanvas *self, double px, double py)
{
  double half = share(self, G_MAXINT) / 2.0;

  mark(self, px - half, py - half, px + half, py + half, TRUE);
}

gboolean
vitrine_canvas_spot_begin(VitrineCanvas *self, double x, double y)
{
  if (!is_active(self))
    return FALSE;
  self->pulling = is_inside(self, x, y);
  self->spot_x = x;
  self->spot_y = y;
  if (self->pulling)
    vitrine_spot_grasp(self->spot);
  return TRUE;
}

void
vitrine_canvas_spot_drag(VitrineCanvas *self, double dx, double dy, gboolean done)
{
  double x0, y0, x1, y1;

  if (self->pulling) {
    vitrine_spot_pull(self->spot, dx / PULL);
    if (done)
      vitrine_spot_release(self->spot);
    return;
  }
  to_picture(self, self->spot_x, self->spot_y, &x0, &y0);
  to_picture(self, self->spot_x + dx, self->spot_y + dy, &x1, &y1);
  if (fabs(dx) >= CLICK || fabs(dy) >= CLICK)
    mark(self, x0, y0, x1, y1, done);
  else if (done)
    mark_around(self, x0, y0);
}

/* ---- keys -------------------------------------------------------------------------------- */

static void
move(VitrineCanvas *self, int x, int y)
{
  VitrineSpotArea a = vitrine_spot_get_area(self->spot);
  int step = MAX(1, share(self, G_MAXINT) / 2);

  if (a.width == 0) {
    mark_around(self, self->view.picture_width / 2.0, self->view.picture_height / 2.0);
    return;
  }
  a.x = CLAMP(a.x + x * step, 0, self->view.picture_width - a.width);
  a.y = CLAMP(a.y + y * step, 0, self->view.picture_height - a.height);
  vitrine_spot_set_area(self->spot, &a, TRUE);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void
pull_once(VitrineCanvas *self, double distance)
{
  vitrine_spot_grasp(self->spot);
  vitrine_spot_pull(self->spot, distance);
  vitrine_spot_release(self->spot);
}

gboolean
vitrine_canvas_spot_key(VitrineCanvas *self, guint key, GdkModifierType state)
{
  gboolean shift = (state & GDK_SHIFT_MASK) != 0;
  int x = (key == GDK_KEY_Right) - (key == GDK_KEY_Left);
  int y = (key == GDK_KEY_Down) - (key == GDK_KEY_Up);

  if (!is_active(self))
    return FALSE;
  if (key == GDK_KEY_Escape)
    vitrine_spot_set_active(self->spot, FALSE);
  else if (shift && x)
    pull_once(self, 0.25 * x);
  else if (!shift && (x || y))
    move(self, x, y);
  else
    return FALSE;
  return TRUE;
}

/* ---- drawing ----------------------------------------------------------------------------- */

static void
append_frame(GtkSnapshot *snapshot, const graphene_rect_t *rect, float inset, const GdkRGBA *colour)
{
  const float widths[4] = {1, 1, 1, 1};
  const GdkRGBA colours[4] = {*colour, *colour, *colour, *colour};
  GskRoundedRect outline;

  gsk_rounded_rect_init_from_rect(&outline, rect, 2);
  gsk_rounded_rect_shrink(&outline, inset, inset, inset, inset);
  gtk_snapshot_append_border(snapshot, &outline, widths, colours);
}

void
vitrine_canvas_spot_snapshot(VitrineCanvas *self, GtkSnapshot *snapshot,
                             const graphene_rect_t *rect)
{
  static const GdkRGBA light = {1, 1, 1, 0.95f}, dark = {0, 0, 0, 0.7f};
  VitrineSpotArea a;

  if (!is_active(self) || (a = vitrine_spot_get_area(self->spot)).width == 0)
    return;
  float sx = rect->size.width / (float)self->view.picture_width;
  float sy = rect->size.height / (float)self->view.picture_height;
  graphene_rect_t spot =
      GRAPHENE_RECT_INIT(rect->origin.x + (float)a.x * sx, rect->origin.y + (float)a.y * sy,
                         (float)a.width * sx, (float)a.height * sy);
  append_frame(snapshot, &spot, -1, &dark);
  append_frame(snapshot, &spot, 0, &light);
  append_frame(snapshot, &spot, 1, &dark);
}

static void
spot_cb(VitrineCanvas *self)
{
  gtk_widget_set_cursor_from_name(GTK_WIDGET(self), is_active(self) ? "crosshair" : NULL);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

void
vitrine_canvas_set_spot(VitrineCanvas *self, VitrineSpot *spot)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  g_set_object(&self->spot, spot);
  g_signal_connect_object(spot, "changed", G_CALLBACK(spot_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(spot, "notify::active", G_CALLBACK(spot_cb), self, G_CONNECT_SWAPPED);
}
