#include "engine/drag/motion.h"
#include "engine/base/room.h"
#include <math.h>
#include <string.h>

/* A place between two pixels of the picture, each between two of the plane. */
#define TAPS 4

typedef struct {
  int at[TAPS];
  double weight[TAPS];
} Taps;

gsize
sg_feature_count(const SgFeatureMap *m)
{
  return (gsize)m->size * (gsize)m->size * (gsize)m->channels;
}

/* Pixel `i` of `pixels` along an axis, from `size` numbers. */
static void
enlarged(int i, int pixels, int size, double share, int *at, double *weight)
{
  double x = MAX((i + 0.5) * size / pixels - 0.5, 0);
  int low = MIN((int)x, size - 1);

  at[0] = low;
  at[1] = MIN(low + 1, size - 1);
  weight[0] = share * (1 - (x - low));
  weight[1] = share * (x - low);
}

static void
taps_at(double x, int pixels, int size, Taps *t)
{
  x = CLAMP(x, 0, pixels - 1);
  int low = MIN((int)x, pixels - 1);

  enlarged(low, pixels, size, 1 - (x - low), t->at, t->weight);
  enlarged(MIN(low + 1, pixels - 1), pixels, size, x - low, t->at + 2, t->weight + 2);
}

/* out += what is at the place; or, with `back`, features += what `out` sends there. */
static void
gather(const SgFeatureMap *m, SgPlace p, const float *features, float *back, double *out)
{
  Taps x, y;

  taps_at(p.x, m->width, m->size, &x);
  taps_at(p.y, m->height, m->size, &y);
  for (int i = 0; i < TAPS; i++)
    for (int j = 0; j < TAPS; j++) {
      double weight = y.weight[i] * x.weight[j];
      gsize from = ((gsize)y.at[i] * (gsize)m->size + (gsize)x.at[j]) * (gsize)m->channels;
      if (weight == 0)
        continue;
      for (int c = 0; back && c < m->channels; c++)
        back[from + (gsize)c] += (float)(weight * out[c]);
      for (int c = 0; !back && c < m->channels; c++)
        out[c] += weight * (double)features[from + (gsize)c];
    }
}

void
sg_feature_at(const SgFeatureMap *m, const float *features, SgPlace at, float *out)
{
  g_autofree double *v = sg_room0((gsize)m->channels, sizeof *v);

  if (!v)
    return;
  gather(m, at, features, NULL, v);
  for (int c = 0; c < m->channels; c++)
    out[c] = (float)v[c];
}

/* Sum over the channels of |there - here|, and `send` becomes the sign of each difference. */
static double
differ(const SgFeatureMap *m, const double *here, const double *there, double share, double *send)
{
  double sum = 0;

  for (int c = 0; c < m->channels; c++) {
    double d = there[c] - here[c];
    sum += fabs(d);
    send[c] = d > 0 ? share : d < 0 ? -share : 0;
  }
  return sum;
}

static int
count_disc(const SgFeatureMap *m, SgPlace at, double radius)
{
  int n = 0;

  for (int y = 0; y < m->height; y++)
    for (int x = 0; x < m->width; x++)
      n += hypot(x - at.x, y - at.y) < radius;
  return n;
}

double
sg_motion_loss(const SgFeatureMap *m, const float *features, SgPlace at, SgPlace to, double radius,
               float *gradient)
{
  double length = hypot(to.x - at.x, to.y - at.y), sum = 0;
  gsize n = (gsize)m->channels;
  g_autofree double *v = sg_room(3 * n, sizeof *v);
  int pixels = length > 0 ? count_disc(m, at, radius) : 0;

  if (!v || pixels == 0)
    return 0;
  const SgPlace step = {(to.x - at.x) / length, (to.y - at.y) / length};
  for (int y = 0; y < m->height; y++)
    for (int x = 0; x < m->width; x++) {
      if (hypot(x - at.x, y - at.y) >= radius)
        continue;
      const SgPlace q = {x, y}, next = {x + step.x, y + step.y};
      memset(v, 0, 2 * n * sizeof *v);
      gather(m, q, features, NULL, v);
      gather(m, next, features, NULL, v + n);
      sum += differ(m, v, v + n, 1.0 / (pixels * (double)n), v + 2 * n);
      gather(m, next, NULL, gradient, v + 2 * n);
    }
  return sum / (pixels * (double)n);
}

SgPlace
sg_motion_track(const SgFeatureMap *m, const float *features, const float *wanted, SgPlace at,
                int radius)
{
  int cx = (int)CLAMP(rint(at.x), 0, m->width - 1), cy = (int)CLAMP(rint(at.y), 0, m->height - 1);
  g_autofree float *v = sg_room((gsize)m->channels, sizeof *v);
  SgPlace best = at;
  double nearest = INFINITY;

  if (!v)
    return at;
  for (int y = MAX(cy - radius, 0); y <= MIN(cy + radius, m->height - 1); y++)
    for (int x = MAX(cx - radius, 0); x <= MIN(cx + radius, m->width - 1); x++) {
      double squares = 0;
      sg_feature_at(m, features, (SgPlace){x, y}, v);
      for (int c = 0; c < m->channels; c++)
        squares += ((double)v[c] - (double)wanted[c]) * ((double)v[c] - (double)wanted[c]);
      if (squares < nearest) {
        nearest = squares;
        best = (SgPlace){x, y};
      }
    }
  return best;
}

double
sg_motion_hold(const SgFeatureMap *m, const float *features, const float *before, const float *held,
               double weight, float *gradient)
{
  double count = (double)sg_feature_count(m), sum = 0;
  gsize n = (gsize)m->channels;

  for (gsize i = 0; i < sg_feature_count(m); i++) {
    double d = (double)features[i] - (double)before[i], share = (double)held[i / n];
    sum += share * fabs(d);
    gradient[i] += (float)(weight * share / count * (d > 0 ? 1 : d < 0 ? -1 : 0));
  }
  return sum / count;
}
