/* Filters around an activation, in strips of rows: what is between the two filters is never whole
 * in memory. Rows of the larger picture are made when the second filter first needs them, and kept
 * until it has passed them. */
#include "engine/backend/cpu/cpu-private.h"
#include <math.h>
#include <string.h>

/* A filter's numbers in the order in which they meet a row. */
typedef struct {
  float *g; /* [n] or [n, n]; NULL: there is no filter */
  SgRowTaps row;
} Axis;

static Axis
axis_new(const SgTaps *t)
{
  int count = t->radial ? t->n * t->n : t->n;
  double gain = t->radial ? t->gain : sqrt(t->gain);
  Axis a = {.row = {.n = t->n, .up = t->up, .down = t->down, .pad = t->pad}};

  if (t->n == 0)
    return (Axis){.row = {.n = 1, .up = 1, .down = 1}};
  a.g = g_new(float, count);
  for (int i = 0; i < count; i++)
    a.g[i] = (float)(t->taps[count - 1 - i] * gain);
  a.row.g = a.g;
  return a;
}

/* The rows [next - n, next) of something, each in its place of a ring. */
typedef struct {
  float *data;
  int n, next;
  gsize line; /* floats of a row */
} Ring;

static float *
ring_row(const Ring *r, int row)
{
  return r->data + (gsize)(row % r->n) * r->line;
}

typedef struct {
  const SgFiltered *f;
  SgBuf *y;
  const SgBuf *x;
  Axis up, down;
  gboolean radial;
} Job;

/* What one thread needs. */
typedef struct {
  const Job *job;
  int n, cb;
  Ring wide;                        /* rows of x, resampled along the row */
  Ring inner;                       /* rows between both filters */
  const float **rows, **inner_rows; /* what each filter sums */
  float *g, *line; /* taps of some rows, and a row of the result that is not resampled yet */
} Strip;

/* The row of x, or as the first filter leaves it along the row; NULL beyond the picture. */
static const float *
wide_row(Strip *s, int row)
{
  const Job *j = s->job;
  const SgCpuRows *rows = CPU(j->x->backend)->rows;

  if (row < 0 || row >= j->x->h)
    return NULL;
  if (!j->up.g)
    return cpu_row(j->x, s->n, s->cb, row);
  s->wide.next = MAX(s->wide.next, row - s->wide.n + 1);
  for (; s->wide.next <= row; s->wide.next++)
    rows->taps_h(ring_row(&s->wide, s->wide.next), cpu_row(j->x, s->n, s->cb, s->wide.next),
                 j->x->w, j->f->w, &j->up.row);
  return ring_row(&s->wide, row);
}

static void
make_inner(Strip *s, int row)
{
  const Job *j = s->job;
  const SgRowTaps *t = &j->up.row;
  const SgCpuRows *rows = CPU(j->x->backend)->rows;
  float *to = ring_row(&s->inner, row);
  const float *from = NULL;
  int count = 0;
  SgRowEpilogue e = {.slope = j->f->slope, .gain = j->f->gain, .clamp = j->f->clamp};

  if (j->up.g) {
    for (int k = 0; k < t->n; k++) {
      int at = row - t->pad + k;
      if (at < 0 || at % t->up != 0 || at / t->up >= j->x->h)
        continue;
      s->rows[count] = wide_row(s, at / t->up);
      s->g[count++] = t->g[k];
    }
    rows->taps_v(to, s->rows, s->g, count, j->f->w * rows->block);
    from = to;
  } else {
    from = wide_row(s, row);
  }
  rows->epilogue(to, from, j->f->w, &e);
}

/* A row between both filters; NULL beyond it. */
static const float *
inner_row(Strip *s, int row)
{
  if (row < 0 || row >= s->job->f->h)
    return NULL;
  s->inner.next = MAX(s->inner.next, row - s->inner.n + 1);
  for (; s->inner.next <= row; s->inner.next++)
    make_inner(s, s->inner.next);
  return ring_row(&s->inner, row);
}

static void
make_row(Strip *s, int row)
{
  const Job *j = s->job;
  const SgRowTaps *t = &j->down.row;
  const SgCpuRows *rows = CPU(j->y->backend)->rows;
  float *to = cpu_row(j->y, s->n, s->cb, row);

  if (!j->down.g) {
    memcpy(to, inner_row(s, row), sizeof(float) * (gsize)j->y->w * (gsize)rows->block);
    return;
  }
  for (int k = 0; k < t->n; k++)
    s->inner_rows[k] = inner_row(s, row * t->down - t->pad + k);
  if (j->radial) {
    rows->taps_2d(to, s->inner_rows, j->f->w, j->y->w, t);
    return;
  }
  rows->taps_v(s->line, s->inner_rows, t->g, t->n, j->f->w * rows->block);
  rows->taps_h(to, s->line, j->f->w, j->y->w, t);
}

/* What a strip computes in, in the order of its parts; all of it in bytes. */
enum { WIDE, INNER, ROWS, INNER_ROWS, TAPS, LINE, PARTS };

static int
wide_rows(const Job *j)
{
  return j->up.row.n / j->up.row.up + 2;
}

static gsize
sizes_of(const Job *j, gsize line, gsize sizes[PARTS])
{
  gsize up = (gsize)j->up.row.n, down = (gsize)j->down.row.n, sum = 0;
  const gsize bytes[PARTS] = {sizeof(float) * line * (gsize)wide_rows(j),
                              sizeof(float) * line * down,
                              sizeof(float *) * up,
                              sizeof(float *) * down,
                              sizeof(float) * up,
                              sizeof(float) * line};

  for (int i = 0; i < PARTS; i++)
    sum += sizes[i] = (bytes[i] + 63) / 64 * 64;
  return sum;
}

static Strip
strip_of(const Job *j, gsize line, const gsize sizes[PARTS], char *room)
{
  gpointer part[PARTS];

  for (int i = 0; i < PARTS; room += sizes[i++])
    part[i] = room;
  return (Strip){.job = j,
                 .wide = {part[WIDE], wide_rows(j), 0, line},
                 .inner = {part[INNER], j->down.row.n, 0, line},
                 .rows = part[ROWS],
                 .inner_rows = part[INNER_ROWS],
                 .g = part[TAPS],
                 .line = part[LINE]};
}

static void
run_strips(const Job *j, int strip)
{
  int blocks = cpu_blocks(j->y), strips = (j->y->h + strip - 1) / strip;
  int jobs = j->y->n * blocks * strips;
  gsize line = (gsize)j->f->w * (gsize)CPU(j->y->backend)->block;

  gsize sizes[PARTS], bytes = sizes_of(j, line, sizes);
  gpointer room = cpu_scratch_each(bytes);

  if (!room)
    return;
#pragma omp parallel
  {
    Strip s = strip_of(j, line, sizes, cpu_scratch_mine(room, bytes));
#pragma omp for schedule(static)
    for (int k = 0; k < jobs; k++) {
      s.n = k / (blocks * strips);
      s.cb = k / strips % blocks;
      int from = k % strips * strip, to = MIN(from + strip, j->y->h);
      s.inner.next = MAX(0, from * j->down.row.down - j->down.row.pad);
      s.wide.next = MAX(0, s.inner.next - j->up.row.pad) / j->up.row.up;
      for (int row = from; row < to; row++)
        make_row(&s, row);
    }
  }
  sg_aligned_free(room);
}

void
cpu_filtered(SgBuf *y, const SgBuf *x, const SgFiltered *f)
{
  Job j = {.f = f, .y = y, .x = x, .up = axis_new(&f->up), .down = axis_new(&f->down)};
  /* Each strip makes the rows that the second filter reads beyond it once more. */
  int threads = MAX(1, y->n * cpu_blocks(y)), strip = threads >= 8 ? y->h : MAX(16, y->h / 8);

  g_assert(!f->up.radial && (!f->down.radial || f->down.up == 1));
  j.radial = f->down.n && f->down.radial;
  run_strips(&j, MIN(strip, y->h));
  g_free(j.up.g);
  g_free(j.down.g);
}
