/* What the parts of the chart share: widget and data (vitrine-chart.c), what is asked of the series
 * for a picture (-columns.c), drawing (-draw.c, -curves.c), readout (-text.c), pointer and keys
 * (-input.c), files (-export.c). */
#pragma once

#include "ui/charts/vitrine-axes.h"
#include "ui/charts/vitrine-chart.h"

G_BEGIN_DECLS

typedef struct {
  char *label;
  guint colour;
  gboolean dashed, hidden;
  SgSeries *series, *band; /* band: may be NULL */
  graphene_rect_t button;  /* in the legend */
  /* As last asked for: one column left of the picture, the picture's, one right of it. */
  SgSeriesColumn *columns, *spread; /* [n_columns + 2]; spread: the band's, NULL without */
} VitrineCurve;

/* From data to pixels: the rectangle of the axes and what its edges stand for. */
typedef struct {
  double left, top, width, height; /* of the axes' rectangle in the widget */
  double x_min, x_max, y_min, y_max;
  double x_step, y_step; /* between ticks; y_step 0: one a decade */
  gboolean logarithmic;
  /* Columns of pixels. Their edges are whole multiples of a column's width on the x axis, whatever
   * the range begins with, so that panning moves columns without changing what is in them. */
  guint n_columns;
  double first;        /* where the first column begins, x <= x_min */
  double column;       /* its width on the x axis */
  double first_pixel;  /* where it is drawn, on a whole pixel of the device */
  double column_pixel; /* its width there */
} VitrineChartFrame;

struct _VitrineChart {
  GtkWidget parent_instance;
  char *title, *x_label;
  GPtrArray *curves;         /* VitrineCurve */
  GHashTable *hidden_labels; /* remembered over clear() */
  int corner;                /* kept free at the right of title and legend */
  double smoothing;
  guint smooth_later; /* source that passes it on to the series */
  gboolean logarithmic;

  gboolean everything; /* the range is all there is */
  double x0, x1;       /* the range otherwise */
  double extent[2];    /* what else counts as everything; equal: nothing */
  gboolean following;
  double seen_end;   /* the right end of the data at the last look */
  guint64 serial;    /* of all series at the last look */
  double y_range[2]; /* of the axis as last chosen (of the logarithm on a logarithmic axis) */
  gboolean y_chosen; /* FALSE: to be chosen without regard to y_range */

  double marker;               /* NAN: none */
  double cursor;               /* what the readout is about; NAN: nothing */
  double pointer_x, pointer_y; /* over the widget; NAN: elsewhere */
  int legend_at;               /* the entry that Space toggles; -1: none */
  gboolean dragging;
  double drag_x0, drag_x1; /* range when the drag or pinch began */

  GskRenderNode *drawn; /* title, legend, axes and curves, NULL when they are out of date */
  VitrineChartFrame frame;
};

/* ---- vitrine-chart.c --------------------------------------------------------------------- */
VitrineCurve *vitrine_chart_curve(VitrineChart *self, guint i);
/* First and last x of everything; FALSE when there is nothing. */
gboolean vitrine_chart_bounds(VitrineChart *self, double *first, double *last);
/* Out of date: draws anew. */
void vitrine_chart_redraw(VitrineChart *self);
/* As set_range, by the person: kept within everything, and "range-changed". */
void vitrine_chart_move_to(VitrineChart *self, double x0, double x1);
void vitrine_chart_show_everything(VitrineChart *self);
void vitrine_chart_toggle(VitrineChart *self, guint i);
void vitrine_chart_set_cursor(VitrineChart *self, double x);
/* Readout at a place in the widget, none beside the axes. */
void vitrine_chart_point_at(VitrineChart *self, double x, double y);
/* The accessible description follows what is shown. */
void vitrine_chart_tell(VitrineChart *self);

/* ---- vitrine-chart-columns.c ------------------------------------------------------------- */
double vitrine_chart_to_x(const VitrineChartFrame *f, double x);
double vitrine_chart_to_y(const VitrineChartFrame *f, double y);
/* x at a pixel. */
double vitrine_chart_from_x(const VitrineChartFrame *f, double x);
/* Asks the series for the frame's columns, `density` a unit. */
void vitrine_chart_query(VitrineChart *self, VitrineChartFrame *f, double density);
/* Chooses the y axis for the columns asked for: at most `ticks` steps. */
void vitrine_chart_choose_y(VitrineChart *self, VitrineChartFrame *f, int ticks);
/* What of a column can be drawn on this axis; FALSE: nothing. `middle` is the curve. */
gboolean vitrine_chart_span(const VitrineChart *self, const VitrineCurve *curve,
                            const SgSeriesColumn *column, double *low, double *high,
                            double *middle);

/* ---- vitrine-chart-draw.c, vitrine-chart-curves.c ---------------------------------------- */
void vitrine_chart_draw(VitrineChart *self, GtkSnapshot *snapshot);
/* All but what moves with the pointer, with this pen; sets self->frame. */
void vitrine_chart_paint(VitrineChart *self, const VitrinePen *pen, double density);
void vitrine_chart_draw_curves(VitrineChart *self, const VitrinePen *pen);
/* Height of title and legend on a width; fills the curves' buttons; draws when asked to. */
double vitrine_chart_head(VitrineChart *self, const VitrinePen *pen, gboolean draw);

/* ---- vitrine-chart-text.c ---------------------------------------------------------------- */
/* x of the point nearest to x of all shown curves, NAN without any. */
double vitrine_chart_snap(VitrineChart *self, double x);
/* Value of a curve at x as a text, NULL: nothing there; to be freed. y: where its dot is, NAN when
 * none is to be drawn. */
char *vitrine_chart_value(VitrineChart *self, const VitrineCurve *curve, double x, double *px,
                          double *py);
char *vitrine_chart_x_text(VitrineChart *self, double x);

/* ---- vitrine-chart-input.c --------------------------------------------------------------- */
void vitrine_chart_add_input(VitrineChart *self);
/* A turn of the wheel at a pixel; FALSE: not for the chart. Deltas in notches. */
gboolean vitrine_chart_wheel(VitrineChart *self, double x, double dx, double dy,
                             GdkModifierType state);

G_END_DECLS
