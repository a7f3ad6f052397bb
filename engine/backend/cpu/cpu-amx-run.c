/* Running a convolution on the matrix units: which positions and which channels a thread takes.
 *
 * Positions are cut into strips: some rows of one sample, or some whole samples. A strip's
 * activations are packed once, with a border of zeros, and stay in the second cache level. Where
 * weights are few, each thread takes strips from packing to results; else all strips are packed
 * first, and each thread takes panels of weights through all strips. */
#include "engine/backend/cpu/cpu-amx-private.h"
#include <omp.h>
#include <string.h>

#define STRIP_BYTES  (512 << 10) /* of packed activations */
#define WEIGHT_BYTES (1 << 20)   /* that stay in the cache beside a strip */
#define WIDE_BYTES   (512 << 10) /* of results before the filter */
#define FEWEST_ROWS  4           /* a strip's border is packed too */

typedef struct {
  const SgAmx *amx;
  SgBuf *y;
  const SgBuf *x, *style;
  const SgEpilogue *e;
  int grid_h, grid_w, pitch; /* positions of a sample, and how far apart rows are */
  int rows, samples, strips; /* of a strip, at most */
  gsize plane, strip;        /* positions from one plane and one strip to the next */
  SgAmxStep *steps[4];       /* by phase */
  gboolean filter;           /* results go through the filter before the epilogue */
  gsize wide_block, wide;    /* floats before the filter: of one block of channels, of a thread */
} Job;

typedef struct {
  int n, samples, row, rows;
} Strip;

/* Rows of positions of one sample of a strip. */
static int
lines_of(const Job *j, const Strip *s)
{
  return s->rows + 2 * j->amx->form.lead;
}

static Strip
strip_at(const Job *j, int i)
{
  int n = j->x->n, each = (j->grid_h + j->rows - 1) / j->rows;
  if (j->samples > 1 || each == 1)
    return (Strip){i * j->samples, MIN(j->samples, n - i * j->samples), 0, j->grid_h};
  int row = i % each * j->rows;
  return (Strip){i / each, 1, row, MIN(j->rows, j->grid_h - row)};
}

/* ---- packing --------------------------------------------------------------------------------- */

/* Row `i` of plane (a, b) of 32 channels. */
static void
pack_line(const Job *j, guint16 *to, guint16 *rest, int n, int d, int i, int a, int b,
          const float *style)
{
  const SgAmxForm *f = &j->amx->form;
  const SgBuf *x = j->x;
  int row = f->stride * i + a - f->pad, s = f->stride, off = b - f->pad;
  /* Columns [from, end) of the plane lie in x. */
  int from = off >= 0 ? 0 : (-off + s - 1) / s, end = (x->w - off + s - 1) / s;

  from = MIN(from, j->pitch);
  end = CLAMP(end, from, j->pitch);
  if (row < 0 || row >= x->h)
    from = end = 0;
  for (guint16 *line = to; line; line = line == to ? rest : NULL) {
    memset(line, 0, (gsize)from * 64);
    memset(line + (gsize)end * SG_AMX_DEPTH, 0, (gsize)(j->pitch - end) * 64);
  }
  if (from == end)
    return;
  gsize at = (gsize)(s * from + off) * 16;
  sg_amx_pack_row(to + (gsize)from * SG_AMX_DEPTH, rest ? rest + (gsize)from * SG_AMX_DEPTH : NULL,
                  cpu_row(x, n, 2 * d, row) + at,
                  2 * d + 1 < cpu_blocks(x) ? cpu_row(x, n, 2 * d + 1, row) + at : NULL,
                  (gsize)s * 16, end - from, style);
}

/* 32 channels of a strip, in every plane. */
static void
pack_strip(const Job *j, guint16 *to, int strip, int d)
{
  const SgAmxForm *f = &j->amx->form;
  Strip s = strip_at(j, strip);
  int planes = f->stride * f->stride, period = lines_of(j, &s) + f->more;

  for (int k = 0; k < s.samples; k++) {
    float style[32] = {0}, storage[16];
    for (int h = 0; j->style && h < 2 && 2 * d + h < cpu_blocks(j->x); h++)
      memcpy(style + 16 * h, cpu_block_of(j->style, s.n + k, 2 * d + h, 16, storage),
             16 * sizeof(float));
    for (int p = 0; p < planes; p++)
      for (int i = 0; i < period; i++) {
        gsize line = (gsize)(d * planes + p) * j->plane + (gsize)((k * period + i) * j->pitch);
        guint16 *rest = to + (line + (gsize)(j->amx->depth * planes) * j->plane) * SG_AMX_DEPTH;
        pack_line(j, to + line * SG_AMX_DEPTH, j->amx->terms == 2 ? rest : NULL, s.n + k, d,
                  s.row - f->lead + i, p / f->stride, p % f->stride, j->style ? style : NULL);
      }
  }
}

/* ---- products -------------------------------------------------------------------------------- */

static void
set_epilogue(const Job *j, SgAmxStore *to, int t, int block, int n)
{
  const SgEpilogue *e = j->e;
  int count = MIN(16, j->y->c - 16 * block);

  to->lanes[t] = (guint16)((1u << count) - 1);
  to->scale[t] = e->scale ? (const float *)e->scale->data +
                                (gsize)(e->scale->n > 1 ? n : 0) * (gsize)j->y->c + 16 * block
                          : NULL;
  to->learnt[t] =
      e->strength && e->strength->c > 1 ? (const float *)e->strength->data + 16 * block : NULL;
  to->bias[t] = e->bias ? (const float *)e->bias->data + 16 * block : NULL;
}

/* What is common to both kinds of results. */
static SgAmxProduct
product_of(const Job *j, const guint16 *packed, int phase, int panel)
{
  const SgAmx *amx = j->amx;
  return (SgAmxProduct){.x = packed,
                        .w = amx->packed + sg_amx_panel_at(amx, phase, panel),
                        .step = j->steps[phase],
                        .steps = sg_amx_steps(amx, phase),
                        .tiles = sg_amx_tiles(amx, panel)};
}

/* Results with their epilogue, to where they belong. */
static void
run_phase(const Job *j, const guint16 *packed, int strip, int phase, int panel)
{
  const SgAmxForm *f = &j->amx->form;
  const SgEpilogue *e = j->e;
  SgBuf *y = j->y;
  Strip s = strip_at(j, strip);
  int p = phase / f->step, q = phase % f->step, period = s.rows + f->more;
  int top = f->step * s.row + p; /* of the results */
  SgAmxProduct product = product_of(j, packed, phase, panel);
  SgAmxStore to = {.positions = ((s.samples - 1) * period + s.rows) * j->pitch,
                   .pitch = j->pitch,
                   .columns = MIN(j->grid_w, (y->w - q + f->step - 1) / f->step),
                   .rows = MIN(s.rows, (y->h - top + f->step - 1) / f->step),
                   .period = period,
                   .step = (gsize)f->step * 16,
                   .row_step = (gsize)(f->step * y->w) * 16,
                   .sample_step = (gsize)cpu_blocks(y) * (gsize)(y->h * y->w) * 16};

  for (int t = 0; t < product.tiles; t++) {
    to.y[t] = cpu_row(y, s.n, 2 * panel + t, 0) + ((gsize)top * (gsize)y->w + (gsize)q) * 16;
    if (e)
      set_epilogue(j, &to, t, 2 * panel + t, s.n);
  }
  if (e) {
    to.epilogue = TRUE;
    to.scale_step = e->scale && e->scale->n > 1 ? (gsize)y->c : 0;
    to.strength = e->noise_strength *
                  (e->strength && e->strength->c == 1 ? *(const float *)e->strength->data : 1);
    to.slope = e->slope;
    to.gain = e->gain;
    to.clamp = e->clamp;
    if (e->noise) {
      to.noise_sample_step = e->noise->n > 1 ? (gsize)(y->h * y->w) : 0;
      to.noise = (const float *)e->noise->data + (gsize)s.n * to.noise_sample_step +
                 (gsize)top * (gsize)y->w + (gsize)q;
      to.noise_step = (gsize)f->step;
      to.noise_row_step = (gsize)(f->step * y->w);
    }
  }
  sg_amx_panel(&product, &to);
}

/* One phase of what the filter reads: wide [block][sample][2 lines][2 w + 1][16]. */
static void
run_wide(const Job *j, const guint16 *packed, const Strip *s, int phase, int panel, float *wide)
{
  int lines = lines_of(j, s), period = lines + j->amx->form.more, width = 2 * j->x->w + 1;
  /* The filter does not read the very first row. */
  int first = phase < 2 && s->samples == 1 ? 1 : 0;
  SgAmxProduct product =
      product_of(j, packed + (gsize)(first * j->pitch) * SG_AMX_DEPTH, phase, panel);
  SgAmxStore to = {.positions = ((s->samples - 1) * period + lines - first) * j->pitch,
                   .pitch = j->pitch,
                   .columns = j->grid_w - phase % 2,
                   .rows = lines - first,
                   .period = period,
                   .step = 32,
                   .row_step = (gsize)width * 32,
                   .sample_step = (gsize)(lines * width) * 32};

  for (int t = 0; t < product.tiles; t++)
    to.y[t] =
        wide + (gsize)t * j->wide_block + (gsize)((2 * first + phase / 2) * width + phase % 2) * 16;
  sg_amx_panel(&product, &to);
}

static void
run_filtered(const Job *j, const guint16 *packed, int strip, int panel, float *wide)
{
  static const SgEpilogue nothing = {.slope = 1, .gain = 1, .clamp = -1};
  Strip s = strip_at(j, strip);
  int width = 2 * j->x->w + 1;
  float *spare = wide + 2 * j->wide_block;

  for (int phase = 0; phase < 4; phase++)
    run_wide(j, packed, &s, phase, panel, wide);
  for (int t = 0; t < sg_amx_tiles(j->amx, panel); t++)
    for (int k = 0; k < s.samples; k++)
      cpu_blur_rows(j->y, j->e ? j->e : &nothing, s.n + k, 2 * panel + t, 2 * s.row,
                    2 * (s.row + s.rows),
                    wide + (gsize)t * j->wide_block +
                        (gsize)(2 * k * lines_of(j, &s) + 1) * (gsize)width * 16,
                    width, spare);
}

/* Part `part` of parts(): 32 channels of a strip's results, of one phase where each has its own. */
static void
run_part(const Job *j, const guint16 *packed, int strip, int part, float *wide)
{
  if (j->filter)
    run_filtered(j, packed, strip, part, wide);
  else
    run_phase(j, packed, strip, part / j->amx->panels, part % j->amx->panels);
}

static int
parts(const Job *j)
{
  return j->amx->panels * (j->filter ? 1 : j->amx->form.phases);
}

/* Each thread its own strips. */
static void
run_separate(const Job *j, guint16 *packed, float *wide)
{
#pragma omp parallel
  {
    gsize thread = (gsize)omp_get_thread_num();
    guint16 *mine = packed + thread * j->strip * SG_AMX_DEPTH;
#pragma omp for schedule(dynamic)
    for (int s = 0; s < j->strips; s++) {
      for (int d = 0; d < j->amx->depth; d++)
        pack_strip(j, mine, s, d);
      for (int i = 0; i < parts(j); i++)
        run_part(j, mine, s, i, wide + thread * j->wide);
    }
  }
}

/* All strips are packed, then each thread takes panels. */
static void
run_shared(const Job *j, guint16 *packed, float *wide)
{
  int depth = j->amx->depth, strips = j->strips;
#pragma omp parallel
  {
    gsize thread = (gsize)omp_get_thread_num();
#pragma omp for schedule(dynamic)
    for (int i = 0; i < strips * depth; i++)
      pack_strip(j, packed + (gsize)(i / depth) * j->strip * SG_AMX_DEPTH, i / depth, i % depth);
#pragma omp for schedule(dynamic)
    for (int i = 0; i < parts(j) * strips; i++)
      run_part(j, packed + (gsize)(i % strips) * j->strip * SG_AMX_DEPTH, i % strips, i / strips,
               wide + thread * j->wide);
  }
}

/* ---- cutting --------------------------------------------------------------------------------- */

/* Neither shows in the result. */
static gboolean
cut(Job *j, int threads)
{
  const SgAmx *amx = j->amx;
  const SgAmxForm *f = &amx->form;
  int planes = f->stride * f->stride;
  gsize line = (gsize)(j->pitch * amx->terms * amx->depth * planes) * 64, weights = 0;
  int lines = (int)MAX(STRIP_BYTES / line, 1);

  for (int p = 0; p < f->phases; p++)
    weights += (gsize)(amx->terms * amx->depth * f->taps_of[p] * amx->panels) * 2048;
  gboolean few = weights <= WEIGHT_BYTES;
  int border = f->more + 2 * f->lead;
  if (j->filter)
    lines = MIN(lines, (int)(WIDE_BYTES / ((gsize)(2 * j->x->w + 1) * 256)));
  j->samples = CLAMP(lines / (j->grid_h + border), 1, j->x->n);
  j->rows = j->samples > 1 ? j->grid_h : CLAMP(lines - border, FEWEST_ROWS, j->grid_h);
  if (few) { /* so many that threads end at about the same time */
    gint64 rows = (gint64)j->x->n * j->grid_h / (8 * threads);
    if (j->samples > 1)
      j->samples = (int)CLAMP(rows / j->grid_h, 1, j->samples);
    if (rows < j->grid_h)
      j->rows = (int)MIN(j->rows, MAX(rows, FEWEST_ROWS));
  }
  j->strips = j->samples > 1 ? (j->x->n + j->samples - 1) / j->samples
                             : j->x->n * ((j->grid_h + j->rows - 1) / j->rows);
  j->rows = MIN(j->rows, j->grid_h);
  j->plane = (gsize)(j->samples * (j->rows + border)) * (gsize)j->pitch + SG_AMX_AT_ONCE + 16;
  if (j->filter) {
    gsize width = (gsize)(2 * j->x->w + 1);
    j->wide_block = (gsize)(2 * j->samples * (j->rows + 2)) * width * 16;
    j->wide = 2 * j->wide_block + (width + (gsize)j->y->w) * 16;
  }
  j->strip = (gsize)(amx->terms * amx->depth * planes) * j->plane;
  return j->strips >= (few ? 4 : 8) * threads || threads == 1;
}

static void
set_steps(Job *j, int phase)
{
  const SgAmx *amx = j->amx;
  const SgAmxForm *f = &amx->form;
  int planes = f->stride * f->stride, w = 0;
  SgAmxStep *to = j->steps[phase];

  for (int d = 0; d < amx->depth; d++)
    for (int t = 0; t < f->taps_of[phase]; t++, w += amx->terms) {
      const SgAmxTap *tap = &f->taps[phase][t];
      gsize x = (gsize)(d * planes + tap->plane) * j->plane + (gsize)(tap->y * j->pitch + tap->x);
      gsize rest = (gsize)(amx->depth * planes) * j->plane;
      *to++ = (SgAmxStep){(guint32)x, (guint32)w};
      if (amx->terms == 2) {
        *to++ = (SgAmxStep){(guint32)(x + rest), (guint32)w};
        *to++ = (SgAmxStep){(guint32)x, (guint32)(w + 1)};
      }
    }
}

gboolean
sg_amx_run(const SgAmx *amx, SgBuf *y, const SgBuf *x, const SgBuf *style, const SgEpilogue *e,
           GError **error)
{
  const SgAmxForm *f = &amx->form;
  int threads = omp_get_max_threads(), most = 0;
  Job j = {.amx = amx, .y = y, .x = x, .style = style, .e = e};

  g_assert(x->c == amx->in && y->c == amx->out && x->fmt == SG_FMT_ACT && y->fmt == SG_FMT_ACT);
  j.filter = amx->g.kind == SG_CONV_UP_FIR;
  j.grid_h = f->step == 1 ? y->h : x->h + (j.filter ? 0 : 1);
  j.grid_w = f->step == 1 ? y->w : x->w + 1;
  j.pitch = j.grid_w + f->more;
  gboolean separate = cut(&j, threads);
  for (int p = 0; p < f->phases; p++)
    most = MAX(most, sg_amx_steps(amx, p));
  g_autofree SgAmxStep *steps = g_new(SgAmxStep, f->phases * most);
  for (int p = 0; p < f->phases; p++) {
    j.steps[p] = steps + p * most;
    set_steps(&j, p);
  }
  gsize packed = (gsize)(separate ? threads : j.strips) * j.strip * 16; /* 64 bytes a position */
  gsize floats = packed + (gsize)threads * j.wide;
  g_autoptr(SgBuf) scratch = NULL;
  if (j.strip > G_MAXINT32 || floats > G_MAXINT) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for activations");
    return FALSE;
  }
  if (!(scratch = sg_buf_new(x->backend, SG_FMT_PLAIN, 1, 1, 1, (int)floats, error)))
    return FALSE;
  float *wide = (float *)scratch->data + packed;
  if (separate)
    run_separate(&j, scratch->data, wide);
  else
    run_shared(&j, scratch->data, wide);
  return TRUE;
}
