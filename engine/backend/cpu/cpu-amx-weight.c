/* The gradient of a convolution's weights on the matrix units: a sum over positions, so these are
 * what a tile's rows are made of. The narrow side is turned ([channel][position]), the wide side
 * paired ([position / 2][channel][2]); a tap is a shift of the wide side, by an even number in one
 * copy of it and by an odd one in another.
 *
 * Samples are cut into parts and strips of rows by shape alone. A part's strips are added in their
 * order in float, the parts in theirs. */
#include "engine/backend/cpu/cpu-amx-private.h"
#include <omp.h>
#include <string.h>

#define STRIP_BYTES   (768 << 10) /* of packed operands */
#define PART          4096        /* positions that a part has at least */
#define PARTS         16
#define PARTIAL_BYTES (32 << 20) /* of all parts' sums */
#define FEW           4          /* parts: below, threads take channels and there is one part */

typedef struct {
  SgAmxForm form;
  const SgBuf *wide, *narrow;
  int taps, rows_of_taps;      /* of the kernel: all, and how many rows they are in */
  int pitch, rows;             /* of a strip, at most */
  int each, strips;            /* strips of a sample, of all samples */
  int wide_blocks, pairs;      /* blocks of 16 channels; pairs of blocks of the narrow side */
  int steps;                   /* of 32 positions in a strip, at most */
  gsize plane, a_size, b_size; /* numbers: of one plane, of a strip */
  int parts;
  gsize sums; /* floats of a part */
} Job;

/* ---- packing --------------------------------------------------------------------------------- */

static int
rows_of(const Job *j, int strip)
{
  return MIN(j->rows, j->narrow->h - strip % j->each * j->rows);
}

static int
steps_of(const Job *j, int strip)
{
  return (rows_of(j, strip) * j->pitch + 31) / 32;
}

/* Block `cb` of the narrow side, to its half of a pair of [steps][2][16][32]. A block that there is
 * not is zero. */
static void
pack_narrow(const Job *j, guint16 *a, int strip, int cb, guint16 *line)
{
  const SgBuf *x = j->narrow;
  int n = strip / j->each, top = strip % j->each * j->rows, steps = steps_of(j, strip);
  guint16 *to =
      a + (gsize)(cb / 2) * (gsize)j->steps * 2 * SG_AMX_TILE + (gsize)(cb % 2) * SG_AMX_TILE;

  memset(line, 0, (gsize)steps * SG_AMX_TILE * sizeof *line);
  for (int i = 0; i < rows_of(j, strip) && cb < cpu_blocks(x); i++)
    sg_amx_round_row(line + (gsize)(i * j->pitch) * 16, cpu_row(x, n, cb, top + i), 16, x->w);
  sg_amx_turn(to, 2 * SG_AMX_TILE, line, steps);
}

/* Block `cb` of the wide side: [plane][even, odd][positions / 2][16][2]. */
static void
pack_wide(const Job *j, guint16 *b, int strip, int cb, guint16 *line)
{
  const SgAmxForm *f = &j->form;
  const SgBuf *x = j->wide;
  int n = strip / j->each, top = strip % j->each * j->rows, s = f->stride;
  gsize pairs = j->plane / 32;

  for (int p = 0; p < s * s; p++) {
    int off = p % s - f->pad;
    int from = off >= 0 ? 0 : (-off + s - 1) / s, end = (x->w - off + s - 1) / s;
    from = MIN(from, j->pitch);
    end = CLAMP(end, from, j->pitch);
    memset(line, 0, (2 * pairs + 2) * 16 * sizeof *line);
    for (int i = 0; i < rows_of(j, strip) + f->more && from < end; i++) {
      int row = s * (top + i) + p / s - f->pad;
      if (row >= 0 && row < x->h)
        sg_amx_round_row(line + (gsize)(i * j->pitch + from) * 16,
                         cpu_row(x, n, cb, row) + (gsize)(s * from + off) * 16, (gsize)s * 16,
                         end - from);
    }
    guint16 *to = b + (gsize)(cb * s * s + p) * 2 * j->plane;
    sg_amx_pair(to, to + j->plane, line, (int)pairs);
  }
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* One pair of blocks with one block of the wide side, over a strip; sums
 * [pair][wide block][row of taps][tap][2][16][16]. */
static void
multiply(const Job *j, const guint16 *a, const guint16 *b, float *sums, int strip, int pair, int cb,
         gboolean add)
{
  const SgAmxForm *f = &j->form;
  int width = j->taps / j->rows_of_taps, planes = f->stride * f->stride;
  float *to = sums + (gsize)((pair * j->wide_blocks + cb) * j->taps) * 2 * 256;
  SgAmxOuter outer = {.a = a + (gsize)pair * (gsize)j->steps * 2 * SG_AMX_TILE,
                      .a_step = 2 * SG_AMX_TILE,
                      .taps = width,
                      .steps = steps_of(j, strip),
                      .add = add};

  for (int t = 0; t < j->taps; t += width, to += (gsize)width * 2 * 256) {
    for (int k = 0; k < width; k++) {
      const SgAmxTap *tap = &f->taps[0][t + k];
      int shift = tap->y * j->pitch + tap->x;
      outer.b[k] = b + (gsize)((cb * planes + tap->plane) * 2 + shift % 2) * j->plane +
                   (gsize)(shift / 2) * 32;
    }
    sg_amx_outer(to, &outer);
  }
}

/* Each thread its own parts, from packing to sums. */
static void
run_parts(const Job *j, guint16 *packed, guint16 *lines, gsize line, float *sums)
{
#pragma omp parallel
  {
    gsize thread = (gsize)omp_get_thread_num();
    guint16 *a = packed + thread * (j->a_size + j->b_size), *b = a + j->a_size;
    sg_amx_begin();
#pragma omp for schedule(dynamic)
    for (int p = 0; p < j->parts; p++) {
      int first = j->strips * p / j->parts, end = j->strips * (p + 1) / j->parts;
      for (int s = first; s < end; s++) {
        for (int cb = 0; cb < 2 * j->pairs; cb++)
          pack_narrow(j, a, s, cb, lines + thread * line);
        for (int cb = 0; cb < j->wide_blocks; cb++)
          pack_wide(j, b, s, cb, lines + thread * line);
        for (int i = 0; i < j->pairs * j->wide_blocks; i++)
          multiply(j, a, b, sums + (gsize)p * j->sums, s, i / j->wide_blocks, i % j->wide_blocks,
                   s > first);
      }
    }
    sg_amx_end();
  }
}

/* All strips are packed, then each thread takes channels. */
static void
run_channels(const Job *j, guint16 *packed, guint16 *lines, gsize line, float *sums)
{
  gsize strip = j->a_size + j->b_size;
  int blocks = 2 * j->pairs + j->wide_blocks;
#pragma omp parallel
  {
    guint16 *mine = lines + (gsize)omp_get_thread_num() * line;
#pragma omp for schedule(dynamic)
    for (int i = 0; i < j->strips * blocks; i++) {
      int s = i / blocks, cb = i % blocks;
      guint16 *a = packed + (gsize)s * strip;
      if (cb < 2 * j->pairs)
        pack_narrow(j, a, s, cb, mine);
      else
        pack_wide(j, a + j->a_size, s, cb - 2 * j->pairs, mine);
    }
    sg_amx_begin();
#pragma omp for schedule(dynamic)
    for (int i = 0; i < j->pairs * j->wide_blocks; i++)
      for (int s = 0; s < j->strips; s++) {
        const guint16 *a = packed + (gsize)s * strip;
        multiply(j, a, a + j->a_size, sums, s, i / j->wide_blocks, i % j->wide_blocks, s > 0);
      }
    sg_amx_end();
  }
}

/* The parts' sums to the caller's weights. */
static void
unpack(const Job *j, const float *sums, float *w, gsize out_step, gsize in_step)
{
#pragma omp parallel for schedule(static)
  for (int i = 0; i < j->pairs * j->wide_blocks; i++)
    for (int t = 0; t < j->taps; t++)
      for (int k = 0; k < 512; k++) {
        int o = i / j->wide_blocks * 32 + k / 16, c = i % j->wide_blocks * 16 + k % 16;
        if (o >= j->narrow->c || c >= j->wide->c)
          continue;
        const float *from = sums + (gsize)(i * j->taps + t) * 512 + (gsize)k;
        float sum = 0;
        for (int p = 0; p < j->parts; p++)
          sum += from[(gsize)p * j->sums];
        w[(gsize)o * out_step + (gsize)c * in_step + (gsize)t] = sum;
      }
}

/* ---- cutting --------------------------------------------------------------------------------- */

static void
cut(Job *j)
{
  const SgAmxForm *f = &j->form;
  gsize planes = (gsize)(f->stride * f->stride);
  gsize line = (gsize)j->pitch * ((gsize)(2 * j->pairs) * 32 +
                                  (gsize)j->wide_blocks * planes * 64); /* bytes of a row */

  j->rows = CLAMP((int)(STRIP_BYTES / line), 1, j->narrow->h);
  j->each = (j->narrow->h + j->rows - 1) / j->rows;
  j->strips = j->narrow->n * j->each;
  j->steps = (j->rows * j->pitch + 31) / 32;
  /* A step reads 32 positions from a shifted start; what lies behind a strip is zero. */
  j->plane = ((gsize)(32 * j->steps + f->more * (j->pitch + 1) + 2) / 2 + 1) * 32;
  j->a_size = (gsize)(j->pairs * j->steps) * 2 * SG_AMX_TILE;
  j->b_size = (gsize)j->wide_blocks * planes * 2 * j->plane;
  j->sums = (gsize)(j->pairs * j->wide_blocks * j->taps) * 512;
  gint64 parts = (gint64)j->narrow->n * j->narrow->h * j->narrow->w / PART;
  parts = MIN(parts, (gint64)(PARTIAL_BYTES / (j->sums * sizeof(float))));
  j->parts = (int)CLAMP(parts, 1, MIN(PARTS, j->strips));
  if (j->parts < FEW)
    j->parts = 1;
}

gboolean
sg_amx_weight_suits(const SgConvGeometry *g, int out, int in)
{
  return g->kind == SG_CONV_FORWARD && sg_amx_suits(g, out, in);
}

gboolean
sg_amx_weight(const SgConvGeometry *g, const SgBuf *wide, const SgBuf *narrow, float *w,
              gsize out_step, gsize in_step, GError **error)
{
  Job j = {.wide = wide,
           .narrow = narrow,
           .taps = g->kernel * g->kernel,
           .rows_of_taps = g->kernel,
           .wide_blocks = cpu_blocks(wide),
           .pairs = (cpu_blocks(narrow) + 1) / 2};
  gboolean known = sg_amx_form(&j.form, g);

  g_assert(known && j.form.step == 1 && wide->n == narrow->n);
  j.pitch = narrow->w + j.form.more;
  cut(&j);
  gsize threads = (gsize)omp_get_max_threads(), line = j.plane + 2 * SG_AMX_TILE;
  gsize packs = j.parts > 1 ? threads : (gsize)j.strips;
  gsize numbers = packs * (j.a_size + j.b_size) + threads * line;
  gsize floats = numbers / 2 + 1 + 16, total = floats + (gsize)j.parts * j.sums;
  if (total > G_MAXINT) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for a gradient");
    return FALSE;
  }
  g_autoptr(SgBuf) room = sg_buf_new(wide->backend, SG_FMT_PLAIN, 1, 1, 1, (int)total, error);
  if (!room)
    return FALSE;
  float *sums = room->data; /* both begin at a cache line */
  guint16 *packed = (guint16 *)(sums + (gsize)j.parts * j.sums);
  guint16 *lines = packed + packs * (j.a_size + j.b_size);
  if (j.parts > 1)
    run_parts(&j, packed, lines, line, sums);
  else
    run_channels(&j, packed, lines, line, sums);
  unpack(&j, sums, w, out_step, in_step);
  return TRUE;
}
