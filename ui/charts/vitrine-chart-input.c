/* The chart under pointer, fingers and keys. */
#include <glib/gi18n.h>
#include <math.h>
#include "ui/charts/vitrine-chart-private.h"

#define NOTCH        1.25 /* zoom of one notch of the wheel */
#define NOTCH_PIXELS 40.0 /* what a touchpad's notch is */
#define PAN_PART     0.1  /* of the range, for one notch or key press */
#define PAGE         10   /* points that Ctrl+Left passes */

static void
zoom_at(VitrineChart *self, double x, double factor)
{
  double x0, x1;

  vitrine_chart_get_range(self, &x0, &x1);
  vitrine_chart_move_to(self, x - (x - x0) / factor, x + (x1 - x) / factor);
}

static void
pan(VitrineChart *self, double by)
{
  double x0, x1;

  vitrine_chart_get_range(self, &x0, &x1);
  vitrine_chart_move_to(self, x0 + by, x1 + by);
}

static double
span(VitrineChart *self)
{
  double x0, x1;

  vitrine_chart_get_range(self, &x0, &x1);
  return x1 - x0;
}

/* The x that the pointer is at, the middle of the axis when it is nowhere. */
static double
x_at(VitrineChart *self, double pixel)
{
  double x0, x1;

  vitrine_chart_get_range(self, &x0, &x1);
  if (isnan(pixel) || self->frame.width <= 0)
    return (x0 + x1) / 2;
  double part = CLAMP((pixel - self->frame.left) / self->frame.width, 0, 1);
  return x0 + part * (x1 - x0);
}

/* ---- pointer ----------------------------------------------------------------------------- */

static int
legend_entry_at(VitrineChart *self, double x, double y)
{
  for (guint i = 0; i < self->curves->len; i++)
    if (graphene_rect_contains_point(&vitrine_chart_curve(self, i)->button,
                                     &GRAPHENE_POINT_INIT((float)x, (float)y)))
      return (int)i;
  return -1;
}

static void
motion_cb(GtkEventControllerMotion *controller, double x, double y, VitrineChart *self)
{
  gboolean button = legend_entry_at(self, x, y) >= 0;

  self->pointer_x = x;
  self->pointer_y = y;
  gtk_widget_set_cursor_from_name(GTK_WIDGET(self), button           ? "pointer"
                                                    : self->dragging ? "grabbing"
                                                                     : NULL);
  vitrine_chart_point_at(self, x, y);
}

static void
leave_cb(GtkEventControllerMotion *controller, VitrineChart *self)
{
  self->pointer_x = self->pointer_y = NAN;
  vitrine_chart_set_cursor(self, NAN);
}

static void
pressed_cb(GtkGestureClick *click, int n_press, double x, double y, VitrineChart *self)
{
  int entry = legend_entry_at(self, x, y);

  gtk_widget_grab_focus(GTK_WIDGET(self));
  if (entry >= 0) {
    gtk_gesture_set_state(GTK_GESTURE(click), GTK_EVENT_SEQUENCE_CLAIMED);
    vitrine_chart_toggle(self, (guint)entry);
  } else if (n_press == 2) {
    vitrine_chart_show_everything(self);
  }
}

static void
drag_begin_cb(GtkGestureDrag *drag, double x, double y, VitrineChart *self)
{
  vitrine_chart_get_range(self, &self->drag_x0, &self->drag_x1);
}

/* A finger that goes up or down scrolls the list that the chart is in. */
static void
drag_update_cb(GtkGestureDrag *drag, double dx, double dy, VitrineChart *self)
{
  GdkEvent *event = gtk_event_controller_get_current_event(GTK_EVENT_CONTROLLER(drag));
  GdkEventType type = event ? gdk_event_get_event_type(event) : GDK_MOTION_NOTIFY;
  gboolean touch = type == GDK_TOUCH_UPDATE || type == GDK_TOUCH_BEGIN;

  if (!self->dragging) {
    if (fmax(fabs(dx), fabs(dy)) < 4)
      return;
    gboolean across = !touch || fabs(dx) > fabs(dy);
    gtk_gesture_set_state(GTK_GESTURE(drag),
                          across ? GTK_EVENT_SEQUENCE_CLAIMED : GTK_EVENT_SEQUENCE_DENIED);
    if (!across)
      return;
    self->dragging = TRUE;
  }
  double by = -dx / fmax(self->frame.width, 1) * (self->drag_x1 - self->drag_x0);
  vitrine_chart_move_to(self, self->drag_x0 + by, self->drag_x1 + by);
}

static void
drag_end_cb(GtkGestureDrag *drag, double dx, double dy, VitrineChart *self)
{
  if (!self->dragging)
    return;
  self->dragging = FALSE;
  gtk_widget_set_cursor(GTK_WIDGET(self), NULL);
  vitrine_chart_redraw(self); /* the y axis may settle */
}

gboolean
vitrine_chart_wheel(VitrineChart *self, double x, double dx, double dy, GdkModifierType state)
{
  g_return_val_if_fail(VITRINE_IS_CHART(self), FALSE);
  gboolean ctrl = (state & GDK_CONTROL_MASK) != 0, shift = (state & GDK_SHIFT_MASK) != 0;
  gboolean focus = gtk_widget_is_focus(GTK_WIDGET(self));

  /* X11 makes a wheel's turn with Shift one to the side, Wayland leaves that to us. */
  if (shift && !ctrl) {
    pan(self, (dx != 0 ? dx : dy) * PAN_PART * span(self));
    return GDK_EVENT_STOP;
  }
  if (!ctrl && fabs(dx) > fabs(dy)) { /* two fingers that go aside */
    pan(self, dx * PAN_PART * span(self));
    return GDK_EVENT_STOP;
  }
  if ((!ctrl && !focus) || dy == 0)
    return GDK_EVENT_PROPAGATE;
  zoom_at(self, x_at(self, x), pow(NOTCH, -dy));
  return GDK_EVENT_STOP;
}

static gboolean
scroll_cb(GtkEventControllerScroll *scroll, double dx, double dy, VitrineChart *self)
{
  GdkModifierType state =
      gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(scroll));
  gboolean pixels = gtk_event_controller_scroll_get_unit(scroll) == GDK_SCROLL_UNIT_SURFACE;
  double unit = pixels ? NOTCH_PIXELS : 1;

  return vitrine_chart_wheel(self, self->pointer_x, dx / unit, dy / unit, state);
}

static void
pinch_begin_cb(GtkGesture *gesture, GdkEventSequence *sequence, VitrineChart *self)
{
  vitrine_chart_get_range(self, &self->drag_x0, &self->drag_x1);
}

static void
pinch_cb(GtkGestureZoom *gesture, double scale, VitrineChart *self)
{
  double px = self->frame.left + self->frame.width / 2, py;

  if (!(scale > 0) || self->frame.width <= 0)
    return;
  gtk_gesture_get_bounding_box_center(GTK_GESTURE(gesture), &px, &py);
  double part = CLAMP((px - self->frame.left) / self->frame.width, 0, 1);
  double width = self->drag_x1 - self->drag_x0, x = self->drag_x0 + part * width;
  vitrine_chart_move_to(self, x - part * width / scale, x + (1 - part) * width / scale);
}

/* What the mouse can do, where it is not in the way of the readout: over title and legend. */
static gboolean
tooltip_cb(GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip,
           VitrineChart *self)
{
  int entry = legend_entry_at(self, x, y);

  if (keyboard || y > self->frame.top - VITRINE_AXES_GAP)
    return FALSE;
  if (entry >= 0)
    gtk_tooltip_set_text(tooltip, vitrine_chart_curve(self, (guint)entry)->hidden
                                      ? _("Click to show this curve")
                                      : _("Click to hide this curve"));
  else
    gtk_tooltip_set_text(
        tooltip, _("Ctrl+wheel zooms (after a click the wheel alone does), dragging or Shift+wheel "
                   "pans, a double click shows everything.\nKeys: Left and Right read values, "
                   "+ and − zoom, Shift+Left and Shift+Right pan, Home shows everything, End goes "
                   "to the newest values, Up, Down and Space hide and show curves."));
  return TRUE;
}

/* ---- keys -------------------------------------------------------------------------------- */

/* The first point with an x above (or not below) the given one. */
static gsize
index_from(SgSeries *s, double x, gboolean above)
{
  gsize low = 0, high = sg_series_length(s);
  double px, py;

  while (low < high) {
    gsize middle = low + (high - low) / 2;
    if (sg_series_point(s, middle, &px, &py) && (above ? px <= x : px < x))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The next point on that side, at least one pixel on. NAN: none. */
static double
next_point(VitrineChart *self, double x, int sign)
{
  double pixel = span(self) / fmax(self->frame.width, 1), best = NAN, px, py;

  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    if (curve->hidden)
      continue;
    gsize at = sign > 0 ? index_from(curve->series, x + pixel, FALSE)
                        : index_from(curve->series, x - pixel, TRUE);
    if (sign < 0 && at-- == 0)
      continue;
    if (!sg_series_point(curve->series, at, &px, &py))
      continue;
    if (isnan(best) || sign * (px - best) < 0)
      best = px;
  }
  return best;
}

/* The readout goes from point to point of all curves, and the range along with it. */
static void
step(VitrineChart *self, int by)
{
  double x0, x1, x = !isnan(self->cursor) ? self->cursor : self->marker;

  vitrine_chart_get_range(self, &x0, &x1);
  if (isnan(x) || x < x0 || x > x1)
    x = vitrine_chart_snap(self, by < 0 ? x1 : x0);
  else
    for (int k = 0; k < ABS(by); k++) {
      double next = next_point(self, x, by);
      if (isnan(next))
        break;
      x = next;
    }
  if (isnan(x))
    return;
  if (x < x0 || x > x1)
    pan(self, x < x0 ? x - x0 - (x1 - x0) * PAN_PART : x - x1 + (x1 - x0) * PAN_PART);
  self->pointer_x = self->pointer_y = NAN; /* keys have taken over */
  vitrine_chart_set_cursor(self, x);
}

static void
zoom_by_key(VitrineChart *self, double factor)
{
  double x0, x1;

  vitrine_chart_get_range(self, &x0, &x1);
  double x = !isnan(self->cursor) && self->cursor >= x0 && self->cursor <= x1 ? self->cursor
             : self->following && !self->everything                           ? x1
                                                                              : (x0 + x1) / 2;
  zoom_at(self, x, factor);
}

static void
go_to_end(VitrineChart *self)
{
  double first, last, width = span(self);

  if (vitrine_chart_bounds(self, &first, &last))
    vitrine_chart_move_to(self, last - width, last);
}

static gboolean
legend_key(VitrineChart *self, int by)
{
  int n = (int)self->curves->len;

  if (n == 0)
    return GDK_EVENT_PROPAGATE;
  int at = self->legend_at < 0 ? (by > 0 ? 0 : n - 1) : self->legend_at + by;
  if (at < 0 || at >= n)
    return GDK_EVENT_PROPAGATE; /* on to the next widget */
  self->legend_at = at;
  vitrine_chart_set_cursor(self, NAN);
  vitrine_chart_tell(self);
  vitrine_chart_redraw(self);
  return GDK_EVENT_STOP;
}

static gboolean
horizontal_key(VitrineChart *self, int sign, GdkModifierType state)
{
  if (state & GDK_SHIFT_MASK)
    pan(self, sign * PAN_PART * span(self));
  else
    step(self, state & GDK_CONTROL_MASK ? sign * PAGE : sign);
  return GDK_EVENT_STOP;
}

static gboolean
escape_key(VitrineChart *self)
{
  if (isnan(self->cursor) && self->legend_at < 0)
    return GDK_EVENT_PROPAGATE;
  self->legend_at = -1;
  vitrine_chart_set_cursor(self, NAN);
  vitrine_chart_redraw(self);
  return GDK_EVENT_STOP;
}

static gboolean
toggle_key(VitrineChart *self, int i)
{
  if (i < 0 || i >= (int)self->curves->len)
    return GDK_EVENT_PROPAGATE;
  vitrine_chart_toggle(self, (guint)i);
  return GDK_EVENT_STOP;
}

static gboolean
key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
       VitrineChart *self)
{
  gboolean plain = !(state & (GDK_CONTROL_MASK | GDK_ALT_MASK));

  if (plain && key >= GDK_KEY_1 && key <= GDK_KEY_9)
    return toggle_key(self, (int)(key - GDK_KEY_1));
  switch (key) {
  case GDK_KEY_Left:
  case GDK_KEY_KP_Left:
    return horizontal_key(self, -1, state);
  case GDK_KEY_Right:
  case GDK_KEY_KP_Right:
    return horizontal_key(self, 1, state);
  case GDK_KEY_Up:
  case GDK_KEY_KP_Up:
    return legend_key(self, -1);
  case GDK_KEY_Down:
  case GDK_KEY_KP_Down:
    return legend_key(self, 1);
  case GDK_KEY_space:
  case GDK_KEY_Return:
  case GDK_KEY_KP_Enter:
    return toggle_key(self, self->legend_at);
  case GDK_KEY_plus:
  case GDK_KEY_equal:
  case GDK_KEY_KP_Add:
    zoom_by_key(self, NOTCH);
    return GDK_EVENT_STOP;
  case GDK_KEY_minus:
  case GDK_KEY_KP_Subtract:
    zoom_by_key(self, 1 / NOTCH);
    return GDK_EVENT_STOP;
  case GDK_KEY_Home:
  case GDK_KEY_KP_Home:
    vitrine_chart_show_everything(self);
    return GDK_EVENT_STOP;
  case GDK_KEY_End:
  case GDK_KEY_KP_End:
    go_to_end(self);
    return GDK_EVENT_STOP;
  case GDK_KEY_Escape:
    return escape_key(self);
  default:
    return GDK_EVENT_PROPAGATE;
  }
}

static void
unfocus_cb(GtkEventControllerFocus *controller, VitrineChart *self)
{
  self->legend_at = -1;
  vitrine_chart_set_cursor(self, NAN);
  vitrine_chart_redraw(self);
}

/* ---- life -------------------------------------------------------------------------------- */

static GtkEventController *
add(VitrineChart *self, GtkEventController *controller, const char *signal, GCallback callback)
{
  g_signal_connect(controller, signal, callback, self);
  gtk_widget_add_controller(GTK_WIDGET(self), controller);
  return controller;
}

void
vitrine_chart_add_input(VitrineChart *self)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  GtkEventController *c;

  c = add(self, gtk_event_controller_motion_new(), "motion", G_CALLBACK(motion_cb));
  g_signal_connect(c, "leave", G_CALLBACK(leave_cb), self);
  add(self, GTK_EVENT_CONTROLLER(gtk_gesture_click_new()), "pressed", G_CALLBACK(pressed_cb));
  c = add(self, GTK_EVENT_CONTROLLER(gtk_gesture_drag_new()), "drag-begin",
          G_CALLBACK(drag_begin_cb));
  g_signal_connect(c, "drag-update", G_CALLBACK(drag_update_cb), self);
  g_signal_connect(c, "drag-end", G_CALLBACK(drag_end_cb), self);
  c = add(self, GTK_EVENT_CONTROLLER(gtk_gesture_zoom_new()), "begin", G_CALLBACK(pinch_begin_cb));
  g_signal_connect(c, "scale-changed", G_CALLBACK(pinch_cb), self);
  add(self, gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES), "scroll",
      G_CALLBACK(scroll_cb));
  add(self, gtk_event_controller_key_new(), "key-pressed", G_CALLBACK(key_cb));
  add(self, gtk_event_controller_focus_new(), "leave", G_CALLBACK(unfocus_cb));
  g_object_set(self, "has-tooltip", TRUE, NULL);
  g_signal_connect(self, "query-tooltip", G_CALLBACK(tooltip_cb), self);
  gtk_accessible_update_property(
      GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_KEY_SHORTCUTS,
      "Left Right Control+Left Control+Right Shift+Left Shift+Right plus minus Home End Up Down "
      "space",
      -1);
}
