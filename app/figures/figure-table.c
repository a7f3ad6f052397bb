/* Numbers in rows and columns: matrices, tables of results. */
#include "app/figures/figure-private.h"
#include <math.h>

#define MARGIN 24.0
#define FONT   13.0
#define PAD    8.0
#define HEIGHT 30.0
/* Column labels rise at this angle. */
#define SLANT (G_PI / 4)
/* Ends of the scale, told apart by colour-blind eyes. */
#define BELOW 0x1a5fb4
#define ABOVE 0xe66100

typedef struct {
  double left, top, cell, width, height; /* of the first field; a field's width; in all */
} Layout;

static char *
field_text(const VitrineTable *t, int row, int column)
{
  int at = row * t->columns + column;

  if (t->texts)
    return g_strdup(t->texts[at]);
  return isfinite(t->values[at]) ? g_strdup_printf("%.2f", t->values[at]) : g_strdup("");
}

static double
widest(cairo_t *cr, int n, const char *const *labels)
{
  double width = 0;

  for (int i = 0; i < n; i++)
    width = MAX(width, figure_text_measure(cr, labels[i]).width);
  return width;
}

static Layout
lay_out(const VitrineTable *t)
{
  cairo_t *cr = figure_measure_new();
  Layout l = {.cell = HEIGHT};
  double title, rise;

  figure_font(cr, FONT * 1.3, TRUE);
  FigureText head = figure_text_measure(cr, t->title);
  title = head.width;
  figure_font(cr, FONT, FALSE);
  for (int r = 0; r < t->rows; r++)
    for (int c = 0; c < t->columns; c++) {
      g_autofree char *text = field_text(t, r, c);
      l.cell = MAX(l.cell, ceil(figure_text_measure(cr, text).width + 2 * PAD));
    }
  rise = ceil(widest(cr, t->columns, t->column_labels) * sin(SLANT));
  l.left = MARGIN + ceil(widest(cr, t->rows, t->row_labels)) + PAD;
  l.top = MARGIN + ceil(head.height) + PAD + rise + PAD;
  l.width = MAX(l.left + t->columns * l.cell + rise, MARGIN + title) + MARGIN;
  l.height = l.top + t->rows * HEIGHT + MARGIN;
  cairo_destroy(cr);
  return l;
}

/* From white to full colour, and whether ink is still read on it. */
static guint32
ground(const VitrineTable *t, double value, gboolean *dark)
{
  double share = (value - t->middle) / t->reach, part = MIN(fabs(share), 1);
  guint32 end = share < 0 ? BELOW : ABOVE, out = 0;

  *dark = share < 0 && part > 0.6;
  for (int shift = 16; shift >= 0; shift -= 8) {
    double channel = (double)(end >> shift & 255);
    out |= (guint32)lround(255 + part * (channel - 255)) << shift;
  }
  return out;
}

static void
draw_field(cairo_t *cr, const Layout *l, const VitrineTable *t, int row, int column)
{
  double x = l->left + column * l->cell, y = l->top + row * HEIGHT;
  double value = t->values[row * t->columns + column];
  g_autofree char *text = field_text(t, row, column);
  gboolean dark = FALSE;

  if (isfinite(value)) {
    figure_colour(cr, ground(t, value, &dark), 1);
    cairo_rectangle(cr, x, y, l->cell - 1, HEIGHT - 1);
    cairo_fill(cr);
  }
  FigureText m = figure_text_measure(cr, text);
  figure_colour(cr, dark ? 0xffffff : FIGURE_INK, 1);
  figure_text_draw(cr, x + l->cell / 2, y + (HEIGHT - m.height) / 2 + m.ascent, 0.5, text);
}

static void
draw_labels(cairo_t *cr, const Layout *l, const VitrineTable *t)
{
  figure_colour(cr, FIGURE_INK, 1);
  for (int r = 0; r < t->rows; r++) {
    FigureText m = figure_text_measure(cr, t->row_labels[r]);
    figure_text_draw(cr, l->left - PAD, l->top + r * HEIGHT + (HEIGHT - m.height) / 2 + m.ascent, 1,
                     t->row_labels[r]);
  }
  for (int c = 0; c < t->columns; c++) {
    cairo_save(cr);
    cairo_translate(cr, l->left + (c + 0.5) * l->cell, l->top - PAD / 2);
    cairo_rotate(cr, -SLANT);
    figure_text_draw(cr, 0, 0, 0, t->column_labels[c]);
    cairo_restore(cr);
  }
}

gboolean
vitrine_figure_table(const char *path, const VitrineTable *t, GError **error)
{
  g_return_val_if_fail(t->rows > 0 && t->columns > 0 && t->reach > 0, FALSE);
  Layout l = lay_out(t);
  Figure *f = figure_new(path, l.width, l.height, 2, error);

  if (!f)
    return FALSE;
  figure_font(f->cr, FONT * 1.3, TRUE);
  FigureText head = figure_text_measure(f->cr, t->title);
  figure_colour(f->cr, FIGURE_INK, 1);
  figure_text_draw(f->cr, MARGIN, MARGIN + head.ascent, 0, t->title);
  figure_font(f->cr, FONT, FALSE);
  draw_labels(f->cr, &l, t);
  for (int r = 0; r < t->rows; r++)
    for (int c = 0; c < t->columns; c++)
      draw_field(f->cr, &l, t, r, c);
  return figure_finish(f, error);
}
