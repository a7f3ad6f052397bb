/* Curves over one parameter: axes with round numbers, a faint grid, the legend above the plot where
 * it covers nothing. */
#include "app/figures/figure-private.h"
#include <math.h>

#define WIDTH     800.0
#define HEIGHT    500.0
#define PNG_SCALE 2.0
#define MARGIN    24.0
#define FONT      14.0
/* Fewer points than these are marked one by one. */
#define FEW_POINTS 24
#define MAX_TICKS  12

/* Told apart on white, in print and by colour-blind eyes: blue, orange, green, purple… */
static const guint32 palette[] = {0x1a5fb4, 0xc64600, 0x26a269, 0x813d9c,
                                  0xa51d2d, 0x986a44, 0x2190a4, 0x3d3846};

typedef struct {
  double min, max, step;
  int decimals;
} Axis;

typedef struct {
  double left, top, right, bottom;
  Axis x, y;
} Plot;

/* 1, 2 or 5 times a power of ten, so that there are at most `ticks` of them. */
static Axis
new_axis(double min, double max, int ticks)
{
  Axis a;

  if (!(min <= max))
    min = 0, max = 1;
  if (max - min <= 1e-12 * MAX(fabs(min), fabs(max)) || max - min < 1e-300) {
    double room = MAX(fabs(min) * 0.1, 0.5);
    min -= room, max += room;
  }
  double raw = (max - min) / ticks, power = pow(10, floor(log10(raw))), unit = raw / power;
  a.step = power * (unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 5 ? 5 : 10);
  a.decimals = (int)CLAMP(-floor(log10(a.step) + 1e-9), 0, 9);
  a.min = min;
  a.max = max;
  return a;
}

static gboolean
is_point(const VitrineCurve *c, gsize i)
{
  return isfinite(c->x[i]) && isfinite(c->y[i]);
}

static void
data_range(gsize n, const VitrineCurve *curves, double *lo, double *hi, gboolean of_y)
{
  *lo = INFINITY;
  *hi = -INFINITY;
  for (gsize k = 0; k < n; k++)
    for (gsize i = 0; i < curves[k].n; i++)
      if (is_point(&curves[k], i)) {
        double v = of_y ? curves[k].y[i] : curves[k].x[i];
        *lo = MIN(*lo, v);
        *hi = MAX(*hi, v);
      }
}

static void
tick_text(const Axis *a, double v, char *text, gsize size)
{
  double largest = MAX(fabs(a->min), fabs(a->max));

  if (largest >= 1e6 || a->step < 1e-6)
    g_snprintf(text, size, "%.3g", v);
  else
    g_snprintf(text, size, "%.*f", a->decimals, fabs(v) < a->step * 1e-9 ? 0.0 : v);
}

/* Calls for each tick inside the axis. */
static int
axis_ticks(const Axis *a, double ticks[MAX_TICKS + 2])
{
  int n = 0;

  for (double k = ceil(a->min / a->step - 1e-9); n < MAX_TICKS + 2; k++) {
    if (k * a->step > a->max + 1e-9 * (a->max - a->min))
      break;
    ticks[n++] = k * a->step;
  }
  return n;
}

static double
plot_x(const Plot *p, double v)
{
  return p->left + (v - p->x.min) / (p->x.max - p->x.min) * (p->right - p->left);
}

static double
plot_y(const Plot *p, double v)
{
  return p->bottom - (v - p->y.min) / (p->y.max - p->y.min) * (p->bottom - p->top);
}

static double
y_ticks_width(cairo_t *cr, const Axis *a)
{
  double ticks[MAX_TICKS + 2], width = 0;
  char text[64];

  for (int i = axis_ticks(a, ticks) - 1; i >= 0; i--) {
    tick_text(a, ticks[i], text, sizeof text);
    width = MAX(width, figure_text_measure(cr, text).width);
  }
  return width;
}

/* A tick's line is half a unit off whole numbers: one crisp line where a unit is a pixel. */
static void
line(cairo_t *cr, double x0, double y0, double x1, double y1)
{
  cairo_move_to(cr, floor(x0) + 0.5, floor(y0) + 0.5);
  cairo_line_to(cr, floor(x1) + 0.5, floor(y1) + 0.5);
  cairo_stroke(cr);
}

static void
draw_grid(cairo_t *cr, const Plot *p)
{
  double ticks[MAX_TICKS + 2];
  char text[64];

  cairo_set_line_width(cr, 1);
  figure_font(cr, FONT, FALSE);
  FigureText m = figure_text_measure(cr, "0");
  for (int i = axis_ticks(&p->y, ticks) - 1; i >= 0; i--) {
    double y = plot_y(p, ticks[i]);
    figure_colour(cr, FIGURE_GRID, 1);
    line(cr, p->left, y, p->right, y);
    tick_text(&p->y, ticks[i], text, sizeof text);
    figure_colour(cr, FIGURE_FAINT, 1);
    figure_text_draw(cr, p->left - 10, y + m.ascent * 0.38, 1, text);
  }
  for (int i = axis_ticks(&p->x, ticks) - 1; i >= 0; i--) {
    double x = plot_x(p, ticks[i]);
    figure_colour(cr, FIGURE_GRID, 1);
    line(cr, x, p->top, x, p->bottom);
    tick_text(&p->x, ticks[i], text, sizeof text);
    figure_colour(cr, FIGURE_FAINT, 1);
    figure_text_draw(cr, x, p->bottom + 8 + m.ascent, 0.5, text);
  }
  figure_colour(cr, FIGURE_FAINT, 1);
  line(cr, p->left, p->bottom, p->right, p->bottom);
  line(cr, p->left, p->top, p->left, p->bottom);
}

static void
dot(cairo_t *cr, double x, double y, double radius)
{
  cairo_new_sub_path(cr);
  cairo_arc(cr, x, y, radius, 0, 2 * G_PI);
  cairo_fill(cr);
}

static void
draw_curve(cairo_t *cr, const Plot *p, const VitrineCurve *c, guint32 colour)
{
  gboolean pen_down = FALSE;

  if (c->dots) {
    figure_colour(cr, colour, 0.4);
    for (gsize i = 0; i < c->n; i++)
      if (is_point(c, i))
        dot(cr, plot_x(p, c->x[i]), plot_y(p, c->y[i]), 2);
    return;
  }
  figure_colour(cr, colour, 1);
  cairo_set_line_width(cr, 2);
  cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
  for (gsize i = 0; i < c->n; i++) {
    if (is_point(c, i)) {
      double x = plot_x(p, c->x[i]), y = plot_y(p, c->y[i]);
      if (pen_down)
        cairo_line_to(cr, x, y);
      else
        cairo_move_to(cr, x, y);
    }
    pen_down = is_point(c, i);
  }
  cairo_stroke(cr);
  for (gsize i = 0; i < c->n; i++) {
    gboolean alone = (i == 0 || !is_point(c, i - 1)) && (i + 1 == c->n || !is_point(c, i + 1));
    if (is_point(c, i) && (alone || c->n <= FEW_POINTS))
      dot(cr, plot_x(p, c->x[i]), plot_y(p, c->y[i]), 3.5);
  }
}

/* Draws the legend in as many rows as it needs from `top` on, or only measures it; its height. */
static double
legend(cairo_t *cr, double left, double right, double top, gsize n, const VitrineCurve *curves,
       gboolean draw)
{
  double x = left, y = top;
  gboolean any = FALSE;

  figure_font(cr, FONT, FALSE);
  FigureText m = figure_text_measure(cr, "0");
  for (gsize k = 0; k < n; k++) {
    if (!curves[k].label)
      continue;
    double width = 28 + figure_text_measure(cr, curves[k].label).width;
    if (any && x + width > right)
      x = left, y += m.line + 4;
    if (draw) {
      figure_colour(cr, palette[k % G_N_ELEMENTS(palette)], 1);
      cairo_set_line_width(cr, 3);
      cairo_move_to(cr, x, y + m.line / 2);
      cairo_line_to(cr, x + 20, y + m.line / 2);
      cairo_stroke(cr);
      figure_colour(cr, FIGURE_INK, 1);
      figure_text_draw(cr, x + 28, y + m.ascent, 0, curves[k].label);
    }
    x += width + 24;
    any = TRUE;
  }
  return any ? y + m.line + 12 - top : 0;
}

static Plot
lay_out(const VitrineAxes *axes, gsize n, const VitrineCurve *curves)
{
  cairo_t *cr = figure_measure_new();
  double lo, hi;
  Plot p;

  data_range(n, curves, &lo, &hi, FALSE);
  p.x = new_axis(lo, hi, 10);
  if (axes->y_min < axes->y_max) {
    lo = axes->y_min, hi = axes->y_max;
  } else {
    data_range(n, curves, &lo, &hi, TRUE);
    double room = hi > lo ? 0.05 * (hi - lo) : 0;
    lo -= room, hi += room;
  }
  p.y = new_axis(lo, hi, 6);
  figure_font(cr, FONT, FALSE);
  FigureText m = figure_text_measure(cr, "0");
  p.left = ceil(MARGIN + (axes->y_label ? m.line + 10 : 0) + y_ticks_width(cr, &p.y) + 10);
  p.right = WIDTH - MARGIN;
  p.top = MARGIN + (axes->title ? ceil(m.line * 1.2 + 12) : 0);
  p.top = ceil(p.top + legend(cr, p.left, p.right, p.top, n, curves, FALSE));
  p.bottom = floor(HEIGHT - MARGIN - m.line - 8 - (axes->x_label ? m.line + 10 : 0));
  cairo_destroy(cr);
  return p;
}

static void
draw_words(cairo_t *cr, const Plot *p, const VitrineAxes *axes)
{
  figure_font(cr, FONT, FALSE);
  FigureText m = figure_text_measure(cr, "0");
  figure_colour(cr, FIGURE_INK, 1);
  if (axes->x_label)
    figure_text_draw(cr, (p->left + p->right) / 2, HEIGHT - MARGIN - m.line + m.ascent, 0.5,
                     axes->x_label);
  if (axes->y_label) {
    cairo_save(cr);
    cairo_translate(cr, MARGIN + m.ascent, (p->top + p->bottom) / 2);
    cairo_rotate(cr, -G_PI / 2);
    figure_text_draw(cr, 0, 0, 0.5, axes->y_label);
    cairo_restore(cr);
  }
  if (axes->title) {
    figure_font(cr, FONT * 1.2, TRUE);
    figure_text_draw(cr, p->left, MARGIN + figure_text_measure(cr, axes->title).ascent, 0,
                     axes->title);
  }
}

gboolean
vitrine_figure_curves(const char *path, const VitrineAxes *axes, gsize n,
                      const VitrineCurve *curves, GError **error)
{
  Plot p = lay_out(axes, n, curves);
  Figure *f = figure_new(path, WIDTH, HEIGHT, PNG_SCALE, error);
  cairo_t *cr;

  if (!f)
    return FALSE;
  cr = f->cr;
  draw_words(cr, &p, axes);
  double top = MARGIN;
  if (axes->title) {
    figure_font(cr, FONT, FALSE);
    top += ceil(figure_text_measure(cr, "0").line * 1.2 + 12);
  }
  legend(cr, p.left, p.right, top, n, curves, TRUE);
  draw_grid(cr, &p);
  /* What a fixed axis leaves out is cut off, not drawn over the words; half a line may stand
   * over. */
  cairo_rectangle(cr, p.left - 4, p.top - 4, p.right - p.left + 8, p.bottom - p.top + 8);
  cairo_clip(cr);
  for (gsize k = 0; k < n; k++)
    draw_curve(cr, &p, &curves[k], palette[k % G_N_ELEMENTS(palette)]);
  return figure_finish(f, error);
}
