/* Moving and turning what the model draws: the picture itself, not the view of it. While a hand
 * does it the picture that is there is shown moved, which costs nothing; the model is asked when
 * the hand lets go. */
#include "ui/canvas/vitrine-canvas-private.h"
#include <math.h>

/* Of keys: parts of a face's width, and degrees. */
#define KEY_STEP 0.02
#define KEY_TURN 2.0

static gboolean
lies_askew(const VitrineCanvas *self)
{
  return self->lie_degrees != 0 || self->lie_x != 0 || self->lie_y != 0;
}

static void
set_lie(VitrineCanvas *self, double degrees, double x, double y)
{
  self->lie_degrees = degrees;
  self->lie_x = x;
  self->lie_y = y;
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* The face at a place of the widget, FALSE: there is none. */
static gboolean
face_rect(VitrineCanvas *self, double x, double y, graphene_rect_t *face)
{
  int k = vitrine_canvas_face_at(self, x, y);
  graphene_rect_t all;

  if (k < 0)
    return FALSE;
  vitrine_canvas_view_rect(&self->view, &all);
  vitrine_canvas_cell(self, &all, k, face);
  return TRUE;
}

gboolean
vitrine_canvas_lie_begin(VitrineCanvas *self, double x, double y, GdkModifierType state)
{
  self->turning = (state & GDK_SHIFT_MASK) != 0;
  return self->movable && (state & GDK_CONTROL_MASK) && face_rect(self, x, y, &self->lie_face);
}

/* Degrees anticlockwise of a place around the face's middle. */
static double
angle_at(const VitrineCanvas *self, double x, double y)
{
  graphene_point_t middle;

  graphene_rect_get_center(&self->lie_face, &middle);
  return atan2(-(y - (double)middle.y), x - (double)middle.x) * 180 / G_PI;
}

void
vitrine_canvas_lie_drag(VitrineCanvas *self, double x, double y, double dx, double dy,
                        gboolean done)
{
  if (self->turning)
    set_lie(self, remainder(angle_at(self, x + dx, y + dy) - angle_at(self, x, y), 360), 0, 0);
  else
    set_lie(self, 0, dx / (double)self->lie_face.size.width,
            dy / (double)self->lie_face.size.height);
  if (done && lies_askew(self))
    vitrine_canvas_tell_moved(self, self->lie_degrees, self->lie_x, self->lie_y, FALSE);
}

gboolean
vitrine_canvas_lie_key(VitrineCanvas *self, guint key, GdkModifierType state)
{
  int x = key == GDK_KEY_Left ? -1 : key == GDK_KEY_Right ? 1 : 0;
  int y = key == GDK_KEY_Up ? -1 : key == GDK_KEY_Down ? 1 : 0;

  if (!self->movable || !(state & GDK_CONTROL_MASK) || (x == 0 && y == 0))
    return FALSE;
  if (state & GDK_SHIFT_MASK)
    vitrine_canvas_tell_moved(self, -KEY_TURN * (x + y), 0, 0, TRUE);
  else
    vitrine_canvas_tell_moved(self, 0, KEY_STEP * x, KEY_STEP * y, TRUE);
  return TRUE;
}

/* The newest picture is where the model drew it. */
void
vitrine_canvas_lie_reset(VitrineCanvas *self)
{
  if (!self->dragging_lie)
    set_lie(self, 0, 0, 0);
}

/* Each face within its own frame; what comes into sight there is not known yet. */
void
vitrine_canvas_append_askew(VitrineCanvas *self, GtkSnapshot *snapshot, const graphene_rect_t *rect,
                            const graphene_rect_t *visible)
{
  double side = (double)rect->size.width / self->columns;
  int rows = MAX(1, (int)lround((double)rect->size.height / side));

  if (!lies_askew(self)) {
    vitrine_canvas_append(self, snapshot, self->texture, rect, visible);
    return;
  }
  for (int k = 0; k < self->columns * rows; k++) {
    graphene_rect_t face;
    vitrine_canvas_cell(self, rect, k, &face);
    graphene_point_t middle;
    graphene_rect_get_center(&face, &middle);
    double x = (double)middle.x + self->lie_x * (double)face.size.width;
    double y = (double)middle.y + self->lie_y * (double)face.size.height;
    gtk_snapshot_push_clip(snapshot, &face);
    gtk_snapshot_save(snapshot);
    gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT((float)x, (float)y));
    gtk_snapshot_rotate(snapshot, (float)-self->lie_degrees);
    gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(-middle.x, -middle.y));
    gtk_snapshot_push_clip(snapshot, &face);
    gtk_snapshot_append_texture(snapshot, self->texture, rect);
    gtk_snapshot_pop(snapshot);
    gtk_snapshot_restore(snapshot);
    gtk_snapshot_pop(snapshot);
  }
}
