/* What plots and charts share: steps between ticks, the palette, and a pen that draws text and
 * rectangles in the colours of the theme. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_AXES_COLOURS 8
#define VITRINE_AXES_GAP     6.0

typedef struct {
  GtkWidget *widget; /* whose font it writes in */
  GtkSnapshot *snapshot;
  int width, height; /* of the picture */
  GdkRGBA text;      /* of the theme */
  gboolean dark;
} VitrinePen;

/* From data to pixels: the rectangle of the axes and what its edges stand for. */
typedef struct {
  double left, top, width, height; /* of the axes' rectangle in the widget */
  double x_min, x_max, y_min, y_max;
  double x_step, y_step; /* between ticks */
} VitrineAxesFrame;

double vitrine_axes_to_x(const VitrineAxesFrame *f, double x);
/* Clamped to some heights around: values far outside must not overflow what cairo counts in. */
double vitrine_axes_to_y(const VitrineAxesFrame *f, double y);

/* 1, 2 or 5 times a power of ten that cuts `range` into at most `most` parts. */
double vitrine_axes_step(double range, int most);
/* Decimals that tell steps of `step` apart. */
int vitrine_axes_decimals(double step);
/* The first tick at or after min. */
double vitrine_axes_first_tick(double min, double step);
/* What stands beside a tick; to be freed. */
char *vitrine_axes_tick_text(double value, double step);
/* Four digits of the axis' range; counts stay whole. To be freed. */
char *vitrine_axes_number(double value, double range);

/* "#rrggbb"; i is taken modulo the palette. */
const char *vitrine_axes_colour(guint i, gboolean dark);

/* A pen of the widget's size and in its theme. */
VitrinePen vitrine_pen(GtkWidget *widget, GtkSnapshot *snapshot);
GdkRGBA vitrine_pen_colour(const VitrinePen *pen, guint i);
/* The text's colour, `alpha` of it. */
GdkRGBA vitrine_pen_faint(const VitrinePen *pen, float alpha);
/* Small text with digits of one width; NULL: to be filled by the caller. */
PangoLayout *vitrine_pen_layout(const VitrinePen *pen, const char *text);
void vitrine_pen_layout_size(PangoLayout *layout, double *width, double *height);
void vitrine_pen_put(const VitrinePen *pen, PangoLayout *layout, double x, double y,
                     GdkRGBA colour);
void vitrine_pen_rect(const VitrinePen *pen, double x, double y, double width, double height,
                      GdkRGBA colour);
void vitrine_pen_rounded(const VitrinePen *pen, graphene_rect_t rect, float radius, GdkRGBA colour);
/* A box with an edge, at (x, y), around the layout. */
void vitrine_pen_box(const VitrinePen *pen, PangoLayout *layout, double x, double y, double width,
                     double height);
/* Of the texts beside the y axis. */
double vitrine_pen_widest_tick(const VitrinePen *pen, const VitrineAxesFrame *f);
/* Ticks, grid and the x axis' name (NULL: none), which stands at the bottom of the widget. */
void vitrine_pen_axes(const VitrinePen *pen, const VitrineAxesFrame *f, const char *x_label);
/* The frame around a widget that has the focus. */
void vitrine_pen_focus(const VitrinePen *pen);

G_END_DECLS
