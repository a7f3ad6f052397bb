/* Adaptive instance normalisation: three sweeps over strips of rows, so that a plane that is alone
 * in its block of channels keeps all threads busy as well. */
#include "engine/backend/cpu/cpu-private.h"
#include <math.h>
#include <string.h>

#define MAX_BLOCK 16

typedef struct {
  const SgBuf *x;
  int blocks, strip, strips, jobs;
  double (*sums)[MAX_BLOCK]; /* [jobs] */
} Sweep;

static Sweep
sweep_new(const SgBuf *x)
{
  Sweep s = {.x = x, .blocks = cpu_blocks(x)};
  s.strip = MAX(1, MIN(x->h, 4096 / MAX(1, x->w)));
  s.strips = (x->h + s.strip - 1) / s.strip;
  s.jobs = x->n * s.blocks * s.strips;
  s.sums = cpu_scratch(sizeof *s.sums * (gsize)s.jobs);
  return s;
}

/* Sums over each strip: of x, or around the block's mean. means [n blocks][MAX_BLOCK] or NULL. */
static void
sum_strips(const Sweep *s, float (*means)[MAX_BLOCK])
{
  const SgCpuRows *rows = CPU(s->x->backend)->rows;

#pragma omp parallel for schedule(static)
  for (int j = 0; j < s->jobs; j++) {
    int plane = j / s->strips, from = j % s->strips * s->strip;
    int to = MIN(from + s->strip, s->x->h);
    memset(s->sums[j], 0, sizeof s->sums[j]);
    for (int row = from; row < to; row++) {
      float acc[MAX_BLOCK] = {0};
      const float *x = cpu_row(s->x, plane / s->blocks, plane % s->blocks, row);
      if (means)
        rows->spread(acc, x, means[plane], s->x->w);
      else
        rows->dot_block(acc, x, NULL, s->x->w);
      for (int b = 0; b < rows->block; b++)
        s->sums[j][b] += (double)acc[b];
    }
  }
}

static double
plane_mean(const Sweep *s, int plane, int b)
{
  double sum = 0;
  for (int k = 0; k < s->strips; k++)
    sum += s->sums[plane * s->strips + k][b];
  return sum / ((double)s->x->h * s->x->w);
}

/* By plane and channel. */
typedef float (*Planes)[MAX_BLOCK];

static void
normalize(const Sweep *sweep, SgBuf *y, const SgBuf *style, float eps, Planes means, Planes scale,
          Planes shift)
{
  const Sweep s = *sweep;
  const SgBuf *x = s.x;
  const SgCpuRows *rows = CPU(x->backend)->rows;
  int block = rows->block, planes = x->n * s.blocks;

  sum_strips(&s, NULL);
  for (int p = 0; p < planes; p++)
    for (int b = 0; b < block; b++)
      means[p][b] = (float)plane_mean(&s, p, b);
  sum_strips(&s, means);
  for (int p = 0; p < planes; p++)
    for (int b = 0; b < block; b++) {
      int n = p / s.blocks, c = p % s.blocks * block + b;
      const float *row = (const float *)style->data + (gsize)n * (gsize)style->c;
      double a = c < x->c ? (double)row[c] / sqrt(plane_mean(&s, p, b) + (double)eps) : 0;
      scale[p][b] = (float)a;
      shift[p][b] = c < x->c ? row[x->c + c] : 0;
    }
#pragma omp parallel for schedule(static)
  for (int j = 0; j < s.jobs; j++) {
    int p = j / s.strips, from = j % s.strips * s.strip, to = MIN(from + s.strip, x->h);
    for (int row = from; row < to; row++)
      rows->standardize(cpu_row(y, p / s.blocks, p % s.blocks, row),
                        cpu_row(x, p / s.blocks, p % s.blocks, row), means[p], scale[p], shift[p],
                        x->w);
  }
}

void
cpu_adain(SgBuf *y, const SgBuf *x, const SgBuf *style, float eps)
{
  Sweep s = sweep_new(x);
  gsize bytes = sizeof(float[MAX_BLOCK]) * (gsize)(x->n * s.blocks);
  Planes means = cpu_scratch(bytes), scale = cpu_scratch(bytes), shift = cpu_scratch(bytes);

  if (s.sums && means && scale && shift)
    normalize(&s, y, style, eps, means, scale, shift);
  sg_aligned_free(s.sums);
  sg_aligned_free(means);
  sg_aligned_free(scale);
  sg_aligned_free(shift);
}
