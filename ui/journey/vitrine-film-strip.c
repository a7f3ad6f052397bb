#include "ui/journey/vitrine-film-strip.h"
#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#define TILE   64 /* pixels of a picture's side */
#define MARGIN 8
#define HEIGHT (TILE + 2 * MARGIN)
/* Of a second, by Shift and an arrow. */
#define NUDGE 0.1

struct _VitrineFilmStrip {
  GtkWidget parent_instance;
  VitrineTimeline *timeline;
  VitrinePlayer *player;
  int selected;

  guint gesture;  /* of drags and rows of keys: one step of the history each */
  int dragged;    /* -1: time is */
  double grabbed; /* seconds between the pointer and the keyframe */
};

enum { PROP_0, PROP_SELECTED };

G_DEFINE_FINAL_TYPE(VitrineFilmStrip, vitrine_film_strip, GTK_TYPE_WIDGET)

/* ---- time and place -------------------------------------------------------------------------- */

static double
room(VitrineFilmStrip *self)
{
  return MAX(gtk_widget_get_width(GTK_WIDGET(self)) - TILE - 2 * MARGIN, 1);
}

/* Of time that is shown: an open film ends at its last keyframe. */
static double
span(VitrineFilmStrip *self)
{
  return MAX(vitrine_timeline_duration(self->timeline), VITRINE_TIMELINE_STEP);
}

static double
x_of(VitrineFilmStrip *self, double second)
{
  double x = MARGIN + TILE / 2.0 + second / span(self) * room(self);
  gboolean rtl = gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL;

  return rtl ? gtk_widget_get_width(GTK_WIDGET(self)) - x : x;
}

static double
second_of(VitrineFilmStrip *self, double x)
{
  gboolean rtl = gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL;

  x = rtl ? gtk_widget_get_width(GTK_WIDGET(self)) - x : x;
  return (x - MARGIN - TILE / 2.0) / room(self) * span(self);
}

/* The selected keyframe lies on top, then those that come later. */
static int
keyframe_at(VitrineFilmStrip *self, double x)
{
  int found = -1;

  for (int i = 0; i < vitrine_timeline_count(self->timeline); i++)
    if (fabs(x - x_of(self, vitrine_timeline_get_at(self->timeline, i))) <= TILE / 2.0 &&
        (i == self->selected || found != self->selected || found < 0))
      found = i;
  return found;
}

/* ---- what is shown --------------------------------------------------------------------------- */

static void
snapshot_keyframe(VitrineFilmStrip *self, GtkSnapshot *snapshot, int i)
{
  GdkTexture *picture = vitrine_timeline_get_picture(self->timeline, i);
  float x = (float)(x_of(self, vitrine_timeline_get_at(self->timeline, i)) - TILE / 2.0);
  const graphene_rect_t tile = GRAPHENE_RECT_INIT(x, MARGIN, TILE, TILE);
  GdkRGBA colour;
  GskRoundedRect outline;

  gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(self)), &colour);
  gsk_rounded_rect_init_from_rect(&outline, &tile, 6);
  gtk_snapshot_push_rounded_clip(snapshot, &outline);
  if (picture) {
    gtk_snapshot_append_texture(snapshot, picture, &tile);
  } else {
    colour.alpha = 0.1f;
    gtk_snapshot_append_color(snapshot, &colour, &tile);
    colour.alpha = 1;
  }
  gtk_snapshot_pop(snapshot);
  if (i == self->selected) {
    gtk_style_context_lookup_color(gtk_widget_get_style_context(GTK_WIDGET(self)), "accent_color",
                                   &colour);
    gtk_snapshot_append_border(snapshot, &outline, (float[4]){3, 3, 3, 3},
                               (GdkRGBA[4]){colour, colour, colour, colour});
  }
}

static void
snapshot_second(VitrineFilmStrip *self, GtkSnapshot *snapshot)
{
  float x = (float)x_of(self, vitrine_player_get_second(self->player));
  GdkRGBA colour;

  gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(self)), &colour);
  gtk_snapshot_append_color(snapshot, &colour,
                            &GRAPHENE_RECT_INIT(roundf(x) - 1, 0, 2, (float)HEIGHT));
}

/* How far frames are drawn, as a line below. */
static void
snapshot_drawn(VitrineFilmStrip *self, GtkSnapshot *snapshot)
{
  int total, drawn = vitrine_player_get_drawn(self->player, &total);
  double left = x_of(self, 0), right = x_of(self, span(self));
  GdkRGBA colour;

  gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(self)), &colour);
  colour.alpha = 0.15f;
  gtk_snapshot_append_color(
      snapshot, &colour,
      &GRAPHENE_RECT_INIT((float)MIN(left, right), HEIGHT - 3, (float)fabs(right - left), 2));
  if (!total)
    return;
  colour.alpha = 0.5f;
  right = left + (right - left) * drawn / total;
  gtk_snapshot_append_color(
      snapshot, &colour,
      &GRAPHENE_RECT_INIT((float)MIN(left, right), HEIGHT - 3, (float)fabs(right - left), 2));
}

static void
vitrine_film_strip_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
  VitrineFilmStrip *self = VITRINE_FILM_STRIP(widget);
  int n = self->timeline ? vitrine_timeline_count(self->timeline) : 0;

  if (!n)
    return;
  snapshot_drawn(self, snapshot);
  for (int i = 0; i < n; i++)
    if (i != self->selected)
      snapshot_keyframe(self, snapshot, i);
  if (self->selected >= 0)
    snapshot_keyframe(self, snapshot, self->selected);
  if (n > 1)
    snapshot_second(self, snapshot);
}

static void
vitrine_film_strip_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
                           int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_VERTICAL ? HEIGHT : 2 * TILE;
}

static void
describe(VitrineFilmStrip *self)
{
  int n = vitrine_timeline_count(self->timeline);
  g_autofree char *text =
      self->selected < 0
          ? g_strdup(_("Keyframes: none yet"))
          : g_strdup_printf(_("Keyframe %d of %d, second %.1f, seed %u"), self->selected + 1, n,
                            vitrine_timeline_get_at(self->timeline, self->selected),
                            vitrine_timeline_get_recipe(self->timeline, self->selected)->seed);

  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

void
vitrine_film_strip_select(VitrineFilmStrip *self, int i)
{
  g_return_if_fail(VITRINE_IS_FILM_STRIP(self));
  int n = vitrine_timeline_count(self->timeline);

  self->selected = n ? CLAMP(i, 0, n - 1) : -1;
  describe(self);
  g_object_notify(G_OBJECT(self), "selected");
}

int
vitrine_film_strip_get_selected(VitrineFilmStrip *self)
{
  g_return_val_if_fail(VITRINE_IS_FILM_STRIP(self), -1);
  return self->selected;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void
move_by(VitrineFilmStrip *self, int by)
{
  int to = self->selected + by;

  if (self->selected < 0 || to < 0 || to >= vitrine_timeline_count(self->timeline))
    return;
  vitrine_timeline_swap(self->timeline, self->selected, to, 0);
  vitrine_film_strip_select(self, to);
}

static void
nudge(VitrineFilmStrip *self, int by)
{
  if (self->selected >= 0)
    vitrine_timeline_set_at(self->timeline, self->selected,
                            vitrine_timeline_get_at(self->timeline, self->selected) + by * NUDGE,
                            G_MAXUINT);
}

static gboolean
arrow(VitrineFilmStrip *self, int by, GdkModifierType mods)
{
  if (gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL)
    by = -by;
  if (mods == GDK_ALT_MASK)
    move_by(self, by);
  else if (mods == GDK_SHIFT_MASK)
    nudge(self, by);
  else if (mods == 0)
    vitrine_film_strip_select(self, self->selected + by);
  else
    return GDK_EVENT_PROPAGATE;
  return GDK_EVENT_STOP;
}

static gboolean
history(VitrineFilmStrip *self, gboolean redo)
{
  if (!(redo ? vitrine_timeline_redo(self->timeline) : vitrine_timeline_undo(self->timeline)))
    gtk_widget_error_bell(GTK_WIDGET(self));
  return GDK_EVENT_STOP;
}

/* What needs no keyframe. */
static gboolean
pressed_anywhere(VitrineFilmStrip *self, guint key, GdkModifierType mods)
{
  if (mods == GDK_CONTROL_MASK && key == GDK_KEY_z)
    return history(self, FALSE);
  if ((mods == (GDK_CONTROL_MASK | GDK_SHIFT_MASK) && key == GDK_KEY_z) ||
      (mods == GDK_CONTROL_MASK && key == GDK_KEY_y))
    return history(self, TRUE);
  if (key == GDK_KEY_space && mods == 0) {
    vitrine_player_set_playing(self->player, !vitrine_player_get_playing(self->player));
    return GDK_EVENT_STOP;
  }
  return GDK_EVENT_PROPAGATE;
}

static gboolean
key_cb(GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state,
       VitrineFilmStrip *self)
{
  GdkModifierType mods = state & gtk_accelerator_get_default_mod_mask();
  guint key = gdk_keyval_to_lower(keyval);

  if (pressed_anywhere(self, key, mods))
    return GDK_EVENT_STOP;
  if (self->selected < 0)
    return GDK_EVENT_PROPAGATE;
  if (key == GDK_KEY_Left || key == GDK_KEY_KP_Left)
    return arrow(self, -1, mods);
  if (key == GDK_KEY_Right || key == GDK_KEY_KP_Right)
    return arrow(self, 1, mods);
  if (mods)
    return GDK_EVENT_PROPAGATE;
  if (key == GDK_KEY_Home)
    vitrine_film_strip_select(self, 0);
  else if (key == GDK_KEY_End)
    vitrine_film_strip_select(self, G_MAXINT);
  else if (key == GDK_KEY_Delete || key == GDK_KEY_BackSpace)
    vitrine_timeline_remove(self->timeline, self->selected);
  else if (key == GDK_KEY_Return || key == GDK_KEY_KP_Enter)
    vitrine_timeline_show(self->timeline, self->selected);
  else
    return GDK_EVENT_PROPAGATE;
  return GDK_EVENT_STOP;
}

/* ---- the pointer ----------------------------------------------------------------------------- */

static void
drag_begin_cb(GtkGestureDrag *drag, double x, double y, VitrineFilmStrip *self)
{
  gtk_widget_grab_focus(GTK_WIDGET(self));
  if (!vitrine_timeline_count(self->timeline))
    return;
  self->dragged = keyframe_at(self, x);
  self->gesture = self->gesture % 1000000 + 1;
  if (self->dragged < 0) {
    vitrine_player_seek(self->player, second_of(self, x));
    return;
  }
  vitrine_film_strip_select(self, self->dragged);
  self->grabbed = vitrine_timeline_get_at(self->timeline, self->dragged) - second_of(self, x);
}

/* Past a neighbour the two change places; between them the moment is what changes. */
static void
drag_keyframe(VitrineFilmStrip *self, double second)
{
  VitrineTimeline *t = self->timeline;
  int i = self->dragged, n = vitrine_timeline_count(t);

  if (i > 0 && second < vitrine_timeline_get_at(t, i - 1)) {
    vitrine_timeline_swap(t, i, i - 1, self->gesture);
    self->dragged--;
  } else if (i + 1 < n && second > vitrine_timeline_get_at(t, i + 1)) {
    vitrine_timeline_swap(t, i, i + 1, self->gesture);
    self->dragged++;
  } else {
    vitrine_timeline_set_at(t, i, second, self->gesture);
  }
  vitrine_film_strip_select(self, self->dragged);
}

static void
drag_update_cb(GtkGestureDrag *drag, double dx, double dy, VitrineFilmStrip *self)
{
  double x, y;

  if (!vitrine_timeline_count(self->timeline) || !gtk_gesture_drag_get_start_point(drag, &x, &y))
    return;
  double second = second_of(self, x + dx);
  if (self->dragged < 0)
    vitrine_player_seek(self->player, second);
  else if (fabs(dx) > 3)
    drag_keyframe(self, second + self->grabbed);
}

static void
pressed_cb(GtkGestureClick *click, int n_press, double x, double y, VitrineFilmStrip *self)
{
  int i = vitrine_timeline_count(self->timeline) ? keyframe_at(self, x) : -1;

  if (n_press == 2 && i >= 0)
    vitrine_timeline_show(self->timeline, i);
}

/* ---- the widget ------------------------------------------------------------------------------ */

static void
changed_cb(VitrineFilmStrip *self)
{
  vitrine_film_strip_select(self, self->selected);
}

static void
redraw_cb(VitrineFilmStrip *self)
{
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

void
vitrine_film_strip_set_player(VitrineFilmStrip *self, VitrineTimeline *timeline,
                              VitrinePlayer *player)
{
  g_return_if_fail(VITRINE_IS_FILM_STRIP(self));
  self->timeline = g_object_ref(timeline);
  self->player = g_object_ref(player);
  g_signal_connect_object(timeline, "changed", G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(timeline, "pictures", G_CALLBACK(redraw_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(player, "changed", G_CALLBACK(redraw_cb), self, G_CONNECT_SWAPPED);
  changed_cb(self);
}

static void
vitrine_film_strip_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_int(value, VITRINE_FILM_STRIP(object)->selected);
}

static void
vitrine_film_strip_dispose(GObject *object)
{
  VitrineFilmStrip *self = VITRINE_FILM_STRIP(object);

  g_clear_object(&self->timeline);
  g_clear_object(&self->player);
  G_OBJECT_CLASS(vitrine_film_strip_parent_class)->dispose(object);
}

static void
vitrine_film_strip_class_init(VitrineFilmStripClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_film_strip_dispose;
  G_OBJECT_CLASS(class)->get_property = vitrine_film_strip_get_property;
  widget_class->snapshot = vitrine_film_strip_snapshot;
  widget_class->measure = vitrine_film_strip_measure;
  g_object_class_install_property(
      G_OBJECT_CLASS(class), PROP_SELECTED,
      g_param_spec_int("selected", NULL, NULL, -1, G_MAXINT, -1,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY));
  gtk_widget_class_set_css_name(widget_class, "film-strip");
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_LIST);
}

static void
vitrine_film_strip_init(VitrineFilmStrip *self)
{
  GtkEventController *keys = gtk_event_controller_key_new();
  GtkGesture *drag = gtk_gesture_drag_new(), *click = gtk_gesture_click_new();

  self->selected = self->dragged = -1;
  gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(key_cb), self);
  g_signal_connect(drag, "drag-begin", G_CALLBACK(drag_begin_cb), self);
  g_signal_connect(drag, "drag-update", G_CALLBACK(drag_update_cb), self);
  g_signal_connect(click, "pressed", G_CALLBACK(pressed_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), keys);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(click));
}
