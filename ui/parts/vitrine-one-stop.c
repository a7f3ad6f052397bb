#include "ui/parts/vitrine-one-stop.h"

typedef struct {
  GPtrArray *widgets; /* borrowed: the container outlives them */
  guint at;           /* which one takes the focus */
} Stop;

static void
stop_free(gpointer data)
{
  Stop *stop = data;

  g_ptr_array_unref(stop->widgets);
  g_free(stop);
}

/* What takes the focus: a menu button's is the button inside. */
static GtkWidget *
focus_of(GtkWidget *widget)
{
  return GTK_IS_MENU_BUTTON(widget) ? gtk_widget_get_first_child(widget) : widget;
}

static gboolean
is_there(Stop *stop, guint i)
{
  GtkWidget *widget = stop->widgets->pdata[i];

  return gtk_widget_get_visible(widget) && gtk_widget_get_sensitive(widget);
}

/* The next one that is there, from `from` in steps of `by`; `from` if there is no other. */
static guint
next(Stop *stop, guint from, int by)
{
  guint n = stop->widgets->len, i = from;

  for (guint k = 0; k < n; k++) {
    i = (i + n + (guint)by) % n;
    if (is_there(stop, i))
      return i;
  }
  return from;
}

static void
update(Stop *stop)
{
  if (!is_there(stop, stop->at))
    stop->at = next(stop, stop->at, 1);
  for (guint i = 0; i < stop->widgets->len; i++)
    gtk_widget_set_focusable(focus_of(stop->widgets->pdata[i]), i == stop->at);
}

static void
changed_cb(GtkWidget *widget, GParamSpec *pspec, Stop *stop)
{
  update(stop);
}

static gboolean
has_focus(Stop *stop, guint i)
{
  return gtk_widget_has_focus(focus_of(stop->widgets->pdata[i]));
}

static gboolean
key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, Stop *stop)
{
  GtkWidget *container = gtk_event_controller_get_widget(GTK_EVENT_CONTROLLER(controller));
  int forward = gtk_widget_get_direction(container) == GTK_TEXT_DIR_RTL ? -1 : 1;
  guint n = stop->widgets->len, to;

  if (!has_focus(stop, stop->at) || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK)))
    return GDK_EVENT_PROPAGATE;
  if (key == GDK_KEY_Right || key == GDK_KEY_Left)
    to = next(stop, stop->at, key == GDK_KEY_Right ? forward : -forward);
  else if (key == GDK_KEY_Home)
    to = next(stop, n - 1, 1);
  else if (key == GDK_KEY_End)
    to = next(stop, 0, -1);
  else
    return GDK_EVENT_PROPAGATE;
  GtkWidget *widget = focus_of(stop->widgets->pdata[to]);
  gtk_widget_set_focusable(widget, TRUE); /* before the other gives it up */
  gtk_widget_grab_focus(widget);
  stop->at = to;
  update(stop);
  return GDK_EVENT_STOP;
}

void
vitrine_one_stop(GtkWidget *container, GtkWidget *const *widgets, gsize n)
{
  g_return_if_fail(GTK_IS_WIDGET(container));
  g_return_if_fail(n > 0);
  GtkEventController *keys = gtk_event_controller_key_new();
  Stop *stop = g_new0(Stop, 1);

  stop->widgets = g_ptr_array_new();
  for (gsize i = 0; i < n; i++) {
    g_ptr_array_add(stop->widgets, widgets[i]);
    g_signal_connect(widgets[i], "notify::visible", G_CALLBACK(changed_cb), stop);
    g_signal_connect(widgets[i], "notify::sensitive", G_CALLBACK(changed_cb), stop);
  }
  gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(key_cb), stop);
  gtk_widget_add_controller(container, keys);
  g_object_set_data_full(G_OBJECT(container), "vitrine-one-stop", stop, stop_free);
  update(stop);
}
