#include "engine/data/align.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

#define FINER    4 /* than the model, per axis */
#define MAX_FACE 4096

/* ---- the quad -------------------------------------------------------------------------------- */

static SgPoint
combine(SgPoint a, double factor, SgPoint b)
{
  return (SgPoint){a.x + factor * b.x, a.y + factor * b.y};
}

static double
length(SgPoint a)
{
  return hypot(a.x, a.y);
}

gboolean
sg_align_quad(const SgPoint points[3], SgPoint quad[4], GError **error)
{
  SgPoint eyes = {(points[0].x + points[1].x) / 2, (points[0].y + points[1].y) / 2};
  SgPoint between = combine(points[1], -1, points[0]), down = combine(points[2], -1, eyes);
  /* e - rot90 (m): what is "right" for both the eyes' line and the face's axis */
  SgPoint x = {between.x + down.y, between.y - down.x};
  double size = MAX(2 * length(between), 1.8 * length(down)), norm = length(x);

  if (!(norm > 1e-6) || !isfinite(size) || !(size > 1e-6))
    return sg_unsupported(error, "eyes and mouth have to be three different places, the eye on the "
                                 "left of the picture first");
  x = (SgPoint){x.x / norm * size, x.y / norm * size};
  SgPoint y = {-x.y, x.x}, centre = combine(eyes, 0.1, down);
  quad[0] = combine(combine(centre, -1, x), -1, y);
  quad[1] = combine(combine(centre, -1, x), 1, y);
  quad[2] = combine(combine(centre, 1, x), 1, y);
  quad[3] = combine(combine(centre, 1, x), -1, y);
  return TRUE;
}

/* ---- pixels ---------------------------------------------------------------------------------- */

/* … 2 1 0 0 1 2 …, however far away. */
static int
mirrored(gint64 i, int n)
{
  gint64 period = 2 * (gint64)n;

  i = ((i % period) + period) % period;
  return (int)(i < n ? i : period - 1 - i);
}

static void
sample(const SgPixels *p, double x, double y, guint8 *out)
{
  double left = floor(x), top = floor(y), dx = x - left, dy = y - top;
  int c = p->channels, x0 = mirrored((gint64)left, p->width),
      x1 = mirrored((gint64)left + 1, p->width), y0 = mirrored((gint64)top, p->height),
      y1 = mirrored((gint64)top + 1, p->height);
  gsize stride = (gsize)p->width * (gsize)c;
  const guint8 *a = p->pixels + (gsize)y0 * stride, *b = p->pixels + (gsize)y1 * stride;

  for (int k = 0; k < c; k++) {
    double upper = a[x0 * c + k] + dx * (a[x1 * c + k] - a[x0 * c + k]);
    double lower = b[x0 * c + k] + dx * (b[x1 * c + k] - b[x0 * c + k]);
    out[k] = (guint8)(CLAMP(upper + dy * (lower - upper), 0, 255) + 0.5);
  }
}

gboolean
sg_pixels_average(const SgPixels *p, int n, SgPixels *out, GError **error)
{
  int w = p->width / n, h = p->height / n, c = p->channels;

  *out = (SgPixels){.width = w, .height = h, .channels = c, .grey = p->grey};
  if (!(out->pixels = g_try_malloc_n((gsize)w * (gsize)h, (gsize)c)))
    return sg_unsupported(error, "there is not enough memory for a picture of %d × %d", w, h);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      for (int k = 0; k < c; k++) {
        guint sum = 0;
        for (int j = 0; j < n; j++)
          for (int i = 0; i < n; i++)
            sum +=
                p->pixels[((gsize)(y * n + j) * (gsize)p->width + (gsize)(x * n + i)) * (gsize)c +
                          (gsize)k];
        out->pixels[((gsize)y * (gsize)w + (gsize)x) * (gsize)c + (gsize)k] =
            (guint8)((sum + (guint)(n * n) / 2) / (guint)(n * n));
      }
  return TRUE;
}

/* As Pillow's QUAD: the point (u, v) of the unit square lies at
 * q0 + u (q3 - q0) + v (q1 - q0) + u v (q2 - q1 - q3 + q0). */
static void
warp(const SgPixels *p, const SgPoint q[4], int size, guint8 *out)
{
#pragma omp parallel for schedule(static)
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++) {
      double u = (x + 0.5) / size, v = (y + 0.5) / size;
      double px = q[0].x + u * (q[3].x - q[0].x) + v * (q[1].x - q[0].x) +
                  u * v * (q[2].x - q[1].x - q[3].x + q[0].x);
      double py = q[0].y + u * (q[3].y - q[0].y) + v * (q[1].y - q[0].y) +
                  u * v * (q[2].y - q[1].y - q[3].y + q[0].y);
      sample(p, px, py, out + ((gsize)y * (gsize)size + (gsize)x) * (gsize)p->channels);
    }
}

gboolean
sg_align(const SgPixels *p, const SgPoint quad[4], int size, SgPixels *out, GError **error)
{
  double side = MAX(length(combine(quad[3], -1, quad[0])), length(combine(quad[1], -1, quad[0])));
  double most = 16.0 * MAX(p->width, p->height);
  SgPoint q[4];

  for (int i = 0; i < 4; i++)
    if (!(fabs(quad[i].x) <= most && fabs(quad[i].y) <= most))
      return sg_unsupported(error, "the square around eyes and mouth lies far outside the picture");
  int shrink = (int)CLAMP(floor(side / size / 2), 1, MIN(p->width, p->height));
  g_auto(SgPixels) small = {0};
  if (shrink > 1 && !sg_pixels_average(p, shrink, &small, error))
    return FALSE;
  for (int i = 0; i < 4; i++) /* of pixels' edges, then back to middles */
    q[i] = (SgPoint){(quad[i].x + 0.5) / shrink - 0.5, (quad[i].y + 0.5) / shrink - 0.5};
  *out = (SgPixels){.width = size,
                    .height = size,
                    .channels = p->channels,
                    .grey = p->grey,
                    .orientation = 1,
                    .frames = 1};
  if (!(out->pixels = g_try_malloc_n((gsize)size * (gsize)size, (gsize)p->channels)))
    return sg_unsupported(error, "there is not enough memory for a picture of %d × %d", size, size);
  warp(shrink > 1 ? &small : p, q, size, out->pixels);
  return TRUE;
}

gboolean
sg_align_face(SgPixels *p, const SgPoint points[3], int size, GError **error)
{
  SgPixels out = {0};
  SgPoint quad[4];

  if (!sg_align_quad(points, quad, error) ||
      !sg_align(p, quad, MIN(FINER * size, MAX_FACE), &out, error))
    return FALSE;
  sg_pixels_clear(p);
  *p = out;
  return TRUE;
}
