/* The chart on a screen: where its pixels are, what it says, what pointer, wheel and keys do, what
 * files get. Places are read off the picture: columns from the marker at a known x, rows from a
 * second curve (orange) of known values. */
#include <adwaita.h>
#include <math.h>
#include "ui/charts/vitrine-chart-private.h"

typedef struct {
  GtkWidget *window, *button;
  VitrineChart *chart;
  guint8 *pixels; /* B, G, R, A of the last picture() */
  int width, height;
  int changes; /* of the range, by the person */
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
changed_cb(VitrineChart *chart, Stage *s)
{
  s->changes++;
}

/* The chart below a button, which takes the first focus. */
static void
open_stage(Stage *s, int width)
{
  *s = (Stage){0};
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  s->window = gtk_window_new();
  s->button = gtk_button_new_with_label("first");
  s->chart = VITRINE_CHART(vitrine_chart_new("Loss", "kimg"));
  gtk_widget_set_vexpand(GTK_WIDGET(s->chart), TRUE);
  g_signal_connect(s->chart, "range-changed", G_CALLBACK(changed_cb), s);
  gtk_box_append(GTK_BOX(box), s->button);
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(s->chart));
  gtk_window_set_child(GTK_WINDOW(s->window), box);
  gtk_window_set_default_size(GTK_WINDOW(s->window), width, 340);
  gtk_window_present(GTK_WINDOW(s->window));
  gtk_widget_grab_focus(s->button);
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
  GtkWidget *widget = GTK_WIDGET(s->chart);
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

enum { BLUE, ORANGE }; /* the palette's first two, in either theme */

/* Pixels of a colour in a column from `top` on, of at least this alpha; their extent. */
static int
in_column(const Stage *s, int x, int colour, int alpha, int *first, int *last)
{
  int n = 0, from = -1, to = -1;
  for (int y = 30; y < s->height; y++) { /* below title and legend */
    const guint8 *p = s->pixels + 4 * ((gsize)y * (gsize)s->width + (gsize)x);
    int cold = p[0] - p[2];
    /* Premultiplied: light colours differ by less. */
    if (p[3] < alpha || (colour == BLUE ? cold : -cold) < p[3] / 5)
      continue;
    from = n++ == 0 ? y : from;
    to = y;
  }
  if (first)
    *first = from;
  if (last)
    *last = to;
  return n;
}

static double
row_of(const Stage *s, int x, int colour)
{
  int first, last;
  g_assert_cmpint(in_column(s, x, colour, 128, &first, &last), >, 0);
  return (first + last) / 2.0;
}

/* The column with most of what differs from the picture without the marker. */
static int
marker_column(Stage *s, double x)
{
  vitrine_chart_set_marker(s->chart, NAN);
  picture(s);
  g_autofree guint8 *without = g_memdup2(s->pixels, (gsize)s->width * (gsize)s->height * 4);
  vitrine_chart_set_marker(s->chart, x);
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
  vitrine_chart_set_marker(s->chart, NAN);
  g_assert_cmpint(most, >, s->height / 3);
  return best;
}

static int
changed(const Stage *s, const guint8 *before)
{
  int n = 0;
  for (gsize i = 0; i < (gsize)s->width * (gsize)s->height; i++)
    n += memcmp(before + 4 * i, s->pixels + 4 * i, 4) != 0;
  return n;
}

static SgSeries *
series_of(int n, const double *x, const double *y)
{
  SgSeries *series = sg_series_new();
  sg_series_append(series, (gsize)n, x, y);
  return series;
}

static void
add(Stage *s, const char *label, guint colour, SgSeries *series, SgSeries *band)
{
  vitrine_chart_add(s->chart, label, colour, FALSE, series, band);
  sg_series_unref(series);
  if (band)
    sg_series_unref(band);
}

/* Orange: -1 up to a third, +1 from two thirds on. */
static void
add_reference(Stage *s)
{
  double x[] = {0, 0.3, 0.31, 0.69, 0.7, 1}, y[] = {-1, -1, NAN, NAN, 1, 1};
  add(s, "reference", 1, series_of(6, x, y), NULL);
}

/* ---- what is drawn ----------------------------------------------------------------------- */

/* y = x rises in a straight line; a gap stays empty. 101 points are a stroke, 20001 are columns. */
static void
check_line(int n)
{
  Stage s;
  g_autofree double *x = g_new(double, n), *y = g_new(double, n);
  open_stage(&s, 420);
  for (int i = 0; i < n; i++) {
    x[i] = (double)i / (n - 1);
    y[i] = x[i] > 0.58 && x[i] < 0.64 ? NAN : x[i];
  }
  add(&s, "D", 0, series_of(n, x, y), NULL);
  int columns[] = {marker_column(&s, 0.1), marker_column(&s, 0.3), marker_column(&s, 0.5),
                   marker_column(&s, 0.9), marker_column(&s, 0.61)};
  g_assert_cmpfloat_with_epsilon(columns[2] - columns[1], columns[1] - columns[0], 2.1);
  picture(&s);
  double rows[4];
  for (int i = 0; i < 4; i++)
    rows[i] = row_of(&s, columns[i], BLUE);
  g_assert_cmpfloat(rows[0] - rows[3], >, s.height / 3.0);
  g_assert_cmpfloat_with_epsilon(rows[1], (rows[0] + rows[2]) / 2, 1.6);
  g_assert_cmpfloat_with_epsilon(rows[2], (rows[0] + rows[3]) / 2, 1.6);
  g_assert_cmpint(in_column(&s, columns[4], BLUE, 30, NULL, NULL), ==, 0);
  close_stage(&s);
}

static void
test_line(void)
{
  check_line(101);
  check_line(20001);
}

/* Many points a column: a light span from the lowest to the highest, the curve through the mean. */
static void
test_dense(void)
{
  Stage s;
  int n = 200000, top, bottom, first, last;
  g_autofree double *x = g_new(double, n), *y = g_new(double, n);
  for (int i = 0; i < n; i++) {
    x[i] = (double)i / n;
    /* Three of four are -1: their mean is -0.5. */
    y[i] = x[i] < 0.35 || x[i] > 0.65 ? 0 : i % 4 == 0 ? 1 : -1;
  }
  open_stage(&s, 420);
  add(&s, "D", 0, series_of(n, x, y), NULL);
  add_reference(&s);
  int middle = marker_column(&s, 0.5), left = marker_column(&s, 0.15),
      right = marker_column(&s, 0.85);
  picture(&s);
  double low = row_of(&s, left, ORANGE), high = row_of(&s, right, ORANGE);
  in_column(&s, middle, BLUE, 40, &top, &bottom);
  g_assert_cmpfloat_with_epsilon(top, high, 2);
  g_assert_cmpfloat_with_epsilon(bottom, low, 2);
  g_assert_cmpint(in_column(&s, middle, BLUE, 40, NULL, NULL), >=, bottom - top);
  g_assert_cmpint(in_column(&s, middle, BLUE, 200, &first, &last), <, 6);
  g_assert_cmpfloat_with_epsilon((first + last) / 2.0, low + (high - low) / 4, 2);
  /* Where all values are one there is no span. */
  g_assert_cmpint(in_column(&s, left, BLUE, 40, NULL, NULL), <, 6);
  g_assert_cmpfloat_with_epsilon(row_of(&s, left, BLUE), (low + high) / 2, 2);

  /* A long smoothing still has the zeros in mind, and the raw values are behind it. */
  vitrine_chart_set_smoothing(s.chart, 0.999);
  picture(&s);
  g_assert_cmpint(in_column(&s, middle, BLUE, 40, NULL, NULL), >=, bottom - top);
  g_assert_cmpint(in_column(&s, middle, BLUE, 200, NULL, NULL), <, 6);
  close_stage(&s);
}

static void
test_band(void)
{
  Stage s;
  double x[] = {0, 0.5, 1}, y[] = {0, 0, 0}, spread[] = {1, 1, 1};
  int first, last;
  open_stage(&s, 420);
  add(&s, "D", 0, series_of(3, x, y), series_of(3, x, spread));
  add_reference(&s);
  int middle = marker_column(&s, 0.5), left = marker_column(&s, 0.15),
      right = marker_column(&s, 0.85);
  picture(&s);
  g_assert_cmpint(in_column(&s, middle, BLUE, 35, &first, &last), >, 40);
  g_assert_cmpfloat_with_epsilon(last, row_of(&s, left, ORANGE), 2.5);
  g_assert_cmpfloat_with_epsilon(first, row_of(&s, right, ORANGE), 2.5);
  g_assert_cmpint(in_column(&s, middle + 20, BLUE, 200, NULL, NULL), <, 5);
  g_autofree char *text = vitrine_chart_describe(s.chart, 0.5);
  g_assert_nonnull(strstr(text, "D 0.000 ± 1.000"));
  close_stage(&s);
}

/* On a logarithmic axis 10^x is straight; what is not above zero is left out, and said to be. */
static void
test_logarithmic(void)
{
  Stage s;
  double x[61], y[61];
  for (int i = 0; i <= 60; i++) {
    x[i] = i / 20.0;
    y[i] = i >= 28 && i <= 32 ? -5 : pow(10, x[i]);
  }
  open_stage(&s, 420);
  add(&s, "R1", 0, series_of(61, x, y), NULL);
  vitrine_chart_set_logarithmic(s.chart, TRUE);
  int columns[] = {marker_column(&s, 0.3), marker_column(&s, 1), marker_column(&s, 2.7),
                   marker_column(&s, 1.5)};
  picture(&s);
  double rows[3];
  for (int i = 0; i < 3; i++)
    rows[i] = row_of(&s, columns[i], BLUE);
  g_assert_cmpfloat(rows[0] - rows[2], >, s.height / 3.0);
  g_assert_cmpfloat_with_epsilon(rows[1], rows[0] + (rows[2] - rows[0]) * 0.7 / 2.4, 2);
  g_assert_cmpint(in_column(&s, columns[3], BLUE, 30, NULL, NULL), ==, 0);
  g_autofree char *text = vitrine_chart_describe(s.chart, 1.5);
  g_assert_cmpstr(text, ==, "kimg 1.500: R1 -5 (not on this axis)");
  vitrine_chart_set_logarithmic(s.chart, FALSE);
  picture(&s);
  g_assert_cmpint(in_column(&s, columns[3], BLUE, 30, NULL, NULL), >, 0);
  close_stage(&s);
}

/* The y axis stays while what is visible fills it well, and changes when that is little. */
static void
test_calm(void)
{
  Stage s;
  double x[101], wave[101], flat[101];
  for (int i = 0; i <= 100; i++) {
    x[i] = i;
    wave[i] = i < 50 ? i % 2 : i % 2 ? 0.2 : 0.8;
    wave[i] = i > 80 ? 0.5 + (i % 2) * 0.02 : wave[i];
    flat[i] = 0.25;
  }
  open_stage(&s, 420);
  add(&s, "wave", 0, series_of(101, x, wave), NULL);
  add(&s, "flat", 1, series_of(101, x, flat), NULL);
  picture(&s);
  double all = row_of(&s, s.width - 40, ORANGE);
  vitrine_chart_set_range(s.chart, 52, 78);
  picture(&s);
  g_assert_cmpfloat_with_epsilon(row_of(&s, s.width - 40, ORANGE), all, 0.6);
  vitrine_chart_set_range(s.chart, 84, 98);
  picture(&s);
  g_assert_cmpfloat(fabs(row_of(&s, s.width - 40, ORANGE) - all), >, 10);
  close_stage(&s);
}

/* ---- what it says ------------------------------------------------------------------------ */

static void
assert_description(Stage *s, const char *text)
{
  g_autofree char *other = gtk_test_accessible_check_property(
      GTK_ACCESSIBLE(s->chart), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text);
  g_assert_cmpstr(other, ==, NULL);
}

static void
test_describe(void)
{
  Stage s;
  double x[] = {0, 1, 2, 3}, y[] = {0, 1, NAN, 2}, few_x[] = {0, 2}, few[] = {1, 3};
  open_stage(&s, 420);
  assert_description(&s, "No values yet");
  gtk_test_accessible_assert_property(GTK_ACCESSIBLE(s.chart), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                      "Loss");
  add(&s, "D", 0, series_of(4, x, y), NULL);
  add(&s, "G", 1, series_of(2, few_x, few), NULL);
  picture(&s);
  struct {
    double x;
    const char *text;
  } cases[] = {{0.1, "kimg 0.000: D 0.000, G 1.000"},
               {1.2, "kimg 1.000: D 1.000, G ≈1.000"},
               {1.9, "kimg 2.000: D no value, G 3.000"},
               {9, "kimg 3.000: D 2.000"}}; /* G ended before */
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = vitrine_chart_describe(s.chart, cases[i].x);
    g_assert_cmpstr(text, ==, cases[i].text);
  }
  /* By hand: 0, then (0·0.5 + 1)·0.5 = 0.5, divided by 1 - 0.5². */
  vitrine_chart_set_smoothing(s.chart, 0.5);
  g_autofree char *smooth = vitrine_chart_describe(s.chart, 1);
  g_assert_cmpstr(smooth, ==, "kimg 1.000: D 1.000 (smoothed 0.667), G ≈1.000 (smoothed 1.000)");

  /* Millions of points are smoothed a moment later; a chart that goes before that forgets it. */
  SgSeries *many = sg_series_new();
  for (int i = 0; i < 600000; i++)
    sg_series_append(many, 1, (double[]){i * 1e-5}, (double[]){i % 2});
  vitrine_chart_add(s.chart, "many", 2, FALSE, many, NULL);
  vitrine_chart_set_smoothing(s.chart, 0.1);
  vitrine_chart_set_smoothing(s.chart, 0.99);
  run_for(0.5);
  double px, py, mean;
  sg_series_nearest(many, 5, &px, &py, &mean);
  g_assert_cmpfloat_with_epsilon(mean, 0.5, 0.01);
  vitrine_chart_set_smoothing(s.chart, 0.2);
  sg_series_unref(many);
  close_stage(&s);
  run_for(0.2);
}

static GtkEventController *
controller(Stage *s, GType type)
{
  g_autoptr(GListModel) all = gtk_widget_observe_controllers(GTK_WIDGET(s->chart));
  for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
    g_autoptr(GtkEventController) one = g_list_model_get_item(all, i);
    if (G_TYPE_CHECK_INSTANCE_TYPE(one, type))
      return one; /* the widget's */
  }
  g_error("the chart has no %s", g_type_name(type));
}

/* The readout follows the pointer, goes with it, and is within a narrow chart. */
static void
test_readout(void)
{
  Stage s;
  double x[] = {0, 1, 2, 3, 4}, y[] = {0, 1, 2, 1, 0};
  open_stage(&s, 380);
  add(&s, "loss of a run whose name is longer than a chart at its narrowest can ever show", 0,
      series_of(5, x, y), NULL);
  add(&s, "G", 1, series_of(5, x, y), NULL);
  int column = marker_column(&s, 2);
  picture(&s);
  g_assert_cmpint(s.width, ==, 380);
  g_autofree guint8 *plain = g_memdup2(s.pixels, (gsize)s.width * (gsize)s.height * 4);
  GtkEventController *motion = controller(&s, GTK_TYPE_EVENT_CONTROLLER_MOTION);
  g_signal_emit_by_name(motion, "motion", (double)column + 3, s.height / 2.0);
  picture(&s);
  g_assert_cmpint(changed(&s, plain), >, 1500);
  /* Left and right edge: as before, so the box has both its ends inside. */
  for (int i = 0; i < s.width; i += s.width - 1)
    for (int row = 0; row < s.height; row++) {
      gsize at = 4 * ((gsize)row * (gsize)s.width + (gsize)i);
      g_assert_cmpmem(plain + at, 4, s.pixels + at, 4);
    }
  assert_description(
      &s, "kimg 2.000: loss of a run whose name is longer than a chart at its narrowest can ever "
          "show 2.000, G 2.000");
  g_signal_emit_by_name(motion, "leave");
  picture(&s);
  g_assert_cmpint(changed(&s, plain), ==, 0);
  close_stage(&s);
}

/* ---- moving about ------------------------------------------------------------------------ */

static void
assert_range(Stage *s, double x0, double x1)
{
  double a, b;
  vitrine_chart_get_range(s->chart, &a, &b);
  g_assert_cmpfloat_with_epsilon(a, x0, 1e-9 * fmax(fabs(x0), 1));
  g_assert_cmpfloat_with_epsilon(b, x1, 1e-9 * fmax(fabs(x1), 1));
}

static gboolean
key(Stage *s, guint keyval, GdkModifierType state)
{
  gboolean used = FALSE;
  g_signal_emit_by_name(controller(s, GTK_TYPE_EVENT_CONTROLLER_KEY), "key-pressed", keyval, 0u,
                        state, &used);
  return used;
}

static void
add_hundred(Stage *s)
{
  double x[101], y[101];
  for (int i = 0; i <= 100; i++) {
    x[i] = i;
    y[i] = i % 10;
  }
  add(s, "D", 0, series_of(101, x, y), NULL);
}

static void
test_keys(void)
{
  Stage s;
  open_stage(&s, 420);
  g_assert_true(key(&s, GDK_KEY_Right, 0)); /* nothing to go to */
  g_assert_false(key(&s, GDK_KEY_Down, 0));
  add_hundred(&s);
  picture(&s);
  key(&s, GDK_KEY_Right, 0);
  assert_description(&s, "kimg 0.0: D 0.000");
  key(&s, GDK_KEY_Right, 0);
  assert_description(&s, "kimg 1.0: D 1.000");
  key(&s, GDK_KEY_Right, GDK_CONTROL_MASK);
  assert_description(&s, "kimg 11.0: D 1.000");
  key(&s, GDK_KEY_Left, 0);
  assert_description(&s, "kimg 10.0: D 0.000");
  g_assert_cmpint(s.changes, ==, 0);

  /* Zoom goes about the readout, else about the middle. */
  g_assert_true(key(&s, GDK_KEY_plus, GDK_CONTROL_MASK));
  assert_range(&s, 2, 82);
  g_assert_cmpint(s.changes, ==, 1);
  g_assert_true(key(&s, GDK_KEY_Escape, 0));
  g_assert_false(key(&s, GDK_KEY_Escape, 0));
  key(&s, GDK_KEY_minus, 0);
  assert_range(&s, 0, 100);
  key(&s, GDK_KEY_plus, 0);
  assert_range(&s, 10, 90);
  key(&s, GDK_KEY_Left, GDK_SHIFT_MASK);
  assert_range(&s, 2, 82);
  key(&s, GDK_KEY_Left, GDK_SHIFT_MASK); /* no further than the first point */
  assert_range(&s, 0, 80);
  g_assert_false(vitrine_chart_is_following(s.chart));
  key(&s, GDK_KEY_End, 0);
  assert_range(&s, 20, 100);
  g_assert_true(vitrine_chart_is_following(s.chart));
  key(&s, GDK_KEY_Home, 0);
  assert_range(&s, 0, 100);
  g_assert_false(key(&s, GDK_KEY_a, 0));
  close_stage(&s);
}

/* Ctrl+wheel zooms at the pointer, Shift+wheel pans; the wheel alone is the list's but for a chart
 * with the focus. */
static void
test_wheel(void)
{
  Stage s;
  open_stage(&s, 420);
  add_hundred(&s);
  picture(&s);
  double at = s.chart->frame.left + s.chart->frame.width * 0.25;
  g_assert_false(vitrine_chart_wheel(s.chart, at, 0, -1, 0));
  assert_range(&s, 0, 100);
  g_assert_true(vitrine_chart_wheel(s.chart, at, 0, -1, GDK_CONTROL_MASK));
  assert_range(&s, 5, 85); /* 25 stays where it is */
  g_assert_true(vitrine_chart_wheel(s.chart, at, 0, 1, GDK_SHIFT_MASK));
  assert_range(&s, 13, 93);
  g_assert_true(vitrine_chart_wheel(s.chart, at, -1, 0, GDK_SHIFT_MASK));
  assert_range(&s, 5, 85);
  g_assert_true(vitrine_chart_wheel(s.chart, at, 0, 1, GDK_CONTROL_MASK));
  assert_range(&s, 0, 100);
  gtk_widget_grab_focus(GTK_WIDGET(s.chart));
  g_assert_true(vitrine_chart_wheel(s.chart, at, 0, -1, 0));
  assert_range(&s, 5, 85);
  g_assert_cmpint(s.changes, ==, 5);
  for (int i = 0; i < 400; i++) /* there is an end to it */
    vitrine_chart_wheel(s.chart, at, 0, -1, GDK_CONTROL_MASK);
  picture(&s);
  close_stage(&s);
}

static void
test_drag(void)
{
  Stage s;
  open_stage(&s, 420);
  add_hundred(&s);
  vitrine_chart_set_range(s.chart, 40, 60);
  picture(&s);
  g_assert_cmpint(s.changes, ==, 0); /* the program's changes are not the person's */
  double width = s.chart->frame.width;
  GtkEventController *drag = controller(&s, GTK_TYPE_GESTURE_DRAG);
  g_signal_emit_by_name(drag, "drag-begin", 200.0, 100.0);
  g_signal_emit_by_name(drag, "drag-update", 2.0, 0.0); /* a click that trembled */
  assert_range(&s, 40, 60);
  g_signal_emit_by_name(drag, "drag-update", width / 4, 3.0);
  assert_range(&s, 35, 55);
  g_signal_emit_by_name(drag, "drag-update", width / 2, 3.0);
  assert_range(&s, 30, 50);
  g_signal_emit_by_name(drag, "drag-end", width / 2, 3.0);
  GtkEventController *click = controller(&s, GTK_TYPE_GESTURE_CLICK);
  g_signal_emit_by_name(click, "pressed", 1, 200.0, 120.0);
  assert_range(&s, 30, 50);
  g_assert_true(gtk_widget_is_focus(GTK_WIDGET(s.chart)));
  g_signal_emit_by_name(click, "pressed", 2, 200.0, 120.0);
  assert_range(&s, 0, 100);
  close_stage(&s);
}

static void
test_following(void)
{
  Stage s, other;
  open_stage(&s, 420);
  add_hundred(&s);
  picture(&s);
  SgSeries *series = vitrine_chart_curve(s.chart, 0)->series;
  sg_series_append(series, 1, (double[]){110}, (double[]){1});
  vitrine_chart_refresh(s.chart);
  assert_range(&s, 0, 110); /* everything */
  assert_description(&s, "kimg 110.0: D 1.000");
  vitrine_chart_set_range(s.chart, 90, 110);
  g_assert_true(vitrine_chart_is_following(s.chart));
  sg_series_append(series, 1, (double[]){115}, (double[]){1});
  vitrine_chart_refresh(s.chart);
  assert_range(&s, 95, 115);
  sg_series_cut(series, 100);
  vitrine_chart_refresh(s.chart);
  assert_range(&s, 80, 100);
  vitrine_chart_set_range(s.chart, 10, 30);
  g_assert_false(vitrine_chart_is_following(s.chart));
  sg_series_append(series, 1, (double[]){120}, (double[]){1});
  vitrine_chart_refresh(s.chart);
  assert_range(&s, 10, 30);

  /* Another chart goes along: to a range, or to everything, which may be more than its own. */
  open_stage(&other, 420);
  add_hundred(&other);
  vitrine_chart_copy_range(other.chart, s.chart);
  assert_range(&other, 10, 30);
  vitrine_chart_set_range(s.chart, 0, 0);
  vitrine_chart_copy_range(other.chart, s.chart);
  assert_range(&other, 0, 100);
  vitrine_chart_set_extent(other.chart, 0, 120);
  assert_range(&other, 0, 120);
  close_stage(&other);
  close_stage(&s);
}

/* ---- legend ------------------------------------------------------------------------------ */

static int
orange_pixels(Stage *s)
{
  int n = 0;
  picture(s);
  for (int x = 0; x < s->width; x++)
    n += in_column(s, x, ORANGE, 128, NULL, NULL);
  return n;
}

/* A click on the swatch in the legend hides its curve. */
static void
test_legend(void)
{
  Stage s;
  int x = 0, y = 0;
  open_stage(&s, 420);
  add_hundred(&s);
  add(&s, "G", 1, series_of(2, (double[]){0, 100}, (double[]){4, 5}), NULL);
  g_assert_cmpint(orange_pixels(&s), >, 200);
  for (int i = 0; i < 30 * s.width && x == 0; i++) {
    const guint8 *p = s.pixels + 4 * i;
    if (p[3] > 200 && p[2] - p[0] > 60) {
      x = i % s.width;
      y = i / s.width;
    }
  }
  g_assert_cmpint(x, >, 0);
  GtkEventController *click = controller(&s, GTK_TYPE_GESTURE_CLICK);
  g_signal_emit_by_name(click, "pressed", 1, x + 5.0, (double)y);
  g_assert_cmpint(orange_pixels(&s), ==, 0);
  g_autofree char *text = vitrine_chart_describe(s.chart, 50);
  g_assert_cmpstr(text, ==, "kimg 50.0: D 0.000");

  /* It is remembered by its name when the curves come anew. */
  vitrine_chart_clear(s.chart);
  g_assert_cmpint(orange_pixels(&s), ==, 0);
  add_hundred(&s);
  add(&s, "G", 1, series_of(2, (double[]){0, 100}, (double[]){4, 5}), NULL);
  g_assert_cmpint(orange_pixels(&s), ==, 0);
  g_assert_true(key(&s, GDK_KEY_2, 0));
  g_assert_cmpint(orange_pixels(&s), >, 200);
  g_assert_false(key(&s, GDK_KEY_3, 0));
  g_assert_false(key(&s, GDK_KEY_space, 0));
  key(&s, GDK_KEY_Down, 0);
  key(&s, GDK_KEY_Down, 0);
  assert_description(&s, "G, shown");
  g_assert_false(key(&s, GDK_KEY_Down, 0)); /* on to the next widget */
  g_assert_true(key(&s, GDK_KEY_space, 0));
  assert_description(&s, "G, hidden");
  g_assert_cmpint(orange_pixels(&s), ==, 0);
  close_stage(&s);
}

/* Names that do not fit into one row take more, and the chart asks for the height. */
static void
test_legend_wraps(void)
{
  Stage s;
  int one, many;
  open_stage(&s, 380);
  add_hundred(&s);
  gtk_widget_measure(GTK_WIDGET(s.chart), GTK_ORIENTATION_VERTICAL, 380, NULL, &one, NULL, NULL);
  for (int i = 0; i < 12; i++) {
    g_autofree char *label = g_strdup_printf("a curve with a name %d", i);
    add(&s, label, (guint)i, series_of(2, (double[]){0, 100}, (double[]){4, i}), NULL);
  }
  gtk_widget_measure(GTK_WIDGET(s.chart), GTK_ORIENTATION_VERTICAL, 380, NULL, &many, NULL, NULL);
  g_assert_cmpint(many - one, >, 60);
  vitrine_chart_set_corner(s.chart, 40);
  picture(&s);
  for (guint i = 0; i < 13; i++) {
    graphene_rect_t a = vitrine_chart_curve(s.chart, i)->button;
    g_assert_cmpfloat(a.origin.x + a.size.width, <=, s.width - 40);
    for (guint k = 0; k < i; k++)
      g_assert_false(graphene_rect_intersection(&a, &vitrine_chart_curve(s.chart, k)->button, &a) &&
                     a.size.width > 0 && a.size.height > 0);
  }
  close_stage(&s);
}

/* ---- files ------------------------------------------------------------------------------- */

static void
test_png(void)
{
  Stage s;
  open_stage(&s, 420);
  add_hundred(&s);
  picture(&s);
  g_autofree guint8 *before = g_memdup2(s.pixels, (gsize)s.width * (gsize)s.height * 4);
  g_autoptr(GBytes) png = vitrine_chart_to_png(s.chart, 2);
  g_autoptr(GError) error = NULL;
  g_autoptr(GdkTexture) texture = gdk_texture_new_from_bytes(png, &error);
  g_assert_no_error(error);
  int width = gdk_texture_get_width(texture), height = gdk_texture_get_height(texture);
  g_assert_cmpint(width, ==, 2 * (s.width + 16));
  g_assert_cmpint(height, ==, 2 * (s.height + 16));
  g_autofree guint8 *pixels = g_malloc((gsize)width * (gsize)height * 4);
  gdk_texture_download(texture, pixels, (gsize)width * 4);
  int white = 0, blue = 0, black = 0;
  for (int i = 0; i < width * height; i++) {
    const guint8 *p = pixels + 4 * i;
    g_assert_cmpint(p[3], ==, 255);
    white += p[0] == 255 && p[1] == 255 && p[2] == 255;
    blue += p[0] == 0xd8 && p[1] == 0x71 && p[2] == 0x1c; /* the palette's for paper */
    black += p[0] < 40 && p[1] < 40 && p[2] < 40;
  }
  g_assert_cmpint(white, >, width * height * 3 / 4);
  g_assert_cmpint(blue, >, 1000);
  g_assert_cmpint(black, >, 50); /* the title */
  g_assert_cmpint(pixels[0], ==, 255);
  picture(&s); /* and the screen is as it was */
  g_assert_cmpint(changed(&s, before), ==, 0);
  close_stage(&s);
}

static void
csv_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  *(GBytes **)data = vitrine_chart_to_csv_finish(VITRINE_CHART(source), result, NULL);
}

static void
test_csv(void)
{
  Stage s;
  double x[] = {-1, 0, 1, 2.5, 4}, y[] = {9, 0.1, NAN, -1e-7, 9}, other_x[] = {0, 1, 1.5},
         other[] = {3, 1.0 / 3, 16777216}, spread[] = {0.5, 0.25, 0.125};
  open_stage(&s, 420);
  add(&s, "D", 0, series_of(5, x, y), NULL);
  add(&s, "G, \"b\"", 1, series_of(3, other_x, other), series_of(3, other_x, spread));
  vitrine_chart_set_range(s.chart, 0, 2.5);
  g_autoptr(GBytes) csv = vitrine_chart_to_csv(s.chart);
  g_autofree char *text = g_strndup(g_bytes_get_data(csv, NULL), g_bytes_get_size(csv));
  /* A third is kept in single precision, whose nine digits these are. */
  g_assert_cmpstr(text, ==,
                  "kimg,D,\"G, \"\"b\"\"\",\"G, \"\"b\"\" std\"\n"
                  "0,0.1,3,0.5\n"
                  "1,,0.333333343,0.25\n"
                  "1.5,,16777216,0.125\n"
                  "2.5,-1e-07,,\n");
  GBytes *later = NULL;
  vitrine_chart_to_csv_async(s.chart, NULL, csv_cb, &later);
  for (int i = 0; i < 500 && !later; i++)
    run_for(0.01);
  g_assert_true(g_bytes_equal(csv, later));
  g_bytes_unref(later);
  key(&s, GDK_KEY_2, 0); /* hidden */
  g_autoptr(GBytes) one = vitrine_chart_to_csv(s.chart);
  g_autofree char *short_text = g_strndup(g_bytes_get_data(one, NULL), g_bytes_get_size(one));
  g_assert_cmpstr(short_text, ==, "kimg,D\n0,0.1\n1,\n2.5,-1e-07\n");
  close_stage(&s);
}

/* ---- odd things -------------------------------------------------------------------------- */

static void
test_odd_data(void)
{
  Stage s;
  double x[] = {0, 1, 2, 3}, odd[] = {NAN, 1e300, -1e300, INFINITY}, same[] = {5, 5, 5, 5},
         none[] = {NAN, NAN, NAN, NAN};
  open_stage(&s, 420);
  picture(&s);
  g_autofree guint8 *empty = g_memdup2(s.pixels, (gsize)s.width * (gsize)s.height * 4);
  vitrine_chart_show_everything(s.chart);
  vitrine_chart_wheel(s.chart, 100, 0, 1, GDK_CONTROL_MASK);
  key(&s, GDK_KEY_End, 0);
  g_autoptr(GBytes) png = vitrine_chart_to_png(s.chart, 1);
  g_autoptr(GBytes) csv = vitrine_chart_to_csv(s.chart);
  add(&s, "none", 0, series_of(4, x, none), NULL);
  picture(&s);
  add(&s, "one", 0, series_of(1, x, same), NULL);
  picture(&s);
  g_assert_cmpint(changed(&s, empty), >, 0);
  int blue = 0;
  for (int i = 0; i < s.width; i++)
    blue += in_column(&s, i, BLUE, 128, NULL, NULL);
  g_assert_cmpint(blue, >, 5); /* one point is a dot */
  add(&s, "same", 0, series_of(4, x, same), NULL);
  picture(&s);
  g_assert_cmpint(in_column(&s, s.width / 2, BLUE, 128, NULL, NULL), >, 0);
  add(&s, "odd", 1, series_of(4, x, odd), series_of(4, x, none));
  vitrine_chart_set_logarithmic(s.chart, TRUE);
  picture(&s);
  vitrine_chart_set_smoothing(s.chart, NAN);
  vitrine_chart_set_smoothing(s.chart, 7);
  vitrine_chart_set_range(s.chart, NAN, 3);
  vitrine_chart_set_range(s.chart, 1e6, 2e6);
  picture(&s);
  vitrine_chart_set_range(s.chart, 1, 1 + 1e-15);
  picture(&s);
  vitrine_chart_clear(s.chart);
  picture(&s);
  close_stage(&s);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  /* GTK 4.18 warns of a window that is lower than what came into it, where no window manager makes
   * it larger. */
  g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_FLAG_RECURSION);
  adw_init();
  g_test_add_func("/chart/line", test_line);
  g_test_add_func("/chart/dense", test_dense);
  g_test_add_func("/chart/band", test_band);
  g_test_add_func("/chart/logarithmic", test_logarithmic);
  g_test_add_func("/chart/calm", test_calm);
  g_test_add_func("/chart/describe", test_describe);
  g_test_add_func("/chart/readout", test_readout);
  g_test_add_func("/chart/keys", test_keys);
  g_test_add_func("/chart/wheel", test_wheel);
  g_test_add_func("/chart/drag", test_drag);
  g_test_add_func("/chart/following", test_following);
  g_test_add_func("/chart/legend", test_legend);
  g_test_add_func("/chart/legend-wraps", test_legend_wraps);
  g_test_add_func("/chart/png", test_png);
  g_test_add_func("/chart/csv", test_csv);
  g_test_add_func("/chart/odd-data", test_odd_data);
  return g_test_run();
}
