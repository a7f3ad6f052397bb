/* The canvas under pointer, fingers and keys. */
#include "ui/canvas/vitrine-canvas-private.h"
#include <math.h>

/* Logical pixels that a click may move. */
#define CLICK         4
#define GRAB_DISTANCE 12.0
#define KEY_PAN       48.0
#define NOTCH_FACTOR  1.2
#define DIVIDER_STEP  0.02

static gboolean
divider_shown(VitrineCanvas *self)
{
  return self->divider && self->compare == VITRINE_COMPARE_WIPE && self->original && self->texture;
}

/* Where on the canvas that face (of the first row) begins, and how wide faces are. */
static double
face_x(VitrineCanvas *self, int face, double *width)
{
  graphene_rect_t rect;

  vitrine_canvas_view_rect(&self->view, &rect);
  *width = MAX(rect.size.width / (float)self->columns, 1);
  return rect.origin.x + face * *width;
}

static void
set_divider_x(VitrineCanvas *self, double x)
{
  double width, from = face_x(self, self->dragging_face, &width);

  self->divider_at = CLAMP((x - from) / width, 0, 1);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* The face whose divider is there, -1: none. */
static int
near_divider(VitrineCanvas *self, double x)
{
  for (int i = 0; divider_shown(self) && i < self->columns; i++) {
    double width, from = face_x(self, i, &width);
    if (fabs(x - from - width * self->divider_at) <= MIN(GRAB_DISTANCE, width / 4))
      return i;
  }
  return -1;
}

static void
pan(VitrineCanvas *self, double dx, double dy)
{
  if (vitrine_canvas_view_pan(&self->view, dx, dy))
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void
zoom_at(VitrineCanvas *self, double zoom, double x, double y)
{
  vitrine_canvas_view_zoom_at(&self->view, zoom, x, y);
  vitrine_canvas_view_changed(self);
}

/* ---- pointer ----------------------------------------------------------------------------- */

static void
drag_begin_cb(GtkGestureDrag *gesture, double x, double y, gpointer data)
{
  VitrineCanvas *self = data;
  guint button = gtk_gesture_single_get_current_button(GTK_GESTURE_SINGLE(gesture));

  GdkModifierType state =
      gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(gesture));

  gtk_widget_grab_focus(GTK_WIDGET(self));
  self->dragging_lie = button == GDK_BUTTON_PRIMARY && vitrine_canvas_lie_begin(self, x, y, state);
  self->drag_x = self->drag_y = 0;
  self->dragging_face = near_divider(self, x);
  gboolean free = button == GDK_BUTTON_PRIMARY && !self->dragging_lie;
  self->dragging_divider = free && self->dragging_face >= 0;
  self->dragging_grip = free && !self->dragging_divider && vitrine_canvas_grips_begin(self, x, y);
  self->dragging_spot = free && !self->dragging_divider && !self->dragging_grip &&
                        vitrine_canvas_spot_begin(self, x, y);
}

static void
drag_update_cb(GtkGestureDrag *gesture, double dx, double dy, gpointer data)
{
  VitrineCanvas *self = data;
  double x, y;

  gtk_gesture_drag_get_start_point(gesture, &x, &y);
  if (self->dragging_lie)
    vitrine_canvas_lie_drag(self, x, y, dx, dy, FALSE);
  else if (self->dragging_grip)
    vitrine_canvas_grips_drag(self, x + dx, y + dy);
  else if (self->dragging_spot)
    vitrine_canvas_spot_drag(self, dx, dy, FALSE);
  else if (self->dragging_divider)
    set_divider_x(self, x + dx);
  else
    pan(self, dx - self->drag_x, dy - self->drag_y);
  self->drag_x = dx;
  self->drag_y = dy;
}

static void
drag_end_cb(GtkGestureDrag *gesture, double dx, double dy, gpointer data)
{
  VitrineCanvas *self = data;

  guint button = gtk_gesture_single_get_current_button(GTK_GESTURE_SINGLE(gesture));
  double x, y;

  if (self->dragging_lie && gtk_gesture_drag_get_start_point(gesture, &x, &y))
    vitrine_canvas_lie_drag(self, x, y, dx, dy, TRUE);
  else if (self->dragging_spot)
    vitrine_canvas_spot_drag(self, dx, dy, TRUE);
  else if (!self->dragging_grip && !self->dragging_divider && self->columns > 1 &&
           button == GDK_BUTTON_PRIMARY && hypot(dx, dy) < CLICK &&
           gtk_gesture_drag_get_start_point(gesture, &x, &y) &&
           vitrine_canvas_face_at(self, x, y) >= 0)
    vitrine_canvas_activate_face(self, vitrine_canvas_face_at(self, x, y));
  self->dragging_divider = self->dragging_spot = self->dragging_grip = FALSE;
  self->dragging_lie = FALSE;
}

static void
motion_cb(GtkEventControllerMotion *controller, double x, double y, gpointer data)
{
  VitrineCanvas *self = data;
  gboolean points =
      vitrine_canvas_has_grips(self) || (self->spot && vitrine_spot_get_active(self->spot));
  GdkModifierType state =
      gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(controller));
  gboolean moves = self->movable && (state & GDK_CONTROL_MASK);
  const char *cursor = moves                        ? "move"
                       : near_divider(self, x) >= 0 ? "col-resize"
                       : points                     ? "crosshair"
                       : self->view.fit             ? NULL
                                                    : "grab";

  self->pointer_x = x;
  self->pointer_y = y;
  if (vitrine_canvas_has_grips(self))
    gtk_widget_queue_draw(GTK_WIDGET(self)); /* the brush */
  gtk_widget_set_cursor_from_name(GTK_WIDGET(self), cursor);
}

/* A wheel zooms; a touchpad, whose fingers move in pixels, pans unless Ctrl is held. */
static gboolean
scroll_cb(GtkEventControllerScroll *scroll, double dx, double dy, gpointer data)
{
  VitrineCanvas *self = data;
  GtkEventController *controller = GTK_EVENT_CONTROLLER(scroll);
  gboolean ctrl =
      (gtk_event_controller_get_current_event_state(controller) & GDK_CONTROL_MASK) != 0;
  gboolean pixels = gtk_event_controller_scroll_get_unit(scroll) == GDK_SCROLL_UNIT_SURFACE;

  if (pixels && !ctrl) {
    pan(self, -dx, -dy);
    return GDK_EVENT_STOP;
  }
  double notches = pixels ? dy / 40 : dy;
  zoom_at(self, vitrine_canvas_view_zoom(&self->view) * pow(NOTCH_FACTOR, -notches),
          self->pointer_x, self->pointer_y);
  return GDK_EVENT_STOP;
}

static void
pinch_begin_cb(GtkGesture *gesture, GdkEventSequence *sequence, gpointer data)
{
  VitrineCanvas *self = data;
  self->pinch_zoom = vitrine_canvas_view_zoom(&self->view);
}

static void
pinch_cb(GtkGestureZoom *gesture, double scale, gpointer data)
{
  VitrineCanvas *self = data;
  double x = self->view.width / 2, y = self->view.height / 2;

  gtk_gesture_get_bounding_box_center(GTK_GESTURE(gesture), &x, &y);
  zoom_at(self, self->pinch_zoom * scale, x, y);
}

/* ---- keys -------------------------------------------------------------------------------- */

static gboolean
arrow(VitrineCanvas *self, int x, int y, GdkModifierType state)
{
  if ((state & GDK_SHIFT_MASK) && divider_shown(self) && x != 0) {
    self->divider_at = CLAMP(self->divider_at + x * DIVIDER_STEP, 0, 1);
    gtk_widget_queue_draw(GTK_WIDGET(self));
    return GDK_EVENT_STOP;
  }
  if (self->view.fit)
    return GDK_EVENT_PROPAGATE; /* nothing to pan: the arrows move the focus */
  pan(self, -x * KEY_PAN, -y * KEY_PAN);
  return GDK_EVENT_STOP;
}

static gboolean
key_pressed_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
               gpointer data)
{
  VitrineCanvas *self = data;

  if (vitrine_canvas_lie_key(self, key, state))
    return GDK_EVENT_STOP;
  if (state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK))
    return GDK_EVENT_PROPAGATE;
  if (vitrine_canvas_grips_key(self, key, state) || vitrine_canvas_spot_key(self, key, state))
    return GDK_EVENT_STOP;
  switch (key) {
  case GDK_KEY_space:
    vitrine_canvas_set_show_original(self, TRUE);
    return GDK_EVENT_STOP;
  case GDK_KEY_Left:
    return arrow(self, -1, 0, state);
  case GDK_KEY_Right:
    return arrow(self, 1, 0, state);
  case GDK_KEY_Up:
    return arrow(self, 0, -1, state);
  case GDK_KEY_Down:
    return arrow(self, 0, 1, state);
  case GDK_KEY_plus:
  case GDK_KEY_equal:
  case GDK_KEY_KP_Add:
    vitrine_canvas_zoom_in(self);
    return GDK_EVENT_STOP;
  case GDK_KEY_minus:
  case GDK_KEY_KP_Subtract:
    vitrine_canvas_zoom_out(self);
    return GDK_EVENT_STOP;
  default:
    return GDK_EVENT_PROPAGATE;
  }
}

static void
key_released_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
                gpointer data)
{
  if (key == GDK_KEY_space)
    vitrine_canvas_set_show_original(data, FALSE);
}

/* A key released over another window is never reported. */
static void
focus_left_cb(GtkEventControllerFocus *controller, gpointer data)
{
  vitrine_canvas_set_show_original(data, FALSE);
}

static void
add_drag(VitrineCanvas *self, guint button)
{
  GtkGesture *drag = gtk_gesture_drag_new();

  gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(drag), button);
  g_signal_connect(drag, "drag-begin", G_CALLBACK(drag_begin_cb), self);
  g_signal_connect(drag, "drag-update", G_CALLBACK(drag_update_cb), self);
  g_signal_connect(drag, "drag-end", G_CALLBACK(drag_end_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
}

void
vitrine_canvas_init_input(VitrineCanvas *self)
{
  g_return_if_fail(VITRINE_IS_CANVAS(self));
  GtkWidget *widget = GTK_WIDGET(self);
  GtkEventController *motion = gtk_event_controller_motion_new();
  GtkEventController *scroll =
      gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
  GtkGesture *pinch = gtk_gesture_zoom_new();
  GtkEventController *key = gtk_event_controller_key_new();
  GtkEventController *focus = gtk_event_controller_focus_new();

  add_drag(self, GDK_BUTTON_PRIMARY);
  add_drag(self, GDK_BUTTON_MIDDLE);
  g_signal_connect(motion, "motion", G_CALLBACK(motion_cb), self);
  g_signal_connect(scroll, "scroll", G_CALLBACK(scroll_cb), self);
  g_signal_connect(pinch, "begin", G_CALLBACK(pinch_begin_cb), self);
  g_signal_connect(pinch, "scale-changed", G_CALLBACK(pinch_cb), self);
  g_signal_connect(key, "key-pressed", G_CALLBACK(key_pressed_cb), self);
  g_signal_connect(key, "key-released", G_CALLBACK(key_released_cb), self);
  g_signal_connect(focus, "leave", G_CALLBACK(focus_left_cb), self);
  gtk_widget_add_controller(widget, motion);
  gtk_widget_add_controller(widget, scroll);
  gtk_widget_add_controller(widget, GTK_EVENT_CONTROLLER(pinch));
  gtk_widget_add_controller(widget, key);
  gtk_widget_add_controller(widget, focus);
}
