/* The window's size, the border between picture and pane, and where there is no room for both side
 * by side: the pane goes below the picture, and what the menu has as well leaves the bars. */
#include "ui/shell/vitrine-window-private.h"
#include "app/session/vitrine-store.h"
#include "ui/parts/vitrine-one-stop.h"

#define LEAST_WIDTH  360
#define LEAST_HEIGHT 480
#define PANE_WIDTH   400
/* Of the window, at most: the picture is what it is for. */
#define PANE_SHARE 0.5
/* Of a narrow window's height: sliders want to be reached while the face is seen. */
#define PANE_SHARE_BELOW 0.55

static int
stored_int(json_t *root, const char *name, int min, int max, int otherwise)
{
  json_t *value = json_object_get(root, name);

  return json_is_integer(value) ? (int)CLAMP(json_integer_value(value), min, max) : otherwise;
}

/* How much larger than usual the person wants text. */
static double
text_scale(void)
{
  int dpi = 0;

  g_object_get(gtk_settings_get_default(), "gtk-xft-dpi", &dpi, NULL);
  return dpi > 0 ? MAX(dpi / (96.0 * PANGO_SCALE), 1) : 1;
}

void
vitrine_window_restore_layout(VitrineWindow *self)
{
  json_t *root = vitrine_store_load("window");
  int width = stored_int(root, "width", LEAST_WIDTH, 16384, 1100);
  int height = stored_int(root, "height", LEAST_HEIGHT, 16384, 740);

  self->pane_width = stored_int(root, "pane", 200, 16384, (int)(PANE_WIDTH * text_scale()));
  gtk_window_set_default_size(GTK_WINDOW(self), width, height);
  gtk_paned_set_position(self->paned, MAX(width - self->pane_width, 240));
  if (json_is_true(json_object_get(root, "maximized")))
    gtk_window_maximize(GTK_WINDOW(self));
  json_decref(root);
}

static gboolean
is_narrow(VitrineWindow *self)
{
  return gtk_orientable_get_orientation(GTK_ORIENTABLE(self->paned)) == GTK_ORIENTATION_VERTICAL;
}

static int
room_of(VitrineWindow *self)
{
  return is_narrow(self) ? gtk_widget_get_height(GTK_WIDGET(self->paned))
                         : gtk_widget_get_width(GTK_WIDGET(self->paned));
}

/* The window may be of another size than it asked for, and get another one: tiled, maximized, on a
 * smaller screen. The pane is as wide as the person has made it, and no more than a half. */
static gboolean
place_pane_cb(gpointer data)
{
  VitrineWindow *self = data;
  int all = room_of(self);
  int pane = is_narrow(self) ? (int)(self->pane_share * all)
                             : MIN(self->pane_width, (int)(PANE_SHARE * all));

  self->place_source = 0;
  self->placed = all;
  self->placing = TRUE;
  gtk_paned_set_position(self->paned, all - pane);
  self->placing = FALSE;
  return G_SOURCE_REMOVE;
}

/* Not from inside the layout that tells it. */
static void
paned_sized_cb(GtkPaned *paned, GParamSpec *pspec, VitrineWindow *self)
{
  if (!self->place_source && room_of(self) > 0 && room_of(self) != self->placed)
    self->place_source = g_idle_add_full(G_PRIORITY_HIGH_IDLE, place_pane_cb, self, NULL);
}

/* The person moves the border: neither has the window another size, nor is what is before the
 * border as small as it can be. */
static void
moved_cb(GtkPaned *paned, GParamSpec *pspec, VitrineWindow *self)
{
  int all = room_of(self), position = gtk_paned_get_position(paned), least;

  g_object_get(paned, "min-position", &least, NULL);
  if (self->placing || all != self->placed || all == 0 || position <= least)
    return;
  if (is_narrow(self))
    self->pane_share = (double)(all - position) / all;
  else
    self->pane_width = all - position;
}

static void
narrow_cb(VitrineWindow *self)
{
  gboolean narrow;

  g_object_get(self->adaptive, "narrow", &narrow, NULL);
  self->placed = 0;
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self->paned),
                                 narrow ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL);
}

void
vitrine_window_store_layout(VitrineWindow *self)
{
  json_t *root = vitrine_store_load("window");
  int width, height;

  gtk_window_get_default_size(GTK_WINDOW(self), &width, &height);
  json_object_set_new(root, "width", json_integer(width));
  json_object_set_new(root, "height", json_integer(height));
  json_object_set_new(root, "maximized", json_boolean(gtk_window_is_maximized(GTK_WINDOW(self))));
  json_object_set_new(root, "pane", json_integer(self->pane_width));
  vitrine_store_save("window", root);
  json_decref(root);
}

void
vitrine_window_init_layout(VitrineWindow *self)
{
  GtkWidget *const bar[] = {self->open_button,
                            self->undo_button,
                            self->redo_button,
                            self->timeline_button,
                            self->compare_button,
                            self->save_button,
                            GTK_WIDGET(self->menu_button)};

  g_object_set(self->adaptive, "least-width", LEAST_WIDTH, "least-height", LEAST_HEIGHT, NULL);
  g_signal_connect_swapped(self->adaptive, "notify::narrow", G_CALLBACK(narrow_cb), self);
  self->pane_share = PANE_SHARE_BELOW;
  g_signal_connect(self->paned, "notify::max-position", G_CALLBACK(paned_sized_cb), self);
  g_signal_connect(self->paned, "notify::position", G_CALLBACK(moved_cb), self);
  vitrine_one_stop(GTK_WIDGET(self->header), bar, G_N_ELEMENTS(bar));
}
