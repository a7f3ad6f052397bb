#include "engine/train/philox.h"
#include <math.h>

/* One block: counter (index, stream), key (seed); ten rounds, constants of the paper. */
void
sg_philox_block(const SgPhilox *p, guint64 index, guint32 out[4])
{
  guint32 c[4] = {(guint32)index, (guint32)(index >> 32), (guint32)p->stream,
                  (guint32)(p->stream >> 32)};
  guint32 k0 = (guint32)p->seed, k1 = (guint32)(p->seed >> 32);

  for (int round = 0; round < 10; round++) {
    guint64 a = (guint64)0xD2511F53 * c[0], b = (guint64)0xCD9E8D57 * c[2];
    guint32 next[4] = {(guint32)(b >> 32) ^ c[1] ^ k0, (guint32)b, (guint32)(a >> 32) ^ c[3] ^ k1,
                       (guint32)a};
    for (int i = 0; i < 4; i++)
      c[i] = next[i];
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  for (int i = 0; i < 4; i++)
    out[i] = c[i];
}

double
sg_philox_uniform(SgPhilox *p)
{
  guint32 r[4];
  sg_philox_block(p, p->index++, r);
  return ((r[0] >> 5) * 67108864.0 + (r[1] >> 6)) / 9007199254740992.0;
}

guint32
sg_philox_below(SgPhilox *p, guint32 n)
{
  return (guint32)(sg_philox_uniform(p) * n);
}

/* Two normals of two 32-bit words (Box-Muller); u is never 0. */
static void
pair(guint32 a, guint32 b, double *x, double *y)
{
  double u = (a + 1.0) / 4294967296.0, angle = 2 * G_PI * (b / 4294967296.0);
  double r = sqrt(-2 * log(u));
  *x = r * cos(angle);
  *y = r * sin(angle);
}

double
sg_philox_normal(SgPhilox *p)
{
  guint32 r[4];
  double x, y;
  sg_philox_block(p, p->index++, r);
  pair(r[0], r[1], &x, &y);
  return x;
}

void
sg_philox_normals(SgPhilox *p, gsize n, float *out)
{
  for (gsize i = 0; i < n; i += 4) {
    guint32 r[4];
    double v[4];
    sg_philox_block(p, p->index++, r);
    pair(r[0], r[1], &v[0], &v[1]);
    pair(r[2], r[3], &v[2], &v[3]);
    for (gsize j = 0; j < MIN((gsize)4, n - i); j++)
      out[i + j] = (float)v[j];
  }
}

void
sg_philox_normals_from(const SgPhilox *p, guint64 first, gsize n, float *out)
{
  SgPhilox at = *p;
  gsize skip = (gsize)(first % 4), head = MIN(n, (4 - skip) % 4);
  float block[4];

  at.index += first / 4;
  if (head > 0) {
    sg_philox_normals(&at, 4, block);
    for (gsize i = 0; i < head; i++)
      out[i] = block[skip + i];
  }
  sg_philox_normals(&at, n - head, out + head);
}
