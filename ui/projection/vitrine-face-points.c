#include "ui/projection/vitrine-face-points.h"
#include <math.h>

#define RADIUS 5 /* of a point, in pixels of the screen */

struct _VitrineFacePoints {
  GtkWidget parent_instance;
  GdkTexture *texture;
  double at[6]; /* as vitrine_face_points_get() */
  int chosen;   /* 0, 1, 2 */
};

G_DEFINE_FINAL_TYPE(VitrineFacePoints, vitrine_face_points, GTK_TYPE_WIDGET)

/* Where the picture lies in the widget. */
static graphene_rect_t
place(VitrineFacePoints *self)
{
  double w = gtk_widget_get_width(GTK_WIDGET(self)), h = gtk_widget_get_height(GTK_WIDGET(self));
  double scale =
      MIN(w / gdk_texture_get_width(self->texture), h / gdk_texture_get_height(self->texture));
  double across = scale * gdk_texture_get_width(self->texture),
         down = scale * gdk_texture_get_height(self->texture);

  return GRAPHENE_RECT_INIT((float)((w - across) / 2), (float)((h - down) / 2), (float)across,
                            (float)down);
}

static void
vitrine_face_points_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
  VitrineFacePoints *self = VITRINE_FACE_POINTS(widget);
  graphene_rect_t all = GRAPHENE_RECT_INIT(0, 0, (float)gtk_widget_get_width(widget),
                                           (float)gtk_widget_get_height(widget));

  if (!self->texture)
    return;
  graphene_rect_t r = place(self);
  gtk_snapshot_append_texture(snapshot, self->texture, &r);
  cairo_t *cr = gtk_snapshot_append_cairo(snapshot, &all);
  for (int i = 0; i < 3; i++) {
    double x = (double)r.origin.x + self->at[2 * i] * (double)r.size.width;
    double y = (double)r.origin.y + self->at[2 * i + 1] * (double)r.size.height;
    cairo_arc(cr, x, y, RADIUS, 0, 2 * G_PI);
    cairo_set_source_rgba(cr, 1, 1, 1, i == self->chosen ? 1 : 0.6);
    cairo_fill_preserve(cr);
    cairo_set_source_rgb(cr, 0, 0, 0);
    cairo_set_line_width(cr, i == self->chosen && gtk_widget_has_focus(widget) ? 3 : 1.5);
    cairo_stroke(cr);
  }
  cairo_destroy(cr);
}

void
vitrine_face_points_set_texture(VitrineFacePoints *self, GdkTexture *texture)
{
  static const double usual[6] = {0.38, 0.45, 0.62, 0.45, 0.5, 0.68};

  g_return_if_fail(VITRINE_IS_FACE_POINTS(self));
  g_set_object(&self->texture, texture);
  for (int i = 0; i < 6; i++)
    self->at[i] = usual[i];
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

void
vitrine_face_points_get(VitrineFacePoints *self, double points[6])
{
  g_return_if_fail(VITRINE_IS_FACE_POINTS(self));
  for (int i = 0; i < 6; i++)
    points[i] = self->at[i];
}

void
vitrine_face_points_move(VitrineFacePoints *self, int point, double x, double y)
{
  g_return_if_fail(VITRINE_IS_FACE_POINTS(self));
  g_return_if_fail(point >= 0 && point < 3);
  self->chosen = point;
  self->at[2 * point] = CLAMP(x, 0, 1);
  self->at[2 * point + 1] = CLAMP(y, 0, 1);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* ---- pointer --------------------------------------------------------------------------------- */

static void
move_to(VitrineFacePoints *self, double x, double y)
{
  graphene_rect_t r = place(self);

  vitrine_face_points_move(self, self->chosen,
                           (x - (double)r.origin.x) / MAX((double)r.size.width, 1),
                           (y - (double)r.origin.y) / MAX((double)r.size.height, 1));
}

/* The nearest point comes along. */
static void
drag_begin_cb(VitrineFacePoints *self, double x, double y)
{
  double best = INFINITY;

  if (!self->texture)
    return;
  graphene_rect_t r = place(self);
  for (int i = 0; i < 3; i++) {
    double dx = (double)r.origin.x + self->at[2 * i] * (double)r.size.width - x;
    double dy = (double)r.origin.y + self->at[2 * i + 1] * (double)r.size.height - y;
    if (hypot(dx, dy) < best) {
      best = hypot(dx, dy);
      self->chosen = i;
    }
  }
  gtk_widget_grab_focus(GTK_WIDGET(self));
  move_to(self, x, y);
}

static void
drag_update_cb(VitrineFacePoints *self, double dx, double dy, GtkGestureDrag *drag)
{
  double x, y;

  if (self->texture && gtk_gesture_drag_get_start_point(drag, &x, &y))
    move_to(self, x + dx, y + dy);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static gboolean
key_cb(VitrineFacePoints *self, guint key)
{
  double x = key == GDK_KEY_Right ? 1 : key == GDK_KEY_Left ? -1 : 0;
  double y = key == GDK_KEY_Down ? 1 : key == GDK_KEY_Up ? -1 : 0;

  if (!self->texture || (x == 0 && y == 0 && key != GDK_KEY_space))
    return FALSE;
  if (key == GDK_KEY_space)
    self->chosen = (self->chosen + 1) % 3;
  vitrine_face_points_move(
      self, self->chosen, self->at[2 * self->chosen] + x / gdk_texture_get_width(self->texture),
      self->at[2 * self->chosen + 1] + y / gdk_texture_get_height(self->texture));
  return TRUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
vitrine_face_points_dispose(GObject *object)
{
  g_clear_object(&VITRINE_FACE_POINTS(object)->texture);
  G_OBJECT_CLASS(vitrine_face_points_parent_class)->dispose(object);
}

static void
vitrine_face_points_class_init(VitrineFacePointsClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_face_points_dispose;
  GTK_WIDGET_CLASS(class)->snapshot = vitrine_face_points_snapshot;
  gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(class), GTK_ACCESSIBLE_ROLE_IMG);
}

static void
vitrine_face_points_init(VitrineFacePoints *self)
{
  GtkGesture *drag = gtk_gesture_drag_new();
  GtkEventController *keys = gtk_event_controller_key_new();

  gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
  g_signal_connect_swapped(drag, "drag-begin", G_CALLBACK(drag_begin_cb), self);
  g_signal_connect_swapped(drag, "drag-update", G_CALLBACK(drag_update_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
  g_signal_connect_swapped(keys, "key-pressed", G_CALLBACK(key_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), keys);
}
