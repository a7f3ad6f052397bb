/* Activations in ACT layout: everything between two convolutions. */
#include "engine/backend/cpu/cpu-private.h"
#include <math.h>
#include <string.h>

/* Up to this many channels a block holds. */
#define MAX_BLOCK 16

/* The values of one block of channels, zero-padded; NULL stays NULL. v is PLAIN
 * [1 or N, C, 1, 1]. */
const float *
cpu_block_of(const SgBuf *v, int n, int cb, int block, float storage[16])
{
  if (!v)
    return NULL;
  const float *row = (const float *)v->data + (v->n > 1 ? (gsize)n * v->c : 0);
  int first = cb * block, count = MIN(block, v->c - first);
  if (count == block)
    return row + first;
  memset(storage, 0, sizeof(float) * MAX_BLOCK);
  memcpy(storage, row + first, sizeof(float) * (gsize)count);
  return storage;
}

void
cpu_scale(SgBuf *y, const SgBuf *x, const SgBuf *s)
{
  const SgCpuRows *rows = CPU(x->backend)->rows;
  int blocks = cpu_blocks(x), jobs = x->n * blocks * x->h;

#pragma omp parallel for schedule(static)
  for (int j = 0; j < jobs; j++) {
    float storage[MAX_BLOCK];
    int n = j / (blocks * x->h), cb = j / x->h % blocks, row = j % x->h;
    rows->scale(cpu_row(y, n, cb, row), cpu_row(x, n, cb, row),
                cpu_block_of(s, n, cb, rows->block, storage), x->w);
  }
}

typedef struct {
  float scale[MAX_BLOCK], bias[MAX_BLOCK], strength[MAX_BLOCK];
  SgRowEpilogue row;
} BlockEpilogue;

/* The epilogue of block cb of sample n; noise is set per row. Channels beyond C come out as zero,
 * because every vector is zero there and x is. */
static void
block_epilogue(BlockEpilogue *be, const SgEpilogue *e, int n, int cb, int block, int channels)
{
  be->row = (SgRowEpilogue){
      .scale = cpu_block_of(e->scale, n, cb, block, be->scale),
      .bias = cpu_block_of(e->bias, n, cb, block, be->bias),
      .strength = be->strength,
      .slope = e->slope,
      .gain = e->gain,
      .clamp = e->clamp,
  };
  const float *learnt = e->strength ? e->strength->data : NULL;
  gsize step = learnt && e->strength->c > 1;
  for (int b = 0; b < block; b++) {
    gsize c = (gsize)(cb * block + b);
    be->strength[b] = c < (gsize)channels ? e->noise_strength * (learnt ? learnt[c * step] : 1) : 0;
  }
}

static void
epilogue_row(BlockEpilogue *be, const SgEpilogue *e, SgBuf *y, const float *x, int n, int cb,
             int row)
{
  if (e->noise) {
    gsize plane = (gsize)y->h * y->w;
    be->row.noise =
        (const float *)e->noise->data + (e->noise->n > 1 ? n * plane : 0) + (gsize)row * y->w;
  }
  CPU(y->backend)->rows->epilogue(cpu_row(y, n, cb, row), x, y->w, &be->row);
}

/* Rows of x through the epilogue into y. */
static void
plain_rows(const SgEpilogue *e, SgBuf *y, const SgBuf *x, int n, int cb, int from, int to)
{
  BlockEpilogue be;
  block_epilogue(&be, e, n, cb, CPU(y->backend)->block, y->c);
  for (int row = from; row < to; row++)
    epilogue_row(&be, e, y, cpu_row(x, n, cb, row), n, cb, row);
}

void
cpu_epilogue_rows(SgBuf *y, const SgEpilogue *e, int n, int cb, int from, int to)
{
  plain_rows(e, y, y, n, cb, from, to);
}

/* `in`: four rows of xw pixels, NULL where outside; v: room for a row of either size. */
static void
blurred_row(BlockEpilogue *be, const SgEpilogue *e, SgBuf *y, const float *const in[4], int xw,
            int n, int cb, int row, float *v)
{
  const SgCpuRows *rows = CPU(y->backend)->rows;
  float *h = v + (gsize)xw * rows->block;

  rows->fir_v(v, in, xw, 2.0f);
  rows->fir_h(h, v, xw, y->w, 1, 1, 2.0f);
  epilogue_row(be, e, y, h, n, cb, row);
}

void
cpu_blur_rows(SgBuf *y, const SgEpilogue *e, int n, int cb, int from, int to, const float *x,
              int xw, float *v)
{
  int block = CPU(y->backend)->block;
  gsize line = (gsize)xw * block;
  BlockEpilogue be;

  block_epilogue(&be, e, n, cb, block, y->c);
  for (int row = from; row < to; row++, x += line) {
    const float *const in[4] = {x, x + line, x + 2 * line, x + 3 * line};
    blurred_row(&be, e, y, in, xw, n, cb, row, v);
  }
}

/* Rows [from, to) of one block: vertical and horizontal taps, then the epilogue. The row stays in
 * the first cache level between the three. */
static void
blurred_rows(const SgEpilogue *e, SgBuf *y, const SgBuf *x, int n, int cb, int from, int to,
             float *v)
{
  BlockEpilogue be;

  block_epilogue(&be, e, n, cb, CPU(y->backend)->block, y->c);
  for (int row = from; row < to; row++) {
    const float *in[4];
    for (int t = 0; t < 4; t++) {
      int at = row - 1 + t;
      in[t] = at >= 0 && at < x->h ? cpu_row(x, n, cb, at) : NULL;
    }
    blurred_row(&be, e, y, in, x->w, n, cb, row, v);
  }
}

void
cpu_epilogue(SgBuf *y, const SgBuf *x, gboolean blur, const SgEpilogue *e)
{
  int block = CPU(y->backend)->block, blocks = cpu_blocks(y);
  int strip = MAX(1, MIN(y->h, 4096 / MAX(1, y->w))); /* rows a job, about 256 KiB of output */
  int strips = (y->h + strip - 1) / strip, jobs = y->n * blocks * strips;
  gsize scratch = blur ? (gsize)(x->w + y->w) * block * sizeof(float) : 0;

  gpointer room = scratch ? cpu_scratch_each(scratch) : NULL;

  if (scratch && !room)
    return;
#pragma omp parallel
  {
    float *v = room ? cpu_scratch_mine(room, scratch) : NULL;
#pragma omp for schedule(static)
    for (int j = 0; j < jobs; j++) {
      int n = j / (blocks * strips), cb = j / strips % blocks, from = j % strips * strip;
      int to = MIN(from + strip, y->h);
      if (blur)
        blurred_rows(e, y, x, n, cb, from, to, v);
      else
        plain_rows(e, y, x, n, cb, from, to);
    }
  }
  sg_aligned_free(room);
}

void
cpu_add(SgBuf *y, const SgBuf *a, const SgBuf *b, float gain)
{
  const SgCpuRows *rows = CPU(y->backend)->rows;
  int jobs = y->n * cpu_blocks(y) * y->h;
  gsize row = (gsize)y->w * rows->block;

#pragma omp parallel for schedule(static)
  for (int j = 0; j < jobs; j++)
    rows->add((float *)y->data + j * row, (const float *)a->data + j * row,
              (const float *)b->data + j * row, y->w, gain);
}

/* ---- minibatch standard deviation ------------------------------------------------------------ */

static float *
element(const SgBuf *x, int n, int c)
{
  int block = CPU(x->backend)->block;
  return cpu_row(x, n, c / block, 0) + c % block;
}

/* Mean over channels [from, to) and pixels of the standard deviation over the group of sample m. */
static float
group_deviation(const SgBuf *x, int m, int groups, int size, int from, int to)
{
  int block = CPU(x->backend)->block, pixels = x->h * x->w;
  double sum = 0;
  for (int c = from; c < to; c++)
    for (int p = 0; p < pixels; p++) {
      double mean = 0, var = 0;
      for (int g = 0; g < size; g++)
        mean += element(x, g * groups + m, c)[(gsize)p * block];
      mean /= size;
      for (int g = 0; g < size; g++) {
        double d = element(x, g * groups + m, c)[(gsize)p * block] - mean;
        var += d * d;
      }
      sum += sqrt(var / size + 1e-8);
    }
  return (float)(sum / ((double)(to - from) * pixels));
}

void
cpu_minibatch_std(SgBuf *y, const SgBuf *x, int group_size, int features)
{
  int groups = x->n / group_size, width = x->c / features, block = CPU(x->backend)->block;
  int pixels = x->h * x->w, blocks = cpu_blocks(x);

  memset(y->data, 0, y->bytes);
  for (int n = 0; n < x->n; n++)
    memcpy(cpu_row(y, n, 0, 0), cpu_row(x, n, 0, 0),
           sizeof(float) * (gsize)blocks * pixels * block);
  for (int m = 0; m < groups; m++)
    for (int f = 0; f < features; f++) {
      float value = group_deviation(x, m, groups, group_size, f * width, (f + 1) * width);
      for (int g = 0; g < group_size; g++)
        for (int p = 0; p < pixels; p++)
          element(y, g * groups + m, x->c + f)[(gsize)p * block] = value;
    }
}
