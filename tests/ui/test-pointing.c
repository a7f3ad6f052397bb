/* The canvas, the points on a face and what lies behind transparency, each by itself: what keys,
 * wheel and pointer do to them. */
#include <adwaita.h>
#include <math.h>
#include "app/grid/vitrine-picture.h"
#include "ui/canvas/vitrine-canvas.h"
#include "ui/parts/vitrine-checkerboard.h"
#include "ui/projection/vitrine-face-points.h"

#define SIDE 100

static GdkTexture *
texture_new(guint8 level)
{
  guint8 *pixels = g_malloc(SIDE * SIDE * 4);
  memset(pixels, level, SIDE * SIDE * 4);
  g_autoptr(GBytes) bytes = g_bytes_new_take(pixels, SIDE * SIDE * 4);
  return gdk_memory_texture_new(SIDE, SIDE, GDK_MEMORY_R8G8B8A8, bytes, SIDE * 4);
}

/* In a window of 300 × 300, laid out. */
static GtkWindow *
show(GtkWidget *widget)
{
  GtkWindow *window = GTK_WINDOW(gtk_window_new());

  gtk_window_set_default_size(window, 300, 300);
  gtk_window_set_child(window, widget);
  gtk_window_present(window);
  gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
  while (gtk_widget_get_width(widget) < 200 && g_get_monotonic_time() < end)
    g_main_context_iteration(NULL, FALSE);
  g_assert_cmpint(gtk_widget_get_width(widget), >=, 200);
  return window;
}

static GtkEventController *
controller(GtkWidget *widget, GType type)
{
  g_autoptr(GListModel) all = gtk_widget_observe_controllers(widget);

  for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
    g_autoptr(GtkEventController) c = g_list_model_get_item(all, i);
    if (G_TYPE_CHECK_INSTANCE_TYPE(c, type))
      return c; /* the widget keeps it */
  }
  g_error("there is no %s", g_type_name(type));
}

/* Whether the widget takes the key. */
static gboolean
press(GtkWidget *widget, guint key, GdkModifierType state)
{
  gboolean taken = FALSE;
  g_signal_emit_by_name(controller(widget, GTK_TYPE_EVENT_CONTROLLER_KEY), "key-pressed", key, 0,
                        state, &taken);
  return taken;
}

static void
scroll(GtkWidget *widget, double notches)
{
  gboolean taken = FALSE;
  g_signal_emit_by_name(controller(widget, GTK_TYPE_EVENT_CONTROLLER_SCROLL), "scroll", 0.0,
                        notches, &taken);
  g_assert_true(taken);
}

/* ---- the canvas ------------------------------------------------------------------------------ */

static void
test_canvas_keys(void)
{
  g_autoptr(GdkTexture) picture = texture_new(200), before = texture_new(20);
  GtkWidget *widget = vitrine_canvas_new();
  VitrineCanvas *canvas = VITRINE_CANVAS(widget);

  vitrine_canvas_set_picture(canvas, picture, SIDE, SIDE);
  vitrine_canvas_set_original(canvas, before);
  GtkWindow *window = show(widget);
  g_assert_true(vitrine_canvas_is_fit(canvas));
  double fit = vitrine_canvas_get_zoom(canvas);
  g_assert_false(press(widget, GDK_KEY_Left, 0)); /* nothing to pan: the focus moves */
  g_assert_false(press(widget, GDK_KEY_plus, GDK_CONTROL_MASK)); /* the window's */
  g_assert_false(press(widget, GDK_KEY_q, 0));
  g_assert_true(press(widget, GDK_KEY_plus, 0));
  g_assert_cmpfloat(vitrine_canvas_get_zoom(canvas), >, fit);
  g_assert_false(vitrine_canvas_is_fit(canvas));
  static const guint arrows[] = {GDK_KEY_Left, GDK_KEY_Right, GDK_KEY_Up, GDK_KEY_Down};
  for (gsize i = 0; i < G_N_ELEMENTS(arrows); i++)
    g_assert_true(press(widget, arrows[i], 0));
  double larger = vitrine_canvas_get_zoom(canvas);
  g_assert_true(press(widget, GDK_KEY_KP_Subtract, 0));
  g_assert_cmpfloat(vitrine_canvas_get_zoom(canvas), <, larger);
  /* Held, Space shows the face as it was; the key may be released where nobody reports it. */
  g_assert_true(press(widget, GDK_KEY_space, 0));
  g_assert_true(vitrine_canvas_get_show_original(canvas));
  g_signal_emit_by_name(controller(widget, GTK_TYPE_EVENT_CONTROLLER_KEY), "key-released",
                        GDK_KEY_space, 0, 0);
  g_assert_false(vitrine_canvas_get_show_original(canvas));
  g_assert_true(press(widget, GDK_KEY_space, 0));
  g_signal_emit_by_name(controller(widget, GTK_TYPE_EVENT_CONTROLLER_FOCUS), "leave");
  g_assert_false(vitrine_canvas_get_show_original(canvas));
  gtk_window_destroy(window);
}

static void
move(GtkWidget *widget, double x, double y)
{
  g_signal_emit_by_name(controller(widget, GTK_TYPE_EVENT_CONTROLLER_MOTION), "motion", x, y);
}

static const char *
cursor(GtkWidget *widget)
{
  GdkCursor *c = gtk_widget_get_cursor(widget);
  return c ? gdk_cursor_get_name(c) : NULL;
}

/* The wheel zooms where the pointer is, and back; the divider is taken where it lies. */
static void
test_canvas_pointer(void)
{
  g_autoptr(GdkTexture) picture = texture_new(200), before = texture_new(20);
  GtkWidget *widget = vitrine_canvas_new();
  VitrineCanvas *canvas = VITRINE_CANVAS(widget);

  vitrine_canvas_set_picture(canvas, picture, SIDE, SIDE);
  vitrine_canvas_set_original(canvas, before);
  GtkWindow *window = show(widget);
  double middle = gtk_widget_get_width(widget) / 2.0, fit = vitrine_canvas_get_zoom(canvas);
  move(widget, middle, middle);
  g_assert_null(cursor(widget));
  scroll(widget, -2);
  g_assert_cmpfloat_with_epsilon(vitrine_canvas_get_zoom(canvas) / fit, 1.44, 1e-3);
  move(widget, middle + 40, middle);
  g_assert_cmpstr(cursor(widget), ==, "grab");
  scroll(widget, 2);
  g_assert_cmpfloat_with_epsilon(vitrine_canvas_get_zoom(canvas) / fit, 1, 1e-3);
  vitrine_canvas_zoom_fit(canvas);
  vitrine_canvas_set_divider(canvas, TRUE);
  move(widget, middle, middle);
  g_assert_cmpstr(cursor(widget), ==, "col-resize");
  for (int i = 0; i < 10; i++) /* 2 % of the face each */
    g_assert_true(press(widget, GDK_KEY_Right, GDK_SHIFT_MASK));
  move(widget, middle, middle);
  g_assert_null(cursor(widget));
  move(widget, middle + 0.2 * SIDE * fit / gtk_widget_get_scale_factor(widget), middle);
  g_assert_cmpstr(cursor(widget), ==, "col-resize");
  gtk_window_destroy(window);
}

/* ---- points on a face ------------------------------------------------------------------------ */

static void
test_face_points(void)
{
  GtkWidget *widget = g_object_new(VITRINE_TYPE_FACE_POINTS, NULL);
  VitrineFacePoints *points = VITRINE_FACE_POINTS(widget);
  g_autoptr(GdkTexture) picture = texture_new(128);
  double first[6], now[6];

  GtkWindow *window = show(widget);
  g_assert_false(press(widget, GDK_KEY_Left, 0)); /* there is no picture */
  vitrine_face_points_set_texture(points, picture);
  vitrine_face_points_get(points, first);
  vitrine_face_points_move(points, 2, 0.5, 0.9);
  for (int i = 0; i < 3; i++) {
    g_assert_true(press(widget, GDK_KEY_Right, 0));
    g_assert_true(press(widget, GDK_KEY_Up, 0));
  }
  g_assert_false(press(widget, GDK_KEY_a, 0));
  vitrine_face_points_get(points, now);
  g_assert_cmpfloat_with_epsilon(now[4], 0.53, 1e-9); /* a pixel each */
  g_assert_cmpfloat_with_epsilon(now[5], 0.87, 1e-9);
  g_assert_true(press(widget, GDK_KEY_space, 0)); /* on to the first eye */
  g_assert_true(press(widget, GDK_KEY_Left, 0));
  g_assert_true(press(widget, GDK_KEY_Down, 0));
  vitrine_face_points_get(points, now);
  g_assert_cmpfloat_with_epsilon(now[0], first[0] - 0.01, 1e-9);
  g_assert_cmpfloat_with_epsilon(now[1], first[1] + 0.01, 1e-9);
  g_assert_cmpfloat_with_epsilon(now[2], first[2], 1e-9);
  /* The nearest comes where the pointer is pressed, and no point leaves the picture. */
  g_signal_emit_by_name(controller(widget, GTK_TYPE_GESTURE_DRAG), "drag-begin",
                        (double)gtk_widget_get_width(widget), 0.0);
  vitrine_face_points_get(points, now);
  g_assert_cmpfloat_with_epsilon(now[2], 1, 1e-6);
  g_assert_cmpfloat_with_epsilon(now[3], 0, 1e-6);
  g_assert_cmpfloat_with_epsilon(now[0], first[0] - 0.01, 1e-9);
  vitrine_face_points_move(points, 0, -3, 7);
  vitrine_face_points_get(points, now);
  g_assert_cmpfloat(now[0], ==, 0);
  g_assert_cmpfloat(now[1], ==, 1);
  gtk_window_destroy(window);
}

/* ---- transparency ---------------------------------------------------------------------------- */

static guint8
drawn(cairo_surface_t *surface, int x, int y)
{
  cairo_surface_flush(surface);
  const guint8 *row =
      cairo_image_surface_get_data(surface) + y * cairo_image_surface_get_stride(surface);
  return row[4 * x + 1];
}

/* Fields of eight pixels, behind pictures with alpha alone. */
static void
test_ground(void)
{
  for (int alpha = 0; alpha < 2; alpha++) {
    g_autoptr(GdkTexture) texture = texture_new(128);
    GtkSnapshot *snapshot = gtk_snapshot_new();
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 32, 32);
    cairo_t *cr = cairo_create(surface);

    if (alpha)
      g_object_set_data(G_OBJECT(texture), VITRINE_TEXTURE_ALPHA, GINT_TO_POINTER(1));
    vitrine_append_ground(snapshot, texture, &GRAPHENE_RECT_INIT(0, 0, 32, 32));
    GskRenderNode *node = gtk_snapshot_free_to_node(snapshot);
    g_assert_true((node != NULL) == alpha);
    if (node) {
      gsk_render_node_draw(node, cr);
      gsk_render_node_unref(node);
      g_assert_cmpint(drawn(surface, 3, 3), ==, 204);
      g_assert_cmpint(drawn(surface, 11, 3), ==, 153);
      g_assert_cmpint(drawn(surface, 3, 11), ==, 153);
      g_assert_cmpint(drawn(surface, 27, 27), ==, 153 + 51);
      g_assert_cmpint(drawn(surface, 19, 27), ==, 153);
    }
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
  }
}

int
main(int argc, char **argv)
{
  gtk_init();
  adw_init();
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/pointing/canvas-keys", test_canvas_keys);
  g_test_add_func("/pointing/canvas-pointer", test_canvas_pointer);
  g_test_add_func("/pointing/face-points", test_face_points);
  g_test_add_func("/pointing/ground", test_ground);
  return g_test_run();
}
