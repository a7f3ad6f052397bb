#include "engine/directions/measure.h"
#include <math.h>

static const char *const names[SG_MEASURE_COUNT] = {
    "brightness", "contrast", "saturation", "warmth", "symmetry", "edges", "background"};

const char *
sg_measure_name(SgMeasure m)
{
  return names[m];
}

gboolean
sg_measure_parse(const char *name, SgMeasure *m)
{
  for (int i = 0; i < SG_MEASURE_COUNT; i++)
    if (g_str_equal(name, names[i])) {
      *m = (SgMeasure)i;
      return TRUE;
    }
  return FALSE;
}

typedef struct {
  int channels, h, w;
  const float *image;
} Picture;

static double
colour(const Picture *p, int c, int y, int x)
{
  int channel = p->channels < 3 ? 0 : c;
  double v = (double)p->image[((gsize)channel * (gsize)p->h + (gsize)y) * (gsize)p->w + (gsize)x];
  return (CLAMP(v, -1, 1) + 1) / 2;
}

static double
luma(const Picture *p, int y, int x)
{
  return 0.299 * colour(p, 0, y, x) + 0.587 * colour(p, 1, y, x) + 0.114 * colour(p, 2, y, x);
}

static double
saturation(const Picture *p, int y, int x)
{
  double r = colour(p, 0, y, x), g = colour(p, 1, y, x), b = colour(p, 2, y, x);
  double most = MAX(r, MAX(g, b)), least = MIN(r, MIN(g, b));
  return most > 0 ? (most - least) / most : 0;
}

static double
gradient(const Picture *p, int y, int x)
{
  double dx = luma(p, y, MIN(x + 1, p->w - 1)) - luma(p, y, MAX(x - 1, 0));
  double dy = luma(p, MIN(y + 1, p->h - 1), x) - luma(p, MAX(y - 1, 0), x);
  return sqrt(dx * dx + dy * dy) / 2;
}

static double
at(SgMeasure m, const Picture *p, int y, int x)
{
  switch (m) {
  case SG_MEASURE_SATURATION:
    return saturation(p, y, x);
  case SG_MEASURE_WARMTH:
    return colour(p, 0, y, x) - colour(p, 2, y, x);
  case SG_MEASURE_SYMMETRY:
    return 1 - fabs(luma(p, y, x) - luma(p, y, p->w - 1 - x));
  case SG_MEASURE_EDGES:
    return gradient(p, y, x);
  default:
    return luma(p, y, x);
  }
}

static gboolean
counts(SgMeasure m, const Picture *p, int y, int x)
{
  int edge_x = MAX(1, p->w / 8), edge_y = MAX(1, p->h / 8);
  return m != SG_MEASURE_BACKGROUND || y < edge_y || x < edge_x || x >= p->w - edge_x;
}

double
sg_measure(SgMeasure m, int channels, int h, int w, const float *image)
{
  const Picture p = {channels, h, w, image};
  double n = 0, sum = 0, squares = 0;

  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      if (counts(m, &p, y, x)) {
        double v = at(m, &p, y, x);
        n++;
        sum += v;
        squares += v * v;
      }
  if (m == SG_MEASURE_CONTRAST)
    return sqrt(MAX(0, squares / n - sum / n * (sum / n)));
  return sum / n;
}
