#include "engine/base/philox.h"
#include "engine/kernels/philox.h"

void
sg_philox_block(const SgPhilox *p, guint64 index, guint32 out[4])
{
  k_philox(p->seed, p->stream, index, out);
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

double
sg_philox_normal(SgPhilox *p)
{
  guint32 r[4];
  double x, y;
  sg_philox_block(p, p->index++, r);
  k_box_muller(r[0], r[1], &x, &y);
  return x;
}

void
sg_philox_normals(SgPhilox *p, gsize n, float *out)
{
  for (gsize i = 0; i < n; i += 4) {
    guint32 r[4];
    double v[4];
    sg_philox_block(p, p->index++, r);
    k_box_muller(r[0], r[1], &v[0], &v[1]);
    k_box_muller(r[2], r[3], &v[2], &v[3]);
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
