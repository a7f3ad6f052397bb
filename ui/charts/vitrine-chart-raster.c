#include "ui/charts/vitrine-chart-raster.h"
#include <math.h>

VitrineRaster *
vitrine_raster_new(int width, int height)
{
  VitrineRaster *r = g_new0(VitrineRaster, 1);

  r->width = MAX(width, 1);
  r->height = MAX(height, 1);
  r->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, r->width, r->height);
  r->pixels = (guint32 *)(void *)cairo_image_surface_get_data(r->surface);
  r->stride = cairo_image_surface_get_stride(r->surface) / 4;
  r->low = g_new(float, r->width);
  r->high = g_new(float, r->width);
  return r;
}

void
vitrine_raster_free(VitrineRaster *r)
{
  cairo_surface_destroy(r->surface);
  g_free(r->low);
  g_free(r->high);
  g_free(r);
}

/* Through cairo, not as a texture: what GTK 4.8 does to the bytes of one costs more than all the
 * rest, while cairo takes over the memory of a surface whose last reference goes. */
void
vitrine_raster_paint(VitrineRaster *r, cairo_t *cr, const graphene_rect_t *area)
{
  cairo_surface_mark_dirty(r->surface);
  cairo_save(cr);
  cairo_translate(cr, (double)area->origin.x, (double)area->origin.y);
  cairo_scale(cr, (double)area->size.width / r->width, (double)area->size.height / r->height);
  cairo_set_source_surface(cr, r->surface, 0, 0);
  cairo_paint(cr);
  cairo_restore(cr);
  vitrine_raster_free(r);
}

/* ---- pixels ------------------------------------------------------------------------------ */

/* The colour with this part of its alpha, premultiplied, each byte's worth in 0 … 255. */
static guint32
premultiplied(const GdkRGBA *c, double part)
{
  double alpha = (double)c->alpha * part * 255;
  guint32 a = (guint32)lround(alpha), red = (guint32)lround((double)c->red * alpha),
          green = (guint32)lround((double)c->green * alpha),
          blue = (guint32)lround((double)c->blue * alpha);

  return a << 24 | red << 16 | green << 8 | blue;
}

/* "over"; two bytes at a time. */
static inline guint32
over(guint32 under, guint32 colour)
{
  guint32 rest = 255 - (colour >> 24);
  guint32 even = (under & 0xff00ff) * rest + 0x800080;
  guint32 odd = (under >> 8 & 0xff00ff) * rest + 0x800080;

  even = (even + (even >> 8 & 0xff00ff)) >> 8 & 0xff00ff;
  odd = (odd + (odd >> 8 & 0xff00ff)) & 0xff00ff00;
  return colour + (even | odd);
}

void
vitrine_raster_span(VitrineRaster *r, int column, double y0, double y1, const GdkRGBA *colour)
{
  y0 = fmax(y0, 0);
  y1 = fmin(y1, r->height);
  if (!r->pixels || column < 0 || column >= r->width || !(y0 < y1))
    return;
  gsize stride = (gsize)r->stride;
  guint32 *pixels = r->pixels + column;
  int first = (int)floor(y0), last = (int)ceil(y1) - 1;
  if (first == last) {
    guint32 *p = pixels + stride * (gsize)first;
    *p = over(*p, premultiplied(colour, y1 - y0));
    return;
  }
  guint32 full = premultiplied(colour, 1);
  guint32 *p = pixels + stride * (gsize)first;
  *p = over(*p, premultiplied(colour, first + 1 - y0));
  p += stride;
  for (int y = first + 1; y < last; y++, p += stride)
    *p = over(*p, full);
  *p = over(*p, premultiplied(colour, y1 - last));
}

/* ---- lines and bands --------------------------------------------------------------------- */

void
vitrine_raster_begin(VitrineRaster *r)
{
  for (int i = 0; i < r->width; i++) {
    r->low[i] = INFINITY;
    r->high[i] = -INFINITY;
  }
}

static void
extend(VitrineRaster *r, int column, double y0, double y1)
{
  r->low[column] = fminf(r->low[column], (float)fmin(y0, y1));
  r->high[column] = fmaxf(r->high[column], (float)fmax(y0, y1));
}

void
vitrine_raster_segment(VitrineRaster *r, double x0, double y0, double x1, double y1)
{
  double slope = x1 > x0 ? (y1 - y0) / (x1 - x0) : 0;
  int first = (int)floor(fmax(x0, 0)), last = (int)floor(fmin(x1, r->width - 1));

  for (int column = first; column <= last; column++) {
    double from = fmax(x0, column), to = fmin(x1, column + 1);
    gboolean point = !(x1 > x0);
    if (to < from)
      continue;
    extend(r, column, y0 + (from - x0) * slope, point ? y1 : y0 + (to - x0) * slope);
  }
}

/* A flat line's columns are as high as it is thick, a rising one's higher: by the rise, and by what
 * thickness amounts to along the column. The latter is limited, for at a peak both sides of the
 * line rise, and its tip is no higher than it is. */
void
vitrine_raster_stroke(VitrineRaster *r, double thickness, const int dash[2], int phase,
                      const GdkRGBA *colour)
{
  int period = dash ? dash[0] + dash[1] : 0;

  for (int i = 0; i < r->width; i++) {
    if (r->low[i] > r->high[i])
      continue;
    if (period > 0 && ((i - phase) % period + period) % period >= dash[0])
      continue;
    double low = (double)r->low[i], high = (double)r->high[i], rise = high - low;
    double half = thickness / 2 * fmin(sqrt(1 + rise * rise), 1.3);
    vitrine_raster_span(r, i, low - half, high + half, colour);
  }
}

void
vitrine_raster_band(VitrineRaster *r, double x0, double top0, double bottom0, double x1,
                    double top1, double bottom1)
{
  int first = (int)floor(fmax(x0, 0)), last = (int)floor(fmin(x1, r->width - 1));

  for (int column = first; column <= last; column++) {
    double part = x1 > x0 ? CLAMP((column + 0.5 - x0) / (x1 - x0), 0, 1) : 0;
    extend(r, column, top0 + part * (top1 - top0), bottom0 + part * (bottom1 - bottom0));
  }
}

void
vitrine_raster_fill(VitrineRaster *r, const GdkRGBA *colour)
{
  for (int i = 0; i < r->width; i++)
    vitrine_raster_span(r, i, (double)r->low[i], (double)r->high[i], colour);
}
