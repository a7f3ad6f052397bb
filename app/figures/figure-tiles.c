/* Pictures of one size in rows and columns, with words below and left of them. */
#include "app/figures/figure-private.h"
#include <math.h>
#include <string.h>

#define MARGIN 16.0

typedef struct {
  int width, height; /* of a tile */
  int columns, rows;
  double font, gap;
  double row_label;               /* width of the words on the left */
  double cell_width, cell_height; /* with the label, without the gap */
  double top;                     /* of the first row, under the title */
  double total_width, total_height;
} Layout;

/* Whole pixels: tiles are then copied, not resampled. */
static Layout
lay_out(const char *title, int width, int height, gsize n, const VitrineTile *tiles, int columns,
        const char *const *row_labels)
{
  Layout l = {.width = width, .height = height, .columns = MIN(columns, (int)MAX(n, 1))};
  cairo_t *cr = figure_measure_new();
  double label_width = 0, label_height = 0;

  l.rows = (int)((n + (gsize)l.columns - 1) / (gsize)l.columns);
  l.font = CLAMP(round(width / 16.0), 12, 36);
  l.gap = round(l.font / 2);
  figure_font(cr, l.font, FALSE);
  for (gsize i = 0; i < n; i++)
    if (tiles[i].label) {
      FigureText m = figure_text_measure(cr, tiles[i].label);
      label_width = MAX(label_width, m.width);
      label_height = MAX(label_height, m.height);
    }
  for (int r = 0; row_labels && r < l.rows; r++)
    l.row_label = MAX(l.row_label, ceil(figure_text_measure(cr, row_labels[r]).width + l.gap));
  l.cell_width = MAX(width, ceil(label_width));
  l.cell_height = height + (label_height > 0 ? ceil(label_height + l.gap / 2) : 0);
  figure_font(cr, l.font * 1.2, TRUE);
  FigureText head = figure_text_measure(cr, title);
  l.top = MARGIN + (title ? ceil(head.height + l.gap) : 0);
  l.total_width = l.row_label + l.columns * (l.cell_width + l.gap) - l.gap;
  l.total_width = 2 * MARGIN + MAX(l.total_width, title ? ceil(head.width) : 0);
  l.total_height = l.top + l.rows * (l.cell_height + l.gap) - l.gap + MARGIN;
  cairo_destroy(cr);
  return l;
}

#define CHECK 8 /* pixels of a field */

static guint32
over(const guint8 *rgba, guint ground)
{
  guint32 pixel = 0;

  for (int k = 0; k < 3; k++)
    pixel = pixel << 8 | (rgba[k] * rgba[3] + ground * (255u - rgba[3]) + 127) / 255;
  return pixel;
}

static void
draw_picture(cairo_t *cr, const VitrineTile *tile, int width, int height, double x, double y)
{
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  gsize bytes = tile->alpha ? 4 : 3;

  if (cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS) {
    cairo_surface_flush(surface);
    for (int j = 0; j < height; j++) {
      guint8 *line = cairo_image_surface_get_data(surface) +
                     (gsize)j * (gsize)cairo_image_surface_get_stride(surface);
      const guint8 *from = tile->rgb + (gsize)j * (gsize)width * bytes;
      for (int i = 0; i < width; i++, from += bytes) {
        guint ground = (i / CHECK + j / CHECK) % 2 ? 153 : 204;
        guint32 pixel = tile->alpha ? over(from, ground)
                                    : (guint32)from[0] << 16 | (guint32)from[1] << 8 | from[2];
        memcpy(line + 4 * (gsize)i, &pixel, 4);
      }
    }
    cairo_surface_mark_dirty(surface);
  }
  cairo_set_source_surface(cr, surface, x, y);
  cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
  cairo_rectangle(cr, x, y, width, height);
  cairo_fill(cr);
  cairo_surface_destroy(surface);
}

static void
draw_tile(cairo_t *cr, const Layout *l, const VitrineTile *tile, int column, int row)
{
  double left = MARGIN + l->row_label + column * (l->cell_width + l->gap);
  double top = l->top + row * (l->cell_height + l->gap);
  double x = left + floor((l->cell_width - l->width) / 2);

  if (tile->rgb)
    draw_picture(cr, tile, l->width, l->height, x, top);
  if (!tile->label)
    return;
  figure_font(cr, l->font, FALSE);
  FigureText m = figure_text_measure(cr, tile->label);
  figure_colour(cr, FIGURE_INK, 1);
  figure_text_draw(cr, x + l->width / 2.0, top + l->height + floor(l->gap / 2) + m.ascent, 0.5,
                   tile->label);
}

static void
draw_row_label(cairo_t *cr, const Layout *l, const char *label, int row)
{
  double top = l->top + row * (l->cell_height + l->gap);

  figure_font(cr, l->font, FALSE);
  FigureText m = figure_text_measure(cr, label);
  figure_colour(cr, FIGURE_FAINT, 1);
  figure_text_draw(cr, MARGIN, round(top + l->height / 2.0 - m.height / 2 + m.ascent), 0, label);
}

gboolean
vitrine_figure_tiles_with_recipe(const char *path, const char *title, int width, int height,
                                 gsize n, const VitrineTile *tiles, int columns,
                                 const char *const *row_labels, const char *recipe_json,
                                 GError **error)
{
  g_return_val_if_fail(n > 0 && columns > 0 && width > 0 && height > 0, FALSE);
  Layout l = lay_out(title, width, height, n, tiles, columns, row_labels);
  Figure *f = figure_new(path, l.total_width, l.total_height, 1, error);

  if (!f)
    return FALSE;
  f->recipe_json = recipe_json;
  if (title) {
    figure_font(f->cr, l.font * 1.2, TRUE);
    FigureText m = figure_text_measure(f->cr, title);
    figure_colour(f->cr, FIGURE_INK, 1);
    figure_text_draw(f->cr, MARGIN, MARGIN + m.ascent, 0, title);
  }
  for (int r = 0; row_labels && r < l.rows; r++)
    draw_row_label(f->cr, &l, row_labels[r], r);
  for (gsize i = 0; i < n; i++)
    draw_tile(f->cr, &l, &tiles[i], (int)(i % (gsize)l.columns), (int)(i / (gsize)l.columns));
  return figure_finish(f, error);
}

gboolean
vitrine_figure_tiles(const char *path, const char *title, int width, int height, gsize n,
                     const VitrineTile *tiles, int columns, const char *const *row_labels,
                     GError **error)
{
  return vitrine_figure_tiles_with_recipe(path, title, width, height, n, tiles, columns, row_labels,
                                          NULL, error);
}
