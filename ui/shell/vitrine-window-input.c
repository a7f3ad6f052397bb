/* What the window itself is given: files dropped on it, and the key that is held. */
#include "ui/shell/vitrine-window-private.h"

/* Of X11 and Wayland, of the key that is C on a keyboard of the United States. */
#define C_KEYCODE 54

/* ---- drops ----------------------------------------------------------------------------------- */

static gboolean
drop_cb(GtkDropTarget *target, const GValue *value, double x, double y, VitrineWindow *self)
{
  gtk_widget_remove_css_class(GTK_WIDGET(self->canvas_frame), "drop-target");
  if (G_VALUE_HOLDS(value, G_TYPE_FILE)) {
    vitrine_opener_open(vitrine_session_get_opener(self->session), g_value_get_object(value));
    vitrine_window_show_if_run(self, g_value_get_object(value));
    return TRUE;
  }
  GSList *files = g_value_get_boxed(value); /* a GdkFileList is one; borrowed */
  if (!files)
    return FALSE;
  vitrine_opener_open(vitrine_session_get_opener(self->session), files->data);
  vitrine_window_show_if_run(self, files->data);
  vitrine_window_say_unopened(self, files->data, g_slist_length(files) - 1);
  return TRUE;
}

static GdkDragAction
drop_enter_cb(GtkDropTarget *target, double x, double y, VitrineWindow *self)
{
  gtk_widget_add_css_class(GTK_WIDGET(self->canvas_frame), "drop-target");
  return GDK_ACTION_COPY;
}

static void
drop_leave_cb(GtkDropTarget *target, VitrineWindow *self)
{
  gtk_widget_remove_css_class(GTK_WIDGET(self->canvas_frame), "drop-target");
}

static void
add_drop_target(VitrineWindow *self)
{
  GtkDropTarget *target = gtk_drop_target_new(G_TYPE_INVALID, GDK_ACTION_COPY);
  GType types[] = {GDK_TYPE_FILE_LIST, G_TYPE_FILE};

  gtk_drop_target_set_gtypes(target, types, G_N_ELEMENTS(types));
  g_signal_connect(target, "drop", G_CALLBACK(drop_cb), self);
  g_signal_connect(target, "enter", G_CALLBACK(drop_enter_cb), self);
  g_signal_connect(target, "leave", G_CALLBACK(drop_leave_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(target));
}

/* ---- the held key -------------------------------------------------------------------------- */

/* The key that writes c; on a keyboard of other letters the one that writes it in another of the
 * person's layouts, or sits where it does. */
static gboolean
is_compare_key(GtkWidget *widget, guint key, guint code)
{
  GdkDisplay *display = gtk_widget_get_display(widget);
  g_autofree guint *others = NULL;
  int n = 0;

  if (key == GDK_KEY_c || key == GDK_KEY_C)
    return TRUE;
  if (gdk_keyval_to_unicode(key) < 0x80) /* a Latin layout has its own */
    return FALSE;
  gdk_display_map_keycode(display, code, NULL, &others, &n);
  for (int i = 0; i < n; i++)
    if (others[i] == GDK_KEY_c)
      return TRUE;
  return code == C_KEYCODE;
}

static gboolean
key_pressed_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
               VitrineWindow *self)
{
  if (!is_compare_key(GTK_WIDGET(self), key, code) ||
      (state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK)))
    return GDK_EVENT_PROPAGATE;
  vitrine_canvas_set_show_original(self->canvas, TRUE);
  return GDK_EVENT_STOP;
}

static void
key_released_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
                VitrineWindow *self)
{
  if (is_compare_key(GTK_WIDGET(self), key, code))
    vitrine_canvas_set_show_original(self->canvas, FALSE);
}

/* The release of a held key goes to whoever is active then. */
static void
active_cb(VitrineWindow *self)
{
  if (!gtk_window_is_active(GTK_WINDOW(self)))
    vitrine_canvas_set_show_original(self->canvas, FALSE);
}

static void
add_held_key(VitrineWindow *self)
{
  GtkEventController *key = gtk_event_controller_key_new();

  self->held_key = key;
  g_signal_connect(key, "key-pressed", G_CALLBACK(key_pressed_cb), self);
  g_signal_connect(key, "key-released", G_CALLBACK(key_released_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), key);
  g_signal_connect(self, "notify::is-active", G_CALLBACK(active_cb), NULL);
}

void
vitrine_window_init_input(VitrineWindow *self)
{
  g_return_if_fail(VITRINE_IS_WINDOW(self));
  add_drop_target(self);
  add_held_key(self);
}
