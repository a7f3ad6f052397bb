#include "ui/help/vitrine-help-drawings.h"
#include <math.h>
#include "engine/base/philox.h"

#define MIDDLE (VITRINE_HELP_HEIGHT / 2.0)

/* ---- strokes ----------------------------------------------------------------------------- */

static void
colour(cairo_t *cr, const GdkRGBA *c, double alpha)
{
  cairo_set_source_rgba(cr, (double)c->red, (double)c->green, (double)c->blue,
                        alpha * (double)c->alpha);
}

static void
dot(cairo_t *cr, double x, double y, double r)
{
  cairo_arc(cr, x, y, r, 0, 2 * G_PI);
  cairo_fill(cr);
}

static void
arrow(cairo_t *cr, double x0, double y0, double x1, double y1)
{
  double a = atan2(y1 - y0, x1 - x0);

  cairo_set_line_width(cr, 1.5);
  cairo_move_to(cr, x0, y0);
  cairo_line_to(cr, x1, y1);
  for (int side = -1; side <= 1; side += 2) {
    cairo_move_to(cr, x1, y1);
    cairo_line_to(cr, x1 - 6 * cos(a + side * 0.5), y1 - 6 * sin(a + side * 0.5));
  }
  cairo_stroke(cr);
}

static void
face(cairo_t *cr, double x, double y, double r)
{
  cairo_set_line_width(cr, 1.5);
  cairo_arc(cr, x, y, r, 0, 2 * G_PI);
  cairo_stroke(cr);
  dot(cr, x - 0.35 * r, y - 0.2 * r, 0.1 * r);
  dot(cr, x + 0.35 * r, y - 0.2 * r, 0.1 * r);
  cairo_arc(cr, x, y + 0.1 * r, 0.45 * r, 0.15 * G_PI, 0.85 * G_PI);
  cairo_stroke(cr);
}

static void
letter(cairo_t *cr, double x, double y, const char *text)
{
  cairo_select_font_face(cr, "serif", CAIRO_FONT_SLANT_ITALIC, CAIRO_FONT_WEIGHT_BOLD);
  cairo_set_font_size(cr, 15);
  cairo_move_to(cr, x, y);
  cairo_show_text(cr, text);
}

/* A cloud of n points of a normal distribution. */
static void
cloud(cairo_t *cr, int n, double x, double y, double sx, double sy, double skew)
{
  SgPhilox p = {.seed = 7};

  for (int i = 0; i < n; i++) {
    double a = sg_philox_normal(&p), b = sg_philox_normal(&p);
    dot(cr, x + sx * a + skew * b * b, y + sy * b, 1.5);
  }
}

/* ---- the topics -------------------------------------------------------------------------- */

/* Numbers of a random generator become a face. */
void
vitrine_help_draw_z(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent)
{
  SgPhilox p = {.seed = 3};

  for (int i = 0; i < 20; i++) {
    double v = CLAMP(18 * sg_philox_normal(&p), -40, 40);
    colour(cr, i == 6 ? accent : ink, i == 6 ? 1 : 0.5);
    cairo_rectangle(cr, 14 + 7 * i, v < 0 ? MIDDLE : MIDDLE - v, 5, MAX(fabs(v), 1));
    cairo_fill(cr);
  }
  colour(cr, ink, 0.8);
  letter(cr, 14, 18, "z");
  arrow(cr, 166, MIDDLE, 200, MIDDLE);
  face(cr, 238, MIDDLE, 30);
}

/* A ball of z becomes a cloud of another shape, in which one way is one thing. */
void
vitrine_help_draw_w(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent)
{
  colour(cr, ink, 0.45);
  cloud(cr, 70, 55, MIDDLE, 17, 17, 0);
  cloud(cr, 70, 215, MIDDLE + 4, 16, 15, 9);
  colour(cr, ink, 0.8);
  letter(cr, 12, 18, "z");
  letter(cr, 258, 18, "w");
  arrow(cr, 112, MIDDLE, 160, MIDDLE);
  colour(cr, accent, 1);
  arrow(cr, 190, 88, 248, 28);
}

/* One w speaks to every layer, in that layer's own words. */
void
vitrine_help_draw_style(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent)
{
  double x = 60;

  colour(cr, ink, 0.8);
  letter(cr, 14, 24, "w");
  cairo_set_line_width(cr, 1.5);
  cairo_move_to(cr, 30, 19);
  cairo_line_to(cr, 236, 19);
  cairo_stroke(cr);
  for (int i = 0; i < 5; i++) {
    double side = 14 + 8 * i;
    colour(cr, accent, 1);
    arrow(cr, x + side / 2, 20, x + side / 2, 88 - side - 4);
    colour(cr, ink, 0.25 + 0.12 * i);
    cairo_rectangle(cr, x, 90 - side, side, side);
    cairo_fill(cr);
    x += side + 8;
  }
}

/* Every face is drawn towards the average one. */
void
vitrine_help_draw_truncation(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent)
{
  const double far[][2] = {{-78, -36}, {84, -30}, {-66, 38}, {72, 34}};

  colour(cr, ink, 0.3);
  cloud(cr, 90, 140, MIDDLE, 38, 20, 0);
  colour(cr, accent, 1);
  for (guint i = 0; i < G_N_ELEMENTS(far); i++) {
    double x = 140 + far[i][0], y = MIDDLE + far[i][1];
    dot(cr, x, y, 3);
    arrow(cr, x, y, 140 + 0.5 * far[i][0], MIDDLE + 0.5 * far[i][1]);
  }
  colour(cr, ink, 0.9);
  face(cr, 140, MIDDLE, 15);
}

/* Grain is added to what a layer has drawn. */
void
vitrine_help_draw_noise(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent)
{
  SgPhilox p = {.seed = 11};

  colour(cr, ink, 0.8);
  face(cr, 46, MIDDLE, 30);
  letter(cr, 92, MIDDLE + 6, "+");
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++) {
      colour(cr, accent, sg_philox_uniform(&p));
      cairo_rectangle(cr, 116 + 7 * i, MIDDLE - 28 + 7 * j, 6, 6);
      cairo_fill(cr);
    }
  colour(cr, ink, 0.8);
  letter(cr, 182, MIDDLE + 6, "=");
  face(cr, 236, MIDDLE, 30);
  colour(cr, accent, 1);
  for (int i = 0; i < 26; i++) { /* strands of hair, each somewhere */
    double a = G_PI * (1 + i / 25.0), r = 30 + 5 * sg_philox_uniform(&p);
    cairo_move_to(cr, 236 + 29 * cos(a), MIDDLE + 29 * sin(a));
    cairo_line_to(cr, 236 + r * cos(a + 0.1), MIDDLE + r * sin(a + 0.1));
  }
  cairo_set_line_width(cr, 1);
  cairo_stroke(cr);
}

static void
hump(cairo_t *cr, double centre, double sd, double height)
{
  cairo_move_to(cr, centre - 3 * sd, 90);
  for (double t = -3; t <= 3.01; t += 0.1)
    cairo_line_to(cr, centre + t * sd, 90 - height * exp(-t * t / 2));
  cairo_close_path(cr);
  cairo_fill(cr);
}

/* A judge who has seen real and made pictures puts this one on a scale. */
void
vitrine_help_draw_score(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent)
{
  colour(cr, ink, 0.3);
  hump(cr, 95, 26, 62);
  colour(cr, ink, 0.55);
  hump(cr, 185, 26, 62);
  colour(cr, ink, 0.8);
  arrow(cr, 12, 91, 268, 91);
  colour(cr, accent, 1);
  cairo_set_line_width(cr, 2.5);
  cairo_move_to(cr, 128, 91);
  cairo_line_to(cr, 128, 22);
  cairo_stroke(cr);
  face(cr, 128, 14, 11);
}

/* Of all weights the smallest are set to zero. */
void
vitrine_help_draw_pruning(cairo_t *cr, const GdkRGBA *ink, const GdkRGBA *accent)
{
  for (int i = -18; i <= 18; i++) {
    double height = 78 * exp(-i * i / 110.0);
    gboolean small = ABS(i) <= 5;
    colour(cr, small ? accent : ink, small ? 0.25 : 0.6);
    cairo_rectangle(cr, 138 + 7 * i, 92 - height, 5, height);
    cairo_fill(cr);
  }
  colour(cr, ink, 0.8);
  arrow(cr, 8, 93, 272, 93);
  colour(cr, accent, 1);
  cairo_set_line_width(cr, 2);
  for (int side = -1; side <= 1; side += 2) {
    cairo_move_to(cr, 140.5 + side * 39, 96);
    cairo_line_to(cr, 140.5 + side * 39, 10);
  }
  cairo_stroke(cr);
}
