/* What both kinds of figures share: a surface with a size, text, and the file (figure.c). */
#pragma once

#include <cairo.h>
#include "app/figures/figure.h"

G_BEGIN_DECLS

typedef struct {
  guint8 *data;
  gsize n, room;
} FigureBytes;

typedef struct {
  const char *path;
  cairo_surface_t *surface;
  cairo_t *cr;
  FigureBytes *svg;        /* what the surface has written; NULL for a PNG */
  const char *recipe_json; /* that goes into a PNG, or NULL; borrowed */
} Figure;

typedef struct {
  double width, ascent, height; /* of all lines; ascent and line height are the font's */
  double line;
} FigureText;

/* White, width × height units; a PNG has `scale` pixels a unit. NULL and error when it would be too
 * large. */
Figure *figure_new(const char *path, double width, double height, double scale, GError **error);
/* Writes the file. Takes the figure. */
gboolean figure_finish(Figure *f, GError **error);

/* A context nothing is drawn on, to measure text before the figure has a size. */
cairo_t *figure_measure_new(void);
void figure_font(cairo_t *cr, double size, gboolean bold);
/* `text` may have several lines, and need not be valid UTF-8; NULL is empty. */
FigureText figure_text_measure(cairo_t *cr, const char *text);
/* The first line's baseline at y; `align` 0: starts at x, 0.5: centred on it, 1: ends there. */
void figure_text_draw(cairo_t *cr, double x, double y, double align, const char *text);
void figure_colour(cairo_t *cr, guint32 rgb, double alpha);

#define FIGURE_INK   0x241f31
#define FIGURE_FAINT 0x5e5c64
#define FIGURE_GRID  0xdeddda

G_END_DECLS
