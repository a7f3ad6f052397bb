/* Taking hold of points of the picture: a press sets one and the drag says where it goes, or moves
 * one that is there; with the brush it marks what stays. By keys: Insert sets a point, Page Up and
 * Page Down choose one, arrows move its target, with Shift itself, Delete takes it away; with the
 * brush arrows move it and Return paints. */
#include "ui/canvas/vitrine-canvas-private.h"
#include <math.h>

/* Of the screen's pixels: how near a press has to be, and how large a point is drawn. */
#define NEAR   10.0
#define RADIUS 5.0
/* The brush's radius, of the picture's smaller side. */
#define BRUSH (1 / 14.0)

gboolean
vitrine_canvas_has_grips(VitrineCanvas *self)
{
  return self->grips && vitrine_grips_get_active(self->grips) && self->texture &&
         self->columns == 1;
}

static double
scale_of(VitrineCanvas *self, graphene_rect_t *rect)
{
  vitrine_canvas_view_rect(&self->view, rect);
  return (double)rect->size.width / MAX(self->view.picture_width, 1);
}

/* The pixel under a point of the widget; (0, 0) is the middle of the first. */
static void
to_pixel(VitrineCanvas *self, double x, double y, double *px, double *py)
{
  graphene_rect_t rect;
  double scale = scale_of(self, &rect);

  *px = (x - (double)rect.origin.x) / scale - 0.5;
  *py = (y - (double)rect.origin.y) / scale - 0.5;
}

static double
brush(VitrineCanvas *self)
{
  return MAX(1, BRUSH * MIN(self->view.picture_width, self->view.picture_height));
}

static void
paint(VitrineCanvas *self, double px, double py)
{
  vitrine_grips_paint(self->grips, px, py, brush(self),
                      vitrine_grips_get_tool(self->grips) == VITRINE_GRIPS_HOLD);
  self->brush_x = px;
  self->brush_y = py;
}

/* From where it was, without gaps however fast the pointer goes. */
static void
stroke(VitrineCanvas *self, double px, double py)
{
  double x = self->brush_x, y = self->brush_y;
  int n = (int)MIN(ceil(2 * hypot(px - x, py - y) / brush(self)), 200);

  for (int i = 1; i <= n; i++)
    paint(self, x + (px - x) * i / n, y + (py - y) * i / n);
}

/* ---- pointer --------------------------------------------------------------------------------- */

/* The point whose target, or which itself, is near enough; the target comes first. */
static int
point_near(VitrineCanvas *self, double px, double py, gboolean *handle)
{
  graphene_rect_t rect;
  double reach = NEAR / scale_of(self, &rect);
  int n;
  const VitrineGrip *points = vitrine_grips_get_points(self->grips, &n);

  for (int pass = 0; pass < 2; pass++)
    for (int i = n - 1; i >= 0; i--) {
      double x = pass ? points[i].x : points[i].target_x;
      double y = pass ? points[i].y : points[i].target_y;
      *handle = pass == 1;
      if (hypot(x - px, y - py) <= reach)
        return i;
    }
  return -1;
}

gboolean
vitrine_canvas_grips_begin(VitrineCanvas *self, double x, double y)
{
  double px, py;

  if (!vitrine_canvas_has_grips(self))
    return FALSE;
  to_pixel(self, x, y, &px, &py);
  if (vitrine_grips_get_tool(self->grips) != VITRINE_GRIPS_POINTS) {
    paint(self, px, py);
    return TRUE;
  }
  int near = point_near(self, px, py, &self->moving_handle);
  if (near >= 0) {
    vitrine_grips_choose(self->grips, near);
  } else {
    self->moving_handle = FALSE;
    if (px < -0.5 || py < -0.5 || px > self->view.picture_width - 0.5 ||
        py > self->view.picture_height - 0.5)
      return FALSE; /* beside the picture */
    vitrine_grips_add(self->grips, rint(px), rint(py));
  }
  return TRUE;
}

void
vitrine_canvas_grips_drag(VitrineCanvas *self, double x, double y)
{
  double px, py;

  to_pixel(self, x, y, &px, &py);
  if (vitrine_grips_get_tool(self->grips) != VITRINE_GRIPS_POINTS)
    stroke(self, px, py);
  else if (self->moving_handle)
    vitrine_grips_move_handle(self->grips, rint(px), rint(py));
  else
    vitrine_grips_move_target(self->grips, rint(px), rint(py));
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void
move_chosen(VitrineCanvas *self, int dx, int dy, gboolean handle)
{
  int n, chosen = vitrine_grips_get_chosen(self->grips);
  const VitrineGrip *p = vitrine_grips_get_points(self->grips, &n);

  if (chosen < 0)
    return;
  p += chosen;
  if (handle)
    vitrine_grips_move_handle(self->grips, p->x + dx, p->y + dy);
  else
    vitrine_grips_move_target(self->grips, p->target_x + dx, p->target_y + dy);
}

static void
choose_next(VitrineCanvas *self, int by)
{
  int n, chosen = vitrine_grips_get_chosen(self->grips);

  vitrine_grips_get_points(self->grips, &n);
  if (n > 0)
    vitrine_grips_choose(self->grips, (chosen + by + n) % n);
}

/* The brush stands where the pointer was last. */
static void
move_brush(VitrineCanvas *self, int dx, int dy)
{
  graphene_rect_t rect;
  double step = brush(self) * scale_of(self, &rect);

  self->pointer_x = CLAMP(self->pointer_x + dx * step, (double)rect.origin.x,
                          (double)(rect.origin.x + rect.size.width));
  self->pointer_y = CLAMP(self->pointer_y + dy * step, (double)rect.origin.y,
                          (double)(rect.origin.y + rect.size.height));
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

static gboolean
points_key(VitrineCanvas *self, guint key, int dx, int dy, gboolean shift)
{
  if (dx || dy)
    move_chosen(self, dx, dy, shift);
  else if (key == GDK_KEY_Insert || key == GDK_KEY_KP_Insert)
    vitrine_grips_add(self->grips, self->view.picture_width / 2, self->view.picture_height / 2);
  else if (key == GDK_KEY_Delete || key == GDK_KEY_BackSpace)
    vitrine_grips_remove_chosen(self->grips);
  else if (key == GDK_KEY_Page_Down || key == GDK_KEY_Page_Up)
    choose_next(self, key == GDK_KEY_Page_Down ? 1 : -1);
  else
    return FALSE;
  return TRUE;
}

static gboolean
brush_key(VitrineCanvas *self, guint key, int dx, int dy)
{
  double px, py;

  if (dx || dy) {
    move_brush(self, dx, dy);
    return TRUE;
  }
  if (key != GDK_KEY_Return && key != GDK_KEY_KP_Enter)
    return FALSE;
  to_pixel(self, self->pointer_x, self->pointer_y, &px, &py);
  paint(self, px, py);
  return TRUE;
}

gboolean
vitrine_canvas_grips_key(VitrineCanvas *self, guint key, GdkModifierType state)
{
  int dx = (key == GDK_KEY_Right) - (key == GDK_KEY_Left);
  int dy = (key == GDK_KEY_Down) - (key == GDK_KEY_Up);

  if (!vitrine_canvas_has_grips(self))
    return FALSE;
  if (key == GDK_KEY_Escape) {
    vitrine_grips_set_active(self->grips, FALSE);
    return TRUE;
  }
  if (vitrine_grips_get_tool(self->grips) == VITRINE_GRIPS_POINTS)
    return points_key(self, key, dx, dy, (state & GDK_SHIFT_MASK) != 0);
  return brush_key(self, key, dx, dy);
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* Blue over the picture, by runs of rows. */
static void
draw_held(VitrineCanvas *self, cairo_t *cr, const guint8 *held, double scale)
{
  int w, h;

  vitrine_grips_get_size(self->grips, &w, &h);
  cairo_set_source_rgba(cr, 0.1, 0.3, 0.9, 0.35);
  for (int y = 0; y < h; y++)
    for (int x = 0, from; x < w; x++) {
      if (!held[(gsize)y * (gsize)w + (gsize)x])
        continue;
      for (from = x; x < w && held[(gsize)y * (gsize)w + (gsize)x]; x++) {
      }
      cairo_rectangle(cr, from * scale, y * scale, (x - from) * scale, scale);
    }
  cairo_fill(cr);
}

static void
dot(cairo_t *cr, double x, double y, double radius, double grey)
{
  cairo_new_sub_path(cr);
  cairo_arc(cr, x, y, radius, 0, 2 * G_PI);
  cairo_set_source_rgb(cr, grey, grey, grey);
  cairo_fill_preserve(cr);
  cairo_set_source_rgb(cr, 1 - grey, 1 - grey, 1 - grey);
  cairo_set_line_width(cr, 1.5);
  cairo_stroke(cr);
}

static void
draw_point(cairo_t *cr, const VitrineGrip *p, double scale, gboolean chosen)
{
  double x = (p->x + 0.5) * scale, y = (p->y + 0.5) * scale;
  double to_x = (p->target_x + 0.5) * scale, to_y = (p->target_y + 0.5) * scale;

  for (int pass = 0; pass < 2; pass++) {
    cairo_move_to(cr, x, y);
    cairo_line_to(cr, to_x, to_y);
    cairo_set_source_rgb(cr, pass, pass, pass);
    cairo_set_line_width(cr, pass ? 1.5 : 3.5);
    cairo_stroke(cr);
  }
  dot(cr, to_x, to_y, RADIUS + (chosen ? 3 : 1), 0); /* black: the target */
  dot(cr, x, y, RADIUS, 1);
}

void
vitrine_canvas_grips_snapshot(VitrineCanvas *self, GtkSnapshot *snapshot,
                              const graphene_rect_t *rect)
{
  if (!vitrine_canvas_has_grips(self))
    return;
  int n, chosen = vitrine_grips_get_chosen(self->grips);
  const VitrineGrip *points = vitrine_grips_get_points(self->grips, &n);
  const guint8 *held = vitrine_grips_get_held(self->grips);
  double scale = (double)rect->size.width / MAX(self->view.picture_width, 1);
  cairo_t *cr = gtk_snapshot_append_cairo(
      snapshot, &GRAPHENE_RECT_INIT(0, 0, (float)self->view.width, (float)self->view.height));

  cairo_translate(cr, (double)rect->origin.x, (double)rect->origin.y);
  if (held)
    draw_held(self, cr, held, scale);
  for (int i = 0; i < n; i++)
    draw_point(cr, &points[i], scale, i == chosen);
  if (vitrine_grips_get_tool(self->grips) != VITRINE_GRIPS_POINTS) {
    cairo_arc(cr, self->pointer_x - (double)rect->origin.x,
              self->pointer_y - (double)rect->origin.y, brush(self) * scale, 0, 2 * G_PI);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_set_line_width(cr, 1.5);
    cairo_stroke(cr);
  }
  cairo_destroy(cr);
}

static void
grips_cb(VitrineCanvas *self)
{
  gtk_widget_set_cursor_from_name(GTK_WIDGET(self),
                                  vitrine_canvas_has_grips(self) ? "crosshair" : NULL);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

void
vitrine_canvas_set_grips(VitrineCanvas *self, VitrineGrips *grips)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  g_set_object(&self->grips, grips);
  g_signal_connect_object(grips, "changed", G_CALLBACK(grips_cb), self, G_CONNECT_SWAPPED);
}
