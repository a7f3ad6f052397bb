/* The plot on a screen: where its pixels are, what its readout says, what pointer and keys do.
 * Places are read off the picture itself: the marker's column at two known x gives the scale. */
#include <adwaita.h>
#include <math.h>
#include "ui/charts/vitrine-plot.h"

typedef struct {
  GtkWidget *window;
  VitrinePlot *plot;
  guint8 *pixels; /* B, G, R, A of the last picture() */
  int width, height;
  double clicked;
} Stage;

static void
run_for(double seconds)
{
  gint64 end = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
  while (g_get_monotonic_time() < end)
    if (!g_main_context_iteration(NULL, FALSE))
      g_usleep(2000);
}

static void
clicked_cb(VitrinePlot *plot, double x, Stage *s)
{
  s->clicked = x;
}

static void
open_stage(Stage *s)
{
  *s = (Stage){.clicked = NAN};
  s->window = gtk_window_new();
  s->plot = VITRINE_PLOT(vitrine_plot_new());
  g_signal_connect(s->plot, "clicked", G_CALLBACK(clicked_cb), s);
  gtk_window_set_child(GTK_WINDOW(s->window), GTK_WIDGET(s->plot));
  gtk_window_set_default_size(GTK_WINDOW(s->window), 420, 300);
  gtk_window_present(GTK_WINDOW(s->window));
  run_for(0.3);
}

static void
close_stage(Stage *s)
{
  gtk_window_destroy(GTK_WINDOW(s->window));
  g_free(s->pixels);
}

static void
picture(Stage *s)
{
  GtkWidget *widget = GTK_WIDGET(s->plot);
  gtk_widget_queue_draw(widget);
  run_for(0.1);
  g_autoptr(GdkPaintable) paintable = gtk_widget_paintable_new(widget);
  s->width = gtk_widget_get_width(widget);
  s->height = gtk_widget_get_height(widget);
  g_autoptr(GtkSnapshot) snapshot = gtk_snapshot_new();
  gdk_paintable_snapshot(paintable, GDK_SNAPSHOT(snapshot), s->width, s->height);
  g_autoptr(GskRenderNode) node = gtk_snapshot_to_node(snapshot);
  GskRenderer *renderer = gtk_native_get_renderer(GTK_NATIVE(s->window));
  g_autoptr(GdkTexture) texture = gsk_renderer_render_texture(
      renderer, node, &GRAPHENE_RECT_INIT(0, 0, (float)s->width, (float)s->height));
  g_free(s->pixels);
  s->pixels = g_malloc((gsize)s->width * (gsize)s->height * 4);
  gdk_texture_download(texture, s->pixels, (gsize)s->width * 4);
}

/* Is the pixel of series 0's blue, in either theme (more blue than red)? */
static gboolean
is_blue(const Stage *s, int x, int y)
{
  const guint8 *p = s->pixels + 4 * ((gsize)y * (gsize)s->width + (gsize)x);
  return p[3] > 100 && p[0] > p[2] + 60;
}

static int
blue_in_column(const Stage *s, int x, double *mean_y)
{
  int n = 0;
  double sum = 0;
  for (int y = 0; y < s->height; y++)
    if (is_blue(s, x, y)) {
      n++;
      sum += y;
    }
  if (mean_y && n > 0)
    *mean_y = sum / n;
  return n;
}

/* The column with most of what differs from the picture without the marker. */
static int
marker_column(Stage *s, double x)
{
  vitrine_plot_set_marker(s->plot, NAN);
  picture(s);
  g_autofree guint8 *without = g_memdup2(s->pixels, (gsize)s->width * (gsize)s->height * 4);
  vitrine_plot_set_marker(s->plot, x);
  picture(s);
  int best = -1, most = 0;
  for (int i = 0; i < s->width; i++) {
    int n = 0;
    for (int y = 0; y < s->height; y++) {
      gsize at = 4 * ((gsize)y * (gsize)s->width + (gsize)i);
      n += memcmp(without + at, s->pixels + at, 4) != 0;
    }
    if (n > most) {
      most = n;
      best = i;
    }
  }
  vitrine_plot_set_marker(s->plot, NAN);
  g_assert_cmpint(most, >, s->height / 2);
  return best;
}

static void
set_diagonal(Stage *s)
{
  double x[101], y[101];
  for (int i = 0; i <= 100; i++)
    x[i] = y[i] = i / 100.0;
  vitrine_plot_set_labels(s->plot, "threshold", "score");
  vitrine_plot_set_x_range(s->plot, 0, 1);
  vitrine_plot_set_y_range(s->plot, 0, 1);
  vitrine_plot_set_series(s->plot, 0, "score", VITRINE_PLOT_LINE, 101, x, y);
}

/* y = x rises in a straight line between the axes' ends; a gap stays empty. */
static void
test_line(void)
{
  Stage s;
  double low = 0, middle = 0, high = 0;
  open_stage(&s);
  set_diagonal(&s);
  int left = marker_column(&s, 0.1), centre = marker_column(&s, 0.5),
      right = marker_column(&s, 0.9);
  g_assert_cmpint(right - left, >, s.width / 2);
  g_assert_cmpfloat_with_epsilon(centre, (left + right) / 2.0, 1.5);
  picture(&s);
  g_assert_cmpint(blue_in_column(&s, left, &low), >, 0);
  g_assert_cmpint(blue_in_column(&s, centre, &middle), >, 0);
  g_assert_cmpint(blue_in_column(&s, right, &high), >, 0);
  g_assert_cmpfloat(low - high, >, s.height / 2.0);
  g_assert_cmpfloat_with_epsilon(middle, (low + high) / 2, 1.5);

  double x[] = {0, 0.3, 0.5, 0.7, 1}, y[] = {0.5, 0.5, NAN, 0.5, 0.5};
  vitrine_plot_set_series(s.plot, 0, "score", VITRINE_PLOT_LINE, 5, x, y);
  picture(&s);
  g_assert_cmpint(blue_in_column(&s, centre, NULL), ==, 0);
  g_assert_cmpint(blue_in_column(&s, left, &low), >, 0);
  g_assert_cmpfloat_with_epsilon(low, middle, 1.5);
  vitrine_plot_set_series(s.plot, 0, NULL, VITRINE_PLOT_LINE, 0, NULL, NULL);
  picture(&s);
  g_assert_cmpint(blue_in_column(&s, left, NULL), ==, 0);
  close_stage(&s);
}

/* Bars of heights 1 : 3 : 0. */
static void
test_bars(void)
{
  Stage s;
  open_stage(&s);
  double x[] = {0, 1, 2, 3}, y[] = {1, 3, 0, 7};
  vitrine_plot_set_labels(s.plot, "weight", NULL);
  vitrine_plot_set_series(s.plot, 0, "count", VITRINE_PLOT_BARS, 4, x, y);
  int columns[] = {marker_column(&s, 0.5), marker_column(&s, 1.5), marker_column(&s, 2.5)};
  picture(&s);
  double one = blue_in_column(&s, columns[0], NULL), three = blue_in_column(&s, columns[1], NULL);
  g_assert_cmpfloat(one, >, 20);
  g_assert_cmpfloat_with_epsilon(three / one, 3, 0.15);
  g_assert_cmpint(blue_in_column(&s, columns[2], NULL), ==, 0);
  g_autofree char *text = vitrine_plot_describe(s.plot, 1.7);
  g_assert_cmpstr(text, ==, "weight 1.000 … 2.000: count 3.000");
  close_stage(&s);
}

static GtkEventController *
controller(Stage *s, GType type)
{
  g_autoptr(GListModel) all = gtk_widget_observe_controllers(GTK_WIDGET(s->plot));
  for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
    g_autoptr(GtkEventController) one = g_list_model_get_item(all, i);
    if (G_TYPE_CHECK_INSTANCE_TYPE(one, type))
      return one; /* the widget's */
  }
  g_error("the plot has no %s", g_type_name(type));
}

static gboolean
key(Stage *s, guint keyval, GdkModifierType state)
{
  gboolean used = FALSE;
  g_signal_emit_by_name(controller(s, GTK_TYPE_EVENT_CONTROLLER_KEY), "key-pressed", keyval, 0u,
                        state, &used);
  return used;
}

/* Pixels that differ between two pictures of one size. */
static int
changed(const Stage *s, const guint8 *before)
{
  int n = 0;
  for (gsize i = 0; i < (gsize)s->width * (gsize)s->height; i++)
    n += memcmp(before + 4 * i, s->pixels + 4 * i, 4) != 0;
  return n;
}

static void
test_readout(void)
{
  Stage s;
  double half[101], x[101];
  open_stage(&s);
  set_diagonal(&s);
  for (int i = 0; i <= 100; i++) {
    x[i] = i / 100.0;
    half[i] = i == 50 ? NAN : 0.5;
  }
  vitrine_plot_set_series(s.plot, 1, "remaining", VITRINE_PLOT_DASHED, 101, x, half);
  g_autofree char *text = vitrine_plot_describe(s.plot, 0.2512);
  g_assert_cmpstr(text, ==, "threshold 0.250: score 0.250, remaining 0.500");
  g_autofree char *gap = vitrine_plot_describe(s.plot, 0.5);
  g_assert_cmpstr(gap, ==, "threshold 0.500: score 0.500");

  /* Where a series has no point of its own its value is between two. */
  vitrine_plot_set_series(s.plot, 1, "few", VITRINE_PLOT_DASHED, 2, (double[]){0, 1},
                          (double[]){0, 0.4});
  g_autofree char *between = vitrine_plot_describe(s.plot, 0.25);
  g_assert_cmpstr(between, ==, "threshold 0.250: score 0.250, few ≈0.100");

  /* The readout follows the pointer and goes with it. */
  int column = marker_column(&s, 0.25);
  picture(&s);
  g_autofree guint8 *plain = g_memdup2(s.pixels, (gsize)s.width * (gsize)s.height * 4);
  GtkEventController *motion = controller(&s, GTK_TYPE_EVENT_CONTROLLER_MOTION);
  g_signal_emit_by_name(motion, "motion", (double)column, s.height / 2.0);
  picture(&s);
  g_assert_cmpint(changed(&s, plain), >, 1500);
  g_autofree guint8 *near = g_memdup2(s.pixels, (gsize)s.width * (gsize)s.height * 4);
  g_signal_emit_by_name(motion, "motion", column + 100.0, s.height / 2.0);
  picture(&s);
  g_assert_cmpint(changed(&s, near), >, 1500);
  g_signal_emit_by_name(motion, "leave");
  picture(&s);
  g_assert_cmpint(changed(&s, plain), ==, 0);

  g_signal_emit_by_name(controller(&s, GTK_TYPE_GESTURE_CLICK), "released", 1, (double)column,
                        s.height / 2.0);
  g_assert_cmpfloat_with_epsilon(s.clicked, 0.25, 0.006);
  close_stage(&s);
}

static void
test_keys(void)
{
  Stage s;
  open_stage(&s);
  set_diagonal(&s);
  g_assert_false(key(&s, GDK_KEY_Return, 0));
  vitrine_plot_set_marker(s.plot, 0.4);
  g_assert_true(key(&s, GDK_KEY_Right, 0));
  g_assert_true(key(&s, GDK_KEY_Return, 0));
  g_assert_cmpfloat_with_epsilon(s.clicked, 0.41, 1e-9);
  key(&s, GDK_KEY_Left, GDK_CONTROL_MASK);
  key(&s, GDK_KEY_space, 0);
  g_assert_cmpfloat_with_epsilon(s.clicked, 0.31, 1e-9);
  key(&s, GDK_KEY_End, 0);
  key(&s, GDK_KEY_Right, 0);
  key(&s, GDK_KEY_Return, 0);
  g_assert_cmpfloat_with_epsilon(s.clicked, 1, 1e-9);
  key(&s, GDK_KEY_Home, 0);
  key(&s, GDK_KEY_Return, 0);
  g_assert_cmpfloat_with_epsilon(s.clicked, 0, 1e-9);
  g_assert_true(key(&s, GDK_KEY_Escape, 0));
  g_assert_false(key(&s, GDK_KEY_Escape, 0));
  close_stage(&s);
}

/* Nothing, one point, equal values, infinities, values far outside: drawn without complaint. */
static void
test_odd_data(void)
{
  Stage s;
  double x[] = {0, 1, 2, 3}, odd[] = {NAN, 1e300, -1e300, INFINITY}, same[] = {5, 5, 5, 5};
  open_stage(&s);
  picture(&s);
  g_assert_false(key(&s, GDK_KEY_Return, 0));
  key(&s, GDK_KEY_Right, 0);
  vitrine_plot_set_series(s.plot, 0, NULL, VITRINE_PLOT_LINE, 1, x, same);
  picture(&s);
  vitrine_plot_set_series(s.plot, 0, "same", VITRINE_PLOT_LINE, 4, x, same);
  picture(&s);
  g_assert_cmpint(blue_in_column(&s, s.width / 2, NULL), >, 0);
  vitrine_plot_set_series(s.plot, 0, "odd", VITRINE_PLOT_LINE, 4, x, odd);
  vitrine_plot_set_y_range(s.plot, 0, 1);
  picture(&s);
  vitrine_plot_set_series(s.plot, 0, "one edge", VITRINE_PLOT_BARS, 1, x, same);
  picture(&s);
  key(&s, GDK_KEY_Right, 0);
  close_stage(&s);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  adw_init();
  g_test_add_func("/plot/line", test_line);
  g_test_add_func("/plot/bars", test_bars);
  g_test_add_func("/plot/readout", test_readout);
  g_test_add_func("/plot/keys", test_keys);
  g_test_add_func("/plot/odd-data", test_odd_data);
  return g_test_run();
}
