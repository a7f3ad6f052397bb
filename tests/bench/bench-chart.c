/* bench-chart [--points=N] [--width=W]: charts in a real window while they are zoomed and panned,
 * 300 frames a scene (run it under run-under-xvfb, which draws with cairo).
 *
 * Of each scene three lines: "draw", the time one chart takes to make its nodes and to paint them,
 * with nothing kept from the frame before; "cpu", the part of it on the processor; "frame", from
 * the beginning of a frame of the window's clock (with its layout) to its end, and frames a second
 * as they came. A display without vertical blank is served 60 frames a second by GTK: more than
 * that is not to be had. */
#include <adwaita.h>
#include <math.h>
#include <stdio.h>
#include <time.h>
#include "ui/charts/vitrine-chart.h"

#define FRAMES 300
#define MOST   4

typedef struct {
  const char *name;
  guint charts, curves;
  gboolean band;
  double smoothing;
} Scene;

typedef struct {
  GtkWidget *window, *charts[MOST];
  const Scene *scene;
  guint frame;
  gint64 began, first, last;
  GArray *draw, *cpu, *paint; /* double, ms */
  cairo_t *cr;                /* as large as a chart */
  double end;
  GMainLoop *loop;
} Bench;

/* A walk with noise on it, some spikes, one gap. */
static SgSeries *
make_series(guint points, guint seed)
{
  SgSeries *s = sg_series_new();
  g_autoptr(GRand) random = g_rand_new_with_seed(seed);
  double x[4096], y[4096], walk = 1;

  for (guint at = 0; at < points;) {
    guint n = MIN(G_N_ELEMENTS(x), points - at);
    for (guint i = 0; i < n; i++, at++) {
      walk += (g_rand_double(random) - 0.5) * 0.002;
      x[i] = at / 1000.0;
      y[i] = walk + (g_rand_double(random) - 0.5) * 0.4;
      if (at % 100003 == 0)
        y[i] += 3;
      if (at > points / 2 && at < points / 2 + points / 50)
        y[i] = NAN;
    }
    sg_series_append(s, n, x, y);
  }
  return s;
}

static int
compare(gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void
report(const char *scene, const char *what, GArray *times, double fps)
{
  g_array_sort(times, compare);
  const double *t = (const double *)times->data;
  guint n = times->len;
  printf("%-12s %-5s ms min %6.2f  median %6.2f  95%% %6.2f  max %6.2f", scene, what, t[0],
         t[n / 2], t[n * 95 / 100], t[n - 1]);
  if (fps > 0)
    printf("  %.1f frames/s", fps);
  printf("  (%u)\n", n);
  fflush(stdout);
}

/* In to a fiftieth, across at that zoom and back out elsewhere. */
static void
range_of_frame(const Bench *b, guint frame, double *x0, double *x1)
{
  double zoom = frame < 100 ? frame / 100.0 : frame < 200 ? 1 : (FRAMES - 1 - frame) / 99.0;
  double width = b->end * pow(50, -zoom);
  double place = frame < 100 ? 0.3 : frame < 200 ? 0.3 + 0.4 * (frame - 100) / 100.0 : 0.7;
  *x0 = (b->end - width) * place;
  *x1 = *x0 + width;
}

/* Of this thread: what other programs do on the machine is left out. */
static double
cpu_ms(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

/* One chart by itself: nodes, and their pixels. */
static void
time_draw(Bench *b)
{
  GtkWidget *chart = b->charts[0];
  gint64 began = g_get_monotonic_time();
  double cpu = cpu_ms();

  GtkSnapshot *snapshot = gtk_snapshot_new();
  GTK_WIDGET_GET_CLASS(chart)->snapshot(chart, snapshot);
  g_autoptr(GskRenderNode) node = gtk_snapshot_free_to_node(snapshot);
  gsk_render_node_draw(node, b->cr);
  cpu = cpu_ms() - cpu;
  double ms = (double)(g_get_monotonic_time() - began) / 1000;
  g_array_append_val(b->draw, ms);
  g_array_append_val(b->cpu, cpu);
}

static gboolean
tick_cb(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  Bench *b = data;
  double x0, x1;

  if (b->frame >= FRAMES)
    return G_SOURCE_REMOVE;
  range_of_frame(b, b->frame, &x0, &x1);
  for (guint i = 0; i < b->scene->charts; i++)
    vitrine_chart_set_range(VITRINE_CHART(b->charts[i]), x0, x1);
  return G_SOURCE_CONTINUE;
}

static void
before_cb(GdkFrameClock *clock, Bench *b)
{
  b->began = g_get_monotonic_time();
}

static void
after_cb(GdkFrameClock *clock, Bench *b)
{
  gint64 now = g_get_monotonic_time();
  double ms = (double)(now - b->began) / 1000;

  if (b->frame >= FRAMES)
    return;
  if (b->frame++ == 0)
    b->first = b->began;
  b->last = b->began;
  g_array_append_val(b->paint, ms);
  if (b->frame == FRAMES)
    g_main_loop_quit(b->loop);
}

static void
open_window(Bench *b, SgSeries **series, SgSeries *band, int width)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);

  b->window = gtk_window_new();
  gtk_window_set_default_size(GTK_WINDOW(b->window), width, -1);
  for (guint i = 0; i < b->scene->charts; i++) {
    VitrineChart *chart = VITRINE_CHART(b->charts[i] = vitrine_chart_new("Loss", "kimg"));
    for (guint k = 0; k < b->scene->curves; k++) {
      g_autofree char *label = g_strdup_printf("curve %u", k + 1);
      vitrine_chart_add(chart, label, k, k == 2, series[k], b->scene->band ? band : NULL);
    }
    gtk_box_append(GTK_BOX(box), b->charts[i]);
  }
  gtk_window_set_child(GTK_WINDOW(b->window), box);
  gtk_window_present(GTK_WINDOW(b->window));
}

static void
run_scene(Bench *b, SgSeries **series, SgSeries *band, int width)
{
  b->frame = 0;
  b->draw = g_array_new(FALSE, FALSE, sizeof(double));
  b->cpu = g_array_new(FALSE, FALSE, sizeof(double));
  b->paint = g_array_new(FALSE, FALSE, sizeof(double));
  open_window(b, series, band, width);
  gint64 began = g_get_monotonic_time();
  for (guint k = 0; k < b->scene->curves; k++)
    sg_series_set_smoothing(series[k], b->scene->smoothing);
  printf("%-12s smoothed in %.0f ms\n", b->scene->name,
         (double)(g_get_monotonic_time() - began) / 1000);
  for (guint i = 0; i < b->scene->charts; i++)
    vitrine_chart_set_smoothing(VITRINE_CHART(b->charts[i]), b->scene->smoothing);
  for (int i = 0; i < 100; i++) {
    g_main_context_iteration(NULL, FALSE);
    g_usleep(5000);
  }
  cairo_surface_t *surface = cairo_image_surface_create(
      CAIRO_FORMAT_ARGB32, gtk_widget_get_width(b->charts[0]), gtk_widget_get_height(b->charts[0]));
  b->cr = cairo_create(surface);
  for (guint frame = 0; frame < FRAMES; frame++) {
    double x0, x1;
    range_of_frame(b, frame, &x0, &x1);
    vitrine_chart_set_range(VITRINE_CHART(b->charts[0]), x0, x1);
    time_draw(b);
  }
  cairo_destroy(b->cr);
  cairo_surface_destroy(surface);
  report(b->scene->name, "draw", b->draw, 0);
  report(b->scene->name, "cpu", b->cpu, 0);

  GdkFrameClock *clock = gtk_widget_get_frame_clock(b->window);
  gulong before = g_signal_connect(clock, "before-paint", G_CALLBACK(before_cb), b);
  gulong after = g_signal_connect(clock, "after-paint", G_CALLBACK(after_cb), b);
  gtk_widget_add_tick_callback(b->charts[0], tick_cb, b, NULL);
  g_main_loop_run(b->loop);
  g_signal_handler_disconnect(clock, before);
  g_signal_handler_disconnect(clock, after);
  report(b->scene->name, "frame", b->paint, (FRAMES - 1) * 1e6 / (double)(b->last - b->first));
  gtk_window_destroy(GTK_WINDOW(b->window));
  g_array_unref(b->draw);
  g_array_unref(b->cpu);
  g_array_unref(b->paint);
}

int
main(int argc, char **argv)
{
  int points = 5000000, width = 1280;
  const GOptionEntry entries[] = {
      {"points", 0, 0, G_OPTION_ARG_INT, &points, "of each curve (5000000)", "N"},
      {"width", 0, 0, G_OPTION_ARG_INT, &width, "of the window (1280)", "W"},
      {NULL}};
  static const Scene scenes[] = {{"one", 1, 1, FALSE, 0},
                                 {"three", 1, 3, FALSE, 0},
                                 {"smoothed", 1, 3, FALSE, 0.9},
                                 {"band", 1, 2, TRUE, 0.9},
                                 {"four charts", 4, 2, FALSE, 0.9}};
  g_autoptr(GOptionContext) context = g_option_context_new("- measures charts");
  g_autoptr(GError) error = NULL;
  SgSeries *series[3];

  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error) || points < 1) {
    fprintf(stderr, "bench-chart: %s\n", error ? error->message : "--points must be at least 1");
    return 2;
  }
  adw_init();
  gint64 began = g_get_monotonic_time();
  for (guint k = 0; k < G_N_ELEMENTS(series); k++)
    series[k] = make_series((guint)points, k + 1);
  printf("%d points a curve, made in %.0f ms, %.0f MiB each\n", points,
         (double)(g_get_monotonic_time() - began) / 3000,
         (double)sg_series_bytes(series[0]) / 1048576);
  SgSeries *band = make_series((guint)MIN(points, 2000), 9);
  Bench b = {.end = points / 1000.0, .loop = g_main_loop_new(NULL, FALSE)};
  for (guint i = 0; i < G_N_ELEMENTS(scenes); i++) {
    b.scene = &scenes[i];
    run_scene(&b, series, band, width);
  }
  for (guint k = 0; k < G_N_ELEMENTS(series); k++)
    sg_series_unref(series[k]);
  sg_series_unref(band);
  g_main_loop_unref(b.loop);
  return 0;
}
