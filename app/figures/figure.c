/* The page a figure is drawn on, and how it becomes a file. */
#include "app/figures/figure-private.h"
#include <cairo-svg.h>
#include <math.h>
#include <string.h>
#include "engine/pictures/picture.h"
#include "engine/formats/writer.h"

/* cairo's own limit for pictures. */
#define MAX_SIDE 32767

static cairo_status_t
append_cb(gpointer closure, const unsigned char *data, unsigned int length)
{
  FigureBytes *b = closure;

  if (length > b->room - b->n) {
    gsize room = b->n + MAX(length, b->n) + 4096;
    guint8 *larger = g_try_realloc(b->data, room);
    if (!larger)
      return CAIRO_STATUS_NO_MEMORY;
    b->data = larger;
    b->room = room;
  }
  memcpy(b->data + b->n, data, length);
  b->n += length;
  return CAIRO_STATUS_SUCCESS;
}

static void
figure_free(Figure *f)
{
  if (f->cr)
    cairo_destroy(f->cr);
  if (f->surface)
    cairo_surface_destroy(f->surface);
  if (f->svg)
    g_free(f->svg->data);
  g_free(f->svg);
  g_free(f);
}

static gboolean
fail(const char *path, const char *why, GError **error)
{
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", path, why);
  return FALSE;
}

/* Metrics without hinting: an SVG and a PNG then break at the same places. */
static void
set_font_options(cairo_t *cr)
{
  cairo_font_options_t *options = cairo_font_options_create();

  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options(cr, options);
  cairo_font_options_destroy(options);
}

Figure *
figure_new(const char *path, double width, double height, double scale, GError **error)
{
  double w = ceil(width * scale), h = ceil(height * scale);

  if (!(w <= MAX_SIDE && h <= MAX_SIDE && w * h <= SG_PICTURE_MAX_PIXELS)) {
    g_autofree char *why = g_strdup_printf(
        "the picture would have %.0f×%.0f pixels, more than the %d million that are read back", w,
        h, SG_PICTURE_MAX_PIXELS >> 20);
    fail(path, why, error);
    return NULL;
  }
  Figure *f = g_new0(Figure, 1);
  f->path = path;
  if (g_str_has_suffix(path, ".svg")) {
    f->svg = g_new0(FigureBytes, 1);
    f->surface = cairo_svg_surface_create_for_stream(append_cb, f->svg, width, height);
  } else {
    f->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)w, (int)h);
  }
  f->cr = cairo_create(f->surface);
  if (!f->svg)
    cairo_scale(f->cr, scale, scale);
  set_font_options(f->cr);
  figure_colour(f->cr, 0xffffff, 1);
  cairo_paint(f->cr);
  return f;
}

/* RGB8 [height, width, 3] of a finished image surface, to be freed; NULL: no memory. */
static guint8 *
surface_rgb(cairo_surface_t *surface, int width, int height)
{
  guint8 *rgb = g_try_malloc_n((gsize)width * 3, (gsize)height), *to = rgb;

  if (!rgb)
    return NULL;
  cairo_surface_flush(surface);
  for (int y = 0; y < height; y++) {
    const guint8 *line = cairo_image_surface_get_data(surface) +
                         (gsize)y * (gsize)cairo_image_surface_get_stride(surface);
    for (int x = 0; x < width; x++, to += 3) {
      guint32 pixel;
      memcpy(&pixel, line + 4 * (gsize)x, 4);
      to[0] = pixel >> 16 & 255;
      to[1] = pixel >> 8 & 255;
      to[2] = pixel & 255;
    }
  }
  return rgb;
}

static gboolean
write_png(Figure *f, GError **error)
{
  int width = cairo_image_surface_get_width(f->surface);
  int height = cairo_image_surface_get_height(f->surface);
  g_autofree guint8 *rgb = surface_rgb(f->surface, width, height);

  if (!rgb)
    return fail(f->path, cairo_status_to_string(CAIRO_STATUS_NO_MEMORY), error);
  return sg_png_write(f->path, rgb, width, height, f->recipe_json, error);
}

gboolean
figure_finish(Figure *f, GError **error)
{
  cairo_status_t status = cairo_status(f->cr);
  gboolean ok;

  if (status == CAIRO_STATUS_SUCCESS && f->svg) {
    cairo_surface_finish(f->surface);
    status = cairo_surface_status(f->surface);
  }
  if (status != CAIRO_STATUS_SUCCESS)
    ok = fail(f->path, cairo_status_to_string(status), error);
  else if (f->svg)
    ok = sg_write_file(f->path, f->svg->data, f->svg->n, error);
  else
    ok = write_png(f, error);
  figure_free(f);
  return ok;
}

cairo_t *
figure_measure_new(void)
{
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
  cairo_t *cr = cairo_create(surface);

  cairo_surface_destroy(surface);
  set_font_options(cr);
  return cr;
}

void
figure_font(cairo_t *cr, double size, gboolean bold)
{
  cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cr, size);
}

static char **
text_lines(const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);

  return g_strsplit(valid, "\n", -1);
}

FigureText
figure_text_measure(cairo_t *cr, const char *text)
{
  g_auto(GStrv) lines = text_lines(text);
  FigureText m = {0};
  cairo_font_extents_t font;

  cairo_font_extents(cr, &font);
  m.ascent = font.ascent;
  m.line = font.ascent + font.descent;
  for (char **line = lines; *line; line++) {
    cairo_text_extents_t e;
    cairo_text_extents(cr, *line, &e);
    m.width = MAX(m.width, e.x_advance);
    m.height += m.line;
  }
  return m;
}

void
figure_text_draw(cairo_t *cr, double x, double y, double align, const char *text)
{
  g_auto(GStrv) lines = text_lines(text);
  FigureText m = figure_text_measure(cr, text);

  for (char **line = lines; *line; line++, y += m.line) {
    cairo_text_extents_t e;
    cairo_text_extents(cr, *line, &e);
    cairo_move_to(cr, x - align * e.x_advance, y);
    cairo_show_text(cr, *line);
  }
  cairo_new_path(cr);
}

void
figure_colour(cairo_t *cr, guint32 rgb, double alpha)
{
  cairo_set_source_rgba(cr, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0,
                        (rgb & 255) / 255.0, alpha);
}
