/* Training kernels of the CPU back end: elements, sums, matrices, 1×1 picture convolutions, Adam.
 *
 * Sums do not depend on the number of threads: work is cut by shape alone, and partial sums are
 * added in order. That is what makes a resumed training equal bit for bit. */
#include "engine/backend/cpu/cpu-private.h"
#include "engine/kernels/element.h"
#include <string.h>

#define MAX_BLOCK  16
#define STRIP_ROWS 16               /* rows a job of the epilogue's gradient has */
#define CHUNK      ((gsize)1 << 14) /* numbers a job of a flat loop has */
#define MAX_RGB    4

/* ---- flat loops ------------------------------------------------------------------------------ */

/* All numbers of a buffer, with ACT's padding channels: they are zero and every flat kernel keeps
 * them so. */
static gsize
flat_count(const SgBuf *x)
{
  return x->bytes / sizeof(float);
}

void
cpu_combine(SgBuf *y, double a, const SgBuf *x, double b, const SgBuf *z)
{
  const SgCpuRows *rows = CPU(y->backend)->rows;
  gsize n = flat_count(y), chunks = (n + CHUNK - 1) / CHUNK;
  float *yd = y->data;
  const float *xd = x->data, *zd = z ? z->data : NULL;

  g_assert(flat_count(x) == n && (!z || flat_count(z) == n));
#pragma omp parallel for schedule(static) if (chunks > 1)
  for (gsize c = 0; c < chunks; c++) {
    gsize from = c * CHUNK;
    rows->combine(yd + from, (float)a, xd + from, (float)b, zd ? zd + from : NULL,
                  MIN(CHUNK, n - from));
  }
}

void
cpu_mul(SgBuf *y, const SgBuf *a, const SgBuf *b)
{
  const SgCpuRows *rows = CPU(y->backend)->rows;
  gsize n = flat_count(y), chunks = (n + CHUNK - 1) / CHUNK;

  g_assert(flat_count(a) == n && flat_count(b) == n);
#pragma omp parallel for schedule(static) if (chunks > 1)
  for (gsize c = 0; c < chunks; c++) {
    gsize from = c * CHUNK;
    rows->mul((float *)y->data + from, (const float *)a->data + from, (const float *)b->data + from,
              MIN(CHUNK, n - from));
  }
}

void
cpu_map(SgMap fn, double a, SgBuf *y, const SgBuf *x)
{
  float *yd = y->data;
  const float *xd = x->data;
  for (gsize i = 0; i < flat_count(y); i++)
    yd[i] = fn == SG_MAP_RSQRT      ? (float)(1 / sqrt(xd[i] + a))
            : fn == SG_MAP_SOFTPLUS ? k_softplus(xd[i])
            : fn == SG_MAP_SIN      ? k_sin(xd[i], a)
                                    : k_sigmoid(xd[i]);
}

void
cpu_adam(SgBuf *p, SgBuf *m, SgBuf *v, const SgBuf *grad, const SgAdam *a)
{
  const SgCpuRows *rows = CPU(p->backend)->rows;
  gsize n = flat_count(p), chunks = (n + CHUNK - 1) / CHUNK;
  double c1 = 1 - pow(a->beta1, (double)a->step), c2 = 1 - pow(a->beta2, (double)a->step);
  const float c[5] = {(float)(a->lr / c1), (float)a->beta1, (float)a->beta2, (float)a->eps,
                      (float)(1 / sqrt(c2))};

#pragma omp parallel for schedule(static) if (chunks > 1)
  for (gsize k = 0; k < chunks; k++) {
    gsize at = k * CHUNK;
    rows->adam((float *)p->data + at, (float *)m->data + at, (float *)v->data + at,
               (const float *)grad->data + at, MIN(CHUNK, n - at), c);
  }
}

/* ---- matrices -------------------------------------------------------------------------------- */

void
cpu_matmul(SgBuf *c, const SgBuf *a, gboolean ta, const SgBuf *b, gboolean tb, double alpha)
{
  int acols = a->c * a->h * a->w, bcols = b->c * b->h * b->w, ccols = c->c * c->h * c->w;
  int k = ta ? a->n : acols;

  g_assert((ta ? acols : a->n) == c->n && (tb ? b->n : bcols) == ccols && (tb ? bcols : b->n) == k);
  cpu_sgemm(ta, tb, c->n, ccols, k, (float)alpha, a->data, acols, b->data, bcols, c->data);
}

/* ---- broadcasting and its adjoint ------------------------------------------------------------ */

/* Steps in numbers along the four axes of a PLAIN buffer, 0 where it has size 1. */
static void
steps_of(const SgBuf *x, gsize step[4])
{
  step[3] = x->w > 1 ? 1 : 0;
  step[2] = x->h > 1 ? (gsize)x->w : 0;
  step[1] = x->c > 1 ? (gsize)x->h * x->w : 0;
  step[0] = x->n > 1 ? (gsize)x->c * x->h * x->w : 0;
}

static void
plain_expand(SgBuf *y, const SgBuf *x)
{
  gsize s[4];
  const float *from = x->data;
  float *to = y->data;

  steps_of(x, s);
  for (int n = 0; n < y->n; n++)
    for (int c = 0; c < y->c; c++)
      for (int h = 0; h < y->h; h++) {
        const float *row = from + n * s[0] + c * s[1] + h * s[2];
        for (int w = 0; w < y->w; w++)
          *to++ = row[w * s[3]];
      }
}

static void
plain_sum_to(SgBuf *y, const SgBuf *x)
{
  gsize s[4], n_out = sg_buf_count(y);
  const float *from = x->data;
  g_autofree double *sums = sg_room0(n_out, sizeof *sums);

  if (!sums)
    return;
  steps_of(y, s);
  for (int n = 0; n < x->n; n++)
    for (int c = 0; c < x->c; c++)
      for (int h = 0; h < x->h; h++, from += x->w) {
        double *row = sums + n * s[0] + c * s[1] + h * s[2];
        if (s[3]) {
          for (int w = 0; w < x->w; w++)
            row[w] += from[w];
          continue;
        }
        float sum = 0;
        for (int w = 0; w < x->w; w++)
          sum += from[w];
        *row += sum;
      }
  for (gsize i = 0; i < n_out; i++)
    ((float *)y->data)[i] = (float)sums[i];
}

static void
act_expand(SgBuf *y, const SgBuf *x)
{
  int block = CPU(y->backend)->block, blocks = cpu_blocks(y), jobs = y->n * blocks;

  g_assert((x->c == y->c && x->h == 1 && x->w == 1) || (x->c == 1 && x->h == y->h));
#pragma omp parallel for schedule(static)
  for (int j = 0; j < jobs; j++) {
    int n = j / blocks, cb = j % blocks, pixels = y->h * y->w;
    float *to = cpu_row(y, n, cb, 0), storage[MAX_BLOCK];
    if (x->h == 1 && x->c == y->c) {
      const float *v = cpu_block_of(x, n, cb, block, storage);
      for (int p = 0; p < pixels; p++)
        memcpy(to + (gsize)p * block, v, sizeof(float) * (gsize)block);
    } else {
      const float *v = (const float *)x->data + (x->n > 1 ? (gsize)n * pixels : 0);
      for (int p = 0; p < pixels; p++)
        for (int b = 0; b < block; b++)
          to[(gsize)p * block + b] = cb * block + b < y->c ? v[p] : 0;
    }
  }
}

void
cpu_expand(SgBuf *y, const SgBuf *x)
{
  g_assert(x->fmt == SG_FMT_PLAIN);
  if (y->fmt == SG_FMT_ACT)
    act_expand(y, x);
  else
    plain_expand(y, x);
}

void
cpu_dot(SgBuf *s, const SgBuf *a, const SgBuf *b)
{
  const SgCpuRows *rows = CPU(a->backend)->rows;
  int blocks = cpu_blocks(a), jobs = a->n * blocks, block = rows->block;

#pragma omp parallel for schedule(static)
  for (int j = 0; j < jobs; j++) {
    int n = j / blocks, cb = j % blocks, count = MIN(block, a->c - cb * block);
    float acc[MAX_BLOCK] = {0};
    rows->dot_block(acc, cpu_row(a, n, cb, 0), b ? cpu_row(b, n, cb, 0) : NULL, a->h * a->w);
    memcpy((float *)s->data + (gsize)n * a->c + cb * block, acc, sizeof(float) * (gsize)count);
  }
}

/* Sum over samples of [N, C] into [1, C]. */
static void
sum_samples(float *to, const float *from, int n, int c)
{
  memset(to, 0, sizeof(float) * (gsize)c);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < c; j++)
      to[j] += from[(gsize)i * c + j];
}

static void
act_pixel_sum(SgBuf *y, const SgBuf *x)
{
  const SgCpuRows *rows = CPU(x->backend)->rows;
  memset(y->data, 0, y->bytes);
#pragma omp parallel for collapse(2) schedule(static) if (y->n > 1)
  for (int n = 0; n < y->n; n++)
    for (int h = 0; h < y->h; h++)
      for (int from = n; from < (y->n > 1 ? n + 1 : x->n); from++)
        for (int cb = 0; cb < cpu_blocks(x); cb++)
          rows->pixel_sum((float *)y->data + ((gsize)n * y->h + h) * y->w, cpu_row(x, from, cb, h),
                          x->w);
}

void
cpu_sum_to(SgBuf *y, const SgBuf *x)
{
  g_assert(y->fmt == SG_FMT_PLAIN);
  if (x->fmt == SG_FMT_PLAIN) {
    plain_sum_to(y, x);
  } else if (y->c == 1 && y->h == x->h && y->w == x->w && x->c > 1) {
    act_pixel_sum(y, x);
  } else {
    g_assert(y->c == x->c && y->h == 1 && y->w == 1);
    if (y->n == x->n) {
      cpu_dot(y, x, NULL);
      return;
    }
    g_autofree float *sums = sg_room((gsize)x->n * (gsize)x->c, sizeof *sums);
    if (!sums)
      return;
    SgBuf each = {.backend = x->backend, .n = x->n, .c = x->c, .h = 1, .w = 1, .data = sums};
    cpu_dot(&each, x, NULL);
    sum_samples(y->data, sums, x->n, x->c);
  }
}

/* ---- epilogue -------------------------------------------------------------------------------- */

/* Matrices and pictures: one bias per row or plane. */
static void
plain_epilogue(SgBuf *y, const SgBuf *x, const SgEpilogue *e)
{
  int planes = y->n * y->c, pixels = y->h * y->w;
  const float *bias = e->bias ? e->bias->data : NULL;

  g_assert(!e->scale && !e->noise);
#pragma omp parallel for schedule(static) if (planes * pixels > 65536)
  for (int p = 0; p < planes; p++)
    for (int i = 0; i < pixels; i++) {
      gsize at = (gsize)p * pixels + i;
      float v = ((const float *)x->data)[at] + (bias ? bias[p % y->c] : 0);
      v = k_lrelu(v, e->slope, e->gain);
      ((float *)y->data)[at] = e->clamp >= 0 ? k_clamp(v, e->clamp) : v;
    }
}

void
cpu_train_epilogue(SgBuf *y, const SgBuf *x, const SgEpilogue *e)
{
  if (y->fmt == SG_FMT_PLAIN)
    plain_epilogue(y, x, e);
  else
    cpu_epilogue(y, x, FALSE, e);
}

static void
plain_epilogue_grad(const SgEpilogueGrad *g)
{
  int planes = g->dy->n * g->dy->c, pixels = g->dy->h * g->dy->w;

  g_assert(!g->scale && !g->dstrength && !g->dscale);
#pragma omp parallel for schedule(static) if (planes * pixels > 65536)
  for (int p = 0; p < planes; p++) {
    float sum = 0;
    for (int i = 0; i < pixels; i++) {
      gsize at = (gsize)p * pixels + i;
      float d = k_lrelu_grad(((const float *)g->dy->data)[at], ((const float *)g->y->data)[at],
                             g->slope, g->gain, g->clamp);
      sum += d;
      if (g->dx)
        ((float *)g->dx->data)[at] = d;
    }
    if (g->dsum)
      ((float *)g->dsum->data)[p] = sum;
  }
}

/* Rows [from, to) of one block of sample n; sums are added to [block] numbers each. */
static void
grad_rows(const SgEpilogueGrad *g, int n, int cb, int from, int to, float *sum, float *ds,
          float *dn)
{
  const SgCpuRows *rows = CPU(g->dy->backend)->rows;
  float scale[MAX_BLOCK];
  gsize line = (gsize)g->dy->w * rows->block;
  SgRowGrad row = {.slope = g->slope,
                   .gain = g->gain,
                   .clamp = g->clamp,
                   .dscale = ds,
                   .dsum = sum,
                   .dstrength = dn,
                   .scale = cpu_block_of(g->scale, n, cb, rows->block, scale)};
  float spare[g->dx ? 1 : line];

  for (int r = from; r < to; r++) {
    row.dy = cpu_row(g->dy, n, cb, r);
    row.y = cpu_row(g->y, n, cb, r);
    row.x = g->scale ? cpu_row(g->x, n, cb, r) : NULL;
    row.dx = g->dx ? cpu_row(g->dx, n, cb, r) : spare;
    if (g->dstrength)
      row.noise = (const float *)g->noise->data +
                  ((g->noise->n > 1 ? (gsize)n * g->noise->h : 0) + (gsize)r) * g->noise->w;
    rows->epilogue_grad(&row, g->dy->w);
  }
}

/* Adds the strips' sums [N, strips, channels padded] into [N, C]. */
static void
add_strips(SgBuf *to, const float *parts, int strips, int padded)
{
  float *out = to->data;
  for (int n = 0; n < to->n; n++)
    for (int c = 0; c < to->c; c++) {
      float sum = 0;
      for (int s = 0; s < strips; s++)
        sum += parts[((gsize)n * strips + s) * padded + c];
      out[(gsize)n * to->c + c] = sum;
    }
}

void
cpu_epilogue_grad(const SgEpilogueGrad *g)
{
  const SgBuf *dy = g->dy;
  int block = CPU(dy->backend)->block, blocks = cpu_blocks(dy), padded = blocks * block;
  int strips = (dy->h + STRIP_ROWS - 1) / STRIP_ROWS, jobs = dy->n * strips;

  if (dy->fmt == SG_FMT_PLAIN) {
    plain_epilogue_grad(g);
    return;
  }
  gsize size = (gsize)jobs * padded;
  g_autofree float *parts = sg_room0(3 * size, sizeof *parts);

  if (!parts)
    return;
  g_assert(!g->dscale || (g->scale && g->x));
#pragma omp parallel for schedule(static)
  for (int j = 0; j < jobs; j++) {
    int n = j / strips, from = j % strips * STRIP_ROWS, to = MIN(from + STRIP_ROWS, dy->h);
    for (int cb = 0; cb < blocks; cb++) {
      float *sum = parts + (gsize)j * padded + cb * block;
      grad_rows(g, n, cb, from, to, sum, sum + size, sum + 2 * size);
    }
  }
  if (g->dsum)
    add_strips(g->dsum, parts, strips, padded);
  if (g->dscale)
    add_strips(g->dscale, parts + size, strips, padded);
  if (g->dstrength) {
    double sum = 0;
    for (gsize i = 0; i < size; i++)
      sum += parts[2 * size + i];
    *(float *)g->dstrength->data = (float)sum;
  }
}

/* ---- pictures and channels ------------------------------------------------------------------- */

/* w [1 or N, K, C] as [K][blocks * block] of sample n, zero-padded */
static void
padded_weights(float *wk, const SgBuf *w, int n, int padded)
{
  const float *from = (const float *)w->data + (w->n > 1 ? (gsize)n * w->c * w->h : 0);
  for (int k = 0; k < w->c; k++)
    for (int c = 0; c < padded; c++)
      wk[k * padded + c] = c < w->h ? from[k * w->h + c] : 0;
}

static void
rgb_sample(SgConvPass pass, SgBuf *x, const SgBuf *img, const float *wk, float *acc, int n)
{
  const SgCpuRows *rows = CPU(x->backend)->rows;
  int block = rows->block, blocks = cpu_blocks(x), padded = blocks * block, k = img->c;
  float *line[MAX_RGB];

  for (int r = 0; r < x->h; r++) {
    for (int j = 0; j < k; j++)
      line[j] = (float *)img->data + (((gsize)n * k + j) * img->h + r) * img->w;
    if (pass == SG_PASS_OUTPUT) {
      for (int j = 0; j < k; j++)
        memset(line[j], 0, sizeof(float) * (gsize)img->w);
      rows->to_rgb(line, cpu_row(x, n, 0, r), (gsize)x->h * x->w * block, blocks, wk, k, x->w);
      continue;
    }
    for (int cb = 0; cb < blocks; cb++) {
      float part[MAX_RGB * MAX_BLOCK] = {0};
      for (int j = 0; j < k && pass == SG_PASS_INPUT; j++)
        memcpy(part + j * block, wk + j * padded + cb * block, sizeof(float) * (gsize)block);
      if (pass == SG_PASS_INPUT)
        rows->from_rgb(cpu_row(x, n, cb, r), (const float *const *)line, part, k, x->w);
      else
        rows->rgb_weight(part, cpu_row(x, n, cb, r), (const float *const *)line, k, x->w);
      for (int j = 0; j < k && pass == SG_PASS_WEIGHT; j++)
        for (int b = 0; b < block; b++)
          acc[j * padded + cb * block + b] += part[j * block + b];
    }
  }
}

void
cpu_rgb(SgConvPass pass, SgBuf *x, SgBuf *w, SgBuf *img)
{
  int padded = cpu_blocks(x) * CPU(x->backend)->block, k = img->c;
  gsize size = (gsize)k * padded;
  g_autofree float *wk = sg_room0((gsize)x->n * size, sizeof *wk);

  if (!wk)
    return;
  g_assert(k <= MAX_RGB && w->c == k && w->h == x->c);
#pragma omp parallel for schedule(static)
  for (int n = 0; n < x->n; n++) {
    if (pass != SG_PASS_WEIGHT)
      padded_weights(wk + n * size, w, n, padded);
    rgb_sample(pass, x, img, wk + n * size, wk + n * size, n);
  }
  if (pass != SG_PASS_WEIGHT)
    return;
  memset(w->data, 0, w->bytes);
  for (int n = 0; n < x->n; n++)
    for (int j = 0; j < k; j++)
      for (int c = 0; c < x->c; c++)
        ((float *)w->data)[((gsize)(w->n > 1 ? n : 0) * k + j) * x->c + c] +=
            wk[n * size + (gsize)(j * padded + c)];
}

void
cpu_channels(SgBuf *y, int to, const SgBuf *x, int from, int count)
{
  int block = y->fmt == SG_FMT_ACT ? CPU(y->backend)->block : 1;
  gsize pixels = (gsize)y->h * y->w, yblocks = (gsize)(y->c + block - 1) / block;
  gsize xblocks = (gsize)(x->c + block - 1) / block;

  memset(y->data, 0, y->bytes);
  for (int n = 0; n < y->n; n++)
    for (int i = 0; i < count; i++) {
      gsize a = (gsize)(to + i), b = (gsize)(from + i), k = (gsize)block;
      float *yd = (float *)y->data + (n * yblocks + a / k) * pixels * k + a % k;
      const float *xd = (const float *)x->data + (n * xblocks + b / k) * pixels * k + b % k;
      for (gsize p = 0; p < pixels; p++)
        yd[p * k] = xd[p * k];
    }
}
