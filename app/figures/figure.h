/* Pictures for reports, drawn with cairo and without a display: curves over a parameter, tables of
 * numbers, and labelled strips and grids of faces. A path that ends in ".svg" makes an SVG, any
 * other a PNG. Every file appears by rename. Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *label;
  gsize n;
  const double *x, *y; /* [n]; NAN in y is a gap */
  gboolean dots;       /* points alone, no line between them */
} VitrineCurve;

typedef struct {
  const char *title, *x_label, *y_label; /* NULL: none */
  double y_min, y_max;                   /* equal: from the data */
} VitrineAxes;

/* Errors: G_FILE_ERROR, naming the file. */
gboolean vitrine_figure_curves(const char *path, const VitrineAxes *axes, gsize n,
                               const VitrineCurve *curves, GError **error);

/* Numbers in rows and columns, each on a ground that says how large it is. */
typedef struct {
  const char *title;
  int rows, columns;
  const char *const *row_labels, *const *column_labels;
  const double *values;     /* [rows, columns]; NaN: an empty field */
  const char *const *texts; /* [rows, columns], what stands in the fields; NULL: the values */
  double middle, reach;     /* white at `middle`, full colour `reach` (> 0) above and below it */
} VitrineTable;

/* Errors: G_FILE_ERROR, naming the file. */
gboolean vitrine_figure_table(const char *path, const VitrineTable *table, GError **error);

typedef struct {
  const guint8 *rgb; /* RGB8 [height, width, 3], borrowed; all tiles have one size */
  const char *label; /* below the tile, NULL: none */
  gboolean alpha;    /* rgb is RGBA8 [height, width, 4]; drawn over a checkerboard */
} VitrineTile;

/* Tiles in rows of `columns`; row_labels (NULL, or one a row) stand left of them. Pictures are
 * drawn pixel for pixel (PNG). */
gboolean vitrine_figure_tiles(const char *path, const char *title, int width, int height, gsize n,
                              const VitrineTile *tiles, int columns, const char *const *row_labels,
                              GError **error);
/* The same, with the recipe of what it is about inside a PNG, as in a saved picture: it opens in
 * the window again, and says of itself that a model made it. */
gboolean vitrine_figure_tiles_with_recipe(const char *path, const char *title, int width,
                                          int height, gsize n, const VitrineTile *tiles,
                                          int columns, const char *const *row_labels,
                                          const char *recipe_json, GError **error);

G_END_DECLS
