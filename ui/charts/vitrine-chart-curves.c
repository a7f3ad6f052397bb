/* The curves themselves. A column of pixels holds any number of points: it is drawn as a span from
 * its lowest to its highest value, and the curve runs through the columns' means (or through the
 * smoothed curve). Dense curves, with points in most columns, are filled column by column
 * (VitrineRaster); sparse ones, of few segments, are strokes, over the dense ones. */
#include <math.h>
#include "ui/charts/vitrine-chart-private.h"
#include "ui/charts/vitrine-chart-raster.h"

#define LINE       1.75
#define RAW_ALPHA  0.32f /* of what lies behind a curve */
#define BAND_ALPHA 0.18f
#define DASH_ON    7
#define DASH_OFF   4
#define DENSE      2  /* units a point at most */
#define DOTS_APART 12 /* units between points from which on each one has a dot */

/* One column in pixels. */
typedef struct {
  double x, left;            /* of the curve, of the span's left edge */
  double top, bottom;        /* of the span */
  double y, raw;             /* of the curve, of the mean; NAN: not drawn */
  double band_top, band_end; /* NAN without a band */
  gboolean gap, many;        /* no value here; more than one */
} Dot;

/* The columns that hold points, in pixels; n of them. */
static guint
make_dots(VitrineChart *self, const VitrineCurve *curve, Dot *dots)
{
  const VitrineChartFrame *f = &self->frame;
  double low, high, middle;
  guint n = 0;

  for (guint k = 0; k < f->n_columns + 2; k++) {
    const SgSeriesColumn *c = &curve->columns[k];
    gboolean outside = k == 0 || k == f->n_columns + 1;
    if (c->n == 0)
      continue;
    Dot *dot = &dots[n++];
    *dot = (Dot){.y = NAN, .raw = NAN, .band_top = NAN, .band_end = NAN, .many = c->n > 1};
    dot->left = f->first_pixel + (k - 1.0) * f->column_pixel;
    dot->x = c->n == 1 || outside ? CLAMP(vitrine_chart_to_x(f, c->x), -1e5, 1e5)
                                  : dot->left + f->column_pixel / 2;
    dot->gap = !vitrine_chart_span(self, curve, c, &low, &high, &middle);
    if (dot->gap)
      continue;
    dot->top = vitrine_chart_to_y(f, high);
    dot->bottom = vitrine_chart_to_y(f, low);
    dot->y = isnan(middle) ? NAN : vitrine_chart_to_y(f, middle);
    dot->raw = vitrine_chart_to_y(f, CLAMP(c->mean, low, high));
    double spread = !curve->band          ? NAN
                    : self->smoothing > 0 ? curve->spread[k].smooth
                                          : curve->spread[k].mean;
    if (isfinite(spread) && isfinite(middle)) {
      double under = middle - spread;
      dot->band_top = vitrine_chart_to_y(f, middle + spread);
      dot->band_end =
          f->logarithmic && under <= 0 ? f->top + f->height : vitrine_chart_to_y(f, under);
    }
  }
  return n;
}

/* ---- band -------------------------------------------------------------------------------- */

static void
trace_band(cairo_t *cr, const Dot *dots, guint n)
{
  for (guint i = 0; i < n;) {
    guint first = i;
    while (i < n && !isnan(dots[i].band_top))
      i++;
    cairo_new_sub_path(cr);
    for (guint k = first; k < i; k++)
      cairo_line_to(cr, dots[k].x, dots[k].band_top);
    for (guint k = i; k > first; k--)
      cairo_line_to(cr, dots[k - 1].x, dots[k - 1].band_end);
    cairo_close_path(cr);
    if (i == first)
      i++;
  }
}

/* ---- spans ------------------------------------------------------------------------------- */

/* Next to each other, so that their spans have to meet for the curve to be one. */
static gboolean
adjacent(const VitrineChartFrame *f, const Dot *a, const Dot *b)
{
  return b->left - a->left < 1.5 * f->column_pixel;
}

static void
trace_spans(cairo_t *cr, const VitrineChartFrame *f, const Dot *dots, guint n, gboolean all)
{
  double edge = f->column_pixel;

  for (guint i = 0; i < n; i++) {
    const Dot *dot = &dots[i];
    if (dot->gap || (!dot->many && !all))
      continue;
    double top = dot->top, bottom = dot->bottom;
    const Dot *before = i > 0 && !dots[i - 1].gap ? &dots[i - 1] : NULL;
    const Dot *after = i + 1 < n && !dots[i + 1].gap ? &dots[i + 1] : NULL;
    gboolean joined = (before && adjacent(f, before, dot)) || (after && adjacent(f, dot, after));
    if (!dot->many && !joined)
      continue; /* a point by itself: the line through it is drawn */
    if (before && adjacent(f, before, dot)) {
      top = fmin(top, before->bottom);
      bottom = fmax(bottom, before->top);
    }
    top = floor(top / edge) * edge;
    bottom = ceil(bottom / edge) * edge;
    cairo_rectangle(cr, dot->left, top, edge, fmax(bottom - top, edge));
  }
}

/* ---- line -------------------------------------------------------------------------------- */

/* From (x0, y0) to (x1, y1), broken at the dashes' places on the x axis: dashes along the path
 * would make a tangle of a curve that goes up and down within them. `from` is where dashes
 * begin. */
static void
dashed_to(cairo_t *cr, double from, double x0, double y0, double x1, double y1)
{
  double period = DASH_ON + DASH_OFF;
  double x = x0;

  while (x < x1 - 1e-9) {
    double phase = fmod(x - from, period);
    phase += phase < 0 ? period : 0;
    gboolean on = phase < DASH_ON - 1e-9;
    double next = fmin(x + (on ? DASH_ON : period) - phase, x1);
    double y = y0 + (next - x0) / (x1 - x0) * (y1 - y0);
    (on ? cairo_line_to : cairo_move_to)(cr, next, y);
    x = fmax(next, x + 1e-6);
  }
}

static void
trace_line(cairo_t *cr, const VitrineChartFrame *f, const Dot *dots, guint n, gboolean raw,
           gboolean dashed)
{
  const Dot *last = NULL;
  /* Dashes go along when the chart is panned. */
  double from = f->first_pixel - fmod(f->first / f->column, DASH_ON + DASH_OFF) * f->column_pixel;

  for (guint i = 0; i < n; i++) {
    const Dot *dot = &dots[i];
    double y = raw ? dot->raw : dot->y;
    if (dot->gap || isnan(y)) {
      last = NULL;
      continue;
    }
    if (!last || (raw && (last->many || dot->many || adjacent(f, last, dot))))
      cairo_move_to(cr, dot->x, y);
    else if (dashed)
      dashed_to(cr, from, fmax(last->x, f->left - 20), raw ? last->raw : last->y, dot->x, y);
    else
      cairo_line_to(cr, dot->x, y);
    last = dot;
  }
}

/* Few points: each one is a disk. A point by itself between gaps always is, for no line shows
 * it. */
static void
trace_disks(cairo_t *cr, const VitrineChartFrame *f, const Dot *dots, guint n)
{
  gboolean few = n * DOTS_APART < f->width;

  for (guint i = 0; i < n; i++) {
    gboolean alone = (i == 0 || dots[i - 1].gap) && (i + 1 == n || dots[i + 1].gap);
    if (dots[i].gap || isnan(dots[i].y) || !(few || alone))
      continue;
    cairo_new_sub_path(cr);
    cairo_arc(cr, dots[i].x, dots[i].y, few ? 2.5 : 2, 0, 2 * G_PI);
  }
}

/* ---- dense curves ------------------------------------------------------------------------ */

typedef struct {
  VitrineRaster *raster;
  double left, top, density_x, density_y; /* from units to its pixels */
} Sheet;

static double
sheet_x(const Sheet *s, double x)
{
  return (x - s->left) * s->density_x;
}

static double
sheet_y(const Sheet *s, double y)
{
  return (y - s->top) * s->density_y;
}

static void
fill_band(const Sheet *s, const Dot *dots, guint n, const GdkRGBA *colour)
{
  vitrine_raster_begin(s->raster);
  for (guint i = 1; i < n; i++) {
    const Dot *a = &dots[i - 1], *b = &dots[i];
    if (!isnan(a->band_top) && !isnan(b->band_top))
      vitrine_raster_band(s->raster, sheet_x(s, a->x), sheet_y(s, a->band_top),
                          sheet_y(s, a->band_end), sheet_x(s, b->x), sheet_y(s, b->band_top),
                          sheet_y(s, b->band_end));
  }
  vitrine_raster_fill(s->raster, colour);
}

static void
fill_spans(const Sheet *s, const VitrineChartFrame *f, const Dot *dots, guint n, gboolean all,
           const GdkRGBA *colour)
{
  for (guint i = 0; i < n; i++) {
    const Dot *dot = &dots[i], *before = i > 0 ? &dots[i - 1] : NULL;
    if (dot->gap || (!dot->many && !all))
      continue;
    double top = dot->top, bottom = dot->bottom;
    if (before && !before->gap && adjacent(f, before, dot)) {
      top = fmin(top, before->bottom);
      bottom = fmax(bottom, before->top);
    }
    double y = floor(sheet_y(s, top));
    vitrine_raster_span(s->raster, (int)lround(sheet_x(s, dot->left)), y,
                        fmax(ceil(sheet_y(s, bottom)), y + 1), colour);
  }
}

static void
fill_line(const Sheet *s, const VitrineChartFrame *f, const Dot *dots, guint n, gboolean dashed,
          const GdkRGBA *colour)
{
  int on = (int)lround(DASH_ON * s->density_x), off = (int)lround(DASH_OFF * s->density_x);
  /* Dashes go along when the chart is panned. */
  int phase = (int)-fmod(f->first / f->column, on + off);

  vitrine_raster_begin(s->raster);
  for (guint i = 0; i < n; i++) {
    const Dot *a = i > 0 ? &dots[i - 1] : NULL, *b = &dots[i];
    double x = sheet_x(s, b->x), y = sheet_y(s, b->y);
    if (b->gap || isnan(y))
      continue;
    if (a && !a->gap && !isnan(a->y))
      vitrine_raster_segment(s->raster, sheet_x(s, a->x), sheet_y(s, a->y), x, y);
    else if (i + 1 == n || dots[i + 1].gap) /* a point by itself */
      vitrine_raster_segment(s->raster, x - 1, y, x + 1, y);
  }
  vitrine_raster_stroke(s->raster, LINE * s->density_y, dashed ? (int[]){MAX(on, 1), off} : NULL,
                        phase, colour);
}

static GdkRGBA
with_alpha(GdkRGBA colour, float alpha)
{
  colour.alpha *= alpha;
  return colour;
}

static void
draw_dense(VitrineChart *self, const Sheet *s, const VitrineCurve *curve, GdkRGBA colour,
           const Dot *dots, guint n)
{
  GdkRGBA raw = with_alpha(colour, RAW_ALPHA), band = with_alpha(colour, BAND_ALPHA);

  if (curve->band)
    fill_band(s, dots, n, &band);
  fill_spans(s, &self->frame, dots, n, self->smoothing > 0, &raw);
  fill_line(s, &self->frame, dots, n, curve->dashed, &colour);
}

/* ---- sparse curves ----------------------------------------------------------------------- */

static void
set_source(cairo_t *cr, GdkRGBA colour, float alpha)
{
  colour.alpha *= alpha;
  gdk_cairo_set_source_rgba(cr, &colour);
}

static void
draw_sparse(VitrineChart *self, cairo_t *cr, const VitrineCurve *curve, GdkRGBA colour,
            const Dot *dots, guint n)
{
  const VitrineChartFrame *f = &self->frame;
  gboolean smooth = self->smoothing > 0;

  if (curve->band) {
    set_source(cr, colour, BAND_ALPHA);
    trace_band(cr, dots, n);
    cairo_fill(cr);
  }
  set_source(cr, colour, RAW_ALPHA);
  cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
  trace_spans(cr, f, dots, n, smooth);
  cairo_fill(cr);
  cairo_set_antialias(cr, CAIRO_ANTIALIAS_DEFAULT);
  if (smooth) {
    cairo_set_line_width(cr, 1);
    trace_line(cr, f, dots, n, TRUE, FALSE);
    cairo_stroke(cr);
  }
  set_source(cr, colour, 1);
  cairo_set_line_width(cr, LINE);
  trace_line(cr, f, dots, n, FALSE, curve->dashed);
  cairo_stroke(cr);
  trace_disks(cr, f, dots, n);
  cairo_fill(cr);
}

/* ---- all --------------------------------------------------------------------------------- */

static void
draw_all_dense(VitrineChart *self, const VitrinePen *pen, Dot *const *dots, const guint *counts,
               const graphene_rect_t *area)
{
  const VitrineChartFrame *f = &self->frame;
  double width = f->n_columns - 2, height = round((double)area->size.height / f->column_pixel);
  Sheet s = {NULL, f->left, (double)area->origin.y, width / f->width,
             height / (double)area->size.height};

  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    if (counts[i] * DENSE <= f->width)
      continue;
    s.raster = s.raster ? s.raster : vitrine_raster_new((int)width, (int)height);
    draw_dense(self, &s, curve, vitrine_pen_colour(pen, curve->colour), dots[i], counts[i]);
  }
  if (!s.raster)
    return;
  cairo_t *cr = gtk_snapshot_append_cairo(pen->snapshot, area);
  vitrine_raster_paint(s.raster, cr, area);
  cairo_destroy(cr);
}

static void
draw_all_sparse(VitrineChart *self, const VitrinePen *pen, Dot *const *dots, const guint *counts,
                const graphene_rect_t *area)
{
  const VitrineChartFrame *f = &self->frame;
  cairo_t *cr = NULL;

  for (guint i = 0; i < self->curves->len; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    if (counts[i] == 0 || counts[i] * DENSE > f->width)
      continue;
    if (!cr) {
      cr = gtk_snapshot_append_cairo(pen->snapshot, area);
      gdk_cairo_rectangle(cr, &(GdkRectangle){(int)area->origin.x, (int)area->origin.y,
                                              (int)area->size.width, (int)area->size.height});
      cairo_clip(cr);
      cairo_set_line_join(cr, CAIRO_LINE_JOIN_BEVEL);
    }
    draw_sparse(self, cr, curve, vitrine_pen_colour(pen, curve->colour), dots[i], counts[i]);
  }
  g_clear_pointer(&cr, cairo_destroy);
}

void
vitrine_chart_draw_curves(VitrineChart *self, const VitrinePen *pen)
{
  g_return_if_fail(VITRINE_IS_CHART(self));
  const VitrineChartFrame *f = &self->frame;
  /* Whole units, so that the raster's pixels are the screen's. */
  graphene_rect_t area =
      GRAPHENE_RECT_INIT((float)f->left, (float)f->top - 2, (float)f->width, (float)f->height + 3);
  guint n = self->curves->len;
  g_autofree guint *counts = g_new0(guint, n + 1);
  g_autofree Dot **dots = g_new0(Dot *, n + 1);

  for (guint i = 0; i < n; i++) {
    const VitrineCurve *curve = vitrine_chart_curve(self, i);
    if (curve->hidden)
      continue;
    dots[i] = g_new(Dot, f->n_columns + 2);
    counts[i] = make_dots(self, curve, dots[i]);
  }
  draw_all_dense(self, pen, dots, counts, &area);
  draw_all_sparse(self, pen, dots, counts, &area);
  for (guint i = 0; i < n; i++)
    g_free(dots[i]);
}
