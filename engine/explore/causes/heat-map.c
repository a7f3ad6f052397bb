#include "engine/explore/causes/heat-map.h"
#include "engine/directions/ranks.h"
#include <math.h>
#include <string.h>

/* From -1…1 to grey levels. */
#define LEVELS 127.5

SgHeatMap *
sg_heat_map_new(int h, int w)
{
  SgHeatMap *m = g_new0(SgHeatMap, 1);

  m->h = h;
  m->w = w;
  m->change = g_new0(double, (gsize)h *(gsize)w);
  return m;
}

void
sg_heat_map_free(SgHeatMap *m)
{
  if (!m)
    return;
  g_free(m->change);
  g_free(m);
}

void
sg_heat_map_add(SgHeatMap *m, int channels, const float *up, const float *down)
{
  gsize plane = (gsize)m->h * (gsize)m->w;

  for (gsize i = 0; i < plane; i++) {
    double squares = 0;
    for (int c = 0; c < channels; c++) {
      double d =
          LEVELS * ((double)up[(gsize)c * plane + i] - (double)down[(gsize)c * plane + i]) / 2;
      squares += d * d / channels;
    }
    m->change[i] = sqrt((m->change[i] * m->change[i] * m->faces + squares) / (m->faces + 1));
  }
  m->faces++;
}

SgHeatStats
sg_heat_map_stats(const SgHeatMap *m)
{
  int n = m->h * m->w;
  g_autofree double *squares = g_new(double, n);
  SgHeatStats s = {0};
  double sum = 0, x = 0, y = 0, strongest = 0;

  for (int i = 0; i < n; i++) {
    squares[i] = m->change[i] * m->change[i];
    sum += squares[i];
    x += squares[i] * (i % m->w);
    y += squares[i] * (i / m->w);
    if (m->change[i] > s.most) {
      s.most = m->change[i];
      s.x = i % m->w;
      s.y = i / m->w;
    }
  }
  s.mean = sqrt(sum / n);
  s.cx = sum > 0 ? x / sum : NAN;
  s.cy = sum > 0 ? y / sum : NAN;
  sg_ranks_sort((gsize)n, squares);
  for (int i = n - MAX(1, n / 10); i < n; i++)
    strongest += squares[i];
  s.tenth = sum > 0 ? strongest / sum : NAN;
  return s;
}

/* Black, red, yellow, white. */
static guint8
glow(double v, int channel)
{
  return (guint8)lround(255 * CLAMP(3 * v - channel, 0, 1));
}

guint8 *
sg_heat_map_draw(const SgHeatMap *m, const guint8 *rgb, double most)
{
  gsize n = (gsize)m->h * (gsize)m->w;
  guint8 *out = g_malloc(3 * n);

  for (gsize i = 0; i < n; i++) {
    double v = MIN(m->change[i] / most, 1);
    double grey = (0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2]) / 3;
    for (int c = 0; c < 3; c++)
      out[3 * i + (gsize)c] = (guint8)lround(v * glow(v, c) + (1 - v) * grey);
  }
  return out;
}
